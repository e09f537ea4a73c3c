"""`offtake sensitivity`: what moves the cost, and what changes the decision."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import exits, options, studies, terminal, words

if TYPE_CHECKING:
    from offtake.study.sensitivity import Sensitivity, World


@click.command("sensitivity")
@options.instance_argument
@click.option(
    "--swing",
    "swings",
    multiple=True,
    metavar="NAME=SIZE",
    help="How far something swings, or one more thing that does: demand=0.3, price:OFFER=0.1; may be repeated.",
)
@click.option("--grid", metavar="NAME,NAME", help="Two of them at once, five values each.")
@options.set_option
@studies.gap_option(1e-3)
@options.time_limit_option
@studies.jobs_option
@terminal.json_option
@terminal.debug_option
@click.pass_context
def command(
    ctx: click.Context,
    instance_path: Path,
    swings: tuple[str, ...],
    grid: str | None,
    settings: tuple[str, ...],
    as_json: bool,
    **asked: Any,
) -> None:
    """What moves the cost, and what changes the decision.

    Prices, demand and throughput 20 % down and up, delivery two months late, the discount rate two points down and up,
    one at a time: what the best plan costs then, whether today's signings still stand, and what they would cost too
    much. NAME is price, demand, throughput, delivery or discount, or one of them for less than all: price:OFFER,
    price:PROVIDER, demand:WORKLOAD, throughput:ACCELERATOR, delivery:OFFER. Ctrl-C keeps what is done.
    """
    from offtake.study.sensitivity import sensitivity

    from .problems import load

    instance = load(ctx, instance_path, settings)
    sizes = dict(_size(swing) for swing in swings)
    found = studies.run(sensitivity, instance, swing=sizes, grid=_pair(grid), **asked)
    if as_json:
        terminal.show_json(found.to_document())
    else:
        terminal.show(*page(found))
    terminal.next_step("breakeven", str(instance_path))
    if found.interrupted:
        ctx.exit(exits.INTERRUPTED)


def _size(swing: str) -> tuple[str, float]:
    name, _, size = swing.rpartition("=")
    try:
        return name, float(size)
    except ValueError:
        raise click.BadParameter(f"{swing!r} is no name and number, as in demand=0.3.", param_hint="--swing") from None


def _pair(grid: str | None) -> tuple[str, str] | None:
    names = [] if grid is None else [name.strip() for name in grid.split(",")]
    if len(names) not in (0, 2):
        raise click.BadParameter(f"{grid!r} is not two names, as in price:lease,demand.", param_hint="--grid")
    return (names[0], names[1]) if names else None


def page(found: Sensitivity) -> list[Any]:
    from .tables import facts, section

    parts = _grid(found) if found.grid else [_tornado(found)]
    if found.best.status != "optimal":
        said = "The time limit was hit before today's plan was proven: what flips may not be the best today either."
        parts.append(section("Take care", said))
    changed = [(world.words, "; ".join(world.changed)) for world in found.worlds if world.changed]
    if changed and not found.grid:
        parts.append(section("What is decided otherwise", facts(changed)))
    if found.refused:
        parts.append(section("Not tried", "\n".join(found.refused)))
    return parts


def _tornado(found: Sensitivity) -> Any:
    from .tables import section, table

    order = {name: rank for rank, name in enumerate(found.tornado)}
    rows = [
        (
            world.words,
            _between(world.bound_usd, world.cost_usd),
            _more(world, found.best.objective_usd),
            world.verdict,
            _regret(world),
        )
        for world in sorted(found.worlds, key=lambda world: order[world.at[0][0]])
    ]
    headers = ["if", ">best cost", ">against\ntoday", "today's\nsignings", ">which cost\ntoo much"]
    return section(
        f"What moves the cost of {words.usd(found.best.objective_usd)}, proven within {words.gap(found.best.gap)}",
        table(headers, rows),
        "flip: other signings are proven to cost less; open: they may; costs and regrets lie between the proven ends",
    )


def _grid(found: Sensitivity) -> list[Any]:
    """Letters for the plans by what they decide; today's is `.`."""
    from offtake.study.swings import said

    from .tables import facts, section, table

    rows, columns = (list(dict.fromkeys(world.at[k][1] for world in found.worlds)) for k in (0, 1))
    plans = {(): "."}
    for world in found.worlds:
        if world.changed and world.changed not in plans:
            plans[world.changed] = chr(ord("A") + len(plans) - 1)
    marks = {(world.at[0][1], world.at[1][1]): _mark(world, plans) for world in found.worlds}
    cells = [[said(found.grid[0], row), *(marks.get((row, column), "") for column in columns)] for row in rows]
    headers = [f"{found.grid[0]} / {found.grid[1]}", *(said(found.grid[1], column) for column in columns)]
    legend = [(mark, "; ".join(changed) or "as today") for changed, mark in plans.items()]
    note = "a letter for each other plan found; `?`: the gaps do not tell it from today's; `x`: no plan; costs as found"
    return [section("Where the plan flips", table(headers, cells), note), section("The plans", facts(legend))]


def _mark(world: World, plans: dict[tuple[str, ...], str]) -> str:
    if world.cost_usd is None:
        return "x"
    doubt = "?" if world.verdict == "open" else ""
    return f"{plans[world.changed]}{doubt} {words.usd(world.cost_usd)}"


def _between(low: float | None, high: float | None) -> str:
    if high is None:
        return "none found" if low is not None else "no plan"
    shown = words.usd(high)
    return shown if low is None or words.usd(low) == shown else f"{words.usd(low)} to {shown}"


def _more(world: World, today: float) -> str:
    return "-" if world.cost_usd is None or not today else f"{(world.cost_usd - today) / abs(today):+.1%}"


def _regret(world: World) -> str:
    if world.cost_usd is None:
        return "-"
    if world.regret_high_usd is None:
        return "no plan" if world.verdict == "flip" else "not known"
    return _between(world.regret_low_usd, world.regret_high_usd)
