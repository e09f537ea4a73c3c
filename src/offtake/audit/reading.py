"""Readers of a document from outside: each gives a value of the wanted form, or raises PlanError with a sentence."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from offtake.instance.months import Month

from .numbers import exact

LARGEST = 1e30
"""numbers beyond this are no dollars, hours or accelerators"""

Row = TypeVar("Row")
Reader = Callable[[Any, str], Any]


class PlanError(Exception):
    """A document that is not a plan; the message is a sentence for the user."""


def table(
    document: dict[str, Any],
    key: str,
    row: Callable[..., Row],
    columns: dict[str, Reader],
    absent: Mapping[str, Any] | None = None,
) -> list[Row]:
    """A list of objects, each with these columns (others are ignored). `absent`: values of columns that may be."""
    found = []
    for position, entry in enumerate(items(member(document, key), key)):
        where = f"{key}[{position}]"
        keys = {**(absent or {}), **mapping(entry, where)}
        found.append(
            row(**{name: take(member(keys, name, where), f"{where}.{name}") for name, take in columns.items()})
        )
    return found


def tuples(decisions: dict[str, Any], key: str, row: Callable[..., Row], slots: tuple[Reader, ...]) -> list[Row]:
    """A list of lists, each with exactly these slots."""
    found = []
    for position, entry in enumerate(items(member(decisions, key, "decisions"), f"decisions.{key}")):
        where = f"decisions.{key}[{position}]"
        values = items(entry, where)
        if len(values) != len(slots):
            raise PlanError(f"{where} has {len(values)} entries; a row of this list has {len(slots)}")
        found.append(
            row(
                *(take(value, f"{where}[{slot}]") for slot, (take, value) in enumerate(zip(slots, values, strict=True)))
            )
        )
    return found


def member(holder: Mapping[str, Any], key: str, where: str = "the plan") -> Any:
    if key not in holder:
        raise PlanError(f"{where} has no key `{key}`; solve the instance again to get a whole plan")
    return holder[key]


def mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise PlanError(f"{where} must be an object with keys, not {shown(value)}")
    return dict(value)


def items(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise PlanError(f"{where} must be a list, not {shown(value)}")
    return list(value)


def text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise PlanError(f"{where} must be text, not {shown(value)}")
    return value


def text_or_null(value: Any, where: str) -> str | None:
    return None if value is None else text(value, where)


def number(value: Any, where: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PlanError(f"{where} must be a number, not {shown(value)}")
    if isinstance(value, float) and not math.isfinite(value):
        raise PlanError(f"{where} is {value}; every number of a plan is finite")
    if not -LARGEST <= value <= LARGEST:
        raise PlanError(f"{where} is beyond {LARGEST:g}; no figure of a plan is that large")
    return exact(value)


def integer(value: Any, where: str) -> int:
    found = number(value, where)
    if found != found.to_integral_value():
        raise PlanError(f"{where} must be a whole number, not {shown(value)}")
    return int(found)


def month(value: Any, where: str) -> Month:
    try:
        return Month.parse(text(value, where))
    except ValueError:
        raise PlanError(f"{where} must be a month written YYYY-MM, not {shown(value)}") from None


def contract(value: Any, where: str) -> int | str:
    """A position in the table of deals, or the id of a contract in force."""
    return value if isinstance(value, str) else integer(value, where)


def followed(value: Any, where: str) -> int | str | None:
    """The same, or null."""
    return None if value is None else contract(value, where)


def texts(value: Any, where: str) -> list[str]:
    return [text(entry, f"{where}[{position}]") for position, entry in enumerate(items(value, where))]


def numbers_by_name(value: Any, where: str) -> dict[str, Decimal]:
    return {name: number(entry, f"{where}.{shown(name)}") for name, entry in mapping(value, where).items()}


def shown(value: Any) -> str:
    """A value from outside for a sentence: short, on one line, no control characters."""
    if isinstance(value, Mapping | list | tuple):
        return "an object" if isinstance(value, Mapping) else "a list"
    if isinstance(value, int) and abs(value) > LARGEST:
        return "a number too large to print"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    shortened = value[:80] + "..." if isinstance(value, str) and len(value) > 80 else value
    return ascii(shortened)


def truth(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise PlanError(f"{where} must be true or false, not {shown(value)}")
    return value


def number_or_null(value: Any, where: str) -> Decimal | None:
    return None if value is None else number(value, where)
