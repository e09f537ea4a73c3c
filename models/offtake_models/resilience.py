"""Resilience: whichever provider, site or family is lost, what is left serves a share of the demand that is named.

    sum_w x[k,p,w,t,b,nu] + l[p,t,nu] <= sum_d A[d,p,t,s] n[d,nu(s,tau_d)]    left_when_lost     [accelerators]
    sum_w x[k,p,w,t,b,nu] <= limit[p,t,s]          for elastic pools          left_when_lost     [accelerators]
    x[k,p,w,t,b,nu] <= (keep D / R) h[port,nu]     where it waits for a port  ported_when_lost   [accelerators]
    sum_p R[p,w,t,s] x[k,p,w,t,b,nu] >= keep_w D[w,t,b,s]                     kept_when_lost     [requests/s]

for each contingency k, on the pools p that it does not take, in every block of every period with a month that counts.
D is the rate to provision for. Workloads that are not named may be dropped; what is let to others stays let. The
dispatch x[k] costs nothing: it is only asked that capacity for it is there.

So x[k] can be projected out, and the engine does: it searches without these rows, and adds, for the k, t, b and nu in
which what it finds lacks something, one row in the signings, with prices v, u, q >= 0 for which u[p] + q[p,w] >=
R[p,w,t,s] v[w] wherever w may be served from p, and q[p,w] = 0 where it waits for no port:

    sum_p u[p] (sum_d A n - l) + sum_{p,w} q[p,w] (keep D / R) h  >=  sum_w v[w] keep_w D[w,t,b,s]    survives

For an elastic pool the limit stands in the first sum. Every plan with a dispatch keeps it: multiply kept_when_lost by
v, then R v <= u + q, left_when_lost by u and ported_when_lost by q. If there is no dispatch, the prices of the linear
program that minimises what lacks give a row that is broken by as much (duality), so that these rows together ask for
exactly what x[k] does. Since n and h are whole, a row asks for more than that: bring what is given to the right-hand
side, r; no coefficient need be larger than r plus the most that the negative terms can take away, since one unit alone
then keeps the row. A break whose coefficient is that of its contract with the other sign is no such negative term:
n less its breaks is a whole number of at least 0 (follows_its_contract), and its coefficient is held down likewise.
"""

from __future__ import annotations

from pyomo.environ import Any, ConcreteModel, Constraint, NonNegativeReals, Var, quicksum

from .porting import ready
from .problem import Contingency, Problem
from .supply import sources_by_slot


def add(model: ConcreteModel, problem: Problem) -> None:
    """Declare `left_serves` (x[k], [contingency, pool, workload, period, block, node]) with the rows of all."""
    model.left_serves = Var(Any, domain=NonNegativeReals, dense=False)
    model.left_when_lost = Constraint(Any, doc="without {0}, {1} serves no more than it has in period {2}, block {3}")
    model.ported_when_lost = Constraint(Any, doc="without {0}, {1} serves {2} in period {3} only if it is ported")
    model.kept_when_lost = Constraint(Any, doc="without {0}, enough of {1} is served in period {2}, block {3}")
    sources = sources_by_slot(problem) if problem.contingencies else {}
    for k, contingency in enumerate(problem.contingencies):
        used: dict[tuple, list[str]] = {}
        servers: dict[tuple, list[str]] = {slot: [] for slot in asking_slots(problem, contingency)}
        left = [slot for slot in model.serve if slot[0] not in contingency.pools]
        able = [slot for slot in left if slot[1:] in servers]
        for pool, w, t, b, node in able:
            used.setdefault((pool, t, b, node), []).append(w)
            servers[w, t, b, node].append(pool)
        for slot, workloads in used.items():
            _add_left(model, problem, sources, k, slot, workloads)
        for slot in able:
            _add_ported(model, problem, k, slot)
        for slot, pools in servers.items():
            _add_kept(model, problem, k, slot, pools)


def asking_slots(problem: Problem, contingency: Contingency) -> list[tuple[str, int, int, int]]:
    """(workload, period, block, node) in which something must be kept."""
    return [
        (w, t, b, node)
        for w in contingency.keep
        for t in problem.periods
        if problem.months_of[t][-1] >= contingency.first
        for b in problem.blocks
        for node in problem.nodes_at(t)
        if problem.asks(w, t, b, node)
    ]


def asked(problem: Problem, contingency: Contingency, slot: tuple[str, int, int, int]) -> float:
    """Requests/s to be kept in a slot (workload, period, block, node)."""
    w, t, b, node = slot
    return contingency.keep[w] * float(problem.workloads[w].provision[problem.representative(t, node), t, b])


def _add_left(model: ConcreteModel, problem: Problem, sources, k: int, slot: tuple, workloads: list[str]) -> None:
    pool, t, b, node = slot
    used = quicksum(model.left_serves[k, pool, w, t, b, node] for w in workloads)
    if pool in problem.elastic_limit:
        left = float(problem.elastic_limit[pool][problem.representative(t, node), t])
    else:
        left = quicksum(source.held * model.blocks[source.deal, source.node] for source in sources[pool, t, node])
    let = quicksum(model.sublet[place] for place in [(pool, t, node)] if place in model.sublet)
    model.left_when_lost[k, *slot] = used + let <= left


def _add_ported(model: ConcreteModel, problem: Problem, k: int, slot: tuple) -> None:
    pool, w, t, _b, node = slot
    s = problem.representative(t, node)
    done = ready(model, problem, (pool, w), t, s)
    if done is not None:
        most = asked(problem, problem.contingencies[k], slot[1:]) / float(problem.rate[pool, w][s, t])
        model.ported_when_lost[k, *slot] = model.left_serves[k, *slot] <= most * done


def _add_kept(model: ConcreteModel, problem: Problem, k: int, slot: tuple, pools: list[str]) -> None:
    w, t, _b, node = slot
    s, need = problem.representative(t, node), asked(problem, problem.contingencies[k], slot)
    served = quicksum(float(problem.rate[pool, w][s, t]) * model.left_serves[k, pool, *slot] for pool in pools)
    # what is left unserved counts for nothing here, but keeps the row from being empty where nothing is left
    model.kept_when_lost[k, *slot] = (need, served + 0.0 * model.unserved[slot], None)
