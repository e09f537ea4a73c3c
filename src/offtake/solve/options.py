"""What a group of whole-number columns may take, one choice at a time, and what each choice changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from .dispatch import Divided

AMOUNTS = 9
"""of a choice that are tried: one, the most, and some between"""


@dataclass(frozen=True)
class Own:
    """What the whole numbers alone are subject to, and cost: least <= activity <= most."""

    ties: csr_array
    """[row, column of y]"""
    by_whole: csr_array
    """[column of y, whole number]; the product with `ties` is much denser than either"""
    least: np.ndarray
    most: np.ndarray
    cost: np.ndarray
    """by whole number, with what it defines"""
    offset: float

    def activity(self, whole: np.ndarray) -> np.ndarray:
        return self.ties @ (self.by_whole @ whole)

    def costs(self, whole: np.ndarray) -> float:
        taken = np.flatnonzero(
            whole
        )  # few: a product over all wakes the threads of BLAS, which takes a thousand times longer
        return float(self.cost[taken] @ whole[taken]) + self.offset


@dataclass(frozen=True)
class Options:
    """Arrays by option: a choice of the group, in some amount."""

    columns: np.ndarray
    """whole numbers of the group"""
    choices: list[tuple[int, int]]
    """the whole number of each choice and the 0/1 column that opens it, or -1"""
    of: np.ndarray
    """[option] choice"""
    amount: np.ndarray
    """[option]"""
    cost: np.ndarray
    """[option] without dispatch"""
    rows: np.ndarray
    """own rows in which some choice has a term"""
    hurt: np.ndarray
    """[row] whether some option comes nearer to breaking it: the others matter only while they are broken"""
    per_unit: np.ndarray
    """[choice, row]"""
    once: np.ndarray
    """[choice, row]"""
    touched: np.ndarray
    """[part, j] places in what the part depends on; those beyond its end are none"""
    effects: np.ndarray
    """[part, effect, j] changes there"""
    effect: np.ndarray
    """[option, part]"""

    @cached_property
    def on_rows(self) -> np.ndarray:
        """[option, row] what each brings to the rows"""
        return self.once[self.of] + self.amount[:, None] * self.per_unit[self.of]


def own_of(parts: Divided) -> Own:
    """What the whole numbers of a divided problem are subject to without any dispatch."""
    matrix = parts.matrix
    rows, cost = csr_array(matrix.a)[parts.rows][:, parts.first], matrix.cost[parts.first]
    known = rows @ parts.constant
    return Own(
        ties=rows,
        by_whole=parts.by_whole,
        least=matrix.row_lower[parts.rows] - known,
        most=matrix.row_upper[parts.rows] - known,
        cost=parts.by_whole.T @ cost,
        offset=float(cost @ parts.constant) + matrix.offset,
    )


def options_of(parts: Divided, own: Own, tied: np.ndarray, groups: Sequence[Sequence[int]]) -> list[Options]:
    """By group. `tied`: [part, place] positions in y that a part depends on; none is beyond the end of y."""
    upper = parts.matrix.upper[parts.first[: parts.whole]]
    rows = csr_array(own.ties @ own.by_whole)
    openers = _openers(rows, own.most, upper)
    by_whole, on_rows = csr_array(parts.by_whole.T), csr_array(rows.T)
    found = []
    for group in groups:
        columns = np.searchsorted(parts.first[: parts.whole], np.array(sorted(group), int))
        opening = {openers[column] for column in columns.tolist() if column in openers}
        taken = [k for k in columns.tolist() if k not in opening and np.isfinite(upper[k]) and upper[k] >= 1]
        choices = [(column, openers.get(column, -1)) for column in taken]
        if choices:
            found.append(_options(columns, choices, upper, own, by_whole, on_rows, tied))
    return found


def _openers(rows: csr_array, most: np.ndarray, upper: np.ndarray) -> dict[int, int]:
    """Whole number -> the 0/1 column that opens it: some row n <= N z is of these two alone."""
    found: dict[int, int] = {}
    for row in np.flatnonzero((np.diff(rows.indptr) == 2) & (most == 0.0)):
        at = slice(rows.indptr[row], rows.indptr[row + 1])
        (number, weight), (opener, other) = sorted(
            zip(rows.indices[at], rows.data[at], strict=True), key=lambda t: -t[1]
        )
        if weight > 0 > other and upper[opener] == 1:
            found[int(number)] = int(opener)
    return found


def _options(columns, choices, upper, own: Own, by_whole: csr_array, on_rows: csr_array, tied: np.ndarray) -> Options:
    number, opener = (np.array(each, int) for each in zip(*choices, strict=True))
    amounts = [np.unique(np.rint(np.geomspace(1, upper[column], AMOUNTS))) for column in number]
    of, amount = np.repeat(np.arange(len(choices)), [len(each) for each in amounts]), np.concatenate(amounts)
    unit, once = _picked(on_rows, number), _picked(on_rows, opener)
    rows = np.unique(np.concatenate([unit.indices, once.indices]))
    per_unit, per_deal = unit[:, rows].toarray(), once[:, rows].toarray()
    more, less = ((sign * per_unit > 0) | (sign * per_deal > 0) for sign in (1, -1))
    hurt = more & np.isfinite(own.most[rows]) | less & np.isfinite(own.least[rows])
    touched, effects, effect = _effects(_picked(by_whole, number), _picked(by_whole, opener), of, amount, tied)
    return Options(
        columns=columns,
        choices=choices,
        of=of,
        amount=amount,
        cost=own.cost[number][of] * amount + np.where(opener >= 0, own.cost[opener], 0.0)[of],
        rows=rows,
        hurt=hurt.any(axis=0),
        per_unit=per_unit,
        once=per_deal,
        touched=touched,
        effects=effects,
        effect=effect,
    )


def _picked(rows: csr_array, at: np.ndarray) -> csr_array:
    """Rows by position, empty ones for -1."""
    return csr_array(rows[np.maximum(at, 0)].multiply(np.where(at >= 0, 1.0, 0.0)[:, None]))


def _effects(unit: csr_array, once: csr_array, of: np.ndarray, amount: np.ndarray, tied: np.ndarray):
    """What the options change in what every part depends on: places, distinct changes, and whose change is which."""
    used = np.unique(np.concatenate([unit.indices, once.indices]))
    where = [np.flatnonzero(np.isin(places, used)) for places in tied]
    width = max(map(len, where))
    touched = [np.pad(each, (0, width - len(each)), constant_values=tied.shape[1]) for each in where]
    changes, which = [], []
    for places, each in zip(tied, where, strict=True):
        at = places[each]
        change = once[:, at].toarray()[of] + amount[:, None] * unit[:, at].toarray()[of]
        distinct, back = np.unique(change, axis=0, return_inverse=True)
        changes.append(np.pad(distinct, ((0, 0), (0, width - len(each)))))
        which.append(back.reshape(-1))
    most = max(map(len, changes))
    effects = [np.pad(each, ((0, most - len(each)), (0, 0))) for each in changes]
    return np.array(touched), np.array(effects), np.array(which).T
