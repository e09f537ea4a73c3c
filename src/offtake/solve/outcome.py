"""How a solve ended, in terms of what is proven."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from highspy import HighsModelStatus as Status


@dataclass(frozen=True)
class Outcome:
    """The end of a solve. Money is in the unit of the model's objective.

    status is one of
        optimal       a plan, proven within the gap asked for
        time_limit    a limit was hit before the gap was proven; `objective` is None if before any plan was found
        interrupted   the user stopped the search; `objective` is None if before any plan was found
        infeasible    no plan exists, confirmed by a second solve without presolve
        unbounded     the objective can be improved without end
        failed        the solver failed; `objective` is set if a plan had been found before
    """

    status: str
    objective: float | None
    """of the plan whose values were loaded into the model; None without a plan"""
    bound: float | None
    """no plan is better than this; None if nothing is proven"""
    gap: float | None
    """|objective - bound| / |objective|; None without a plan or a bound"""
    seconds: float
    nodes: int
    solver_version: str
    message: str
    """one sentence"""


class Ended(Enum):
    """What a run of the solver says about itself, before anything is confirmed."""

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    INFEASIBLE_OR_UNBOUNDED = "infeasible or unbounded"
    LIMIT = "limit"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


PROVEN = "the gap asked for is proven"

ENDED: dict[Status, tuple[Ended, str]] = {
    Status.kOptimal: (Ended.OPTIMAL, PROVEN),
    Status.kModelEmpty: (Ended.OPTIMAL, "the model has nothing to decide"),
    Status.kInfeasible: (Ended.INFEASIBLE, "no plan keeps every constraint"),
    Status.kUnbounded: (Ended.UNBOUNDED, "the objective improves without end: a bound or constraint is missing"),
    Status.kUnboundedOrInfeasible: (
        Ended.INFEASIBLE_OR_UNBOUNDED,
        "either no plan keeps every constraint, or the objective improves without end",
    ),
    Status.kTimeLimit: (Ended.LIMIT, "the time limit was hit"),
    Status.kIterationLimit: (Ended.LIMIT, "the solver's iteration limit was hit"),
    Status.kSolutionLimit: (Ended.LIMIT, "the solver's limit on nodes or solutions was hit"),
    Status.kMemoryLimit: (Ended.LIMIT, "the solver's memory limit was hit"),
    Status.kObjectiveBound: (Ended.LIMIT, "the solver stopped at a bound on the objective"),
    Status.kObjectiveTarget: (Ended.LIMIT, "the solver stopped at a target for the objective"),
    Status.kInterrupt: (Ended.INTERRUPTED, "interrupted"),
    Status.kHighsInterrupt: (Ended.INTERRUPTED, "interrupted"),
    Status.kNotset: (Ended.FAILED, "the solver returned without a verdict"),
    Status.kLoadError: (Ended.FAILED, "the solver could not load the model"),
    Status.kModelError: (Ended.FAILED, "the solver rejected the model"),
    Status.kPresolveError: (Ended.FAILED, "the solver failed in presolve"),
    Status.kSolveError: (Ended.FAILED, "the solver failed in the search"),
    Status.kPostsolveError: (Ended.FAILED, "the solver failed in postsolve"),
    Status.kUnknown: (Ended.FAILED, "the solver ended in an unknown state"),
}
"""Every model status of HiGHS, one by one. None of them reads as optimal or infeasible unless HiGHS says just that."""

_WITH_PLAN = {Ended.OPTIMAL: "optimal", Ended.LIMIT: "time_limit", Ended.INTERRUPTED: "interrupted"}
_WITHOUT_PLAN = {
    Ended.INFEASIBLE: "infeasible",
    Ended.UNBOUNDED: "unbounded",
    Ended.LIMIT: "time_limit",
    Ended.INTERRUPTED: "interrupted",
}


def status_of(ended: Ended, has_plan: bool) -> str:
    """The status of an `Outcome`. `ended` is confirmed by now; a verdict that contradicts the plan is a failure."""
    return (_WITH_PLAN if has_plan else _WITHOUT_PLAN).get(ended, "failed")


def relative_gap(objective: float, bound: float) -> float:
    """|objective - bound| / |objective|; 0 if both are 0 and infinite if only the objective is."""
    distance = abs(objective - bound)
    if distance == 0:
        return 0.0
    return distance / abs(objective) if objective else math.inf
