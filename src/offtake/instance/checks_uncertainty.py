"""Rules on scenarios: their probabilities, when they part, and that what they change is known, in time and felt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .checks_dates import filled, last_month, span, starts
from .checks_terms import SHARES_TOLERANCE, supplies, terms, unread
from .diagnostics import listed
from .months import Month
from .scenarios import DATED, effects, known_from, last_parting, partitions, period_starts, unparted
from .schema import Horizon, Offer, SignedContract, Uncertainty
from .sentences import Finding, Path
from .structure import Draft

Findings = Iterator[Finding]

_REVEAL = ("uncertainty", "reveal")
_SCENARIOS = ("uncertainty", "scenarios")


def probabilities(draft: Draft) -> Findings:
    """They sum to 1."""
    uncertainty = draft.instance.uncertainty
    if uncertainty is None:
        return
    stated = {name: scenario.probability for name, scenario in uncertainty.scenarios.items()}
    total = sum(stated.values())
    if abs(total - 1) <= SHARES_TOLERANCE:
        return
    name = max(stated, key=lambda name: stated[name])
    mended = stated[name] + 1 - total
    help = f"{name}: {{probability: {mended:.12g}}} would mend it" if mended > 0 else f"divide each by {total:.12g}"
    message = f"the probabilities of the scenarios sum to {total:.12g}; they must sum to 1"
    yield Finding("E029", _SCENARIOS, message, help, "", "key")


def risk(draft: Draft) -> Findings:
    """It weighs several futures."""
    instance = draft.instance
    if instance.policy.risk is not None and (instance.uncertainty is None or len(instance.uncertainty.scenarios) < 2):
        message = "policy.risk weighs dear futures against others, and this instance has one future"
        help = "state two scenarios or more under uncertainty, or leave out policy.risk"
        yield Finding("E021", ("policy", "risk"), message, help, "", "key")


def recalls(draft: Draft) -> Findings:
    """A seller gives notice under a clause that is its own."""
    sold = {path[1]: (path, supply) for path, supply in supplies(draft)}
    for _, kind, key, at, _ in _effects(draft):
        if kind == "recall" and key in sold:
            clauses = [term.cancel for _, term in terms(*sold[key])]
            if not any(clause is not None and clause.by != "buyer" for clause in clauses):
                message = f"{key} has no clause under which its seller could give notice"
                help = "a term of it needs one: cancel: {by: seller, notice_months: 3}"
                yield Finding("E021", at, message, help, "", "key")


def _effects(draft: Draft) -> Iterator[tuple[str, str, str, Path, Any]]:
    """(scenario, kind, what it is about, path, value) of everything that scenarios change."""
    uncertainty = draft.instance.uncertainty
    for name, scenario in uncertainty.scenarios.items() if uncertainty is not None else ():
        for kind, key, value in effects(scenario):
            yield name, kind, key, (*_SCENARIOS, name, kind, key), value


def reveals(draft: Draft, horizon: Horizon) -> Findings:
    """Each month begins a period of the horizon, names a scenario once, and tells apart what was together."""
    uncertainty = draft.instance.uncertainty
    if uncertainty is None or not filled(horizon):
        return
    for month in sorted(uncertainty.reveal):
        yield from _misplaced(draft, horizon, month)
    twice = list(_named_twice(uncertainty))
    yield from twice or _refined(draft, horizon)


def _misplaced(draft: Draft, horizon: Horizon, month: Month) -> Findings:
    at, begins = (*_REVEAL, month), period_starts(draft.instance)
    if not horizon.start <= month <= last_month(horizon):
        where = "before" if month < horizon.start else "after"
        yield Finding(
            "E023", at, f"the scenarios cannot part in {month}, {where} the horizon", span(horizon), "", "key"
        )
    elif month not in begins:
        nearest = min(begins, key=lambda begin: abs(begin - month))
        message = f"{month} is not the first month of a dispatch period"
        yield Finding("E023", at, message, f"write {nearest}, the nearest", "", "key")


def _named_twice(uncertainty: Uncertainty) -> Findings:
    for month, groups in uncertainty.reveal.items():
        named: list[str] = []
        for i, group in enumerate(groups):
            for j, name in enumerate(group):
                if name in named:
                    message = f"{name} is named twice in {month}"
                    yield Finding("E028", (*_REVEAL, month, i, j), message, "a scenario is in one group", "")
                named.append(name)


def _refined(draft: Draft, horizon: Horizon) -> Findings:
    """What has parted stays apart, and every month tells something apart."""
    uncertainty, classes = draft.instance.uncertainty, partitions(draft.instance)
    for month in sorted(uncertainty.reveal):
        m = month - horizon.start
        if not 0 <= m < horizon.months:
            continue
        before = classes[m - 1] if m else [list(uncertainty.scenarios)]
        merged = list(_merged(month, uncertainty.reveal[month], before))
        yield from merged
        unknown = any(name not in uncertainty.scenarios for group in uncertainty.reveal[month] for name in group)
        if not merged and not unknown and before == classes[m]:
            message = f"{month} tells no scenarios apart"
            help = "groups of one month are told apart from each other, and from what is not named"
            yield Finding("W012", (*_REVEAL, month), message, help, "", "key")


def _merged(month: Month, groups: list[list[str]], before: list[list[str]]) -> Findings:
    for i, group in enumerate(groups):
        homes = [[name for name in group if name in home] for home in before]
        one, *others = [home[0] for home in homes if home] or [""]
        if others:
            message = f"{one} and {others[0]} have parted before {month}: nothing can bring them together again"
            yield Finding("E029", (*_REVEAL, month, i), message, "each month refines the groups of the last", "")


def untold(draft: Draft, horizon: Horizon) -> Findings:
    """Scenarios that differ and that nothing tells apart."""
    if not _is_sound(draft, horizon):
        return
    instance = draft.instance
    month = last_parting(instance)
    for group in unparted(instance):
        message = f"nothing tells {listed(group)} apart"
        if month is None:
            by = max(instance.uncertainty.reveal, default=horizon.start)
            help = f"reveal says when scenarios part: let it tell them apart by {by}"
            message = f"{message}, and no dispatch period is left in which they could part"
            yield Finding("E023", _REVEAL, message, help, "", "key")
        else:
            parts = [part for part in partitions(instance)[month - horizon.start] if part[0] in group]
            words = ", ".join(f"[{', '.join(part)}]" for part in parts)
            message = f"{message}: they are taken to part in {month}"
            yield Finding("W011", _REVEAL, message, f"reveal: {{{month}: [{words}]}} says so", "", "key")


def _is_sound(draft: Draft, horizon: Horizon) -> bool:
    """Whether it is known when the scenarios part."""
    uncertainty = draft.instance.uncertainty
    if uncertainty is None or not filled(horizon):
        return False
    named = [name for groups in uncertainty.reveal.values() for group in groups for name in group]
    faults = [finding for finding in reveals(draft, horizon) if finding.code.startswith("E")]
    return not faults and set(named) <= set(uncertainty.scenarios)


def timing(draft: Draft, horizon: Horizon) -> Findings:
    """What a scenario changes, it changes inside the horizon, and not before it can be known."""
    sound = _is_sound(draft, horizon)
    classes = partitions(draft.instance) if sound else []
    for name, kind, key, path, value in _effects(draft):
        stated = _stated(kind, path, value)
        known = known_from(draft.instance, classes, name, kind, key) if sound and stated else None
        for at, month in stated:
            mark = "value" if kind in DATED else "key"
            if month < horizon.start:
                message = f"{month} is before the horizon, which begins in {horizon.start}"
                yield Finding("E023", at, message, "scenarios change what is to come", "", mark)
            elif known is not None and month < known:
                message = f"{month} is too early: nobody can tell {name} from the other scenarios before {known}"
                yield Finding(
                    "E023", at, message, f"write {known} or later, or let reveal tell it apart sooner", "", mark
                )
        if stated and min(month for _, month in stated) > last_month(horizon):
            yield from _after(draft, kind, path, min(month for _, month in stated), horizon)


def _stated(kind: str, path: Path, value: Any) -> list[tuple[Path, Month]]:
    """The months that an effect states, with their paths."""
    if kind in DATED:
        return [(path, value)]
    return [((*path, month), month) for month in value] if isinstance(value, dict) else []


def _after(draft: Draft, kind: str, path: Path, month: Month, horizon: Horizon) -> Findings:
    """Of an effect that begins after the horizon. A forward curve counts there too, in what is left."""
    if kind == "forward" and draft.instance.finance.terminal == "market":
        return
    what = "it shows only in what contracts still cost then" if kind in DATED else "it changes nothing"
    message = f"this begins in {month}, after the horizon: {what}"
    yield Finding("W005", path, message, span(horizon), "", "key")


def unfelt(draft: Draft, horizon: Horizon) -> Findings:
    """Effects on what is not there, or not to come."""
    if unread(draft):
        return
    classes = partitions(draft.instance) if _is_sound(draft, horizon) else []
    for name, kind, key, path, value in _effects(draft):
        named = [supply for at, supply in supplies(draft) if key in (at[1], supply.provider)]
        why = ""
        if value == {}:
            why = f"no month is stated for {key}"
        elif kind in ("price", "lose", "delay_months") and not named and key in draft.written("providers"):
            why = f"nothing is sold by {key}"
        elif kind == "price" and named and all(isinstance(supply, SignedContract) for supply in named):
            why = f"the price of {key} is agreed"
        elif kind == "delay_months" and named:
            known = known_from(draft.instance, classes, name, kind, key)
            since = min(value) if isinstance(value, dict) else known or horizon.start
            if since <= last_month(horizon) and max(_begins(named, horizon), default=since - 1) < since:
                why = f"nothing of {key} can begin in {since} or later"
        if why:
            help = "leave it out, or say what it is to change"
            yield Finding("W012", path, f"{why}: this changes nothing", help, "", "key")


def _begins(sold: list[Offer | SignedContract], horizon: Horizon) -> Iterator[Month]:
    """The last months in which service of each could begin, or of its expansion."""
    for supply in sold:
        possible = starts(supply, horizon)
        yield from possible[-1:]
        if possible and supply.expansion is not None:
            yield max(possible) + supply.expansion.exercise.until_months + supply.expansion.lead_months


CHECKS = (probabilities, risk, recalls)
DATE_CHECKS = (reveals, untold, timing, unfelt)
