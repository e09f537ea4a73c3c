"""Ports of a plan: which models are brought to which software families, when, and what that costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..dollars import usd
from ..instance.diagnostics import listed
from ..instance.pools import pools
from ..instance.ports import name_of
from .decisions import Flows

if TYPE_CHECKING:
    from offtake_models.problem import Pair, Port, Problem

    from ..compile import Compiled
    from ..instance.months import Month

CONVENTION = (
    "A port is paid evenly over its months, and charged in full however long it is used. Capacity of the family runs "
    "the model in the dispatch periods that begin when it is done."
)


def names(problem: Problem) -> list[str]:
    """What stands in place of an offer in tables of cash, one for each port."""
    return [name_of(port.model, port.family) for port in problem.ports]


def table(compiled: Compiled, flows: Flows) -> list[dict[str, Any]]:
    """Ports that are made, by their first month."""
    first, ports = compiled.instance.horizon.start, flows.problem.ports
    return [
        {
            "model": ports[k].model,
            "family": ports[k].family,
            "start": str(first + begins),
            "ready": str(first + begins + ports[k].months),
            "usd": ports[k].usd,
        }
        for k, begins in sorted(flows.ported.items(), key=lambda port: (port[1], port[0]))
    ]


def cash_parts(flows: Flows) -> Iterator[tuple[str, str, np.ndarray]]:
    """Lines of cash: dollars spread evenly over the months of each port."""
    for k, begins in flows.ported.items():
        port, usd = flows.problem.ports[k], np.zeros(len(flows.problem.period_of))
        usd[begins : begins + port.months] = port.usd / port.months
        yield "ports", name_of(port.model, port.family), usd


def usable(flows: Flows, pair: Pair) -> np.ndarray:
    """[period] whether a pool may serve a workload in this plan: no port is needed, or it is done."""
    firsts = np.array([months[0] for months in flows.problem.months_of])
    for k, port in enumerate(flows.problem.ports):
        if pair in port.pairs:
            return firsts >= flows.ported[k] + port.months if k in flows.ported else np.zeros(len(firsts), dtype=bool)
    return np.ones(len(firsts), dtype=bool)


def charge_by_workload(flows: Flows) -> dict[tuple[str, str], float]:
    """(port, workload) -> discounted dollars, by accelerator-hours that it lets serve; nothing if it lets none."""
    problem, found = flows.problem, {}
    for _, name, paid in cash_parts(flows):
        port = problem.ports[names(problem).index(name)]
        hours = {pair: float(flows.mean_use[pair] @ problem.hours) for pair in port.pairs if pair in flows.mean_use}
        total = sum(hours.values())
        for (_, workload), used in hours.items() if total else ():
            charge = float(paid @ problem.discount[: len(paid)]) * used / total
            found[name, workload] = found.get((name, workload), 0.0) + charge
    return found


def about(compiled: Compiled, flows: Flows, offer: str) -> str:
    """What an offer has to do with ports: those that it waits for, made or not."""
    mine = {pool.id for pool in pools(compiled.instance) if pool.supply == offer}
    ports = enumerate(flows.problem.ports)
    waiting = [(k, port) for k, port in ports if any(pool in mine for pool, _ in port.pairs)]
    first = compiled.instance.horizon.start
    made = [_made(port, first + flows.ported[k] + port.months) for k, port in waiting if k in flows.ported]
    return " ".join([*made, *_missing(compiled, flows, [port for k, port in waiting if k not in flows.ported])])


def _made(port: Port, ready: Month) -> str:
    return f"It can run {port.model} from {ready} on, when the port to {port.family} is done."


def _missing(compiled: Compiled, flows: Flows, ports: list[Port]) -> list[str]:
    """One sentence for each family, on all the models that are not brought to it."""
    return [
        f"Not ported to {family} in this plan, so that it cannot run them: "
        f"{listed([_price(compiled, flows, port) for port in ports if port.family == family])}. Its cost at best use "
        "leaves ports out."
        for family in dict.fromkeys(port.family for port in ports)
    ]


def _price(compiled: Compiled, flows: Flows, port: Port) -> str:
    """What stands between an offer and a model: dollars, and the first month in which it could serve."""
    first = compiled.instance.horizon.start
    last, earliest = first + flows.problem.months_of[-1][0], first + port.months
    when = f"done in {earliest} at the earliest" if earliest <= last else "never done in time to serve in the horizon"
    return f"{port.model} ({usd(port.usd)}, {when})"
