"""Serving: demand is met, at its peak, in every block of the day.

    interactive:  sum_p R[p,w,t,s] x[p,w,t,b,nu] + u[w,t,b,nu] >= D[w,t,b,s]    demand_met           [requests/s]

    batch:        arrived(t) = sum_b phi_b H_t 3600 D
                  done(t) = sum_b phi_b H_t 3600 (sum_p R x + u)                work_done_in_period  [million requests]
                  waits(t-1) + arrived(t) = done(t) + waits(t)                  work_in_time         [million requests]
                  waits(t) <= arrived(t-L+1) + ... + arrived(t)
                  and at the last period of the horizon nothing is left over

    unserved = sum phi_b H_t 3600 (Dbar/D) u x penalty                                               [USD, discounted]

u <= D in a block where a price for it is stated, or what a request is worth, and 0 elsewhere. Batch work is free over
the blocks of a period, and paid for wherever it runs: its Dbar/D is 1 / (peak_to_mean x headroom) in every block, also
where nothing arrives.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pyomo.environ import ConcreteModel, Constraint, NonNegativeReals, Var, quicksum

from .problem import Problem

SECONDS_PER_HOUR = 3600.0


def add(model: ConcreteModel, problem: Problem) -> None:
    """Declare `unserved` (u, [workload, period, block, node], requests/s) and the demand rows."""
    _add_unserved(model, problem)
    servers = _servers(model)
    _add_interactive(model, problem, servers)
    _add_batch(model, problem, servers)


def _add_unserved(model: ConcreteModel, problem: Problem) -> None:
    slots = [
        (w, t, b, node)
        for w, workload in problem.workloads.items()
        if workload.brings_requests
        for t in problem.periods
        for b in problem.blocks
        for node in problem.nodes_at(t)
        if problem.asks(w, t, b, node)
    ]

    def bounds(_model, w, t, b, node):
        workload = problem.workloads[w]
        most = float(workload.provision[problem.representative(t, node), t, b])
        return 0.0, 0.0 if workload.refused_usd is None else most

    model.unserved = Var(slots, domain=NonNegativeReals, bounds=bounds)


def costs(model: ConcreteModel, problem: Problem) -> dict[str, Any]:
    """Line -> expected, discounted USD."""
    priced = [slot for slot in model.unserved if problem.workloads[slot[0]].unserved_usd is not None]
    refused = quicksum(
        discounted_usd(problem, slot, problem.workloads[slot[0]].unserved_usd) * model.unserved[slot] for slot in priced
    )
    return {"unserved": refused}


def discounted_usd(problem: Problem, slot: tuple, usd_per_request: np.ndarray) -> float:
    """Expected USD for one request/s provisioned in the slot, its mean counted at a discounted price [s, period]."""
    w, t, b, node = slot
    share = problem.workloads[w].mean_share
    through = problem.scenarios_through(node, problem.months_of[t][0])
    paid = sum(problem.probability[s] * usd_per_request[s, t] * share[s, t, b] for s in through)
    return float(SECONDS_PER_HOUR * problem.hours[t] * problem.block_share[b] * paid)


def _servers(model: ConcreteModel) -> dict[tuple, list[str]]:
    """(workload, period, block, node) -> the pools that can serve it."""
    found: dict[tuple, list[str]] = {}
    for pool, w, t, b, node in model.serve:
        found.setdefault((w, t, b, node), []).append(pool)
    return found


def _served(model: ConcreteModel, problem: Problem, servers, w: str, t: int, b: int, node: int):
    """Requests/s served or given up in one block."""
    s = problem.representative(t, node)
    rate = quicksum(
        float(problem.rate[pool, w][s, t]) * model.serve[pool, w, t, b, node]
        for pool in servers.get((w, t, b, node), [])
    )
    return rate + model.unserved[w, t, b, node]


def _add_interactive(model: ConcreteModel, problem: Problem, servers) -> None:
    slots = [
        (w, t, b, node)
        for w, workload in problem.workloads.items()
        if workload.kind == "interactive"
        for t in problem.periods
        for b in problem.blocks
        for node in problem.nodes_at(t)
        if problem.asks(w, t, b, node)
    ]

    def met(m, w, t, b, node):
        asked = float(problem.workloads[w].provision[problem.representative(t, node), t, b])
        return _served(m, problem, servers, w, t, b, node) >= asked

    model.demand_met = Constraint(slots, rule=met, doc="{0} is served at its peak in period {1}, block {2}")


def _add_batch(model: ConcreteModel, problem: Problem, servers) -> None:
    batch = [w for w, workload in problem.workloads.items() if workload.kind == "batch"]
    slots = [(w, t, node) for w in batch for t in problem.periods for node in problem.nodes_at(t)]
    model.work_done = Var(slots, domain=NonNegativeReals, doc="million requests done or given up in the period")

    def done(m, w, t, node):
        work = quicksum(
            float(problem.hours[t] * problem.block_share[b]) * _served(m, problem, servers, w, t, b, node)
            for b in problem.blocks
        )
        return m.work_done[w, t, node] == SECONDS_PER_HOUR / 1e6 * work

    def waits_most(_model, w, t, node):
        """The work of the last L periods may wait, and nothing at the end of the horizon."""
        s, workload = problem.representative(t, node), problem.workloads[w]
        window = [] if t == problem.periods[-1] else range(max(t - workload.waiting_periods + 1, 0), t + 1)
        return 0.0, sum(arrived(w, k, s) for k in window)

    def arrived(w, t, s):
        mean_rate = float(problem.block_share @ problem.workloads[w].provision[s, t])
        return SECONDS_PER_HOUR / 1e6 * float(problem.hours[t]) * mean_rate

    model.work_waiting = Var(slots, bounds=waits_most, doc="million requests that wait at the end of the period")

    def balance(m, w, t, node):
        s = problem.representative(t, node)
        before = m.work_waiting[w, t - 1, problem.node_at(s, t - 1)] if t else 0.0
        return m.work_done[w, t, node] + m.work_waiting[w, t, node] - before == arrived(w, t, s)

    model.work_done_in_period = Constraint(slots, rule=done, doc="{0}: the work of period {1}")
    model.work_in_time = Constraint(
        slots,
        rule=balance,
        doc="{0}: work is done no earlier than it arrives and no later than it may wait, period {1}",
    )
