"""The last step: whole numbers made whole, and everything else decided again around them, exactly.

A plan from a MIP search has counts like 2.9999995 and keeps its rows to 1e-6. Here the counts are rounded and
fixed and the rest is solved again as a linear program with tight tolerances.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .handover import Matrix
from .limits import Clock
from .loop import Watch, run
from .outcome import Ended

TOLERANCES = [1e-9, 1e-7]
"""on rows and reduced costs: the second is HiGHS' own, for models in which the first cannot be reached"""
MOST_SECONDS = 300.0
"""for each of them, past the time limit of the search: without this step the plan is only nearly feasible"""


def finish(matrix: Matrix, x: np.ndarray) -> np.ndarray:
    """The best plan with the whole numbers of `x`. If none is found in spite of all, `x` with those rounded."""
    whole = matrix.integer
    rounded = np.where(whole, np.rint(x), np.clip(x, matrix.lower, matrix.upper))
    if whole.all():
        return rounded
    fixed = replace(
        matrix,
        lower=np.where(whole, rounded, matrix.lower),
        upper=np.where(whole, rounded, matrix.upper),
        integer=np.zeros_like(whole),
    )
    for tolerance in TOLERANCES:
        options = {"primal_feasibility_tolerance": tolerance, "dual_feasibility_tolerance": tolerance, "threads": 1}
        ran = run(fixed, Watch(Clock(MOST_SECONDS)), "finishing", options)
        if ran.ended is Ended.OPTIMAL and ran.x is not None:
            return np.where(whole, rounded, np.clip(ran.x, matrix.lower, matrix.upper))
    return rounded
