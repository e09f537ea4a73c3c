"""The audit's calendar: months, periods, hours, blocks and discount factors, all in decimal."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from offtake.instance.months import Month
from offtake.instance.schema import Instance

from .numbers import ONE, ZERO, month_factor


@dataclass(frozen=True)
class Calendar:
    """Time as the instance lays it out."""

    instance: Instance
    start: Month
    months: list[Month]
    """of the horizon"""
    periods: list[list[Month]]
    """months of each dispatch period"""
    blocks: int

    @classmethod
    def of(cls, instance: Instance) -> Calendar:
        horizon = instance.horizon
        months = [horizon.start + offset for offset in range(horizon.months)]
        lengths = [step.months for step in horizon.steps or [] for _ in range(step.count)] or [1] * len(months)
        ends = [sum(lengths[: position + 1]) for position in range(len(lengths))]
        periods = [months[end - length : end] for end, length in zip(ends, lengths, strict=True)]
        return cls(instance, horizon.start, months, periods, instance.day.blocks)

    @property
    def block_share(self) -> Decimal:
        """phi: share of the day that a block covers."""
        return ONE / self.blocks

    def hours(self, period: int) -> Decimal:
        """H: hours of the period."""
        return Decimal(sum(month.hours for month in self.periods[period]))

    def period_of(self, month: Month) -> int:
        """The period of a month of the horizon."""
        return next(period for period, months in enumerate(self.periods) if month in months)

    def discount(self, month: Month) -> Decimal:
        """Present value of one dollar paid in the month."""
        money = self.instance.finance.discounting
        return month_factor(money.rate, money.basis, money.timing, month - self.start)

    def period_discount(self, period: int) -> Decimal:
        """Present value of one dollar spread over the period by hours."""
        paid = sum((self.discount(month) * month.hours for month in self.periods[period]), ZERO)
        return paid / self.hours(period)

    def name(self, period: int) -> str:
        """The period for a sentence: `2026-01`, or `2026-02 to 2026-03`."""
        months = self.periods[period]
        return str(months[0]) if len(months) == 1 else f"{months[0]} to {months[-1]}"

    def slot(self, period: int, block: int) -> str:
        """Period and block for a sentence."""
        if self.blocks == 1:
            return self.name(period)
        width = 24 // self.blocks
        return f"{self.name(period)}, {width * block:02d} to {width * (block + 1):02d} h UTC"
