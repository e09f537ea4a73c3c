"""What may be lost at once, and what must be kept."""

from __future__ import annotations

from offtake_models.problem import Contingency

from ..instance.pools import pools
from ..instance.resilience import losses
from ..instance.schema import Instance
from .calendar import Calendar


def contingencies_of(instance: Instance, calendar: Calendar) -> list[Contingency]:
    """One for each provider, site or family, in the order of what is sold; none without a rule in the horizon."""
    rule = instance.policy.resilience
    if rule is None:
        return []
    first = 0 if rule.since is None else max(rule.since - calendar.first, 0)
    taken = losses(instance, rule.lose_any)
    keep = dict.fromkeys(rule.workloads, rule.keep)
    return [
        Contingency(name, [pool.id for pool in pools(instance) if taken[pool.id] == name], keep, first)
        for name in dict.fromkeys(taken.values())
        if name is not None and first < calendar.months
    ]
