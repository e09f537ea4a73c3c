"""Prompts on some engines, answers on others: nothing stalls a step, and each side takes the shape that suits it.

    X_d = B / (n_o T_dec)          of one decoding engine
    R_p = rho / occ                of one prefilling engine, kept at a utilisation rho
    requests/s per accelerator = 1 / (t_d / X_d + t_p / R_p)
    TTFT = fixed + lambda w_rank (1 + rho / (2 (1 - rho))) + cache sent over the links + T_dec;    TPOT = T_dec

The ratio of the two kinds of engine is the one that leaves neither idle. Where from: jax-ml/scaling-book
`inference.md`; the wait is that of an M/D/1 queue.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from . import roofline
from .cases import Case
from .efficiency import Fitted
from .roofline import Operation, Shape

PREFILL_UTILISATION = 0.7
"""of prefilling engines: their queue waits for nothing else (assumed)"""
_WAITING = 1 + PREFILL_UTILISATION / (2 * (1 - PREFILL_UTILISATION))


class Prefill(NamedTuple):
    """A prefilling engine."""

    t: np.ndarray
    """accelerators"""
    accelerator_s: np.ndarray
    """accelerator-seconds per request, idle time included"""
    latency_s: np.ndarray
    """from a request's arrival to its cache on the other engine"""


def prefill(case: Case, fitted: Fitted, shape: Shape) -> Prefill:
    """What a request costs and waits for on an engine that only reads prompts."""
    work = roofline.prefill_s(case, fitted, shape)
    occupied = work + fitted.request_s / shape.ranks
    sent = case.held_bytes * fitted.cache_share / (shape.t * case.link * fitted.link_share)
    latency = fitted.first_token_s + fitted.prefill_latency * work * shape.ranks * _WAITING + sent
    return Prefill(shape.t, shape.t * occupied / PREFILL_UTILISATION, latency)


def operate(
    case: Case, fitted: Fitted, reading: Prefill, shape: Shape, batch: np.ndarray, gain: np.ndarray
) -> Operation:
    """Steady state with `batch` requests in each decoding engine, beside as many prefilling engines as they need."""
    step = roofline.decode_step_s(case, fitted, shape, batch)
    answering = shape.t * case.output * step / gain / batch
    total = answering + reading.accelerator_s
    return Operation(1 / total, reading.latency_s + step, step / gain, reading.accelerator_s / total)
