"""The facts of one accelerator serving one model to requests of one size, in SI units, efficiencies applied."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..instance.schema import Accelerator, LanguageModel, Request
from . import efficiency

_LATENT_DECODE_DIMENSIONS = (512 + 64) + 512
"""multiply-adds per head and token of context in absorbed latent attention: scores, then values"""
_LATENT_PREFILL_DIMENSIONS = 192 + 128
"""the same when reading a prompt, where keys and values are spelled out"""
_USUAL_KV_HEADS = 8
_PRECISIONS = ("fp4", "fp8", "bf16")
"""from narrow to wide; every accelerator has the last"""


class Case(NamedTuple):
    """One accelerator serving one model to requests of one size: floats, or arrays [case, 1, 1] after `stack`."""

    domain: float
    memory_bytes: float
    """usable for weights and KV cache, per accelerator"""
    bandwidth: float
    """bytes/s attained"""
    decode_flops: float
    prefill_flops: float
    attention_flops: float
    """flop/s attained"""
    link: float
    """bytes/s attained, one way"""
    collective_s: float
    overhead_s: float
    """fixed time of a step"""
    request_s: float
    first_token_s: float
    prefill_latency: float
    prefill_queue: float
    weight_bytes: float
    """all weights"""
    dense_bytes: float
    """weights that every token reads"""
    expert_bytes: float
    """all routed experts"""
    expert_share: float
    """k / E: share of the routed experts that one token uses; 0 without experts"""
    dense_parameters: float
    active_expert_parameters: float
    layers: float
    hidden: float
    kv_bytes: float
    """per token, over all layers"""
    kv_split_max: float
    context_flop: float
    """core of attention: flop per decoded token and token of context, over all layers"""
    prefill_flop: float
    """core of attention: flop per request while reading the prompt"""
    input: float
    computed: float
    """input tokens not found in the prefix cache"""
    output: float


def make_case(accelerator_id: str, accelerator: Accelerator, model: LanguageModel, request: Request) -> Case:
    """The case of one accelerator, model and request size.

    Weights in a precision that the accelerator lacks take the next wider one (fp4 -> fp8 -> bf16), bytes and peak.
    """
    precision, peak = weights_as(accelerator, model)
    return Case(
        **_engine(accelerator_id, accelerator, peak),
        **_weights(model, efficiency.table()["weight_bytes"][precision]),
        **_attention(model, request),
        overhead_s=_overhead_s(accelerator_id, model),
        kv_split_max=kv_split_max(accelerator, model),
        input=request.input_tokens,
        computed=request.input_tokens * (1 - request.prefix_cache_hit),
        output=request.output_tokens * request.reasoning_multiplier,
    )


def stack(cases: list[Case]) -> Case:
    """Many cases as one whose fields are arrays [case, 1, 1]."""
    return Case(*(np.array(values, dtype=float)[:, None, None] for values in zip(*cases, strict=True)))


def weights_as(accelerator: Accelerator, model: LanguageModel) -> tuple[str, float]:
    """(precision that the weights are held in, dense peak in flop/s at it)."""
    wider = _PRECISIONS[_PRECISIONS.index(model.precision) :]
    peaks = ((precision, getattr(accelerator, f"{precision}_tflops")) for precision in wider)
    return next((precision, 1e12 * peak) for precision, peak in peaks if peak is not None)


def kv_split_max(accelerator: Accelerator, model: LanguageModel) -> float:
    """How many accelerators share one KV cache: as many as it has heads, latent attention one; some split by layer."""
    if accelerator.family in efficiency.table()["kv_spread"]:
        return accelerator.domain
    return 1 if model.attention == "mla" else model.kv_heads or _USUAL_KV_HEADS


def expert_parameters(model: LanguageModel) -> float:
    """Parameters of all routed experts: stated, else X of total = dense + X and active = dense + X k/E."""
    if not model.experts or model.experts_per_token >= model.experts:
        return 0.0
    if model.expert_parameters is not None:
        return model.expert_parameters
    return (model.parameters - model.active_parameters) / (1 - model.experts_per_token / model.experts)


def _engine(accelerator_id: str, accelerator: Accelerator, peak: float) -> dict[str, float]:
    fitted, memory = efficiency.constants(accelerator_id), efficiency.table()["memory"]
    usable_gb = memory["usable_share"] * accelerator.memory_gb - memory["reserve_gb"][accelerator.family]
    same = ("collective_s", "request_s", "first_token_s", "prefill_latency", "prefill_queue")
    return {key: fitted[key] for key in same} | {
        "domain": accelerator.domain,
        "memory_bytes": 1e9 * max(usable_gb, 0.0),
        "bandwidth": 1e12 * accelerator.memory_tb_s * fitted["memory_share"],
        "decode_flops": peak * fitted["decode_share"],
        "prefill_flops": peak * fitted["prefill_share"],
        "attention_flops": 1e12 * accelerator.bf16_tflops * fitted["attention_share"],
        "link": 1e9 * accelerator.link_gb_s * fitted["link_share"],
    }


def _weights(model: LanguageModel, bytes_each: float) -> dict[str, float]:
    """What a token reads is its active parameters: the dense ones, and the k of E experts that it is routed to."""
    share = model.experts_per_token / model.experts if model.experts else 0.0
    experts = expert_parameters(model)
    dense = max(model.active_parameters - share * experts, 0.0)
    return {
        "weight_bytes": model.parameters * bytes_each,
        "dense_bytes": dense * bytes_each,
        "expert_bytes": experts * bytes_each,
        "expert_share": share,
        "dense_parameters": dense,
        "active_expert_parameters": share * experts,
    }


def _attention(model: LanguageModel, request: Request) -> dict[str, float]:
    """Two flop per multiply-add. New tokens attend to the cached prefix and, causally, to each other."""
    latent = model.attention == "mla"
    heads = model.heads or max(model.hidden_size // model.head_dim, 1)
    decode_dimensions = _LATENT_DECODE_DIMENSIONS if latent else 2 * model.head_dim
    prefill_dimensions = _LATENT_PREFILL_DIMENSIONS if latent else 2 * model.head_dim
    computed = request.input_tokens * (1 - request.prefix_cache_hit)
    pairs = computed * (request.input_tokens - computed / 2)
    return {
        "layers": model.layers,
        "hidden": model.hidden_size,
        "kv_bytes": model.kv_bytes_per_token,
        "context_flop": 2 * heads * decode_dimensions * model.layers,
        "prefill_flop": 2 * heads * prefill_dimensions * model.layers * pairs,
    }


def _overhead_s(accelerator_id: str, model: LanguageModel) -> float:
    fitted = efficiency.constants(accelerator_id)
    moe_layers = (model.moe_layers or model.layers) if model.experts else 0
    latent_layers = model.layers if model.attention == "mla" else 0
    return (
        (model.layers - moe_layers) * fitted["dense_layer_s"]
        + moe_layers * fitted["moe_layer_s"]
        + latent_layers * fitted["latent_layer_s"]
        + fitted["step_s"]
    )
