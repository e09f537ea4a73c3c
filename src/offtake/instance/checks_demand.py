"""Rules of demand: how many requests, when, and which models serve them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from . import catalogue
from .checks_terms import late_prices
from .demand import growth
from .parts import part_id, parts_of
from .schema import MOST_REQUESTS_PER_S, Demand, Horizon, Served
from .sentences import Finding, suggestion
from .structure import Draft
from .workloads import served

Findings = Iterator[Finding]

_GROWTH = ("growth_per_year", "doubling_months")
_LONGEST_ID = 80


def rates(draft: Draft) -> Findings:
    """One form of demand, and one of growth if it is not a table."""
    for key, workload in served(draft.instance).items():
        path, demand = ("workloads", key, "demand"), workload.demand
        given = [name for name in ("requests_per_s", "file") if getattr(demand, name) is not None]
        if len(given) != 1:
            label = "has both" if given else "has none"
            message = f"the demand of {key} needs exactly one of requests_per_s or file"
            yield Finding("E021", path, message, "a rate, a table by month, or the name of a CSV file", label, "key")
        grows = [name for name in _GROWTH if name in demand.model_fields_set]
        for name in grows if isinstance(demand.requests_per_s, dict) else []:
            help = f"the table already says every month; leave {name} out"
            yield Finding("E021", (*path, name), f"{name} has no meaning beside a table by month", help, "", "key")
        if len(grows) > 1:
            help = "growth_per_year is a factor per year, doubling_months the months in which demand doubles"
            yield Finding("E021", (*path, grows[1]), "growth is stated twice: keep one of the two", help, "", "key")


def shapes(draft: Draft) -> Findings:
    """A daily shape that exists, and none beside rates that already say every hour."""
    known = catalogue.shapes()
    for key, workload in served(draft.instance).items():
        path, demand = ("workloads", key, "demand", "shape"), workload.demand
        if isinstance(demand.shape, str) and demand.shape not in known:
            help = suggestion(demand.shape, known, "shapes")
            yield Finding("E020", path, f"there is no daily shape {demand.shape}", help, "")
        if isinstance(demand.shape, list) and not any(demand.shape):
            yield Finding("E029", path, "a shape must be above zero in some hour", "24 factors, scaled to mean 1")
        if "shape" in demand.model_fields_set and hourly(demand):
            help = "the table already says every hour; leave shape out"
            yield Finding("E021", path, "shape has no meaning beside rates by hour", help, "", "key")


def hourly(demand: Demand) -> bool:
    """Whether some month of a table has a rate for every hour."""
    table = demand.requests_per_s
    return isinstance(table, dict) and any(isinstance(rate, list) for rate in table.values())


def no_demand(draft: Draft) -> Findings:
    """An instance that asks for nothing."""
    workloads = draft.instance.workloads
    nothing = not any(not isinstance(each, Served) or _asks(each.demand.requests_per_s) for each in workloads.values())
    if "workloads" in draft.document and nothing and len(workloads) == len(draft.written("workloads")):
        help = "a plan for no demand is to buy nothing: write requests_per_s above zero"
        yield Finding("E025", ("workloads",), "the instance asks for no demand at all", help, "", "key")


def _asks(rate: Any) -> bool:
    """Whether a demand is above zero in some month; one that is not stated may be."""
    if not isinstance(rate, dict):
        return True
    return any(any(each) if isinstance(each, list) else each for each in rate.values())


def shares(draft: Draft) -> Findings:
    """Shares of models that add up, and parts whose ids are free."""
    for key, workload in served(draft.instance).items():
        if not isinstance(workload.model, dict):
            continue
        path, total = ("workloads", key, "model"), sum(workload.model.values())
        if not math.isclose(total, 1.0, rel_tol=0, abs_tol=1e-9):
            help = f"they sum to {total:.6g}; each model is asked for its share of the requests"
            yield Finding("E029", path, f"the shares of the models of {key} must sum to 1", help, "", "key")
        for model in workload.model:
            part = part_id(key, model)
            if part in draft.written("workloads"):
                help = f"the part of {key} that {model} serves has that id: rename one"
                yield Finding("E028", ("workloads", part), f"{part} is used twice", help, "", "key")
            if len(part) > _LONGEST_ID:
                help = f"the part of {key} that {model} serves is called so: shorten the id of the workload"
                yield Finding("E029", path, f"{part} is longer than {_LONGEST_ID} characters", help, "", "key")


def rates_of_parts(draft: Draft) -> Findings:
    """A measured rate is that of one model."""
    parts = parts_of(draft.instance)
    several = served(draft.instance).keys() & parts.keys()
    for i, rate in enumerate(draft.instance.throughput.rates):
        if rate.workload in several:
            message = f"{rate.workload} is served by several models, a rate is that of one"
            help = f"name the part: {' or '.join(parts[rate.workload])}"
            yield Finding("E029", ("throughput", "rates", i, "workload"), message, help, "")


def growth_years(draft: Draft, horizon: Horizon) -> Findings:
    """Growth by year begins no later than the horizon."""
    for key, workload in served(draft.instance).items():
        table = workload.demand.growth_per_year
        if isinstance(table, dict) and min(table, default=horizon.start.year + 1) > horizon.start.year:
            path = ("workloads", key, "demand", "growth_per_year")
            help = f"the horizon begins in {horizon.start}; the last year that is stated holds on"
            yield Finding("E025", path, f"the growth of {key} lacks {horizon.start.year}", help, "", "key")


def given_rates(draft: Draft) -> Findings:
    """A given rate is that of one length of answers."""
    whole = {part: key for key, parts in parts_of(draft.instance).items() for part in parts}
    for i, rate in enumerate(draft.instance.throughput.rates):
        workload = draft.instance.workloads.get(whole.get(rate.workload, rate.workload))
        if isinstance(workload, Served) and isinstance(workload.request.reasoning_multiplier, dict):
            message = f"{rate.workload} has answers whose length changes, and a given rate is that of one length"
            help = "give measured rows for its lengths, or one reasoning_multiplier"
            yield Finding("E021", ("throughput", "rates", i), message, help, "", "key")


def rates_reached(draft: Draft, horizon: Horizon) -> Findings:
    """Growth that ends in a rate that could be written."""
    for key, workload in served(draft.instance).items():
        rate = workload.demand.requests_per_s
        table = workload.demand.growth_per_year
        if not isinstance(rate, float | int) or (isinstance(table, dict) and min(table) > horizon.start.year):
            continue
        with np.errstate(over="ignore"):
            reached = rate * growth(workload.demand, horizon.start, horizon.months)
        beyond = np.flatnonzero(reached > MOST_REQUESTS_PER_S)
        if beyond.size:
            month = horizon.start + int(beyond[0])
            doubles = workload.demand.doubling_months is not None
            name = "doubling_months" if doubles else "growth_per_year"
            message = f"the demand of {key} grows to more than {MOST_REQUESTS_PER_S:,} requests/s, in {month}"
            help = "months in which it doubles" if doubles else "a factor: 1.3 is +30 % a year"
            yield Finding("E029", ("workloads", key, "demand", name), message, help)


def multipliers(draft: Draft, horizon: Horizon) -> Findings:
    """Reasoning by month begins no later than the horizon."""
    for key, workload in served(draft.instance).items():
        table = workload.request.reasoning_multiplier
        if isinstance(table, dict) and min(table) > horizon.start:
            path = ("workloads", key, "request", "reasoning_multiplier")
            help = f"the horizon begins in {horizon.start}; the last value holds for the months after it"
            yield Finding("E025", path, f"reasoning_multiplier of {key} lacks {horizon.start}", help, "", "key")


CHECKS = (rates, shapes, no_demand, shares, rates_of_parts, given_rates)


def values(draft: Draft, horizon: Horizon) -> Findings:
    """Value by month begins no later than the horizon."""
    for key, workload in served(draft.instance).items():
        path = ("workloads", key, "value_usd_per_request")
        yield from late_prices(path, workload.value_usd_per_request, horizon.start, "the first month of the horizon")


DATE_CHECKS = (growth_years, rates_reached, multipliers, values)
