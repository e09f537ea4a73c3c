"""Why there is no plan: a smallest set of business rules that cannot hold together.

A deletion filter over named rules: each rule is dropped in turn, and stays dropped if there is still no plan
without it. What remains clashes, and would not if any one of its rules went. The physics of supply (what a pool
holds, how deals are signed) is never dropped. Every question is a whole search, in whole blocks, so a clash that
whole blocks alone bring about is found like any other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from pyomo.environ import ConcreteModel, Objective

from offtake_models import build
from offtake_models.problem import Problem

from ..compile import Compiled, compile_instance
from ..instance.schema import Instance
from ..solve import Limits, solve_model
from .rules import Rule, business_rules, switch

SECONDS_PER_RULE = 20.0
"""Time for each question; a rule that is not shown to be innocent in that time is kept, and said to be unproven."""


@dataclass(frozen=True)
class Clash:
    """Rules that cannot all hold; empty if they can."""

    rules: list[Rule]
    unproven: bool = False
    """time ran out on some of them, so a smaller set may clash"""


def explain(instance: Instance) -> list[str]:
    """Sentences that name a smallest set of clashing rules; empty if the instance has a plan after all."""
    clash = clashing(compile_instance(instance))
    more = ["Time ran out on some rules, so a smaller set of clashing rules may exist."] if clash.unproven else []
    return [rule.sentence for rule in clash.rules] + more


def clashing(compiled: Compiled, extend: Callable[[ConcreteModel], None] = lambda model: None) -> Clash:
    """A smallest set of clashing rules of a problem, of its model as `extend` leaves it. Raises KeyboardInterrupt."""
    problem = compiled.problem
    model = _asking(problem, extend, [])
    rules = business_rules(compiled.instance, problem, model)
    if _clashes(model) is False:
        return Clash([])
    dropped: list[Rule] = []
    kept: list[Rule] = []
    unproven = False
    for rule in rules:
        fewer = rule.eased(problem, None) if rule.without_rows else problem
        tried = _asking(fewer, extend, dropped) if fewer is not problem else model
        switch(tried, rule, on=False)
        verdict = _clashes(tried)
        if verdict is True:
            problem, model = fewer, tried
            dropped.append(rule)
        else:
            switch(model, rule, on=True)
            kept.append(rule)
            unproven = unproven or verdict is None
    return Clash(kept, unproven)


def _asking(problem: Problem, extend: Callable[[ConcreteModel], None], dropped: list[Rule]) -> ConcreteModel:
    """The model of a problem without some of its rules, which asks for any plan."""
    model = build(problem)
    extend(model)
    model.least_cost.deactivate()
    model.any_plan = Objective(expr=0.0)
    for rule in dropped:
        switch(model, rule, on=False)
    return model


def _clashes(model: ConcreteModel) -> bool | None:
    """True if there is provably no plan, False if there is one, None if time ran out."""
    stop = threading.Event()
    outcome = solve_model(model, Limits(gap=1.0, time_limit_s=SECONDS_PER_RULE), stop=stop)
    if stop.is_set():
        raise KeyboardInterrupt
    if outcome.status == "infeasible":
        return True
    return False if outcome.objective is not None else None
