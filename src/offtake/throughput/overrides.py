"""Answers that need no model: rules of the workload, training runs, token APIs, given rates, measured rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..instance.pools import Pool
from ..instance.reinforcement import Rollouts
from ..instance.schema import Instance, Interactive, MeasuredRow, Rate, Training
from .curves import along_curve
from .rates import ServingRate, Work, missed_target, network_ms, refused, software_gain, tokens_per_request
from .training_rates import training_rate

LENGTH_TOLERANCE = 0.10
"""a measured row speaks for a workload whose input and output lengths are within this share of its own"""
_BETWEEN = 33
"""points tried along a curve"""

GivenRates = dict[tuple[str, str], Rate]
"""(accelerator, workload) -> a rate of `throughput.rates`"""


def override(instance: Instance, pool: Pool, workload_id: str, given: GivenRates) -> ServingRate | None:
    """The answer that stands before the roofline: a rule against it, the speed of a training run, an API, a given rate
    (of `given_rates`), measured rows; else None."""
    workload = instance.workloads[workload_id]
    rule = rule_against(pool, workload)
    if rule:
        return refused(instance, rule)
    if isinstance(workload, Training):
        return training_rate(instance, pool, workload_id)
    if pool.accelerator is None:
        return api_rate(instance, pool, workload)
    return given_rate(instance, pool, workload_id, given) or measured_rate(instance, pool, workload)


def rule_against(pool: Pool, workload: Work | Training) -> str:
    """The allow or deny list that keeps the workload off the pool, as a sentence; empty if none.

    A token API has no accelerator: a list of allowed accelerators leaves it out, a list of denied ones does not.
    """
    traits = {"providers": pool.provider, "regions": pool.region, "accelerators": pool.accelerator}
    for key, value in traits.items():
        allowed, denied = getattr(workload.allow, key), getattr(workload.deny, key)
        if allowed is not None and value not in allowed:
            return f"allow.{key} has only {', '.join(allowed)}; this is {value or 'a token API'}"
        if denied is not None and value in denied:
            return f"deny.{key} names {value}"
    return ""


def api_rate(instance: Instance, pool: Pool, workload: Work) -> ServingRate:
    """A token API: serves the models that it names, one request per second per unit, at its stated latencies."""
    api = instance.offers[pool.supply].api
    if isinstance(workload, Rollouts):
        return refused(instance, "a token API has weights of its own, not those that the run learns", "api")
    if workload.model not in api.models:
        return refused(instance, f"the API serves {', '.join(api.models)}; not {workload.model}", "api")
    away_ms = network_ms(instance, pool, workload)
    missed = missed_target(workload, api.ttft_ms, api.tpot_ms, away_ms)
    if missed:
        return refused(instance, missed, "api")
    return ServingRate(
        True,
        "",
        np.ones(instance.horizon.months),
        tokens_per_request(workload),
        api.ttft_ms + away_ms,
        api.tpot_ms,
        source="api",
    )


def given_rates(instance: Instance) -> GivenRates:
    """`throughput.rates` by whom they are about; the first of several."""
    return {(rate.accelerator, rate.workload): rate for rate in reversed(instance.throughput.rates)}


def given_rate(instance: Instance, pool: Pool, workload_id: str, given: GivenRates) -> ServingRate | None:
    """The rate that is given for the accelerator and workload, if one is; latency and memory are taken as met."""
    rate = given.get((pool.accelerator, workload_id))
    if rate is None:
        return None
    first = rate.requests_per_s_per_accelerator
    tokens = first * tokens_per_request(instance.workloads[workload_id])
    return ServingRate(
        True,
        "",
        first * software_gain(instance, pool.accelerator),
        tokens,
        source="given",
        cited=rate.source,
        tokens_per_joule=tokens_per_joule(instance, pool, tokens),
    )


def tokens_per_joule(instance: Instance, pool: Pool, tokens_per_s: float) -> float:
    """Over the all-in power of the pool's accelerator."""
    return tokens_per_s / (1e3 * instance.accelerators[pool.accelerator].all_in_kw)


