"""Contract finance: pure functions on vectors by month. All the money arithmetic of the engine is here.

Vectors start at a stated month and have one entry a month. Nothing here knows an offer, a file or a model.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

TIMING_MONTHS = {"start": 0.0, "mid": 0.5, "end": 1.0}
"""How far into its month a payment falls, in months."""


def discount_factors(rate_per_year: float, basis: str, timing: str, months: int) -> np.ndarray:
    """Present value of one dollar paid in month 0, 1, ..., shape [months].

    `effective`: (1 + r)^(-k/12); `nominal`: (1 + r/12)^(-k), with k the months from the start of month 0
    to the payment.

    >>> discount_factors(0.21, "effective", "start", 25)[[0, 12, 24]].round(6).tolist()
    [1.0, 0.826446, 0.683013]
    >>> discount_factors(0.12, "nominal", "end", 2).round(6).tolist()
    [0.990099, 0.980296]
    """
    k = np.arange(months) + TIMING_MONTHS[timing]
    monthly = 1 + rate_per_year / 12 if basis == "nominal" else (1 + rate_per_year) ** (1 / 12)
    return monthly**-k


def last_holds(values: Sequence[float], months: int, default: float = 1.0) -> np.ndarray:
    """A list by month of the term whose last entry holds, shape [months]; an empty list is the default.

    >>> last_holds([0.5, 1.0], 4).tolist()
    [0.5, 1.0, 1.0, 1.0]
    """
    if not values:
        return np.full(months, default)
    return np.array([values[min(j, len(values) - 1)] for j in range(months)], dtype=float)


def escalation(escalator_per_year: float, months: int) -> np.ndarray:
    """Factor on the fee that steps up on each anniversary, shape [months].

    >>> escalation(0.03, 25)[[0, 11, 12, 24]].round(4).tolist()
    [1.0, 1.0, 1.03, 1.0609]
    """
    return (1 + escalator_per_year) ** (np.arange(months) // 12)


def fixed_fees(gross: np.ndarray, take_or_pay: float, minimum: float) -> np.ndarray:
    """What is due by month whether used or not: the take-or-pay share of the fee, and never less than the minimum.

    >>> fixed_fees(np.array([100.0, 300.0]), take_or_pay=0.5, minimum=80.0).tolist()
    [80.0, 150.0]
    """
    return np.maximum(take_or_pay * gross, minimum)


def paid_share(gross: np.ndarray, fixed: np.ndarray, take_or_pay: float) -> np.ndarray:
    """Share of what is delivered in each month that the fixed fee covers; full use costs the larger of the two.

    A month without a fee keeps the take-or-pay share.

    >>> paid_share(np.array([100.0, 300.0, 0.0]), np.array([80.0, 150.0, 0.0]), take_or_pay=0.5).tolist()
    [0.8, 0.5, 0.5]
    """
    covered = np.divide(np.minimum(fixed, gross), gross, out=np.ones_like(gross), where=gross > 0)
    return np.where(take_or_pay * gross >= fixed, take_or_pay, covered)


def draw_down(fixed: np.ndarray, prepay: float, drawdown: str) -> tuple[float, np.ndarray]:
    """Prepayment at signing (USD), and what is then still billed month by month, shape [months].

    The prepayment is a share of the fixed fees. It pays the same share of each (`pro_rata`), the first ones until
    it is used up (`first`), or the last ones (`last`).

    >>> fixed = np.array([50.0, 100.0, 150.0])
    >>> [(how, *(part.tolist() for part in draw_down(fixed, 0.25, how)[1:])) for how in ("pro_rata", "first", "last")]
    [('pro_rata', [37.5, 75.0, 112.5]), ('first', [0.0, 75.0, 150.0]), ('last', [50.0, 100.0, 75.0])]
    """
    prepayment = prepay * fixed.sum()
    if drawdown == "pro_rata":
        return float(prepayment), (1 - prepay) * fixed
    after = fixed.cumsum()
    if drawdown == "first":
        billed = np.maximum(after - prepayment, 0.0)
    else:
        billed = np.minimum(after, (1 - prepay) * fixed.sum())
    return float(prepayment), np.diff(billed, prepend=0.0)


def service_credit(promised: float, availability: float, credit_fraction: float, cap_fraction: float) -> float:
    """Share of a fee that comes back for the percentage points by which the availability is below the promise.

    >>> [round(service_credit(0.99, held, 0.1, 0.3), 9) for held in (0.99, 0.97, 0.9)]
    [0.0, 0.2, 0.3]
    """
    return min(cap_fraction, credit_fraction * max(promised - availability, 0.0) * 100)


def outstanding(cash: np.ndarray, signing: int) -> np.ndarray:
    """Undiscounted payments still due after each month, and nothing before the signing; shape of `cash`.

    >>> outstanding(np.array([0.0, 10.0, 10.0, 5.0]), signing=1).tolist()
    [0.0, 15.0, 5.0, 0.0]
    """
    owed = cash[::-1].cumsum()[::-1] - cash
    owed[: max(signing, 0)] = 0.0
    return owed


def inside_share(contracted: np.ndarray, discount: np.ndarray, horizon_months: int) -> float:
    """Share of a term that the horizon uses: discounted accelerator-months inside it over those of the term.

    Both vectors start at the first month of the ledger.

    >>> inside_share(np.array([0.0, 1.0, 1.0, 2.0]), np.ones(4), horizon_months=3)
    0.5
    """
    weights = contracted * discount[: len(contracted)]
    total = weights.sum()
    return float(weights[:horizon_months].sum() / total) if total > 0 else 1.0
