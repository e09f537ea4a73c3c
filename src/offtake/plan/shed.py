"""What is left unserved, and at what price: the table `shed`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..instance.parts import mixes
from ..instance.prices import price_in
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
        for month, t in enumerate(problem.period_of):
            price = usd_per_request(compiled, key, month)
            requests = float(refused[t] * SECONDS_PER_HOUR * problem.month_hours[month])
            if requests:
                row = {"month": tables.month_name(compiled, month), "workload": key, "usd_per_request": price}
                rows.append({**row, "requests": requests, "usd": price * requests})
    return sorted(rows, key=lambda row: (row["month"], row["usd_per_request"]))


def conventions(compiled: Compiled) -> dict[str, str]:
    """What shares of models are shares of, where some of it may be left unserved; nothing else."""
    problem = compiled.problem
    parted = [
        f"{whole} ({', '.join(parts)})"
        for whole, parts in mixes(compiled.instance).items()
        if any(problem.workloads[part].refused_usd is not None for part in parts)
    ]
    if not parted:
        return {}
    return {
        "models": f"The shares of the models of {', '.join(parted)} are those of the requests asked for. Each part is "
        "served or left unserved by itself, so that the requests served may have other shares."
    }


def usd_per_request(compiled: Compiled, workload: str, month: int) -> float:
    """Penalty and value forgone of one request left unserved in a month of the horizon, undiscounted."""
    stated = compiled.instance.workloads[workload]
    value = price_in(stated.value_usd_per_request or 0.0, compiled.instance.horizon.start + month)
    return (stated.unserved_usd_per_request or 0.0) + value
