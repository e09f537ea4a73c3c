"""Starting plans: the relaxation picks the columns, then neighbourhoods of the best plan are searched.

Every plan found here is a plan of the whole problem, since each search only fixes some whole numbers. No bound
comes from here but that of the relaxation. Limits are counts, never seconds, so that the same seed gives the same plan.
"""

from __future__ import annotations

from collections.abc import Sequence

import highspy
import numpy as np

from .handover import Arrays
from .loop import Watch, new_solver, run

FEW_INTEGERS = 60
"""With fewer whole-number columns HiGHS needs no help."""
NODES_PER_SEARCH = 40
SEARCHES = 12
SEARCHES_WITHOUT_GAIN = 4
SHARE_FREED = 0.35
"""of the groups, in each neighbourhood"""


def seek_start(arrays: Arrays, groups: Sequence[Sequence[int]], watch: Watch) -> None:
    """Leave the best plan found in `watch`, and the bound of the relaxation. Finds nothing on hard feasibility."""
    if arrays.integer.sum() < FEW_INTEGERS or not groups:
        return
    relaxed = _relaxation(arrays, watch)
    if relaxed is None:
        return
    unused = arrays.integer & (relaxed <= 1e-6) & (arrays.column_lower <= 0) & (arrays.column_upper >= 0)
    _search(arrays, watch, np.where(unused, 0.0, np.nan))
    _improve(arrays, groups, watch, relaxed)


def _relaxation(arrays: Arrays, watch: Watch) -> np.ndarray | None:
    lp = arrays.lp()
    lp.integrality_ = []
    highs = new_solver(lp, watch)
    status = run(highs, watch, "relaxation", whole=True)
    return np.array(highs.getSolution().col_value) if status == highspy.HighsModelStatus.kOptimal else None


def _improve(arrays: Arrays, groups: Sequence[Sequence[int]], watch: Watch, relaxed: np.ndarray) -> None:
    """Free some groups around the best plan, those first in which it differs most from the relaxation."""
    draw = np.random.default_rng(watch.limits.seed)
    fruitless = 0
    for _ in range(SEARCHES):
        near = watch.gap is not None and watch.gap <= watch.limits.gap
        if watch.best is None or near or fruitless >= SEARCHES_WITHOUT_GAIN or watch.should_stop() or not watch.seconds_left:
            return
        before = watch.best_cost
        apart = [np.abs(watch.best[group] - relaxed[group]).sum() for group in groups]
        weight = np.array(apart) / max(max(apart), 1e-9) + 0.1
        count = max(2, round(SHARE_FREED * len(groups)))
        freed = draw.choice(len(groups), size=min(count, len(groups)), replace=False, p=weight / weight.sum())
        fixed = np.where(arrays.integer, np.round(watch.best), np.nan)
        for group in sorted(freed):
            fixed[list(groups[group])] = np.nan
        _search(arrays, watch, fixed)
        fruitless = 0 if watch.best_cost < before - 1e-9 * abs(before) else fruitless + 1


def _search(arrays: Arrays, watch: Watch, fixed: np.ndarray) -> None:
    """Solve with the columns fixed that are not NaN, within a count of nodes."""
    held = ~np.isnan(fixed)
    lp = arrays.lp()
    lp.col_lower_ = np.where(held, fixed, arrays.column_lower)
    lp.col_upper_ = np.where(held, fixed, arrays.column_upper)
    highs = new_solver(lp, watch, mip_max_nodes=NODES_PER_SEARCH, mip_rel_gap=watch.limits.gap / 4)
    if watch.best is not None:
        give_start(highs, watch.best)
    run(highs, watch, "starting plans", whole=False)


def give_start(highs: highspy.Highs, values: np.ndarray) -> None:
    """Hand a plan to the solver as its first incumbent."""
    solution = highspy.HighsSolution()
    solution.col_value = list(values)
    highs.setSolution(solution)
