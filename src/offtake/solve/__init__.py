"""Solving: a Pyomo model to HiGHS and back, with what is proven about the answer.

    outcome = solve_model(model, Limits(gap=1e-2, time_limit_s=60))

knows nothing of offers or workloads: any mixed-integer linear ConcreteModel will do.
"""

from __future__ import annotations

from .handover import Handover, ModelError, Rows
from .interrupts import listening
from .limits import Limits
from .loop import Progress
from .outcome import Outcome, relative_gap
from .search import solve_model

__all__ = [
    "Handover",
    "Limits",
    "ModelError",
    "Outcome",
    "Progress",
    "Rows",
    "listening",
    "relative_gap",
    "solve_model",
]
