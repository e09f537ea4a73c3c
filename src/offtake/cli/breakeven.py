"""`offtake breakeven`: the price of each offer, or what else about it, at which the best plan changes its mind."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from . import by_offer, studies, words

OVER = ["price", "term", "start", "prepay", "fee", "delay", "throughput"]


@click.command("breakeven")
@by_offer.arguments
@click.option("--terms", is_flag=True, help="Of every term by itself.")
@click.option("--over", type=click.Choice(OVER), default="price", show_default=True, help="What is moved.")
@studies.jobs_option
def command(ctx: click.Context, terms: bool, over: str, jobs: int, **asked: Any) -> None:
    """The price up to which each offer is worth taking.

    Of each OFFER, or of all of them: as an interval that the gaps of the solves prove. An offer takes two to nine
    solves. With --over the value of something else: the length of the term (months), the first month of service,
    the share paid ahead, a fee at signing, a late delivery, the speed of its accelerators; about twenty solves.
    """
    from offtake.study.breakeven import breakeven
    from offtake.study.flips import flips

    if over == "price":
        by_offer.run(ctx, partial(breakeven, terms=terms, jobs=jobs), page, "waiting", **asked)
        return
    if terms:
        raise click.UsageError("--terms is about prices; leave out --over.")
    by_offer.run(ctx, partial(flips, over=over, jobs=jobs), page_of_flips, "breakeven", **asked)


def page(rows: list[dict[str, Any]]) -> list[Any]:
    from .tables import facts, section, table

    headers = ["offer", "taken", ">today", ">worth it to", ">not from", "unit", ">blocks", ">saves today", "verdict"]
    cells = [
        (
            _name(row, rows),
            "yes" if row["chosen"] else "no",
            _price(row["price_today"]),
            _price(row["price_low"]),
            _price(row["price_high"]),
            row["unit"].removeprefix("USD "),
            "-" if row["blocks"] is None else f"{row['blocks']:,}",
            "-" if row["saving_usd"] is None else words.usd(row["saving_usd"]),
            row["verdict"],
        )
        for row in rows
        if row["unit"] is not None
    ]
    note = (
        "proven: worth taking up to the one price, not worth taking from the other on; `-`: not proven. Prices in USD. "
        "Blocks: at that price. Saves today: having it at today's price, by the plans found; negative: what it costs"
    )
    return [
        section("Walk-away prices", table(headers, cells), note),
        section("In words", facts((_name(row, rows), row["sentence"]) for row in rows)),
    ]


def _name(row: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """The offer, and the term where several of its terms are told."""
    alone = sum(other["offer"] == row["offer"] for other in rows) == 1
    return row["offer"] if alone else f"{row['offer']} / {row['term']}"


def page_of_flips(rows: list[dict[str, Any]]) -> list[Any]:
    from .tables import facts, section, table

    headers = ["offer", "over", "verdict", "today", ">at today's", ">below: flips in", ">above: flips in", "monotone"]
    cells = [
        (
            row["offer"],
            row["over"],
            row["verdict"],
            row["decision"],
            _price(row["today"]),
            _interval(row["below"]),
            _interval(row["above"]),
            "yes" if row["monotone"] else "no",
        )
        for row in rows
        if row["decision"] is not None
    ]
    units = ", ".join(dict.fromkeys(row["unit"] for row in rows if row["unit"]))
    return [
        section("Where the decision flips", table(headers, cells), f"in {units}" if units else ""),
        section("In words", facts((row["offer"], row["sentence"]) for row in rows)),
    ]


def _interval(ends: tuple[float | None, float | None] | None) -> str:
    return "-" if ends is None else f"{_price(ends[0])} to {_price(ends[1])}"


def _price(usd: float | None) -> str:
    if usd is None:
        return "-"
    return f"{usd:,.0f}" if abs(usd) >= 1000 else f"{usd:,.4g}"
