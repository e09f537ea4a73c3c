"""The mathematics of Offtake: families of constraints over a `Problem`, one module each.

`FAMILIES` lists them in order; `build` makes an ordinary Pyomo ConcreteModel that a caller may extend.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any as Anything

from pyomo.environ import Any, ConcreteModel, Expression, Objective, minimize

from . import (
    as_owed,
    commitments,
    concentration,
    money,
    porting,
    power,
    reinforcement,
    resilience,
    risk,
    serving,
    signing,
    stability,
    sublease,
    supply,
    training,
    value,
)
from .problem import Problem

FAMILIES = [
    signing,
    supply,
    serving,
    training,
    reinforcement,
    value,
    sublease,
    porting,
    commitments,
    as_owed,
    money,
    power,
    concentration,
    stability,
    resilience,
    risk,
]


def build(problem: Problem) -> ConcreteModel:
    """The mixed-integer model of a problem.

    `model.cost_by_line[line]` are named expressions in discounted, expected USD; `model.cost` is their sum and
    `model.least_cost` the objective. A caller may add variables and constraints, or deactivate `least_cost` and set
    another objective: the cost does not notice.
    """
    model = ConcreteModel(name=problem.name)
    model.cost_by_line = Expression(Any)
    with collector_paused():
        for family in FAMILIES:
            if hasattr(family, "add") and family is not risk:
                family.add(model, problem)
        for line, cost in cost_lines(model, problem).items():
            model.cost_by_line[line] = cost
        if problem.risk is not None:
            risk.add(model, problem, [cost_lines(model, problem.alone(s)) for s in problem.scenarios])
        model.cost = Expression(expr=sum(model.cost_by_line.values()))
        model.least_cost = Objective(expr=model.cost, sense=minimize)
    return model


def cost_lines(model: ConcreteModel, problem: Problem) -> dict[str, Anything]:
    """Line of the objective -> what it costs in discounted USD, expected by the probabilities of the problem."""
    families = [family for family in FAMILIES if hasattr(family, "costs")]
    return {line: cost for family in families for line, cost in family.costs(model, problem).items()}


@contextmanager
def collector_paused() -> Iterator[None]:
    """While inside, no cyclic collection: it is half of the time of a build or a hand-over and finds nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


__all__ = ["FAMILIES", "Problem", "build", "collector_paused"]
