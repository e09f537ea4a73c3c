"""Tables of a plan along time, in as many columns as the terminal is wide."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rich.console import RenderableType

from . import words
from .tables import section, table

Document = dict[str, Any]

LINES = {
    "fees": "contract fees",
    "prepayments": "prepayments",
    "payments": "dated payments",
    "premiums": "option premiums",
    "break_fees": "fees for leaving",
    "signing_fees": "signing fees",
    "credits": "credits at signing",
    "deposits": "deposits",
    "letters_of_credit": "letters of credit",
    "sla_credits": "service credits",
    "power": "energy",
    "in_force": "contracts in force",
    "use_beyond": "use beyond take-or-pay",
    "elastic": "on demand and spot",
    "tokens": "token services",
    "egress": "egress",
    "commitments": "spend commitments",
    "shortfall": "shortfall of commitments",
    "sublease": "income from subletting",
    "ports": "ports of models",
}
GAP = 2
"""between columns"""
LATER = "later"


def most_columns(width: int, names: Iterable[str], number: int) -> int:
    """How many columns of numbers, that many letters wide, fit beside the names."""
    longest = min(max(map(len, names), default=0), width // 2)
    return max((width - longest) // (number + GAP), 2)


def buckets(months: Iterable[str], most: int) -> Callable[[str], str]:
    """How to name the stretch of time that a month falls into: the finest that needs at most so many columns.

    Months, quarters, half-years or years; years past the last column become `later`.
    """
    known = sorted(set(months))
    for name in (_month, _quarter, _half):
        if len({name(month) for month in known}) <= most:
            return name
    return years(known, most)


def years(months: Iterable[str], most: int) -> Callable[[str], str]:
    """Calendar years; years past the last column become `later`."""
    found = sorted({month[:4] for month in months})
    kept = found if len(found) <= most else found[: most - 1]
    return lambda month: month[:4] if month[:4] in kept else LATER


def _month(month: str) -> str:
    return month


def _quarter(month: str) -> str:
    return f"{month[:4]} Q{(int(month[5:]) + 2) // 3}"


def _half(month: str) -> str:
    return f"{month[:4]} H{(int(month[5:]) + 5) // 6}"


def held(document: Document, width: int) -> RenderableType | None:
    """Accelerators by pool: held under contract, or used where nothing is held."""
    rows = document["capacity"]
    if not rows:
        return None
    months = list(dict.fromkeys(row["month"] for row in document["service"] or rows))
    number = max(len("2026 Q1"), *(len(words.count(max(row["held"], row["used_peak"]))) for row in rows))
    name = buckets(months, most_columns(width, (row["pool"] for row in rows), number))
    columns = list(dict.fromkeys(map(name, months)))
    most: dict[str, dict[str, float]] = {}
    for row in rows:
        line = most.setdefault(row["pool"], dict.fromkeys(columns, 0.0))
        line[name(row["month"])] = max(line[name(row["month"])], row["held"], row["used_peak"])
    body = [
        (pool, *(words.count(line[column]) if line[column] else "-" for column in columns))
        for pool, line in most.items()
    ]
    totals = [("accelerators in all", *_total(rows, name, columns))]
    if any(row.get("let") for row in rows):
        totals.append(("of them let to others", *_let(rows, name, columns)))
    headers = ["pool", *(f">{column}" for column in columns)]
    note = (
        "usable accelerators held (or used, where nothing is signed; requests/s of token services), "
        "the most in any month"
    )
    return section("Capacity", table(headers, [*body, *totals], totals=len(totals)), note)


def _total(rows: list[Document], name: Callable[[str], str], columns: list[str]) -> list[str]:
    """The largest month of each stretch, over all pools of accelerators."""
    inside = [row for row in rows if row["accelerator"] is not None]
    return _most([(row["month"], max(row["held"], row["used_peak"])) for row in inside], name, columns)


def _let(rows: list[Document], name: Callable[[str], str], columns: list[str]) -> list[str]:
    """The month of each stretch in which most is let."""
    return _most([(row["month"], row.get("let", 0.0)) for row in rows], name, columns)


def _most(numbers: list[tuple[str, float]], name: Callable[[str], str], columns: list[str]) -> list[str]:
    """Numbers by month, added up; of each stretch the largest month."""
    by_month: dict[str, float] = {}
    for month, number in numbers:
        by_month[month] = by_month.get(month, 0.0) + number
    found = [max((n for month, n in by_month.items() if name(month) == column), default=0.0) for column in columns]
    return [words.count(number) if number else "-" for number in found]


def cash(document: Document, width: int) -> RenderableType | None:
    """Cash out by year and line, the budget beside it, and what is still owed when the year ends."""
    rows = document["cash"]
    if not rows:
        return None
    name = years((row["month"] for row in rows), most_columns(width, LINES.values(), len("100,000.0")) - 1)
    columns = list(dict.fromkeys(name(month) for month in sorted({row["month"] for row in rows})))
    usd = {line: dict.fromkeys(columns, 0.0) for line in LINES}
    for row in rows:
        usd[row["line"]][name(row["month"])] += row["usd"]
    total = {column: sum(line[column] for line in usd.values()) for column in columns}
    unit = words.usd_unit([*total.values(), *(row["usd"] for row in document["obligations"])])
    body = [_money_row(LINES[line], cells, unit) for line, cells in usd.items() if any(cells.values())]
    last = [
        _money_row("cash out", total, unit),
        *_budget_row(document, columns, unit),
        _owed_row(document, columns, unit),
    ]
    headers = ["", *(f">{column}" for column in columns), ">total"]
    return section(
        f"Cash and obligations ({unit[0]})",
        table(headers, [*body, *last], totals=len(last)),
        "undiscounted, by calendar year of payment, to the end of the last term",
    )


def _money_row(name: str, cells: dict[str, float], unit: tuple[str, float, int]) -> list[str]:
    return [name, *(words.in_unit(usd, unit) for usd in cells.values()), words.in_unit(sum(cells.values()), unit)]


def _budget_row(document: Document, columns: list[str], unit: tuple[str, float, int]) -> list[list[str]]:
    """Budgets by calendar year, where the instance states them."""
    stated = document["instance"]["document"].get("finance", {}).get("budget_usd", {})
    budget = {str(key): usd for key, usd in stated.items()}
    if not any(column in budget for column in columns):
        return []
    cells = [words.in_unit(budget[column], unit) if column in budget else "" for column in columns]
    return [["budget", *cells, ""]]


def _owed_row(document: Document, columns: list[str], unit: tuple[str, float, int]) -> list[str]:
    """What is owed after the last month of each year; nothing is once the table of obligations ends."""
    owed = {row["month"]: row["usd"] for row in document["obligations"]}
    at_end = {column: max((m for m in owed if m[:4] == column), default="") for column in columns}
    cells = [words.in_unit(owed.get(month, 0.0), unit) if column != LATER else "" for column, month in at_end.items()]
    return ["owed at year end", *cells, ""]
