"""Workloads by what they ask for: requests to be served, arithmetic to be done by a deadline, or rollouts for it."""

from __future__ import annotations

from .months import Month
from .reinforcement import Rollouts
from .schema import Instance, Served, Training


def served(instance: Instance) -> dict[str, Served]:
    """Workloads that bring requests, in the order of the file."""
    return {key: workload for key, workload in instance.workloads.items() if isinstance(workload, Served)}


def runs(instance: Instance) -> dict[str, Training]:
    """Training runs, the updates of reinforcement learning among them, in the order of the file."""
    return {key: workload for key, workload in instance.workloads.items() if isinstance(workload, Training)}


def rollouts(instance: Instance) -> dict[str, Rollouts]:
    """What is generated to be learnt from, in the order of the file."""
    return {key: workload for key, workload in instance.workloads.items() if isinstance(workload, Rollouts)}


def earliest_month(instance: Instance, run: Training) -> Month:
    """The first month of the horizon in which a run may work."""
    first = instance.horizon.start
    return first if run.window.earliest is None else max(run.window.earliest, first)


def deadline_month(instance: Instance, run: Training) -> Month:
    """The month at whose end a run is to be done."""
    last = instance.horizon.start + (instance.horizon.months - 1)
    return last if run.window.deadline is None else run.window.deadline
