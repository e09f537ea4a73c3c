"""Workloads by what they ask for: requests to be served, or arithmetic to be done by a deadline."""

from __future__ import annotations

from .months import Month
from .schema import Instance, Served, Training


def served(instance: Instance) -> dict[str, Served]:
    """Workloads that bring requests, in the order of the file."""
    return {key: workload for key, workload in instance.workloads.items() if isinstance(workload, Served)}


def runs(instance: Instance) -> dict[str, Training]:
    """Training runs, in the order of the file."""
    return {key: workload for key, workload in instance.workloads.items() if isinstance(workload, Training)}


def earliest_month(instance: Instance, run: Training) -> Month:
    """The first month of the horizon in which a run may work."""
    first = instance.horizon.start
    return first if run.window.earliest is None else max(run.window.earliest, first)


def deadline_month(instance: Instance, run: Training) -> Month:
    """The month at whose end a run is to be done."""
    last = instance.horizon.start + (instance.horizon.months - 1)
    return last if run.window.deadline is None else run.window.deadline
