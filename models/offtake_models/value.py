"""Value: what served requests bring is taken off the cost, so that the least cost is the largest margin.

    value = - sum phi_b H_t 3600 (Dbar/D) served[w,t,b,nu] x worth[w,t]                              [USD, discounted]

    served = D[w,t,b,s] - u[w,t,b,nu]       interactive: what is provisioned beyond the demand brings nothing
    served = sum_p R[p,w,t,s] x[p,w,t,b,nu] batch: work brings its value where it is done

for the workloads that state what a request is worth. The mean is served and brings value, as the mean is paid for.
"""

from __future__ import annotations

from typing import Any

from pyomo.environ import ConcreteModel, quicksum

from .problem import Problem
from .serving import discounted_usd


def costs(model: ConcreteModel, problem: Problem) -> dict[str, Any]:
    """Line -> expected, discounted USD, below zero."""
    valued = [w for w, workload in problem.workloads.items() if workload.value_usd is not None]
    batch = [w for w in valued if problem.workloads[w].kind == "batch"]
    waited_for = [slot for slot in model.unserved if slot[0] in valued and slot[0] not in batch]
    done = [slot for slot in model.serve if slot[1] in batch]
    brought = quicksum(
        [_worth(problem, slot) * (_asked(problem, slot) - model.unserved[slot]) for slot in waited_for]
        + [_worth(problem, slot[1:]) * _rate(problem, slot) * model.serve[slot] for slot in done]
    )
    return {"value": -brought}


def _worth(problem: Problem, slot: tuple) -> float:
    """Expected, discounted USD for one request/s provisioned and served in the slot."""
    return discounted_usd(problem, slot, problem.workloads[slot[0]].value_usd)


def _asked(problem: Problem, slot: tuple) -> float:
    w, t, b, node = slot
    return float(problem.workloads[w].provision[problem.representative(t, node), t, b])


def _rate(problem: Problem, slot: tuple) -> float:
    pool, w, t, _b, node = slot
    return float(problem.rate[pool, w][problem.representative(t, node), t])
