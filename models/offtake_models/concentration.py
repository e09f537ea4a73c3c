"""Concentration: nobody has too much of the portfolio, and enough sellers are in it.

    W[s,m] = sum_d P[d,s,m] n[d,nu(s,tau_d)]                                  power_in_all             [MW]
    sum_d f[d] P[d,s,m] n[d,nu(s,tau_d)] <= share W[s,m]                      power_shared             [MW]
    S[s]   = sum_g paid(g,s)                                                  spend_in_all             [million USD]
    paid(g,s) <= share S[s]                                                   spend_shared             [million USD]
    V[t,nu] = sum_g served(g,t,nu)                                            served_in_all            [requests/s]
    served(g,t,nu) <= share V[t,nu]                                           served_shared            [requests/s]
    h[s,m,g] <= sum_{d of g, P > 0} n - sum_{breaks of g, P < 0} n            present_if_in_service    [blocks]
    sum_g h[s,m,g] >= least                                                   sellers_enough           [groups]
    z[d,nu] <= y[r,j,s], m[k,nu] <= y[r,j,s]                                  provider_is_there        [providers]
    sum_j y[r,j,s] <= most                                                    at_most_of_providers     [providers]

    paid   = sum_{m of the horizon from a month on} (sum_d (C' n + F' z) + U x + v e - saved + sum_k B m_k + q)
    served = sum_{p of g} phi_b (Dbar/D) R x

g is a group of providers that stand or fall together, or a provider that is in none. W and P are those of the caps on
power: deals and contracts in force, after the ramp, in each month. f is 1 for what g sells, or the part of a block's
megawatts that is of one accelerator family. Spend is what sellers are paid for good, as it counts toward spend
commitments: less credits, without deposits, letters of credit and power, and what subletting brings is paid by others;
it is undiscounted, summed over the months. Served are mean requests of all workloads, whoever serves them. With a rule
on spend or served, interactive workloads are served as asked (`commitments`): use could else be made up. Whole blocks
make h whole, so that it needs no binary, and neither does y: a provider is there with a deal, a contract in force or
a commitment, at any time. What needs no signing has no megawatts and is no presence, but is spend and serves.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyomo.environ import ConcreteModel, Constraint, NonNegativeReals, Reals, Var, quicksum

from .commitments import held, saved
from .money import MILLION, beyond_in_month, slots_by_month, use_in_month
from .problem import Problem, Seller
from .signing import deals_of, indicator

SERVED = ("interactive", "batch")
"""kinds of workloads that are served by requests"""


def add(model: ConcreteModel, problem: Problem) -> None:
    """Add the rules on shares of megawatts, of spend and of what is served, and on who is in the portfolio."""
    _add_power(model, problem)
    _add_spend(model, problem)
    _add_served(model, problem)
    _add_presence(model, problem)
    _add_apart(model, problem)


def _add_power(model: ConcreteModel, problem: Problem) -> None:
    shares, months = problem.power_shares, len(problem.period_of)
    first = min((share.first for share in shares), default=months)
    watched = [(s, month) for s in problem.scenarios for month in range(first, months)]
    model.power_in_service = Var(watched, domain=NonNegativeReals, doc="MW of all deals and contracts in force")

    def drawn(m, s, month, part):
        return quicksum(
            part[d] * float(problem.deals[d].power_mw[s, month]) * m.blocks[d, problem.signed_at(problem.deals[d], s)]
            for d in part
            if problem.deals[d].power_mw[s, month]
        )

    whole = {d: 1.0 for d in range(len(problem.deals))}
    model.power_in_all = Constraint(
        watched,
        rule=lambda m, s, month: m.power_in_service[s, month] == drawn(m, s, month, whole),
        doc="power in service in month {1}",
    )
    parts = [
        {d: share.of[problem.deals[d].offer] for d in whole if problem.deals[d].offer in share.of} for share in shares
    ]
    model.power_shared = Constraint(
        [(s, k, month) for s, month in watched for k, share in enumerate(shares) if month >= share.first],
        rule=lambda m, s, k, month: drawn(m, s, month, parts[k]) <= shares[k].most * m.power_in_service[s, month],
        doc="share number {1} of the power in service in month {2} is kept",
    )


def _add_spend(model: ConcreteModel, problem: Problem) -> None:
    limit = problem.spend_share
    ways = list(problem.scenarios) if limit is not None else []
    model.spend = Var(ways, domain=Reals, doc="million USD that all sellers are paid for good")
    paid = _Paid(model, problem) if limit is not None else None
    model.spend_in_all = Constraint(
        ways,
        rule=lambda m, s: m.spend[s] == quicksum(term for seller in problem.sellers for term in paid.to(seller, s)),
        doc="what all sellers are paid for good",
    )
    model.spend_shared = Constraint(
        [(s, g) for s in ways for g in range(len(problem.sellers))],
        rule=lambda m, s, g: quicksum(paid.to(problem.sellers[g], s)) <= limit.most * m.spend[s],
        doc="group number {1} is paid no more than its share of all spend",
    )


class _Paid:
    """Million USD that a group of providers is paid for good in the months that count, term by term."""

    def __init__(self, model: ConcreteModel, problem: Problem):
        self.model, self.problem = model, problem
        self.months = list(range(problem.spend_share.first, len(problem.period_of)))
        self.use = slots_by_month(model.serve, problem, 2)
        self.beyond = slots_by_month(model.beyond, problem, 2)

    def to(self, seller: Seller, s: int) -> Iterator:
        yield from self._fixed(seller, s)
        yield from self._used(seller, s)
        yield from self._promised(seller, s)

    def _fixed(self, seller: Seller, s: int) -> Iterator:
        model, problem = self.model, self.problem
        for d, deal in enumerate(problem.deals):
            if deal.offer in seller.offers:
                node = problem.signed_at(deal, s)
                per_block, once = (float(usd[s, self.months].sum()) for usd in (deal.spent, deal.spent_once))
                if per_block:
                    yield per_block / MILLION * model.blocks[d, node]
                if once:
                    yield once / MILLION * indicator(model, d, node)

    def _used(self, seller: Seller, s: int) -> Iterator:
        model, problem = self.model, self.problem
        for month in self.months:
            for slot in self.use.get((s, month), []):
                if slot[0] in seller.pools and use_in_month(problem, slot, s, month):
                    yield use_in_month(problem, slot, s, month) * model.serve[slot]
            for slot in self.beyond.get((s, month), []):
                if slot[1] in seller.pools:
                    yield beyond_in_month(problem, slot, s, month) * model.beyond[slot]
        for slot in model.covered:
            if slot[1] in seller.pools and slot[2] in self.months and problem.node_in(s, slot[2]) == slot[4]:
                yield -saved(problem.commitments[slot[0]], slot[1]) * model.covered[slot]

    def _promised(self, seller: Seller, s: int) -> Iterator:
        model, problem = self.model, self.problem
        for k in seller.commitments:
            commitment = problem.commitments[k]
            paid = float(commitment.paid[self.months].sum())
            if paid:
                yield paid / MILLION * held(model, problem, k, s)
            for j, part in enumerate(commitment.parts):
                slot = k, j, problem.node_in(s, part.months[-1])
                if part.due in self.months and slot in model.shortfall:
                    yield model.shortfall[slot]


def _add_served(model: ConcreteModel, problem: Problem) -> None:
    limit = problem.served_share
    periods = [t for t in problem.periods if limit is not None and problem.months_of[t][-1] >= limit.first]
    places = [(t, node) for t in periods for node in problem.nodes_at(t)]
    terms = _served_terms(model, problem) if places else {}
    model.served = Var(places, domain=NonNegativeReals, doc="mean requests/s that all groups serve")
    model.served_in_all = Constraint(
        places,
        rule=lambda m, *place: m.served[place] == quicksum(term for g in terms.get(place, {}).values() for term in g),
        doc="mean requests served in period {0}",
    )
    model.served_shared = Constraint(
        [(g, *place) for place in places for g in terms.get(place, {})],
        rule=lambda m, g, *place: quicksum(terms[place][g]) <= limit.most * m.served[place],
        doc="group number {0} serves no more than its share in period {1}",
    )


def _served_terms(model: ConcreteModel, problem: Problem) -> dict[tuple[int, int], dict[int, list]]:
    """(period, node) -> group -> mean requests/s that its pools serve, by slot."""
    group_of = {pool: g for g, seller in enumerate(problem.sellers) for pool in seller.pools}
    found: dict[tuple[int, int], dict[int, list]] = {}
    for slot in model.serve:
        pool, w, t, b, node = slot
        if problem.workloads[w].kind not in SERVED:
            continue
        s = problem.representative(t, node)
        mean = problem.block_share[b] * problem.workloads[w].mean_share[s, t, b] * problem.rate[pool, w][s, t]
        if mean:
            found.setdefault((t, node), {}).setdefault(group_of[pool], []).append(float(mean) * model.serve[slot])
    return found


def _add_presence(model: ConcreteModel, problem: Problem) -> None:
    rule, sellers = problem.sellers_min, problem.sellers
    months = range(rule.first, len(problem.period_of)) if rule is not None else []
    watched = [(s, month) for s in problem.scenarios for month in months]
    slots = [(*place, g) for place in watched for g in range(len(sellers))]
    model.present = Var(slots, domain=NonNegativeReals, bounds=(0, 1), doc="1 if the group has blocks in service")
    sold = [[d for d, deal in enumerate(problem.deals) if deal.offer in seller.offers] for seller in sellers]

    def in_service(m, s, month, g):
        counted = [
            (1 if problem.deals[d].power_mw[s, month] > 0 else -1) * m.blocks[d, problem.signed_at(problem.deals[d], s)]
            for d in sold[g]
            if problem.deals[d].power_mw[s, month]
        ]
        return m.present[s, month, g] <= quicksum(counted)

    model.present_if_in_service = Constraint(
        slots, rule=in_service, doc="group number {2} counts in month {1} only with blocks in service"
    )
    model.sellers_enough = Constraint(
        watched,
        rule=lambda m, *place: quicksum(m.present[*place, g] for g in range(len(sellers))) >= rule.least,
        doc="enough groups of providers have capacity in service in month {1}",
    )


def _add_apart(model: ConcreteModel, problem: Problem) -> None:
    rules = {r: group for r, group in enumerate(problem.groups) if group.kind == "at_most_providers"}
    marks = [(r, name, s) for r, group in rules.items() for name in group.providers for s in problem.scenarios]
    model.provider_there = Var(marks, domain=NonNegativeReals, bounds=(0, 1))
    ways = {(r, name, s): _ways_to_be_there(model, problem, rules[r].providers[name], s) for r, name, s in marks}
    model.provider_is_there = Constraint(
        [(*mark, k) for mark in marks for k in range(len(ways[mark]))],
        rule=lambda m, *mark: ways[mark[:-1]][mark[-1]] <= m.provider_there[mark[:-1]],
        doc="{1} is there with any deal, contract in force or commitment",
    )
    model.at_most_of_providers = Constraint(
        [(r, s) for r in rules for s in problem.scenarios],
        rule=lambda m, r, s: quicksum(m.provider_there[r, name, s] for name in rules[r].providers) <= rules[r].count,
        doc="group {0}: no more than the stated number of its providers are there",
    )


def _ways_to_be_there(model: ConcreteModel, problem: Problem, sold: list[str], s: int) -> list:
    """0 or 1 for every deal and commitment of a provider, and 1 for a contract in force with a month in the horizon."""
    deals, months = problem.deals, len(problem.period_of)
    signed = [indicator(model, d, problem.signed_at(deals[d], s)) for key in sold for d in deals_of(problem, key)]
    in_force = any(deal.in_force and deal.offer in sold and deal.in_service[s, :months].any() for deal in deals)
    promised = [held(model, problem, k, s) for k, each in enumerate(problem.commitments) if each.name in sold]
    return [*signed, *promised, *([1.0] if in_force else [])]
