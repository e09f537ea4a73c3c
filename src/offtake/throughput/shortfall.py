"""Why no engine serves a workload: memory, network, tokens, first token, or the two together, as one sentence."""

from __future__ import annotations

import numpy as np

from ..instance.schema import Instance
from . import roofline
from .rates import network_alone, number
from .search import Grid, Question


def shortfall(instance: Instance, question: Question, grid: Grid, row: int) -> str:
    """What this question misses, and by how much at least."""
    name, fits, workload = question.accelerator, grid.fits[row], instance.workloads[question.workload]
    if not fits.any() and instance.accelerators[name].family == "lpu":
        memory = number(instance.accelerators[name].memory_gb)
        return (
            f"{name}: an LPU holds a model in the memory of hundreds of chips in a line, {memory} GB each, and the "
            "model of engines knows no such lines; only throughput.rates or throughput.measured can say how it serves "
            f"{workload.model}"
        )
    if not fits.any():
        return f"{name}: {memory_shortfall(question, grid, row, workload.model)}"
    ttft = 1e3 * np.broadcast_to(grid.operation.ttft_s[row], fits.shape)[fits] + question.network_ms
    tpot = 1e3 * np.broadcast_to(grid.operation.tpot_s[row], fits.shape)[fits]
    slo = workload.slo
    if question.network_ms >= slo.ttft_ms:
        return network_alone(question.network_ms, slo.ttft_ms)
    if tpot.min() > slo.tpot_ms:
        return (
            f"{name}: decode needs at least {number(tpot.min(), slo.tpot_ms)} ms per token for {workload.model}; "
            f"the target is {slo.tpot_ms:g} ms"
        )
    if ttft.min() > slo.ttft_ms:
        return (
            f"{name}: the first token of {workload.model} takes at least {number(ttft.min(), slo.ttft_ms)} ms, "
            f"{number(question.network_ms)} ms of it network; the target is {slo.ttft_ms:g} ms"
        )
    together = ttft[tpot <= slo.tpot_ms].min()
    return (
        f"{name}: with tokens inside {slo.tpot_ms:g} ms the first one takes at least "
        f"{number(together, slo.ttft_ms)} ms; the target is {slo.ttft_ms:g} ms"
    )


def memory_shortfall(question: Question, grid: Grid, row: int, model: str) -> str:
    """What does not fit into the largest engine: the weights, or the KV cache of one request beside them."""
    case = type(grid.case)(*(float(array[row, 0, 0]) for array in grid.case))
    fitted = type(grid.fitted)(*(float(array[row, 0, 0]) for array in grid.fitted))
    t = 2 ** int(np.log2(min(case.domain, grid.shape.t.max())))
    engine = roofline.Shape(np.array(float(t)), np.array(False), np.array(False))
    room = t * float(roofline.usable_bytes(case, fitted)) / 1e9
    weights = case.weight_bytes / 1e9
    if room <= 0:
        memory, kept = number(case.memory_bytes / 1e9), number(fitted.reserve_bytes / 1e9)
        return (
            f"its {memory} GB are less than the {kept} GB that the model keeps for software; only throughput.rates or "
            f"throughput.measured can say how it serves {model}"
        )
    if weights >= room:
        return f"the weights of {model} need {number(weights, room)} GB; a domain of {t} holds {number(room)} GB"
    cache = t * float(roofline.cache_bytes(case, fitted, engine, 1.0)) / 1e9
    return (
        f"the KV cache of one request to {model} needs {number(cache)} GB on a domain of {t}; "
        f"{number(room - weights)} GB are left beside the weights"
    )
