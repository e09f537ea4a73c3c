"""Spend commitments as a section of a plan: promised, used and not, by interval."""

from __future__ import annotations

from typing import Any

from rich.console import RenderableType
from rich.text import Text

from . import words
from .tables import section, table

Document = dict[str, Any]

NOTE = (
    "used: what counts toward it, at its rates where use is drawn from it; unused: paid all the same, or still to be "
    "spent where it lies beyond the horizon (there only the fees of signed deals are known)"
)


def commitments(document: Document) -> RenderableType | None:
    """What each commitment that is taken promises, and how far it is used; nothing if the instance has none."""
    stated = document["instance"]["document"].get("commitments", {})
    rows = document.get("commitments", [])
    if not stated:
        return None
    refused = [key for key in stated if key not in {row["commitment"] for row in rows}]
    more = f"Not taken: {', '.join(refused)}." if refused else ""
    if not rows:
        return section("Spend commitments", Text(more))
    unit = words.usd_unit(row["committed_usd"] for row in rows)
    body = [
        (
            Text(row["commitment"], style="bold"),
            row["start"],
            str(row["months"]),
            words.in_unit(row["committed_usd"], unit),
            _known(row["used_usd"], unit),
            _known(row["unused_usd"], unit),
            "" if row["in_horizon"] else "beyond the horizon",
        )
        for row in rows
    ]
    headers = ["commitment", "from", ">months", ">promised", ">used", ">unused", ""]
    return section(f"Spend commitments ({unit[0]})", table(headers, body), f"{NOTE}. {more}".strip())


def _known(usd: float | None, unit: tuple[str, float, int]) -> str:
    """A figure, or what stands for one that only the future knows."""
    return "?" if usd is None else words.in_unit(usd, unit)
