"""A starting plan: decide first what weighs most, then let the relaxation pick the columns of a small search.

All-or-nothing decisions (a whole site, now or never) leave the relaxation far from any plan: it takes a third of the
site. So the group of 0/1 columns with the most money in fractions is decided by solving the relaxation once for each of
its choices; then every whole number that the relaxation leaves at 0 is fixed there, and a few nodes of search give a
plan. It is a plan of the whole problem, since columns were only fixed, and no bound comes from here. Limits are counts,
never seconds: the same seed gives the same plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from .handover import Matrix
from .limits import Limits
from .loop import Watch, run
from .outcome import Ended

FEW_INTEGERS = 60
"""with fewer whole-number columns the solver needs no help"""
DECIDED_FIRST = 2
"""groups"""
WORTH_DECIDING = 0.02
"""of the relaxation's cost: money in fractions of a group below which it is left to the search"""
MOST_CHOICES = 10
"""of one group"""
NODES = 20
FRACTION = 1e-6


def starting_plan(matrix: Matrix, groups: Sequence[Sequence[int]], limits: Limits, watch: Watch) -> np.ndarray | None:
    """Values of all columns of a plan, or None where none is found. `groups` are columns decided together."""
    if matrix.integer.sum() < FEW_INTEGERS or not groups:
        return None
    relaxed = _relaxed(matrix, limits, watch)
    for _ in range(DECIDED_FIRST):
        if relaxed is None:
            return None
        group = _heaviest(matrix, groups, *relaxed)
        if group is None:
            break
        matrix, relaxed = _decided(matrix, group, relaxed[0], limits, watch)
    if relaxed is None or watch.stop.is_set():
        return None
    unused = matrix.integer & (relaxed[0] < FRACTION) & (matrix.lower <= 0)
    support = replace(matrix, upper=np.where(unused, np.minimum(matrix.upper, 0), matrix.upper))
    options = {**_options(limits), "mip_max_nodes": NODES, "mip_rel_gap": limits.gap / 3}
    return run(support, watch, "starting plan", options).x


def completed(matrix: Matrix, known: Mapping[int, float], limits: Limits, watch: Watch) -> np.ndarray | None:
    """Values of all columns of a plan in which some are known, as those of a plan of a similar problem are; None where
    a few nodes find none. `known`: column -> value."""
    columns = list(known)
    values = np.array([known[column] for column in columns], dtype=float)
    if not columns or (values < matrix.lower[columns]).any() or (values > matrix.upper[columns]).any():
        return None
    lower, upper = matrix.lower.copy(), matrix.upper.copy()
    lower[columns] = upper[columns] = values
    options = {**_options(limits), "mip_max_nodes": NODES, "mip_rel_gap": limits.gap / 3}
    return run(replace(matrix, lower=lower, upper=upper), watch, "starting plan", options).x


def _options(limits: Limits) -> dict[str, float | int]:
    return {"threads": limits.threads, "random_seed": limits.seed}


def _relaxed(matrix: Matrix, limits: Limits, watch: Watch) -> tuple[np.ndarray, float] | None:
    """Values and cost of the relaxation; None if it has none."""
    ran = run(replace(matrix, integer=np.zeros_like(matrix.integer)), watch, "starting plan", _options(limits))
    return (ran.x, ran.objective) if ran.ended is Ended.OPTIMAL and ran.x is not None else None


def _heaviest(matrix: Matrix, groups: Sequence[Sequence[int]], x: np.ndarray, cost: float) -> list[int] | None:
    """The group of 0/1 columns with the most money in fractions, if it is worth deciding first."""
    split = np.abs(x - np.round(x)) * np.abs(matrix.cost)
    binary = [list(group) for group in groups if matrix.upper[list(group)].max(initial=0) == 1]
    heaviest = max(binary, key=lambda group: split[group].sum(), default=None)
    return heaviest if heaviest and split[heaviest].sum() > WORTH_DECIDING * abs(cost) else None


def _decided(
    matrix: Matrix, group: list[int], x: np.ndarray, limits: Limits, watch: Watch
) -> tuple[Matrix, tuple[np.ndarray, float] | None]:
    """The choice of the group (one column, or none) whose relaxation costs least, and that relaxation."""
    by_weight = sorted(group, key=lambda column: -x[column])[:MOST_CHOICES]
    best: tuple[Matrix, tuple[np.ndarray, float] | None] = (matrix, None)
    for chosen in [None, *by_weight]:
        lower, upper = matrix.lower.copy(), matrix.upper.copy()
        upper[group] = np.maximum(lower[group], 0)
        if chosen is not None:
            lower[chosen] = upper[chosen] = 1
        tried = replace(matrix, lower=lower, upper=upper)
        relaxed = _relaxed(tried, limits, watch)
        if relaxed is not None and (best[1] is None or relaxed[1] < best[1][1]):
            best = tried, relaxed
    return best
