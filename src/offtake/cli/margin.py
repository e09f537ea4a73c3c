"""What the requests served bring and what is left of it, as a section of a plan."""

from __future__ import annotations

from typing import Any

from rich.console import RenderableType

from . import words
from .tables import section, table

Document = dict[str, Any]

NOTE = (
    "margin: what is left of the value after compute, over the value; in all: after the compute of workloads without a "
    "value too, and of hours in which nothing is at work"
)


def margin(document: Document) -> RenderableType | None:
    """One row for each workload that states a value, and all together; nothing if none does."""
    kpis = document["kpis"]
    value, left = kpis.get("value_usd_by_workload"), kpis.get("effective_margin_by_workload") or {}
    if not value:
        return None
    rows = [(name, words.usd(usd), words.share(left.get(name))) for name, usd in value.items()]
    total = ("in all", words.usd(kpis["value_usd"]), words.share(kpis["effective_margin"]))
    return section("Value and margin", table(["workload", ">value", ">margin"], [*rows, total], 1), NOTE)
