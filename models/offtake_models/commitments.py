"""Commitments: spend is promised, and what is not spent is paid all the same.

    S[p,m,b,nu] = sum_w phi_b (Dbar/D) L[p,w,m] x[p,w,t,b,nu]                     what use costs at list prices
    sum_k g[k,p,m,b,nu] <= S[p,m,b,nu]                                            covered_is_used        [million USD]

    prepaid (use_it_or_lose_it): B[k,m] is paid while held, and g is use drawn from it instead of paid at list
        sum_p (1 - f) g[k,p,m,b,nu] <= usd_per_hour H_m phi_b m_k                 within_commitment      [million USD]
        sum_{p, b, m in part} (1 - f) g[k,p,m,b,nu] <= usd[part] m_k              within_commitment      [million USD]

    trued up (true_up): g is use at a discount, all that no prepaid one covers; q is what is missing at the end
        g[k,p,m,b,nu] <= G m_k                                                    discounted_if_held     [million USD]
        S - sum_k' g[k',p,m,b,nu] <= G (1 - m_k)                                  discounted_when_held   [million USD]
        spend(part) + q[k,part,nu] >= usd[part] m_k                               commitment_met         [million USD]

    spend(M) = sum_{m in M} (sum_d (C' n + F' z) + U x + v e - f g + sum_k' B[k',m] m_k')    of what is eligible
    r[k,part,s,m] >= usd[part] m_k - spend(part) by m, of deals signed by m       unspent_is_owed        [million USD]

    commitments = sum_s pi_s (sum_k npv_k m_k - sum df_m g (1 if prepaid, f if trued up))            [USD, discounted]
    shortfall   = sum_s pi_s df_due q                                                                [USD, discounted]

m_k is taken in the node of its signing; C', F' is what sellers are paid for good; f is the discount, L the elastic
price and tokens in U, G the most that S can be. Nothing is used, or paid, for the sake of g or q alone (`as_owed`).
An hourly promise is settled in every month and block: what one leaves is lost, and nothing carries over. An interval is
settled in parts, the months inside the horizon and those beyond, where only fees of deals are known. What is missing is
due in the last month of the interval, at list. Cash rows have B, g and q at real dates; obligations have B still due
and r.
"""

from __future__ import annotations

from typing import Any

from pyomo.environ import ConcreteModel, Constraint, Expression, NonNegativeReals, Var, quicksum

from .money import MILLION, beyond_in_month, slots_by_month, use_in_month
from .problem import Commitment, Problem
from .signing import indicator
from .supply import useful_accelerators

SlotsByMonth = dict[tuple[int, int], list[tuple]]
"""(scenario, month) -> the slots of its node"""
WHOLE_DAY = -1
"""in place of a block, where the blocks are settled together"""


def add(model: ConcreteModel, problem: Problem) -> None:
    """Declare `covered` (g, [commitment, pool, month, block, node]) and `shortfall` (q, [commitment, part, node]), both
    in million USD, the rules of both kinds, and what `money` adds to cash (`commitment_cash`) and to obligations
    (`commitment_owed`)."""
    _add_covered(model, problem)
    _add_prepaid(model, problem)
    _add_discounts(model, problem)
    covered = _covered_by_month(model, problem)
    spend = _Spend(model, problem, covered)
    _add_true_up(model, problem, spend)
    _add_cash(model, problem, covered)
    _add_owed(model, problem, spend)


def held(model: ConcreteModel, problem: Problem, k: int, s: int):
    """m: 1 if the scenario's copy of the commitment is taken."""
    return model.committed[k, problem.node_in(s, problem.commitments[k].signing)]


def saved(commitment: Commitment, pool: str) -> float:
    """What is not paid at list for one dollar covered."""
    return 1.0 if commitment.prepaid else commitment.pools[pool]


