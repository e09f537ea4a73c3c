"""Fitted efficiencies, and what a modelled rate is worth. The figures and their source: `efficiencies.yaml`."""

from __future__ import annotations

import functools
import math
from pathlib import Path
from typing import Any

import yaml

from ..instance.schema import Accelerator

_NO_FACTORS = {"memory": 1.0, "prefill": 1.0, "layer": 1.0, "first_token": 1.0}


@functools.cache
def table() -> dict[str, Any]:
    """Everything in `efficiencies.yaml`, as written there."""
    text = Path(__file__).with_name("efficiencies.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def constants(accelerator_id: str) -> dict[str, float]:
    """The fitted constants with this accelerator's factors applied; shares of the datasheet, and seconds."""
    common = table()["constants"]
    factor = table()["accelerators"].get(accelerator_id, _NO_FACTORS)
    return common | {
        "memory_share": common["memory_share"] * factor["memory"],
        "prefill_share": common["prefill_share"] * factor["prefill"],
        "decode_share": common["decode_share"] * factor["prefill"],
        "dense_layer_s": common["dense_layer_s"] * factor["layer"],
        "moe_layer_s": common["moe_layer_s"] * factor["layer"],
        "first_token_s": common["first_token_s"] * factor["first_token"],
    }


def derate(accelerator_id: str, accelerator: Accelerator, model_id: str) -> float:
    """Factor <= 1 on a modelled rate: exp(-sigma) where the pair was never measured, else 1.

    sigma is 0.35 where accelerators of the same family were measured (the error on a model left out of the fit) and
    0.55 where none was (the error on a vendor left out of the fit), so that a plan does not buy model error.
    """
    if accelerator_id in table()["measured_pairs"].get(model_id, []):
        level = "measured"
    elif accelerator.family in table()["measured_families"]:
        level = "measured_family"
    else:
        level = "unmeasured_family"
    entry = table()["uncertainty"][level]
    return math.exp(-entry["sigma"]) if entry["derate"] else 1.0
