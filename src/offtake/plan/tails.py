"""Tails: what is left of the terms that outlive the horizon, in one future."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..deals import salvage
from .decisions import Flows

if TYPE_CHECKING:
    from ..compile import Compiled

Row = dict[str, Any]
LEAST = 1e-6
"""accelerators billed; less than that is what rounding leaves of a contract that is broken off"""


def tails(compiled: Compiled, flow: Flows) -> list[Row]:
    """One row for each contract that serves past the horizon, contracts in force included, after its breaks.

    `accelerator_months` are those billed; `cash_usd` is due from the end of the horizon on, undiscounted and net of
    what comes back, `npv_usd` the same discounted; `worth_npv_usd` is what `terminal: market` would credit, null where
    a forward curve or the salvage fraction is not stated.
    """
    return [row for d in _serving(compiled, flow) if (row := _row(compiled, flow, d))["months"]]


def _serving(compiled: Compiled, flow: Flows) -> Iterator[int]:
    """Deals with blocks that deliver, in the order of the problem; breaks count with the contract that they cut."""
    return (d for d, c in enumerate(compiled.columns) if flow.blocks[d] and c.right not in ("option", "break"))


def _row(compiled: Compiled, flow: Flows, d: int) -> Row:
    column, problem = compiled.columns[d], compiled.problem
    first = len(problem.period_of)
    taken = [(d, flow.blocks[d]), *((b, flow.blocks[b]) for b in problem.followers.get((d, "break"), []))]
    billed = sum(blocks * compiled.columns[k].contracted for k, blocks in taken)[first:]
    cash = sum((blocks * compiled.columns[k].cash for k, blocks in taken), column.cash_once)
    months = int(np.flatnonzero(billed > LEAST).max(initial=-1)) + 1
    return {
        "offer": column.offer,
        "right": column.right,
        "start": str(column.start),
        "months": months,
        "accelerator_months": float(billed.sum()),
        "cash_usd": float(cash[first:].sum()),
        "npv_usd": float(cash[first:] @ problem.discount[first:]),
        "worth_npv_usd": _worth_usd(compiled, taken),
    }


def _worth_usd(compiled: Compiled, taken: list[tuple[int, int]]) -> float | None:
    names = compiled.columns[taken[0][0]].usable
    usable = {name: sum(blocks * compiled.columns[k].usable[name] for k, blocks in taken) for name in names}
    if not salvage.can_value(compiled.instance, usable):
        return None
    return float(salvage.worth_usd(compiled.instance, usable, compiled.problem.discount))
