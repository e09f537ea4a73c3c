"""What a plan leaves unserved, as a section of its page: what, when, and at what price."""

from __future__ import annotations

from typing import Any

from rich.console import RenderableType

from . import words
from .tables import section, table

Document = dict[str, Any]

NOTE = (
    "lowest price first: penalty and value forgone of one request; requests and USD of the whole horizon, "
    "undiscounted. Where capacity is short, what saves least per accelerator-hour goes first"
)


def shed(document: Document) -> RenderableType | None:
    """One row for each workload that is not served in full; nothing if all are."""
    rows = document.get("shed", [])
    if not rows:
        return None
    names = dict.fromkeys(row["workload"] for row in sorted(rows, key=lambda row: row["usd_per_request"]))
    unit = words.usd_unit(row["usd"] for row in rows)
    body = [_row([row for row in rows if row["workload"] == name], unit) for name in names]
    headers = ["workload", ">USD/request", ">from", ">to", ">million requests", f">{unit[0]}"]
    return section("Left unserved", table(headers, body), NOTE)


def _row(months: list[Document], unit: tuple[str, float, int]) -> tuple[str, ...]:
    first, prices = months[0], [row["usd_per_request"] for row in months]
    ends = dict.fromkeys(f"{price:.6g}" for price in (min(prices), max(prices)))
    return (
        first["workload"],
        " to ".join(ends),
        first["month"],
        months[-1]["month"],
        f"{sum(row['requests'] for row in months) / 1e6:,.4g}",
        words.in_unit(sum(row["usd"] for row in months), unit),
    )
