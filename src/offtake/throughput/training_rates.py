"""How fast the accelerators of a pool train a run, by how many there are, as straight lines that a plan can count with.

    work of x accelerators = x MFU(x) g(x)      MFU: stated, or measured (`training`); g: goodput, 1 if none is stated

What is lost with size is in MFU, failures and restarts are in goodput, so the two multiply. Lines go from nothing
through points of that curve: the sizes of goodput and, where MFU is measured, the smallest and the largest scale and
sizes between them, at most four times apart. x MFU(x) = min(A x^(1 - c), x) is the least of two concave curves, so
chords between its points lie below it: without goodput they never overstate, and understate by less than 4 % where MFU
is below 1. With goodput that holds wherever one more accelerator brings at least (1 + c) / 2 = 0.58 of the mean one:
a x^(1 - c) + b x^-c with a, b >= 0 is concave from x = b (1 + c) / (a (1 - c)) on. Where goodput falls faster, slopes
still never rise: points move down, none moves up. Work is in accelerators at the speed of the largest scale.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ..instance.pools import Pool, block_accelerators, supplies
from ..instance.schema import Instance, Learning, SignedContract, Training
from ..instance.workloads import runs
from . import training
from .rates import ServingRate, number, refused

APART = 4.0
"""sizes between the smallest and the largest scale: at most so many times the one before"""
ROUNDING = 1e-9

Points = list[tuple[float, float]]
"""(accelerators, as many at the speed of the largest scale)"""


def mfu(instance: Instance, workload_id: str, accelerator: str, accelerators: float) -> float:
    """Share of the dense bf16 peak that so many accelerators of a run reach together, before goodput: as stated, or as
    measured; an accelerator that was not measured is taken for the middle of those that were."""
    run = instance.workloads[workload_id]
    if run.mfu is not None:
        return run.mfu
    active = instance.models[run.model].active_parameters
    return float(training.MEASURED.mfu(accelerator, accelerators, active))


def training_flops_per_s(instance: Instance, workload_id: str, accelerator: str) -> float:
    """FLOP/s that one accelerator does for a run at its largest scale, before goodput: MFU x the dense bf16 peak.

    `throughput.software_gain_per_year` is about serving and counts for nothing here.
    """
    largest = instance.workloads[workload_id].accelerators.max
    return mfu(instance, workload_id, accelerator, largest) * 1e12 * instance.accelerators[accelerator].bf16_tflops


def useful_points(instance: Instance, workload_id: str, accelerator: str) -> Points:
    """The curve of useful work, from (0, 0) on; sizes are the same for every accelerator."""
    run = instance.workloads[workload_id]
    at_most = mfu(instance, workload_id, accelerator, run.accelerators.max)
    found, slope = [(0.0, 0.0)], np.inf
    for size in _sizes(run):
        useful = _kept(run, size) * mfu(instance, workload_id, accelerator, size) / at_most
        (before, done) = found[-1]
        slope = min(slope, (useful - done) / (size - before))
        found.append((size, done + slope * (size - before)))
    return found


def lines(points: Points) -> list[tuple[float, float]]:
    """(slope, start) of the straight lines through the points, of which the least counts."""
    slopes = [((b[1] - a[1]) / (b[0] - a[0]), a) for a, b in pairwise(points)]
    return [(slope, at[1] - slope * at[0]) for slope, at in slopes]


def _sizes(run: Learning) -> list[float]:
    """From small to large; of a stated MFU those of goodput alone."""
    stated = [point.accelerators for point in run.goodput]
    least, most = run.accelerators.min, run.accelerators.max
    if run.mfu is not None:
        return stated or [most]
    between = np.geomspace(least, most, max(int(np.ceil(np.log(most / least) / np.log(APART))), 1) + 1).tolist()
    ordered = sorted([*between, *(size for size in stated if least < size < most)])
    return [least, *(size for before, size in pairwise(ordered) if size > before * (1 + ROUNDING))]


def _kept(run: Learning, size: float) -> float:
    """Accelerators that would do as much if nothing were lost; the last line of goodput goes on."""
    points = [(0.0, 0.0), *((point.accelerators, point.accelerators * point.factor) for point in run.goodput)]
    return min((slope * size + start for slope, start in lines(points)), default=size)


def beyond_measured(instance: Instance) -> list[str]:
    """Runs that may be larger than any that was measured, and state no MFU of their own."""
    most = training.MEASURED_ACCELERATORS
    return [key for key, run in runs(instance).items() if run.mfu is None and run.accelerators.max > most]


def flop_of_run(instance: Instance, workload_id: str) -> float:
    """FLOP of the whole run: as stated, or those of its tokens."""
    run = instance.workloads[workload_id]
    return run.flops if run.flops is not None else run.tokens * flop_per_token(instance, workload_id)


def flop_per_token(instance: Instance, workload_id: str) -> float:
    """FLOP to learn from one token."""
    run = instance.workloads[workload_id]
    return training.flop_per_token(instance.models[run.model], run.sequence_tokens)


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
