"""`offtake waiting`: sign now against sign later, offer by offer."""

from __future__ import annotations

from typing import Any

import click

from . import by_offer, words


@click.command("waiting")
@by_offer.arguments
def command(ctx: click.Context, **asked: Any) -> None:
    """What it is worth to sign an offer later rather than now.

    Of each OFFER, or of all of them: the best plan that signs it in the first month against the best that does not, as
    an interval that the gaps of the solves prove. An offer takes one or two solves.
    """
    from offtake.study.waiting import waiting

    by_offer.run(ctx, waiting, page, "breakeven", **asked)


def page(rows: list[dict[str, Any]]) -> list[Any]:
    from .tables import facts, section, table

    headers = ["offer", "verdict", ">now", ">later", ">never", ">waiting: at\nleast", ">waiting: at\nmost"]
    figures = ("now_usd", "later_usd", "never_usd", "value_low_usd", "value_high_usd")
    solved = [row for row in rows if row["now_usd"] is not None or row["later_usd"] is not None]
    cells = [(row["offer"], row["verdict"], *(_usd(row[name]) for name in figures)) for row in solved]
    return [
        section(
            "Sign now or later",
            table(headers, cells),
            "now, later, never: cost of the best plan found that signs it in the first month, that does not but may "
            "later, that never does; waiting: what it saves, as far as it is proven; `-`: no plan, or not proven",
        ),
        section("In words", facts((row["offer"], row["sentence"]) for row in rows)),
    ]


def _usd(value: float | None) -> str:
    return "-" if value is None else words.usd(value)
