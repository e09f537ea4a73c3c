"""Answers that need no model: rules of the workload, training runs, token APIs, given rates, measured rows."""

from __future__ import annotations

import numpy as np

from ..instance.network import round_trip_ms
from ..instance.pools import Pool
from ..instance.schema import Instance, MeasuredRow, Training
from .rates import ServingRate, Work, missed_target, refused, software_gain, tokens_per_request
from .training_rates import training_rate

LENGTH_TOLERANCE = 0.10
"""a measured row speaks for a workload whose input and output lengths are within this share of its own"""


def override(instance: Instance, pool: Pool, workload_id: str) -> ServingRate | None:
    """The answer that stands before the roofline: a rule against it, the speed of a training run, an API, a given rate,
    measured rows; else None."""
    workload = instance.workloads[workload_id]
    rule = rule_against(pool, workload)
    if rule:
        return refused(instance, rule)
    if isinstance(workload, Training):
        return training_rate(instance, pool, workload_id)
    if pool.accelerator is None:
        return api_rate(instance, pool, workload)
    return given_rate(instance, pool, workload_id) or measured_rate(instance, pool, workload)


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
    if workload.model not in api.models:
        return refused(instance, f"the API serves {', '.join(api.models)}; not {workload.model}", "api")
    network_ms = round_trip_ms(instance, pool.region, workload.region)
    missed = missed_target(workload, api.ttft_ms, api.tpot_ms, network_ms)
    if missed:
        return refused(instance, missed, "api")
    return ServingRate(
        True,
        "",
        np.ones(instance.horizon.months),
        tokens_per_request(workload),
        api.ttft_ms + network_ms,
        api.tpot_ms,
        source="api",
    )


def given_rate(instance: Instance, pool: Pool, workload_id: str) -> ServingRate | None:
    """The rate that `throughput.rates` gives for the accelerator and workload; latency and memory are taken as met."""
    for rate in instance.throughput.rates:
        if (rate.accelerator, rate.workload) == (pool.accelerator, workload_id):
            first = rate.requests_per_s_per_accelerator
            return ServingRate(
                True,
                "",
                first * software_gain(instance, pool.accelerator),
                first * tokens_per_request(instance.workloads[workload_id]),
                source="given",
            )
    return None


def measured_rate(instance: Instance, pool: Pool, workload: Work) -> ServingRate | None:
    """The fastest measured row that meets the target; None if no row is about this accelerator, model and length.

    A row is about the workload if its input and output lengths are within 10 % of the workload's (reasoning
    included; the prefix cache is left out of it: rows are taken as measured without one). Its tokens per second, input
    and output, are then turned into requests of the workload's own size.
    """
    rows = [row for row in instance.throughput.measured if _speaks_for(row, pool, workload)]
    if not rows:
        return None
    network_ms = round_trip_ms(instance, pool.region, workload.region)
    missed = [missed_target(workload, row.ttft_ms, row.tpot_ms, network_ms) for row in rows]
    meeting = [row for row, reason in zip(rows, missed, strict=True) if not reason]
    if not meeting:
        closest = min(range(len(rows)), key=lambda i: rows[i].tpot_ms)
        return refused(
            instance,
            f"{pool.accelerator}: none of {len(rows)} measured rows of {workload.model} meets the "
            f"target; in the one with the fastest tokens {missed[closest]}",
            "measured",
        )
    best = max(meeting, key=lambda row: row.tokens_per_s_per_accelerator)
    first = best.tokens_per_s_per_accelerator / tokens_per_request(workload)
    return ServingRate(
        True,
        "",
        first * software_gain(instance, pool.accelerator),
        best.tokens_per_s_per_accelerator,
        best.ttft_ms + network_ms,
        best.tpot_ms,
        source="measured",
    )


def _speaks_for(row: MeasuredRow, pool: Pool, workload: Work) -> bool:
    output = workload.request.output_tokens * workload.request.reasoning_multiplier
    return (
        (row.accelerator, row.model) == (pool.accelerator, workload.model)
        and abs(row.input_tokens - workload.request.input_tokens) <= LENGTH_TOLERANCE * workload.request.input_tokens
        and abs(row.output_tokens - output) <= LENGTH_TOLERANCE * output
    )
