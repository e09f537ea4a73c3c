"""`offtake explain`: why the best plan is what it is, and where there is none, why not and what would mend it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import exits, explain_pages, files, options, studies, terminal, words

if TYPE_CHECKING:
    from offtake.instance import Instance
    from offtake.plan import Plan

Row = dict[str, Any]


SWING = options.Number(0.0, 0.99, above=True, help=" A swing is a share: 0.2 is twenty percent.")


@click.command("explain")
@click.argument("path", metavar="INSTANCE|PLAN", type=options.PLAN)
@options.set_option
@click.option("--offer", metavar="OFFER", help="One page about an offer: sign, wait, or counter at which price.")
@click.option("--assumptions", is_flag=True, help="What is assumed, and at whose other values a signing flips.")
@click.option("--swing", type=SWING, default=0.2, show_default=True, help="With --assumptions: lower and higher by.")
@studies.jobs_option
@studies.gap_option(1e-3)
@click.option("--time-limit", "time_limit_s", type=options.SECONDS, metavar="SECONDS", help="Of each solve.")
@terminal.json_option
@terminal.debug_option
@click.pass_context
def command(
    ctx: click.Context,
    path: Path,
    settings: tuple[str, ...],
    offer: str | None,
    assumptions: bool,
    swing: float,
    jobs: int,
    as_json: bool,
    **limits: Any,
) -> None:
    """Why this plan: what rules cost, why each offer is in it or not, what would take its place.

    Of an instance the best plan, of a plan what it signs. Where there is no plan: which numbers do not add up, which
    rules clash, and the least that has to give; the exit status is then 11. With --offer or --assumptions a page of its
    own instead; --jobs is for the assumptions.
    """
    from offtake.study.explain import explain
    from offtake.study.explain_assumptions import explain_assumptions
    from offtake.study.explain_offer import explain_offer

    if offer is not None and assumptions:
        raise click.UsageError("--offer and --assumptions are two pages; ask for one.")
    question = read(ctx, path, settings)
    if offer is not None:
        _known(question, offer)
        found, pages = explain_offer(question, offer, progress=terminal.say, **limits), explain_pages.offer
    elif assumptions:
        found = explain_assumptions(question, swing, progress=terminal.say, jobs=jobs, **limits)
        pages = explain_pages.assumptions
    else:
        found, pages = explain(question, progress=terminal.say, **limits), page
    _show(ctx, path, found.to_document(), pages, as_json)


def _known(question: Instance | Plan, offer: str) -> None:
    """Raises click.BadParameter for an offer that there is not."""
    offers = getattr(question, "instance", question).offers
    if offer not in offers:
        raise click.BadParameter(f"{offer!r} is none of the offers: {', '.join(offers)}.", param_hint="--offer")


def _show(ctx: click.Context, path: Path, found: Row, pages: Callable[[Row], list[Any]], as_json: bool) -> None:
    if as_json:
        terminal.show_json(found)
    else:
        terminal.show(*pages(found))
    feasible = found.get("feasible", True)
    after = "check" if not feasible else "breakeven" if files.is_instance(path) else "show"
    terminal.next_step(after, str(path))
    if not found.get("complete", True):
        ctx.exit(exits.INTERRUPTED)
    ctx.exit(exits.DONE if feasible else exits.INFEASIBLE)


def read(ctx: click.Context, path: Path, settings: tuple[str, ...]) -> Instance | Plan:
    """The instance or the plan in a file. Raises click.BadParameter for settings of a plan."""
    from offtake import plan

    from .problems import load

    if files.is_instance(path):
        return load(ctx, path, settings)
    if settings:
        raise click.BadParameter("a plan holds its instance as it was solved; name the instance.", param_hint="--set")
    return plan.load(path)


def page(found: Row) -> list[Any]:
    return _feasible(found) if found["feasible"] else _infeasible(found)


def _infeasible(found: Row) -> list[Any]:
    from .tables import section

    alone = (
        "It clashes whatever else is given up."
        if len(found["clash"]) == 1
        else "Leave any one of them out, and the others can hold."
    )
    notes = [alone]
    if found["whole_blocks_alone"]:
        notes.append("In fractions of blocks they could all hold: that blocks are whole is what forbids it.")
    if found["unproven"]:
        notes.append("Time ran out on some rules, so a smaller set may clash.")
    parts = [
        ("Numbers that do not add up", found["shortages"], ""),
        ("Rules that cannot all hold", found["clash"], " ".join(notes)),
        ("Any one of these would do", [row["sentence"] for row in found["repairs"]], "each was solved again"),
    ]
    return [section(title, _list(said), note) for title, said, note in parts if said]


def _list(said: list[str]) -> Any:
    from .tables import facts

    return facts(("-", sentence) for sentence in said)


def _feasible(found: Row) -> list[Any]:
    from .tables import facts, section, table

    taken = [row for row in found["offers"] if row["taken"]]
    left = [row for row in found["offers"] if not row["taken"]]
    binding = [row["sentence"] for row in found["rules"]]
    cells = [(row["offer"], _span(row), row["instead"] or "-") for row in taken]
    why_not = [(row["offer"], row["kind"] or "-", _usd(row["dearer_usd"]), row["reason"]) for row in left]
    sections = [
        section("Rules and demand", _list(binding), NOTE) if binding else None,
        section("Without an offer", table(["offer", ">would cost\nmore", "what takes its place"], cells), COSTS)
        if taken
        else None,
        section("Why not", table(["offer", "", ">dearer by", "in words"], why_not), DEARER) if left else None,
        section("Why", facts((row["offer"], row["reason"]) for row in taken)) if taken else None,
    ]
    return [part for part in sections if part is not None]


NOTE = "each figure is a difference of two solves with everything free to change; no price of a linear program"
COSTS = "the best plan without it, against the best plan; `-`: not solved, or no plan is possible"
DEARER = "what a deal of it costs more beside the plan than the use that it replaces; `offtake breakeven` has its price"


def _span(row: Row) -> str:
    if row["usd_high"] is None:
        return "-" if not row["usd_low"] else f"at least {words.usd(row['usd_low'])}"
    return explain_pages.span(row["usd_low"], row["usd_high"])


def _usd(value: float | None) -> str:
    return "-" if value is None else words.usd(value)
