"""What a plan survives, as a section: which losses take every block that is signed, and which leave some to spare."""

from __future__ import annotations

from typing import Any

from rich.console import RenderableType
from rich.text import Text

from . import words
from .tables import facts, section

Document = dict[str, Any]


def contingencies(document: Document) -> RenderableType | None:
    """Nothing without a rule on resilience."""
    rows, rule = document.get("contingencies", []), document["instance"]["document"].get("policy", {}).get("resilience")
    if not rows or rule is None:
        return None
    binding = [row["lost"] for row in rows if row["enforced"]]
    anyway = [row["lost"] for row in rows if not row["enforced"]]
    since = f", from {rule['from']} on" if rule.get("from") else ""
    kept = f"{words.share(rule['keep'])} of {', '.join(rule['workloads'])}{since}"
    lines = [
        ("kept", Text(f"{kept}, whichever {rule['lose_any']} is lost", style="bold")),
        ("binding", f"without {', '.join(binding)}" if binding else "none: every loss leaves a block to spare"),
        *([("survived with more", f"without {', '.join(anyway)}")] if anyway else []),
    ]
    return section("Resilience", facts(lines))
