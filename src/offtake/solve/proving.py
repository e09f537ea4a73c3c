"""The search of branches, one after the other, with the plan in hand and what is proven of the whole.

The bound of the whole is the least of its parts. A part is searched only as far as the plan in hand leaves something
to be found, and "there is no plan" is only said when a second solve without presolve says it too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .branches import Branch, branches_of
from .decomposition import searched_by_parts
from .handover import Matrix
from .limits import Limits
from .loop import Ran, Watch, run
from .outcome import PROVEN, Ended, relative_gap
from .start import starting_plan

VERDICTS = (Ended.OPTIMAL, Ended.UNBOUNDED, Ended.LIMIT, Ended.INTERRUPTED)
"""that need no second solve"""


def prove(
    matrix: Matrix,
    groups: Sequence[Sequence[int]],
    limits: Limits,
    watch: Watch,
    start: np.ndarray | None = None,
    branches: list[Branch] | None = None,
) -> Ran:
    """Search the whole. `groups` are columns decided together, `start` is a plan to begin with: if None, one is sought.
    `branches` are its parts, where they are known.

    Whoever is told hears of the plan in hand and the bound of the whole.
    """
    by_parts = searched_by_parts(matrix, groups, limits, watch, start)
    if by_parts is not None:
        branches = [Branch(matrix, bound=by_parts.bound)]
        if start is None or by_parts.objective < matrix.objective(start):
            start = by_parts.x
    elif branches is None:
        branches = branches_of(matrix, groups, limits, watch.quiet())
    if start is None and branches:
        known = Ran(bound=min(branch.bound for branch in branches))
        start = starting_plan(branches[0], limits, watch.quiet(lambda: known))
    search = _Search(limits, watch, [branch.bound for branch in branches])
    if start is not None:
        search.best = Ran(start, matrix.objective(start), min(search.bounds), 0, Ended.OPTIMAL, PROVEN)
    for k, branch in enumerate(branches):
        if not search.enough(search.best, search.bounds[k]) and not search.through(branch, k):
            break
    return search.best


@dataclass
class _Search:
    limits: Limits
    watch: Watch
    bounds: list[float]
    """by branch: no plan of it costs less"""
    best: Ran = field(
        default_factory=lambda: Ran(
            ended=Ended.INFEASIBLE, message="no plan keeps every constraint, and a second solve confirms it"
        )
    )
    """of all branches together"""

    def enough(self, ran: Ran, bound: float) -> bool:
        """Whether nothing within a bound is worth looking for beside the plan of a run."""
        near = bound >= ran.objective or relative_gap(ran.objective, bound) <= self.limits.gap
        return ran.x is not None and near

    def through(self, branch: Branch, k: int) -> bool:
        """Search one branch, and take note of what comes out. False if the search ends here."""
        found = self._confirmed(branch, k)
        none_there = found.ended is Ended.INFEASIBLE
        self.bounds[k] = math.inf if none_there else max(self.bounds[k], found.bound)
        self.best = self._with(found, k)
        done = none_there or self.enough(self.best, self.bounds[k])
        if not done:
            self.best.ended, self.best.message = found.ended, found.message
        elif self.best.x is not None:
            self.best.ended, self.best.message = Ended.OPTIMAL, PROVEN
        return done

    def _with(self, ran: Ran, k: int) -> Ran:
        """The state of the whole while branch k is being searched."""
        better = ran if ran.objective < self.best.objective else self.best
        elsewhere = min(self.bounds[:k] + self.bounds[k + 1 :], default=math.inf)
        return Ran(
            x=better.x,
            objective=better.objective,
            bound=min(elsewhere, max(self.bounds[k], ran.bound)),
            nodes=self.best.nodes + ran.nodes,
            ended=self.best.ended,
            message=self.best.message,
        )

    def _confirmed(self, branch: Branch, k: int) -> Ran:
        """Run the solver on a branch, and again without presolve if the verdict is that there is nothing to find."""
        first = self._run(branch, k, "proving", {})
        if first.ended in VERDICTS:
            return first
        second = self._run(branch, k, "confirming", {"presolve": "off"})
        if second.ended in (Ended.LIMIT, Ended.INTERRUPTED):
            second.message += f" before a second solve could confirm the verdict of the first: {first.message}"
        elif second.ended is Ended.UNBOUNDED and first.ended is Ended.INFEASIBLE:
            second.ended = Ended.FAILED
            second.message = "two solves disagree: one finds no plan, the other no end of them"
        return second

    def _run(self, branch: Branch, k: int, phase: str, more: dict[str, Any]) -> Ran:
        options = {"mip_rel_gap": self.limits.gap, "mip_abs_gap": 0.0, "threads": self.limits.threads}
        seeded = {**options, "random_seed": self.limits.seed, **more}
        here = replace(self.watch, tell=lambda ran, phase: self.watch.tell(self._with(ran, k), phase))

        def enough(ran: Ran) -> bool:
            return self.enough(self._with(ran, k), max(self.bounds[k], ran.bound))

        # a plan in hand that is none of this branch is of no use to the solver there, and does no harm
        return run(branch.matrix, here, phase, seeded, self.best.x, enough)
