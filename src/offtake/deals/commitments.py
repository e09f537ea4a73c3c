"""Spend commitments to parts and payments: which months are settled together, for how much, and when what is due.

A commitment is cut into intervals from the first month of its window on, its dollars evenly over the months of the
window. Months before the horizon are history. An interval that the horizon cuts is settled in two *parts*: the
months inside, and the months beyond, where only the fees of signed deals are known to be spent. Both parts are due
in the last month of the interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..instance.commitments import is_prepaid
from ..instance.months import Month
from ..instance.schema import Commitment, Instance

REPORTED_MONTHS = 12
"""hourly commitments are reported by years of their window"""


@dataclass(frozen=True)
class Part:
    """Months of a commitment that are settled together. Months count from the horizon's first."""

    months: list[int]
    usd: float
    due: int
    """in which what is missing is paid"""
    inside: bool
    """of the horizon"""


@dataclass(frozen=True)
class Schedule:
    """A commitment on the ledger."""

    key: str
    signing: int
    """month in which it is taken, 0 or later; 0 if it must be"""
    months: list[int]
    """of the window that lie in the horizon"""
    parts: list[Part]
    paid: np.ndarray
    """[ledger month] USD due whatever is used; 0 if it is trued up"""


def considered(instance: Instance) -> list[str]:
    """Commitments with a month that counts: what is over, and what could only be taken after the horizon, is not."""
    first, end = instance.horizon.start, instance.horizon.start + instance.horizon.months
    return [
        key
        for key, commitment in instance.commitments.items()
        if commitment.window.start + commitment.window.months > first
        and (commitment.mandatory or commitment.window.start < end)
    ]


def last_month(commitment: Commitment) -> Month:
    """The last month of the window, and of everything that is due."""
    return commitment.window.start + (commitment.window.months - 1)


def schedule(instance: Instance, key: str, ledger: int) -> Schedule:
    """The commitment on a ledger of that many months from the start of the horizon."""
    commitment, first = instance.commitments[key], instance.horizon.start
    start = commitment.window.start - first
    usd = _usd_by_month(commitment, first, ledger)
    return Schedule(
        key=key,
        signing=0 if commitment.mandatory else start,
        months=[m for m in range(max(start, 0), instance.horizon.months) if m < start + commitment.window.months],
        parts=_parts(commitment, start, instance.horizon.months, usd),
        paid=usd if is_prepaid(commitment) else np.zeros(ledger),
    )


def _usd_by_month(commitment: Commitment, first: Month, ledger: int) -> np.ndarray:
    """[ledger month] the share of each month in what is promised."""
    months = [first + m for m in range(ledger)]
    window = commitment.window
    inside = np.array([0 <= month - window.start < window.months for month in months], dtype=float)
    if commitment.usd_per_hour is not None:
        return commitment.usd_per_hour * inside * np.array([month.hours for month in months])
    return (commitment.usd or 0.0) / window.months * inside


def _parts(commitment: Commitment, start: int, horizon: int, usd: np.ndarray) -> list[Part]:
    window = commitment.window.months
    length = REPORTED_MONTHS if commitment.usd_per_hour is not None else commitment.interval_months or window
    found = []
    for begin in range(start, start + window, length):
        end = min(begin + length, start + window)
        for low, high in ((max(begin, 0), min(end, horizon)), (max(begin, horizon), end)):
            if low < high:
                months = list(range(low, high))
                found.append(Part(months, float(usd[low:high].sum()), end - 1, inside=high <= horizon))
    return found
