"""How many requests per second a workload brings, by month of the horizon and block of the UTC day."""

from __future__ import annotations

import math

import numpy as np

from . import catalogue
from .scenarios import demand_factor
from .schema import Demand, Instance


def mean_requests_per_s(instance: Instance, workload_id: str) -> np.ndarray:
    """Mean rate [month of the horizon, block of the UTC day] in requests/s.

    The month's rate (times the factor of the scenario, in an instance of one future) times the mean of the daily
    factors over the block's hours. Blocks are equally long and the factors have mean 1, so the mean of a row is the
    rate of its month. Raises KeyError where a month table lacks a month of the horizon.
    """
    workload = instance.workloads[workload_id]
    factors = daily_factors(workload.demand, instance.regions[workload.region].longitude)
    by_block = factors.reshape(instance.day.blocks, -1).mean(axis=1)
    months = [instance.horizon.start + m for m in range(instance.horizon.months)]
    scenario = [demand_factor(instance, workload_id, month) for month in months]
    return np.outer(scenario * monthly_rates(instance, workload.demand), by_block)


def monthly_rates(instance: Instance, demand: Demand) -> np.ndarray:
    """Mean rate [month of the horizon] in requests/s: the table's, or the first month's x growth^(m / 12)."""
    start, months = instance.horizon.start, instance.horizon.months
    if isinstance(demand.requests_per_s, dict):
        return np.array([demand.requests_per_s[start + m] for m in range(months)], dtype=float)
    return demand.requests_per_s * demand.growth_per_year ** (np.arange(months) / 12)


def daily_factors(demand: Demand, longitude: float) -> np.ndarray:
    """24 factors by UTC hour, mean 1.

    A named shape is by local solar hour, local = UTC + round(longitude / 15): hour 18 UTC at 90 degrees West
    takes the shape's hour 12. A list of 24 numbers is by UTC hour already.
    """
    if isinstance(demand.shape, str):
        local = np.array(catalogue.shapes()[demand.shape]["factors"], dtype=float)
        factors = np.roll(local, -math.floor(longitude / 15 + 0.5))
    else:
        factors = np.array(demand.shape, dtype=float)
    return factors / factors.mean()
