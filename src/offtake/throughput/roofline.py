"""How fast an engine of t accelerators serves B requests at once: a roofline with fixed overheads.

Per step of decoding, each component c (dense weights, routed experts, core of attention) takes the longer of
reading its bytes and doing its arithmetic; collectives and fixed costs of layers and steps add:

    T_dec = sum_c max(bytes_c / (t BW share_m), flop_c / (t F_c share_c)) + all-reduces + layers + step      [s]
    experts read     E (1 - (1 - k/E)^B) of E: the expected number that B tokens touch
    KV read          B S bytes / split, S = n_i + n_o / 2;  split = min(t, KV heads), 1 for latent attention

    w   = prefill of one request: 2 n_new P_active / (t F share_p) + core of attention + all-reduce          [s]
    occ = w + fixed engine time per request
    cycle = n_o T_dec + B occ          X = B / cycle                                      [requests/s per engine]
    TTFT = fixed + lambda w (1 + gamma (B - 1) rho) + T_dec,  rho = B occ / cycle
    TPOT = (cycle - TTFT) / (n_o - 1), never under T_dec

That is continuous batching on one pool of accelerators with tensor parallelism: no data-parallel attention, no
separate prefill, no speculation, so it understates the best that racks of 72 can do. Where from: max(memory,
compute) of jax-ml/scaling-book `inference.md`; components of cli99/llm-analysis and hahnyuan/LLM-Viewer; cycle and
constants fitted on measurements (`efficiencies.yaml`).

Every argument is an array; shapes broadcast, by convention [case, tensor parallelism, batch].
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .cases import Case

_ACTIVATION_BYTES = 2
_COLLECTIVES_PER_LAYER = 2


class Operation(NamedTuple):
    """What an engine does at each (case, tensor parallelism, batch)."""

    requests_per_s: np.ndarray
    """per accelerator"""
    ttft_s: np.ndarray
    """without the network"""
    tpot_s: np.ndarray


def largest_batch(case: Case, t: np.ndarray) -> np.ndarray:
    """Requests whose whole KV cache, prompt and answer, fits beside the weights; 0 where the weights do not fit."""
    free = case.memory_bytes - case.weight_bytes / t
    per_request = (case.input + case.output) * case.kv_bytes / np.minimum(t, case.kv_split_max)
    return np.floor(np.maximum(free, 0.0) / per_request)


def decode_step_s(case: Case, t: np.ndarray, batch: np.ndarray) -> np.ndarray:
    """T_dec: seconds in which each of `batch` requests gets its next token."""
    context = case.input + case.output / 2
    touched = 1 - (1 - case.expert_share) ** batch
    dense = np.maximum(
        case.dense_bytes / (t * case.bandwidth), 2 * batch * case.dense_parameters / (t * case.decode_flops)
    )
    experts = np.maximum(
        case.expert_bytes * touched / (t * case.bandwidth),
        2 * batch * case.active_expert_parameters / (t * case.decode_flops),
    )
    attention = np.maximum(
        batch * context * case.kv_bytes / (np.minimum(t, case.kv_split_max) * case.bandwidth),
        batch * context * case.context_flop / (t * case.attention_flops),
    )
    growth = np.maximum(1.0, np.log2(t) / 3)
    launches = (t > 1) * _COLLECTIVES_PER_LAYER * case.layers * case.collective_s * growth
    return dense + experts + attention + launches + all_reduce_s(case, t, batch) + case.overhead_s


def all_reduce_s(case: Case, t: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """Seconds on the scale-up links to all-reduce the activations of `tokens` tokens through all layers."""
    sent = 2 * (t - 1) / t * tokens * case.hidden * _ACTIVATION_BYTES
    return _COLLECTIVES_PER_LAYER * case.layers * sent / case.link


def prefill_s(case: Case, t: np.ndarray) -> np.ndarray:
    """w: seconds of the engine to read one prompt."""
    weights = 2 * case.computed * (case.dense_parameters + case.active_expert_parameters) / (t * case.prefill_flops)
    attention = case.prefill_flop / (t * case.attention_flops)
    return weights + attention + all_reduce_s(case, t, case.computed)


def operate(case: Case, t: np.ndarray, batch: np.ndarray) -> Operation:
    """Steady state with `batch` requests always in the engine."""
    step, prefill = decode_step_s(case, t, batch), prefill_s(case, t)
    occupied = batch * (prefill + case.request_s)
    cycle = case.output * step + occupied
    waiting = 1 + case.prefill_queue * (batch - 1) * occupied / cycle
    ttft = case.first_token_s + case.prefill_latency * prefill * waiting + step
    later_tokens = np.maximum(case.output - 1, 1.0)
    tpot = np.maximum((cycle - ttft) / later_tokens, step)
    return Operation(batch / cycle / t, ttft, tpot)
