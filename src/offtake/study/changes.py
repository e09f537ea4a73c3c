"""What one plan decides otherwise than another, in sentences' parts."""

from __future__ import annotations

from .decisions import decisions, words
from .signings import Row


def changes(plan: Row, other: Row) -> list[str]:
    """Deals, commitments and ports of the other plan document that are not those of the first: `lease dropped`."""
    rows = decisions(["plan", "other"], [plan, other])
    said = (_said(row["decision"], row["change"], row["plan"], row["other"]) for row in rows)
    return list(dict.fromkeys(part for part in said if part))


def _said(name: str, change: str, before: Row | None, now: Row | None) -> str:
    if change in ("same", "absent"):
        return ""
    if before is None or now is None:
        return f"{name} dropped" if now is None else f"{name} added: {words(now)}"
    if change == "changed: size" and "blocks" in now:
        return f"{name}: {now['blocks']} block{'' if now['blocks'] == 1 else 's'}, not {before['blocks']}"
    return f"{name}: {words(now)}, not {words(before)}"
