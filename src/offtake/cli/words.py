"""Numbers as people read them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from offtake.dollars import usd

__all__ = ["count", "gap", "in_unit", "plural", "printable", "share", "usd", "usd_unit"]


def usd_unit(values: Iterable[float]) -> tuple[str, float, int]:
    """One unit for a whole table: its name, dollars in it, and digits after the point."""
    largest = max((abs(value) for value in values), default=0.0)
    if largest >= 1e8:
        return "USD million", 1e6, 1 if largest < 1e10 else 0
    return ("USD thousand", 1e3, 1) if largest >= 1e7 else ("USD", 1.0, 0)


def in_unit(value: float, unit: tuple[str, float, int]) -> str:
    """A number of a table in its unit; what rounds to nothing is a dash only if it is nothing."""
    _, divisor, digits = unit
    return f"{value / divisor:,.{digits}f}" if value else "-"


def count(value: float) -> str:
    """A number of things: 220,000 or 12.4."""
    return f"{value:,.0f}" if value >= 100 or value == round(value) else f"{value:,.3g}"


def share(value: float | None) -> str:
    """A share as percent; almost everything is never rounded to everything."""
    if value is None:
        return "-"
    if 0.9995 <= value < 1:
        return "99.9+%" if value < 1 - 1e-9 else "100%"
    return f"{value * 100:.1f}%".replace(".0%", "%")


def gap(value: float) -> str:
    """A gap as percent, rounded up: it never looks better than it is."""
    if value <= 1e-9:
        return "0%"
    digits = max(1 - math.floor(math.log10(value * 100)), 0)
    step = 10.0**-digits
    return f"{math.ceil(value * 100 / step - 1e-9) * step:.{min(digits, 6)}f}%"


def plural(number: float, thing: str) -> str:
    return f"{count(number)} {thing}{'' if number == 1 else 's'}"


def printable(value: Any) -> Any:
    """The same document without control characters: a file must not drive the terminal."""
    if isinstance(value, str):
        return "".join(letter if letter.isprintable() or letter == "\n" else "\ufffd" for letter in value)
    if isinstance(value, dict):
        return {printable(key): printable(entry) for key, entry in value.items()}
    return [printable(entry) for entry in value] if isinstance(value, list) else value
