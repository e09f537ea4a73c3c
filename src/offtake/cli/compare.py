"""`offtake compare`: plans side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import exits, options, terminal

if TYPE_CHECKING:
    from offtake.plan import Plan
    from offtake.study.compare import Comparison

INSTANCE_SUFFIXES = (".yaml", ".yml")


@click.command("compare")
@click.argument("paths", metavar="A B...", nargs=-1, required=True, type=options.PATH)
@options.gap_option
@options.time_limit_option
@click.option("--force", is_flag=True, help="Exit with 0 even if the plans answer different questions.")
@terminal.json_option
@terminal.debug_option
@click.pass_context
def command(ctx: click.Context, paths: tuple[Path, ...], force: bool, as_json: bool, **limits: Any) -> None:
    """Plans side by side: deals, cost, service.

    All are compared with the first one. Instances (.yaml) are solved on the way. Exits with 3 if the plans answer
    different questions.
    """
    if len(paths) < 2:
        raise click.UsageError("compare needs two plans or more.")
    from offtake.study.compare import compare

    plans = [plan_of(ctx, path, limits) for path in paths]
    comparison = compare(*plans, labels=labels(paths))
    if as_json:
        terminal.show_json(comparison.to_document())
    else:
        terminal.show(*page(comparison))
    if not comparison.comparable and not force:
        terminal.say("These plans answer different questions; `--force` compares them all the same.")
        ctx.exit(exits.INVALID_INPUT)
    terminal.next_step("show", str(paths[-1]))


def plan_of(ctx: click.Context, path: Path, limits: dict[str, Any]) -> Plan:
    """The plan in a file, or the best plan of the instance in it."""
    from offtake import engine, plan

    from .problems import load
    from .progress import watch

    if path.suffix not in INSTANCE_SUFFIXES:
        return plan.load(path)
    instance = load(ctx, path)
    terminal.say(f"solving {path}")
    with watch() as listener:
        return engine.solve(instance, progress=listener, **limits)


def labels(paths: tuple[Path, ...]) -> list[str]:
    """File names, shortened where they still differ."""
    names = [path.name.removesuffix(".json").removesuffix(".plan") for path in paths]
    if len(set(names)) == len(names):
        return names
    whole = [str(path) for path in paths]
    return whole if len(set(whole)) == len(whole) else [f"{name} ({k})" for k, name in enumerate(whole, start=1)]


def page(comparison: Comparison) -> list[Any]:
    """What differs in words, then the tables."""
    from offtake.plan.kpis import KPI_DEFINITIONS, shown

    from . import words
    from .tables import section, table

    names = comparison.labels
    numbers = [f">{name}" for name in names]
    unit = words.usd_unit([row[name] for row in comparison.cost_rows for name in names])
    cost = [
        (row["line"].replace("_", " "), *(words.in_unit(row[name], unit) for name in names))
        for row in comparison.cost_rows
    ]
    deals = [(row["offer"], *(row[name] or "-" for name in names), row["change"]) for row in comparison.deal_rows]
    service = [(row["workload"], *(words.share(row[name]) for name in names)) for row in comparison.service_rows]
    figures = [
        (KPI_DEFINITIONS[row["kpi"]].title, *(shown(row["kpi"], {row["kpi"]: row[name]}) for name in names))
        for row in comparison.kpi_rows
        if not row["kpi"].endswith("_by_workload")
    ]
    return [
        section("What differs", "\n".join(comparison.differences) or "Nothing."),
        section("Deals", table(["offer", *names, "change"], deals)),
        section(f"Cost ({unit[0]}, discounted)", table(["line", *numbers], cost, totals=2)),
        section("Requests served", table(["workload", *numbers], service)),
        section("Key figures", table(["", *names], figures)),
    ]
