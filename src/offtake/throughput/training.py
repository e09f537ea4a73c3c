"""Training: tokens/s per accelerator from flop, utilisation and scale.

    tokens/s per accelerator = MFU F_bf16 / (6 N + 6 L h s)     N: active parameters; L layers, h wide, s: sequence
    log MFU = a_accelerator + b log(N / 70e9) + c log(accelerators / 8)         fine-tuning with LoRA: another b, c

The sequence counts as causal and in full attention; layers that see less take less. Fitted on MLPerf training 5.0 and
5.1 results of language models (mlcommons.org, June and November 2025) on up to 8,192 accelerators; MFU counts against
the dense bf16 peak even where the run used 8 or 4 bits, so newer chips may show more than one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..instance.schema import LanguageModel
from .cases import attention_flop

if TYPE_CHECKING:
    import pandas as pd

MEASURED_ACCELERATORS = 8192
"""of the largest run that was fitted; beyond it the power of the scale is carried on"""
_PARAMETERS = 70e9
_RIDGE = 0.3
"""pull of the powers towards none"""


class Utilisation(NamedTuple):
    """Fitted share of the dense bf16 peak that training reaches."""

    at_eight: dict[str, float]
    """with 70e9 active parameters on eight accelerators, by accelerator"""
    elsewhere: float
    """the same for an accelerator that was not measured"""
    size: float
    """power of (active parameters / 70e9), in full training"""
    scale: float
    """power of (accelerators / 8), in full training"""
    fine_tuning: float
    """factor for adapting few weights of a model, of any size"""
    scale_fine_tuning: float

    def mfu(
        self,
        accelerator: str,
        accelerators: np.ndarray | float,
        active_parameters: np.ndarray | float,
        fine_tuning: np.ndarray | bool = False,
    ) -> np.ndarray | float:
        """Share of the dense bf16 peak that so many of the accelerator reach together; not above 1."""
        full = (np.asarray(active_parameters) / _PARAMETERS) ** self.size * (np.asarray(accelerators) / 8) ** self.scale
        tuned = self.fine_tuning * (np.asarray(accelerators) / 8) ** self.scale_fine_tuning
        return np.minimum(self.at_eight.get(accelerator, self.elsewhere) * np.where(fine_tuning, tuned, full), 1.0)


MEASURED = Utilisation(
    at_eight={
        "b200": 1.21,
        "b300": 1.38,
        "gb200": 1.16,
        "gb300": 1.49,
        "h100": 1.21,
        "h200": 1.23,
        "mi300x": 0.74,
        "mi325x": 1.01,
        "mi350x": 1.00,
        "mi355x": 1.11,
    },
    elsewhere=1.14,
    size=0.239,
    scale=-0.166,
    fine_tuning=0.546,
    scale_fine_tuning=-0.116,
)
"""86 cells of MLPerf training 5.0 and 5.1: Llama 3.1 8B and 405B, Llama 2 70B with LoRA. On runs left out half at a
time the median error is 11 %, the 90th percentile 31 %. Values above one are lines carried back to a size and a scale
that nobody ran; what `mfu` gives is bounded."""


def fit(runs: pd.DataFrame) -> Utilisation:
    """Least squares in logarithms. `runs`: accelerator, accelerators, active_parameters, mfu and fine_tuning (bool)."""
    names = sorted(runs.accelerator.unique())
    tuned = runs.fine_tuning.to_numpy(float)
    size, scale = np.log(runs.active_parameters / _PARAMETERS), np.log(runs.accelerators / 8)
    which = [(runs.accelerator == name).to_numpy(float) for name in names]
    columns = np.stack([*which, size * (1 - tuned), scale * (1 - tuned), tuned, scale * tuned], axis=1)
    ridge = np.diag([_RIDGE / 10] * len(names) + [_RIDGE] * 4)
    seen = np.concatenate([np.log(runs.mfu), np.zeros(len(ridge))])
    found = np.linalg.lstsq(np.concatenate([columns, ridge]), seen, rcond=None)[0]
    at_eight, elsewhere = np.exp(found[: len(names)]), np.exp(found[: len(names)].mean())
    by_name = {name: float(value) for name, value in zip(names, at_eight, strict=True)}
    size_power, scale_power, tuning, tuning_power = map(float, found[-4:])
    return Utilisation(by_name, float(elsewhere), size_power, scale_power, float(np.exp(tuning)), tuning_power)


def flop_per_token(model: LanguageModel, sequence_tokens: float) -> float:
    """Forward and backward over one token of a causal sequence: three times what reading it as a prompt takes."""
    return 3 * (2 * model.active_parameters + attention_flop(model, sequence_tokens, sequence_tokens) / sequence_tokens)
