"""Between the points of a measured curve: monotone, and never past its ends."""

from __future__ import annotations

import numpy as np


def along_curve(tpot: np.ndarray, values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """What a curve gives to those who accept a TPOT of `at`: at least its value at any smaller measured TPOT.

    `tpot`, `values` [point], positive, in any order: the more time a token may take, the higher is the best throughput,
    and the later comes a first token, so points that lie under an earlier one are raised to it. Between points the
    logarithms are joined by straight lines. Beyond the slowest token nothing more is promised than there; before the
    fastest one the answer is NaN.
    """
    order = np.argsort(tpot, kind="stable")
    measured, best = np.log(tpot[order]), np.maximum.accumulate(np.log(values[order]))
    last = np.append(measured[1:] > measured[:-1], True)
    found = np.exp(np.interp(np.log(at), measured[last], best[last]))
    return np.where(np.log(at) < measured[0] - 1e-12, np.nan, found)
