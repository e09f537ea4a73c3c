"""Risk: what the dear futures cost counts for itself, beside what is expected.

    c[s] = cost in future s alone, all lines                                           [million USD, discounted]
    e[s] >= c[s] - eta,  e[s] >= 0                          beyond_value_at_risk       [million USD]
    CVaR = eta + sum_s pi_s e[s] / (1 - alpha)              mean of the dearest 1 - alpha of the futures
    risk = weight CVaR - (1 - mean_weight) sum_s pi_s c[s]                             [USD, discounted]

so that the lines sum to mean_weight E[cost] + weight CVaR (Rockafellar and Uryasev, Journal of Risk 2, 2000). eta is
free: at the least cost it is a value at risk, and below all costs it gains nothing, since alpha < 1. The mean weighs
more than nothing, so that no future is wasteful because it is cheap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyomo.environ import ConcreteModel, Constraint, Expression, NonNegativeReals, Var, quicksum

from .money import MILLION
from .problem import Problem


def add(model: ConcreteModel, problem: Problem, by_future: Sequence[Mapping[str, Any]]) -> None:
    """Declare `value_at_risk` (eta) and `beyond_risk` (e, [scenario]), both in million USD, their rows, `cvar`, and the
    line of the objective. `by_future`: of every scenario its cost by line, USD."""
    model.cost_in_future = Expression(
        problem.scenarios, rule=lambda m, s: quicksum(cost / MILLION for cost in by_future[s].values())
    )
    model.value_at_risk = Var(doc="million USD that only the dearest futures exceed")
    model.beyond_risk = Var(problem.scenarios, domain=NonNegativeReals)
    model.beyond_value_at_risk = Constraint(
        problem.scenarios,
        rule=lambda m, s: m.beyond_risk[s] >= m.cost_in_future[s] - m.value_at_risk,
        doc="what scenario {0} costs beyond the value at risk",
    )
    chance, share = problem.probability, 1 - problem.risk.level
    model.cvar = Expression(
        expr=model.value_at_risk + quicksum(chance[s] / share * model.beyond_risk[s] for s in problem.scenarios)
    )
    mean = quicksum(model.cost_by_line.values())
    model.cost_by_line["risk"] = problem.risk.weight * MILLION * model.cvar + (problem.risk.mean_weight - 1) * mean
