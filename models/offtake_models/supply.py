"""Supply: nobody is served from capacity that was not bought.

    h[p,t,nu] = sum_d A[d,p,t,s] n[d,nu(s,tau_d)]                             held_in_all        [accelerators]
    sum_w x[p,w,t,b,nu] + l[p,t,nu] <= h[p,t,nu]                              capacity_held      [accelerators]
    sum_w x[p,w,t,b,nu] <= limit[p,t,s]            for elastic pools          elastic_limit      [accelerators]
    sum_w x[p,w,t,b,nu] <= limit[p,t,s]            for token APIs             elastic_limit      [requests/s]
    g[p,t,k,nu] = sum_{d: A max_d = size_k} z[d,nu(s,tau_d)]                  signed_in_all      [deals]
    x[p,w,t,b,nu] <= sum_k min(D / R, size_k) g[p,t,k,nu]                     strong_link        [accelerators]
    H_t (sum_{w,b} phi_b (Dbar/D) x + l) <= sum_d (theta Ah n + e[d,p,t,nu])  paid_for_use       [accelerator-hours]
    e[d,p,t,nu] <= (1 - theta[d,t]) Ah[d,p,t] n[d,nu(s,tau_d)]                use_beyond_limit   [accelerator-hours]

with A what a block holds throughout the period, Ah its accelerator-hours, theta the take-or-pay share, e the
use beyond it, l what is let to others (`sublease`). A and Ah of a break are negative: it takes away what its contract
would deliver, and e of the contract is limited by what is left. A pair (p, w) that cannot meet the latency target has
no x, and neither has a pool before anything can be delivered from it: eligibility is a matter of which variables exist,
not a constraint for the solver to discover. `strong_link` follows from the others for whole numbers of blocks and lifts
the bound. h and g are sums that many rows share: written once, they keep a large model small, and dispatch depends on
what was signed through them alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyomo.environ import ConcreteModel, Constraint, NonNegativeReals, Var, quicksum

from .problem import Problem, Rollouts
from .signing import indicator

SECONDS_PER_HOUR = 3600.0

Slot = tuple[str, int, int]
"""(pool, period, node)"""


@dataclass(frozen=True)
class Source:
    """One deal as a pool sees it in one period on one path."""

    deal: int
    node: int
    held: float
    """A: accelerators per block"""
    hours: float
    """Ah: accelerator-hours per block"""
    paid: float
    """theta: share of them that is paid whether used or not"""


def add(model: ConcreteModel, problem: Problem) -> None:
    """Declare `serve` (x, [pool, workload, period, block, node]), `sublet` (l, [pool, period, node]), `beyond` (e) and
    `held` (h, [pool, period, node]), and tie use to what is held."""
    sources = sources_by_slot(problem)
    model.serve = Var(_serving_slots(problem, sources), domain=NonNegativeReals)
    model.sublet = Var(
        [slot for slot in sources if slot[0] in problem.sublet_usd],
        domain=NonNegativeReals,
        bounds=lambda _model, pool, t, node: (0.0, float(problem.sublet_most[pool])),
    )
    served = _workloads_by_slot(model)
    _add_capacity(model, problem, sources, served)
    _add_strong_links(model, problem, sources)
    _add_take_or_pay(model, problem, sources, served)


def sources_by_slot(problem: Problem) -> dict[Slot, list[Source]]:
    """The deals that can deliver from a pool in a period, for each node of the period."""
    found: dict[Slot, list[Source]] = {}
    for t in problem.periods:
        for node in problem.nodes_at(t):
            s = problem.representative(t, node)
            for d, deal in enumerate(problem.deals):
                for pool, held in deal.delivery.items():
                    hours = float(deal.delivered_hours[pool][s, t])
                    if hours:
                        paid = float(deal.take_or_pay[s, t])
                        source = Source(d, problem.signed_at(deal, s), float(held[s, t]), hours, paid)
                        found.setdefault((pool, t, node), []).append(source)
    return found


def _serving_slots(problem: Problem, sources: dict[Slot, list[Source]]) -> list[tuple]:
    """(pool, workload, period, block, node) where something can be delivered and somebody asks for it."""
    slots = []
    for pool, workload in problem.rate:
        for t in problem.periods:
            for node in problem.nodes_at(t):
                s = problem.representative(t, node)
                if not _delivers(problem, sources, (pool, t, node), s) or problem.rate[pool, workload][s, t] <= 0:
                    continue
                asked = [b for b in problem.blocks if problem.asks(workload, t, b, node)]
                slots.extend((pool, workload, t, b, node) for b in asked)
    return slots


def _delivers(problem: Problem, sources: dict[Slot, list[Source]], slot: Slot, s: int) -> bool:
    limit = problem.elastic_limit.get(slot[0])
    held = any(source.held > 0 for source in sources.get(slot, []))
    return held or (limit is not None and limit[s, slot[1]] > 0)


def _workloads_by_slot(model: ConcreteModel) -> dict[tuple, list[str]]:
    """(pool, period, node, block) -> the workloads that it can serve there."""
    found: dict[tuple, list[str]] = {}
    for pool, workload, t, b, node in model.serve:
        found.setdefault((pool, t, node, b), []).append(workload)
    return found


def _add_capacity(model: ConcreteModel, problem: Problem, sources, served) -> None:
    let = [(*slot, b) for slot in model.sublet for b in problem.blocks]
    bought = list(dict.fromkeys([*(slot for slot in served if slot[0] not in problem.elastic_limit), *let]))
    elastic = [slot for slot in served if slot[0] in problem.elastic_limit]

    def used(m, pool, t, node, b):
        return quicksum(m.serve[pool, w, t, b, node] for w in served.get((pool, t, node, b), []))

    def let_or_used(m, pool, t, node, b):
        slot = pool, t, node
        return used(m, *slot, b) + quicksum(m.sublet[let] for let in [slot] if let in m.sublet)

    model.held = Var(list(dict.fromkeys(slot[:3] for slot in bought)), domain=NonNegativeReals)
    model.held_in_all = Constraint(
        list(model.held),
        rule=lambda m, *slot: (
            m.held[slot] == quicksum(src.held * m.blocks[src.deal, src.node] for src in sources[slot])
        ),
        doc="what {0} holds in period {1}",
    )
    model.capacity_held = Constraint(
        bought,
        rule=lambda m, pool, t, node, b: let_or_used(m, pool, t, node, b) <= m.held[pool, t, node],
        doc="{0} serves no more than it holds in period {1}, block {3}",
    )
    model.elastic_limit = Constraint(
        elastic,
        rule=lambda m, pool, t, node, b: (
            used(m, pool, t, node, b) <= float(problem.elastic_limit[pool][problem.representative(t, node), t])
        ),
        doc="{0} gives no more than its limit in period {1}, block {3}",
    )


def _add_strong_links(model: ConcreteModel, problem: Problem, sources) -> None:
    """Only where some deal could hold more than the workload can use: elsewhere capacity_held is as strong."""
    signed: dict[Slot, dict[float, list]] = {}
    useful: dict[tuple, float] = {}
    for pool, workload, t, b, node in model.serve:
        if pool in problem.elastic_limit:
            continue
        if (pool, t, node) not in signed:
            signed[pool, t, node] = _by_size(model, problem, sources[pool, t, node])
        most = useful_accelerators(problem, pool, workload, t, b, problem.representative(t, node))
        if any(most < size for size in signed[pool, t, node]):
            useful[pool, workload, t, b, node] = most
    linked = dict.fromkeys((pool, t, node) for pool, _, t, _, node in useful)
    sizes = {(*slot, k): size for slot in linked for k, size in enumerate(signed[slot])}
    model.signed_by_size = Var(list(sizes), domain=NonNegativeReals)
    model.signed_in_all = Constraint(
        list(sizes),
        rule=lambda m, *at: m.signed_by_size[at] == quicksum(signed[at[:-1]][sizes[at]]),
        doc="deals in service that can hold as much of {0} in period {1}",
    )

    def enough_signed(m, *at):
        pool, _, t, _, node = at
        by_size = enumerate(signed[pool, t, node])
        return m.serve[at] <= quicksum(
            min(useful[at], size) * m.signed_by_size[pool, t, node, k] for k, size in by_size
        )

    model.strong_link = Constraint(
        list(useful), rule=enough_signed, doc="{0} serves {1} in period {2}, block {3} only from deals that are signed"
    )


def _by_size(model: ConcreteModel, problem: Problem, sources: list[Source]) -> dict[float, list]:
    """Accelerators that a deal can hold at most -> whether such deals are signed."""
    found: dict[float, list] = {}
    for source in sources:
        if source.held > 0:
            most = source.held * problem.deals[source.deal].max_blocks
            found.setdefault(most, []).append(indicator(model, source.deal, source.node))
    return dict(sorted(found.items()))


def useful_accelerators(problem: Problem, pool: str, workload: str, t: int, b: int, s: int) -> float:
    """The most that one workload can use of a pool: its demand (or all batch work in the window) over the rate, the
    scale of a training run, or all rollouts that it can learn from in the period."""
    demand = problem.workloads[workload]
    if demand.run is not None:
        return demand.run.most_accelerators
    rate = float(problem.rate[pool, workload][s, t])
    if demand.rollouts is not None:
        return _rollouts(problem, demand.rollouts, t, s) / (rate * _block_seconds(problem, t, b))
    if demand.kind != "batch":
        return float(demand.provision[s, t, b]) / rate
    share = problem.block_share
    window = range(max(0, t - demand.waiting_periods), t + 1)
    arrived = sum(float(problem.hours[k]) * float(share @ demand.provision[s, k]) for k in window)
    return arrived / (rate * float(problem.hours[t] * share[b]))


def _block_seconds(problem: Problem, t: int, b: int) -> float:
    return SECONDS_PER_HOUR * float(problem.hours[t] * problem.block_share[b])


def _rollouts(problem: Problem, rollouts: Rollouts, t: int, s: int) -> float:
    """The most that their run can learn from in a period, wherever it works: no more than all of them."""
    run = problem.workloads[rollouts.learner].run
    speed = (
        float(rate[s, t]) * min(line[pool][0] * run.most_accelerators + line[pool][1] for line in run.useful)
        for (pool, workload), rate in problem.rate.items()
        if workload == rollouts.learner
    )
    return min(rollouts.most, max(speed, default=0.0) * SECONDS_PER_HOUR * float(problem.hours[t]) / rollouts.flop)


def _add_take_or_pay(model: ConcreteModel, problem: Problem, sources, served) -> None:
    """Only pools of which some deal leaves a share open."""
    used = dict.fromkeys([*(slot[:3] for slot in served), *model.sublet])
    open_slots = [slot for slot in used if any(src.paid < 1 for src in sources.get(slot, []))]
    open_sources = {
        (src.deal, *slot): src for slot in open_slots for src in sources[slot] if src.paid < 1 and src.hours > 0
    }
    model.beyond = Var(list(open_sources), domain=NonNegativeReals)

    def used_hours(m, pool, t, node):
        s = problem.representative(t, node)
        let = [float(problem.hours[t]) * m.sublet[pool, t, node]] if (pool, t, node) in m.sublet else []
        return quicksum(let) + quicksum(
            float(problem.hours[t] * problem.block_share[b] * problem.workloads[w].mean_share[s, t, b])
            * m.serve[pool, w, t, b, node]
            for b in problem.blocks
            for w in served.get((pool, t, node, b), [])
        )

    def paid_hours(m, pool, t, node):
        fixed = quicksum(src.paid * src.hours * m.blocks[src.deal, src.node] for src in sources[pool, t, node])
        return fixed + quicksum(
            m.beyond[src.deal, pool, t, node] for src in sources[pool, t, node] if (src.deal, pool, t, node) in m.beyond
        )

    model.paid_for_use = Constraint(
        open_slots,
        rule=lambda m, *slot: used_hours(m, *slot) <= paid_hours(m, *slot),
        doc="what {0} uses in period {1} is paid for, inside the take-or-pay share or beyond it",
    )

    def beyond_limit(m, *key):
        src, broken = open_sources[key], problem.followers.get((key[0], "break"), [])
        left = [src, *(other for other in sources[key[1:]] if other.deal in broken)]
        return m.beyond[key] <= quicksum((1 - s.paid) * s.hours * m.blocks[s.deal, s.node] for s in left)

    model.use_beyond_limit = Constraint(
        list(open_sources), rule=beyond_limit, doc="{1} is used beyond take-or-pay only as far as deal {0} delivers"
    )
