"""What the mathematics reads: index lists and coefficient arrays, frozen.

A `Problem` holds no file, no catalogue and no contract language: everything a contract says has
become vectors by the time it gets here. Symbols follow the README beside this file. Axes are always in the
order [scenario, month] or [scenario, period] or [scenario, period, block]; the scenario axis has
length 1 for a problem with one future.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

Pair = tuple[str, str]
"""(pool, workload)"""


@dataclass(frozen=True)
class Deal:
    """One way to sign an offer: this start, this term. d in D_o."""

    offer: str
    start: int
    """first service month, counted from the horizon's first month; negative for contracts already in force"""
    term_months: int
    signing: int
    """tau: the month in which it must be signed, 0 or later; -1 for contracts already in force"""
    min_blocks: int
    max_blocks: int
    delivery: dict[str, np.ndarray]
    """A: pool -> [s, t] accelerators that one block holds throughout the period (its smallest month)"""
    delivered_hours: dict[str, np.ndarray]
    """pool -> [s, t] accelerator-hours that one block delivers over the period"""
    cash: np.ndarray
    """C: [s, ledger month] USD due per block"""
    cash_once: np.ndarray
    """F: [s, ledger month] USD due once if signed"""
    obligation: np.ndarray
    """O: [s, ledger month] USD per block still owed after that month, undiscounted, non-cancellable; 0 until signed"""
    npv_usd: np.ndarray
    """[s] what one block costs the objective, by the terminal rule; 0 for sunk contracts"""
    npv_once_usd: np.ndarray
    """[s] the same for cash_once"""
    take_or_pay: float
    """theta: share of the delivered hours that is paid whether used or not"""
    beyond_usd_per_hour: dict[str, np.ndarray]
    """v: pool -> [s, t] USD per accelerator-hour used beyond that share; empty when theta is 1"""
    in_force: bool = False
    """already signed: blocks fixed at max_blocks"""


@dataclass(frozen=True)
class Workload:
    """One demand line, served by requests per second. w in W."""

    kind: str
    """interactive or batch"""
    provision: np.ndarray
    """D: [s, t, b] requests/s to provision for"""
    mean_share: np.ndarray
    """Dbar / D: [s, t, b] what is paid for over what is provisioned"""
    waiting_periods: int = 0
    """L: batch only; whole periods that work may wait"""
    unserved_usd: np.ndarray | None = None
    """[s, t] USD, discounted, per request left unserved; None: everything must be served"""


@dataclass(frozen=True)
class Group:
    """A rule on which offers may be signed together."""

    kind: str
    """at_most, at_least or requires"""
    offers: list[str]
    """for requires: [the offer, what it requires]"""
    count: int = 1


@dataclass(frozen=True)
class CashLimit:
    """Cash out over some ledger months may not exceed a limit (budget), or cumulative cash may not (balance)."""

    name: str
    months: list[int]
    usd: float


@dataclass(frozen=True)
class Problem:
    """A whole procurement problem in numbers."""

    name: str
    # the tree of futures
    probability: list[float]
    """pi: by scenario"""
    node_of: np.ndarray
    """nu: [s, month of the horizon] the node that the scenario passes through; all 0 with one future"""
    # time
    period_of: list[int]
    """period of each month of the horizon"""
    hours: np.ndarray
    """H: [t] hours of the period"""
    month_hours: np.ndarray
    """[month of the horizon]"""
    block_share: np.ndarray
    """phi: [b], sum 1"""
    discount: np.ndarray
    """[ledger month] present value of one dollar paid in that month; the ledger reaches past the horizon"""
    # supply
    offers: list[str]
    """offers with deals, in the order of the file"""
    repeat: dict[str, str]
    """offer -> once | one_at_a_time | stack"""
    deals: list[Deal]
    pools: list[str]
    elastic_limit: dict[str, np.ndarray]
    """pool -> [s, t] accelerators (requests/s for an API) that can be had without signing"""
    groups: list[Group]
    # demand
    workloads: dict[str, Workload]
    rate: dict[Pair, np.ndarray]
    """R: (pool, workload) in E -> [s, t] requests/s per accelerator inside the target; 1 for an API"""
    use_cash: dict[Pair, np.ndarray]
    """(pool, workload) in E -> [s, month of the horizon] USD for one accelerator at work through the whole month:
    elastic price, tokens and egress; times phi and mean_share for one that is provisioned in a block"""
    # money
    cash_limits: list[CashLimit] = field(default_factory=list)
    """budgets: cash out over the months listed, at most usd"""
    balance_limits: list[CashLimit] = field(default_factory=list)
    """cumulative cash out over the months listed, at most funding + other cash - minimum"""
    obligations_max_usd: float | None = None

    @property
    def scenarios(self) -> range:
        return range(len(self.probability))

    @property
    def periods(self) -> range:
        return range(len(self.hours))

    @property
    def blocks(self) -> range:
        return range(len(self.block_share))

    @cached_property
    def months_of(self) -> list[list[int]]:
        """Months of the horizon in each period."""
        return [[m for m, owner in enumerate(self.period_of) if owner == t] for t in self.periods]

    def node_at(self, scenario: int, period: int) -> int:
        """nu(s, t). A reveal falls on the first month of a period."""
        return int(self.node_of[scenario, self.months_of[period][0]])

    def nodes_at(self, period: int) -> list[int]:
        return list(dict.fromkeys(self.node_at(s, period) for s in self.scenarios))

    def signing_nodes(self, deal: Deal) -> list[int]:
        """The nodes in which the deal may be signed: one copy of the decision for each."""
        month = max(deal.signing, 0)
        return list(dict.fromkeys(int(self.node_of[s, month]) for s in self.scenarios))

    def signed_at(self, deal: Deal, scenario: int) -> int:
        """The node whose copy of the deal governs this scenario."""
        return int(self.node_of[scenario, max(deal.signing, 0)])

    def scenarios_through(self, node: int, month: int) -> list[int]:
        """Scenarios that pass through the node in that month of the horizon."""
        return [s for s in self.scenarios if int(self.node_of[s, month]) == node]

    def representative(self, period: int, node: int) -> int:
        """A scenario that passes through the node in the period: up to there all of them agree."""
        return self.scenarios_through(node, self.months_of[period][0])[0]

    def asks(self, workload: str, period: int, block: int, node: int) -> bool:
        """Whether the workload can be served there: batch work in any block, interactive demand where there is some."""
        demand = self.workloads[workload]
        return demand.kind == "batch" or demand.provision[self.representative(period, node), period, block] > 0
