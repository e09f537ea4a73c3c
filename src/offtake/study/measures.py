"""What an alternative plan is chosen by, in place of its cost.

With z 1 where a deal is signed and n its blocks, over the plans p so far, of which p signs N blocks:

    contracts   most    t,   t <= sum_o c[o,p] for every p        [offers signed otherwise: added, dropped, changed]
                        c[o,p] <= sum_{d not in p} z[d] + sum_{d in p} (up[d] + down[d])
                        n[d] >= (N + 1) up[d],   n[d] <= N - 1 + (max_d - N + 1) (1 - down[d])
    mix         most    sum_g less[g] / sum_g S*[g]               [share of the spend that moves to other providers]
                        less[g] <= S*[g] b[g],   less[g] <= S*[g] - S[g] + M (1 - b[g])
    fewest      least   sum_d z[d]                                [deals to sign]
    lock-in     least   the largest of what is owed after any month                              [USD, undiscounted]
    most        most    S[g]                                      [USD, expected and discounted]

S[g] is what the objective pays provider g for contracts and use, S* the same of the best plan, M more than any
provider is paid inside the slack. A tie in t is broken for offers that only one of the two plans signs at all, by less
than one offer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pyomo.environ import (
    Binary,
    ConcreteModel,
    Constraint,
    ConstraintList,
    NonNegativeReals,
    Reals,
    Var,
    VarList,
    quicksum,
    value,
)

from offtake_models.money import MILLION, discounted_beyond, discounted_charge, discounted_use
from offtake_models.signing import copies, deals_of, indicator

from ..instance.pools import pools, supplies
from .signings import Signings

if TYPE_CHECKING:
    from offtake_models.problem import Problem

    from ..compile import Compiled

UNLIMITED_USD = 1e15
"""a cap on obligations that caps nothing, so that the model says what is owed"""


def contracts(model: ConcreteModel, problem: Problem, plans: Sequence[Signings]) -> Any:
    """The least number of offers that are signed otherwise than in any of the plans."""
    model.least_changed = Var(domain=NonNegativeReals, bounds=(0, len(problem.offers)))
    model.told_apart, model.marks = ConstraintList(), VarList(domain=Binary)
    apart = []
    for plan in plans:
        changed = [_changed(model, problem, offer, plan) for offer in problem.offers]
        model.told_apart.add(model.least_changed <= quicksum(changed))
        apart += [_only_in_one(model, problem, offer, plan) for offer in problem.offers]
    return model.least_changed + quicksum(apart) / (2 * len(apart)) if apart else model.least_changed + 0.0


def _changed(model: ConcreteModel, problem: Problem, offer: str, plan: Signings) -> Any:
    """At most 1, and only if the offer is signed otherwise than in the plan."""
    ways = []
    for copy in own_copies(problem, offer):
        before, most = plan.get(copy, 0), problem.deals[copy[0]].max_blocks
        if not before:
            ways.append(indicator(model, *copy))
            continue
        down = model.marks.add()
        model.told_apart.add(model.blocks[copy] <= before - 1 + (most - before + 1) * (1 - down))
        ways.append(down)
        if most > before:
            up = model.marks.add()
            model.told_apart.add(model.blocks[copy] >= (before + 1) * up)
            ways.append(up)
    changed = model.marks.add()
    model.told_apart.add(changed <= quicksum(ways))
    return changed


def _only_in_one(model: ConcreteModel, problem: Problem, offer: str, plan: Signings) -> Any:
    """At most 1, and only if either the plan signs the offer or the model does."""
    mark, mine = model.marks.add(), own_copies(problem, offer)
    if not any(copy in plan for copy in mine):
        model.told_apart.add(mark <= quicksum(indicator(model, *copy) for copy in mine))
    for copy in mine if any(copy in plan for copy in mine) else []:
        model.told_apart.add(mark + indicator(model, *copy) <= 1)
    return mark


def own_copies(problem: Problem, offer: str) -> list[tuple[int, int]]:
    """(deal, node) of every way to sign an offer, without what follows from a signing."""
    return [(d, node) for d in deals_of(problem, offer) for node in problem.signing_nodes(problem.deals[d])]


def fewest(model: ConcreteModel, problem: Problem) -> Any:
    """Deals that are signed."""
    return quicksum(indicator(model, *copy) for offer in problem.offers for copy in own_copies(problem, offer))


def telling_what_is_owed(compiled: Compiled) -> Compiled:
    """The same, with rows for what is owed after each month."""
    if compiled.problem.obligations_max_usd is not None:
        return compiled
    return replace(compiled, problem=replace(compiled.problem, obligations_max_usd=UNLIMITED_USD))


def lock_in(model: ConcreteModel) -> Any:
    """The largest of what is owed after any month, in any future, in million USD. The model is one of
    `telling_what_is_owed`."""
    model.owed_at_most = Var(domain=NonNegativeReals)
    rows = list(model.obligations_capped.values())
    model.owed_peak = ConstraintList()
    for row in rows:
        model.owed_peak.add(row.body <= model.owed_at_most)
        if value(row.upper) >= UNLIMITED_USD / MILLION:
            row.deactivate()
    return model.owed_at_most


def spend(model: ConcreteModel, compiled: Compiled) -> dict[str, Any]:
    """Provider -> what the objective pays it for contracts and use, USD."""
    problem, sold = compiled.problem, supplies(compiled.instance)
    provider_of = {pool.id: sold[pool.supply].provider for pool in pools(compiled.instance)}
    terms: dict[str, list] = {}
    for copy in copies(problem):
        deal = problem.deals[copy[0]]
        if not deal.in_force:
            terms.setdefault(sold[deal.offer].provider, []).append(discounted_charge(model, problem, copy))
    for slot in model.serve:
        usd = discounted_use(problem, slot)
        if usd:
            terms.setdefault(provider_of[slot[0]], []).append(usd * model.serve[slot])
    for slot in model.beyond:
        terms.setdefault(provider_of[slot[1]], []).append(discounted_beyond(problem, slot) * model.beyond[slot])
    return {provider: quicksum(usd) for provider, usd in terms.items()}


def most(model: ConcreteModel, paid: dict[str, Any], provider: str) -> Any:
    """What one provider is paid, in million USD."""
    model.paid_to_it = Var(domain=Reals, doc="million USD that the provider is paid")
    model.paid_no_more = Constraint(expr=model.paid_to_it <= paid.get(provider, 0.0) / MILLION)
    return model.paid_to_it


def moved(model: ConcreteModel, paid: dict[str, Any], before: dict[str, float], most_usd: float) -> Any:
    """Share of what was paid before that goes to other providers. `most_usd`: no provider is ever paid more."""
    whole = sum(before.values())
    model.less = Var(list(before), domain=NonNegativeReals, doc="share of all spend that the provider loses")
    model.loses = Var(list(before), domain=Binary)
    model.less_if_it_loses = Constraint(
        list(before), rule=lambda m, g: m.less[g] <= before[g] / whole * m.loses[g], doc="{0} loses what it had"
    )
    model.less_than_before = Constraint(
        list(before),
        rule=lambda m, g: m.less[g] <= (before[g] - paid[g]) / whole + most_usd / whole * (1 - m.loses[g]),
        doc="{0} loses what it is paid less",
    )
    return quicksum(model.less.values())