def _add_covered(model: ConcreteModel, problem: Problem) -> None:
    served: dict[tuple, list[str]] = {}
    for pool, w, t, b, node in model.serve:
        served.setdefault((pool, t, b, node), []).append(w)
    model.covered = Var(
        [
            (k, pool, m, b, node)
            for k, commitment in enumerate(problem.commitments)
            for pool in commitment.pools
            for m in commitment.months
            for b in problem.blocks
            for node in problem.nodes_in(m)
            if (pool, problem.period_of[m], b, node) in served
        ],
        domain=NonNegativeReals,
        doc="million USD of use at list prices that is drawn from the commitment, or discounted by it",
    )
    places = dict.fromkeys(slot[1:] for slot in model.covered)
    model.list_spend = Expression(
        list(places),
        rule=lambda m, pool, month, b, node: quicksum(
            _list_usd(problem, pool, w, month, b, node) * m.serve[pool, w, problem.period_of[month], b, node]
            for w in served[pool, problem.period_of[month], b, node]
        ),
    )
    model.covered_in_all = Expression(
        list(places),
        rule=lambda m, *place: quicksum(
            m.covered[k, *place] for k in range(len(problem.commitments)) if (k, *place) in m.covered
        ),
    )
    model.covered_is_used = Constraint(
        list(places),
        rule=lambda m, *place: m.covered_in_all[place] <= m.list_spend[place],
        doc="commitments cover no more of {0} than is used in month {1}, block {2}",
    )


def _covered_by_month(model: ConcreteModel, problem: Problem) -> SlotsByMonth:
    found: SlotsByMonth = {}
    for slot in model.covered:
        for s in problem.scenarios_through(slot[4], slot[2]):
            found.setdefault((s, slot[2]), []).append(slot)
    return found


def _list_usd(problem: Problem, pool: str, w: str, month: int, b: int, node: int) -> float:
    """Million USD at list for one accelerator provisioned in a block of a month."""
    t = problem.period_of[month]
    s = problem.representative(t, node)
    share = problem.block_share[b] * problem.workloads[w].mean_share[s, t, b]
    return float(share * problem.list_cash[pool, w][s, month]) / MILLION


def settled_in(problem: Problem, covered: tuple) -> list[tuple[int, int, int, int]]:
    """Where use that a prepaid commitment may cover (`covered`) is settled: (commitment, month, block, node) by the
    hour, else (commitment, part, WHOLE_DAY, node of its last month), all those that the node leads to."""
    k, _pool, month, b, node = covered
    if not problem.commitments[k].prepaid:
        return []
    if problem.commitments[k].hourly:
        return [(k, month, b, node)]
    part, months = next((j, p.months) for j, p in enumerate(problem.commitments[k].parts) if month in p.months)
    mine = set(_through(problem, node, month))
    lasts = [last for last in problem.nodes_in(months[-1]) if set(_through(problem, last, months[-1])) <= mine]
    return [(k, part, WHOLE_DAY, last) for last in lasts]


def _add_prepaid(model: ConcreteModel, problem: Problem) -> None:
    drawn: dict[tuple, list[tuple]] = {}
    for slot in model.covered:
        for place in settled_in(problem, slot):
            drawn.setdefault(place, []).append(slot)

    def within(m, k, j, b, node):
        commitment = problem.commitments[k]
        burnt = quicksum((1 - commitment.pools[slot[1]]) * m.covered[slot] for slot in drawn[k, j, b, node])
        month = j if commitment.hourly else commitment.parts[j].months[-1]
        usd = commitment.paid[j] * problem.block_share[b] if commitment.hourly else commitment.parts[j].usd
        s = _through(problem, node, month)[0]
        return burnt <= float(usd) / MILLION * held(m, problem, k, s)

    model.within_commitment = Constraint(
        list(drawn), rule=within, doc="commitment {0} covers no more than it pays for in month or part {1}, block {2}"
    )


def _through(problem: Problem, node: int, month: int) -> list[int]:
    return [s for s in problem.scenarios if problem.node_in(s, month) == node]


