"""One contingency as a linear program: the least that lacks of what must be kept, in shares of that.

    min sum_(w,t,b,nu) lack
    sum_p y[p,w,t,b,nu] + lack[w,t,b,nu] = 1                            v
    sum_w (keep D / R) y[p,w,t,b,nu] <= what p has in (t,nu)            u
    y[p,w,t,b,nu] <= h of the port that (p,w) waits for                 q

It falls apart by (period, block, node). Only what is there and the ports change from one question to the next: the
program is kept, and a question goes on from the basis of the last one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import highspy
import numpy as np
from scipy.sparse import coo_array, csr_array

from offtake_models.resilience import asked, asking_slots

from .left import Left

if TYPE_CHECKING:
    from offtake_models.problem import Problem

TOLERANCE = 1e-9
"""share of what must be kept"""


@dataclass(frozen=True)
class Dispatch:
    """The least that is lacking, and its prices. Slots and needs are those of the contingency, in the order of Left."""

    share: np.ndarray
    """[slot] of what must be kept"""
    lack: np.ndarray
    """[need] of what must be kept"""
    worth: np.ndarray
    """v: [need] at least 0"""
    price: np.ndarray
    """u: [row] for all that a place has, in units of `Loss.unit`; at least 0"""


class Loss:
    """The program of contingency `k`."""

    def __init__(self, problem: Problem, left: Left, k: int):
        contingency = problem.contingencies[k]
        asking = dict.fromkeys(asking_slots(problem, contingency))
        lost = dict.fromkeys(contingency.pools)
        self.slots = np.array(
            [i for i, slot in enumerate(left.slots) if slot[0] not in lost and slot[1:] in asking], dtype=int
        )
        """positions in Left"""
        self.needs = np.array([i for i, need in enumerate(left.needs) if need in asking], dtype=int)
        """positions in Left"""
        self.need_of = np.searchsorted(self.needs, left.need_of[self.slots])
        """[slot]"""
        self.amount = np.array([_amount(problem, contingency, left.slots[i]) for i in self.slots])
        """[slot] accelerators that would serve all that must be kept"""
        blocks = np.array([left.slots[i][3] for i in self.slots], dtype=int)
        rows, self.row_of = np.unique(left.place_of[self.slots] * len(problem.blocks) + blocks, return_inverse=True)
        self.place_of = rows // max(len(problem.blocks), 1)
        """[row]"""
        self.unit = np.zeros(len(rows))
        """[row] accelerators: what is there is counted in the most that one workload could use"""
        np.maximum.at(self.unit, self.row_of, self.amount)
        moments = {left.needs[i][1:]: None for i in self.needs}
        position = {moment: i for i, moment in enumerate(moments)}
        self.moments = len(moments)
        """(period, block, node) in which something must be kept"""
        self.moment_of = np.array([position[left.needs[i][1:]] for i in self.needs], dtype=int)
        """[need]"""
        self._waiting = np.flatnonzero(left.waiting[self.slots])
        self._solver = self._program()

    @property
    def used(self) -> np.ndarray:
        """[slot] of what is there in its row, for all that must be kept."""
        return self.amount / self.unit[self.row_of]

    def dispatch(self, there: np.ndarray, ported: np.ndarray) -> Dispatch:
        """`there`: [place] accelerators; `ported`: [slot] share of a port that is done."""
        needs, rows, solver = len(self.needs), len(self.unit), self._solver
        room = np.maximum(there[self.place_of] / self.unit, 0.0)
        solver.changeRowsBounds(rows, np.arange(needs, needs + rows), np.full(rows, -np.inf), room)
        if len(self._waiting):
            most = np.clip(ported[self.slots][self._waiting], 0.0, 1.0)
            solver.changeColsBounds(len(most), self._waiting, np.zeros(len(most)), most)
        solver.run()
        found = solver.getSolution()
        values, duals = np.array(found.col_value), np.array(found.row_dual)
        return Dispatch(
            share=values[: len(self.slots)],
            lack=values[len(self.slots) :],
            worth=np.maximum(duals[:needs], 0.0),
            price=np.maximum(-duals[needs:], 0.0),
        )

    def _program(self) -> highspy.Highs:
        slots, needs, rows = len(self.slots), len(self.needs), len(self.unit)
        row = np.concatenate([self.need_of, needs + self.row_of, np.arange(needs)])
        column = np.concatenate([np.arange(slots), np.arange(slots), slots + np.arange(needs)])
        numbers = np.concatenate([np.ones(slots), self.used, np.ones(needs)])
        a = csr_array(coo_array((numbers, (row, column)), shape=(needs + rows, slots + needs)))
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("threads", 1)
        solver.setOptionValue("primal_feasibility_tolerance", TOLERANCE)
        columns = slots + needs
        solver.addVars(columns, np.zeros(columns), np.full(columns, np.inf))
        solver.changeColsCost(needs, np.arange(slots, columns), np.ones(needs))
        least = np.concatenate([np.ones(needs), np.full(rows, -np.inf)])
        most = np.concatenate([np.ones(needs), np.zeros(rows)])
        solver.addRows(needs + rows, least, most, a.nnz, a.indptr[:-1], a.indices, a.data)
        return solver


def _amount(problem: Problem, contingency, slot) -> float:
    pool, workload, t, _block, node = slot
    return asked(problem, contingency, slot[1:]) / float(
        problem.rate[pool, workload][problem.representative(t, node), t]
    )
