"""Rules on who must be alone, on power and its price, and on carbon."""

from __future__ import annotations

from collections.abc import Iterator

from . import catalogue
from .checks_terms import first_service, late_prices, supplies, unread
from .schema import Exclusive, Horizon, SignedContract
from .sentences import Finding, Path
from .structure import Draft

Findings = Iterator[Finding]


def _exclusivity(draft: Draft) -> Iterator[tuple[Path, Exclusive]]:
    for i, group in enumerate(draft.instance.groups):
        if isinstance(group, Exclusive):
            yield ("groups", i), group


def alone(draft: Draft) -> Findings:
    """Exclusivity is about what has months of service, and nothing excludes itself."""
    for path, group in _exclusivity(draft):
        offer = draft.instance.offers.get(group.exclusive)
        if offer is not None and (offer.elastic or offer.api):
            help = "exclusive names an offer that has terms, or a contract in force"
            yield Finding("E021", (*path, "exclusive"), f"{group.exclusive} is never signed", help, "")
        named = [(group.exclusive, (*path, "exclusive"))]
        named += [(name, (*path, "offers", j)) for j, name in enumerate(group.offers)]
        for name, at in named:
            if name in draft.written("commitments"):
                help = "exclusive is about offers and contracts in force; for commitments there is at_most"
                yield Finding("E021", at, f"the commitment {name} has no months of service", help, "")
        for name, at in named[1:]:
            if name == group.exclusive:
                yield Finding("E029", at, f"{name} cannot exclude itself", "repeat says how often one offer runs", "")


def exclusive_in_force(draft: Draft, horizon: Horizon) -> Findings:
    """Exclusivity that is over, and contracts in force that break it already."""
    signed, first = draft.instance.signed, horizon.start
    for path, group in _exclusivity(draft):
        if group.until is not None and group.until <= first:
            message = f"the exclusivity of {group.exclusive} is over before the horizon begins"
            yield Finding("W005", (*path, "until"), message, f"the horizon begins in {first}")
            continue
        holder = signed.get(group.exclusive)
        for j, name in enumerate(group.offers):
            other = signed.get(name)
            if holder is None or other is None or holder is other:
                continue
            begin = max(holder.start, other.start, first)
            ends = [holder.start + holder.term.months, other.start + other.term.months, group.until]
            if begin < min(end for end in ends if end is not None):
                message = f"{group.exclusive} and {name} are both in force in {begin}"
                help = "what is signed already cannot be undone: leave it out, or say until when"
                yield Finding("E029", (*path, "offers", j), message, help, "")


def overhead(draft: Draft) -> Findings:
    """all_in_kw and mw have the cooling in them: pue would count it twice."""
    for path, supply in supplies(draft):
        stated = supply.power_price is not None and "pue" in supply.power_price.model_fields_set
        if stated and supply.power_mw is None:
            help = "all_in_kw and mw have the cooling in them; state power_mw of the IT, or leave pue out"
            message = "pue has no meaning without power_mw"
            yield Finding("E021", (*path, "power_price", "pue"), message, help, "", "key")


def energy_tables(draft: Draft, horizon: Horizon) -> Findings:
    """A price of energy by month begins by the first month in which energy is drawn and paid."""
    for path, supply in supplies(draft):
        price = None if supply.power_price is None else supply.power_price.usd_per_kwh
        first = max(first_service(supply, horizon), horizon.start)
        why = "the first month in which energy may be drawn"
        yield from late_prices((*path, "power_price", "usd_per_kwh"), price, first, why)


def sites(draft: Draft) -> Findings:
    """A cap on a site where nothing could be signed says nothing."""
    stand = {supply.region for _, supply in supplies(draft) if isinstance(supply, SignedContract) or supply.terms}
    known = [*draft.written("regions"), *catalogue.regions()]
    for site in draft.instance.policy.site_power_mw_max:
        if site in known and site not in stand and not unread(draft):
            help = "capacity that needs no signing does not count"
            message = f"nothing that could be signed stands in {site}: this cap has no effect"
            yield Finding("W009", ("policy", "site_power_mw_max", site), message, help, "", "key")


def intensities(draft: Draft) -> Findings:
    """A rule on carbon needs the intensity of every region in which something draws power."""
    policy, regions = draft.instance.policy, draft.instance.regions
    rule = next((key for key in ("carbon_tonnes_max", "carbon_usd_per_tonne") if getattr(policy, key)), None)
    if rule is None:
        return
    places: dict[str, list[Path]] = {}
    for path, supply in supplies(draft):
        if getattr(supply, "api", None) is None:
            places.setdefault(supply.region, []).append((*path, "region"))
    for name, paths in places.items():
        readable = name in regions or (name not in draft.written("regions") and name in catalogue.regions())
        if readable and (name not in regions or regions[name].carbon_kg_per_kwh is None):
            help = f"regions: {{{name}: {{carbon_kg_per_kwh: ...}}}}, from its grid operator or the seller"
            message = f"{rule} needs the carbon intensity of {name}"
            also = tuple((path, "and here") for path in paths[1:])
            yield Finding("E021", paths[0], message, help, "stands here", also=also)


def carbon_years(draft: Draft, horizon: Horizon) -> Findings:
    last = horizon.start + (horizon.months - 1)
    for year in draft.instance.policy.carbon_tonnes_max:
        if not horizon.start.year <= year <= last.year:
            message = f"{year} has no month in the horizon: this cap has no effect"
            span = f"the horizon goes from {horizon.start} to {last}"
            yield Finding("W005", ("policy", "carbon_tonnes_max", year), message, span, "", "key")


CHECKS = (alone, sites, overhead, intensities)
DATE_CHECKS = (exclusive_in_force, energy_tables, carbon_years)
