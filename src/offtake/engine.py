"""Instance -> Plan: compile, build, solve, read, audit. What `offtake solve` and `offtake.solve` run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pyomo.environ import ConcreteModel

from offtake_models import build

from .audit import audit
from .compile import Compiled, compile_instance
from .contingencies import Survival
from .instance.schema import Instance
from .plan import Decisions, Plan, make_plan, read
from .reductions import reduced
from .solve import Limits, Outcome, Progress, listening, solve_model

if TYPE_CHECKING:
    from pyomo.core.base.var import VarData


class NoPlan(Exception):
    """The solve ended without a plan. `outcome` says how: infeasible, a limit, an interrupt or a failure."""

    def __init__(self, outcome: Outcome):
        super().__init__(outcome.message)
        self.outcome = outcome


def build_model(instance: Instance) -> ConcreteModel:
    """The Pyomo model of an instance, with every deal: extend it with ordinary Pyomo, then pass it to `solve`."""
    return build(compile_instance(instance).problem)


def solve(
    instance: Instance,
    gap: float = 1e-2,
    time_limit_s: float | None = None,
    threads: int = 1,
    seed: int = 0,
    model: ConcreteModel | None = None,
    progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> Plan:
    """Find the cheapest plan and prove it within the relative gap; audit it.

    `model` is one of `build_model(instance)` that the caller has extended. `progress` is called now and then
    with the incumbent and the bound. Ctrl-C, or setting `stop`, ends the search with the best plan so far. Raises
    NoPlan if there is none to return.
    """
    stop = stop or threading.Event()
    with listening(stop):
        compiled = compile_instance(instance)
        if model is None:
            compiled = reduced(compiled)
            model = build_without_contingencies(compiled)
        limits = Limits(gap=gap, time_limit_s=time_limit_s, threads=threads, seed=seed)
        plan = best_plan(compiled, model, limits, progress, stop)
        return plan.with_audit(audit(instance, plan.to_document()).to_document())


def build_without_contingencies(compiled: Compiled) -> ConcreteModel:
    """The model whose rows of resilience `searched` adds where a plan breaks them."""
    return build(replace(compiled.problem, contingencies=[]))


def best_plan(
    compiled: Compiled,
    model: ConcreteModel,
    limits: Limits,
    progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    begin: Mapping[VarData, float] | None = None,
) -> Plan:
    """Solve the model of a problem and make the plan, not audited yet. `begin`: values of some variables in a plan to
    begin with, if they fit. Raises NoPlan."""
    outcome, decisions = searched(compiled, model, limits, progress, stop, begin)
    if decisions is None:
        raise NoPlan(outcome)
    return make_plan(compiled, decisions, outcome, limits)


def searched(
    compiled: Compiled,
    model: ConcreteModel,
    limits: Limits,
    progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    begin: Mapping[VarData, float] | None = None,
) -> tuple[Outcome, Decisions | None]:
    """The search behind `best_plan`, for any objective: how it ended, and what it decides if it found something."""
    outcome, survival = search(compiled, model, limits, progress, stop, begin)
    if outcome.objective is None:
        return outcome, None
    return outcome, survival.completed(read(compiled.problem, model))


def search(
    compiled: Compiled,
    model: ConcreteModel,
    limits: Limits,
    progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    begin: Mapping[VarData, float] | None = None,
) -> tuple[Outcome, Survival]:
    """Solve the model, so that what it decides survives every contingency, and load the plan into its variables."""
    survival = Survival(compiled.problem, model)
    lazy = survival.lazily if compiled.problem.contingencies else None
    outcome = solve_model(model, limits, neighbourhoods(compiled, model), progress, stop, lazy, begin)
    return survival.explained(outcome), survival


def neighbourhoods(compiled: Compiled, model: ConcreteModel) -> list[list]:
    """Integer variables that are decided together: by offer the deals that follow no other, and by commitment."""
    groups: dict[str, list] = {offer: [] for offer in compiled.problem.offers}
    for component in (model.blocks, model.signed):
        for (d, _node), variable in component.items():
            deal = compiled.problem.deals[d]
            if not deal.in_force and deal.parent is None:
                groups.setdefault(deal.offer, []).append(variable)
    choices = [k for k, commitment in enumerate(compiled.problem.commitments) if not commitment.mandatory]
    promised = [[variable] for (k, _), variable in model.committed.items() if k in choices]
    return [*groups.values(), *promised]
