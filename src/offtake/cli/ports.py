"""Ports of models as a section of a plan: which are made, when, and what they cost."""

from __future__ import annotations

from typing import Any

from rich.console import RenderableType
from rich.text import Text

from . import words
from .tables import section, table

Document = dict[str, Any]

NOTE = "done in: from that month on the family may run the model"


def ports(document: Document) -> RenderableType | None:
    """Nothing if the instance has no port to make."""
    stated = document["instance"]["document"].get("ports", {})
    asked = [(model, family) for model, to in stated.items() for family, port in to.items() if not port.get("done")]
    rows = document.get("ports", [])
    if not asked:
        return None
    made = {(row["model"], row["family"]) for row in rows}
    left = [f"{model} to {family}" for model, family in asked if (model, family) not in made]
    more = f"Not made: {', '.join(left)}." if left else ""
    if not rows:
        return section("Ports", Text(more))
    body = [
        (Text(row["model"], style="bold"), row["family"], row["start"], row["ready"], words.usd(row["usd"]))
        for row in rows
    ]
    headers = ["model", "to", "begins in", "done in", ">cost"]
    return section("Ports", table(headers, body), f"{NOTE}. {more}".strip())
