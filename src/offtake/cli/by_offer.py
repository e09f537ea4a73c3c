"""Commands that study the offers of an instance one by one: what they take, and how they run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from . import exits, options, terminal

ARGUMENTS = [
    options.instance_argument,
    click.argument("offers", metavar="[OFFER]...", nargs=-1),
    options.set_option,
    click.option("--gap", type=options.GAP, default=1e-3, show_default=True, help="Of each solve: narrower intervals."),
    click.option("--time-limit", "time_limit_s", type=options.SECONDS, metavar="SECONDS", help="Of each solve."),
    terminal.json_option,
    terminal.debug_option,
    click.pass_context,
]


def arguments(command: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command with the arguments of `run`."""
    for decorate in reversed(ARGUMENTS):
        command = decorate(command)
    return command


def run(
    ctx: click.Context,
    study: Callable[..., list[Any]],
    page: Callable[[list[dict[str, Any]]], list[Any]],
    then: str,
    *,
    instance_path: Path,
    offers: tuple[str, ...],
    settings: tuple[str, ...],
    as_json: bool,
    **limits: Any,
) -> None:
    """Run the study and show what it finds of each offer; `then` is the command to name next."""
    from .problems import load

    instance = load(ctx, instance_path, settings)
    unknown = [offer for offer in offers if offer not in instance.offers]
    if unknown:
        raise click.BadParameter(
            f"{unknown[0]!r} is none of the offers: {', '.join(instance.offers)}.", param_hint="OFFER"
        )
    rows = [entry.to_document() for entry in study(instance, list(offers) or None, progress=terminal.say, **limits)]
    if as_json:
        terminal.show_json(rows)
    else:
        terminal.show(*page(rows))
    terminal.next_step(then, str(instance_path))
    if len({row["offer"] for row in rows}) < len(set(offers) or instance.offers):
        ctx.exit(exits.INTERRUPTED)
