"""The decisive assumptions of a plan: what is marked `assumed`, and at whose other plausible values a signing flips.

Stocks, prices and speeds are tried a share lower and higher, dates one dispatch period earlier and later, one at a time
and through the same checks as any instance. In each such world two solves are compared: the plan's signings held, all
else decided anew, and the best plan. An assumption is decisive where the second is proven to cost less: then whoever
signs today is wrong if the assumption is. What that would cost is told, as the interval that the two leave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..instance import InstanceError, with_settings
from ..instance.schema import Instance, Offer
from . import executors
from .wording import listed, plural

if TYPE_CHECKING:
    import pandas

    from ..plan import Plan
    from ..solve import Limits

Row = dict[str, Any]
SWING = 0.2
ROUNDING = 1e-6
"""of the cost: what the solver's tolerances leave open"""
COLUMNS = ["key", "kind", "today", "value", "verdict", "changes", "usd_low", "usd_high"]

STOCKS = ("blocks.max", "elastic.max_accelerators", "api.max_requests_per_s", "accelerators", "mw")
PRICES = (
    "elastic.usd_per_accelerator_hour",
    "api.usd_per_million_input_tokens",
    "api.usd_per_million_output_tokens",
    "power_price.usd_per_kwh",
)
TERM_PRICES = ("usd_per_month", "usd_per_accelerator_hour", "usd_per_mw_month", "forward_factor")


@dataclass(frozen=True)
class Swing:
    """One assumption at one other value."""

    key: str
    kind: str
    """stock, price, date or throughput"""
    today: str
    value: str
    settings: tuple[str, ...]


@dataclass(frozen=True)
class Assumptions:
    """What was tried; an interrupt keeps what is done, and `complete` says so."""

    rows: list[Row]
    """those that flip a signing first, the dearest mistake before the others"""
    complete: bool = True

    @cached_property
    def table(self) -> pandas.DataFrame:
        """One row for each value tried: flips (the plan's signings are proven not to be the best then), cannot (they
        are no plan then), holds, open (nothing is proven) or invalid (the instance is none then); what the best plan
        found then changes; what holding the signings would cost, USD, between two values."""
        import pandas

        return pandas.DataFrame(self.rows, columns=COLUMNS)

    def to_document(self) -> Row:
        """Plain JSON types."""
        return {"rows": self.rows, "complete": self.complete}


def explain_assumptions(
    question: Instance | Plan,
    swing: float = SWING,
    offers: Sequence[str] | None = None,
    gap: float = 1e-3,
    time_limit_s: float | None = None,
    progress: Callable[[str], None] | None = None,
    jobs: int = 1,
) -> Assumptions:
    """Try what is assumed of the offers (all of them by default) and of the given rates at other values.

    `gap` and `time_limit_s` hold for each of the solves, two for each value. Raises ValueError for an offer that the
    instance does not have or a swing that is no share between 0 and 1, NoPlan if the instance has no plan,
    KeyboardInterrupt if nothing is done yet.
    """
    from ..solve import Limits
    from .worlds import optimum

    if not 0 < swing < 1:
        raise ValueError(f"the swing must be a share between 0 and 1, got {swing}")
    instance = question if isinstance(question, Instance) else question.instance
    say, limits = progress or (lambda sentence: None), Limits(gap=gap, time_limit_s=time_limit_s)
    swings = list(_swings(instance, swing, offers))
    if isinstance(question, Instance):
        say("the best plan")
        question = optimum(instance, limits)
    deals = question.to_document()["deals"]
    tasks = [(instance, each, deals, limits) for each in swings]
    names = [f"{each.key} at {each.value}" for each in swings]
    with executors.chosen(None, jobs) as executor:
        rows = executors.each(_tried, tasks, names, executor, say)
    return Assumptions(sorted(rows, key=_order), complete=len(rows) == len(swings))


