"""How many requests per second a workload brings, by month of the horizon and block of the UTC day."""

from __future__ import annotations

import math

import numpy as np

from . import catalogue
from .months import Month
from .scenarios import demand_factor
from .schema import Demand, Instance


def mean_requests_per_s(instance: Instance, workload_id: str) -> np.ndarray:
    """Mean rate [month of the horizon, block of the UTC day] in requests/s.

    The month's rate (times the factor of the scenario, in an instance of one future) times the mean of the daily
    factors over the block's hours. Blocks are equally long and the factors have mean 1, so the mean of a row is the
    rate of its month. Where a month table says every hour, the mean of the block's hours. Raises KeyError where a month
    table lacks a month of the horizon.
    """
    workload = instance.workloads[workload_id]
    factors = daily_factors(workload.demand, instance.regions[workload.region].longitude)
    months = [instance.horizon.start + m for m in range(instance.horizon.months)]
    scenario = [demand_factor(instance, workload_id, month) for month in months]
    stated = monthly_rates(instance, workload.demand)
    by_hour = stated if stated.ndim == 2 else np.outer(stated, factors)
    by_block = by_hour.reshape(len(months), instance.day.blocks, -1).mean(axis=2)
    return np.array(scenario)[:, None] * by_block


def monthly_rates(instance: Instance, demand: Demand) -> np.ndarray:
    """Mean rate [month of the horizon] in requests/s: the table's, or the first month's times the growth since. Of a
    table that says the hours of some month [month, UTC hour]; its other months have the same rate in every hour."""
    start, months = instance.horizon.start, instance.horizon.months
    if not isinstance(demand.requests_per_s, dict):
        return demand.requests_per_s * growth(demand, start, months)
    stated = [demand.requests_per_s[start + m] for m in range(months)]
    if any(isinstance(rate, list) for rate in stated):
        return np.array([rate if isinstance(rate, list) else [rate] * 24 for rate in stated], dtype=float)
    return np.array(stated, dtype=float)


def growth(demand: Demand, start: Month, months: int) -> np.ndarray:
    """[month of the horizon] factor on the first month's rate: growth^(m / 12), or 2^(m / doubling time).

    Of growth by calendar year, the months of a year grow by the twelfth root of its factor each: from January to
    January by the factor.
    """
    since, stated = np.arange(months), demand.growth_per_year
    if demand.doubling_months is not None:
        return 2.0 ** (since / demand.doubling_months)
    if not isinstance(stated, dict):
        return stated ** (since / 12)
    begun = [max(year for year in stated if year <= (start + m).year) for m in range(months - 1)]
    return np.cumprod([1.0, *(stated[year] ** (1 / 12) for year in begun)])


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
