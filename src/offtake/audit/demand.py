"""Demand in decimal: the rate to provision for, the mean that is paid for, and how long batch work may wait."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

from offtake.instance.demand import mean_requests_per_s
from offtake.instance.schema import Batch, Instance

from .calendar import Calendar
from .numbers import ZERO, exact


@dataclass(frozen=True)
class Demand:
    """One workload, by [period][block]."""

    provision: list[list[Decimal]]
    """D: requests/s to provision for"""
    mean: list[list[Decimal]]
    """Dbar: hour-weighted mean, requests/s"""
    waiting_periods: int | None
    """L: whole periods that batch work may wait; None for interactive work"""
    margin: Decimal
    """peak_to_mean x headroom"""

    def mean_share(self, period: int, block: int) -> Decimal:
        """What is paid for, over what is provisioned. Batch work that waited may be done where none arrives."""
        if self.waiting_periods is not None:
            return 1 / self.margin
        provision = self.provision[period][block]
        return self.mean[period][block] / provision if provision else ZERO


def demand_of(instance: Instance, calendar: Calendar, workload_id: str) -> Demand:
    """Interactive work is provisioned for the largest month of a period, batch work for its mean."""
    workload = instance.workloads[workload_id]
    rates = [[exact(rate) for rate in row] for row in mean_requests_per_s(instance, workload_id).tolist()]
    margin = exact(workload.demand.peak_to_mean) * exact(workload.headroom)
    batch = isinstance(workload, Batch)
    mean, provision = [], []
    for period, months in enumerate(calendar.periods):
        inside = [(month.hours, rates[month - calendar.start]) for month in months]
        means = [
            sum((hours * row[block] for hours, row in inside), ZERO) / calendar.hours(period)
            for block in range(calendar.blocks)
        ]
        largest = [max(row[block] for _, row in inside) for block in range(calendar.blocks)]
        mean.append(means)
        provision.append([margin * rate for rate in (means if batch else largest)])
    return Demand(provision, mean, _waiting_periods(workload, calendar) if batch else None, margin)


def _waiting_periods(workload: Batch, calendar: Calendar) -> int:
    shortest = min(calendar.hours(period) for period in range(len(calendar.periods)))
    return math.floor(exact(workload.within_days) / (shortest / 24))
