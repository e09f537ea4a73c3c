"""Training runs in numbers: how much work, when, how large, and what lateness costs."""

from __future__ import annotations

import numpy as np

from offtake_models.problem import Run, Workload

from ..instance.pools import pools
from ..instance.schema import Instance, Training
from ..instance.workloads import deadline_month, earliest_month
from ..throughput.training_rates import flop_of_run, lines, useful_points
from .calendar import Calendar


def training_workload(instance: Instance, calendar: Calendar, key: str) -> Workload:
    """A run as a workload that nobody sends requests to, and that is paid for as it is provisioned."""
    shape = (1, len(calendar.hours), len(calendar.block_share))
    return Workload("training", np.zeros(shape), np.ones(shape), run=run_of(instance, calendar, key))


def run_of(instance: Instance, calendar: Calendar, key: str) -> Run:
    """What the run asks for."""
    run: Training = instance.workloads[key]
    first = calendar.period_of[earliest_month(instance, run) - calendar.first]
    due = calendar.period_of[deadline_month(instance, run) - calendar.first]
    priced = run.lateness_usd_per_month
    return Run(
        flop=flop_of_run(instance, key),
        periods=list(range(first, (due if priced is None else len(calendar.hours) - 1) + 1)),
        due=due,
        least_accelerators=run.accelerators.min,
        most_accelerators=run.accelerators.max,
        useful=_useful(instance, key),
        pauses_max=run.pauses_max,
        late_usd=None if priced is None else priced * calendar.total(calendar.discount),
    )


def _useful(instance: Instance, key: str) -> list[dict[str, tuple[float, float]]]:
    """By line, pool -> its slope and start. Every pool has as many lines."""
    by_pool = {
        pool.id: lines(useful_points(instance, key, pool.accelerator)) for pool in pools(instance) if pool.accelerator
    }
    count = max(map(len, by_pool.values()), default=1)
    return [{pool: mine[k] for pool, mine in by_pool.items()} for k in range(count)]
