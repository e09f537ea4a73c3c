"""Large problems that fall apart by dispatch: a bound from cuts, and a plan from exchanges over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .dispatch import divided
from .exchange import Exchange, Found
from .handover import ROUNDED, Matrix
from .limits import Limits
from .loop import Ran, Watch
from .options import options_of, own_of
from .outcome import Ended
from .relaxed_by_parts import relaxed_by_parts

TOLERANCE = 1e-6
"""HiGHS' own, of what it calls a plan"""


def searched_by_parts(
    matrix: Matrix, groups: Sequence[Sequence[int]], limits: Limits, watch: Watch, start: np.ndarray | None = None
) -> Ran | None:
    """A bound of the whole, and a plan if one is found; None if the problem is small, or does not fall apart.

    `groups` are columns decided together, `start` is a plan to begin with: if None, one is sought.
    """
    parts = divided(matrix)
    if parts is None:
        return None
    state = Ran(ended=Ended.LIMIT, message="the plan in hand is not proven to be near the best")

    def take(x: np.ndarray | None, phase: str = "proving") -> None:
        if x is not None and _keeps(matrix, x):
            state.x, state.objective = x, matrix.objective(x)
            watch.tell(state, phase)

    def enough(found: Found) -> bool:
        if found.cost < state.objective:
            take(parts.plan(parts.decided(found.whole)))
        return state.gap <= limits.gap

    idle = np.ceil(np.clip(0.0, matrix.lower, matrix.upper)[parts.first[: parts.whole]])
    take(parts.plan(parts.decided(idle)) if start is None else start, "starting plan")
    known = replace(
        watch, tell=lambda ran, phase: watch.tell(replace(ran, x=state.x, objective=state.objective), phase)
    )
    relaxed = relaxed_by_parts(parts, limits, known)
    if relaxed is None:
        return None if state.x is None else state
    state.bound, cuts = relaxed
    if state.gap > limits.gap:
        own = own_of(parts)
        search = Exchange(parts, own, options_of(parts, own, cuts.tied, groups), cuts, limits, watch)
        first = search.plan() if start is None else search.begun(start[parts.first[: parts.whole]])
        if first is not None:
            search.improved(first, enough)
    return state


def _keeps(matrix: Matrix, x: np.ndarray) -> bool:
    """Whether values of all columns are a plan, whatever the search thought of them."""
    rows, rounding = matrix.a @ x, ROUNDED * (abs(matrix.a) @ np.abs(x))
    broken = [
        np.maximum(matrix.row_lower - rows, rows - matrix.row_upper) - rounding,
        np.maximum(matrix.lower - x, x - matrix.upper),
        np.abs(x - np.rint(x))[matrix.integer],
    ]
    return max(each.max(initial=0.0) for each in broken) <= TOLERANCE
