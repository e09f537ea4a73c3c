"""Contingencies: whether a plan survives what may be lost, and the search for one that does.

Rows of all contingencies at once would be most of a model, and few of them ask for anything. So a plan is sought
without them, that of the relaxation first; each contingency that it does not survive is added, and the search goes on,
until none is left. Rows are only ever added, so what is proven of the last model is proven of the whole. Given the
signings, whether a contingency is survived is a small linear program for all of its blocks and periods; its dispatch
becomes part of the plan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array

from offtake_models.resilience import asked, asking_slots, survive

from .plan.decisions import Decisions, read
from .solve import Limits, Outcome
from .solve.limits import Clock

if TYPE_CHECKING:
    from pyomo.environ import ConcreteModel

    from offtake_models.problem import Problem

Slot = tuple[str, str, int, int, int]
"""(pool, workload, period, block, node)"""
ENOUGH = 5e-7
"""share of what must be kept that may be lacking: half of what an audit allows"""
NOISE = 1e-9
"""share of what must be kept"""
LEAST_SECONDS = 1.0
"""for a solve that begins after the time limit"""


def search(
    problem: Problem,
    model: ConcreteModel,
    limits: Limits,
    look_ahead: Callable[[Limits], bool],
    solve: Callable[[Limits], Outcome],
) -> tuple[Outcome, Decisions | None]:
    """Solve, add what the plan does not survive, and solve again, all within the limits of one solve.

    `look_ahead` solves the relaxation of the model, which is quick to say what many plans would not survive; `solve`
    solves the model; both load what they find. Returns the last outcome, with the seconds and nodes of all, and what it
    decides; without a plan if the search was stopped before one survived.
    """
    clock, nodes = Clock(limits.time_limit_s), 0
    enforced = _foreseen(problem, model, lambda: look_ahead(_left_of(limits, clock)))
    while True:
        outcome = solve(_left_of(limits, clock))
        nodes += outcome.nodes
        outcome = replace(outcome, seconds=clock.seconds, nodes=nodes)
        if outcome.objective is None:
            return outcome, None
        decisions = read(problem, model)
        dispatch = {k: survivors(problem, decisions, k) for k, _ in enumerate(problem.contingencies)}
        broken = [k for k, found in dispatch.items() if found is None and k not in enforced]
        if not broken:
            return outcome, _surviving(decisions, dispatch, enforced)
        if outcome.status != "optimal":
            return _stopped(problem, outcome, broken), None
        survive(model, problem, broken)
        enforced += broken


def _foreseen(problem: Problem, model: ConcreteModel, look_ahead: Callable[[], bool]) -> list[int]:
    """Add what the relaxation does not survive, again and again. Returns all contingencies that the model has then."""
    enforced = list(dict.fromkeys(index[0] for index in model.kept_when_lost))
    while len(enforced) < len(problem.contingencies) and look_ahead():
        decisions = _relaxed(problem, model)
        left = [k for k, _ in enumerate(problem.contingencies) if k not in enforced]
        broken = [k for k in left if survivors(problem, decisions, k) is None]
        if not broken:
            break
        survive(model, problem, broken)
        enforced += broken
    return enforced


def _left_of(limits: Limits, clock: Clock) -> Limits:
    """The same, with the time that is left."""
    return limits if limits.time_limit_s is None else replace(limits, time_limit_s=max(clock.left, LEAST_SECONDS))


def _surviving(decisions: Decisions, dispatch: dict[int, dict[Slot, float] | None], enforced: list[int]) -> Decisions:
    """Decisions with the dispatch of each contingency."""
    rerouted = {(k, *slot): x for k, found in dispatch.items() for slot, x in (found or {}).items()}
    return replace(decisions, rerouted=rerouted, enforced=sorted(enforced))


def _stopped(problem: Problem, outcome: Outcome, broken: list[int]) -> Outcome:
    """The outcome of a search that is out of time with a plan that breaks the rule."""
    lost = ", ".join(problem.contingencies[k].name for k in broken)
    message = f"stopped before a plan was found that survives the loss of any of {lost}"
    return replace(outcome, objective=None, gap=None, message=message)


def _relaxed(problem: Problem, model: ConcreteModel) -> Decisions:
    """What a relaxation holds and lets; a port that has begun in part counts as begun."""
    in_force = [d for d, deal in enumerate(problem.deals) if deal.in_force]
    held = {key: variable.value for key, variable in model.blocks.items() if key[0] not in in_force}
    let = {key: variable.value for key, variable in model.sublet.items()}
    begun = [key for key, variable in model.port_begun.items() if variable.value > NOISE]
    return Decisions(blocks=held, serve={}, unserved={}, beyond={}, sublet=let, ported=begun)


def survivors(problem: Problem, decisions: Decisions, k: int) -> dict[Slot, float] | None:
    """Accelerators (requests/s of an API) that serve what must be kept of each slot; None if there is not enough."""
    contingency, left = problem.contingencies[k], _left(problem, decisions)
    needed = {slot: asked(problem, contingency, slot) for slot in asking_slots(problem, contingency)}
    able = [
        (pool, *slot)
        for pool, workload in problem.rate
        for slot in needed
        if slot[0] == workload and pool not in contingency.pools and left.get((pool, slot[1], slot[3]), 0.0) > 0
    ]
    return _dispatched(problem, [slot for slot in able if _usable(problem, decisions, slot)], needed, left)


def _left(problem: Problem, decisions: Decisions) -> dict[tuple[str, int, int], float]:
    """(pool, period, node) -> what is held, less what is let, or what is there without signing."""
    found: dict[tuple[str, int, int], float] = {}
    in_force = {(d, 0): deal.max_blocks for d, deal in enumerate(problem.deals) if deal.in_force}
    for t in problem.periods:
        for node in problem.nodes_at(t):
            s = problem.representative(t, node)
            for (d, signed), blocks in {**in_force, **decisions.blocks}.items():
                deal = problem.deals[d]
                if deal.in_force or problem.signed_at(deal, s) == signed:
                    for pool, held in deal.delivery.items():
                        found[pool, t, node] = found.get((pool, t, node), 0.0) + blocks * float(held[s, t])
            found |= {(pool, t, node): float(limit[s, t]) for pool, limit in problem.elastic_limit.items()}
    for place, let in decisions.sublet.items():
        found[place] -= let
    return found


def _usable(problem: Problem, decisions: Decisions, slot: Slot) -> bool:
    """Whether a pool may serve a workload there: it waits for no port, or for one that is done."""
    pool, w, t, _b, node = slot
    k, s, first = problem.port_of.get((pool, w)), problem.representative(t, node), problem.months_of[t][0]
    begun = [month for port, month, at in decisions.ported if port == k and at == problem.node_in(s, month)]
    ported = k is None or any(month + problem.ports[k].months <= first for month in begun)
    return ported and problem.rate[pool, w][s, t] > 0


def _dispatched(problem: Problem, able: list[Slot], needed: dict, left: dict) -> dict[Slot, float] | None:
    """Minimise what is lacking, as shares of what is needed: each slot has shares from its pools, and a lack."""
    rows = {place: i for i, place in enumerate(needed)}
    places = {place: i for i, place in enumerate(dict.fromkeys((p, t, b, node) for p, _, t, b, node in able))}
    amount = {  # accelerators that would serve all that is needed
        slot: needed[slot[1:]] / float(problem.rate[slot[:2]][problem.representative(slot[2], slot[4]), slot[2]])
        for slot in able
    }
    served = [rows[slot[1:]] for slot in able] + list(rows.values())
    shares = coo_array((np.ones(len(served)), (served, np.arange(len(served)))), shape=(len(rows), len(served)))
    used = [amount[slot] / left[slot[0], slot[2], slot[4]] for slot in able]
    at = [places[slot[0], *slot[2:]] for slot in able]
    capacity = coo_array((used, (at, np.arange(len(able)))), shape=(len(places), len(served)))
    cost = np.concatenate([np.zeros(len(able)), np.ones(len(rows))])
    solved = linprog(cost, capacity, np.ones(len(places)), shares, np.ones(len(rows)), method="highs")
    if solved.x is None or solved.x[len(able) :].max(initial=0.0) > ENOUGH:
        return None
    return {slot: float(y) * amount[slot] for slot, y in zip(able, solved.x, strict=False) if y > NOISE}
