"""Rows that are added where a plan breaks them: there are too many to write down, and few of them matter.

First the relaxation is solved again and again, until it breaks none; then a plan near the starting plan is sought that
keeps all; then the whole is searched from there. If what that finds breaks rows, they are added and the search goes on.
Rows are only ever added, so a bound of any round is one of the whole, and a plan counts only if it keeps every row: as
soon as the best one of those is within the gap of the best bound, that is the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from .branches import Branch, branches_of, with_rows
from .finish import finish
from .handover import Matrix, Rows
from .limits import Limits
from .loop import Ran, Watch, run
from .outcome import PROVEN, Ended, relative_gap
from .relaxation import tightened
from .start import starting_plan, within

Lazy = Callable[[np.ndarray], Rows | None]
"""values of all columns -> rows that they break and no plan may; None if there are none"""
Search = Callable[[Matrix, Sequence[Sequence[int]], Limits, Watch, np.ndarray | None, list[Branch] | None], Ran]
"""as `prove`"""
ROUNDS = 30
"""of the search for a plan near another"""
NODES = 20
"""of each of them"""


@dataclass
class Known:
    """The best plan that keeps all rows, and the rows that others have broken."""

    matrix: Matrix
    lazy: Lazy
    x: np.ndarray | None = None
    broken: list[Rows] = field(default_factory=list)
    seen: np.ndarray | None = None
    """the plan that was looked at last"""

    @property
    def objective(self) -> float:
        return np.inf if self.x is None else self.matrix.objective(self.x)

    def state(self, bound: float) -> Ran:
        """As a run would tell it."""
        return Ran(self.x, self.objective, bound)

    def look_at(self, x: np.ndarray) -> bool:
        """Whether a plan keeps all rows. It is remembered if none that is as good is known, or else what it breaks."""
        self.seen = x
        rows = self.lazy(x)
        if rows is not None and rows.broken(x):
            self.broken.append(rows)
        elif rows is None and self.matrix.objective(x) < self.objective:
            self.x = x
        return rows is None

    def add_what_was_broken(self) -> None:
        """To the matrix."""
        for rows in self.broken:
            self.matrix = self.matrix.with_rows(rows)
        self.broken = []

    def told(self, watch: Watch) -> Watch:
        """The same watch; every plan that it hears of is looked at, and only those count that keep all rows."""

        def tell(ran: Ran, phase: str) -> None:
            if ran.x is not None and ran.x is not self.seen:
                self.look_at(ran.x)
            watch.tell(replace(ran, x=self.x, objective=self.objective), phase)

        return Watch(watch.clock, watch.stop, tell)


def search_lazily(
    matrix: Matrix,
    groups: Sequence[Sequence[int]],
    limits: Limits,
    watch: Watch,
    lazy: Lazy,
    search: Search,
    start: np.ndarray | None = None,
) -> tuple[Ran, Matrix]:
    """The best plan found that keeps all rows and what is proven of it, and the matrix with the rows that were added.

    `groups`: see `branches_of`; `start` is a plan to begin with, which may break rows.
    """
    matrix, relaxed = tightened(matrix, lazy, limits, watch.quiet())
    known, branches = Known(matrix, lazy), None
    bound = -np.inf if relaxed is None else matrix.objective(relaxed)
    aside = watch.quiet(partial(known.state, bound))
    if start is None:
        branches = branches_of(matrix, groups, limits, aside)
        start = starting_plan(branches[0], limits, aside) if branches else None
    if start is not None:
        mend(known, start, relaxed, limits, aside)

    def go_on() -> Ran:
        parts = None if branches is None or known.x is None else with_rows(branches, known.matrix, groups)
        return search(known.matrix, groups, limits, known.told(watch), known.x, parts)

    ran = _proven(known, bound, relaxed, limits, watch, go_on)
    return replace(ran, x=known.x, objective=known.objective), known.matrix


def finish_lazily(matrix: Matrix, x: np.ndarray, lazy: Lazy) -> np.ndarray:
    """As `finish`, of a plan that keeps all rows: what the rest breaks when it is decided again is added."""
    for _ in range(ROUNDS):
        finished = finish(matrix, x)
        rows = lazy(finished)
        if rows is None:
            return finished
        matrix = matrix.with_rows(rows)
    return x


def _proven(
    known: Known, bound: float, relaxed: np.ndarray | None, limits: Limits, watch: Watch, search: Callable[[], Ran]
) -> Ran:
    """Search the whole until the best plan known is within the gap of the best bound. Returns how that ended."""
    nodes = 0
    if known.x is not None and relative_gap(known.objective, bound) <= limits.gap:
        return Ran(known.x, known.objective, bound, nodes, Ended.OPTIMAL, PROVEN)
    while True:
        ran = search()
        bound, nodes = max(bound, ran.bound), nodes + ran.nodes
        ran = replace(ran, bound=bound, nodes=nodes)
        if ran.x is None or known.look_at(ran.x) or ran.ended is not Ended.OPTIMAL:
            early = ran.ended in (Ended.LIMIT, Ended.INTERRUPTED)
            if early and known.x is not None and relative_gap(known.objective, bound) <= limits.gap:
                return replace(ran, ended=Ended.OPTIMAL, message=PROVEN)
            return ran
        if not known.broken:
            return replace(ran, ended=Ended.FAILED, message="a row is broken by less than the solver can tell")
        mend(known, ran.x, relaxed, limits, watch.quiet(partial(known.state, bound)))
        if relative_gap(known.objective, bound) <= limits.gap:
            return ran


def mend(known: Known, x: np.ndarray, relaxed: np.ndarray | None, limits: Limits, watch: Watch) -> None:
    """Look for a plan that keeps all rows among the whole-number columns that `x` or the relaxation uses."""
    used = x if relaxed is None else np.maximum(x, relaxed)
    options = {"threads": limits.threads, "random_seed": limits.seed, "mip_max_nodes": NODES}
    options["mip_rel_gap"] = limits.gap / 3
    for _ in range(ROUNDS):
        if known.look_at(x) or watch.stop.is_set():
            break
        known.add_what_was_broken()
        found = run(within(known.matrix, used), watch, "starting plan", options)
        if found.ended is Ended.INFEASIBLE:  # other columns are needed
            known.matrix, relaxed = tightened(known.matrix, known.lazy, limits, watch)
            used = used if relaxed is None else np.maximum(used, relaxed)
            found = run(within(known.matrix, used), watch, "starting plan", options)
        if found.x is None:
            break
        x = found.x
    known.add_what_was_broken()
