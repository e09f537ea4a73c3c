"""How large the model of an instance will be, counted without building it and without loading the modelling library."""

from __future__ import annotations

import numpy as np

from .deals import commitments, start_months, tiers, ways
from .instance import scenarios
from .instance.commitments import discounts, eligible, is_prepaid
from .instance.demand import mean_requests_per_s
from .instance.pools import Pool, block_accelerators, pools, supplies
from .instance.schema import Batch, Instance, Interactive, Offer, SignedContract
from .throughput import RateTable


def model_size(instance: Instance, rates: RateTable) -> dict[str, int]:
    """Deals, pools and eligible pairs exactly; rows, columns and nonzeros to within some percent.

    Counted are decisions, dispatch, capacity, demand, strong links, cash rows and spend commitments of one future,
    times the nodes of a period.
    """
    period_of = _periods(instance)
    blocks, periods = instance.day.blocks, int(period_of[-1]) + 1
    alive = {key: _deals_in_service(instance, supply, period_of) for key, supply in supplies(instance).items()}
    asked = {name: _asked(instance, name, period_of) for name in instance.workloads}
    cash_months = _months_with_cash(instance, period_of)
    deals = sum(ways(instance, supply) for supply in supplies(instance).values())
    demand, cash = len(asked) * periods * blocks, int(cash_months.sum())
    size = {"deals": deals, "pools": len(pools(instance)), "pairs": 0}
    rows, columns, nonzeros = demand + 2 * deals + cash, demand + 2 * deals + cash, demand + 6 * deals
    for pool in pools(instance):
        in_service = alive[pool.supply]
        served = [name for name in asked if rates[pool.id, name].eligible]
        opened = in_service > 0
        slots = int(opened.sum()) * blocks
        linked = _linked(
            instance, pool, {name: asked[name] / rates[pool.id, name].requests_per_s[0] for name in served}
        )
        links = (linked * opened).sum()
        size["pairs"] += len(served)
        columns += len(served) * slots
        rows += bool(served) * slots + links
        nonzeros += (2 * slots + blocks * cash_months[opened].sum()) * len(served) + links
        nonzeros += ((linked + bool(served) * blocks) * in_service).sum()
    for key in commitments.considered(instance):
        more = _promised(instance, key, rates)
        rows, columns, nonzeros = rows + more[0], columns + more[1], nonzeros + more[2]
    if commitments.considered(instance):
        rows += sum(isinstance(workload, Interactive) for workload in instance.workloads.values()) * periods * blocks
    paths = _paths(instance, period_of)
    return {**size, "rows": int(paths * rows), "columns": int(paths * columns), "nonzeros": int(paths * nonzeros)}


def _paths(instance: Instance, period_of: np.ndarray) -> float:
    """Nodes of the tree of futures in a period, on average: each has its own copy of what is decided in it."""
    nodes = np.array(scenarios.node_of(instance))
    firsts = np.searchsorted(period_of, np.arange(period_of[-1] + 1))
    return float(np.mean([len(np.unique(nodes[:, m])) for m in firsts]))


def _promised(instance: Instance, key: str, rates: RateTable) -> tuple[int, int, int]:
    """Rows, columns and nonzeros of one spend commitment: use that it covers or discounts by month and block."""
    stated = instance.commitments[key]
    plan = commitments.schedule(instance, key, instance.horizon.months)
    offers = eligible(instance, key) if is_prepaid(stated) else discounts(stated)
    able = [
        sum(rates[pool.id, name].eligible for name in instance.workloads)
        for pool in pools(instance)
        if pool.supply in offers
    ]
    places = len(plan.months) * instance.day.blocks
    slots = sum(count > 0 for count in able) * places
    settled = places if stated.usd_per_hour is not None else len(plan.parts)
    rows = slots * (1 if is_prepaid(stated) else 3) + settled
    return rows, slots + settled + 1, 3 * slots + 2 * places * sum(able)


def _asked(instance: Instance, name: str, period_of: np.ndarray) -> np.ndarray:
    """[period, block] requests/s to provision for, by first month; batch work may all be done in one block."""
    workload = instance.workloads[name]
    rate = mean_requests_per_s(instance, name)[np.searchsorted(period_of, np.arange(period_of[-1] + 1))]
    if isinstance(workload, Batch):
        rate = np.repeat(rate.sum(axis=1, keepdims=True), rate.shape[1], axis=1)
    return rate * workload.demand.peak_to_mean * workload.headroom


def _linked(instance: Instance, pool: Pool, useful: dict[str, np.ndarray]) -> np.ndarray:
    """[period] pairs and blocks in which one workload cannot use all that the pool could hold."""
    supply = supplies(instance)[pool.supply]
    if isinstance(supply, SignedContract):
        blocks = supply.blocks
    elif supply.terms:
        blocks = supply.blocks.max
    else:
        return np.zeros(1)
    most = block_accelerators(instance, supply)[pool.accelerator] * supply.availability * blocks
    return sum(((needed < most).sum(axis=1) for needed in useful.values()), np.zeros(1))


def _periods(instance: Instance) -> np.ndarray:
    """[month of the horizon] its period."""
    lengths = [step.months for step in instance.horizon.steps or [] for _ in range(step.count)]
    lengths = lengths or [1] * instance.horizon.months
    return np.repeat(np.arange(len(lengths)), lengths)


def _rungs(offer: Offer) -> list[int]:
    """For each term, the steps of its volume tiers that are deals of their own."""
    return [len(tiers.rungs(term.tiers, offer.blocks.min, offer.blocks.max)) for term in offer.terms]


def _deals_in_service(instance: Instance, supply: Offer | SignedContract, period_of: np.ndarray) -> np.ndarray:
    """[period] deals whose term covers its first month; 1 throughout for what needs no signing."""
    firsts = np.searchsorted(period_of, np.arange(period_of[-1] + 1))
    if isinstance(supply, Offer) and not supply.terms:
        return np.ones(len(firsts), dtype=int)
    if isinstance(supply, SignedContract):
        spans = [(supply.start, supply.term.months)]
    else:
        spans = [
            (start, term.months)
            for start in start_months(instance, supply)
            for term, steps in zip(supply.terms, _rungs(supply), strict=True)
            for _ in range(steps)
        ]
    month = firsts + int(instance.horizon.start)
    return sum(
        ((start <= month) & (month < start + length) for start, length in spans), np.zeros(len(firsts), dtype=int)
    )


def _months_with_cash(instance: Instance, period_of: np.ndarray) -> np.ndarray:
    """[period] months whose cash is watched by a budget or a balance."""
    finance = instance.finance
    first = instance.horizon.start
    months = [first + m for m in range(len(period_of))]
    watched = [
        bool(finance.funding_usd) or month in finance.budget_usd or month.year in finance.budget_usd for month in months
    ]
    return np.bincount(period_of, weights=np.array(watched, dtype=float)).astype(int)
