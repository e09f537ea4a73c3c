"""The rollouts of a plan: where they are generated, and how many."""

from __future__ import annotations

from typing import Any

from rich.console import RenderableType

from . import words
from .tables import section, table

Document = dict[str, Any]


def rollouts(document: Document) -> RenderableType | None:
    """One line for each pool that generates rollouts; nothing if none does."""
    price = document["kpis"].get("usd_per_million_tokens_by_workload") or {}
    found: dict[tuple[str, str], list[Document]] = {}
    for row in document.get("rollouts", []):
        found.setdefault((row["workload"], row["pool"]), []).append(row)
    if not found:
        return None
    rows = [
        (
            name,
            pool,
            months[0]["month"],
            months[-1]["month"],
            words.count(max(row["accelerators"] for row in months)),
            f"{sum(row['rollouts'] for row in months):.4g}",
            f"{sum(row['tokens'] for row in months):.4g}",
            "-" if price.get(name) is None else f"{price[name]:.3f}",
        )
        for (name, pool), months in found.items()
    ]
    headers = ["rollouts", "on", "from", "to", ">most acceler-\nators", ">rollouts", ">tokens", ">USD/1M"]
    return section("Rollouts", table(headers, rows), "accelerators: at work on average; tokens: prompts and answers")
