"""How much of a datasheet software turns into tokens: fitted shares and seconds, and what they are worth.

An efficiency is a constant of all software times the factors of the accelerator, the model, the engine and the pair
that are known: log-linear, so what was not measured keeps the constant. The figures and their source:
`efficiencies.yaml`, written by `bin/fit`; an instance may name its own (`throughput.efficiencies`).
"""

from __future__ import annotations

import functools
import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from ..instance.schema import Accelerator, Efficiencies, Instance, MeasuredPair

FACTORS = {
    "memory": ("memory_share",),
    "decode": ("decode_share",),
    "prefill": ("prefill_share",),
    "layer": ("dense_layer_s", "moe_layer_s", "latent_layer_s"),
    "first_token": ("first_token_s",),
    "request": ("request_s",),
    "latency": ("prefill_latency",),
    "queue": ("prefill_queue", "prefill_burst"),
    "cache": ("cache_share",),
}
"""factor -> the constants that it multiplies"""
_OF_DATASHEET = ("memory_share", "decode_share", "prefill_share", "attention_share", "link_share")


class Fitted(NamedTuple):
    """The constants of the roofline: floats, or arrays that broadcast with the cases."""

    memory_share: float
    """of the datasheet's memory bandwidth"""
    decode_share: float
    prefill_share: float
    """of the dense peak at the precision of the arithmetic"""
    attention_share: float
    """of the dense bf16 peak, in the core of attention"""
    link_share: float
    """of the scale-up link, one way"""
    collective_s: float
    """latency of one collective among up to eight"""
    dense_layer_s: float
    moe_layer_s: float
    latent_layer_s: float
    """fixed, per layer of the kind and step; a latent layer's beside the other"""
    step_s: float
    sequence_s: float
    """per step, and per sequence and step"""
    request_s: float
    """engine time per request: scheduling and launch"""
    first_token_s: float
    """fixed latency of the first token"""
    prefill_latency: float
    """latency of a prefill over the engine time that it takes"""
    prefill_queue: float
    """waiting behind the prefills of others: by their share of the engine's time"""
    prefill_burst: float
    """the same, for requests that arrive together"""
    expert_imbalance: float
    """work of the busiest accelerator over the mean, where whole experts are spread"""
    cache_share: float
    """of the KV cache as the model states it, what engines hold: some quantise it"""
    rank_imbalance: float
    """time of prompts over that of equally loaded ranks, with data-parallel attention (not fitted)"""
    usable_share: float
    """of the driver's memory, what serving engines take (not fitted)"""
    reserve_bytes: float
    """activations and buffers, per accelerator (not fitted)"""


@functools.cache
def shipped() -> Efficiencies:
    """`efficiencies.yaml`, fitted to public measurements."""
    text = Path(__file__).with_name("efficiencies.yaml").read_text(encoding="utf-8")
    return Efficiencies.model_validate(yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


def text(efficiencies: Efficiencies) -> str:
    """As the YAML of `efficiencies.yaml`."""
    document = efficiencies.model_dump(exclude_defaults=True)
    return yaml.safe_dump(document, sort_keys=False, default_flow_style=None, width=120)


def of(instance: Instance) -> Efficiencies:
    """The instance's own efficiencies, else the shipped ones."""
    own = instance.throughput.efficiencies
    return own if isinstance(own, Efficiencies) else shipped()


def fitted(
    efficiencies: Efficiencies, accelerator: str, model: str, precision: str, engine: str | None = None
) -> Fitted:
    """The constants for one accelerator and one model with weights of a precision, their factors applied.

    `engine`: the serving engine; by default the one that most of the pair's measurements are of, else the mean of all.
    """
    constants, pair = dict(efficiencies.constants), known_pair(efficiencies, accelerator, model, precision)
    for factors in (
        efficiencies.accelerators.get(_stand_in(efficiencies.accelerators, efficiencies.siblings, accelerator), {}),
        efficiencies.models.get(_stand_in(efficiencies.models, efficiencies.siblings, model), {}),
        efficiencies.engines.get(engine or (pair.engine if pair else None) or "", {}),
        pair.factors if pair else {},
    ):
        for factor, value in factors.items():
            for constant in FACTORS[factor]:
                constants[constant] *= value
    return bounded(Fitted(**constants))


def bounded(fitted: Fitted) -> Fitted:
    """No more of a datasheet than all of it, whatever the factors say together."""
    return fitted._replace(**{name: np.minimum(getattr(fitted, name), 1.0) for name in _OF_DATASHEET})


def known_pair(efficiencies: Efficiencies, accelerator: str, model: str, precision: str) -> MeasuredPair | None:
    """What is known of an accelerator and a model that were measured together; None if they never were.

    With weights of another precision than measured, it is what most measurements are of.
    """
    models = efficiencies.pairs.get(accelerator, {})
    measured = models.get(_stand_in(models, efficiencies.siblings, model), {})
    most = max(measured.values(), key=lambda pair: pair.points, default=None)
    return measured.get(precision, most)


def _stand_in(known: dict[str, Any], siblings: dict[str, str], name: str) -> str:
    """The name itself if it was fitted, else that of its nearest relative."""
    return name if name in known else siblings.get(name, name)


def level(efficiencies: Efficiencies, accelerator: Accelerator, accelerator_id: str, model_id: str) -> str:
    """Whether the pair was measured (`pair`), its software family (`model`) or neither (`vendor`)."""
    if known_pair(efficiencies, accelerator_id, model_id, ""):
        return "pair"
    return "model" if accelerator.family in efficiencies.families else "vendor"


def sigma(efficiencies: Efficiencies, accelerator: Accelerator, accelerator_id: str, model_id: str) -> float:
    """Standard deviation of the log error of a modelled rate.

    By what was measured: this pair; a model that was not, or not on this accelerator, whose software family was; and
    another vendor's software, which no datasheet tells.
    """
    return getattr(efficiencies.sigma, level(efficiencies, accelerator, accelerator_id, model_id))


def derate(efficiencies: Efficiencies, accelerator: Accelerator, accelerator_id: str, model_id: str) -> float:
    """Factor <= 1 on a modelled rate, so that a plan does not buy model error: exp(-sigma), and 1 for measured pairs.

    Where a pair was measured the error averages out over what rests on it, and the rate stays as it is.
    """
    if level(efficiencies, accelerator, accelerator_id, model_id) == "pair":
        return 1.0
    return math.exp(-sigma(efficiencies, accelerator, accelerator_id, model_id))


def stack(fitted: list[Fitted], shape: tuple[int, ...] = (-1, 1, 1)) -> Fitted:
    """Many as one whose fields are arrays, by default [case, 1, 1]."""
    return Fitted(*(row.reshape(shape) for row in np.array(fitted, dtype=float).T))
