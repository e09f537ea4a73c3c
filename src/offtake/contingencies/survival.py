"""Whether what is decided survives every contingency: what it breaks if not, and the dispatch if it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, vstack

from ..plan.decisions import Decisions
from ..solve import Handover, Outcome, Rows
from .cuts import cuts
from .left import Slot, left_of
from .loss import Dispatch, Loss

if TYPE_CHECKING:
    from pyomo.environ import ConcreteModel

    from offtake_models.problem import Problem

ENOUGH = 5e-7
"""share of what must be kept that may be lacking: half of what an audit allows"""
NOISE = 1e-9
"""share of what must be kept"""
TELLING = 1e-6
"""tolerance on rows, which are in tenths of what must be kept of a workload"""
WHOLE = 1e-5
"""how far from a whole number the solver may leave one"""


class Survival:
    """The contingencies of a problem, asked of a model of it."""

    def __init__(self, problem: Problem, model: ConcreteModel):
        self._problem = problem
        self._left = left_of(problem, model)
        self._losses = [Loss(problem, self._left, k) for k, _ in enumerate(problem.contingencies)]
        self._whole = np.array([not variable.is_continuous() for variable in self._left.variables], dtype=bool)
        self._written_out = list(dict.fromkeys(index[0] for index in model.kept_when_lost))
        """contingencies whose dispatch the model has itself"""
        self._asked: list[tuple[int, Rows]] = []
        """what was asked for: contingency and rows over the variables that decide"""
        self.lacking: list[int] = []
        """contingencies that what was looked at last does not survive"""

    def lazily(self, handed: Handover) -> Callable[[np.ndarray], Rows | None]:
        """For a search of the model: values of all columns -> the rows `survives` that they break."""
        position, variables = handed.position(), self._left.variables
        free = np.array([id(variable) in position for variable in variables], dtype=bool)
        columns = np.array([position[id(variable)] for variable in variables if id(variable) in position], dtype=int)
        values = np.array([variable.value if variable.fixed else 0.0 for variable in variables], dtype=float)

        def broken(x: np.ndarray) -> Rows | None:
            values[free] = x[columns]
            rows = self.broken(values)
            if not rows:
                return None
            a = csr_array(vstack([each.a for each in rows]))
            least = np.concatenate([each.least for each in rows]) - a[:, ~free] @ values[~free]
            asked = a[:, free].tocoo()
            spread = csr_array((asked.data, (asked.row, columns[asked.col])), shape=(a.shape[0], len(x)))
            return Rows(spread, least)

        return broken

    def broken(self, values: np.ndarray) -> list[Rows]:
        """Of each contingency that is not survived, a row for each (period, block, node) in which something lacks."""
        rows, self.lacking = [], []
        for k, (loss, found) in enumerate(zip(self._losses, self._dispatched(values), strict=True)):
            lack = np.bincount(loss.moment_of, np.where(found.lack > ENOUGH, found.lack, 0.0), loss.moments)
            if lack.any():
                self.lacking.append(k)
                rows.append(cuts(self._left, loss, found, np.flatnonzero(lack)))
        self._asked.extend(zip(self.lacking, rows, strict=True))
        return rows

    def completed(self, decisions: Decisions) -> Decisions:
        """Decisions read from the model, with the dispatch of each contingency."""
        return replace(decisions, rerouted=self._rerouted(), enforced=self._binding())

    def explained(self, outcome: Outcome) -> Outcome:
        """An outcome; if the search was stopped without a plan, with what those that it found do not survive."""
        if outcome.objective is not None or outcome.status not in ("time_limit", "interrupted") or not self.lacking:
            return outcome
        lost = ", ".join(self._problem.contingencies[k].name for k in self.lacking)
        message = f"stopped before a plan was found that survives the loss of any of {lost}"
        return replace(outcome, message=message)

    def _binding(self) -> list[int]:
        """Contingencies whose dispatch the model has, or that ask for so much that a block less would not survive."""
        values = self._values()
        held = values > 0.5
        found = dict.fromkeys(self._written_out)
        for k, rows in self._asked:
            spare = rows.a @ values - rows.least
            if ((rows.a.toarray() > spare[:, None] + TELLING) & held).any():
                found[k] = None
        return sorted(found)

    def _values(self) -> np.ndarray:
        """[variable] as the model holds them."""
        return np.array([variable.value for variable in self._left.variables], dtype=float)

    def _rerouted(self) -> dict[tuple[int, *Slot], float]:
        """(contingency, *slot) -> accelerators that serve what must be kept, with the values that the model holds."""
        found: dict[tuple[int, *Slot], float] = {}
        for k, (loss, dispatch) in enumerate(zip(self._losses, self._dispatched(self._values()), strict=True)):
            for i in np.flatnonzero(dispatch.share > NOISE):
                found[k, *self._left.slots[loss.slots[i]]] = float(dispatch.share[i] * loss.amount[i])
        return found

    def _dispatched(self, values: np.ndarray) -> list[Dispatch]:
        nearest = np.rint(values)
        exact = np.where(self._whole & (np.abs(values - nearest) < WHOLE), nearest, values)
        there, ported = self._left.given + self._left.held @ exact, self._left.waits @ exact
        return [loss.dispatch(there, ported) for loss in self._losses]
