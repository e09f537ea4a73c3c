"""Rollouts in numbers: what one is good for, and how many can be learnt from in a period."""

from __future__ import annotations

import numpy as np

from offtake_models.problem import Rollouts, Workload

from ..instance.reinforcement import Updates
from ..instance.schema import Instance
from ..throughput.training_rates import flop_per_token
from .calendar import Calendar
from .training import run_of


def rollouts_workload(instance: Instance, calendar: Calendar, key: str) -> Workload:
    """Rollouts as a workload that nobody sends requests to, and that is paid for as it is provisioned."""
    shape = (1, len(calendar.hours), len(calendar.block_share))
    return Workload("rollouts", np.zeros(shape), np.ones(shape), rollouts=_rollouts_of(instance, calendar, key))


def _rollouts_of(instance: Instance, calendar: Calendar, key: str) -> Rollouts:
    learner = instance.workloads[key].learner
    updates: Updates = instance.workloads[learner]
    run = run_of(instance, calendar, learner)
    flop = updates.tokens_per_rollout * flop_per_token(instance, learner)
    return Rollouts(learner, flop, most=run.flop / flop, periods=run.periods)
