"""The relaxation of a model: what it would decide if nothing had to be whole. A quick look ahead; it proves nothing."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
from pyomo.environ import ConcreteModel

from .handover import NoPlanByArithmetic, hand_over
from .interrupts import listening
from .limits import Clock, Limits
from .loop import Watch, run
from .outcome import Ended


def solve_relaxation(model: ConcreteModel, limits: Limits, stop: threading.Event) -> bool:
    """Solve a model without its whole numbers, and load the values into its variables.

    False, with nothing loaded, if that found no optimum in the time limit. Raises ModelError.
    """
    with listening(stop):
        try:
            handed = hand_over(model)
        except NoPlanByArithmetic:
            return False
        relaxed = replace(handed.matrix, integer=np.zeros_like(handed.matrix.integer))
        options = {"threads": limits.threads, "random_seed": limits.seed}
        ran = run(relaxed, Watch(Clock(limits.time_limit_s), stop), "starting plan", options)
        if ran.ended is not Ended.OPTIMAL or ran.x is None:
            return False
        handed.load(ran.x)
    return True
