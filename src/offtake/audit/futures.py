"""Several futures: what a plan claims of each of them, opened as a plan of its own.

Decisions and deals stand at the nodes of the tree of futures, never at a scenario. What one future holds is what
stands at the nodes that it passes through; so nothing can differ between two futures before they part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeVar

from offtake.instance import scenarios
from offtake.instance.months import Month
from offtake.instance.schema import Instance

from .books import Books
from .calendar import Calendar
from .claim import Claim, ClaimedDeal, read
from .ledger import Ledger
from .numbers import ZERO, exact
from .promises import signing_month
from .reading import items

Row = TypeVar("Row")
SCENARIO_TABLES = (
    "commitments",
    "ports",
    "cash",
    "obligations",
    "cost",
    "shed",
    "capacity",
    "service",
    "training",
    "rollouts",
    "offers",
)
"""tables with a row for each future, beside the ledgers"""
DECISIONS = ("serve", "unserved", "beyond", "committed", "covered", "sublet", "ported", "rerouted", "late")


@dataclass(frozen=True)
class Opened:
    """One future: its books and its money."""

    name: str
    """of the scenario; empty if there is one future"""
    probability: Decimal
    books: Books
    money: Ledger


@dataclass(frozen=True)
class Tree:
    """All futures of an instance, and what the plan claims of them together."""

    instance: Instance
    claim: Claim

    @classmethod
    def of(cls, instance: Instance, plan: Any) -> Tree:
        return cls(instance, read(plan, several=len(scenarios.futures(instance)) > 1))

    @property
    def several(self) -> bool:
        return len(self.names) > 1

    @cached_property
    def names(self) -> list[str]:
        return scenarios.names(self.instance)

    @cached_property
    def calendar(self) -> Calendar:
        return Calendar.of(self.instance)

    @cached_property
    def opened(self) -> list[Opened]:
        """Each future, in the order of the instance."""
        found: list[Opened] = []
        for future in scenarios.futures(self.instance):
            claim = self._claim_of(future.name) if self.several else self.claim
            rates = found[0].books if found else None
            books = Books(future.instance, claim, rates)
            found.append(Opened(future.name, exact(future.probability), books, Ledger(books)))
        return found

    @cached_property
    def expected(self) -> Decimal:
        """The cost of the decisions, expected over the futures."""
        return sum((each.probability * each.money.objective for each in self.opened), ZERO)

    @cached_property
    def tail(self) -> Decimal:
        """Mean cost of the dearest futures that the risk measure counts. Raises AttributeError if there is none."""
        share = 1 - exact(self.instance.policy.risk.cvar_level)
        costs = sorted(((each.money.objective, each.probability) for each in self.opened), reverse=True)
        before, total = ZERO, ZERO
        for usd, probability in costs:
            total += usd * max(min(probability, share - before), ZERO)
            before += probability
        return total / share

    @property
    def objective(self) -> Decimal:
        """What the objective makes of the decisions."""
        risk = self.instance.policy.risk
        if risk is None or not self.several:
            return self.expected
        return exact(risk.mean_weight) * self.expected + exact(risk.weight) * self.tail

    # --- where things stand

    @cached_property
    def nodes(self) -> list[list[int]]:
        """[scenario][month of the horizon]"""
        return scenarios.node_of(self.instance)

    def through(self, month: Month, node: int) -> list[str]:
        """Scenarios that pass through a node in a month of the horizon."""
        place = month - self.calendar.start
        return [name for name, path in zip(self.names, self.nodes, strict=True) if path[place] == node]

    def inside(self, month: Month) -> bool:
        return self.calendar.start <= month <= self.calendar.months[-1]

    def decided_in(self, kind: str, row: Any) -> Month | None:
        """The month whose node a decision stands at; None if it names no month of the horizon."""
        months, periods = self.calendar.months, self.calendar.periods
        if kind == "committed":
            stated = self.instance.commitments.get(row.commitment)
            month = None if stated is None else signing_month(stated, self.calendar)
            return month if month is not None and self.inside(month) else None
        if kind in ("covered", "ported"):
            return months[row.month] if 0 <= row.month < len(months) else None
        return periods[row.period][0] if 0 <= row.period < len(periods) else None

    # --- one future of the claim

    def _claim_of(self, name: str) -> Claim:
        """Rows of other futures are left out. A decision that names no month is left to the rules, in every future."""
        own = self.claim.futures.get(name)
        return replace(
            self.claim,
            objective_usd=own.objective_usd if own else ZERO,
            kpis=own.kpis if own else {},
            deals={row: _in_future(deal, name) for row, deal in self.claim.deals.items() if self._signed(deal, name)},
            **{kind: self._decided(kind, name) for kind in DECISIONS},
            **{key: _of_scenario(getattr(self.claim, key), name) for key in SCENARIO_TABLES},
            ledgers={key: _ledger_of(rows, key, name) for key, rows in self.claim.ledgers.items()},
        )

    def _signed(self, deal: ClaimedDeal, name: str) -> bool:
        return self.inside(deal.signing) and name in self.through(deal.signing, deal.node)

    def _decided(self, kind: str, name: str) -> dict[int, Any]:
        found = {}
        for position, row in getattr(self.claim, kind).items():
            month = self.decided_in(kind, row)
            if month is None or name in self.through(month, row.node):
                found[position] = row._replace(node=0)
        return found


def _in_future(deal: ClaimedDeal, name: str) -> ClaimedDeal:
    """The deal with what it is paid there; what is expected of it, if that is not said."""
    paid = deal.by_scenario.get(name)
    figures = {} if paid is None else {"cash_usd": paid.cash_usd, "npv_usd": paid.npv_usd}
    return replace(deal, node=0, **figures)


def _of_scenario(rows: Sequence[Row] | None, name: str) -> list[Row] | None:
    """None of a table that is not printed."""
    return None if rows is None else [row for row in rows if row.scenario == name]


def _ledger_of(rows: Any, ledger: str, name: str) -> list[Any]:
    """Rows of the future, and what is no row."""
    own = items(rows, f"ledgers.{ledger}")
    return [row for row in own if not isinstance(row, Mapping) or row.get("scenario") == name]
