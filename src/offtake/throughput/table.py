"""Every pool against every workload: who can serve whom inside the target, and how fast."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..instance.pools import pools
from ..instance.schema import Efficiencies, Instance, Training
from . import efficiency, roofline, search
from .overrides import given_rates, override
from .rates import ServingRate, network_ms, refused, software_gain, tokens_per_request
from .search import Grid, Question, Target
from .shortfall import shortfall

Pair = tuple[str, str]
"""(pool, workload)"""


@dataclass(frozen=True, eq=False)
class RateTable(Mapping[Pair, ServingRate]):
    """`table[pool_id, workload_id]` for every pool and workload of an instance, in the order of the file."""

    rates: dict[Pair, ServingRate]
    calibrated: str
    """day of the software whose speed modelled rates are"""

    def __getitem__(self, pair: Pair) -> ServingRate:
        return self.rates[pair]

    def __iter__(self) -> Iterator[Pair]:
        return iter(self.rates)

    def __len__(self) -> int:
        return len(self.rates)


def rate_table(instance: Instance) -> RateTable:
    """Serving rates of every pool x workload.

    In this order: allow and deny lists, token APIs, given rates, measured rows, and the roofline for the rest. For the
    roofline the engine and batch with the most requests/s per accelerator inside the target are chosen: mean TTFT with
    the network round trip and the wait for a place, mean TPOT; batch work has no target.
    """
    answers: dict[Pair, ServingRate | Question] = {}
    given = given_rates(instance)
    for pool in pools(instance):
        for key, workload in instance.workloads.items():
            known = override(instance, pool, key, given)
            if known is None:
                known = Question(pool.accelerator, key, network_ms(instance, pool, workload))
            answers[pool.id, key] = known
    questions = list(dict.fromkeys(answer for answer in answers.values() if isinstance(answer, Question)))
    modelled = dict(zip(questions, model_rates(instance, questions), strict=True))
    rates = {pair: modelled[answer] if isinstance(answer, Question) else answer for pair, answer in answers.items()}
    return RateTable(_with_factors(instance, rates), efficiency.of(instance).calibrated)


def _with_factors(instance: Instance, rates: dict[Pair, ServingRate]) -> dict[Pair, ServingRate]:
    """The serving rates times the factors that the instance states by accelerator."""
    factors, accelerator_of = instance.throughput.factor, {pool.id: pool.accelerator for pool in pools(instance)}
    scaled = {
        (pool, key): _faster(rate, factors[accelerator_of[pool]])
        for (pool, key), rate in rates.items()
        if accelerator_of[pool] in factors and not isinstance(instance.workloads[key], Training)
    }
    return {**rates, **scaled}


def _faster(rate: ServingRate, factor: float) -> ServingRate:
    """The same answer with another speed."""
    joule = rate.tokens_per_joule
    return replace(
        rate,
        requests_per_s=factor * rate.requests_per_s,
        tokens_per_s=factor * rate.tokens_per_s,
        tokens_per_joule=None if joule is None else factor * joule,
    )


def model_rates(instance: Instance, questions: list[Question]) -> list[ServingRate]:
    """The roofline's answers, many at a time."""
    efficiencies = efficiency.of(instance)
    return [rate for part in search.parts(questions) for rate in _part_rates(instance, efficiencies, part)]


def _part_rates(instance: Instance, efficiencies: Efficiencies, questions: list[Question]) -> Iterator[ServingRate]:
    grid, within = search.tried(instance, efficiencies, questions), search.target(instance, questions)
    speed, busy = search.usable(grid, within)
    best = speed.reshape(len(questions), -1).argmax(axis=1)
    for row, question in enumerate(questions):
        at = (row, *map(int, np.unravel_index(best[row], speed.shape[1:])))
        if speed[at] > 0:
            yield accepted(instance, efficiencies, question, grid, within, at, float(busy[at]))
        else:
            yield refused(instance, shortfall(instance, question, grid, row))


def accepted(
    instance: Instance,
    efficiencies: Efficiencies,
    question: Question,
    grid: Grid,
    within: Target,
    at: tuple[int, int, int],
    busy: float,
) -> ServingRate:
    """The rate at one point of the grid, derated for what the model does not know."""
    workload = instance.workloads[question.workload]
    accelerator = instance.accelerators[question.accelerator]
    trust = (efficiencies, accelerator, question.accelerator, workload.model)
    derate = efficiency.derate(*trust)
    first = float(grid.operation.requests_per_s[at]) * busy * derate
    tokens = first * tokens_per_request(workload)
    row, shape, _ = at
    return ServingRate(
        eligible=True,
        requests_per_s=first * software_gain(instance, question.accelerator),
        tokens_per_s=tokens,
        ttft_ms=1e3 * float(grid.operation.ttft_s[at]) + question.network_ms,
        tpot_ms=1e3 * float(grid.operation.tpot_s[at]),
        tensor_parallel=int(grid.shape.t[0, shape, 0]),
        batch=int(grid.batch[at]),
        derate=derate,
        sigma=efficiency.sigma(*trust),
        calibrated=efficiencies.calibrated,
        data_parallel=bool(grid.shape.data[0, shape, 0]),
        prefill_accelerators=int(grid.prefill_accelerators[row % len(grid.prefill_accelerators), shape, 0]) or None,
        utilisation=busy,
        limit=binding(grid, within, at),
        memory_gb=_memory_gb(grid, at),
        prefill_share=float(grid.operation.prefill_share[at]),
        tokens_per_joule=tokens / (1e3 * accelerator.all_in_kw),
    )


def binding(grid: Grid, within: Target, at: tuple[int, int, int]) -> str:
    """What keeps a larger batch from serving more: `memory`, the engine's limit on `sequences`, the `TPOT` or the
    `TTFT` target, the wait that `bursts` cause, or the engine itself, which would not serve more (`saturated`)."""
    row, shape, batch = at
    if grid.full[at]:
        return "memory"
    if batch + 1 == grid.batch.shape[2]:
        return "sequences"
    larger = (row, shape, batch + 1)
    if grid.operation.tpot_s[larger] > within.tpot_s[row]:
        return "TPOT"
    if grid.operation.ttft_s[larger] > within.ttft_s[row]:
        return "TTFT"
    faster = grid.operation.requests_per_s[larger] > grid.operation.requests_per_s[at]
    return "bursts" if faster else "saturated"


def _memory_gb(grid: Grid, at: tuple[int, int, int]) -> float:
    """Weights and KV cache per accelerator of the chosen engine, in 1e9 bytes."""
    row, shape, _ = at
    case = type(grid.case)(*(array[row : row + 1] for array in grid.case))
    fitted = type(grid.fitted)(*(array[row : row + 1] for array in grid.fitted))
    one = type(grid.shape)(*(array[:, shape : shape + 1] for array in grid.shape))
    used = roofline.weight_bytes(case, one) + roofline.cache_bytes(case, fitted, one, grid.batch[at])
    return float(used[0, 0, 0]) / 1e9
