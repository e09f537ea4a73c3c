"""Effective against billed cost, what of it stood idle, and what it saves against paying on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...instance import scenarios
from ...instance.commitments import eligible
from ...instance.months import Month
from ...instance.pools import pools
from ...instance.prices import price_in
from ...instance.schema import Instance, Offer
from ...instance.sellers import payees
from .. import commitments, ports
from ..decisions import Flows
from ..tables import Row, cash_vectors, month_name
from .holdings import Holding, dollars, used_share

if TYPE_CHECKING:
    from ...compile import Compiled

BESIDE_SERVICE = ("premiums", "use_beyond", "elastic", "sublease")
"""cash of accelerators beside what is fixed for their service"""


def effective(compiled: Compiled, flows: Flows, held: list[Holding]) -> list[Row]:
    """Cash by month and offer, the same as cost of the service of the month, and what of that was paid and not used.

    Unused is null past the horizon, where nothing says what will be used.
    """
    months = len(compiled.problem.period_of)
    billed, cost = _billed(compiled, flows), _effective(compiled, flows, held)
    unused = _unused(compiled, flows, held)
    return [
        {
            "month": month_name(compiled, m),
            "offer": key,
            "billed_usd": dollars(billed[key][m]),
            "effective_usd": dollars(cost[key][m]),
            "unused_usd": dollars(unused[key][m]) if m < months else None,
        }
        for m in range(len(compiled.problem.discount))
        for key in billed
        if dollars(billed[key][m]) or dollars(cost[key][m])
    ]


def _billed(compiled: Compiled, flows: Flows) -> dict[str, np.ndarray]:
    """Offer -> [ledger month] cash, in the order of the file."""
    found = {key: np.zeros(len(compiled.problem.discount)) for key in _payees(compiled)}
    for (_, offer), usd in cash_vectors(compiled, flows).items():
        found[offer] += usd
    return found


def _payees(compiled: Compiled) -> list[str]:
    """Who is paid, and the ports that somebody is paid for."""
    return [*payees(compiled.instance), *ports.names(compiled.problem)]


def _effective(compiled: Compiled, flows: Flows, held: list[Holding]) -> dict[str, np.ndarray]:
    """Offer -> [ledger month] effective cost. What is paid by use is billed in the month of the use."""
    found = _billed(compiled, flows)
    for holding in held:
        found[holding.key] += holding.effective - holding.billed
    return found


def _unused(compiled: Compiled, flows: Flows, held: list[Holding]) -> dict[str, np.ndarray]:
    """Offer -> [month of the horizon] effective cost of accelerator-hours that are paid and neither used nor let.

    All of it where nothing is delivered. Hours beyond take-or-pay are only paid if used. Of a spend commitment: what is
    paid in the month and buys nothing.
    """
    problem = compiled.problem
    months = len(problem.period_of)
    found = {key: np.zeros(months) for key in _payees(compiled)}
    hours = _used_hours(compiled, flows)
    for pool, let in flows.sublet.items():
        hours[pool] = hours[pool] + let[problem.period_of] * problem.month_hours
    for key in dict.fromkeys(holding.key for holding in held):
        mine = [holding for holding in held if holding.key == key]
        used = sum((hours[pool.id] for pool in pools(compiled.instance) if pool.supply == key), np.zeros(months))
        share = used_share(used, sum(holding.paid_hours[:months] for holding in mine))
        found[key] = (1 - share) * sum(holding.effective[:months] for holding in mine)
    return found | commitments.unused_by_month(flows, cash_vectors(compiled, flows))


def _used_hours(compiled: Compiled, flows: Flows) -> dict[str, np.ndarray]:
    """Pool -> [month of the horizon] accelerator-hours at work on the mean load."""
    problem = compiled.problem
    used = {pool.id: np.zeros(len(problem.period_of)) for pool in pools(compiled.instance)}
    for (pool, _), use in flows.mean_use.items():
        used[pool] = used[pool] + use[problem.period_of] * problem.month_hours
    return used


def savings(compiled: Compiled, flows: Flows, held: list[Holding]) -> dict[str, float | None]:
    """Effective savings rate in the horizon: (on-demand equivalent - actual) / on-demand equivalent.

    Every accelerator-hour used is priced at the cheapest on-demand offer of its accelerator in that month. Offers with
    an accelerator that nobody sells on demand then have no such price and stay out of both sides; the coverage says
    what share of the accelerator-hours is in. Tokens and egress are in neither. What spend commitments are paid is cost
    if some such offer counts toward them; what subletting brings is less cost.
    """
    months = len(compiled.problem.period_of)
    hours, listed = _used_hours(compiled, flows), _equivalents(compiled, flows)
    priced = {key: usd for key, usd in listed.items() if np.isfinite(usd)}
    equivalent = sum(priced.values())
    actual = sum(float(holding.effective[:months].sum()) for holding in held if holding.key in priced)
    promised = [key for key in compiled.instance.commitments if set(eligible(compiled.instance, key)) & set(priced)]
    for (line, key), usd in cash_vectors(compiled, flows).items():
        if (line in BESIDE_SERVICE and key in priced) or key in promised:
            actual += float(usd[:months].sum())
    mine = [pool for pool in pools(compiled.instance) if pool.supply in listed]
    total = sum(float(hours[pool.id].sum()) for pool in mine)
    covered = sum(float(hours[pool.id].sum()) for pool in mine if pool.supply in priced)
    return {
        "effective_savings_rate": (equivalent - actual) / equivalent if equivalent > 0 else None,
        "effective_savings_coverage": covered / total if total > 0 else None,
    }


def _equivalents(compiled: Compiled, flows: Flows) -> dict[str, float]:
    """Offer or contract in force -> its accelerator-hours used, at on-demand prices; infinite if there is none."""
    hours, found = _used_hours(compiled, flows), {}
    for pool in pools(compiled.instance):
        if pool.accelerator is not None:
            listed = on_demand_usd_per_hour(compiled.instance, pool.accelerator)
            used = hours[pool.id] > 0
            usd = float(hours[pool.id][used] @ listed[used]) if np.isfinite(listed).any() else np.inf
            found[pool.supply] = found.get(pool.supply, 0.0) + usd
    return found


def on_demand_usd_per_hour(instance: Instance, accelerator: str) -> np.ndarray:
    """[month of the horizon] cheapest on-demand price; infinite in a month without such an offer. Spot is none."""
    cheapest = np.full(instance.horizon.months, np.inf)
    for key, offer in instance.offers.items():
        if offer.elastic is None or offer.elastic.market != "on_demand" or offer.accelerator != accelerator:
            continue
        for m in range(instance.horizon.months):
            month = instance.horizon.start + m
            price = price_in(offer.elastic.usd_per_accelerator_hour, month)
            if price is not None and _stands(instance, key, offer, month):
                factor = scenarios.price_factor(instance, offer.provider, key, month)
                cheapest[m] = min(cheapest[m], price * factor)
    return cheapest


def _stands(instance: Instance, key: str, offer: Offer, month: Month) -> bool:
    earliest, latest = offer.start.earliest, offer.start.latest
    lost = scenarios.lost(instance, offer.provider, key)
    return (
        (earliest is None or month >= earliest)
        and (latest is None or month <= latest)
        and (lost is None or month < lost)
    )
