"""Which engine serves a workload best inside its target: every shape and batch is tried, all workloads at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ..instance.schema import Efficiencies, Instance, Interactive
from . import disaggregated, efficiency, queueing, roofline, speculation
from .cases import Case, make_case
from .cases import stack as stack_cases
from .roofline import Operation, Shape

SEQUENCES_MAX = 512
"""requests at once for one scheduler, the default limit of serving engines and the end of the measured range; an engine
with data-parallel attention has one scheduler per accelerator"""
ACCELERATORS_MAX = 512
DATA_PARALLEL_MAX = 64
"""accelerators of one engine; the measured range of data-parallel attention ends at 72"""
_PREFILL_TOGETHER_MAX = 8
_BATCHES = np.unique(np.round(2.0 ** (np.arange(4 * np.log2(SEQUENCES_MAX) + 1) / 4)))
"""per scheduler, about a quarter of an octave apart"""
_AT_ONCE = 64
"""questions in memory together: a few MB for each array"""


class Question(NamedTuple):
    """What the roofline is asked; pools that differ in nothing else share one answer."""

    accelerator: str
    workload: str
    network_ms: float


class Grid(NamedTuple):
    """Engines tried for some questions; arrays broadcast to [question, shape, batch]."""

    case: Case
    fitted: efficiency.Fitted
    shape: Shape
    batch: np.ndarray
    """of one engine; where the memory does not hold so many, the most that it does"""
    full: np.ndarray
    """whether that is so"""
    fits: np.ndarray
    operation: Operation
    prefill_accelerators: np.ndarray
    """of the engine that reads prompts; 0 where it is the same one"""


class Target(NamedTuple):
    """Latency that is left for the engine [question, 1, 1], in s; infinite for batch work."""

    ttft_s: np.ndarray
    tpot_s: np.ndarray
    arrival_cv: np.ndarray


def parts(questions: list[Question]) -> Iterator[list[Question]]:
    """The questions, as many at a time as fit in memory comfortably."""
    for first in range(0, len(questions), _AT_ONCE):
        yield questions[first : first + _AT_ONCE]


def target(instance: Instance, questions: list[Question]) -> Target:
    """What the network leaves of the targets."""
    rows = []
    for question in questions:
        workload = instance.workloads[question.workload]
        if isinstance(workload, Interactive):
            ttft_ms, tpot_ms = workload.slo.ttft_ms - question.network_ms, workload.slo.tpot_ms
            rows.append((ttft_ms / 1e3, tpot_ms / 1e3, workload.demand.arrival_cv))
        else:
            rows.append((np.inf, np.inf, 0.0))
    return Target(*(column.reshape(-1, 1, 1) for column in np.array(rows).T))


def tried(instance: Instance, efficiencies: Efficiencies, questions: list[Question]) -> Grid:
    """Every engine for every question, together and, if the instance allows, with prompts on engines of their own."""
    case, fitted = stacked(instance, efficiencies, questions)
    together = aggregated(case, fitted, speculates(instance, questions))
    if not instance.throughput.disaggregated:
        return together
    apart = separated(together, target(instance, questions), speculates(instance, questions))
    return _beside(together, apart)


def stacked(
    instance: Instance, efficiencies: Efficiencies, questions: list[Question]
) -> tuple[Case, efficiency.Fitted]:
    """Cases and constants of the questions [question, 1, 1]."""
    cases, constants = [], []
    for question in questions:
        workload = instance.workloads[question.workload]
        model = instance.models[workload.model]
        cases.append(make_case(instance.accelerators[question.accelerator], model, workload.request))
        constants.append(efficiency.fitted(efficiencies, question.accelerator, workload.model, model.precision))
    return stack_cases(cases), efficiency.stack(constants)


def speculates(instance: Instance, questions: list[Question]) -> np.ndarray:
    """[question, 1, 1] whether the model drafts tokens."""
    models = (instance.models[instance.workloads[question.workload].model] for question in questions)
    drafts = [instance.throughput.speculation and model.draft_layers > 0 for model in models]
    return np.array(drafts).reshape(-1, 1, 1)


def shapes(largest: float) -> Shape:
    """Engines of 1, 2, 4, ... accelerators [1, shape, 1]: by tensor parallelism; by data-parallel attention with whole
    experts spread, from two accelerators on."""
    t = 2.0 ** np.arange(np.floor(np.log2(min(largest, ACCELERATORS_MAX))) + 1)
    wide = t[(t > 1) & (t <= DATA_PARALLEL_MAX)]
    data = np.repeat([False, True], [len(t), len(wide)])[None, :, None]
    return Shape(np.concatenate([t, wide])[None, :, None], data, data)


def aggregated(case: Case, fitted: efficiency.Fitted, drafts: np.ndarray) -> Grid:
    """Prompts and answers on the same accelerators."""
    shape = shapes(case.domain.max())
    largest = roofline.largest_batch(case, fitted, shape)
    asked = _BATCHES * shape.ranks
    batch = np.clip(asked, 1.0, np.maximum(largest, shape.ranks))
    possible = (largest >= shape.ranks) & (shape.t <= case.domain) & (~shape.expert | (case.expert_share > 0))
    operation = roofline.operate(case, fitted, shape, batch, _gain(shape, batch, drafts))
    whole = np.broadcast_to(possible, batch.shape)
    return Grid(case, fitted, shape, batch, asked >= largest, whole, operation, np.zeros((1, len(shape.t[0]), 1)))


def separated(grid: Grid, within: Target, drafts: np.ndarray) -> Grid:
    """The same engines for answers only, with the cheapest engine for prompts that leaves the TTFT target room."""
    case, fitted, shape = grid.case, grid.fitted, shapes(min(grid.case.domain.max(), _PREFILL_TOGETHER_MAX))
    reading = disaggregated.prefill(case, fitted, shape)
    possible = (roofline.largest_batch(case, fitted, shape) >= 1) & (shape.t <= case.domain) & ~shape.data
    hurried = possible & (reading.latency_s <= 0.9 * within.ttft_s)
    cost = np.where(hurried, reading.accelerator_s, np.where(possible, 1e6 * reading.latency_s, np.inf))
    best = cost.argmin(axis=1)[:, :, None]
    chosen = disaggregated.Prefill(
        *(np.take_along_axis(np.broadcast_to(array, cost.shape), best, axis=1) for array in reading)
    )
    gain = _gain(grid.shape, grid.batch, drafts)
    operation = disaggregated.operate(case, fitted, chosen, grid.shape, grid.batch, gain)
    accelerators = np.broadcast_to(chosen.t, (len(chosen.t), grid.fits.shape[1], 1))
    return grid._replace(operation=operation, prefill_accelerators=accelerators)


def usable(grid: Grid, within: Target) -> tuple[np.ndarray, np.ndarray]:
    """[question, shape, batch] requests/s per accelerator inside the target, and the utilisation that allows them."""
    at = grid.operation
    allowed = grid.fits & (at.ttft_s <= within.ttft_s) & (at.tpot_s <= within.tpot_s)
    busy = np.where(allowed, 1.0, 0.0)
    waits = allowed & np.isfinite(within.ttft_s)
    if waits.any():
        places = np.broadcast_to(grid.batch, busy.shape)[waits]
        service = (at.ttft_s + np.maximum(grid.case.output - 1, 0.0) * at.tpot_s)[waits]
        cv = np.broadcast_to(within.arrival_cv, busy.shape)[waits]
        busy[waits] = queueing.utilisation(places, service, (within.ttft_s - at.ttft_s)[waits], cv)
    return at.requests_per_s * busy, busy


def _gain(shape: Shape, batch: np.ndarray, drafts: np.ndarray) -> np.ndarray | float:
    return np.where(drafts, speculation.gain(batch / shape.ranks), 1.0) if drafts.any() else 1.0


def _beside(first: Grid, second: Grid) -> Grid:
    """Two grids of the same questions as one with the shapes of both."""

    def joined(one: np.ndarray, two: np.ndarray) -> np.ndarray:
        questions = max(len(one), len(two))
        wide = (np.broadcast_to(array, (questions, *array.shape[1:])) for array in (one, two))
        return np.concatenate(list(wide), axis=1)

    return Grid(
        first.case,
        first.fitted,
        Shape(*map(joined, first.shape, second.shape)),
        *(joined(getattr(first, name), getattr(second, name)) for name in ("batch", "full", "fits")),
        Operation(*map(joined, first.operation, second.operation)),
        joined(first.prefill_accelerators, second.prefill_accelerators),
    )
