"""Tokens per step of decoding when a draft head proposes some and the model checks them."""

from __future__ import annotations

import numpy as np

_CONCURRENCY = (4.0, 16.0, 64.0)
_GAIN = (1.61, 1.37, 1.22)
"""Measured on DeepSeek-R1 with and without multi-token prediction in the same configuration, InferenceX 2025-12 to
2026-05: medians at up to 8 requests at once (233 pairs), 8 to 32 (238) and 32 to 128 (120), at the middle of each. The
1.39 above 128 (68 pairs) is of data-parallel attention, whose ranks have few requests each."""


def gain(batch_per_rank: np.ndarray) -> np.ndarray:
    """Factor >= 1 by which a request gets more tokens in the time of a plain step, at so many requests at once.

    Checking drafts is free while a step waits for memory and is not once it computes, so the gain falls with the batch:
    linearly in its logarithm between the measured points, constant outside them.
    """
    return np.interp(np.log2(batch_per_rank), np.log2(_CONCURRENCY), _GAIN)
