"""Every pool against every workload: who can serve whom inside the target, and how fast."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..instance.network import round_trip_ms
from ..instance.pools import pools
from ..instance.schema import Instance, Interactive
from . import efficiency, roofline
from .cases import make_case, stack
from .overrides import override
from .rates import ServingRate, network_alone, number, refused, software_gain, tokens_per_request

Pair = tuple[str, str]
"""(pool, workload)"""


@dataclass(frozen=True, eq=False)
class RateTable(Mapping[Pair, ServingRate]):
    """`table[pool_id, workload_id]` for every pool and workload of an instance, in the order of the file."""

    rates: dict[Pair, ServingRate]

    def __getitem__(self, pair: Pair) -> ServingRate:
        return self.rates[pair]

    def __iter__(self) -> Iterator[Pair]:
        return iter(self.rates)

    def __len__(self) -> int:
        return len(self.rates)


class Question(NamedTuple):
    """What the roofline is asked; pools that differ in nothing else share one answer."""

    accelerator: str
    workload: str
    network_ms: float


class Search(NamedTuple):
    """The grid of engines tried for each question: arrays that broadcast to [question, tensor parallelism, batch]."""

    t: np.ndarray
    batch: np.ndarray
    fits: np.ndarray
    operation: roofline.Operation


def rate_table(instance: Instance) -> RateTable:
    """Serving rates of every pool x workload.

    In this order: allow and deny lists, token APIs, given rates, measured rows, and the roofline for the rest. For
    the roofline the parallelism and batch with the most requests/s per accelerator inside the target
    are chosen: mean TTFT with the network round trip, mean TPOT; batch work has no target.
    """
    answers: dict[Pair, ServingRate | Question] = {}
    for pool in pools(instance):
        for key, workload in instance.workloads.items():
            known = override(instance, pool, key)
            if known is None:
                known = Question(pool.accelerator, key, round_trip_ms(instance, pool.region, workload.region))
            answers[pool.id, key] = known
    questions = list(dict.fromkeys(answer for answer in answers.values() if isinstance(answer, Question)))
    modelled = dict(zip(questions, model_rates(instance, questions), strict=True))
    return RateTable(
        {pair: modelled[answer] if isinstance(answer, Question) else answer for pair, answer in answers.items()}
    )


def model_rates(instance: Instance, questions: list[Question]) -> list[ServingRate]:
    """The roofline's answers, all at once."""
    if not questions:
        return []
    search = search_grid(instance, questions)
    allowed = search.fits & within_target(instance, questions, search.operation)
    speed = np.where(allowed, search.operation.requests_per_s, 0.0)
    best = speed.reshape(len(questions), -1).argmax(axis=1)
    grid = speed.shape[1:]
    return [
        accepted(instance, question, search, (row, *np.unravel_index(best[row], grid)))
        if allowed[row].any()
        else refused(instance, shortfall(instance, question, search, row))
        for row, question in enumerate(questions)
    ]


def search_grid(instance: Instance, questions: list[Question]) -> Search:
    """Engines of 1, 2, 4, ... accelerators up to the domain, batches a quarter of an octave apart.

    A batch that the memory does not hold is replaced by the largest that it does, so the bound itself is tried.
    """
    limits = efficiency.table()
    cases = {(q.accelerator, q.workload): None for q in questions}
    order = {key: row for row, key in enumerate(cases)}
    stacked = stack(
        [
            make_case(
                a, instance.accelerators[a], instance.models[instance.workloads[w].model], instance.workloads[w].request
            )
            for a, w in cases
        ]
    )
    widest = min(stacked.domain.max(), limits["tensor_parallel_max"])
    t = 2.0 ** np.arange(np.floor(np.log2(widest)) + 1)[None, :, None]
    quarters = np.arange(4 * np.log2(limits["batch_max"]) + 1)
    grid = np.unique(np.round(2 ** (quarters / 4)))[None, None, :]
    largest = roofline.largest_batch(stacked, t)
    batch = np.clip(grid, 1, np.maximum(largest, 1))
    fits = np.broadcast_to((largest >= 1) & (t <= stacked.domain), batch.shape)
    operation = roofline.operate(stacked, t, batch)
    row = [order[q.accelerator, q.workload] for q in questions]
    return Search(t, batch[row], fits[row], roofline.Operation(*(array[row] for array in operation)))


def within_target(instance: Instance, questions: list[Question], operation: roofline.Operation) -> np.ndarray:
    """[question, t, batch] whether both latency targets hold."""
    ttft = np.array([first_token_budget_ms(instance, q) for q in questions])[:, None, None]
    tpot = np.array([token_budget_ms(instance, q) for q in questions])[:, None, None]
    return (1e3 * operation.ttft_s <= ttft) & (1e3 * operation.tpot_s <= tpot)


def first_token_budget_ms(instance: Instance, question: Question) -> float:
    """What the network leaves of the TTFT target; infinite for batch work."""
    workload = instance.workloads[question.workload]
    return workload.slo.ttft_ms - question.network_ms if isinstance(workload, Interactive) else np.inf


def token_budget_ms(instance: Instance, question: Question) -> float:
    """The TPOT target; infinite for batch work."""
    workload = instance.workloads[question.workload]
    return workload.slo.tpot_ms if isinstance(workload, Interactive) else np.inf


def accepted(instance: Instance, question: Question, search: Search, at: tuple[int, ...]) -> ServingRate:
    """The rate at one point of the grid, derated for what the model does not know."""
    workload = instance.workloads[question.workload]
    accelerator = instance.accelerators[question.accelerator]
    derate = efficiency.derate(question.accelerator, accelerator, workload.model)
    first = float(search.operation.requests_per_s[at]) * derate
    return ServingRate(
        eligible=True,
        requests_per_s=first * software_gain(instance, question.accelerator),
        tokens_per_s=first * tokens_per_request(workload),
        ttft_ms=1e3 * float(search.operation.ttft_s[at]) + question.network_ms,
        tpot_ms=1e3 * float(search.operation.tpot_s[at]),
        tensor_parallel=int(search.t[0, at[1], 0]),
        batch=int(search.batch[at]),
        derate=derate,
    )


def shortfall(instance: Instance, question: Question, search: Search, row: int) -> str:
    """Why no engine of the grid serves this question: memory, network, tokens, first token or the two together."""
    workload = instance.workloads[question.workload]
    name, fits = question.accelerator, search.fits[row]
    if not fits.any():
        return f"{name}: {memory_shortfall(instance, question)}"
    ttft = 1e3 * search.operation.ttft_s[row][fits] + question.network_ms
    tpot = 1e3 * search.operation.tpot_s[row][fits]
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


def memory_shortfall(instance: Instance, question: Question) -> str:
    """What does not fit into the largest engine: the weights, or the KV cache of one request beside them."""
    workload = instance.workloads[question.workload]
    accelerator, model = instance.accelerators[question.accelerator], instance.models[workload.model]
    case = make_case(question.accelerator, accelerator, model, workload.request)
    t = 2 ** int(np.log2(min(case.domain, efficiency.table()["tensor_parallel_max"])))
    room, weights = t * case.memory_bytes / 1e9, case.weight_bytes / 1e9
    if weights >= room:
        return (
            f"the weights of {workload.model} need {number(weights, room)} GB; a domain of {t} holds {number(room)} GB"
        )
    cache = (case.input + case.output) * case.kv_bytes * t / min(t, case.kv_split_max) / 1e9
    return (
        f"the KV cache of one request to {workload.model} needs {number(cache)} GB on a domain of {t}; "
        f"{number(room - weights)} GB are left beside the weights"
    )
