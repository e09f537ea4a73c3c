"""The facts of one accelerator serving one model to requests of one size, in SI units: nothing fitted here."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..instance.schema import Accelerator, LanguageModel, Request

WEIGHT_BYTES = {"bf16": 2.0, "fp8": 1.0, "fp4": 0.5625, "int4": 0.5625}
"""per parameter; 4-bit formats carry a scale for each 16 or 32 values"""
_WIDER = {"int4": ("bf16",), "fp4": ("fp4", "fp8", "bf16"), "fp8": ("fp8", "int8", "bf16"), "bf16": ("bf16",)}
"""arithmetic that weights of a precision are computed in, the first that the accelerator has"""
_HEAD_BYTES = WEIGHT_BYTES["bf16"]
_USUAL_KV_HEADS = 8
_LATENT_RANK, _LATENT_QUERY_RANK, _LATENT_ROPE = 512, 1536, 64
"""sizes of latent attention in DeepSeek-V3 (technical report, 2024-12); every released latent model has them"""
_LATENT_QK, _LATENT_V = 192, 128


class Case(NamedTuple):
    """One accelerator, one model, one size of request: floats, or arrays of any one shape after `stack`."""

    domain: float
    memory_bytes: float
    """that the driver gives, per accelerator"""
    bandwidth: float
    """bytes/s"""
    expert_peak: float
    dense_peak: float
    bf16_peak: float
    """flop/s, dense, in the precision that routed experts, other weights and the core of attention compute in"""
    link: float
    """bytes/s, one way, inside the scale-up domain"""
    weight_bytes: float
    """all weights"""
    attention_bytes: float
    """projections of all mixers: replicated under data-parallel attention"""
    ffn_bytes: float
    """weights that every token reads beside attention, head and routed experts"""
    expert_bytes: float
    """all routed experts"""
    head_bytes: float
    attention_parameters: float
    ffn_parameters: float
    expert_parameters: float
    """active ones: those that one token uses"""
    head_parameters: float
    expert_share: float
    """k / E: share of the routed experts that one token uses; 0 without experts"""
    experts_per_token: float
    layers: float
    moe_layers: float
    latent: float
    """1 for latent attention, else 0"""
    hidden: float
    kv_split_max: float
    """accelerators that tensor parallelism splits one KV cache over: its heads; one if it is latent"""
    held_bytes: float
    """KV cache and states of one request when its last token is written"""
    read_bytes: float
    """of these, what one step of decoding reads at the mean context"""
    core_flop: float
    """core of attention, per decoded token at the mean context"""
    prompt_flop: float
    """core of attention over the prompt of one request"""
    input: float
    computed: float
    """input tokens not found in the prefix cache"""
    output: float


def make_case(accelerator: Accelerator, model: LanguageModel, request: Request) -> Case:
    """The case of one accelerator, model and request size.

    Weights are held as they were released; where an accelerator lacks their arithmetic they are computed in the next
    wider one (fp4 -> fp8 -> bf16; int4 always in bf16).
    """
    return Case(
        domain=accelerator.domain,
        memory_bytes=1e9 * accelerator.memory_gb,
        bandwidth=1e12 * accelerator.memory_tb_s,
        expert_peak=peak_flops(accelerator, model.precision),
        dense_peak=peak_flops(accelerator, model.dense_precision or model.precision),
        bf16_peak=peak_flops(accelerator, "bf16"),
        link=1e9 * accelerator.link_gb_s,
        **_weights(model),
        **_attention(model, request),
        kv_split_max=accelerator.domain if accelerator.family == "lpu" else kv_heads(model),
        layers=model.layers,
        moe_layers=(model.moe_layers or model.layers) if model.experts else 0,
        latent=float(model.attention == "mla"),
        hidden=model.hidden_size,
        experts_per_token=model.experts_per_token,
        input=request.input_tokens,
        computed=request.input_tokens * (1 - request.prefix_cache_hit),
        output=request.output_tokens * request.reasoning_multiplier,
    )


def stack(cases: list[Case], shape: tuple[int, ...] = (-1, 1, 1)) -> Case:
    """Many cases as one whose fields are arrays, by default [case, 1, 1]."""
    table = np.array(cases, dtype=float).T
    return Case(*(row.reshape(shape) for row in table))


def peak_flops(accelerator: Accelerator, precision: str) -> float:
    """Dense peak in flop/s of the arithmetic that weights of this precision are computed in."""
    peaks = (getattr(accelerator, f"{wider}_tflops") for wider in _WIDER[precision])
    return next(1e12 * peak for peak in peaks if peak is not None)


def kv_heads(model: LanguageModel) -> float:
    """Heads of the KV cache; a latent cache is one for all heads."""
    return 1 if model.attention == "mla" else model.kv_heads or _USUAL_KV_HEADS


def expert_parameters(model: LanguageModel) -> float:
    """Parameters of all routed experts: stated, else X of total = dense + X and active = dense + X k/E."""
    if not model.experts or model.experts_per_token >= model.experts:
        return 0.0
    if model.expert_parameters is not None:
        return model.expert_parameters
    return (model.parameters - model.active_parameters) / (1 - model.experts_per_token / model.experts)


def attention_parameters(model: LanguageModel) -> float:
    """Parameters of the projections of all mixers: stated, else by the sizes of the heads."""
    if model.attention_parameters is not None:
        return model.attention_parameters
    qk, v, heads = *_head_sizes(model), query_heads(model)
    if model.attention == "mla":
        query = _LATENT_QUERY_RANK * (model.hidden_size + heads * qk)
        key_value = model.hidden_size * (_LATENT_RANK + _LATENT_ROPE) + _LATENT_RANK * heads * (qk - _LATENT_ROPE + v)
        return model.layers * (query + key_value + heads * v * model.hidden_size)
    return model.layers * model.hidden_size * (heads + kv_heads(model)) * (qk + v)


def query_heads(model: LanguageModel) -> int:
    return model.heads or max(model.hidden_size // model.head_dim, 1)


def _head_sizes(model: LanguageModel) -> tuple[int, int]:
    """Of queries and of values, while reading a prompt."""
    latent = model.attention == "mla"
    return (
        model.qk_head_dim or (_LATENT_QK if latent else model.head_dim),
        model.v_head_dim or (_LATENT_V if latent else model.head_dim),
    )


def _weights(model: LanguageModel) -> dict[str, float]:
    """What a token reads is its active parameters: head, mixers, the rest of the dense ones, and k of E experts."""
    each, dense_each = (WEIGHT_BYTES[p] for p in (model.precision, model.dense_precision or model.precision))
    share = model.experts_per_token / model.experts if model.experts else 0.0
    experts = expert_parameters(model)
    dense = max(model.active_parameters - share * experts, 0.0)
    head = min(model.hidden_size * (model.vocabulary or 0), dense / 2)
    attention = min(attention_parameters(model), dense - head)
    ffn = dense - head - attention
    return {
        "weight_bytes": max(model.parameters - experts, 0.0) * dense_each + experts * each,
        "attention_bytes": attention * dense_each,
        "ffn_bytes": ffn * dense_each,
        "expert_bytes": experts * each,
        "head_bytes": head * _HEAD_BYTES,
        "attention_parameters": attention,
        "ffn_parameters": ffn,
        "expert_parameters": share * experts,
        "head_parameters": head,
        "expert_share": share,
    }


def _attention(model: LanguageModel, request: Request) -> dict[str, float]:
    """KV cache and the core of attention by kind of layer; two flop per multiply-add.

    Sparse attention holds and indexes the whole context and reads the tokens picked; a sliding window holds and reads
    only its tokens; a linear layer reads and writes its state. A prompt's new tokens attend to the cached prefix and,
    causally, to each other.
    """
    full = _full_layers(model)
    answer = request.output_tokens * request.reasoning_multiplier
    mean, last = request.input_tokens + answer / 2, request.input_tokens + answer
    sparse, window = model.sparse_tokens or np.inf, model.window_tokens or np.inf
    latent = model.attention == "mla"
    qk, v = _head_sizes(model)
    absorbed = 2 * _LATENT_RANK + _LATENT_ROPE if latent else qk + v
    per_token, index, windowed = 2 * query_heads(model), 2 * (model.index_dimensions or 0), model.window_layers
    computed = request.input_tokens * (1 - request.prefix_cache_hit)
    return {
        "held_bytes": _kv_bytes(model, last, last) + (model.state_bytes or 0),
        "read_bytes": _kv_bytes(model, min(mean, sparse), mean) + 2 * (model.state_bytes or 0),
        "core_flop": per_token * absorbed * (full * min(mean, sparse) + windowed * min(mean, window))
        + index * full * mean,
        "prompt_flop": attention_flop(model, request.input_tokens, computed),
    }


def attention_flop(model: LanguageModel, tokens: float, computed: float) -> float:
    """Core of attention, forward, over so many tokens, the last of which are computed; each attends to those before."""
    full, (qk, v), pairs = _full_layers(model), _head_sizes(model), computed * (tokens - computed / 2)
    sparse, window = model.sparse_tokens or np.inf, model.window_tokens or np.inf
    seen = full * min(pairs, computed * sparse) + model.window_layers * min(pairs, computed * window)
    return 2 * query_heads(model) * (qk + v) * seen + 2 * (model.index_dimensions or 0) * full * pairs


def _full_layers(model: LanguageModel) -> float:
    """Layers that see the whole context."""
    return model.attention_layers or max(model.layers - model.window_layers - model.linear_layers, 0)


def _kv_bytes(model: LanguageModel, tokens: float, context: float) -> float:
    """Bytes of `tokens` in the layers that see all, the index of the whole context, and the windows."""
    seen = min(context, model.window_tokens or np.inf)
    return (
        model.kv_bytes_per_token * tokens
        + (model.index_bytes_per_token or 0) * context
        + (model.window_bytes_per_token or 0) * seen
    )
