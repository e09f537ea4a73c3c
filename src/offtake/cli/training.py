"""The training runs of a plan: where and when they work, how large, and how far they are."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from rich.console import RenderableType

from offtake.throughput.training import MEASURED_ACCELERATORS

from . import words
from .tables import section, table

Document = dict[str, Any]


def training(document: Document) -> RenderableType | None:
    """One line for each stretch of months in one place and at one size; nothing if nothing trains."""
    price = document["kpis"].get("usd_per_million_tokens_by_workload") or {}
    rows = []
    printed = document.get("training", [])
    for name in dict.fromkeys(row["workload"] for row in printed):
        mine = [row for row in printed if row["workload"] == name]
        for (pool, accelerators), stretch in groupby(mine, key=lambda row: (row["pool"], row["accelerators"])):
            months = list(stretch)
            rows.append(
                (
                    name,
                    pool,
                    months[0]["month"],
                    months[-1]["month"],
                    words.count(accelerators),
                    f"{sum(row['flop'] for row in months):.3g}",
                    words.share(months[-1]["done_share"]),
                    "-" if price.get(name) is None else f"{price[name]:.3f}",
                )
            )
    if not rows:
        return None
    headers = ["run", "on", "from", "to", ">acceler-\nators", ">FLOP", ">done", ">USD/1M"]
    late = dict.fromkeys(workload for workload, *_ in document["decisions"].get("late", []))
    said = f"; late: {', '.join(late)}" if late else ""
    larger = _beyond_measured(document)
    said += f"; on more accelerators than were ever measured: {', '.join(larger)}" if larger else ""
    note = f"FLOP: useful ones, after goodput; done: of all its work; USD/1M: per million tokens learnt from{said}"
    return section("Training", table(headers, rows), note)


def _beyond_measured(document: Document) -> list[str]:
    """Runs without a stated MFU on more accelerators than the largest run that was measured."""
    workloads = document["instance"]["document"]["workloads"]
    larger = [row["workload"] for row in document["training"] if row["accelerators"] > MEASURED_ACCELERATORS]
    written = {name: workloads.get(name) or workloads[name.rpartition(".")[0]] for name in larger}
    return [name for name in written if "mfu" not in written[name]]