def _add_discounts(model: ConcreteModel, problem: Problem) -> None:
    slots = [slot for slot in model.covered if not problem.commitments[slot[0]].prepaid]
    most = {slot: most_spent(problem, *slot[1:]) for slot in slots}

    def holder(m, k, month, node):
        return held(m, problem, k, _through(problem, node, month)[0])

    model.discounted_if_held = Constraint(
        slots,
        rule=lambda m, k, pool, month, b, node: (
            m.covered[k, pool, month, b, node] <= most[k, pool, month, b, node] * holder(m, k, month, node)
        ),
        doc="{1} is discounted in month {2}, block {3}, only if commitment {0} is held",
    )
    model.discounted_when_held = Constraint(
        slots,
        rule=lambda m, k, *place: (
            m.list_spend[place] - m.covered_in_all[place] <= most[k, *place] * (1 - holder(m, k, place[1], place[3]))
        ),
        doc="all use of {1} in month {2}, block {3}, is discounted when commitment {0} is held",
    )


def most_spent(problem: Problem, pool: str, month: int, b: int, node: int) -> float:
    """G: million USD at list, by the limit of the pool and by what all workloads can use of it."""
    t = problem.period_of[month]
    s = problem.representative(t, node)
    uses = [
        (_list_usd(problem, pool, w, month, b, node), useful_accelerators(problem, pool, w, t, b, s))
        for other, w in problem.list_cash
        if other == pool and problem.rate[pool, w][s, t] > 0
    ]
    dearest = max((usd for usd, _ in uses), default=0.0)
    return min(sum(usd * most for usd, most in uses), dearest * float(problem.elastic_limit[pool][s, t]))


class _Spend:
    """Million USD paid for what is eligible, as expressions."""

    def __init__(self, model: ConcreteModel, problem: Problem, covered: SlotsByMonth):
        self.model, self.problem, self.covered = model, problem, covered
        some = [pool for commitment in problem.commitments for pool in commitment.counted_pools]
        self.use = slots_by_month([slot for slot in model.serve if slot[0] in some], problem, 2)
        self.beyond = slots_by_month([slot for slot in model.beyond if slot[1] in some], problem, 2)

    def up_to(self, k: int, s: int, months: list[int], known: int):
        """Spent over the months, as far as it is certain after the month `known`: what deals signed by then will be
        paid in any of them, and what was used until then."""
        commitment = self.problem.commitments[k]
        past = [month for month in months if month <= known]
        return quicksum(
            [
                *self._fixed(commitment, s, months, known),
                *(term for month in past for term in self._used(k, s, month)),
                *(
                    float(self.problem.commitments[other].paid[months].sum())
                    / MILLION
                    * held(self.model, self.problem, other, s)
                    for other in commitment.others
                    if self.problem.commitments[other].signing <= known
                ),
            ]
        )

    def _fixed(self, commitment: Commitment, s: int, months: list[int], known: int):
        for d, deal in enumerate(self.problem.deals):
            if deal.offer not in commitment.offers or deal.signing > known:
                continue
            node = self.problem.signed_at(deal, s)
            per_block, once = float(deal.spent[s, months].sum()), float(deal.spent_once[s, months].sum())
            if per_block:
                yield per_block / MILLION * self.model.blocks[d, node]
            if once:
                yield once / MILLION * indicator(self.model, d, node)

    def _used(self, k: int, s: int, month: int):
        model, problem = self.model, self.problem
        counted = problem.commitments[k].counted_pools
        for slot in self.use.get((s, month), []):
            if slot[0] in counted:
                yield use_in_month(problem, slot, s, month) * model.serve[slot]
        for slot in self.beyond.get((s, month), []):
            if slot[1] in counted:
                yield beyond_in_month(problem, slot, s, month) * model.beyond[slot]
        for slot in self.covered.get((s, month), []):
            if slot[1] in counted:
                yield -saved(problem.commitments[slot[0]], slot[1]) * model.covered[slot]


