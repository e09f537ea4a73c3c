"""Branches: what weighs most is decided first, and the problem falls into parts that together leave nothing out.

All-or-nothing decisions (a whole site, now or never) leave the relaxation far from any plan: it takes a third of the
site, and no cutting plane says otherwise. So the group of 0/1 columns with the most money in fractions is decided
before the search begins: none of them is taken, or at least one. Each part is relaxed, and divided again while that
lifts its bound by much. Every plan lies in one of the parts, so the least of their bounds bounds them all;
a part whose bound is no better than a plan in hand is never searched.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csc_array, csr_array, vstack

from .handover import Matrix
from .limits import Limits
from .loop import Watch, run
from .outcome import Ended

FEW_INTEGERS = 150
"""with fewer whole-number columns the solver needs no help"""
MOST_BRANCHES = 8
WORTH_DECIDING = 0.02
"""of the relaxation's cost: money in fractions of a group below which it is left to the search"""
LIFT = 0.05
"""of the bound: what a division must add to it; the solver's own branching is better at less"""


@dataclass(frozen=True)
class Branch:
    """A part of the problem, in which some groups are decided."""

    matrix: Matrix
    """has the columns of the whole; a row is added for each group of which something is taken"""
    without: tuple[int, ...] = ()
    """positions of groups of which nothing is taken"""
    with_some: tuple[int, ...] = ()
    """positions of groups of which something is taken"""
    bound: float = -math.inf
    """no plan of this part costs less"""
    x: np.ndarray | None = None
    """values of its relaxation, if that has an optimum"""

    @property
    def decided(self) -> tuple[int, ...]:
        """Positions of groups."""
        return self.without + self.with_some

    @property
    def in_fractions(self) -> float:
        """Money in fractions of columns that must be whole; infinite if the relaxation is not known."""
        return math.inf if self.x is None else float(_split(self)[self.matrix.integer].sum())


def branches_of(matrix: Matrix, groups: Sequence[Sequence[int]], limits: Limits, watch: Watch) -> list[Branch]:
    """The parts to be searched, the one that is nearest to whole first. `groups` are columns decided together.

    Empty if there is no plan, by two solves of the relaxation of every part.
    """
    whole = Branch(matrix)
    if matrix.integer.sum() < FEW_INTEGERS or not groups:
        return [whole]
    open_, done = _relaxed([whole], limits, watch), []
    while open_ and len(open_) + len(done) < MOST_BRANCHES:
        branch = open_.pop(0)
        heaviest = _heaviest(branch, groups)
        if heaviest is None:
            done.append(branch)
            continue
        halves = _relaxed([_without(branch, groups, heaviest), _with_some(branch, groups, heaviest)], limits, watch)
        if min((half.bound for half in halves), default=math.inf) - branch.bound < LIFT * abs(branch.bound):
            done.append(branch)
        else:
            open_ = sorted([*open_, *halves], key=lambda half: half.bound)
    return sorted([*open_, *done], key=lambda branch: branch.in_fractions)


def with_rows(branches: Sequence[Branch], matrix: Matrix, groups: Sequence[Sequence[int]]) -> list[Branch]:
    """The same parts of a problem to which rows have been added: what bounded them bounds them still."""
    added = []
    for branch in branches:
        part = Branch(matrix, bound=branch.bound, x=branch.x)
        for k in branch.without:
            part = _without(part, groups, k)
        for k in branch.with_some:
            part = _with_some(part, groups, k)
        added.append(part)
    return added


def _relaxed(branches: list[Branch], limits: Limits, watch: Watch) -> list[Branch]:
    """The same with bounds and values of their relaxations, without those that two solves prove to have no plan."""
    known = []
    for branch in branches:
        matrix = replace(branch.matrix, integer=np.zeros_like(branch.matrix.integer))
        options = {"threads": limits.threads, "random_seed": limits.seed}
        ran = run(matrix, watch, "starting plan", options)
        if ran.ended is Ended.INFEASIBLE:
            ran = run(matrix, watch, "starting plan", {**options, "presolve": "off"})
        if ran.ended is Ended.OPTIMAL and ran.x is not None:
            known.append(replace(branch, bound=max(branch.bound, ran.objective), x=ran.x))
        elif ran.ended is not Ended.INFEASIBLE:
            known.append(replace(branch, x=None))
    return known


def _heaviest(branch: Branch, groups: Sequence[Sequence[int]]) -> int | None:
    """The position of the undecided group of 0/1 columns with the most money in fractions, if it is worth deciding."""
    if branch.x is None:
        return None
    upper, split = branch.matrix.upper, _split(branch)
    free = [k for k, group in enumerate(groups) if k not in branch.decided and upper[list(group)].max(initial=0) == 1]
    heaviest = max(free, key=lambda k: split[list(groups[k])].sum(), default=None)
    worth = WORTH_DECIDING * abs(branch.bound)
    return heaviest if heaviest is not None and split[list(groups[heaviest])].sum() > worth else None


def _split(branch: Branch) -> np.ndarray:
    """[column] money in the fraction of the relaxation."""
    return np.abs(branch.x - np.round(branch.x)) * np.abs(branch.matrix.cost)


def _without(branch: Branch, groups: Sequence[Sequence[int]], k: int) -> Branch:
    """Nothing of a group is taken."""
    upper = branch.matrix.upper.copy()
    upper[list(groups[k])] = 0.0
    return replace(branch, matrix=replace(branch.matrix, upper=upper), without=(*branch.without, k))


def _with_some(branch: Branch, groups: Sequence[Sequence[int]], k: int) -> Branch:
    """At least one column of a group is taken."""
    matrix, group = branch.matrix, list(groups[k])
    row = csr_array((np.ones(len(group)), (np.zeros(len(group), int), group)), shape=(1, matrix.a.shape[1]))
    taken = replace(
        matrix,
        a=csc_array(vstack([matrix.a, row])),
        row_lower=np.append(matrix.row_lower, 1.0),
        row_upper=np.append(matrix.row_upper, np.inf),
    )
    return replace(branch, matrix=taken, with_some=(*branch.with_some, k))
