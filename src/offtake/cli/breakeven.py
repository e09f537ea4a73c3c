"""`offtake breakeven`: the price of each offer at which the best plan changes its mind."""

from __future__ import annotations

from typing import Any

import click

from . import by_offer


@click.command("breakeven")
@by_offer.arguments
def command(ctx: click.Context, **asked: Any) -> None:
    """The price up to which each offer is worth taking.

    Of each OFFER, or of all of them: as an interval that the gaps of the solves prove. An offer takes two to nine
    solves.
    """
    from offtake.study.breakeven import breakeven

    by_offer.run(ctx, breakeven, page, "solve", **asked)


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
