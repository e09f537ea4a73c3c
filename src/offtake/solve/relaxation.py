"""The relaxation of a model, with rows added for as long as it breaks any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import highspy
import numpy as np

from .handover import Matrix, Rows
from .limits import Limits
from .loop import Watch, prepared, watched
from .outcome import Ended


def tightened(
    matrix: Matrix, lazy: Callable[[np.ndarray], Rows | None], limits: Limits, watch: Watch
) -> tuple[Matrix, np.ndarray | None]:
    """The matrix with the rows that its relaxation breaks, and the values of that; None if it came to no end.

    Each round goes on from the basis of the last one.
    """
    relaxed = replace(matrix, integer=np.zeros_like(matrix.integer))
    solver = prepared(relaxed, {"threads": limits.threads, "random_seed": limits.seed})
    while True:
        if watched(solver, relaxed, watch, "starting plan").ended is not Ended.OPTIMAL:
            return matrix, None
        x = np.array(solver.getSolution().col_value)  # after a warm start a little outside its rows at times
        rows = lazy(x)
        if rows is None or not rows.broken(x):
            return matrix, x
        matrix = matrix.with_rows(rows)
        _add(solver, rows)


def _add(solver: highspy.Highs, rows: Rows) -> None:
    count, a = len(rows.least), rows.a
    solver.addRows(count, rows.least, np.full(count, np.inf), a.nnz, a.indptr[:-1], a.indices, a.data)
