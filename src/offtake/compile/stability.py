"""Deals of an earlier plan that are still to be signed."""

from __future__ import annotations

from ..instance.schema import Instance
from .calendar import Calendar


def kept_deals(instance: Instance, calendar: Calendar) -> dict[tuple[str, int, int], int]:
    """(offer, start as a month of the horizon, months of the term) -> blocks."""
    rule, found = instance.policy.keep_plan, {}
    for deal in rule.plan if rule is not None else []:
        start = deal.start - calendar.first
        if deal.signing >= calendar.first and start < calendar.months:
            key = deal.offer, start, deal.months
            found[key] = found.get(key, 0) + deal.blocks
    return found
