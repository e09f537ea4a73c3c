"""What is left of the value of the requests served after all compute. Present values, as in the objective."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import economics, sunk, tables, value
from .decisions import Flows

if TYPE_CHECKING:
    from ..compile import Compiled

BESIDE_COMPUTE = ("unserved", "lateness", "value", "changes")
"""lines of the objective that are no cost of compute"""


def compute_cost(lines: list[dict[str, Any]]) -> float:
    """Discounted USD of a table of cost, idle capacity included, without penalties and value."""
    return sum(row["usd"] for row in lines if row["line"] not in BESIDE_COMPUTE)


def figures(compiled: Compiled, flows: Flows) -> dict[str, Any]:
    """The key figures about value; none where no workload states any. What is still to be decided has margins of its
    own only beside contracts in force that cost something."""
    brought = value.by_workload(compiled, flows)
    total, cost = sum(brought.values()), economics.cost_by_workload(compiled, flows)
    decided, fixed = compute_cost(tables.cost(compiled, flows)), sum(sunk.by_contract(compiled, flows).values())
    sunk_of = sunk.by_workload(compiled, flows)
    apart = bool(fixed)
    return {
        "value_usd": total if brought else None,
        "value_usd_by_workload": brought or None,
        "effective_margin": _margin(total, decided + fixed),
        "effective_margin_by_workload": {key: _margin(usd, cost[key] + sunk_of[key]) for key, usd in brought.items()}
        or None,
        "decided_margin": _margin(total, decided) if apart else None,
        "decided_margin_by_workload": {key: _margin(usd, cost[key]) for key, usd in brought.items() if apart} or None,
    }


def _margin(brought: float, cost: float) -> float | None:
    return (brought - cost) / brought if brought > 0 else None