def measured_rate(instance: Instance, pool: Pool, workload: Work) -> ServingRate | None:
    """The most that measured rows give inside the target; None if no row is about this accelerator, model and length.

    A row is about the workload if its input and output lengths are within 10 % of the workload's (reasoning
    included; the prefix cache is left out of it: rows are taken as measured without one). Rows of one configuration at
    different concurrencies are a curve, and points between them count too. What a tool estimated stands back where
    anything was measured. Tokens per second, input and output, are then turned into requests of the workload's own
    size.
    """
    about = [row for row in instance.throughput.measured if _speaks_for(row, pool, workload)]
    rows = [row for row in about if not row.estimated] or about
    if not rows:
        return None
    source = "estimated" if rows[0].estimated else "measured"
    away_ms = network_ms(instance, pool, workload)
    points = [point for curve in _curves(rows) for point in _points(curve, workload)]
    missed = [missed_target(workload, point.ttft_ms, point.tpot_ms, away_ms) for point in points]
    meeting = [point for point, reason in zip(points, missed, strict=True) if not reason]
    if not meeting:
        closest = min(range(len(points)), key=lambda i: points[i].tpot_ms)
        return refused(
            instance,
            f"{pool.accelerator}: none of {len(rows)} {source} rows of {workload.model} meets the "
            f"target; in the one with the fastest tokens {missed[closest]}",
            source,
        )
    best = max(meeting, key=lambda point: point.tokens_per_s)
    first = best.tokens_per_s / tokens_per_request(workload)
    return ServingRate(
        True,
        "",
        first * software_gain(instance, pool.accelerator),
        best.tokens_per_s,
        best.ttft_ms + away_ms,
        best.tpot_ms,
        source=source,
        cited=best.cited,
        tokens_per_joule=tokens_per_joule(instance, pool, best.tokens_per_s),
    )


class Point(NamedTuple):
    """Where an engine was measured to run, or on the line between two such places."""

    tokens_per_s: float
    """per accelerator, input and output"""
    ttft_ms: float
    tpot_ms: float
    cited: str | None = None
    """sources of the rows of its curve"""


def _curves(rows: list[MeasuredRow]) -> list[list[MeasuredRow]]:
    """Rows that differ only in concurrency belong together; one that states none stands alone."""
    curves: dict[tuple[object, ...], list[MeasuredRow]] = {}
    for place, row in enumerate(rows):
        lengths = (row.input_tokens, row.output_tokens)
        deployment = (row.precision, row.accelerators, row.parallelism, row.engine, row.date, row.speculative)
        alone = place if row.concurrency is None else None
        curves.setdefault((*lengths, *deployment, row.estimated, alone), []).append(row)
    return list(curves.values())


def _points(curve: list[MeasuredRow], workload: Work) -> list[Point]:
    """The rows of a curve and points between them, none beyond its ends."""
    cited = "; ".join(dict.fromkeys(row.source for row in curve if row.source)) or None
    measured = [Point(row.tokens_per_s_per_accelerator, row.ttft_ms, row.tpot_ms, cited) for row in curve]
    if len(curve) == 1 or not isinstance(workload, Interactive):
        return measured
    tokens, ttft, tpot = np.array([point[:3] for point in measured]).T
    between = np.geomspace(tpot.min(), tpot.max(), _BETWEEN)
    asked = workload.slo.tpot_ms
    at = np.append(between, asked) if tpot.min() <= asked <= tpot.max() else between
    along = (along_curve(tpot, tokens, at), along_curve(tpot, ttft, at), at)
    return measured + [Point(*map(float, point), cited) for point in zip(*along, strict=True)]


def _speaks_for(row: MeasuredRow, pool: Pool, workload: Work) -> bool:
    output = workload.request.output_tokens * workload.request.reasoning_multiplier
    return (
        (row.accelerator, row.model) == (pool.accelerator, workload.model)
        and abs(row.input_tokens - workload.request.input_tokens) <= LENGTH_TOLERANCE * workload.request.input_tokens
        and abs(row.output_tokens - output) <= LENGTH_TOLERANCE * output
    )
