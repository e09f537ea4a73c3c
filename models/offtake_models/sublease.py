"""Subletting: capacity that nobody needs is let to others.

    sublease = - sum_s pi_s sum_m df_m Y[p,s,m] l[p,t,nu]                                            [USD, discounted]

with Y what one accelerator brings that is let through the month, and 0 <= l <= depth of the market; l is let in all
blocks of the day alike, and shares the capacity with what serves (`supply`). It is cash that comes in (`money`).
"""

from __future__ import annotations

from typing import Any

from pyomo.environ import ConcreteModel, quicksum

from .problem import Problem


def costs(model: ConcreteModel, problem: Problem) -> dict[str, Any]:
    """Line -> expected, discounted USD: what subletting earns, below zero."""
    return {"sublease": -quicksum(_income(problem, slot) * model.sublet[slot] for slot in model.sublet)}


def _income(problem: Problem, slot: tuple[str, int, int]) -> float:
    """Expected, discounted USD of one accelerator let through the period."""
    pool, t, node = slot
    months = problem.months_of[t]
    through = problem.scenarios_through(node, months[0])
    return float(
        sum(problem.probability[s] * (problem.sublet_usd[pool][s, months] @ problem.discount[months]) for s in through)
    )
