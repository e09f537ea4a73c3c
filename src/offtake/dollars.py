"""Dollars in running text, by one rule: in the sentences of a plan, of studies and of the command line."""

from __future__ import annotations

UNITS = ((1e6, " m"), (1e9, " bn"))
DIGITS = 4
"""significant ones, from a million on"""


def usd(value: float) -> str:
    """Four significant digits from a million on, whole dollars from a thousand on, cents below, and three significant
    digits of what is less than a dollar and no whole cents.

    >>> [usd(value) for value in (31.4159e9, 999_960_000, 1_368_000, 999_999.4, 1234.5, 2.35, 0.285, -0.0153, 0)]
    ['$31.42 bn', '$1 bn', '$1.368 m', '$999,999', '$1,234', '$2.35', '$0.285', '-$0.0153', '$0']
    """
    sign, size = "-" if value < 0 else "", abs(value)
    for unit, name in reversed(UNITS):
        if round(size) >= unit * (1 - 0.5 * 10.0**-DIGITS if unit > UNITS[0][0] else 1):
            digits = max(size / unit, 1.0)
            return f"{sign}${digits:,.0f}{name}" if digits >= 10**DIGITS else f"{sign}${digits:.{DIGITS}g}{name}"
    cents = f"{size:,.2f}"
    if size >= 1000 or size == 0 or (size >= 1 and cents.endswith(".00")):
        return f"{sign}${size:,.0f}"
    return f"{sign}${cents}" if size >= 1 or size == round(size, 2) else f"{sign}${size:.3g}"
