"""Rules on forward curves: one price a month, and a curve for whatever is priced by one."""

from __future__ import annotations

from collections.abc import Iterator

from . import catalogue
from .checks_dates import last_month, starts
from .checks_terms import all_terms, supplies, terms
from .commitments import by_use
from .diagnostics import listed
from .schema import Horizon, Offer, SignedContract, Supply
from .sentences import Finding, Path, place
from .structure import Draft

Findings = Iterator[Finding]

_SHOWN = 3
"""supplies that are shown beside the curve that they need"""


def points(draft: Draft) -> Findings:
    """Points may come in any order, but no month has two."""
    for name, curve in draft.instance.forward.items():
        for i, point in enumerate(curve):
            if any(point.month == other.month for other in curve[:i]):
                message = f"the forward curve of {name} has two points in {point.month}"
                yield Finding("E029", ("forward", name, i, "month"), message, "keep one", "")


def needed(draft: Draft) -> Findings:
    """Prices and incomes that follow the curve."""
    for at, supply, term in all_terms(draft):
        if term.forward_factor is not None:
            yield from _lacking(draft, (*at, "forward_factor"), "forward_factor", supply)
    for path, supply in supplies(draft):
        signed = isinstance(supply, SignedContract) or not by_use(supply)
        if supply.sublease is not None and signed:
            yield from _lacking(draft, (*path, "sublease"), f"the sublease of {place(path)}", supply)


def _lacking(draft: Draft, path: Path, what: str, supply: Supply) -> Findings:
    names = _without_curve(draft, supply)
    if names:
        curves = "curve" if len(names) == 1 else "curves"
        message = f"{what} needs the forward {curves} of {listed(names)}"
        yield Finding("E021", path, message, _example(names[0]), "", "key")


def _without_curve(draft: Draft, supply: Supply) -> list[str]:
    """Accelerators of the supply that have no curve; unknown ones have a finding of their own."""
    named = list(dict.fromkeys([*supply.accelerators, *filter(None, [supply.accelerator])]))
    known = [*draft.written("accelerators"), *catalogue.accelerators()]
    return [name for name in named if name in known and name not in draft.written("forward")]


def _example(name: str) -> str:
    return f"forward: {{{name}: [{{month: 2026-06, usd_per_accelerator_hour: 2.35}}]}}"


def salvage(draft: Draft) -> Findings:
    """terminal: market needs a share of the curve; other rules may state it too, to be compared with that."""
    finance = draft.instance.finance
    if finance.terminal == "market" and finance.salvage_fraction is None:
        help = "salvage_fraction: 0.7, for seven tenths of the forward curve"
        yield Finding("E021", ("finance", "terminal"), "terminal: market needs salvage_fraction", help, "", "key")
    if finance.terminal != "market" and finance.salvage_fraction is not None and not draft.written("forward"):
        message = "salvage_fraction has no effect without a forward curve"
        help = "it is the share of the curve that capacity left after the horizon is worth"
        yield Finding("W012", ("finance", "salvage_fraction"), message, help, "", "key")


def terminal(draft: Draft, horizon: Horizon) -> Findings:
    """With terminal: market, a curve for every accelerator that may be held after the horizon."""
    if draft.instance.finance.terminal != "market":
        return
    holders: dict[str, list[Path]] = {}
    for path, supply in supplies(draft):
        if _outlives(draft, path, supply, horizon):
            for name in _without_curve(draft, supply):
                holders.setdefault(name, []).append(path)
    for name, paths in holders.items():
        message = f"terminal: market needs the forward curve of {name}"
        also = tuple((path, "may outlive the horizon") for path in paths[:_SHOWN])
        yield Finding("E021", ("finance", "terminal"), message, _example(name), "", "key", also)


def _outlives(draft: Draft, path: Path, supply: Offer | SignedContract, horizon: Horizon) -> bool:
    """Whether a decision may leave capacity after the horizon, or take it away."""
    possible, lengths = starts(supply, horizon), [term.months for _, term in terms(path, supply)]
    if not possible or not lengths:
        return False
    end = ends = max(possible) + max(lengths)
    if supply.renewal is not None:
        ends = max(ends, end + supply.renewal.times * supply.renewal.months)
    if supply.expansion is not None:
        option = supply.expansion
        ends = max(ends, max(possible) + option.exercise.until_months + option.lead_months + option.months)
    decided = isinstance(supply, Offer) or supply.term.cancel or supply.renewal or supply.expansion
    return bool(decided) and ends + _latest_delay(draft, path, supply) > last_month(horizon) + 1


def _latest_delay(draft: Draft, path: Path, supply: Supply) -> int:
    """The most months by which any scenario delays what is bought of a supply."""
    uncertainty = draft.instance.uncertainty
    tables = [] if uncertainty is None else [scenario.delay_months for scenario in uncertainty.scenarios.values()]
    stated = [table[key] for table in tables for key in (supply.provider, path[1]) if key in table]
    return max((max(delay.values(), default=0) if isinstance(delay, dict) else delay for delay in stated), default=0)


CHECKS = (points, needed, salvage)
DATE_CHECKS = (terminal,)
