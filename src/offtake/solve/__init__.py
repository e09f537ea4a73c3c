"""Problem to outcome: HiGHS hand-over, progress, limits, interrupts, starting plans.

`solve_model` takes any linear or mixed-integer Pyomo model, so that users may extend the one they were given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import highspy
import numpy as np
from pyomo.environ import ConcreteModel

from .handover import Arrays, ModelError, load_values, to_arrays
from .limits import Limits, Progress, relative_gap
from .loop import Watch, new_solver, run
from .outcome import VERDICTS, Outcome
from .polish import polish
from .start import give_start, seek_start

NUMERICAL_NOISE = 1e-7
"""Relative: a bound above the objective by no more than this is rounding, by more is a contradiction."""


def solve_model(
    model: ConcreteModel,
    limits: Limits,
    neighbourhoods: Sequence[Sequence] | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Outcome:
    """Solve a model and load the best plan into its variables.

    `neighbourhoods` are groups of integer variables that are decided together: with them, starting plans are
    sought before the proof. Ctrl-C ends the solve and keeps the best plan. Raises ModelError for a model that is
    not linear.
    """
    arrays = to_arrays(model)
    watch = Watch(arrays, limits, progress)
    highspy.Highs.resetGlobalScheduler(True)
    seek_start(arrays, _as_columns(arrays, neighbourhoods or []), watch)
    verdict = "interrupted" if watch.stopped else _prove(arrays, watch)
    if verdict in ("infeasible", "infeasible_or_unbounded"):
        verdict = _confirm_infeasible(arrays, watch)
    if watch.best is None:
        return _without_plan(watch, verdict)
    cost, values = polish(arrays, watch.best)
    load_values(arrays.columns, values)
    return _with_plan(watch, verdict, cost)


def _as_columns(arrays: Arrays, neighbourhoods: Sequence[Sequence]) -> list[list[int]]:
    """Groups of variables as groups of column numbers; variables that no row mentions have no column."""
    place = {id(variable): j for j, variable in enumerate(arrays.columns)}
    groups = [[place[id(variable)] for variable in group if id(variable) in place] for group in neighbourhoods]
    return [group for group in groups if group]


def _prove(arrays: Arrays, watch: Watch) -> str:
    """The whole problem, from the best start, until the gap is proven or a limit is hit."""
    highs = new_solver(arrays.lp(), watch, mip_rel_gap=watch.limits.gap)
    if watch.best is not None:
        give_start(highs, watch.best)
    verdict = VERDICTS[run(highs, watch, "proof", whole=True)]
    return "interrupted" if watch.stopped and verdict != "optimal" else verdict


def _confirm_infeasible(arrays: Arrays, watch: Watch) -> str:
    """A second solve with presolve off must agree before anything is called infeasible."""
    highs = new_solver(arrays.lp(), watch, presolve="off")
    again = VERDICTS[run(highs, watch, "second opinion on infeasibility", whole=True)]
    return "interrupted" if watch.stopped else again


def _without_plan(watch: Watch, verdict: str) -> Outcome:
    told = {
        "infeasible": "there is no plan: two solves, one of them without presolve, agree",
        "time_limit": "a limit was reached before any plan was found",
        "interrupted": "interrupted before any plan was found",
        "unbounded": "the cost can fall without limit: some price or bound is missing from the model",
    }
    message = told.get(verdict, "the solver ended without a plan or a proof that there is none")
    return _outcome(watch, verdict if verdict in told else "failed", None, message)


def _with_plan(watch: Watch, verdict: str, cost: float) -> Outcome:
    """A plan is called optimal only if our own arithmetic confirms the gap."""
    noise = NUMERICAL_NOISE * max(abs(cost), 1.0)
    if watch.bound > cost + noise:
        return _outcome(watch, "failed", cost, "the solver's bound lies above the cost of its own plan")
    watch.bound = min(watch.bound, cost)
    gap = relative_gap(cost, watch.bound) if np.isfinite(watch.bound) else None
    if gap is not None and gap <= watch.limits.gap + NUMERICAL_NOISE:
        return _outcome(watch, "optimal", cost, "optimal within the gap asked for")
    told = {"time_limit": "a limit was reached", "interrupted": "interrupted"}
    status = verdict if verdict in told else "failed"
    return _outcome(watch, status, cost, told.get(verdict, "the solver ended without the proof that was asked for"))


def _outcome(watch: Watch, status: str, cost: float | None, message: str) -> Outcome:
    to_user = watch.arrays.objective
    bound = watch.bound if np.isfinite(watch.bound) else None
    return Outcome(
        status=status,
        objective=None if cost is None else to_user(cost),
        bound=None if bound is None else to_user(bound),
        gap=relative_gap(cost, bound),
        seconds=watch.seconds,
        nodes=watch.nodes,
        solver="HiGHS",
        solver_version=highspy.Highs().version(),
        message=message,
    )


__all__ = ["Limits", "ModelError", "Outcome", "Progress", "relative_gap", "solve_model"]
