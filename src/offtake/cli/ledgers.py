"""The ledgers of a plan, one screen: owed by fiscal year, effective cost, exposure by group, least cash, leases."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from . import by_time, words
from .tables import section, table

Document = dict[str, Any]
Row = dict[str, Any]

YEARS = (1, 2, 3, 4, 5)
LATER = "later"
GROUPS_SHOWN = 8


def ledgers(document: Document, width: int) -> RenderableType | None:
    """None for a plan of an earlier version, which has none."""
    found = document.get("ledgers")
    if not found:
        return None
    parts = [
        obligations(document, found.get("obligations_by_year", []), found.get("lock_in", []), width),
        effective(document, found.get("effective", []), width),
        exposure(found.get("exposure", [])),
        balance(found.get("balance", [])),
        leases(document, found.get("leases", [])),
    ]
    said = [part for part in parts if part is not None]
    return Group(*said) if said else None


def obligations(document: Document, rows: list[Row], lock_in: list[Row], width: int) -> RenderableType | None:
    """Non-cancellable payments by fiscal year from each date; years past the last column join the later ones."""
    if not rows:
        return None
    unit = words.usd_unit(row["usd"] for row in rows)
    most = by_time.most_columns(width, ["2026-12 not commenced"], len("100,000.0")) - 2
    years = YEARS[:most]
    cells: dict[tuple[str, bool], dict[Any, float]] = {}
    for row in rows:
        usd = cells.setdefault((row["as_of"], row["commenced"]), dict.fromkeys([*years, LATER], 0.0))
        usd[row["year"] if row["year"] in years else LATER] += row["usd"]
    body, before = [], ""
    for (date, commenced), usd in cells.items():
        name = f"{date if date != before else '':7} {'commenced' if commenced else 'not commenced'}"
        body.append(
            [name, *(words.in_unit(value, unit) for value in usd.values()), words.in_unit(sum(usd.values()), unit)]
        )
        before = date
    months = ", ".join(f"{row['months']:,.0f} after {row['as_of']}" for row in lock_in)
    return section(
        f"Ledgers: obligations by fiscal year ({unit[0]})",
        table(["end of", *(f">year {year}" for year in years), f">{LATER}", ">in all"], body),
        "undiscounted, non-cancellable, of what is signed by then; year 1 begins the month after. Lock-in, months to "
        f"the end of each term{_notice(document)}, weighted by the dollars owed: {months}{_debt(document)}",
    )


def _notice(document: Document) -> str:
    """What a break clause changes, where it does."""
    ways = {row["way"] for row in document["ledgers"].get("termination", [])}
    return " (to the earliest by notice, and what that takes, where it is cheaper)" if "give notice" in ways else ""


def _debt(document: Document) -> str:
    ratio = document["kpis"].get("obligations_to_debt")
    debt = document["instance"]["document"].get("finance", {}).get("debt_usd")
    return "" if ratio is None or not debt else f". At their peak {words.share(ratio)} of a debt of {words.usd(debt)}"


def effective(document: Document, rows: list[Row], width: int) -> RenderableType | None:
    """Billed and effective cost by calendar year."""
    if not rows:
        return None
    most = by_time.most_columns(width, ["of it paid and not used"], len("100,000.0"))
    name = by_time.years((row["month"] for row in rows), most - 1)
    columns = list(dict.fromkeys(name(month) for month in sorted({row["month"] for row in rows})))
    lines = {"billed": "billed_usd", "effective": "effective_usd", "of it paid and not used": "unused_usd"}
    usd = {line: dict.fromkeys(columns, 0.0) for line in lines}
    for row in rows:
        for line, key in lines.items():
            usd[line][name(row["month"])] += row[key] or 0.0
    unit = words.usd_unit(value for cells in usd.values() for value in cells.values())
    body = [
        [line, *(words.in_unit(value, unit) for value in cells.values()), words.in_unit(sum(cells.values()), unit)]
        for line, cells in usd.items()
    ]
    return section(
        f"Ledgers: billed and effective cost ({unit[0]})",
        table(["", *(f">{column}" for column in columns), ">total"], body),
        "effective: prepayments and signing fees in the months whose service they pay for; not used: in the horizon"
        + _no_rate(document["kpis"]),
    )


def _no_rate(kpis: Document) -> str:
    """Why there is no effective savings rate, where there is none."""
    if kpis.get("effective_savings_rate") is not None or kpis.get("effective_savings_coverage") is None:
        return ""
    return "; no effective savings rate: no accelerator in use is also on offer on demand"


def exposure(rows: list[Row]) -> RenderableType | None:
    """The worst month end of each group of providers, the most exposed first."""
    worst: dict[str, dict[str, Row]] = {}
    for row in rows:
        own = worst.setdefault(row["group"], {})
        for key in ("prepaid_unused_usd", "owed_usd", "power_mw"):
            if key not in own or row[key] > own[key][key]:
                own[key] = row
    if not worst:
        return None
    ranked = sorted(worst, key=lambda group: -(worst[group]["owed_usd"]["owed_usd"] + _prepaid(worst[group])))
    body = []
    for group in ranked[:GROUPS_SHOWN]:
        own, cells = worst[group], [group]
        for key in ("prepaid_unused_usd", "owed_usd"):
            usd = own[key][key]
            cells += [words.usd(usd), own[key]["month"]] if usd else ["-", ""]
        body.append([*cells, words.count(own["power_mw"]["power_mw"])])
    rest = len(ranked) - len(body)
    return section(
        "Ledgers: exposure by group of providers",
        table(["group", ">paid, not used", ">after", ">owed", ">after", ">MW"], body),
        "the most at any month end" + (f"; and {words.plural(rest, 'more group')}" if rest else ""),
    )


def _prepaid(own: dict[str, Row]) -> float:
    return own["prepaid_unused_usd"]["prepaid_unused_usd"]


def balance(rows: list[Row]) -> RenderableType | None:
    """The month end with the least cash."""
    if not rows:
        return None
    least = min(rows, key=lambda row: row["balance_usd"] - row["minimum_usd"])
    said = (
        f"Least at the end of {least['month']}: {words.usd(least['balance_usd'])}, with a minimum of "
        f"{words.usd(least['minimum_usd'])}. At the end of the horizon {words.usd(rows[-1]['balance_usd'])}."
    )
    return section("Ledgers: cash balance", Text(said))


def leases(document: Document, rows: list[Row]) -> RenderableType | None:
    """Deals that an accountant should look at."""
    flagged = [(row["offer"], row["start"], row["reasons"]) for row in rows if row["flag"]]
    if not flagged:
        return None
    return section(
        "Ledgers: possible leases",
        table(["offer", "from", "why"], flagged),
        document["conventions"].get("leases", ""),
    )
