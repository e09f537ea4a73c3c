"""How fast an accelerator trains: a share of its dense bf16 peak, whatever the precision of the run."""

from __future__ import annotations

import numpy as np

from ..instance.pools import Pool, block_accelerators, supplies
from ..instance.schema import Instance, SignedContract, Training
from .rates import ServingRate, number, refused

MFU = 0.40
"""share of the dense bf16 peak where a run states none: the middle of the language models of MLPerf Training 5.0 and
5.1 (mlcommons.org, June and November 2025), counted against bf16 also where the run used 8 or 4 bits"""
FLOP_PER_PARAMETER_AND_TOKEN = 6
"""forward and backward over one token, for each active parameter (Kaplan et al., arXiv:2001.08361, 2020)"""
ROUNDING = 1e-9


def training_flops_per_s(instance: Instance, workload_id: str, accelerator: str) -> float:
    """FLOP/s that one accelerator does for a training run, before goodput: its mfu x the dense bf16 peak.

    `throughput.software_gain_per_year` is about serving and counts for nothing here.
    """
    run = instance.workloads[workload_id]
    return (MFU if run.mfu is None else run.mfu) * 1e12 * instance.accelerators[accelerator].bf16_tflops


def flop_of_run(instance: Instance, workload_id: str) -> float:
    """FLOP of the whole run: as stated, or 6 per active parameter and token."""
    run = instance.workloads[workload_id]
    return run.flops if run.flops is not None else run.tokens * flop_per_token(instance, workload_id)


def flop_per_token(instance: Instance, workload_id: str) -> float:
    """FLOP to learn from one token."""
    return FLOP_PER_PARAMETER_AND_TOKEN * instance.models[instance.workloads[workload_id].model].active_parameters


def training_rate(instance: Instance, pool: Pool, workload_id: str) -> ServingRate:
    """What one accelerator of a pool does for a training run; refused if the pool is none or always too small."""
    run: Training = instance.workloads[workload_id]
    if pool.accelerator is None:
        return refused(instance, "a token API does not train", "api")
    most = most_accelerators(instance, pool)
    if most is not None and most < run.accelerators.min * (1 - ROUNDING):
        least = run.accelerators.min
        return refused(
            instance, f"it never has more than {number(most, least)} usable accelerators; the run takes {least:g}"
        )
    flops = training_flops_per_s(instance, workload_id, pool.accelerator)
    return ServingRate(
        True,
        "",
        np.full(instance.horizon.months, flops),
        flops / flop_per_token(instance, workload_id),
        source="modelled" if run.mfu is None else "given",
    )


def most_accelerators(instance: Instance, pool: Pool) -> float | None:
    """Usable accelerators that a pool can have at any time; None where options may bring more than its blocks."""
    supply = supplies(instance)[pool.supply]
    if supply.expansion is not None:
        return None
    if not isinstance(supply, SignedContract) and supply.elastic is not None:
        return supply.elastic.max_accelerators * supply.availability
    blocks = supply.blocks if isinstance(supply, SignedContract) else supply.blocks.max
    return blocks * block_accelerators(instance, supply)[pool.accelerator] * supply.availability
