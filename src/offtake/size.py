"""How large the model of an instance will be, counted without building it and without loading the modelling library."""

from __future__ import annotations

import numpy as np

from .deals import commitments, start_months, tiers, ways
from .instance import scenarios
from .instance.commitments import discounts, eligible, is_prepaid
from .instance.demand import mean_requests_per_s
from .instance.pools import Pool, block_accelerators, pools, supplies
from .instance.ports import family_of, open_ports
from .instance.schema import Batch, Instance, Offer, SignedContract, Training
from .instance.workloads import deadline_month, earliest_month, rollouts, runs, served
from .size_as_owed import of_as_owed
from .size_shares import of_shares
from .throughput import RateTable


def model_size(instance: Instance, rates: RateTable) -> dict[str, int]:
    """Deals, pools and eligible pairs exactly; rows, columns and nonzeros to within some percent.

    Counted are decisions, dispatch, capacity, demand, strong links, training runs, cash rows, spend commitments, what
    keeps use from being made up, ports and shares of the portfolio of one future, times the nodes of a period; not what
    resilience adds while it is solved.
    """
    period_of = _periods(instance)
    blocks, periods = instance.day.blocks, int(period_of[-1]) + 1
    alive = {key: _deals_in_service(instance, supply, period_of) for key, supply in supplies(instance).items()}
    asked = {name: _asked(instance, name, period_of) for name in served(instance)}
    windows = {name: _window(instance, run, period_of) for name, run in runs(instance).items()}
    spans = windows | {name: windows[each.learner] for name, each in rollouts(instance).items()}
    cash_months = _months_with_cash(instance, period_of)
    deals = sum(ways(instance, supply) for supply in supplies(instance).values())
    demand, cash = len(asked) * periods * blocks, int(cash_months.sum())
    size = {"deals": deals, "pools": len(pools(instance)), "pairs": 0}
    rows, columns, nonzeros = demand + 2 * deals + cash, demand + 2 * deals + cash, demand + 6 * deals
    for pool in pools(instance):
        in_service = alive[pool.supply]
        able = [name for name in instance.workloads if rates[pool.id, name].eligible]
        opened = in_service > 0
        slots = int(opened.sum()) * blocks
        needed = {name: asked[name] / rates[pool.id, name].requests_per_s[0] for name in able if name in asked}
        needed |= {name: _scale(instance, name, windows[name]) for name in able if name in windows}
        linked = _linked(instance, pool, needed)
        links = (linked * opened).sum()
        size["pairs"] += len(able)
        columns += sum(int((opened & spans[name]).sum()) * blocks if name in spans else slots for name in able)
        rows += bool(able) * slots + links
        nonzeros += (2 * slots + blocks * cash_months[opened].sum()) * len(able) + 2 * links
        signed = bool(_most_held(instance, pool)) * ((opened & bool(able)).astype(int) + (opened & (linked > 0)))
        rows, columns = rows + signed.sum(), columns + signed.sum()
        nonzeros += bool(able) * slots + (signed * (1 + in_service)).sum()
        placed = sum(int((opened & windows[name]).sum()) for name in able if name in windows)
        rows, columns, nonzeros = rows + (blocks + 1) * placed, columns + placed, nonzeros + 2 * (blocks + 4) * placed
        waiting = _waiting(instance, pool, able) * slots
        rows, nonzeros = rows + waiting, nonzeros + 2 * waiting
    begun = len(open_ports(instance)) * instance.horizon.months
    rows, columns, nonzeros = rows + begun, columns + begun, nonzeros + 2 * begun
    worked = sum(int(inside.sum()) for inside in windows.values())
    rows, columns, nonzeros = rows + 3 * worked, columns + 2 * worked, nonzeros + 4 * worked
    rows += sum(int(windows[each.learner].sum()) + 1 for each in rollouts(instance).values())
    for key in commitments.considered(instance):
        more = _promised(instance, key, rates)
        rows, columns, nonzeros = rows + more[0], columns + more[1], nonzeros + more[2]
    more = of_as_owed(instance, rates, alive)
    rows, columns, nonzeros = rows + more[0], columns + more[1], nonzeros + more[2]
    dispatch, in_service = columns - 2 * deals - demand - cash, sum(alive.values(), np.zeros(periods))
    more = of_shares(instance, period_of, in_service, dispatch)
    rows, columns, nonzeros = rows + more[0], columns + more[1], nonzeros + more[2]
    paths = _paths(instance, period_of)
    return {**size, "rows": int(paths * rows), "columns": int(paths * columns), "nonzeros": int(paths * nonzeros)}


def _window(instance: Instance, run: Training, period_of: np.ndarray) -> np.ndarray:
    """[period] whether a training run may work then."""
    months = np.arange(len(period_of))
    late = run.lateness_usd_per_month is not None
    last = months[-1] if late else deadline_month(instance, run) - instance.horizon.start
    inside = (earliest_month(instance, run) - instance.horizon.start <= months) & (months <= last)
    return np.bincount(period_of, weights=inside) > 0


def _scale(instance: Instance, name: str, window: np.ndarray) -> np.ndarray:
    """[period, block] accelerators that a training run can use; no end of them where it does not work."""
    most = np.where(window, instance.workloads[name].accelerators.max, np.inf)
    return np.repeat(most[:, None], instance.day.blocks, axis=1)


def _waiting(instance: Instance, pool: Pool, able: list[str]) -> int:
    """Workloads that the pool serves only once their model is ported."""
    asked = {(model, family) for model, family, _ in open_ports(instance)}
    return sum((instance.workloads[name].model, family_of(instance, pool)) in asked for name in able)


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
    most = _most_held(instance, pool)
    return sum(((needed < most).sum(axis=1) for needed in useful.values()), np.zeros(1))


def _most_held(instance: Instance, pool: Pool) -> float:
    """Accelerators that a deal can hold; none where nothing is signed."""
    supply = supplies(instance)[pool.supply]
    blocks = supply.blocks if isinstance(supply, SignedContract) else supply.blocks.max if supply.terms else 0
    return block_accelerators(instance, supply)[pool.accelerator] * supply.availability * blocks if blocks else 0.0


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
