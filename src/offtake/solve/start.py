"""A starting plan: the relaxation picks the columns of a small search.

Every whole number that the relaxation leaves at 0 is fixed there, and a few nodes of search give a plan; it begins with
taking nothing at all, which is quickly tried and is a plan where everything can be had without signing. What is found
is a plan of the whole problem, since columns were only fixed, and no bound comes from here. Limits are counts, never
seconds: the same seed gives the same plan.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    options = _options(limits)
    least = run(within(branch.matrix, np.zeros_like(branch.x)), watch, "starting plan", options).x
    found = run(within(branch.matrix, branch.x), watch, "starting plan", options, least).x
    return least if found is None else found


def within(matrix: Matrix, x: np.ndarray) -> Matrix:
    """The same with every whole-number column at 0 that is 0 in `x`."""
    unused = matrix.integer & (x < FRACTION) & (matrix.lower <= 0)
    return replace(matrix, upper=np.where(unused, np.minimum(matrix.upper, 0), matrix.upper))


def completed(matrix: Matrix, known: Mapping[int, float], limits: Limits, watch: Watch) -> np.ndarray | None:
    """Values of all columns of a plan in which some are known, as those of a plan of a similar problem are; None where
    a few nodes find none. `known`: column -> value."""
    columns = list(known)
    values = np.array([known[column] for column in columns], dtype=float)
    if not columns or (values < matrix.lower[columns]).any() or (values > matrix.upper[columns]).any():
        return None
    lower, upper = matrix.lower.copy(), matrix.upper.copy()
    lower[columns] = upper[columns] = values
    return run(replace(matrix, lower=lower, upper=upper), watch, "starting plan", _options(limits)).x


def _options(limits: Limits) -> dict[str, float | int]:
    own = {"threads": limits.threads, "random_seed": limits.seed}
    return {**own, "mip_max_nodes": NODES, "mip_rel_gap": limits.gap / 3}
