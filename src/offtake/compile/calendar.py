"""Months, periods and blocks of one horizon, and the ledger that reaches past it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..deals import finance, ledger_months
from ..instance.months import Month
from ..instance.schema import Instance


@dataclass(frozen=True)
class Calendar:
    """Months, periods and blocks of one horizon."""

    first: Month
    period_of: list[int]
    """[month] its period"""
    month_hours: np.ndarray
    """[month]"""
    hours: np.ndarray
    """[period]"""
    block_share: np.ndarray
    """[block]"""
    discount: np.ndarray
    """[ledger month]"""

    @property
    def months(self) -> int:
        return len(self.period_of)

    @property
    def ledger(self) -> int:
        return len(self.discount)

    def least(self, by_month: np.ndarray) -> np.ndarray:
        """Smallest month of each period, [period]."""
        return np.minimum.reduceat(by_month[: self.months], self._first_months)

    def total(self, by_month: np.ndarray) -> np.ndarray:
        """Sum over the months of each period, [period]."""
        return np.bincount(self.period_of, weights=by_month[: self.months], minlength=len(self.hours))

    def mean(self, by_month: np.ndarray) -> np.ndarray:
        """Hour-weighted mean of each period, [period]."""
        return self.total(by_month[: self.months] * self.month_hours) / self.hours

    @cached_property
    def _first_months(self) -> np.ndarray:
        """[period]"""
        return np.searchsorted(self.period_of, np.arange(len(self.hours)))


def make_calendar(instance: Instance, ledger: int | None = None) -> Calendar:
    """Months, periods, hours, blocks and discount factors of an instance, on a ledger of so many months (by default as
    many as its contracts take)."""
    ledger = ledger_months(instance) if ledger is None else ledger
    horizon, discounting = instance.horizon, instance.finance.discounting
    lengths = [step.months for step in horizon.steps or [] for _ in range(step.count)] or [1] * horizon.months
    period_of = [t for t, length in enumerate(lengths) for _ in range(length)]
    month_hours = np.array([(horizon.start + m).hours for m in range(horizon.months)], dtype=float)
    return Calendar(
        first=horizon.start,
        period_of=period_of,
        month_hours=month_hours,
        hours=np.bincount(period_of, weights=month_hours),
        block_share=np.full(instance.day.blocks, 1.0 / instance.day.blocks),
        discount=finance.discount_factors(discounting.rate, discounting.basis, discounting.timing, ledger),
    )
