"""How fast an engine of t accelerators serves requests: a roofline by component, with collectives and fixed overheads.

Per step of decoding, each component c (projections of attention, core of attention, dense feed-forward, routed experts,
head) takes the longer of reading its bytes and doing its arithmetic; collectives, fixed costs of layers and steps and
the host's work for every sequence add:

    T_dec = sum_c max(bytes_c / (BW share_m), flop_c / (F_c share_c)) + collectives + layers + step + B sequence  [s]
    experts read     E (1 - (1 - k/E)^B) of E: the expected number that B tokens touch, times an imbalance if whole
                     experts are spread over the accelerators
    KV read          B bytes / split;  split = min(t, KV heads), 1 for latent attention

Tensor parallelism splits every weight t ways and pays two all-reduces per layer. Data-parallel attention keeps the
mixers whole on every accelerator, gives each its own requests and cache (split = t), and sends tokens to the experts
and back (8-bit out, 16-bit home) instead of reducing them; ranks that read prompts wait for the longest.

    w     = prefill of one request: 2 n_new P / (t F share_p) + core of attention + collectives      [s of the engine]
    occ   = w + fixed engine time per request (each rank of data-parallel attention has its own)
    cycle = n_o T_dec + B occ          X = B / cycle                                      [requests/s per engine]
    TTFT  = fixed + lambda w_rank (1 + (b - 1) (gamma rho + beta)) + T_dec,  rho = B occ / cycle, b = B / ranks
    TPOT  = (cycle - TTFT) / (n_o - 1), never under half a step

Continuous batching, prompts read between steps of decoding. Where from: max(memory, compute) of jax-ml/scaling-book
`inference.md`; components of cli99/llm-analysis and hahnyuan/LLM-Viewer; volume of expert parallelism of DeepSeek's
open-source week, day 6; shares and seconds are fitted (`efficiencies.yaml`).

Every argument is an array; shapes broadcast: flat [point] in a calibration, [case, shape, batch] in a search.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .cases import Case
from .efficiency import Fitted

_ACTIVATION_BYTES = 2
_DISPATCH_AND_COMBINE_BYTES = 1 + 2
_COLLECTIVES_PER_LAYER = 2


class Shape(NamedTuple):
    """How an engine shares its work."""

    t: np.ndarray
    """accelerators"""
    data: np.ndarray
    """true: data-parallel attention"""
    expert: np.ndarray
    """true: whole experts are spread over the accelerators; without it every expert is split t ways"""

    @property
    def ranks(self) -> np.ndarray:
        """Independent schedulers, each with its own requests."""
        return np.where(self.data, self.t, 1.0)


class Operation(NamedTuple):
    """What an engine does in steady state."""

    requests_per_s: np.ndarray
    """per accelerator"""
    ttft_s: np.ndarray
    """without the network"""
    tpot_s: np.ndarray
    prefill_share: np.ndarray
    """share of the engine's time that reads prompts"""


def largest_batch(case: Case, fitted: Fitted, shape: Shape) -> np.ndarray:
    """Requests per engine whose whole KV cache fits beside the weights; 0 where the weights do not fit."""
    free = usable_bytes(case, fitted) - weight_bytes(case, shape)
    return np.floor(np.maximum(free, 0.0) / cache_bytes(case, fitted, shape, 1.0))


def usable_bytes(case: Case, fitted: Fitted) -> np.ndarray:
    """Memory per accelerator that an engine gives to weights and KV cache."""
    return np.maximum(fitted.usable_share * case.memory_bytes - fitted.reserve_bytes, 0.0)


def weight_bytes(case: Case, shape: Shape) -> np.ndarray:
    """Weights per accelerator."""
    return (case.weight_bytes + np.where(shape.data, shape.t - 1, 0) * case.attention_bytes) / shape.t


def cache_bytes(case: Case, fitted: Fitted, shape: Shape, batch: np.ndarray) -> np.ndarray:
    """KV cache per accelerator at the end of `batch` requests per engine."""
    return case.held_bytes * fitted.cache_share * _split(case, shape) * batch


def _split(case: Case, shape: Shape) -> np.ndarray:
    """Share of a request's cache that one accelerator holds, on average."""
    return 1 / np.where(shape.data, shape.t, np.minimum(shape.t, case.kv_split_max))


