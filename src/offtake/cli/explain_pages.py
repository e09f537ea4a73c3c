"""Pages of `offtake explain` about one offer, and about what is assumed."""

from __future__ import annotations

from typing import Any

from . import words

Row = dict[str, Any]


def offer(found: Row) -> list[Any]:
    """One page about one offer."""
    from .tables import facts, section

    without = _without(found)
    said = [
        ("answer", found["sentence"]),
        ("by", found["by"]),
        ("why", found["why"]),
        ("without it" if found["usd_high"] is not None or found["verdict"] in TAKEN else "in place of", without),
        ("now or later", found["waiting"]),
    ]
    told = facts((name, text) for name, text in said if text)
    changes = [section("What would change the answer", facts(("-", text) for text in found["changes"]))]
    return [section(found["offer"], told), *(changes if found["changes"] else [])]


TAKEN = ("sign", "wait", "use")


def _without(found: Row) -> str:
    if found["usd_high"] is None:
        return found["instead"]
    return f"costs {span(found['usd_low'], found['usd_high'])} more: {found['instead']}"


def assumptions(found: Row) -> list[Any]:
    """What flips a signing, then a word on the rest."""
    from .tables import section, table

    decisive = [row for row in found["rows"] if row["verdict"] in ("flips", "cannot", "open")]
    cells = [
        (
            row["key"].removeprefix("offers."),
            f"{row['value']}, not {row['today']}",
            row["verdict"],
            _costs(row),
            row["changes"] or "-",
        )
        for row in decisive
    ]
    rest = len(found["rows"]) - len(decisive)
    note = (
        "flips: the signings of the plan are proven not to be the best at that value; cannot: they are no plan then; "
        f"open: nothing is proven. Holding them costs: against the best plan then. {rest} other values change nothing."
    )
    if not decisive:
        return [section("Decisive assumptions", f"None: at {rest} other values the signings stay the best.")]
    headers = ["assumed", "at", "", ">holding costs", "the best plan then"]
    return [section("Decisive assumptions", table(headers, cells), note)]


def _costs(row: Row) -> str:
    return "-" if row["usd_high"] is None else span(row["usd_low"], row["usd_high"])


def span(low: float, high: float) -> str:
    """Between two values, as words.

    >>> span(1000.0, 1000.2), span(0.0, 20.0)
    ('$1,000', '$0 to $20')
    """
    said = [words.usd(round(low)), words.usd(round(high))]
    return said[0] if said[0] == said[1] else f"{said[0]} to {said[1]}"
