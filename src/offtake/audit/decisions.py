"""Sorts the plan's decisions: those on things that exist, and sentences on the others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from .calendar import Calendar
from .claim import Beyond, Claim, Committed, Covered, Serve, Sublet, Unserved
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

    def sort_out(self, claim: Claim) -> Decisions:
        strays: list[str] = []
        return Decisions(
            _sound("decisions.serve", claim.serve, self._fault_of_serve, strays),
            _sound("decisions.unserved", claim.unserved, self._fault_of_unserved, strays),
            _sound("decisions.beyond", claim.beyond, self._fault_of_beyond, strays),
            _sound("decisions.committed", claim.committed, self._fault_of_committed, strays),
            _sound("decisions.covered", claim.covered, self._fault_of_covered, strays),
            _sound("decisions.sublet", claim.sublet, self._fault_of_sublet, strays),
            strays,
        )

    def _fault_of_serve(self, row: Serve) -> str:
        return (
            _unknown("pool", row.pool, self.pools)
            or _unknown("workload", row.workload, self.workloads)
            or self._fault_of_slot(row.period, row.block, row.node)
        )

    def _fault_of_unserved(self, row: Unserved) -> str:
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
        last = len(self.calendar.months) - 1
        return (
            _unknown("commitment", row.commitment, self.commitments)
            or _unknown("pool", row.pool, self.pools)
            or ("" if 0 <= row.month <= last else f"names month {shown(row.month)}; they are numbered 0 to {last}")
            or self._fault_of_slot(0, row.block, row.node)
        )

    def _fault_of_sublet(self, row: Sublet) -> str:
        return _unknown("pool", row.pool, self.pools) or self._fault_of_slot(row.period, 0, row.node)

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