def decode_step_s(case: Case, fitted: Fitted, shape: Shape, batch: np.ndarray) -> np.ndarray:
    """T_dec: seconds in which each of `batch` requests of the engine gets its next token."""
    t, bandwidth = shape.t, case.bandwidth * fitted.memory_share
    dense, expert = case.dense_peak * fitted.decode_share, case.expert_peak * fitted.decode_share
    bf16 = case.bf16_peak * fitted.decode_share
    held = np.where(shape.data, 1.0, t) * bandwidth
    touched = (1 - (1 - case.expert_share) ** batch) * np.where(shape.expert, fitted.expert_imbalance, 1.0)
    flop = 2 * batch / t
    return (
        np.maximum(case.attention_bytes / held, case.attention_parameters / dense * flop)
        + np.maximum(
            case.read_bytes * fitted.cache_share * _split(case, shape) / bandwidth,
            case.core_flop / (t * case.bf16_peak * fitted.attention_share),
        )
        * batch
        + np.maximum(case.ffn_bytes / (t * bandwidth), case.ffn_parameters / dense * flop)
        + np.maximum(case.expert_bytes / (t * bandwidth) * touched, case.expert_parameters / expert * flop)
        + np.maximum(case.head_bytes / (t * bandwidth), case.head_parameters / bf16 * flop)
        + collective_launch_s(case, fitted, shape)
        + collective_s_per_token(case, fitted, shape) * batch
        + overhead_s(case, fitted)
        + fitted.sequence_s * batch
    )


def overhead_s(case: Case, fitted: Fitted) -> np.ndarray:
    """Fixed time of a step."""
    return (
        (case.layers - case.moe_layers) * fitted.dense_layer_s
        + case.moe_layers * fitted.moe_layer_s
        + case.layers * case.latent * fitted.latent_layer_s
        + fitted.step_s
    )


def collective_launch_s(case: Case, fitted: Fitted, shape: Shape) -> np.ndarray:
    """Latency of a step's collectives, two per layer; beyond eight accelerators it grows with the logarithm."""
    growth = np.maximum(1.0, np.log2(shape.t) / 3)
    return (shape.t > 1) * _COLLECTIVES_PER_LAYER * case.layers * fitted.collective_s * growth


def collective_s_per_token(case: Case, fitted: Fitted, shape: Shape) -> np.ndarray:
    """Seconds on the scale-up links per token of the engine, through all layers."""
    t, away = shape.t, (shape.t - 1) / shape.t
    reduced = 2 * away * case.hidden * _ACTIVATION_BYTES * _COLLECTIVES_PER_LAYER
    tensor = case.layers * reduced
    data = (case.layers - case.moe_layers) * reduced / t
    sent = case.moe_layers * case.experts_per_token * case.hidden * _DISPATCH_AND_COMBINE_BYTES * away / t
    return np.where(shape.data, data + sent, tensor) / (case.link * fitted.link_share)


def prefill_s(case: Case, fitted: Fitted, shape: Shape) -> np.ndarray:
    """w: seconds of the whole engine to read one prompt."""
    imbalance = np.where(shape.expert, fitted.expert_imbalance, 1.0)
    waiting = np.where(shape.data, fitted.rank_imbalance, 1.0)
    dense = 2 * (case.attention_parameters + case.ffn_parameters) / case.dense_peak
    experts = 2 * case.expert_parameters / case.expert_peak * imbalance
    weights = case.computed * (dense + experts) / fitted.prefill_share
    attention = case.prompt_flop / (case.bf16_peak * fitted.attention_share)
    work = (weights + attention) / shape.t + case.computed * collective_s_per_token(case, fitted, shape)
    return waiting * work


def operate(case: Case, fitted: Fitted, shape: Shape, batch: np.ndarray, gain: np.ndarray | float = 1.0) -> Operation:
    """Steady state with `batch` requests always in the engine, prompts and answers on the same accelerators.

    `gain`: tokens per step of each request (`speculation`).
    """
    step, prefill = decode_step_s(case, fitted, shape, batch), prefill_s(case, fitted, shape)
    occupied = batch * (prefill + fitted.request_s / shape.ranks)
    cycle = case.output * step / gain + occupied
    prefill_share = occupied / cycle
    others = batch / shape.ranks - 1
    waiting = 1 + others * (fitted.prefill_queue * prefill_share + fitted.prefill_burst)
    ttft = fitted.first_token_s + fitted.prefill_latency * prefill * shape.ranks * waiting + step
    tpot = np.maximum((cycle - ttft) / np.maximum(case.output - 1, 1.0), step / (2 * gain))
    return Operation(batch / cycle / shape.t, ttft, tpot, prefill_share)
