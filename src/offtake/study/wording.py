"""Dollars, counts and lists in the sentences of studies."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..dollars import usd

__all__ = ["between", "usd"]

PROVEN = 1e-6
"""relative: how near to a price its proven end is, by the solver's tolerances"""


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


def price(value: float, up: bool) -> str:
    """A proven end of a price in four digits, or whole dollars from ten thousand on, rounded to the side on which it is
    proven; what the solver's tolerances leave open is not rounded over.

    >>> price(2.9868, up=False), price(3.00501, up=True), price(7199.9999999, up=False), price(23.5, up=True)
    ('$2.986', '$3.006', '$7,200', '$23.50')
    """
    step = 10.0 ** min(math.floor(math.log10(value)) - 3, 0) if value > 0 else 1.0
    steps = value / step
    if abs(steps - round(steps)) > PROVEN * steps:
        steps = math.ceil(steps) if up else math.floor(steps)
    cents = f"{round(steps) * step:,.10f}".rstrip("0")
    whole, _, rest = cents.partition(".")
    return f"${whole}.{rest:0<2}" if rest else f"${whole}"


def number(value: float) -> str:
    """
    >>> number(3.99), number(1002034.7)
    ('3.99', '1,002,035')
    """
    return f"{value:,.0f}" if abs(value) >= 1e5 else f"{value:,.6g}"


def plural(count: float, thing: str) -> str:
    """
    >>> plural(1, "block"), plural(1200, "block")
    ('1 block', '1,200 blocks')
    """
    return f"{number(count)} {thing}{'' if count == 1 else 's'}"


def listed(words: Sequence[str]) -> str:
    """
    >>> listed(["size", "start", "term"])
    'size, start and term'
    """
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
