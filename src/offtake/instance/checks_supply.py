"""Rules on offers and contracts in force: what they sell, what it costs, and how they go together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .checks_terms import PRICE_KEYS, RIGHT_PRICE_KEYS, RIGHTS, rights, supplies, terms
from .diagnostics import listed
from .months import Month
from .prices import price_in
from .schema import AtLeast, AtMostOfProviders, Elastic, Exclusive, Keys, Offer, Requires, SignedContract, Supply
from .sentences import Finding, Path, place
from .structure import Draft

Findings = Iterator[Finding]

_OF_CONTRACTS = (
    "terms",
    "blocks",
    "repeat",
    "sign_by",
    "ramp",
    "tranches",
    "power_mw",
    "power_price",
    *RIGHTS,
    "sublease",
)
"""keys that say nothing of what is bought by use"""


def _forms(supply: Supply) -> list[str]:
    """The keys that say what the supply is; there must be exactly one."""
    forms = ("accelerators", "mw", "elastic", "api")
    return [form for form in forms if getattr(supply, form, None)]


def supply_form(draft: Draft) -> Findings:
    for path, supply in supplies(draft):
        forms = _forms(supply)
        allowed = ["accelerators", "mw", "elastic", "api"] if isinstance(supply, Offer) else ["accelerators", "mw"]
        if len(forms) != 1:
            message = f"{place(path)} needs exactly one of {listed(allowed, 'or')}"
            label = f"has {listed(forms)}" if forms else "has none"
            yield Finding("E021", path, message, "these keys say what is bought", label, "key")
            continue
        yield from _companions(path, supply, forms[0])


def _companions(path: Path, supply: Supply, form: str) -> Findings:
    """Keys that the form of supply needs, and keys that mean nothing with it."""
    if form in ("mw", "elastic") and supply.accelerator is None:
        message = f"{place(path)} lacks the key accelerator"
        yield Finding("E021", path, message, f"{form} needs one: accelerator: h100", "", "key")
    if form in ("accelerators", "api") and supply.accelerator is not None:
        help = "it goes with mw or elastic; leave it out"
        yield Finding("E021", (*path, "accelerator"), f"accelerator has no meaning beside {form}", help, "", "key")
    if not isinstance(supply, Offer):
        return
    if form in ("elastic", "api"):
        for key in _OF_CONTRACTS:
            if key in supply.model_fields_set:
                help = f"{form} is paid for as it is used, without signing; leave {key} out"
                yield Finding("E021", (*path, key), f"{key} has no meaning beside {form}", help, "", "key")
        for key in ("lead_months", "every_months"):
            if key in supply.start.model_fields_set:
                help = f"{form} is there from start.earliest to start.latest, without signing; leave {key} out"
                yield Finding("E021", (*path, "start", key), f"{key} has no meaning beside {form}", help, "", "key")
    elif not supply.terms:
        help = "terms: [{months: 12, usd_per_accelerator_hour: 2.50}]"
        yield Finding("E021", path, f"{place(path)} lacks terms: what it costs, and for how long", help, "", "key")


def prices(draft: Draft) -> Findings:
    for path, supply in supplies(draft):
        for at, term in terms(path, supply):
            yield from _one_price(at, term, PRICE_KEYS, "term")
        for key, right in rights(supply):
            yield from _one_price((*path, key), right, RIGHT_PRICE_KEYS, key)
        if not supply.free:
            yield from (_free(path, at) for at in _zero_prices(path, supply))
        if isinstance(supply, Offer) and not supply.source:
            help = "source: where the price comes from, with its date"
            yield Finding("W001", path, f"the price of {place(path)} has no source", help, "", "key")


def _one_price(at: Path, priced: Keys, allowed: Sequence[str], what: str) -> Findings:
    keys = [key for key in allowed if getattr(priced, key) is not None]
    if len(keys) != 1:
        article = "an" if what[0] in "aeiou" else "a"
        message = f"{article} {what} needs exactly one of {listed(list(allowed), 'or')}"
        label = f"has {listed(keys)}" if keys else "has none"
        mark = "value" if isinstance(at[-1], int) else "key"
        yield Finding("E021", at, message, f"one price says what the {what} costs", label, mark)


def _free(path: Path, at: Path) -> Finding:
    help = f"write free: true in {place(path)} if it really costs nothing"
    return Finding("E022", at, f"{_name(at)} is zero", help)


def _name(path: Path) -> str:
    """The key of a price, with its month in a table."""
    return f"{path[-2]}.{path[-1]}" if isinstance(path[-1], Month) else str(path[-1])


def _zero_prices(path: Path, supply: Offer | SignedContract) -> Iterator[Path]:
    """Paths of everything that makes the supply cost nothing."""
    for at, term in terms(path, supply):
        for key in PRICE_KEYS:
            yield from _zero_price((*at, key), getattr(term, key))
        if term.fee_factor and not any(term.fee_factor[: term.months]):
            yield (*at, "fee_factor")
    for name, right in rights(supply):
        for key in RIGHT_PRICE_KEYS:
            yield from _zero_price((*path, name, key), getattr(right, key))
    if supply.power_price is not None:
        yield from _zero_price((*path, "power_price", "usd_per_kwh"), supply.power_price.usd_per_kwh)
    if isinstance(supply, Offer) and supply.elastic:
        at = (*path, "elastic", "usd_per_accelerator_hour")
        yield from _zero_price(at, supply.elastic.usd_per_accelerator_hour)
    if isinstance(supply, Offer) and supply.api:
        for key in ("usd_per_million_input_tokens", "usd_per_million_output_tokens"):
            if getattr(supply.api, key) == 0:
                yield (*path, "api", key)


def _zero_price(at: Path, price: float | dict[Month, float] | None) -> Iterator[Path]:
    """Its path if it is zero; the paths of the zeros in a table by month."""
    if isinstance(price, dict):
        yield from ((*at, month) for month, usd in price.items() if usd == 0)
    elif price == 0:
        yield at


def blocks_and_lists(draft: Draft) -> Findings:
    """Blocks that no number fits, ramps that deliver nothing, lists longer than the term they speak of."""
    for path, supply in supplies(draft):
        if isinstance(supply, Offer) and supply.blocks.min > supply.blocks.max:
            message = "blocks.min must not be above blocks.max"
            yield Finding("E029", (*path, "blocks", "min"), message, f"max is {supply.blocks.max}")
        longest = max((term.months for _, term in terms(path, supply)), default=len(supply.ramp))
        if supply.ramp and not any(supply.ramp[:longest]):
            help = "the share delivered in months 1, 2, ...; the last holds"
            yield Finding("E029", (*path, "ramp"), f"{place(path)} never delivers anything", help)
        if len(supply.ramp) > longest:
            message = f"ramp has {len(supply.ramp)} months, the longest term {longest}"
            yield Finding("W006", (*path, "ramp"), message, "what lies beyond the term has no effect", "")
        for at, term in terms(path, supply):
            if len(term.fee_factor) > term.months:
                message = f"fee_factor has {len(term.fee_factor)} months, the term {term.months}"
                yield Finding("W006", (*at, "fee_factor"), message, "what lies beyond the term has no effect", "")


def groups(draft: Draft) -> Findings:
    """Groups are about signing; each offer counts once."""
    for i, group in enumerate(draft.instance.groups):
        path = ("groups", i)
        if isinstance(group, AtMostOfProviders):
            continue
        names = [group.offer, group.requires] if isinstance(group, Requires) else group.offers if group else []
        for j, name in enumerate(names):
            at = (*path, ("offer", "requires")[j]) if isinstance(group, Requires) else (*path, "offers", j)
            offer = draft.instance.offers.get(name)
            if offer is not None and (offer.elastic or offer.api):
                yield Finding("E021", at, f"{name} is never signed", "groups are about offers that have terms", "")
            if name in draft.written("signed") and not isinstance(group, Exclusive):
                help = "only exclusive can name a contract in force; other groups are about what may be signed"
                yield Finding("E021", at, f"{name} is signed already", help, "")
            if name in names[:j]:
                yield Finding("E028", at, f"{name} is named twice in one group", "name it once", "")
        if isinstance(group, AtLeast) and group.at_least > len(names):
            message = "at_least must not be above the number of offers named"
            yield Finding("E029", (*path, "at_least"), message, f"this group names {len(names)}")


def spot_prices(draft: Draft) -> Findings:
    """Spot is what is left over: dearer than on demand, it is probably a slip."""
    on_demand: dict[tuple[str, str | None], list[tuple[str, Elastic]]] = {}
    for key, offer in draft.instance.offers.items():
        if offer.elastic and offer.elastic.market == "on_demand":
            on_demand.setdefault((offer.provider, offer.accelerator), []).append((key, offer.elastic))
    for key, offer in draft.instance.offers.items():
        if offer.elastic is None or offer.elastic.market != "spot":
            continue
        for other, elastic in on_demand.get((offer.provider, offer.accelerator), []):
            dearer = _dearer(offer.elastic, elastic)
            if dearer:
                path = ("offers", key, "elastic", "usd_per_accelerator_hour")
                message = f"spot capacity of {offer.provider} is dearer than its capacity on demand"
                yield Finding("W002", path, message, f"{other} costs {dearer[1]:g}", f"costs {dearer[0]:g}", "key")


def _dearer(spot: Elastic, on_demand: Elastic) -> tuple[float, float] | None:
    """The two prices in the first month in which spot is dearer; None if there is none."""
    prices = [spot.usd_per_accelerator_hour, on_demand.usd_per_accelerator_hour]
    months = sorted({month for price in prices if isinstance(price, dict) for month in price})
    for month in months or [Month.parse("2000-01")]:
        first, second = (price_in(price, month) for price in prices)
        if first is not None and second is not None and first > second:
            return first, second
    return None


CHECKS = (supply_form, prices, blocks_and_lists, groups, spot_prices)
DATE_CHECKS = ()
