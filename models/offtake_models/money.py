"""Money: what everything costs, and what the treasury allows.

    contracts   = sum_s pi_s sum_d (npv[d,s] n[d,nu] + npv_once[d,s] z[d,nu])                        [USD, discounted]
    use         = sum phi_b (Dbar/D) sum_{m in t} df_m U[p,w,m] x[p,w,t,b,nu]                        [USD, discounted]
    use_beyond  = sum v[d,p,t] df_t e[d,p,t,nu]                                                      [USD, discounted]
    q[s,m]      = sum_d (C n + F z) + sum_b phi_b (Dbar/D) U x + v e H_m / H_t - Y l
                                                                                cash_paid           [million USD]
    sum_{m in year or month} q[s,m] <= budget                                    within_budget       [million USD]
    sum_{m' <= m} q[s,m'] <= funding + other cash - minimum, up to m             balance_kept        [million USD]
    sum_d (O[d,m,s] n + O1[d,m,s] z) <= cap                                      obligations_capped  [million USD]

To q and to what is owed come those of spend commitments, and to q what ports cost. U is USD for one accelerator at work
through the month (elastic price, tokens, egress): the peak is provisioned, the mean is paid for. Cash and obligations
use real dates, also past the horizon; contracts in force count in them and cost nothing here, since they are sunk.
Million USD keeps the matrix within few orders of magnitude.
"""

from __future__ import annotations

from typing import Any

from pyomo.environ import ConcreteModel, Constraint, Reals, Var, quicksum

from .problem import CashLimit, Problem
from .signing import copies, indicator

MILLION = 1e6


def add(model: ConcreteModel, problem: Problem) -> None:
    """Add budgets, balances and the cap on obligations."""
    _add_cash(model, problem)
    _add_obligations(model, problem)


def costs(model: ConcreteModel, problem: Problem) -> dict[str, Any]:
    """Line -> expected, discounted USD."""
    signable = [copy for copy in copies(problem) if not problem.deals[copy[0]].in_force]
    return {
        "contracts": quicksum(discounted_charge(model, problem, copy) for copy in signable),
        "use": quicksum(discounted_use(problem, slot) * model.serve[slot] for slot in model.serve),
        "use_beyond": quicksum(discounted_beyond(problem, slot) * model.beyond[slot] for slot in model.beyond),
    }


def discounted_charge(model: ConcreteModel, problem: Problem, copy: tuple[int, int]):
    """Expected, discounted USD of a deal signed in a node."""
    d, node = copy
    deal = problem.deals[d]
    through = problem.scenarios_through(node, max(deal.signing, 0))
    per_block = float(sum(problem.probability[s] * deal.npv_usd[s] for s in through))
    once = float(sum(problem.probability[s] * deal.npv_once_usd[s] for s in through))
    cost = per_block * model.blocks[d, node]
    return cost + once * indicator(model, d, node) if once else cost


def discounted_use(problem: Problem, slot: tuple) -> float:
    """Expected, discounted USD of one accelerator provisioned in the slot."""
    pool, w, t, b, node = slot
    months = problem.months_of[t]
    share = problem.workloads[w].mean_share
    through = problem.scenarios_through(node, months[0])
    paid = sum(
        problem.probability[s] * share[s, t, b] * (problem.use_cash[pool, w][s, months] @ problem.discount[months])
        for s in through
    )
    return float(problem.block_share[b] * paid)


def discounted_beyond(problem: Problem, slot: tuple) -> float:
    """Expected, discounted USD of one accelerator-hour beyond take-or-pay, spread over the period by hours."""
    d, pool, t, node = slot
    months = problem.months_of[t]
    factor = problem.month_hours[months] @ problem.discount[months] / problem.hours[t]
    through = problem.scenarios_through(node, months[0])
    return float(
        sum(problem.probability[s] * problem.deals[d].beyond_usd_per_hour[pool][s, t] for s in through) * factor
    )


