"""Emissions of what is held and of what is used."""

from __future__ import annotations

import numpy as np

from offtake_models.problem import Pair

from ..instance.pools import pools, supplies
from ..instance.schema import Instance
from .calendar import Calendar


def use_carbon(instance: Instance, calendar: Calendar, pairs: list[Pair]) -> dict[Pair, np.ndarray]:
    """Emissions of elastic accelerators at work; those of token services are not known."""
    pool_of = {pool.id: pool for pool in pools(instance)}
    found = {}
    for pair in pairs:
        pool = pool_of[pair[0]]
        offer = instance.offers.get(pool.supply)
        if offer is not None and offer.elastic is not None and pool.accelerator is not None:
            energy_mwh = instance.accelerators[pool.accelerator].all_in_kw / 1000 * calendar.month_hours
            found[pair] = tonnes_at(instance, pool.supply, energy_mwh)[None]
    return found


def tonnes_at(instance: Instance, supply: str, energy_mwh: np.ndarray) -> np.ndarray:
    """Tonnes of CO2 of energy drawn where a supply stands: kg/kWh are tonnes/MWh; 0 where that is not stated."""
    return (instance.regions[supplies(instance)[supply].region].carbon_kg_per_kwh or 0.0) * energy_mwh