def _add_true_up(model: ConcreteModel, problem: Problem, spend: _Spend) -> None:
    slots = [
        (k, j, node)
        for k, commitment in enumerate(problem.commitments)
        if not commitment.prepaid
        for j, part in enumerate(commitment.parts)
        for node in problem.nodes_in(part.months[-1])
    ]
    model.shortfall = Var(slots, domain=NonNegativeReals, doc="million USD paid for nothing when a part ends")

    def met(m, k, j, node):
        part = problem.commitments[k].parts[j]
        s = _through(problem, node, part.months[-1])[0]
        spent = spend.up_to(k, s, part.months, part.months[-1])
        return spent + m.shortfall[k, j, node] >= part.usd / MILLION * held(m, problem, k, s)

    model.commitment_met = Constraint(
        slots, rule=met, doc="what commitment {0} promises in part {1} is spent, or paid at its end"
    )


def costs(model: ConcreteModel, problem: Problem) -> dict[str, Any]:
    """Line -> expected, discounted USD."""

    def weight(node, month):
        return float(sum(problem.probability[s] for s in _through(problem, node, month)))

    taken = quicksum(
        weight(node, problem.commitments[k].signing) * problem.commitments[k].npv_usd * model.committed[k, node]
        for k, node in model.committed
    ) - quicksum(
        weight(slot[4], slot[2])
        * float(MILLION * problem.discount[slot[2]] * saved(problem.commitments[slot[0]], slot[1]))
        * model.covered[slot]
        for slot in model.covered
    )
    shortfall = quicksum(
        weight(node, problem.commitments[k].parts[j].months[-1])
        * (MILLION * problem.commitments[k].parts[j].charge)
        * model.shortfall[k, j, node]
        for k, j, node in model.shortfall
    )
    return {"commitments": taken, "shortfall": shortfall}


def _add_cash(model: ConcreteModel, problem: Problem, covered: SlotsByMonth) -> None:
    limited = sorted({m for limit in problem.cash_limits + problem.balance_limits for m in limit.months})
    slots = [(s, month) for s in problem.scenarios for month in limited] if problem.commitments else []

    def paid(m, s, month):
        fixed = [
            float(commitment.paid[month]) / MILLION * held(m, problem, k, s)
            for k, commitment in enumerate(problem.commitments)
            if commitment.paid[month]
        ]
        missing = [
            m.shortfall[k, j, problem.node_in(s, problem.commitments[k].parts[j].months[-1])]
            for k, j in dict.fromkeys(slot[:2] for slot in m.shortfall)
            if problem.commitments[k].parts[j].due == month
        ]
        less = [-saved(problem.commitments[slot[0]], slot[1]) * m.covered[slot] for slot in covered.get((s, month), [])]
        return quicksum([*fixed, *missing, *less])

    model.commitment_cash = Expression(slots, rule=paid)


def _add_owed(model: ConcreteModel, problem: Problem, spend: _Spend) -> None:
    months = range(len(problem.discount)) if problem.obligations_max_usd is not None else []
    slots = [
        (k, j, s, month)
        for k, commitment in enumerate(problem.commitments)
        if not commitment.prepaid
        for j, part in enumerate(commitment.parts)
        for s in problem.scenarios
        for month in months
        if commitment.signing <= month < part.due
    ]
    model.unspent = Var(slots, domain=NonNegativeReals, doc="million USD promised and neither spent nor owed to deals")

    def owed(m, k, j, s, month):
        part = problem.commitments[k].parts[j]
        certain = spend.up_to(k, s, part.months, month)
        return m.unspent[k, j, s, month] >= part.usd / MILLION * held(m, problem, k, s) - certain

    model.unspent_is_owed = Constraint(
        slots, rule=owed, doc="what commitment {0} has left to spend in part {1} is owed after month {3}"
    )

    def in_all(m, s, month):
        prepaid = [
            float(commitment.obligation[month]) / MILLION * held(m, problem, k, s)
            for k, commitment in enumerate(problem.commitments)
            if commitment.obligation[month]
        ]
        parts = [
            m.unspent[k, j, s, month]
            for k, commitment in enumerate(problem.commitments)
            for j in range(len(commitment.parts))
            if (k, j, s, month) in m.unspent
        ]
        return quicksum([*prepaid, *parts])

    watched = [(s, month) for s in problem.scenarios for month in months] if problem.commitments else []
    model.commitment_owed = Expression(watched, rule=in_all)
