"""What outlives the horizon: a section of a plan, and the question whether the other rule for it signs the same."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from . import terminal, words
from .tables import section, table

if TYPE_CHECKING:
    from offtake.plan import Plan

Document = dict[str, Any]

NOTE = (
    "months: of service that are left; to pay: undiscounted, net of what comes back; present value: the same, "
    "discounted; worth: of the capacity left, at the salvage fraction of the forward curve, discounted; `?`: not stated"
)


def tails(document: Document) -> RenderableType | None:
    """Nothing if no term outlives the horizon; of several futures only what the other rule would sign."""
    asked, rows = document.get("other_rule"), [] if "futures" in document else document.get("tails", [])
    parts = [_table(rows)] if rows else []
    if asked is not None:
        parts.append(Text(asked["sentence"], style="yellow" if asked["verdict"] == "differently" else ""))
    return section("After the horizon", Group(*parts), NOTE if rows else "") if parts else None


def _table(rows: list[Document]) -> Table:
    unit = words.usd_unit(row["cash_usd"] for row in rows)
    body = [
        (
            Text.assemble((row["offer"], "bold"), f" {row['right']}" if row["right"] else ""),
            row["start"],
            str(row["months"]),
            words.count(row["accelerator_months"]),
            words.in_unit(row["cash_usd"], unit),
            words.in_unit(row["npv_usd"], unit),
            "?" if row["worth_npv_usd"] is None else words.in_unit(row["worth_npv_usd"], unit),
        )
        for row in rows
    ]
    money = [f">to pay\n{unit[0]}", ">present\nvalue", ">worth"]
    return table(["offer", "from", ">months", ">accelerator-\nmonths", *money], body)


def weigh(plan: Plan, saved: Path) -> None:
    """Ask whether the other rule signs the same, where the instance states what that needs; say it, and add it to the
    plan that is saved. An interrupt leaves the plan as it is. Raises CannotWrite."""
    from offtake.study.terminal_rule import other_rule

    try:
        found = other_rule(plan)
    except KeyboardInterrupt:
        terminal.say("interrupted; it is not known whether another charge for what outlives the horizon signs the same")
        return
    if found is None:
        return
    terminal.say(f"{'warning: ' if found.verdict == 'differently' else ''}{found.sentence}")
    try:
        plan.with_other_rule(found.to_document()).save(saved)
    except OSError as error:
        raise terminal.CannotWrite(f"{saved} cannot be written: {error.strerror}") from None
