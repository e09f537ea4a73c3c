"""`offtake compare`: plans side by side."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Group

from . import exits, files, options, terminal, words

if TYPE_CHECKING:
    from rich.console import RenderableType

    from offtake.instance import Instance
    from offtake.plan import Plan
    from offtake.study.compare import Comparison

Row = dict[str, Any]

INPUTS_SHOWN = 12


@click.command("compare")
@click.argument("paths", metavar="A B...", nargs=-1, required=True, type=options.PLAN)
@click.option(
    "--world", type=options.PLAN, metavar="W", help="Hold what is signed, and decide the rest in the instance of W."
)
@options.gap_option
@options.time_limit_option
@click.option("--force", is_flag=True, help="Exit with 0 even if the plans answer different questions.")
@terminal.json_option
@terminal.debug_option
@click.pass_context
def command(
    ctx: click.Context, paths: tuple[Path, ...], world: Path | None, force: bool, as_json: bool, **limits: Any
) -> None:
    """Plans side by side: inputs, deals, money, service, risk.

    All are compared with the first one. Each of A, B and W is a plan or an instance (.yaml), which is solved on the
    way. Exits with 3 if the plans answer different questions. With --world one plan is enough: what would it cost in
    that world, and how far is that from the best there?
    """
    if len(paths) + (world is not None) < 2:
        raise click.UsageError("compare needs two plans or more, or one plan and --world.")
    from offtake.study.compare import compare

    from .progress import watch

    every = [*paths, *([] if world is None else [world])]
    given = [_read(ctx, path) for path in every]
    plans = [_plan(each, path, limits) for each, path in zip(given, every, strict=True)]
    with watch() as listener:
        there = None if world is None else plans.pop()
        found = compare(*plans, labels=labels(every), world=there, progress=listener, **limits)
    if as_json:
        terminal.show_json(found.to_document())
    else:
        terminal.show(*page(found))
    if not found.comparable and not force:
        terminal.say("These plans answer different questions; `--force` compares them all the same.")
        ctx.exit(exits.INVALID_INPUT)
    _next(every)


def _read(ctx: click.Context, path: Path) -> Plan | Instance:
    """What a file holds: all of them are read before the first is solved."""
    from offtake import plan

    from .problems import load

    return load(ctx, path) if files.is_instance(path) else plan.load(path)


def _plan(given: Plan | Instance, path: Path, limits: dict[str, Any]) -> Plan:
    """Of an instance its best plan."""
    from offtake import engine
    from offtake.plan import Plan

    from .progress import watch

    if isinstance(given, Plan):
        return given
    terminal.say(f"solving {path}")
    with watch() as listener:
        return engine.solve(given, progress=listener, **limits)


def _next(paths: list[Path]) -> None:
    """An instance has no page to show; what its offers are worth is the next question."""
    terminal.next_step("breakeven" if files.is_instance(paths[-1]) else "show", str(paths[-1]))


def labels(paths: list[Path]) -> list[str]:
    """File names without their endings, of runs their ids; with the endings, or the whole paths, where that does not
    tell them apart."""
    from offtake.study.compare import fit_as_labels

    named = [path.parent if path.name == "plan.json" else path for path in paths]
    short = [re.sub(r"(\.plan)?\.(json|yaml|yml)$", "", path.name) for path in named]
    ways = [short, [path.name for path in paths], [str(path) for path in paths]]
    numbered = [f"{name} ({k})" for k, name in enumerate(short, start=1)]
    return next((names for names in ways if fit_as_labels(names)), numbered)


def page(found: Comparison) -> list[Any]:
    """What was asked, what is decided, then money and what follows from it; sections that say nothing are left out."""
    from .tables import section, table

    names = found.labels
    numbers = [f">{name}" for name in names]
    changed = _decisions(found)
    served = [f">{name}\nserved" for name in names] + [f">{name}\ntokens/USD" for name in names]
    sections = [
        ("Inputs", _inputs(found), _hidden(found)),
        ("Decisions", table(["", *names, "change"], changed) if changed else "Nothing differs.", _alike(found)),
        ("Money", "\n".join(found.money), ""),
        _dollars("Cost", "discounted", "line", found.cost_rows, names, totals=2),
        _dollars("Cash", "undiscounted, to the last payment", "fiscal year", _by_year(found), names),
        _dollars("Obligations", "undiscounted, still owed", "end of", found.obligation_rows, names),
        ("Service", table(["workload", *served], _service(found)), "tokens/USD: served for a discounted dollar"),
        ("Risk", table(["", *names], _figures(found.risk_rows, "figure", names)), ""),
        ("Spend by provider", table(["provider", *numbers], _shares(found)), "of what is paid inside the horizon"),
        ("Key figures", table(["", *names], _figures(found.kpi_rows, "kpi", names)), ""),
    ]
    return [section(*parts) for parts in sections if parts is not None]


def _inputs(found: Comparison) -> RenderableType:
    """What was asked differently."""
    from .tables import table

    if not found.input_rows:
        return "The same."
    rows = [(row["key"], *(_stated(row[name]) for name in found.labels)) for row in found.input_rows[:INPUTS_SHOWN]]
    return Group(*found.questions, table(["key", *found.labels], rows))


def _hidden(found: Comparison) -> str:
    """How many keys are not shown, and in whose world the rest of the page is."""
    more = len(found.input_rows) - INPUTS_SHOWN
    said = [f"and {words.plural(more, 'more key')}"] if more > 0 else []
    if found.world is not None:
        said.append(f"from here on all in the world of {found.world}: signings are held, the rest is decided anew")
    return "; ".join(said)


def _stated(value: Any) -> str:
    """A value of an instance; a dash for a key that is not stated."""
    from offtake.study.wording import number

    if value is None:
        return "-"
    if isinstance(value, dict | list):
        return words.plural(len(value), "entry").replace("entrys", "entries")
    return number(value) if isinstance(value, float) else str(value)


def _decisions(found: Comparison) -> list[tuple[str, ...]]:
    """Those that differ."""
    from offtake.study.decisions import words as in_words

    return [
        (row["decision"], *(in_words(row[name]) or "-" for name in found.labels), row["change"])
        for row in found.deal_rows
        if row["change"] != "same"
    ]


def _alike(found: Comparison) -> str:
    count = sum(row["change"] == "same" for row in found.deal_rows)
    return f"the same in all: {words.plural(count, 'decision')}" if count else ""


def _dollars(
    title: str, which: str, of: str, rows: list[Row], names: list[str], totals: int = 0
) -> tuple[str, RenderableType] | None:
    """A table of dollars in one unit; None if it has no rows."""
    from .tables import table

    if not rows:
        return None
    unit = words.usd_unit(row[name] for row in rows for name in names)
    first = of.replace(" ", "_")
    cells = [(row[first].replace("_", " "), *(words.in_unit(row[name], unit) for name in names)) for row in rows]
    return f"{title} ({unit[0]}, {which})", table([of, *(f">{name}" for name in names)], cells, totals)


def _by_year(found: Comparison) -> list[Row]:
    """All lines of a fiscal year together."""
    years: dict[str, Row] = {}
    for row in found.cash_rows:
        year = years.setdefault(
            row["fiscal_year"], {"fiscal_year": row["fiscal_year"], **dict.fromkeys(found.labels, 0.0)}
        )
        for name in found.labels:
            year[name] += row[name]
    return list(years.values())


def _service(found: Comparison) -> list[tuple[str, ...]]:
    """What is served, and what throughput a dollar buys."""
    bought = {row["workload"]: row for row in found.throughput_rows}
    served = {row["workload"]: row for row in found.service_rows}
    return [
        (
            workload,
            *(words.share(served.get(workload, {}).get(name)) for name in found.labels),
            *(_tokens(bought.get(workload, {}).get(name)) for name in found.labels),
        )
        for workload in {**served, **bought}
    ]


def _tokens(count: float | None) -> str:
    return "-" if count is None else f"{count:,.0f}"


def _shares(found: Comparison) -> list[tuple[str, ...]]:
    return [(row["provider"], *(words.share(row[name]) for name in found.labels)) for row in found.provider_rows]


def _figures(rows: list[Row], key: str, names: list[str]) -> list[list[str]]:
    """Key figures; what only says when or who joins the figure before it."""
    from offtake.plan.kpis import KPI_DEFINITIONS, in_unit

    cells: list[list[str]] = []
    for row in rows:
        values = [in_unit(row[name], row["unit"]) for name in names]
        if row["unit"] in ("month", "name") and cells:
            cells[-1][1:] = [
                f"{figure}, {value}" if value != "-" else figure
                for figure, value in zip(cells[-1][1:], values, strict=True)
            ]
        elif not row[key].endswith("_by_workload"):
            title = KPI_DEFINITIONS[row[key]].title if key == "kpi" else row[key]
            cells.append([title, *values])
    return cells
