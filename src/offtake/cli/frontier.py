"""`offtake frontier`: what a rule costs, from tight to loose."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import exits, options, studies, terminal, words

if TYPE_CHECKING:
    from offtake.study.frontier import Frontier, Point


@click.command("frontier")
@options.instance_argument
@click.option(
    "--over",
    required=True,
    metavar="RULE",
    help="budget, obligations, provider-share, carbon, service, latency, risk, or the key path of a number.",
)
@click.option("--points", type=click.IntRange(2), default=20, show_default=True, help="How many values.")
@click.option("--from", "tight", type=float, metavar="VALUE", help="The tight end.")
@click.option("--to", "loose", type=float, metavar="VALUE", help="The loose end.")
@click.option("-o", "--output", type=options.PATH, metavar="DIR", help="For the plans; default: ./<instance>.frontier.")
@options.set_option
@studies.gap_option(1e-2)
@options.time_limit_option
@studies.jobs_option
@terminal.json_option
@terminal.debug_option
@click.pass_context
def command(
    ctx: click.Context,
    instance_path: Path,
    output: Path | None,
    settings: tuple[str, ...],
    as_json: bool,
    **asked: Any,
) -> None:
    """What a rule costs, from tight to loose.

    The best plan for each of several values of it; each point of the curve is saved. Points that cost no less than a
    tighter one are left out, and told. Ctrl-C keeps what is done.
    """
    from offtake.study.frontier import frontier

    from .problems import load

    instance = load(ctx, instance_path, settings)
    folder = studies.made(output or Path(f"{instance_path.stem}.frontier"))
    found = studies.run(frontier, instance, **asked)
    names = {id(point): f"{k:02}-{point.value:.6g}" for k, point in enumerate(found.every, start=1)}
    studies.save(((names[id(point)], point.plan) for point in found.curve), folder)
    if as_json:
        terminal.show_json(found.to_document())
    else:
        terminal.show(*page(found))
    ends = [str(folder / f"{names[id(point)]}.plan.json") for point in found.curve[-2:]]
    if len(ends) > 1:
        terminal.next_step("compare", *ends, *(["--force"] if _risky(found) else []))
    if found.interrupted:
        ctx.exit(exits.INTERRUPTED)


def page(found: Frontier) -> list[Any]:
    from .tables import section, table

    risky = _risky(found)
    rows = [
        (f"{point.value:.6g}", words.usd(cost), *tail, _more(cost, found), words.gap(point.plan.gap), point.begun)
        for point in found.curve
        for cost in [point.plan.expected_cost_usd]
        for tail in [[words.usd(point.plan.cvar_usd)] if risky else []]
    ]
    headers = [">value", ">cost", *([">dearest\nfutures"] if risky else []), ">above the\ncheapest", ">gap"]
    headers.append("search begun")
    parts = [
        section(
            f"Cost over {found.over}",
            table(headers, rows),
            f"value: {found.words}; search begun not at all: the signings of the point before are proven good enough",
        )
    ]
    left_out = [_left_out(verdict, found.every) for verdict in ("dominated", "infeasible", "no plan")]
    if any(left_out):
        parts.append(section("Left out", "\n".join(said for said in left_out if said)))
    return parts


def _risky(found: Frontier) -> bool:
    """Whether dear futures have a weight of their own, which differs from point to point."""
    return any(point.plan.cvar_usd is not None for point in found.curve)


def _more(cost: float, found: Frontier) -> str:
    least = min(point.plan.expected_cost_usd for point in found.curve)
    return words.gap((cost - least) / abs(least)) if least else "-"


def _left_out(verdict: str, every: list[Point]) -> str:
    values = [f"{point.value:.6g}" for point in every if point.verdict == verdict]
    why = {
        "dominated": "a tighter point costs no more",
        "infeasible": "no plan keeps to the rule",
        "no plan": "the time limit was hit before a plan was found",
    }
    return f"{', '.join(values)}: {why[verdict]}." if values else ""
