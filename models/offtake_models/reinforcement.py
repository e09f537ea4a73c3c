"""Reinforcement learning: a run learns in a period only from the rollouts that are generated in it.

    f[w,t,nu] <= G[r,t,nu]                                                    learnt_from_rollouts [W / 1000]
    G[r,0] + ... + G[r,T] <= W_w                                              generated_as_asked   [W / 1000]

    G[r,t,nu] = e_w H_t 3600 sum_b phi_b sum_p R[p,r,t,s] x[p,r,t,b,nu]

along each path, for each run w that learns from rollouts r, with e_w the useful FLOP of updates that a rollout is good
for. Updates are a training run, with its rows (`training`). Rollouts take what any pool holds, in any block of the day
and in many places at once, and are paid for as they are provisioned (Dbar/D = 1). None are kept for later: what is
learnt from is of the weights of the period. None are generated in vain, for a commitment or a share of spend. How
weights come to those who generate costs nothing and takes no time.
"""

from __future__ import annotations

from pyomo.environ import ConcreteModel, Constraint, quicksum

from .problem import Problem
from .training import SECONDS_PER_HOUR, WORK


def add(model: ConcreteModel, problem: Problem) -> None:
    """Tie the work of the runs to their rollouts."""
    source = {w.rollouts.learner: r for r, w in problem.workloads.items() if w.rollouts is not None}
    places = _places(model, source)

    def learnable(m, w, t, node):
        r, s = source[w], problem.representative(t, node)
        each = WORK * problem.workloads[r].rollouts.flop / problem.workloads[w].run.flop
        unit = each * problem.hours[t] * SECONDS_PER_HOUR
        return quicksum(
            float(unit * problem.block_share[b] * problem.rate[pool, r][s, t]) * m.serve[pool, r, t, b, node]
            for pool, b in places.get((r, t, node), [])
        )

    def generated(m, w, last, node):
        s, run = problem.representative(last, node), problem.workloads[w].run
        path = [(source[w], t, problem.node_at(s, t)) for t in run.periods]
        made = quicksum(learnable(m, w, *place[1:]) for place in path if place in places)
        return made <= WORK if any(place in places for place in path) else Constraint.Skip

    model.learnt_from_rollouts = Constraint(
        [slot for slot in model.trained if slot[0] in source],
        rule=lambda m, *slot: m.trained[slot] <= learnable(m, *slot),
        doc="{0} learns in period {1} only from what is generated in it",
    )
    model.generated_as_asked = Constraint(
        [slot for slot in model.trained_in_time if slot[0] in source],
        rule=generated,
        doc="no more is generated on the way to period {1} than {0} learns from",
    )


def _places(model: ConcreteModel, source: dict[str, str]) -> dict[tuple, list[tuple[str, int]]]:
    """(rollouts, period, node) -> the pools and blocks in which they can be generated."""
    found: dict[tuple, list[tuple[str, int]]] = {}
    for pool, r, t, b, node in model.serve:
        if r in source.values():
            found.setdefault((r, t, node), []).append((pool, b))
    return found
