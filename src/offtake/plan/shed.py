"""What is left unserved, and at what price: the table `shed`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import tables
from .decisions import Flows
from .value import SECONDS_PER_HOUR

if TYPE_CHECKING:
    from ..compile import Compiled


def shed(compiled: Compiled, flows: Flows) -> list[dict[str, Any]]:
    """Requests left unserved by month and workload, in each month what costs least per request first.

    `usd_per_request` is the penalty and the value forgone; `usd` what all of them cost, undiscounted.
    """
    problem = compiled.problem
    rows = []
    for key, refused in flows.refused.items():
        if not refused.any():
            continue
        price = usd_per_request(compiled, key)
        for month, t in enumerate(problem.period_of):
            requests = float(refused[t] * SECONDS_PER_HOUR * problem.month_hours[month])
            if requests:
                row = {"month": tables.month_name(compiled, month), "workload": key, "usd_per_request": price}
                rows.append({**row, "requests": requests, "usd": price * requests})
    return sorted(rows, key=lambda row: (row["month"], row["usd_per_request"]))


def usd_per_request(compiled: Compiled, workload: str) -> float:
    """Penalty and value forgone of one request left unserved, undiscounted."""
    stated = compiled.instance.workloads[workload]
    return (stated.unserved_usd_per_request or 0.0) + (stated.value_usd_per_request or 0.0)
