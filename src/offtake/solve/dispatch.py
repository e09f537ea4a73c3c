"""Dispatch: with the whole numbers decided, a large problem falls apart into linear programs that share nothing.

    V_k(y) = min { c x : lo - B y <= A x <= hi - B y, l <= x <= min(u, h - G y) }          one part k, y decided
    V_k(y') >= V_k(y) + g (y' - y),   g = -B' (row duals) - G' (duals of the bounds)        for every y'

The second line is what a dual solution proves of all decisions at once: a cut (Benders, Numerische Mathematik 4, 1962).
Rows with one column of the part are bounds on it, which keeps a part small: the strong rows of a model are such. y are
whole numbers and what equations define by them (what a pool holds, what is signed), so that a cut has few terms.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import highspy
import numpy as np
from scipy.sparse import csc_array, csr_array, eye_array, vstack
from scipy.sparse.csgraph import connected_components

from .handover import Matrix
from .loop import prepared

LEAST_PARTS = 6
LEAST_NONZEROS = 10_000
"""of a problem that is worth taking apart: smaller ones are solved faster in one piece"""


@dataclass(frozen=True)
class Cut:
    """No dispatch of a part costs less than constant + slope y[tied columns of the part]."""

    part: int
    constant: float
    slope: np.ndarray

    def at(self, tied: np.ndarray) -> float:
        return self.constant + float(self.slope @ tied)


@dataclass(frozen=True)
class Divided:
    """A problem in parts. y are the values of the columns in `first`."""

    matrix: Matrix
    first: np.ndarray
    """columns by position: whole numbers, then what they define"""
    by_whole: csr_array
    """[column of first, whole number] y = by_whole @ whole + constant"""
    constant: np.ndarray
    rows: np.ndarray
    """rows without columns of a part"""
    parts: list[Part]

    @property
    def whole(self) -> int:
        """How many columns of `first` are whole numbers."""
        return self.by_whole.shape[1]

    def decided(self, whole: np.ndarray) -> np.ndarray:
        """y of whole numbers."""
        return self.by_whole @ whole + self.constant

    def cuts(self, y: np.ndarray) -> list[Cut] | None:
        """One of each part, exact at y: together they are what dispatch costs there. None if there is no dispatch."""
        found = []
        for k, part in enumerate(self.parts):
            cut = part.cut(k, y[part.tied])
            if cut is None:
                return None
            found.append(cut)
        return found

    def plan(self, y: np.ndarray) -> np.ndarray | None:
        """Values of all columns: y with the cheapest dispatch. None if there is none."""
        if self.cuts(y) is None:
            return None
        x = np.clip(0.0, self.matrix.lower, self.matrix.upper)
        x[self.first] = y
        for part in self.parts:
            x[part.columns] = part.solver.getSolution().col_value
        return x


def divided(matrix: Matrix) -> Divided | None:
    """The parts of a problem; None if it is small, or hangs together."""
    if matrix.a.nnz < LEAST_NONZEROS:
        return None
    matrix, loose = _settled(matrix)
    a, whole = csr_array(matrix.a), np.flatnonzero(matrix.integer)
    by_row = _definitions(a, matrix, loose)
    defined = np.array(list(by_row), int)
    loose = np.setdiff1d(loose, defined)
    of_row, of_column = _components(csr_array(abs(a[:, loose])))
    count = len(np.unique(of_column))
    if count < LEAST_PARTS:
        return None
    first = np.concatenate([whole, defined])
    by_whole, constant = _by_whole(a, matrix, whole, by_row)
    parts = [Part(matrix, a, np.flatnonzero(of_row == k), loose[of_column == k], first) for k in np.unique(of_column)]
    rows = np.flatnonzero(~np.isin(of_row, of_column))
    return Divided(matrix, first, by_whole, constant, rows, parts)


def _settled(matrix: Matrix) -> tuple[Matrix, np.ndarray]:
    """The same with what is fixed moved into the bounds of rows and the offset, and the columns that are left to decide
    beside the whole numbers."""
    fixed = ~matrix.integer & (matrix.lower == matrix.upper)
    values, free = np.where(fixed, matrix.lower, 0.0), np.where(fixed, 0.0, 1.0)
    known, a = matrix.a @ values, csc_array(matrix.a.multiply(free[None, :]))
    a.eliminate_zeros()
    settled = replace(
        matrix,
        a=a,
        row_lower=matrix.row_lower - known,
        row_upper=matrix.row_upper - known,
        cost=matrix.cost * free,
        offset=matrix.objective(values),
    )
    return settled, np.flatnonzero(~matrix.integer & ~fixed)


def _definitions(a: csr_array, matrix: Matrix, continuous: np.ndarray) -> dict[int, int]:
    """Column -> the equation that says what it is in whole numbers."""
    terms = csr_array(a[:, continuous])
    found: dict[int, int] = {}
    for row in np.flatnonzero((matrix.row_lower == matrix.row_upper) & (np.diff(terms.indptr) == 1)):
        found.setdefault(int(continuous[terms.indices[terms.indptr[row]]]), int(row))
    return dict(sorted(found.items()))


def _by_whole(a: csr_array, matrix: Matrix, whole: np.ndarray, by_row: dict[int, int]) -> tuple[csr_array, np.ndarray]:
    """y = the first @ whole + the second: whole numbers are themselves, the others follow from their equations."""
    rows, columns = list(by_row.values()), list(by_row)
    weight = a[rows][:, columns].diagonal()
    terms = csr_array(a[rows][:, whole]).multiply(-1 / weight[:, None])
    constant = np.concatenate([np.zeros(len(whole)), matrix.row_lower[rows] / weight])
    return csr_array(vstack([eye_array(len(whole)), terms])), constant


def _components(ties: csr_array) -> tuple[np.ndarray, np.ndarray]:
    """The component of every row and of every column; rows without a column are components of their own."""
    rows, columns = ties.shape
    found = ties.tocoo()
    graph = csr_array((found.data, (found.row, rows + found.col)), shape=(rows + columns, rows + columns))
    label = connected_components(graph, directed=False)[1]
    return label[:rows], label[rows:]


class Part:
    """One linear program, kept warm from one decision to the next."""

    def __init__(self, matrix: Matrix, a: csr_array, rows: np.ndarray, columns: np.ndarray, first: np.ndarray):
        here, self.columns = csr_array(a[rows]), columns
        inside, ties = csr_array(here[:, columns]), csr_array(here[:, first])
        self.tied = np.unique(ties.indices)
        """positions in `first`: what the part depends on"""
        ties = csr_array(ties[:, self.tied])
        limits = _limiting(inside, matrix.row_lower[rows])
        weight, self.limited = inside[limits].data, inside[limits].indices.astype(np.int32)
        self.limit = matrix.row_upper[rows][limits] / weight
        self.limit_ties = csr_array(ties[limits].multiply(1 / weight[:, None]))
        self.row_lower, self.row_upper = matrix.row_lower[rows][~limits], matrix.row_upper[rows][~limits]
        self.ties = csr_array(ties[~limits])
        self.lower, self.upper = matrix.lower[columns][self.limited], matrix.upper[columns][self.limited]
        self.program = Matrix(
            a=inside[~limits].tocsc(),
            row_lower=self.row_lower,
            row_upper=self.row_upper,
            cost=matrix.cost[columns],
            offset=0.0,
            lower=matrix.lower[columns],
            upper=matrix.upper[columns],
            integer=np.zeros(len(columns), bool),
        )
        self.solver = prepared(self.program, {"presolve": "off", "threads": 1})
        self.in_force = self.upper
        """the limits that the solver holds"""

    def cut(self, k: int, tied: np.ndarray) -> Cut | None:
        """What dispatch costs for the values it depends on, and elsewhere at least; None if there is none."""
        moved, scale = self.ties @ tied, self.program.cost_scale
        # a limit below its column's bound, as rounding leaves it, counts as there: the cut is only weaker
        upper = np.minimum(self.upper, np.maximum(self.limit - self.limit_ties @ tied, self.lower))
        rows = np.arange(len(moved), dtype=np.int32)
        self.solver.changeRowsBounds(len(rows), rows, self.row_lower - moved, self.row_upper - moved)
        new = np.flatnonzero(upper != self.in_force)  # few of many thousand: to set them all takes as long as to solve
        self.solver.changeColsBounds(len(new), self.limited[new], self.lower[new], upper[new])
        self.in_force = upper
        self.solver.run()
        if self.solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        dual = self.solver.getSolution()
        tight = np.where(upper < self.upper, np.minimum(np.array(dual.col_dual)[self.limited], 0.0), 0.0)
        slope = -(self.ties.T @ np.array(dual.row_dual) + self.limit_ties.T @ tight) / scale
        cost = self.solver.getInfo().objective_function_value / scale
        return Cut(k, cost - float(slope @ tied), slope)


def _limiting(inside: csr_array, lower: np.ndarray) -> np.ndarray:
    """Rows that are an upper limit on a single column, the first of each column."""
    single = (np.diff(inside.indptr) == 1) & np.isneginf(lower)
    at = np.flatnonzero(single)
    at = at[inside.data[inside.indptr[at]] > 0]
    _, firsts = np.unique(inside.indices[inside.indptr[at]], return_index=True)
    found = np.zeros(inside.shape[0], bool)
    found[at[np.sort(firsts)]] = True
    return found