def _order(row: Row) -> tuple[int, float]:
    rank = ["flips", "cannot", "open", "holds", "invalid"].index(row["verdict"])
    return rank, -(row["usd_high"] or 0.0)


def _swings(instance: Instance, swing: float, offers: Sequence[str] | None) -> Iterator[Swing]:
    from .by_offer import asked

    for key in asked(instance, offers):
        offer = instance.offers[key]
        yield from _stocks(key, offer, swing)
        yield from _prices(key, offer, swing)
        yield from _dates(instance, key, offer)
        if _assumed(offer, "availability"):
            yield from _scaled(f"offers.{key}.availability", "throughput", offer.availability, swing, most=1.0)
    for k, rate in enumerate(instance.throughput.rates):
        if "requests_per_s_per_accelerator" in rate.assumed:
            name = f"throughput.rates.{k}.requests_per_s_per_accelerator"
            yield from _scaled(name, "throughput", rate.requests_per_s_per_accelerator, swing)


def _assumed(offer: Offer, path: str) -> bool:
    """Whether a key, or what it stands in or holds, is marked."""
    return any(path == named or path.startswith(f"{named}.") for named in offer.assumed)


def _at(offer: Offer, path: str) -> Any:
    """What an offer states under a dotted key; None if nothing."""
    value: Any = offer
    for part in path.split("."):
        value = getattr(value, part, None)
    return value


def _stocks(key: str, offer: Offer, swing: float) -> Iterator[Swing]:
    for path in STOCKS:
        stated = _at(offer, path)
        if not stated or not _assumed(offer, path) or (path == "blocks.max" and not offer.terms):
            continue
        name = f"offers.{key}.{path}"
        if path == "blocks.max":
            step = max(1, round(swing * stated))
            for value in (stated - step, stated + step):
                if value >= max(offer.blocks.min, 1):
                    yield Swing(name, "stock", str(stated), str(value), (f"{name}={value}",))
        elif isinstance(stated, dict):
            for kind, count in stated.items():
                yield from _scaled(f"{name}.{kind}", "stock", count, swing)
        else:
            yield from _scaled(name, "stock", stated, swing)


def _prices(key: str, offer: Offer, swing: float) -> Iterator[Swing]:
    """All terms of an offer together, then what use costs."""
    stated = [
        (f"offers.{key}.terms.{k}.{name}", getattr(term, name))
        for k, term in enumerate(offer.terms)
        for name in TERM_PRICES
        if getattr(term, name) is not None and _assumed(offer, f"terms.{name}")
    ]
    groups = [(f"offers.{key}: prices of its terms", stated)] if stated else []
    groups += [
        (f"offers.{key}.{path}", [(f"offers.{key}.{path}", _at(offer, path))])
        for path in PRICES
        if _at(offer, path) is not None and _assumed(offer, path)
    ]
    for name, prices in groups:
        for factor in (1 - swing, 1 + swing):
            settings = tuple(setting for path, price in prices for setting in _times(path, price, factor))
            today = _number(prices[0][1]) if len(prices) == 1 else "as stated"
            value = _number(prices[0][1], factor) if len(prices) == 1 else f"{factor - 1:+.0%}"
            yield Swing(name, "price", today, value, settings)


def _times(path: str, price: Any, factor: float) -> Iterator[str]:
    for suffix, usd in price.items() if isinstance(price, dict) else [("", price)]:
        yield f"{path}{f'.{suffix}' if suffix else ''}={usd * factor:.12g}"


def _number(price: Any, factor: float = 1.0) -> str:
    if isinstance(price, dict):
        return "by month" if factor == 1.0 else f"{factor - 1:+.0%}"
    return f"{price * factor:,.6g}"


