"""Dollars in the sentences of studies."""

from __future__ import annotations

import math

from ..dollars import usd

__all__ = ["between", "usd"]


def between(low: float, high: float) -> str:
    """What is proven to lie between two values, of which one may be infinite.

    >>> between(1000.2, 1000.4), between(5.0, 7.0), between(5.0, math.inf)
    ('$1,000', 'between $5 and $7', 'at least $5')
    """
    if not math.isfinite(high):
        return f"at least {usd(low)}"
    if not math.isfinite(low):
        return f"at most {usd(high)}"
    return usd(low) if usd(low) == usd(high) else f"between {usd(low)} and {usd(high)}"
