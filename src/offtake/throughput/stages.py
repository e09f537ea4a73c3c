"""Rates where answers grow longer by month: one table for each stage, put together month by month."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..instance.months import Month
from ..instance.reasoning import as_of, stages
from ..instance.schema import Instance
from . import table
from .rates import ServingRate, refused
from .table import RateTable


def rate_table(instance: Instance) -> RateTable:
    """Serving rates of every pool x workload, see `table.rate_table`; those of each month for its reasoning multiplier.

    A pool that misses the target in some month of the horizon does not serve the workload at all: capacity is bought
    for years. Latencies, parallelism and batch are those of the first month.
    """
    first, *later = stages(instance)
    at_first = table.rate_table(as_of(instance, first))
    found = dict(at_first)
    for month in later:
        then = table.rate_table(as_of(instance, month))
        found = {pair: _from(instance, month, rate, then[pair]) for pair, rate in found.items()}
    return RateTable(found, at_first.calibrated)


def _from(instance: Instance, month: Month, until: ServingRate, then: ServingRate) -> ServingRate:
    """One rate until a month, another from then on."""
    if not until.eligible:
        return until
    if not then.eligible:
        return refused(instance, f"from {month} on: {then.reason}", then.source)
    begins = np.arange(instance.horizon.months) >= month - instance.horizon.start
    return replace(until, requests_per_s=np.where(begins, then.requests_per_s, until.requests_per_s))
