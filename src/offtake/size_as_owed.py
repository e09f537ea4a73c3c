"""Rows that keep use and payments from being made up, counted without building a model."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .deals import commitments
from .instance.commitments import discounts, eligible, is_prepaid
from .instance.pools import Pool, pools, supplies
from .instance.schema import Instance, Interactive, Offer
from .instance.workloads import runs
from .throughput import RateTable

Size = tuple[int, int, int]
"""rows, columns, nonzeros"""


def of_as_owed(instance: Instance, rates: RateTable, in_service: Mapping[str, np.ndarray]) -> Size:
    """What `as_owed` adds in one future. `in_service`: supply -> [period] deals."""
    about = [pool for pool in pools(instance) if pool.supply in _watched(instance)]
    parts = [_served(instance, rates, about, in_service), _beyond(instance, about, in_service)]
    if _spend_is_shared(instance):
        parts += [_spent(instance, key, rates) for key in commitments.considered(instance)]
    rows, columns, nonzeros = (sum(column) for column in zip(*parts, strict=True))
    return rows, columns, nonzeros


def _spend_is_shared(instance: Instance) -> bool:
    shares = instance.policy.provider_share_max
    return shares is not None and shares.spend is not None


def _watched(instance: Instance) -> list[str]:
    """Supplies whose use counts for more than what it serves."""
    shares = instance.policy.provider_share_max
    if shares is not None and (shares.spend is not None or shares.served is not None):
        return list(supplies(instance))
    about = (
        [*eligible(instance, key), *discounts(instance.commitments[key])] for key in commitments.considered(instance)
    )
    return list(dict.fromkeys(name for names in about for name in names))


def _served(instance: Instance, rates: RateTable, about: list[Pool], in_service: Mapping[str, np.ndarray]) -> Size:
    """A row for each interactive workload in each block, and one for each training run."""
    rows = nonzeros = 0
    for name, workload in instance.workloads.items():
        able = [pool for pool in pools(instance) if rates[pool.id, name].eligible]
        if not any(pool in about for pool in able):
            continue
        if isinstance(workload, Interactive):
            slots = np.array([in_service[pool.supply] > 0 for pool in able]) * instance.day.blocks
            rows += int(slots.any(axis=0).sum()) * instance.day.blocks
            nonzeros += int(slots.sum())
        elif name in runs(instance):
            rows, nonzeros = rows + 1, nonzeros + sum(int((in_service[pool.supply] > 0).sum()) for pool in able)
    return rows, 0, nonzeros


def _beyond(instance: Instance, about: list[Pool], in_service: Mapping[str, np.ndarray]) -> Size:
    """Two rows and a yes or no for each pool and period in which hours beyond take-or-pay may be paid."""
    slots = 0
    for pool in about:
        supply = supplies(instance)[pool.supply]
        terms = supply.terms if isinstance(supply, Offer) else [supply.term]
        if any(term.take_or_pay < 1 for term in terms):
            slots += int((in_service[pool.supply] > 0).sum())
    return 2 * slots, slots, 6 * slots


def _spent(instance: Instance, key: str, rates: RateTable) -> Size:
    """Two rows and a yes or no for each part, or where a prepaid commitment is settled; and one for each place in which
    it is drawn from."""
    stated = instance.commitments[key]
    plan = commitments.schedule(instance, key, instance.horizon.months)
    if not is_prepaid(stated):
        return 2 * len(plan.parts), len(plan.parts), 6 * len(plan.parts)
    places = len(plan.months) * instance.day.blocks
    able = sum(
        any(rates[pool.id, name].eligible for name in instance.workloads)
        for pool in pools(instance)
        if pool.supply in eligible(instance, key)
    )
    settled = places if stated.usd_per_hour is not None else len(plan.parts)
    return settled + places * able, settled, 4 * (settled + places * able)
