"""The relaxation of a problem in parts, by cuts (Benders).

    min  c y + sum_k theta_k     subject to the rows that only y has, and theta_k >= every cut of part k

costs no more than any plan, whatever cuts there are. Cuts are asked for halfway between the last decision and those
before it, which takes a few dozen rounds where asking at the decision itself takes hundreds.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.sparse import csc_array, csr_array, hstack

from .cuts import ROOM, Cuts
from .dispatch import Cut, Divided
from .handover import Matrix
from .limits import Limits
from .loop import Ran, Watch, prepared, watched
from .outcome import Ended

ROUNDS = 150
CLOSE = 3e-3
"""relative: how near the relaxation comes to what it could be"""
OFTEN = 4
"""every so many rounds cuts are asked for at the decision itself"""
SHARE = 1 / 4
"""of a time limit: what is left is for a plan"""
ITERATIONS = 20_000
"""of the simplex method, after which it begins anew: at times it goes in circles"""


def relaxed_by_parts(parts: Divided, limits: Limits, watch: Watch) -> tuple[float, Cuts] | None:
    """A bound of the whole with the cuts that prove it; None where some decision leaves no dispatch at all."""
    known, master = Cuts(parts), _Master(parts, limits, watch)
    center = np.clip(parts.constant, master.own.lower[: len(parts.first)], master.own.upper[: len(parts.first)])
    asked = center
    for k in range(ROUNDS):
        cuts = parts.cuts(asked)
        if cuts is None:
            return None
        for cut in cuts:
            known.add(cut)
            master.add(cut)
        cost = master.cost(asked) + sum(cut.at(asked[parts.parts[cut.part].tied]) for cut in cuts)
        if k % ROOM == ROOM - 1:
            known.keep()
        if math.isfinite(master.bound) and cost - master.bound <= CLOSE * abs(master.bound):
            break
        y = master.solved()
        if y is None:
            if not master.over and not math.isfinite(master.bound):
                return None
            break
        center = (center + y) / 2
        asked = y if k % OFTEN == OFTEN - 1 else center
    known.keep()
    return master.bound, known


class _Master:
    """The relaxed problem in y and the cost of every part, with the cuts so far."""

    bound = -math.inf
    """what it has cost at least"""

    def __init__(self, parts: Divided, limits: Limits, watch: Watch):
        whole, first, count = parts.matrix, parts.first, len(parts.parts)
        ties = csr_array(csr_array(whole.a)[parts.rows][:, first])
        self.parts, self.scale, self.watch = parts, whole.cost_scale, watch
        self.seconds = SHARE * (limits.time_limit_s or math.inf)
        self.own = Matrix(
            a=csc_array(hstack([ties, csr_array((len(parts.rows), count))])),
            row_lower=whole.row_lower[parts.rows],
            row_upper=whole.row_upper[parts.rows],
            cost=np.concatenate([whole.cost[first], np.full(count, 1 / self.scale)]),
            offset=whole.offset,
            lower=np.concatenate([whole.lower[first], np.full(count, -np.inf)]),
            upper=np.concatenate([whole.upper[first], np.full(count, np.inf)]),
            integer=np.zeros(len(first) + count, bool),
        )
        options = {"threads": 1, "random_seed": limits.seed, "simplex_iteration_limit": ITERATIONS}
        self.solver = prepared(self.own, options)

    def add(self, cut: Cut) -> None:
        tied = self.parts.parts[cut.part].tied
        used = np.flatnonzero(np.abs(cut.slope) * self.scale > 1e-9)
        columns = np.append(tied[used], len(self.parts.first) + cut.part).astype(np.int32)
        row = np.append(-cut.slope[used] * self.scale, 1.0)
        self.solver.addRow(cut.constant * self.scale, np.inf, len(columns), columns, row)

    def cost(self, y: np.ndarray) -> float:
        """Of y itself, without dispatch."""
        return float(self.own.cost[: len(y)] @ y) + self.own.offset

    @property
    def over(self) -> bool:
        """Whether there is no time for more."""
        return self.watch.stop.is_set() or self.watch.clock.seconds > self.seconds

    def solved(self) -> np.ndarray | None:
        """The y that costs least by the cuts so far; None if it is not found in time, or in two trials."""
        aside = self.watch.quiet(lambda: Ran(bound=self.bound))
        for _ in range(2):
            ran = watched(self.solver, self.own, aside, "starting plan", lambda _: self.over)
            if ran.x is not None and ran.ended is Ended.OPTIMAL:
                self.bound = max(self.bound, ran.bound)
                return ran.x[: len(self.parts.first)]
            if self.over:
                break
            self.solver.clearSolver()
        return None