def _add_cash(model: ConcreteModel, problem: Problem) -> None:
    limited = sorted({m for limit in problem.cash_limits + problem.balance_limits for m in limit.months})
    slots = [(s, month) for s in problem.scenarios for month in limited]
    use, beyond = slots_by_month(model.serve, problem, 2), slots_by_month(model.beyond, problem, 2)
    let = slots_by_month(model.sublet, problem, 1)
    model.cash_out = Var(slots, domain=Reals, doc="million USD paid in the month")

    def paid(m, s, month):
        fixed = quicksum(
            float(deal.cash[s, month]) / MILLION * m.blocks[d, problem.signed_at(deal, s)]
            for d, deal in enumerate(problem.deals)
            if deal.cash[s, month]
        )
        once = quicksum(
            float(deal.cash_once[s, month]) / MILLION * indicator(m, d, problem.signed_at(deal, s))
            for d, deal in enumerate(problem.deals)
            if deal.cash_once[s, month]
        )
        used = quicksum(
            use_in_month(problem, slot, s, month) * m.serve[slot]
            for slot in use.get((s, month), [])
            if use_in_month(problem, slot, s, month)
        )
        extra = quicksum(
            beyond_in_month(problem, slot, s, month) * m.beyond[slot] for slot in beyond.get((s, month), [])
        )
        promised = m.commitment_cash[s, month] if problem.commitments else 0.0
        ported = quicksum(m.port_cash[at] for at in [(s, month)] if at in m.port_cash)  # paid in the horizon
        earned = quicksum(
            float(problem.sublet_usd[slot[0]][s, month]) / MILLION * m.sublet[slot] for slot in let.get((s, month), [])
        )
        return m.cash_out[s, month] == fixed + once + used + extra + promised + ported - earned

    model.cash_paid = Constraint(slots, rule=paid, doc="cash of month {1}")
    _add_limits(model, problem)


def _add_limits(model: ConcreteModel, problem: Problem) -> None:
    def within(limits: list[CashLimit]):
        return lambda m, s, k: quicksum(m.cash_out[s, month] for month in limits[k].months) <= limits[k].usd / MILLION

    model.within_budget = Constraint(
        [(s, k) for s in problem.scenarios for k in range(len(problem.cash_limits))],
        rule=within(problem.cash_limits),
        doc="cash stays within the budget number {1}",
    )
    model.balance_kept = Constraint(
        [(s, k) for s in problem.scenarios for k in range(len(problem.balance_limits))],
        rule=within(problem.balance_limits),
        doc="the cash balance stays above its minimum in month {1}",
    )


def slots_by_month(slots, problem: Problem, period_at: int) -> dict[tuple[int, int], list[tuple]]:
    """(scenario, month) -> the slots whose node the scenario passes through in that month."""
    found: dict[tuple[int, int], list[tuple]] = {}
    for slot in slots:
        for month in problem.months_of[slot[period_at]]:
            for s in problem.scenarios_through(slot[-1], month):
                found.setdefault((s, month), []).append(slot)
    return found


def use_in_month(problem: Problem, slot: tuple, s: int, month: int) -> float:
    pool, w, t, b, _node = slot
    share = problem.block_share[b] * problem.workloads[w].mean_share[s, t, b]
    return float(share * problem.use_cash[pool, w][s, month]) / MILLION


def beyond_in_month(problem: Problem, slot: tuple, s: int, month: int) -> float:
    d, pool, t, _node = slot
    return (
        float(problem.deals[d].beyond_usd_per_hour[pool][s, t] * problem.month_hours[month] / problem.hours[t])
        / MILLION
    )


def _add_obligations(model: ConcreteModel, problem: Problem) -> None:
    cap = problem.obligations_max_usd
    months = range(len(problem.discount)) if cap is not None else []

    def owed(m, s, month):
        terms = [
            float(deal.obligation[s, month]) / MILLION * m.blocks[d, problem.signed_at(deal, s)]
            for d, deal in enumerate(problem.deals)
            if deal.obligation[s, month]
        ]
        terms += [
            float(deal.obligation_once[s, month]) / MILLION * indicator(m, d, problem.signed_at(deal, s))
            for d, deal in enumerate(problem.deals)
            if deal.obligation_once[s, month]
        ]
        if problem.commitments:
            terms.append(m.commitment_owed[s, month])
        return quicksum(terms) <= cap / MILLION if terms else Constraint.Skip

    model.obligations_capped = Constraint(
        [(s, month) for s in problem.scenarios for month in months],
        rule=owed,
        doc="payments still owed after month {1} stay under the cap",
    )
