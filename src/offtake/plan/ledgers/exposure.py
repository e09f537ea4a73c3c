"""What depends on whom: paid and not used, owed and in service by group of providers; concentration; and cash."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...instance.sellers import groups_of
from ..decisions import Flows
from ..tables import Row, cash_vectors, month_name
from .holdings import Holding, dollars
from .promised import Promised

if TYPE_CHECKING:
    from ...compile import Compiled


def exposure(compiled: Compiled, held: list[Holding | Promised]) -> list[Row]:
    """By month end and group of providers: paid and not used, still owed, and megawatts in service in the month."""
    rows = []
    for m in range(len(compiled.problem.discount)):
        for group in dict.fromkeys(holding.group for holding in held):
            mine = [holding for holding in held if holding.group == group]
            row = {
                "month": month_name(compiled, m),
                "group": group,
                "prepaid_unused_usd": dollars(sum(holding.prepaid_unused[m] for holding in mine)),
                "owed_usd": float(sum(holding.owed[m] for holding in mine)),
                "power_mw": float(sum(holding.power_mw[m] for holding in mine)),
            }
            if row["prepaid_unused_usd"] or row["owed_usd"] or row["power_mw"]:
                rows.append(row)
    return rows


def concentration(compiled: Compiled, flows: Flows, held: list[Holding]) -> dict[str, float | None]:
    """Herfindahl indices over groups of providers: the sum of squared shares, 1 if all is with one."""
    months = len(compiled.problem.period_of)
    groups, power, spend = groups_of(compiled.instance), {}, {}
    for holding in held:
        power[holding.group] = power.get(holding.group, 0.0) + float(holding.power_mw[:months].sum())
    for (line, offer), usd in cash_vectors(compiled, flows).items():
        if line != "ports":
            spend[groups[offer]] = spend.get(groups[offer], 0.0) + float(usd[:months].sum())
    return {"herfindahl_mw": herfindahl(power), "herfindahl_spend": herfindahl(spend)}


def herfindahl(amounts: dict[str, float]) -> float | None:
    """Sum of squared shares; None if there is nothing to share.

    >>> herfindahl({"one": 3.0, "other": 1.0})
    0.625
    """
    total = sum(amounts.values())
    return sum((amount / total) ** 2 for amount in amounts.values()) if total > 0 else None


def balance(compiled: Compiled, flows: Flows) -> list[Row]:
    """Cash at each month end of the horizon against the least allowed; empty if no funding is stated."""
    rules, first = compiled.instance.finance, compiled.instance.horizon.start
    if not rules.funding_usd:
        return []
    out = sum(cash_vectors(compiled, flows).values(), np.zeros(len(compiled.problem.discount)))
    rows, total = [], 0.0
    for m in range(len(compiled.problem.period_of)):
        month = first + m
        funding = sum(usd for when, usd in rules.funding_usd.items() if when == month or (m == 0 and when < month))
        known = [when for when in rules.other_cash_usd if when <= month]
        other = rules.other_cash_usd[max(known)] if known else 0.0
        total += funding + other - float(out[m])
        rows.append(
            {
                "month": str(month),
                "funding_usd": float(funding),
                "other_cash_usd": float(other),
                "cash_out_usd": float(out[m]),
                "balance_usd": total,
                "minimum_usd": float(rules.cash_min_usd),
            }
        )
    return rows
