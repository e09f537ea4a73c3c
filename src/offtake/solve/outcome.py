"""How a solve ended, in words that are proven.

HiGHS statuses are mapped one by one: a status that is not listed is a failure, never a plan.
"""

from __future__ import annotations

from dataclasses import dataclass

from highspy import HighsModelStatus as Status

VERDICTS: dict[Status, str] = {
    Status.kOptimal: "optimal",
    Status.kModelEmpty: "optimal",
    Status.kInfeasible: "infeasible",
    Status.kUnboundedOrInfeasible: "infeasible_or_unbounded",
    Status.kUnbounded: "unbounded",
    Status.kTimeLimit: "time_limit",
    Status.kIterationLimit: "time_limit",
    Status.kSolutionLimit: "time_limit",
    Status.kObjectiveBound: "time_limit",
    Status.kObjectiveTarget: "time_limit",
    Status.kMemoryLimit: "time_limit",
    Status.kInterrupt: "interrupted",
    Status.kHighsInterrupt: "interrupted",
    Status.kUnknown: "failed",
    Status.kNotset: "failed",
    Status.kLoadError: "failed",
    Status.kModelError: "failed",
    Status.kPresolveError: "failed",
    Status.kSolveError: "failed",
    Status.kPostsolveError: "failed",
}
"""HiGHS status -> verdict. `optimal` means within the gap asked for; a limit of any kind is `time_limit`."""


@dataclass(frozen=True)
class Outcome:
    """The end of a solve. `objective` is None exactly if there is no plan."""

    status: str
    """optimal, time_limit, interrupted (with or without a plan), infeasible, unbounded or failed"""
    objective: float | None
    bound: float | None
    gap: float | None
    seconds: float
    nodes: int
    solver: str
    solver_version: str
    message: str
