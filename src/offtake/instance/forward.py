"""Forward curves: what capacity is expected to cost in a month to come."""

from __future__ import annotations

from .months import Month
from .scenarios import forward_factor
from .schema import Instance


def forward_usd_per_hour(instance: Instance, accelerator: str, month: Month) -> float:
    """USD per accelerator-hour: on a straight line between two points, level before the first and after the last.

    Times the factor of the scenario, in an instance of one future. Raises KeyError without a curve.
    """
    points = sorted(instance.forward[accelerator], key=lambda point: point.month)
    before = [point for point in points if point.month <= month]
    after = [point for point in points if point.month > month]
    if not before or not after:
        price = (before[-1] if before else after[0]).usd_per_accelerator_hour
    else:
        low, high = before[-1], after[0]
        way = (month - low.month) / (high.month - low.month)
        price = low.usd_per_accelerator_hour + way * (high.usd_per_accelerator_hour - low.usd_per_accelerator_hour)
    return price * forward_factor(instance, accelerator, month)


def quoted_usd_per_hour(instance: Instance, accelerator: str, start: Month, signing: Month | None) -> float:
    """What a contract signed in one month and served from another is offered at: the curve in the month in which it
    starts, as it is seen when it is signed (None: before the horizon, when no scenario had begun)."""
    seen = 1.0 if signing is None else forward_factor(instance, accelerator, signing)
    return forward_usd_per_hour(instance, accelerator, start) / forward_factor(instance, accelerator, start) * seen
