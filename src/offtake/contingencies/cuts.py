"""Rows in the signings alone, from what lacks when something is lost: `survives` in `offtake_models.resilience`."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array, csr_array

from ..solve import Rows
from .left import Left
from .loss import Dispatch, Loss

SCALE = 10.0
"""Rows are in tenths of what must be kept of a workload: what the solver's tolerance hides is then less than ENOUGH"""


def cuts(left: Left, loss: Loss, found: Dispatch, moments: np.ndarray) -> Rows:
    """One row over `left.variables` for each of the moments, from the prices found."""
    row = np.full(loss.moments, -1)
    row[moments] = np.arange(len(moments))
    of_need = row[loss.moment_of]
    of_slot = of_need[loss.need_of]
    of_row = np.full(len(loss.unit), -1)
    of_row[loss.row_of] = of_slot
    price, waiting = _prices(left, loss, found)
    priced = _sums(of_row, loss.place_of, price / loss.unit, (len(moments), len(left.places)))
    ported = _sums(of_slot, loss.slots, waiting, (len(moments), len(left.slots)))
    a = (priced @ left.held + ported @ left.waits).toarray()
    least = np.bincount(of_need[of_need >= 0], found.worth[of_need >= 0], len(moments)) - priced @ left.given
    return Rows(csr_array(SCALE * strengthened(a, least, left)), SCALE * least)


def _prices(left: Left, loss: Loss, found: Dispatch) -> tuple[np.ndarray, np.ndarray]:
    """u [row] and q [slot] that cover v exactly: u used + q >= v, with q only where a slot waits for a port."""
    worth = found.worth[loss.need_of]
    free = ~left.waiting[loss.slots]
    price = found.price.copy()
    np.maximum.at(price, loss.row_of[free], (worth / loss.used)[free])
    return price, np.where(free, 0.0, np.maximum(worth - price[loss.row_of] * loss.used, 0.0))


def _sums(row: np.ndarray, column: np.ndarray, number: np.ndarray, shape: tuple[int, int]) -> csr_array:
    """Of the entries whose row is none of the moments', nothing."""
    inside = row >= 0
    return csr_array(coo_array((number[inside], (row[inside], column[inside])), shape=shape))


def strengthened(a: np.ndarray, least: np.ndarray, left: Left) -> np.ndarray:
    """Coefficients [row, variable] no larger than what the row asks for: `survives` says why."""
    tied = np.zeros_like(a, dtype=bool)
    for ending, ended in left.breaks:
        tied[:, ending] = np.isclose(a[:, ending], -a[:, ended], rtol=1e-9, atol=0.0)
    loose = np.where(tied, 0.0, np.maximum(-a, 0.0)) @ left.most
    capped = np.minimum(a, (least + loose)[:, None])
    for ending, ended in left.breaks:
        capped[:, ending] = np.where(tied[:, ending], -capped[:, ended], capped[:, ending])
    return capped
