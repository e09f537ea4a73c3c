"""Power and carbon: what is in service stays under the megawatts and the tonnes allowed.

    sum_{d of a cap} P[d,s,m] n[d,nu(s,tau_d)] <= cap                         power_capped            [MW]
    sum_{m in year} (sum_d K[d,s,m] n + sum phi_b (Dbar/D) k[p,w,s,m] x) <= cap    carbon_capped      [tonnes]
    carbon = sum_s pi_s sum_m df_m price (sum_d K[d,s,m] n + sum phi_b (Dbar/D) k x)                  [USD, discounted]

in the months of the horizon. Power: all deals and contracts in force together, and those at one site. P is what one
block draws, whether it works or not: its megawatts x the share of it that is delivered (ramp or tranches), not derated
by availability. Capacity without signing stands in somebody else's megawatts and has no power here. Carbon: K is P x
hours x overhead of the facility (pue) x the carbon intensity of the region (1 kg/kWh = 1 tonne/MWh); k is that of one
elastic accelerator at work through the month, so elastic use counts its mean. No emissions are known of token services.
The price is a shadow price: it is in the cost and in no cash row. Contracts in force count under the caps, and are not
charged, since they are sunk.
"""

from __future__ import annotations

from typing import Any

from pyomo.environ import ConcreteModel, Constraint, quicksum

from .problem import Problem
from .signing import copies


def add(model: ConcreteModel, problem: Problem) -> None:
    """Add the caps on power and carbon."""
    _add_power(model, problem)
    _add_carbon(model, problem)


def costs(model: ConcreteModel, problem: Problem) -> dict[str, Any]:
    """Line -> expected, discounted USD: the price of carbon."""
    return {"carbon": _carbon_cost(model, problem) if problem.carbon_usd_per_tonne > 0 else 0.0}


def _add_power(model: ConcreteModel, problem: Problem) -> None:
    def drawn(m, s, k, month):
        limit = problem.power_limits[k]
        terms = [
            float(deal.power_mw[s, month]) * m.blocks[d, problem.signed_at(deal, s)]
            for d, deal in enumerate(problem.deals)
            if deal.offer in limit.offers and deal.power_mw[s, month]
        ]
        return quicksum(terms) <= limit.mw if terms else Constraint.Skip

    model.power_capped = Constraint(
        [
            (s, k, month)
            for s in problem.scenarios
            for k in range(len(problem.power_limits))
            for month in range(len(problem.period_of))
        ],
        rule=drawn,
        doc="power in service in month {2} stays under cap number {1}",
    )


def _add_carbon(model: ConcreteModel, problem: Problem) -> None:
    def emitted(m, s, k):
        limit = problem.carbon_limits[k]
        held = [
            float(deal.carbon_tonnes[s, limit.months].sum()) * m.blocks[d, problem.signed_at(deal, s)]
            for d, deal in enumerate(problem.deals)
            if deal.carbon_tonnes[s, limit.months].any()
        ]
        used = [
            sum(_use_in_month(problem, slot, s, month) for month in limit.months if _passes(problem, slot, s, month))
            * m.serve[slot]
            for slot in _elastic_slots(model, problem)
            if any(_passes(problem, slot, s, month) for month in limit.months)
        ]
        return quicksum(held + used) <= limit.tonnes if held + used else Constraint.Skip

    model.carbon_capped = Constraint(
        [(s, k) for s in problem.scenarios for k in range(len(problem.carbon_limits))],
        rule=emitted,
        doc="emissions stay under cap number {1}",
    )


def _carbon_cost(model: ConcreteModel, problem: Problem):
    """Expected, discounted USD."""

    def of_block(d, node):
        deal = problem.deals[d]
        through = problem.scenarios_through(node, max(deal.signing, 0))
        return float(sum(problem.probability[s] * deal.carbon_usd[s] for s in through))

    def of_use(slot):
        return problem.carbon_usd_per_tonne * sum(
            problem.probability[s] * float(problem.discount[month]) * _use_in_month(problem, slot, s, month)
            for month in problem.months_of[slot[2]]
            for s in problem.scenarios_through(slot[-1], month)
        )

    return quicksum(of_block(*copy) * model.blocks[copy] for copy in copies(problem)) + quicksum(
        of_use(slot) * model.serve[slot] for slot in _elastic_slots(model, problem)
    )


def _elastic_slots(model: ConcreteModel, problem: Problem) -> list[tuple]:
    return [slot for slot in model.serve if slot[:2] in problem.use_carbon]


def _passes(problem: Problem, slot: tuple, s: int, month: int) -> bool:
    """Whether the month is one of the slot's period, and the scenario passes through its node then."""
    return problem.period_of[month] == slot[2] and int(problem.node_of[s, month]) == slot[-1]


def _use_in_month(problem: Problem, slot: tuple, s: int, month: int) -> float:
    """Tonnes of one accelerator provisioned in the slot."""
    pool, w, t, b, _node = slot
    share = problem.block_share[b] * problem.workloads[w].mean_share[s, t, b]
    return float(share * problem.use_carbon[pool, w][s, month])
