"""The whole solve of a model: hand over, search, confirm, finish, load."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np
from pyomo.environ import ConcreteModel

from .finish import finish
from .handover import Handover, Matrix, NoPlanByArithmetic, hand_over
from .interrupts import listening
from .limits import Clock, Limits
from .loop import Progress, Ran, Watch, run
from .outcome import Ended, Outcome, relative_gap, status_of
from .start import completed, starting_plan

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
    begin: Mapping[VarData, float] | None = None,
) -> Outcome:
    """Solve a linear or mixed-integer linear Pyomo model and load the best plan into its variables.

    `neighbourhoods` are groups of integer variables that are decided together; they help to find plans early and
    change nothing in what is proven. `begin` are values of some variables in a plan to begin with, if there is one.
    `progress` is called a few times a second from this thread. Ctrl-C, or setting `stop`, ends the search with the best
    plan found. Raises ModelError, with a sentence, for a model that is not linear or has no single objective.
    """
    limits = limits or Limits()
    clock = Clock(limits.time_limit_s)
    stop = stop or threading.Event()
    with listening(stop):
        try:
            handed = hand_over(model)
        except NoPlanByArithmetic as error:
            return _outcome(clock, "infeasible", message=f"no plan exists: {error}")
        watch = Watch(clock, stop, _teller(handed, clock, progress))
        place = handed.position()
        groups = [[place[id(v)] for v in group if id(v) in place] for group in neighbourhoods or []]
        known = {place[id(v)]: value for v, value in (begin or {}).items() if id(v) in place}
        start = completed(handed.matrix, known, limits, quiet(watch))
        if start is None:
            start = starting_plan(handed.matrix, groups, limits, quiet(watch))
        ran = confirmed(handed.matrix, limits, watch, start)
        if ran.x is None or ran.ended is Ended.UNBOUNDED:
            bound = handed.sign * ran.bound if np.isfinite(ran.bound) else None
            status = status_of(ran.ended, has_plan=False)
            return _outcome(clock, status, bound=bound, nodes=ran.nodes, message=ran.message)
        handed.load(ran.x)
        watch.tell(ran, "finishing")
        x = finish(handed.matrix, ran.x)
        handed.load(x)
    return _outcome_of_plan(handed, ran, handed.matrix.objective(x), limits, clock)


def confirmed(matrix: Matrix, limits: Limits, watch: Watch, start: np.ndarray | None = None) -> Ran:
    """Search from `start`, and search again without presolve if the verdict is that there is nothing to find."""
    options = {"mip_rel_gap": limits.gap, "mip_abs_gap": 0.0, "threads": limits.threads, "random_seed": limits.seed}
    first = run(matrix, watch, "proving", options, start)
    if first.x is None and start is not None and first.ended in (Ended.LIMIT, Ended.INTERRUPTED):
        first.x, first.objective = start, matrix.objective(start)  # stopped before the solver had looked at it
    if first.ended in (Ended.OPTIMAL, Ended.UNBOUNDED, Ended.LIMIT, Ended.INTERRUPTED):
        return first
    second = run(matrix, watch, "confirming", {**options, "presolve": "off"})
    if second.ended is Ended.INFEASIBLE:
        second.message = "no plan keeps every constraint, and a second solve confirms it"
    elif second.ended in (Ended.LIMIT, Ended.INTERRUPTED):
        second.message += f" before a second solve could confirm the verdict of the first: {first.message}"
    elif second.ended is Ended.UNBOUNDED and first.ended is Ended.INFEASIBLE:
        second.ended, second.message = Ended.FAILED, "two solves disagree: one finds no plan, the other no end of them"
    return second


def quiet(watch: Watch) -> Watch:
    """For runs on parts of the problem, whose bounds and values are none of the whole: tells only that they run."""
    return Watch(watch.clock, watch.stop, lambda ran, phase: watch.tell(Ran(), phase))


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


def _outcome_of_plan(handed: Handover, ran: Ran, objective: float, limits: Limits, clock: Clock) -> Outcome:
    bound = min(ran.bound, objective)
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
