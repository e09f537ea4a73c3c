"""A plan for several futures as text: what is common to all of them, and what each comes to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType

from . import words
from .tables import section, table

Document = dict[str, Any]


def scenarios(document: Document) -> RenderableType:
    """One row for each future: what happens in it, how likely it is, what it costs and how it is served."""
    stated = document["instance"]["document"]["uncertainty"]["scenarios"]
    rows = [
        (
            name,
            words.share(own["probability"]),
            words.usd(own["objective_usd"]),
            words.share(own["kpis"].get("share_served")),
            words.usd(own["kpis"].get("peak_obligations_usd") or 0.0),
            "; ".join(effects(stated[name])) or "as stated",
        )
        for name, own in document["futures"].items()
    ]
    risk = document.get("risk")
    mean = document["objective_usd"] if risk is None else risk["expected_cost_usd"]
    together = [("expected", "", words.usd(mean), "", "", "")]
    if risk is not None:
        dearest = f"dearest {words.share(1 - risk['cvar_level'])}"
        together.append((dearest, "", words.usd(risk["cvar_usd"]), "", "", "counted besides, in the objective"))
    headers = ["scenario", ">probability", ">cost", ">served", ">most owed", "what is different"]
    return section(
        "Scenarios",
        table(headers, [*rows, *together], len(together)),
        "`offtake show PLAN --scenario NAME` prints the plan of one of them",
    )


def effects(scenario: Document) -> Iterator[str]:
    """What a scenario changes, in words."""
    for kind, said in (("demand", "demand of {}"), ("price", "prices of {}"), ("forward", "forward curve of {}")):
        for key, value in scenario.get(kind, {}).items():
            yield f"{said.format(key)} {_values(value, 'x {:,.4g}')}"
    for key, value in scenario.get("delay_months", {}).items():
        yield f"{key} late by {_values(value, '{:,.0f} months')}"
    for key, month in scenario.get("lose", {}).items():
        yield f"{key} fails in {month}"
    for key, month in scenario.get("recall", {}).items():
        yield f"the seller leaves {key}, notice in {month}"


def _values(value: float | Document, form: str) -> str:
    if not isinstance(value, dict):
        return form.format(value)
    return ", ".join(f"{form.format(each)} from {month}" for month, each in value.items())


def only_in(document: Document, deal: Document) -> str:
    """In which scenarios a deal is signed, where not in all."""
    names = deal.get("scenarios", [])
    if not names or len(names) == len(document["futures"]):
        return ""
    return f"only in {' and '.join(names)}"
