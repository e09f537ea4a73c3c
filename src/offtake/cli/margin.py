"""What the requests served bring and what is left of it, as a section of a plan."""

from __future__ import annotations

from typing import Any

from rich.console import RenderableType

from . import words
from .tables import section, table

Document = dict[str, Any]

NOTE = (
    "present values; margin: what is left of the value after compute, over the value; in all: after the compute of "
    "workloads without a value too, and of hours in which nothing is at work"
)
IN_FORCE = (
    ", contracts in force included; to decide: margin of what is still to be decided, contracts in force being sunk"
)


def margin(document: Document) -> RenderableType | None:
    """One row for each workload that states a value, and all together; nothing if none does. Beside contracts in force
    also the margins of what is still to be decided."""
    kpis = document["kpis"]
    value = kpis.get("value_usd_by_workload")
    if not value:
        return None
    apart = kpis.get("decided_margin") is not None
    kinds = ["effective_margin", "decided_margin"] if apart else ["effective_margin"]
    by_kind = [kpis.get(f"{kind}_by_workload") or {} for kind in kinds]
    rows = [(name, words.usd(usd), *(words.share(left.get(name)) for left in by_kind)) for name, usd in value.items()]
    total = ("in all", words.usd(kpis["value_usd"]), *(words.share(kpis[kind]) for kind in kinds))
    headers = ["workload", ">value", ">margin", ">to decide"][: 2 + len(kinds)]
    return section("Value and margin", table(headers, [*rows, total], 1), NOTE + (IN_FORCE if apart else ""))
