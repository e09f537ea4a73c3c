"""What plans decide, side by side: deals matched with each other, spend commitments, ports.

A deal of another size, start or term is one that changed, not one that was dropped and another that was added: deals of
one offer pair up by start and term first, then by start, then in order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .wording import listed, number, plural, usd

Row = dict[str, Any]
Cells = list[Row | None]
"""the deal of each plan, None where it has none"""


def decisions(labels: list[str], documents: list[Row]) -> list[Row]:
    """One row for each deal, commitment taken and port: `decision`, a deal as the plan has it or None under each
    label, and `change` against the first plan: same, added, dropped, or what of size, start and term has changed."""
    rows = []
    for taken in (_deals, _commitments, _ports):
        own = [taken(document) for document in documents]
        for name in dict.fromkeys(row["offer"] for each in own for row in each):
            for cells in _aligned([[row for row in each if row["offer"] == name] for each in own]):
                told = dict(zip(labels, cells, strict=True))
                rows.append({"decision": name, **told, "change": change(told)})
    return rows


def _deals(document: Row) -> list[Row]:
    """The table of deals with the terms as they are stated, and the scenarios of those that not all futures sign."""
    stated, scenarios = document["instance"]["document"], len(document.get("futures", {}))
    keys = ("offer", "right", "start", "signing", "months", "term", "blocks", "accelerators", "cash_usd", "npv_usd")
    rows = []
    for deal in document["deals"]:
        terms = [] if deal.get("right") else stated.get("offers", {}).get(deal["offer"], {}).get("terms", [])
        only = deal.get("scenarios", []) if len(deal.get("scenarios", [])) < scenarios else []
        rows.append({**{key: deal.get(key) for key in keys}, "apart": _apart(terms, deal["term"]), "only_in": only})
    return rows


def _apart(terms: list[Row], chosen: int) -> Row:
    """What a term states otherwise than the other terms of its offer that are as long; empty if it is alone."""
    if chosen >= len(terms):
        return {}
    own = terms[chosen]
    others = [term for k, term in enumerate(terms) if k != chosen and term["months"] == own["months"]]
    keys = dict.fromkeys(key for term in [own, *others] for key in term)
    return {key: own.get(key) for key in keys if any(term.get(key) != own.get(key) for term in others)}


def _commitments(document: Row) -> list[Row]:
    """Spend commitments that are taken: from when, for how long, and how much is promised in all."""
    parts = {(row["commitment"], row["start"], row["months"]): row for row in document.get("commitments", [])}
    rows: dict[str, Row] = {}
    for (name, start, months), part in parts.items():
        row = rows.setdefault(name, {"offer": name, "start": start, "months": 0, "committed_usd": 0.0})
        row["months"] += months
        row["committed_usd"] += part["committed_usd"]
    return list(rows.values())


def _ports(document: Row) -> list[Row]:
    """Ports that are made, by model and family."""
    made = {(row["model"], row["family"], row["start"], row["ready"]): row for row in document.get("ports", [])}
    return [
        {"offer": f"port of {model} to {family}", "start": start, "ready": ready}
        for model, family, start, ready in made
    ]


def _aligned(taken: list[list[Row]]) -> list[Cells]:
    """What several plans take of one offer, one row for each deal."""
    rows: list[Cells] = [[deal] for deal in taken[0]]
    for column, deals in enumerate(taken[1:], start=1):
        pairs = _pairs(rows, deals)
        rows = [[*row, deals[pairs[k]] if k in pairs else None] for k, row in enumerate(rows)]
        rows += [[None] * column + [deal] for k, deal in enumerate(deals) if k not in pairs.values()]
    return rows


def _pairs(rows: list[Cells], deals: list[Row]) -> dict[int, int]:
    """Row -> deal."""
    found: dict[int, int] = {}
    for alike in _ALIKE:
        for k, row in enumerate(rows):
            free = (d for d in range(len(deals)) if d not in found.values())
            match = next((d for d in free if any(cell and alike(cell) == alike(deals[d]) for cell in row)), None)
            if k not in found and match is not None:
                found[k] = match
    return found


_ALIKE: tuple[Callable[[Row], Any], ...] = (
    lambda deal: [deal.get(key) for key in ("right", "start", "signing", "months", "term")],
    lambda deal: [deal.get(key) for key in ("right", "start")],
    lambda deal: deal.get("right"),
)
"""the closest first"""

CHANGES = {
    "size": ("blocks", "committed_usd"),
    "start": ("start", "signing", "ready"),
    "term": ("months", "term", "right"),
    "scenarios": ("only_in",),
}
"""what may change of a deal, and the columns that say so"""


def change(told: Row) -> str:
    """Against the first plan; of several others, what each has changed if that is not the same."""
    (_, first), *others = told.items()
    kinds = {label: _kind(first, other) for label, other in others}
    alike = set(kinds.values())
    return alike.pop() if len(alike) == 1 else "; ".join(f"{kind} in {label}" for label, kind in kinds.items())


def _kind(first: Row | None, other: Row | None) -> str:
    if first is None or other is None:
        return "dropped" if first else "added" if other else "absent"
    parts = [name for name, keys in CHANGES.items() if any(first.get(key) != other.get(key) for key in keys)]
    return f"changed: {listed(parts)}" if parts else "same"


def words(deal: Row | None) -> str:
    """A deal in a few words: its size, term and start; empty for none.

    >>> words({"blocks": 2, "months": 36, "start": "2026-10", "signing": "2026-08", "right": "", "term": 1})
    '2 blocks, 36 months from 2026-10'
    """
    if deal is None:
        return ""
    if "ready" in deal:
        return f"from {deal['start']}, ready in {deal['ready']}"
    term = f"{plural(deal['months'], 'month')} from {deal['start']}"
    if "committed_usd" in deal:
        return f"{usd(deal['committed_usd'])}, {term}"
    stated = ", ".join(f"{key} {_stated(value)}" for key, value in deal.get("apart", {}).items())
    right = {"": "", "break": "break of "}.get(deal["right"] or "", f"{deal['right']} of ")
    when = term if deal["months"] else f"signed in {deal['signing']}"
    only = f", only in {listed(deal['only_in'])}" if deal.get("only_in") else ""
    return f"{right}{plural(deal['blocks'], 'block')}, {when}{f' ({stated})' if stated else ''}{only}"


def _stated(value: Any) -> str:
    if value is None:
        return "not stated"
    if isinstance(value, dict | list):
        return "otherwise"
    return number(value) if isinstance(value, float) else str(value)
