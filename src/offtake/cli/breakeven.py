"""`offtake breakeven`: the price of each offer at which the best plan changes its mind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from . import options, terminal


@click.command("breakeven")
@options.instance_argument
@click.argument("offers", metavar="[OFFER]...", nargs=-1)
@options.set_option
@click.option("--gap", type=options.GAP, default=1e-3, show_default=True, help="Of each solve: narrower intervals.")
@click.option("--time-limit", "time_limit_s", type=options.SECONDS, metavar="SECONDS", help="Of each solve.")
@terminal.json_option
@terminal.debug_option
@click.pass_context
def command(
    ctx: click.Context,
    instance_path: Path,
    offers: tuple[str, ...],
    settings: tuple[str, ...],
    as_json: bool,
    **limits: Any,
) -> None:
    """The price up to which each offer is worth taking.

    Of each OFFER, or of all of them: as an interval that the gaps of the solves prove. An offer takes two to nine
    solves.
    """
    from offtake.study.breakeven import breakeven

    from .problems import load

    instance = load(ctx, instance_path, settings)
    unknown = [offer for offer in offers if offer not in instance.offers]
    if unknown:
        raise click.BadParameter(
            f"{unknown[0]!r} is none of the offers: {', '.join(instance.offers)}.", param_hint="OFFER"
        )
    found = breakeven(instance, list(offers) or None, progress=terminal.say, **limits)
    rows = [entry.to_document() for entry in found]
    if as_json:
        terminal.show_json(rows)
    else:
        terminal.show(*page(rows))
    terminal.next_step("solve", str(instance_path))


def page(rows: list[dict[str, Any]]) -> list[Any]:
    from .tables import facts, section, table

    headers = ["offer", "taken", ">today", ">worth it to", ">not from", "unit", "verdict"]
    cells = [
        (
            row["offer"],
            "yes" if row["chosen"] else "no",
            _price(row["price_today"]),
            _price(row["price_low"]),
            _price(row["price_high"]),
            row["unit"],
            row["verdict"],
        )
        for row in rows
        if row["unit"] is not None
    ]
    return [
        section(
            "Walk-away prices",
            table(headers, cells),
            "proven: worth taking up to the one price, not worth taking from the other on; `-`: not proven",
        ),
        section("In words", facts((row["offer"], row["sentence"]) for row in rows)),
    ]


def _price(usd: float | None) -> str:
    if usd is None:
        return "-"
    return f"{usd:,.0f}" if abs(usd) >= 1000 else f"{usd:,.4g}"
