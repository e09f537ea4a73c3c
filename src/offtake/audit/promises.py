"""One spend commitment in decimal: what it promises by month, and which months are settled together.

A commitment of `usd` promises the same in each month of its window, one of `usd_per_hour` the same in each hour. Its
intervals run from the first month of the window; one that the end of the horizon cuts is settled in two parts, both in
its last month. Months before the horizon are history.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from offtake.instance.commitments import discounts, eligible
from offtake.instance.months import Month
from offtake.instance.schema import Commitment, Instance

from .calendar import Calendar
from .numbers import ONE, ZERO, exact

YEAR = 12
"""months for which an hourly commitment is reported"""


@dataclass(frozen=True)
class Part:
    """Months that are settled together."""

    months: list[Month]
    usd: Decimal
    due: Month
    in_horizon: bool


@dataclass(frozen=True)
class Promise:
    """A commitment that the plan takes."""

    key: str
    stated: Commitment
    calendar: Calendar
    counted: list[str]
    """ids whose cash counts; of a prepaid one the offers whose use it covers"""
    discounts: dict[str, float]

    @property
    def prepaid(self) -> bool:
        return self.stated.settlement == "use_it_or_lose_it"

    @property
    def signing(self) -> Month:
        """From when on it is owed: its first month, or the first of the horizon if it is mandatory."""
        return signing_month(self.stated, self.calendar)

    @cached_property
    def months(self) -> list[Month]:
        """Months of the window that are not history."""
        window = self.stated.window
        months = [window.start + j for j in range(window.months)]
        return [month for month in months if month >= self.calendar.start]

    def runs(self, month: Month) -> bool:
        return 0 <= month - self.stated.window.start < self.stated.window.months

    def promised(self, month: Month) -> Decimal:
        """USD of one month of the window."""
        if self.stated.usd_per_hour is not None:
            return exact(self.stated.usd_per_hour) * month.hours
        return exact(self.stated.usd or 0) / self.stated.window.months

    @property
    def paid(self) -> dict[Month, Decimal]:
        """What is due whatever is used."""
        return {month: self.promised(month) for month in self.months} if self.prepaid else {}

    @cached_property
    def parts(self) -> list[Part]:
        window, last = self.stated.window, self.calendar.months[-1]
        length = YEAR if self.stated.usd_per_hour is not None else self.stated.interval_months or window.months
        found = []
        for first in range(0, window.months, length):
            interval = [window.start + j for j in range(first, min(first + length, window.months))]
            left = [month for month in interval if month >= self.calendar.start]
            for inside in (True, False):
                months = [month for month in left if (month <= last) == inside]
                if months:
                    usd = sum((self.promised(month) for month in months), ZERO)
                    found.append(Part(months, usd, interval[-1], inside))
        return found

    def charge_factor(self, month: Month, in_horizon: bool) -> Decimal:
        """What a dollar of the month costs the objective: past the horizon nothing, unless terms are charged whole."""
        whole = self.calendar.instance.finance.terminal == "none"
        return self.calendar.discount(month) if in_horizon or whole else ZERO

    def rate(self, offer: str) -> Decimal:
        """Share of the list price that is left."""
        return ONE - exact(self.discounts.get(offer, 0.0))


def promise(instance: Instance, calendar: Calendar, key: str) -> Promise:
    stated = instance.commitments[key]
    return Promise(key, stated, calendar, eligible(instance, key), discounts(stated))


def signing_month(stated: Commitment, calendar: Calendar) -> Month:
    """When it is taken: in its first month, or the first of the horizon if it is mandatory."""
    return calendar.start if stated.mandatory else stated.window.start


def can_be_taken(stated: Commitment, calendar: Calendar) -> bool:
    """Whether it has a month that counts: not over before the horizon, and not a choice of after it."""
    over = stated.window.start + (stated.window.months - 1) < calendar.start
    return not over and (stated.mandatory or calendar.start <= stated.window.start <= calendar.months[-1])
