"""Training runs in numbers: how much work, when, how large, and what lateness costs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from offtake_models.problem import Run, Workload

from ..instance.schema import Instance, Training
from ..instance.workloads import deadline_month, earliest_month
from ..throughput.training_rates import flop_of_run
from .calendar import Calendar


def training_workload(instance: Instance, calendar: Calendar, key: str) -> Workload:
    """A run as a workload that nobody sends requests to, and that is paid for as it is provisioned."""
    shape = (1, len(calendar.hours), len(calendar.block_share))
    return Workload("training", np.zeros(shape), np.ones(shape), run=_run_of(instance, calendar, key))


def _run_of(instance: Instance, calendar: Calendar, key: str) -> Run:
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
        useful=_lines(run),
        pauses_max=run.pauses_max,
        late_usd=None if priced is None else priced * calendar.total(calendar.discount),
    )


def _lines(run: Training) -> list[tuple[float, float]]:
    """(slope, start) of the straight lines from nothing through the points of goodput; the last one goes on."""
    points = [(0.0, 0.0), *((point.accelerators, point.accelerators * point.factor) for point in run.goodput)]
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(points)]
    return [(slope, at[1] - slope * at[0]) for at, slope in zip(points, slopes, strict=False)] or [(1.0, 0.0)]
