"""Concentration of a plan: who has how much of it, where the policy asks, and what no longer fits under a share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..instance.pools import supplies
from ..instance.schema import AtMostOfProviders
from ..instance.sellers import payees
from . import commitments, economics, tables
from .decisions import Flows
from .power import CAP_TOLERANCE, in_service_mw

if TYPE_CHECKING:
    from offtake_models.problem import PowerShare, SellerShare

    from ..compile import Compiled
    from ..instance.schema import Instance

PAID = (*commitments.DEPENDS_ON_USE, "commitments", "shortfall")
"""lines of cash that are spend, beside what deals and contracts in force are paid for good"""

Shares = dict[str, float]
"""group of providers, or accelerator family -> its largest share where it counts"""


def figures(compiled: Compiled, flows: Flows) -> dict[str, Any]:
    """Key figures; none of what the policy does not limit."""
    problem = compiled.problem
    return {
        "group_share_mw": power_shares(compiled, flows, "group") or None,
        "group_share_spend": spend_shares(compiled, flows) or None,
        "group_share_served": served_shares(compiled, flows) or None,
        "family_share_mw": power_shares(compiled, flows, "family") or None,
        "groups_in_service_least": None if problem.sellers_min is None else _fewest(compiled, flows),
    }


def power_shares(compiled: Compiled, flows: Flows, kind: str) -> Shares:
    """The largest shares of the megawatts in service in any month that counts."""
    total, found = in_service_mw(compiled, flows), {}
    for share in compiled.problem.power_shares:
        if share.kind == kind:
            found[share.name] = _largest(_drawn(compiled, flows, share), total, share.first)
    return _kept(found)


def spend_shares(compiled: Compiled, flows: Flows) -> Shares:
    """Shares of what sellers are paid for good in the months that count."""
    limit, spend = compiled.problem.spend_share, {}
    if limit is None:
        return {}
    months = slice(limit.first, len(compiled.problem.period_of))
    cash = tables.cash_vectors(compiled, flows)
    for seller in compiled.problem.sellers:
        taken = [compiled.problem.commitments[k].name for k in seller.commitments]
        fixed = sum(
            float((blocks * deal.spent[0] + deal.spent_once[0])[months].sum())
            for deal, blocks in zip(compiled.problem.deals, flows.blocks, strict=True)
            if blocks and deal.offer in seller.offers
        )
        mine = (usd for (line, payee), usd in cash.items() if line in PAID and payee in (*seller.offers, *taken))
        spend[seller.name] = fixed + sum(float(usd[months].sum()) for usd in mine)
    total = sum(spend.values())
    return _kept({name: usd / total for name, usd in spend.items()}) if total > 0 else {}


def served_shares(compiled: Compiled, flows: Flows) -> Shares:
    """The largest shares of the requests served, on the mean, in any period that counts."""
    problem = compiled.problem
    if problem.served_share is None:
        return {}
    rates = {seller.name: np.zeros(len(problem.hours)) for seller in problem.sellers}
    group_of = {pool: seller.name for seller in problem.sellers for pool in seller.pools}
    for workload, demand in problem.workloads.items():
        for pool, rate in flows.served_by(workload).items() if demand.brings_requests else ():
            rates[group_of[pool]] += rate
    total, first = sum(rates.values()), problem.period_of[problem.served_share.first]
    return _kept({name: _largest(rate, total, first) for name, rate in rates.items()})


def _fewest(compiled: Compiled, flows: Flows) -> int:
    """Groups with capacity in service, in the month with the fewest that counts."""
    held = [in_service_mw(compiled, flows, seller.offers) > 0 for seller in compiled.problem.sellers]
    return int(sum(held)[compiled.problem.sellers_min.first :].min())


def _drawn(compiled: Compiled, flows: Flows, share: PowerShare) -> np.ndarray:
    """[month of the horizon] MW that count toward a share."""
    total = np.zeros(len(compiled.problem.period_of))
    for deal, blocks in zip(compiled.problem.deals, flows.blocks, strict=True):
        if blocks:
            total += blocks * share.of.get(deal.offer, 0.0) * deal.power_mw[0]
    return total


def _largest(part: np.ndarray, total: np.ndarray, first: int) -> float:
    """The largest share from a month or period on."""
    shares = np.divide(part, total, out=np.zeros(len(part)), where=total > 0)
    return float(shares[first:].max())


def _kept(shares: Shares) -> Shares:
    """Without those that have nothing."""
    return {name: share for name, share in shares.items() if share > CAP_TOLERANCE}


def kept_out(compiled: Compiled, flows: Flows, key: str) -> list[str]:
    """Rules that an offer would break beside the plan, in sentences."""
    return [*_not_beside(compiled, flows, key), *_over_power(compiled, flows, key), *_at_limits(compiled, flows, key)]


def _not_beside(compiled: Compiled, flows: Flows, key: str) -> list[str]:
    """Providers that may not be there together."""
    there, own, said = _there(compiled, flows), supplies(compiled.instance)[key].provider, []
    for rule in compiled.instance.groups:
        if isinstance(rule, AtMostOfProviders) and own in rule.providers and own not in there:
            rivals = [name for name in rule.providers if name in there]
            if len(rivals) >= rule.at_most:
                who = f", and {_listed(rivals)} {'is' if len(rivals) == 1 else 'are'}" if rivals else ""
                said.append(f"At most {rule.at_most} of the providers {_listed(rule.providers)} may be there{who}.")
    return said


def _there(compiled: Compiled, flows: Flows) -> set[str]:
    """Providers with a deal, a contract in force or a commitment."""
    seller_of, months = payees(compiled.instance), len(compiled.problem.period_of)
    deals = zip(compiled.problem.deals, flows.blocks, strict=True)
    held = [deal.offer for deal, blocks in deals if blocks and (not deal.in_force or deal.in_service[0, :months].any())]
    return {seller_of[key] for key in (*held, *(each.name for _, each in commitments.held(flows)))}


def _over_power(compiled: Compiled, flows: Flows, key: str) -> list[str]:
    """Shares of the megawatts that every deal of the offer would take too far."""
    said, total = [], in_service_mw(compiled, flows)
    for share in compiled.problem.power_shares:
        if key not in share.of:
            continue
        part = _drawn(compiled, flows, share)
        added = [
            compiled.problem.deals[d].min_blocks * compiled.problem.deals[d].power_mw[0]
            for d in economics.signable(compiled, key)
        ]
        worst = [_largest(part + share.of[key] * more, total + more, share.first) for more in added]
        if worst and min(worst) > share.most * (1 + CAP_TOLERANCE):
            said.append(
                f"Beside this plan it would take {share.name} to {min(worst):.0%} of the megawatts in service; "
                f"{share.most:.4g} of them is the most."
            )
    return said


def _at_limits(compiled: Compiled, flows: Flows, key: str) -> list[str]:
    """Shares of spend and of service that its group has used up."""
    problem, said = compiled.problem, []
    group = next(seller.name for seller in problem.sellers if key in seller.offers)
    limits: list[tuple[SellerShare | None, Shares, str]] = [
        (problem.spend_share, spend_shares(compiled, flows), "spend"),
        (problem.served_share, served_shares(compiled, flows), "requests served"),
    ]
    for limit, shares, what in limits:
        if limit is not None and shares.get(group, 0.0) >= limit.most * (1 - CAP_TOLERANCE):
            said.append(f"{group} has all that it may have of the {what}, {limit.most:.4g}.")
    return said


def conventions(instance: Instance) -> dict[str, str]:
    """What the shares rest on, in words, where the policy limits them."""
    policy, said = instance.policy, []
    limits = policy.provider_share_max
    if limits is not None:
        said.append("A provider that names a group counts with it.")
    if policy.family_share_max is not None or (limits is not None and limits.mw is not None):
        said.append("Shares of megawatts are of deals and contracts in force in service, after their ramps, by month.")
    if limits is not None and limits.spend is not None:
        said.append(
            "Shares of spend are of what sellers are paid for good inside the horizon, undiscounted and in all: less "
            "credits, without deposits, letters of credit and energy paid apart; what subletting brings is not in it."
        )
    if limits is not None and limits.served is not None:
        said.append("Shares of service are of the mean requests of all workloads in each dispatch period.")
    return {"shares": " ".join(said)} if said else {}


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
