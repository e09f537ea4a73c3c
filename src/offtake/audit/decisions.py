"""Sorts the plan's decisions: those on things that exist, and sentences on the others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from .calendar import Calendar
from .claim import Beyond, Claim, Committed, Covered, Late, Ported, Rerouted, Serve, Sublet, Unserved
from .reading import shown

Row = TypeVar("Row", bound=NamedTuple)


@dataclass(frozen=True)
class Decisions:
    """Decisions on known pools, workloads, periods, blocks and contracts, each once."""

    serve: list[Serve]
    unserved: list[Unserved]
    beyond: list[Beyond]
    committed: list[Committed]
    covered: list[Covered]
    sublet: list[Sublet]
    ported: list[Ported]
    rerouted: list[Rerouted]
    late: list[Late]
    strays: list[str] = field(default_factory=list)
    """a sentence for each row that was set aside"""


@dataclass(frozen=True)
class Known:
    """What a decision may name."""

    calendar: Calendar
    pools: Collection[str]
    workloads: Collection[str]
    contract_pools: Mapping[int | str, Collection[str]]
    """for each contract, the pools that it feeds"""
    commitments: Collection[str] = ()
    """that can be taken"""
    ports: Collection[tuple[str, str]] = ()
    """(model, family) of what is not ported yet"""
    losses: Collection[str] = ()
    """what may be lost"""
    runs: Collection[str] = ()
    """workloads that train"""
    served: Collection[str] = ()
    """workloads that bring requests"""

    def sort_out(self, claim: Claim) -> Decisions:
        strays: list[str] = []
        return Decisions(
            _sound("decisions.serve", claim.serve, self._fault_of_serve, strays),
            _sound("decisions.unserved", claim.unserved, self._fault_of_unserved, strays),
            _sound("decisions.beyond", claim.beyond, self._fault_of_beyond, strays),
            _sound("decisions.committed", claim.committed, self._fault_of_committed, strays),
            _sound("decisions.covered", claim.covered, self._fault_of_covered, strays),
            _sound("decisions.sublet", claim.sublet, self._fault_of_sublet, strays),
            _sound("decisions.ported", claim.ported, self._fault_of_ported, strays),
            _sound("decisions.rerouted", claim.rerouted, self._fault_of_rerouted, strays),
            _sound("decisions.late", claim.late, self._fault_of_late, strays),
            strays,
        )

    def _fault_of_serve(self, row: Serve) -> str:
        return (
            _unknown("pool", row.pool, self.pools)
            or _unknown("workload", row.workload, self.workloads)
            or self._fault_of_slot(row.period, row.block, row.node)
        )

    def _fault_of_late(self, row: Late) -> str:
        if row.workload not in self.runs:
            return f"names {shown(row.workload)}, which is no training run of the instance"
        return self._fault_of_slot(row.period, 0, row.node)

    def _fault_of_unserved(self, row: Unserved) -> str:
        if row.workload in self.workloads and row.workload not in self.served:
            return f"names {shown(row.workload)}, which brings no requests"
        return _unknown("workload", row.workload, self.workloads) or self._fault_of_slot(
            row.period, row.block, row.node
        )

    def _fault_of_beyond(self, row: Beyond) -> str:
        if row.contract not in self.contract_pools:
            return f"names {shown(row.contract)}, which is neither a sound row of the deals nor a contract in force"
        if row.pool not in self.contract_pools[row.contract]:
            return f"names the pool {shown(row.pool)}, which {shown(row.contract)} does not feed"
        return self._fault_of_slot(row.period, 0, row.node)

    def _fault_of_committed(self, row: Committed) -> str:
        return _unknown("commitment", row.commitment, self.commitments) or self._fault_of_slot(0, 0, row.node)

    def _fault_of_covered(self, row: Covered) -> str:
        return (
            _unknown("commitment", row.commitment, self.commitments)
            or _unknown("pool", row.pool, self.pools)
            or self._fault_of_month(row.month)
            or self._fault_of_slot(0, row.block, row.node)
        )

    def _fault_of_sublet(self, row: Sublet) -> str:
        return _unknown("pool", row.pool, self.pools) or self._fault_of_slot(row.period, 0, row.node)

    def _fault_of_ported(self, row: Ported) -> str:
        if (row.model, row.family) not in self.ports:
            return f"ports {shown(row.model)} to {shown(row.family)}, which the instance does not ask for"
        return self._fault_of_month(row.month) or self._fault_of_slot(0, 0, row.node)

    def _fault_of_rerouted(self, row: Rerouted) -> str:
        if row.lost not in self.losses:
            return f"is about the loss of {shown(row.lost)}, which the instance does not ask for"
        return (
            _unknown("pool", row.pool, self.pools)
            or _unknown("workload", row.workload, self.workloads)
            or self._fault_of_slot(row.period, row.block, row.node)
        )

    def _fault_of_month(self, month: int) -> str:
        last = len(self.calendar.months) - 1
        return "" if 0 <= month <= last else f"names month {shown(month)}; they are numbered 0 to {last}"

    def _fault_of_slot(self, period: int, block: int, node: int) -> str:
        for name, value, count in (
            ("period", period, len(self.calendar.periods)),
            ("block", block, self.calendar.blocks),
            ("node", node, 1),
        ):
            if not 0 <= value < count:
                return f"names {name} {shown(value)}; they are numbered 0 to {count - 1}"
        return ""


def _unknown(kind: str, name: str, known: Collection[str]) -> str:
    return "" if name in known else f"names the {kind} {shown(name)}, which the instance does not have"


def _sound(where: str, rows: Mapping[int, Row], fault_of: Callable[[Row], str], strays: list[str]) -> list[Row]:
    """The rows without a fault. The last entry of a row is its amount, the others say what it is about."""
    found: dict[tuple[object, ...], Row] = {}
    for position, row in rows.items():
        fault = fault_of(row)
        if not fault and row[-1] < 0:
            fault = f"is negative ({row[-1]})"
        if not fault and row[:-1] in found:
            fault = "repeats an earlier row"
        if fault:
            strays.append(f"{where}[{position}] {fault}")
        else:
            found[row[:-1]] = row
    return list(found.values())
