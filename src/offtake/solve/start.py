"""A starting plan: the relaxation picks the columns of a small search.

Every whole number that the relaxation leaves at 0 is fixed there, and a few nodes of search give a plan. It is a plan
of the whole problem, since columns were only fixed, and no bound comes from here. Limits are counts, never seconds:
the same seed gives the same plan.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .branches import Branch
from .handover import Matrix
from .limits import Limits
from .loop import Watch, run

NODES = 20
FRACTION = 1e-6


def starting_plan(branch: Branch, limits: Limits, watch: Watch) -> np.ndarray | None:
    """Values of all columns of a plan, or None where none is found, or where the relaxation is not known."""
    if branch.x is None or watch.stop.is_set():
        return None
    options = {"threads": limits.threads, "random_seed": limits.seed, "mip_max_nodes": NODES}
    options["mip_rel_gap"] = limits.gap / 3
    return run(within(branch.matrix, branch.x), watch, "starting plan", options).x


def within(matrix: Matrix, x: np.ndarray) -> Matrix:
    """The same with every whole-number column at 0 that is 0 in `x`."""
    unused = matrix.integer & (x < FRACTION) & (matrix.lower <= 0)
    return replace(matrix, upper=np.where(unused, np.minimum(matrix.upper, 0), matrix.upper))
