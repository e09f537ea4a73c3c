"""Stability: it costs something to sign other deals than an earlier plan does.

    changes = usd sum_s pi_s (sum_k c[k,nu(s,tau_k)] + sum_{d in no k} z[d,nu(s,tau_d)])             [USD]
    sum_{d in k} n[d,nu] <= N_k + (sum_{d in k} max_d - N_k) c[k,nu]          more_is_a_change         [blocks]
    sum_{d in k} n[d,nu] >= N_k (1 - c[k,nu])                                 fewer_is_a_change        [blocks]

k is an offer, a start and a term of which the earlier plan signs N_k > 0 blocks, in this horizon; d in k are the deals
that say the same, of any price and volume tier. A k that can no longer be signed is changed whatever happens. Renewals,
options, expansions and breaks are no changes, and a price on changes is no cash and not discounted.
"""

from __future__ import annotations

from typing import Any

from pyomo.environ import Binary, ConcreteModel, Constraint, Var, quicksum

from .problem import Problem
from .signing import indicator

Key = tuple[str, int, int]
"""(offer, start, months of the term)"""


def add(model: ConcreteModel, problem: Problem) -> None:
    """Declare `changed` (c, [offer, start, months, node]) and its rows."""
    ways = _ways(problem)
    slots = [(*key, node) for key, found in ways.items() if found for node in _nodes(problem, found)]
    model.changed = Var(slots, domain=Binary, doc="1 if other blocks are signed than in the earlier plan")
    _add_rows(model, problem, ways)


def costs(model: ConcreteModel, problem: Problem) -> dict[str, Any]:
    """Line -> expected, discounted USD."""
    ways = _ways(problem)
    own = _own(problem)
    new = [(d, node) for d in own if agreed(problem, d) not in ways for node in problem.signing_nodes(problem.deals[d])]
    gone = sum(not found for found in ways.values())
    changes = (
        gone
        + quicksum(_chance(problem, ways[slot[:3]][0], slot[3]) * model.changed[slot] for slot in model.changed)
        + quicksum(_chance(problem, *copy) * indicator(model, *copy) for copy in new)
    )
    return {"changes": (problem.change_usd or 0.0) * changes}


def _own(problem: Problem) -> list[int]:
    """Deals that are signed of their own; none where there is no earlier plan."""
    rule = problem.change_usd is not None
    return [d for d, deal in enumerate(problem.deals) if rule and not deal.in_force and not deal.right]


def _ways(problem: Problem) -> dict[Key, list[int]]:
    """What an earlier plan signed -> the deals that are the same."""
    ways: dict[Key, list[int]] = {key: [] for key in problem.kept}
    for d in _own(problem):
        ways.get(agreed(problem, d), []).append(d)
    return ways


def agreed(problem: Problem, d: int) -> Key:
    """What makes two deals the same to an earlier plan."""
    deal = problem.deals[d]
    return deal.offer, deal.start, deal.months


def _add_rows(model: ConcreteModel, problem: Problem, ways: dict[Key, list[int]]) -> None:
    def blocks(m, slot):
        return quicksum(m.blocks[d, slot[3]] for d in ways[slot[:3]])

    def more(m, *slot):
        kept, most = problem.kept[slot[:3]], sum(problem.deals[d].max_blocks for d in ways[slot[:3]])
        return blocks(m, slot) <= kept + max(most - kept, 0) * m.changed[slot]

    model.more_is_a_change = Constraint(
        list(model.changed), rule=more, doc="more blocks of {0} than in the earlier plan are a change"
    )
    model.fewer_is_a_change = Constraint(
        list(model.changed),
        rule=lambda m, *slot: blocks(m, slot) >= problem.kept[slot[:3]] * (1 - m.changed[slot]),
        doc="fewer blocks of {0} than in the earlier plan are a change",
    )


def _nodes(problem: Problem, ways: list[int]) -> list[int]:
    return problem.signing_nodes(problem.deals[ways[0]])


def _chance(problem: Problem, d: int, node: int) -> float:
    through = problem.scenarios_through(node, problem.deals[d].signing)
    return float(sum(problem.probability[s] for s in through))
