"""Forward curves in decimal: what capacity is expected to cost, as the future at hand has it."""

from __future__ import annotations

from decimal import Decimal

from offtake.instance.months import Month
from offtake.instance.scenarios import forward_factor
from offtake.instance.schema import Instance

from .numbers import ONE, exact


def curve(instance: Instance, accelerator: str, month: Month) -> Decimal:
    """USD per accelerator-hour before any scenario: straight lines between the points, level outside them."""
    points = {point.month: exact(point.usd_per_accelerator_hour) for point in instance.forward[accelerator]}
    before = max((when for when in points if when <= month), default=min(points))
    after = min((when for when in points if when >= month), default=max(points))
    if before >= after:
        return points[before]
    return points[before] + (points[after] - points[before]) * (month - before) / (after - before)


def usd_per_hour(instance: Instance, accelerator: str, month: Month) -> Decimal:
    """The curve times the factor of the scenario in the month."""
    return curve(instance, accelerator, month) * exact(forward_factor(instance, accelerator, month))


def quoted(instance: Instance, accelerator: str, start: Month, signing: Month | None) -> Decimal:
    """The curve in the month in which a contract is to start, as it is seen when it is signed; if that was before the
    horizon, before any scenario."""
    seen = ONE if signing is None else exact(forward_factor(instance, accelerator, signing))
    return curve(instance, accelerator, start) * seen
