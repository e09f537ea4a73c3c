"""How busy an engine may be on average if requests that come in bursts are to wait no longer than a given time."""

from __future__ import annotations

import numpy as np

SERVICE_CV = 1.0
"""coefficient of variation of a request's time in the engine: lengths of answers vary about as much as their mean"""
_ITERATIONS = 8


def utilisation(places: np.ndarray, service_s: np.ndarray, wait_s: np.ndarray, arrival_cv: float) -> np.ndarray:
    """Largest utilisation, 0 to 1, at which the mean wait for one of `places` in the engine is at most `wait_s`.

        wait = service (c_a^2 + c_s^2) / 2 x rho^(sqrt(2 (places + 1)) - 1) / (places (1 - rho))

    Sakasegawa, Annals of the Institute of Statistical Mathematics 29 (1977), as in Hopp and Spearman, Factory Physics.
    Each engine queues for itself, which is on the safe side of a router that looks for an idle one.
    """
    wait_s, arrays = np.maximum(wait_s, 0.0), np.broadcast_arrays(places, service_s, wait_s)
    variability = (arrival_cv**2 + SERVICE_CV**2) / 2
    exponent = np.sqrt(2 * (arrays[0] + 1)) - 1
    with np.errstate(divide="ignore"):
        level = np.log(arrays[2] * arrays[0] / (arrays[1] * variability))
    # Newton on the logit z of rho: log(1 + e^z) - exponent x log(1 + e^-z) = level; slope: rho + exponent (1 - rho)
    logit = np.clip(level, -60.0, 60.0)
    for _ in range(_ITERATIONS):
        rho = 1 / (1 + np.exp(-logit))
        value = np.logaddexp(0, logit) - exponent * np.logaddexp(0, -logit)
        logit = np.clip(logit - (value - level) / (rho + exponent * (1 - rho)), -60.0, 60.0)
    return np.where(arrays[2] > 0, 1 / (1 + np.exp(-logit)), 0.0)
