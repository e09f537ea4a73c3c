"""Demand, who can serve it, and what use costs and earns."""

from __future__ import annotations

import numpy as np

from offtake_models.problem import Pair, Workload

from ..instance import scenarios
from ..instance.commitments import eligible
from ..instance.demand import mean_requests_per_s
from ..instance.forward import forward_usd_per_hour
from ..instance.months import Month
from ..instance.network import egress_usd_per_million_tokens
from ..instance.pools import Pool, pools, supplies
from ..instance.prices import price_in
from ..instance.reasoning import output_tokens
from ..instance.reinforcement import Rollouts
from ..instance.schema import Batch, Instance, Offer, Served, Training
from ..throughput import RateTable
from .calendar import Calendar
from .reinforcement import rollouts_workload
from .training import training_workload

SECONDS_PER_HOUR = 3600.0


def workload_of(instance: Instance, calendar: Calendar, key: str) -> Workload:
    """Provisioned and mean rates by period and block, and how long batch work may wait.

    Work that waited is paid for where it is done, also where none arrives: the mean share of batch work is constant.
    """
    workload = instance.workloads[key]
    if isinstance(workload, Training):
        return training_workload(instance, calendar, key)
    if isinstance(workload, Rollouts):
        return rollouts_workload(instance, calendar, key)
    by_month = mean_requests_per_s(instance, key)
    mean = np.stack([calendar.mean(by_month[:, b]) for b in range(by_month.shape[1])], axis=1)
    margin = workload.demand.peak_to_mean * workload.headroom
    if isinstance(workload, Batch):
        provision, waiting = mean * margin, int(workload.within_days * 24 // calendar.hours.min())
        mean_share = np.full_like(mean, 1.0 / margin)
    else:
        largest = [by_month[np.asarray(calendar.period_of) == t].max(axis=0) for t in range(len(calendar.hours))]
        provision, waiting = np.stack(largest) * margin, 0
        mean_share = np.divide(mean, provision, out=np.zeros_like(mean), where=provision > 0)

    def discounted(usd_per_request: float | dict[Month, float] | None) -> np.ndarray | None:
        if usd_per_request is None:
            return None
        by_month = np.array([price_in(usd_per_request, calendar.first + m) for m in range(calendar.months)])
        return calendar.mean(by_month * calendar.discount[: calendar.months])[None]

    return Workload(
        kind=workload.kind,
        provision=provision[None],
        mean_share=mean_share[None],
        waiting_periods=waiting,
        unserved_usd=discounted(workload.unserved_usd_per_request),
        value_usd=discounted(workload.value_usd_per_request),
    )


def pairs(
    instance: Instance, calendar: Calendar, rates: RateTable
) -> tuple[dict[Pair, np.ndarray], dict[Pair, dict[str, np.ndarray]]]:
    """R and the cash of use by line, for the eligible pairs only."""
    rate: dict[Pair, np.ndarray] = {}
    use_lines: dict[Pair, dict[str, np.ndarray]] = {}
    for pool in pools(instance):
        elastic, factors = _elastic_price(instance, calendar, pool), _price_factors(instance, calendar, pool)
        for key in instance.workloads:
            serving = rates[pool.id, key]
            if not serving.eligible:
                continue
            pair = (pool.id, key)
            rate[pair] = calendar.least(serving.requests_per_s)[None]
            requests = SECONDS_PER_HOUR * calendar.month_hours * rate[pair][0][calendar.period_of]
            tokens, egress = _usd_per_request(instance, calendar, pool, key)
            lines = {
                "elastic": elastic * calendar.month_hours,
                "tokens": tokens * requests * factors,
                "egress": egress * requests,
            }
            use_lines[pair] = {line: usd[None] for line, usd in lines.items()}
    return rate, use_lines


def _elastic_price(instance: Instance, calendar: Calendar, pool: Pool) -> np.ndarray:
    """USD per accelerator-hour by month; 0 for capacity that is bought in blocks."""
    offer = instance.offers.get(pool.supply)
    if offer is None or offer.elastic is None:
        return np.zeros(calendar.months)
    price = offer.elastic.usd_per_accelerator_hour
    listed = np.array([price_in(price, calendar.first + m) for m in range(calendar.months)], dtype=float)
    return listed * _price_factors(instance, calendar, pool)


def _price_factors(instance: Instance, calendar: Calendar, pool: Pool) -> np.ndarray:
    """[month] factor of the scenario on what is paid by use."""
    months = [calendar.first + m for m in range(calendar.months)]
    return np.array([scenarios.price_factor(instance, pool.provider, pool.supply, month) for month in months])


def _usd_per_request(
    instance: Instance, calendar: Calendar, pool: Pool, key: str
) -> tuple[float | np.ndarray, float | np.ndarray]:
    """API tokens, at list prices, and egress of one request of the workload served from the pool, USD by month."""
    workload = instance.workloads[key]
    if not isinstance(workload, Served):
        return 0.0, 0.0
    request = workload.request
    output = np.array([output_tokens(request, calendar.first + m) for m in range(calendar.months)])
    egress = egress_usd_per_million_tokens(instance, pool.region, workload.region) * output / 1e6
    offer = instance.offers.get(pool.supply)
    if offer is None or offer.api is None:
        return 0.0, egress
    spent = (
        request.input_tokens * offer.api.usd_per_million_input_tokens + output * offer.api.usd_per_million_output_tokens
    )
    return spent / 1e6, egress


def elastic_limits(instance: Instance, calendar: Calendar) -> dict[str, np.ndarray]:
    """What can be had without signing, by pool: accelerators, or requests/s for an API; [s, period]."""
    limits: dict[str, np.ndarray] = {}
    for pool in pools(instance):
        offer = instance.offers.get(pool.supply)
        if offer is None or (offer.elastic is None and offer.api is None):
            continue
        most = offer.elastic.max_accelerators if offer.elastic else offer.api.max_requests_per_s
        stands = _open_months(offer, calendar, scenarios.lost(instance, pool.provider, pool.supply))
        limits[pool.id] = calendar.least(most * offer.availability * stands)[None]
    return limits


def _open_months(offer: Offer, calendar: Calendar, lost: Month | None) -> np.ndarray:
    """1 in the months in which an elastic offer stands, and its seller, [month]."""
    earliest = offer.start.earliest if offer.start.earliest is not None else calendar.first
    latest = offer.start.latest if offer.start.latest is not None else calendar.first + calendar.months
    if lost is not None:
        latest = min(latest, lost - 1)
    return np.array([float(earliest <= calendar.first + m <= latest) for m in range(calendar.months)])


def sublet_usd(instance: Instance, calendar: Calendar) -> dict[str, np.ndarray]:
    """What an accelerator brings that is let through the month, for the pools of contracts that allow it."""
    found = {}
    for pool in pools(instance):
        let = supplies(instance)[pool.supply].sublease
        if let is not None:
            months = [calendar.first + m for m in range(calendar.months)]
            price = np.array([forward_usd_per_hour(instance, pool.accelerator, month) for month in months])
            found[pool.id] = (let.fraction * price * calendar.month_hours)[None]
    return found


def sublet_most(instance: Instance) -> dict[str, float]:
    """Accelerators of a pool that the market takes."""
    lets = {pool.id: supplies(instance)[pool.supply].sublease for pool in pools(instance)}
    return {pool: let.max_accelerators for pool, let in lets.items() if let is not None}


def list_cash(instance: Instance, use_lines: dict[Pair, dict[str, np.ndarray]]) -> dict[Pair, np.ndarray]:
    """What use costs at list prices, for the pools of offers that some commitment covers or discounts."""
    named = [name for key in instance.commitments for name in eligible(instance, key)]
    mine = [pool.id for pool in pools(instance) if pool.supply in named]
    return {pair: lines["elastic"] + lines["tokens"] for pair, lines in use_lines.items() if pair[0] in mine}
