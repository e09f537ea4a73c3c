"""The whole solve of a model: hand over, prove, finish, load."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np
from pyomo.environ import ConcreteModel

from .finish import finish
from .handover import Handover, NoPlanByArithmetic, hand_over
from .interrupts import listening
from .lazy import Lazy, finish_lazily, search_lazily
from .limits import Clock, Limits
from .loop import Progress, Ran, Watch
from .outcome import Ended, Outcome, relative_gap, status_of
from .proving import prove
from .start import completed

if TYPE_CHECKING:
    from pyomo.core.base.var import VarData

ROUNDING = 1e-6
"""relative: by how much the recomputed gap may miss the one asked for, and the smallest gap that can be asked for"""


def solve_model(
    model: ConcreteModel,
    limits: Limits | None = None,
    neighbourhoods: Sequence[Sequence[VarData]] | None = None,
    progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    lazy: Callable[[Handover], Lazy] | None = None,
    begin: Mapping[VarData, float] | None = None,
) -> Outcome:
    """Solve a linear or mixed-integer linear Pyomo model and load the best plan into its variables.

    `neighbourhoods` are groups of integer variables that are decided together; they help to find plans early and
    change nothing in what is proven. `progress` is called a few times a second from this thread. `lazy` says which
    further rows values of the columns break: they are added then, and the plan keeps them all. `begin` are values of
    some variables in a plan to begin with, if there is one.
    Ctrl-C, or setting `stop`, ends the search with the best plan found. Raises ModelError, with a sentence, for a
    model that is not linear or has no single objective.
    """
    limits = limits or Limits()
    clock = Clock(limits.time_limit_s)
    stop = stop or threading.Event()
    with listening(stop):
        try:
            handed = hand_over(model)
        except NoPlanByArithmetic as error:
            return _outcome(clock, "infeasible", message=f"no plan exists, since it cannot be had that {error}")
        watch = Watch(clock, stop, _teller(handed, clock, progress))
        place = handed.position()
        groups = [[place[id(v)] for v in group if id(v) in place] for group in neighbourhoods or []]
        matrix, broken = handed.matrix, None if lazy is None else lazy(handed)
        known = {place[id(v)]: value for v, value in (begin or {}).items() if id(v) in place}
        start = completed(matrix, known, limits, watch.quiet())
        if broken is None:
            ran = prove(matrix, groups, limits, watch, start)
        else:
            ran, matrix = search_lazily(matrix, groups, limits, watch, broken, prove, start)
        if ran.x is None or ran.ended is Ended.UNBOUNDED:
            bound = handed.sign * ran.bound if np.isfinite(ran.bound) else None
            status = status_of(ran.ended, has_plan=False)
            return _outcome(clock, status, bound=bound, nodes=ran.nodes, message=ran.message)
        handed.load(ran.x)
        watch.tell(ran, "finishing")
        x = finish(matrix, ran.x) if broken is None else finish_lazily(matrix, ran.x, broken)
        handed.load(x)
    return _outcome_of_plan(handed, ran, x, limits, clock)


def _teller(handed: Handover, clock: Clock, progress: Callable[[Progress], None] | None) -> Callable[[Ran, str], None]:
    if progress is None:
        return lambda ran, phase: None

    def tell(ran: Ran, phase: str) -> None:
        known, proven = ran.x is not None, np.isfinite(ran.bound)
        progress(
            Progress(
                seconds=clock.seconds,
                incumbent=handed.sign * ran.objective if known else None,
                bound=handed.sign * ran.bound if proven else None,
                gap=ran.gap if known and proven else None,
                nodes=ran.nodes,
                phase=phase,
            )
        )

    return tell


def _outcome_of_plan(handed: Handover, ran: Ran, x: np.ndarray, limits: Limits, clock: Clock) -> Outcome:
    objective = handed.matrix.objective(x)
    bound = objective if abs(objective - ran.bound) <= handed.matrix.rounding(x) else min(ran.bound, objective)
    gap = relative_gap(objective, bound) if np.isfinite(bound) else None
    status = status_of(ran.ended, has_plan=True)
    message = ran.message
    if handed.matrix.hides_costs:
        bound, gap = -np.inf, None
        status = "failed" if status == "optimal" else status
        message = "the costs span so many orders of magnitude that the solver's tolerance hides the smallest"
    if status == "optimal" and (gap is None or gap > max(limits.gap, ROUNDING) + ROUNDING):
        status, message = "failed", f"the solver calls the gap proven, but recomputed it is {gap}"
    return _outcome(
        clock,
        status,
        objective=handed.sign * objective,
        bound=None if gap is None else handed.sign * bound,
        gap=gap,
        nodes=ran.nodes,
        message=message,
    )


def _outcome(clock: Clock, status: str, message: str, **known: Any) -> Outcome:
    empty: dict[str, Any] = {"objective": None, "bound": None, "gap": None, "nodes": 0}
    version = highspy.Highs().version()
    return Outcome(status=status, seconds=clock.seconds, solver_version=version, message=message, **{**empty, **known})
