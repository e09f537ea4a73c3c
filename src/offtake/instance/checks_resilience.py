"""Rules on what must survive: who is named, and whether anything could be left."""

from __future__ import annotations

from collections.abc import Iterator

from .checks_ports import family_of
from .checks_terms import supplies, unread
from .schema import Horizon, Interactive, Supply
from .sentences import Finding
from .structure import Draft

Findings = Iterator[Finding]
PATH = ("policy", "resilience")


def named(draft: Draft) -> Findings:
    """Only requests that somebody waits for are kept without delay, and each is named once."""
    rule = draft.instance.policy.resilience
    for i, name in enumerate([] if rule is None else rule.workloads):
        workload = draft.instance.workloads.get(name)
        if workload is not None and not isinstance(workload, Interactive):
            help = "work that may wait is made up for later; name interactive workloads"
            yield Finding("E021", (*PATH, "workloads", i), f"{name} is not interactive", help, "")
        if name in rule.workloads[:i]:
            yield Finding("E028", (*PATH, "workloads", i), f"{name} is named twice", "name it once", "")


def something_left(draft: Draft) -> Findings:
    """What is all of one seller, site or family does not survive its loss."""
    rule = draft.instance.policy.resilience
    if rule is None or unread(draft):
        return
    places = {place for _, supply in supplies(draft) for place in _places(draft, rule.lose_any, supply)}
    if len(places) == 1 and None not in places:
        message = (
            f"all that is on offer or in force is of one {rule.lose_any}, {places.pop()}: nothing survives its loss"
        )
        yield Finding("E029", (*PATH, "lose_any"), message, "add offers of another, or leave the rule out")


def _places(draft: Draft, lose_any: str, supply: Supply) -> list[str | None]:
    """What a supply is lost with; None for what is not, or cannot be read."""
    if lose_any == "site":
        return [supply.region]
    if lose_any == "provider":
        seller = draft.instance.providers.get(supply.provider)
        return [supply.provider if seller is None else seller.group or supply.provider]
    names = [*supply.accelerators, *([supply.accelerator] if supply.accelerator else [])]
    return [family_of(draft, name) for name in names] or [None]


def begins_inside(draft: Draft, horizon: Horizon) -> Findings:
    """A rule that begins after the horizon."""
    rule, last = draft.instance.policy.resilience, horizon.start + (horizon.months - 1)
    if rule is not None and rule.since is not None and rule.since > last:
        message = f"resilience begins in {rule.since}, after the horizon: it has no effect"
        yield Finding("W005", (*PATH, "from"), message, f"the last month of the horizon is {last}")


CHECKS = (named, something_left)
DATE_CHECKS = (begins_inside,)