def _dates(instance: Instance, key: str, offer: Offer) -> Iterator[Swing]:
    """One dispatch period earlier or later: the window of starts, the lead, the quote's expiry."""
    steps, first = instance.horizon.steps, instance.horizon.start
    period = steps[0].months if steps else 1
    start, name = offer.start, f"offers.{key}.start"
    if offer.terms and _assumed(offer, "start"):
        opens = start.earliest if start.earliest is not None else first + start.lead_months
        for shift in (-period, period):
            if opens + shift >= first:
                later = [f"{name}.latest={start.latest + shift}"] if start.latest is not None else []
                settings = (f"{name}.earliest={opens + shift}", *later)
                yield Swing(f"{name}: its window", "date", f"from {opens}", f"from {opens + shift}", settings)
    if offer.terms and start.lead_months and _assumed(offer, "start.lead_months"):
        for months in (max(start.lead_months - period, 0), start.lead_months + period):
            today, value = (plural(count, "month") for count in (start.lead_months, months))
            yield Swing(f"{name}.lead_months", "date", today, value, (f"{name}.lead_months={months}",))
    if offer.sign_by is not None and _assumed(offer, "sign_by"):
        for shift in (-period, period):
            month = offer.sign_by + shift
            yield Swing(
                f"offers.{key}.sign_by", "date", str(offer.sign_by), str(month), (f"offers.{key}.sign_by={month}",)
            )


def _scaled(name: str, kind: str, stated: float, swing: float, most: float | None = None) -> Iterator[Swing]:
    for factor in (1 - swing, 1 + swing):
        value = stated * factor if most is None else min(stated * factor, most)
        if value != stated:
            yield Swing(name, kind, f"{stated:,.6g}", f"{value:,.6g}", (f"{name}={value:.12g}",))


def _tried(task: tuple[Instance, Swing, list[Row], Limits]) -> Row:
    """What the plan's signings cost in a world against the best plan there."""
    from .worlds import optimum, with_signings

    instance, swing, deals, limits = task
    row = {"key": swing.key, "kind": swing.kind, "today": swing.today, "value": swing.value}
    unknown = {"changes": "", "usd_low": None, "usd_high": None}
    try:
        world = with_settings(instance, list(swing.settings))
    except InstanceError:
        return {**row, "verdict": "invalid", **unknown}
    from ..engine import NoPlan

    try:
        held, best = with_signings(world, limits, deals), optimum(world, limits, deals)
    except NoPlan as error:
        verdict = "cannot" if error.outcome.status == "infeasible" else "open"
        changes = "no plan is possible then" if verdict == "cannot" else ""
        return {**row, "verdict": verdict, **unknown, "changes": changes}
    changes = _changes(deals, best.to_document()["deals"])
    if held is None:
        return {**row, "verdict": "cannot", **unknown, "changes": changes}
    low = max(held.bound_usd - best.objective_usd, 0.0)
    high = max(held.objective_usd - best.bound_usd, 0.0)
    slack = ROUNDING * abs(held.objective_usd)
    verdict = (
        "flips" if low > slack else "holds" if high <= (limits.gap + ROUNDING) * abs(held.objective_usd) else "open"
    )
    return {
        **row,
        "verdict": verdict,
        "changes": changes if verdict == "flips" else "",
        "usd_low": low,
        "usd_high": high,
    }


def _changes(before: list[Row], after: list[Row]) -> str:
    """Offers that are dropped, added, or signed otherwise."""
    old, new = _by_offer(before), _by_offer(after)
    said = {
        "drops": [key for key in old if key not in new],
        "adds": [key for key in new if key not in old],
        "signs otherwise": [key for key in old if key in new and old[key] != new[key]],
    }
    return "; ".join(f"{verb} {listed(keys)}" for verb, keys in said.items() if keys)


def _by_offer(deals: list[Row]) -> dict[str, list[tuple]]:
    found: dict[str, list[tuple]] = {}
    for deal in deals:
        told = tuple(deal.get(name) for name in ("right", "term", "start", "signing", "months", "blocks", "node"))
        found.setdefault(deal["offer"], []).append(told)
    return {key: sorted(rows, key=str) for key, rows in found.items()}
