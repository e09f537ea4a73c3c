"""What the mathematics reads: index lists and coefficient arrays, frozen.

A `Problem` holds no file, no catalogue and no contract language: everything a contract says has
become vectors by the time it gets here. Symbols follow the README beside this file. Axes are always in the
order [scenario, month] or [scenario, period] or [scenario, period, block]; the scenario axis has
length 1 for a problem with one future.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

Pair = tuple[str, str]
"""(pool, workload)"""


@dataclass(frozen=True)
class Deal:
    """One way to sign an offer: this start, this term. d in D_o."""

    offer: str
    start: int
    """first service month, as written, counted from the horizon's first; negative for contracts already in force"""
    in_service: np.ndarray
    """[s, ledger month] whether its term covers the month; of a break: whether what it cuts off would"""
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
    spent: np.ndarray
    """C': [s, ledger month] the part of cash that counts toward spend commitments"""
    spent_once: np.ndarray
    """F': [s, ledger month] the same of cash_once"""
    obligation: np.ndarray
    """O: [s, ledger month] USD per block still owed after that month, undiscounted, non-cancellable; 0 until signed"""
    obligation_once: np.ndarray
    """[s, ledger month] USD still owed once if signed: what the first blocks of a price ladder cost more"""
    npv_usd: np.ndarray
    """[s] what one block costs the objective, by the terminal rule, less its tail; 0 for sunk contracts"""
    npv_once_usd: np.ndarray
    """[s] the same for cash_once"""
    take_or_pay: np.ndarray
    """theta: [s, t] share of the delivered hours that is paid whether used or not"""
    beyond_usd_per_hour: dict[str, np.ndarray]
    """v: pool -> [s, t] USD per accelerator-hour used beyond that share; empty when theta is always 1"""
    power_mw: np.ndarray
    """P: [s, month of the horizon] MW that one block draws, after the ramp"""
    carbon_tonnes: np.ndarray
    """K: [s, month of the horizon] tonnes of CO2 of one block"""
    carbon_usd: np.ndarray
    """[s] what those of the horizon cost the objective, discounted by month; 0 for sunk contracts"""
    tail_usd: np.ndarray
    """[s] present value of what its capacity is worth after the horizon, as far as the objective credits it"""
    open: np.ndarray
    """[s] whether it can be signed: not what the seller has lost or withdrawn by then"""
    in_force: bool = False
    """already signed: blocks fixed at max_blocks"""
    right: str = ""
    """renewal, option, expansion or break: what kind of follow-on it is; empty for a deal of its own"""
    parent: int | None = None
    """the deal that it follows, which comes before it"""
    per_parent: float = 1.0
    """rho: blocks of it for each block of that one, at most"""
    months: int = 0
    """of its term, as written"""

    def charge_usd(self, blocks: int) -> np.ndarray:
        """[s] what so many blocks cost the objective if signed: cash by the terminal rule, and the price of carbon."""
        return blocks * (self.npv_usd + self.carbon_usd) + self.npv_once_usd


@dataclass(frozen=True)
class Run:
    """What a training run asks for: arithmetic, on one pool at a time."""

    flop: float
    """W: useful FLOP in all"""
    periods: list[int]
    """in which it may work, one after the other; its work is done by the end of the last"""
    due: int
    """the period of its deadline: the last of them, or an earlier one if lateness has a price"""
    least_accelerators: float
    most_accelerators: float
    """of one pool, whenever it works"""
    useful: list[dict[str, tuple[float, float]]]
    """by line, pool -> (a, c): x accelerators do the work of as many at the rate R as the least a x + c of all lines"""
    pauses_max: int
    late_usd: np.ndarray | None = None
    """[t] USD, discounted, if the period begins with work left; None: it is never late"""


@dataclass(frozen=True)
class Rollouts:
    """What a training run learns from, generated in the period in which it learns."""

    learner: str
    """the training run"""
    flop: float
    """e: useful FLOP of its updates that one rollout is good for"""
    most: float
    """rollouts in all, if none is generated in vain"""
    periods: list[int]
    """in which it may learn"""


@dataclass(frozen=True)
class Workload:
    """One demand line, served by requests per second, a training run, or what one learns from. w in W."""

    kind: str
    """interactive, batch, training or rollouts"""
    provision: np.ndarray
    """D: [s, t, b] requests/s to provision for"""
    mean_share: np.ndarray
    """Dbar / D: [s, t, b] what is paid for over what is provisioned"""
    waiting_periods: int = 0
    """L: batch only; whole periods that work may wait"""
    run: Run | None = None
    """training only; D is 0 and Dbar / D is 1 throughout"""
    rollouts: Rollouts | None = None
    """rollouts only; D is 0 and Dbar / D is 1 throughout"""
    unserved_usd: np.ndarray | None = None
    """[s, t] USD, discounted, per request left unserved"""
    value_usd: np.ndarray | None = None
    """[s, t] USD, discounted, that a served request brings"""

    @property
    def brings_requests(self) -> bool:
        """Whether somebody asks for it: a training run and its rollouts are asked for by nobody."""
        return self.run is None and self.rollouts is None

    @property
    def refused_usd(self) -> np.ndarray | None:
        """[s, t] USD, discounted, per request left unserved: penalty and value forgone; None: all must be served"""
        given = [usd for usd in (self.unserved_usd, self.value_usd) if usd is not None]
        return sum(given[1:], given[0]) if given else None


@dataclass(frozen=True)
class Group:
    """A rule on which offers may be signed together."""

    kind: str
    """at_most, at_least, requires, exclusive or at_most_providers"""
    offers: list[str]
    """for requires: [the offer, what it requires]; for exclusive: [who is alone, the others], contracts in force too"""
    count: int = 1
    until: int | None = None
    """exclusive only: the month in which it no longer holds, counted from the horizon's first; None: it always does"""
    providers: dict[str, list[str]] = field(default_factory=dict)
    """at_most_providers only: provider -> its offers, contracts in force and commitments"""


@dataclass(frozen=True)
class Part:
    """Months of a spend commitment that are settled together."""

    months: list[int]
    """ledger months, all inside the horizon or all beyond it"""
    usd: float
    due: int
    """ledger month in which what is missing is paid"""
    charge: float
    """what one missing dollar costs the objective, by the terminal rule"""


@dataclass(frozen=True)
class Commitment:
    """Spend promised to a provider. k in K."""

    name: str
    signing: int
    """month of the horizon in which it is taken"""
    mandatory: bool
    prepaid: bool
    """paid whatever is used, and use is drawn from it; else trued up at the end of each part"""
    hourly: bool
    """what is drawn is limited in every month and block, not in every part"""
    months: list[int]
    """of the horizon in which it runs"""
    parts: list[Part]
    paid: np.ndarray
    """B: [ledger month] USD due whatever is used"""
    obligation: np.ndarray
    """[ledger month] what of that is still owed after that month; 0 until it is taken"""
    npv_usd: float
    """what that costs the objective, by the terminal rule"""
    pools: dict[str, float]
    """f: pool -> share off the list price; for a prepaid one all pools whose use it covers"""
    offers: list[str]
    """trued up: offers and contracts in force whose deals count"""
    counted_pools: list[str]
    """trued up: their pools"""
    others: list[int]
    """trued up: prepaid commitments whose payments count, by position"""


@dataclass(frozen=True)
class CashLimit:
    """Cash out over some ledger months may not exceed a limit (budget), or cumulative cash may not (balance)."""

    name: str
    months: list[int]
    usd: float


@dataclass(frozen=True)
class PowerLimit:
    """Megawatts in service, in any month of the horizon, may not exceed a limit."""

    site: str | None
    """region; None: everywhere"""
    offers: list[str]
    """offers and contracts in force that count"""
    mw: float


@dataclass(frozen=True)
class CarbonLimit:
    """Emissions over some months of the horizon may not exceed a limit."""

    name: str
    months: list[int]
    tonnes: float


@dataclass(frozen=True)
class Port:
    """A model brought to a software family."""

    model: str
    family: str
    usd: float
    """in all, spread evenly over its months"""
    months: int
    """L: from its start on, until what needs it may serve"""
    pairs: list[Pair]
    """(pool, workload) in E that need it; none of them needs two"""


@dataclass(frozen=True)
class Contingency:
    """What may be lost at once, and what must be kept without it. k in K."""

    name: str
    """of the group of providers, the site or the software family"""
    pools: list[str]
    """that are lost"""
    keep: dict[str, float]
    """workload -> share of the rate to provision for that is still served"""
    first: int
    """month of the horizon from which on that holds"""


@dataclass(frozen=True)
class Seller:
    """A group of providers that stand or fall together, and all that it sells. g in G."""

    name: str
    offers: list[str]
    """offers and contracts in force"""
    pools: list[str]
    commitments: list[int]
    """by position"""


@dataclass(frozen=True)
class PowerShare:
    """A part of the megawatts in service, in any month from one on, may not exceed a share of all of them."""

    kind: str
    """group or family"""
    name: str
    """of the group of providers, or of the accelerator family"""
    of: dict[str, float]
    """f: offer or contract in force -> what part of its megawatts counts"""
    most: float
    first: int
    """month of the horizon"""


@dataclass(frozen=True)
class SellerShare:
    """No seller may have more than a share of what all of them have, from a month on."""

    most: float
    first: int
    """month of the horizon"""


@dataclass(frozen=True)
class SellersMin:
    """So many sellers must have capacity in service, in every month from one on."""

    least: int
    first: int
    """month of the horizon"""


@dataclass(frozen=True)
class Risk:
    """How the dear futures weigh: mean_weight E[cost] + weight CVaR(cost)."""

    mean_weight: float
    """more than 0"""
    weight: float
    level: float
    """alpha: CVaR is the mean of the dearest 1 - alpha of the futures"""


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
    """R: (pool, workload) in E -> [s, t] requests/s per accelerator inside the target; 1 for an API; of a training run
    FLOP/s"""
    use_cash: dict[Pair, np.ndarray]
    """(pool, workload) in E -> [s, month of the horizon] USD for one accelerator at work through the whole month:
    elastic price, tokens and egress; times phi and mean_share for one that is provisioned in a block"""
    # money
    cash_limits: list[CashLimit] = field(default_factory=list)
    """budgets: cash out over the months listed, at most usd"""
    balance_limits: list[CashLimit] = field(default_factory=list)
    """cumulative cash out over the months listed, at most funding + other cash - minimum"""
    obligations_max_usd: float | None = None
    power_limits: list[PowerLimit] = field(default_factory=list)
    carbon_limits: list[CarbonLimit] = field(default_factory=list)
    carbon_usd_per_tonne: float = 0.0
    use_carbon: dict[Pair, np.ndarray] = field(default_factory=dict)
    """(pool, workload) -> [s, month of the horizon] tonnes of CO2 of one accelerator at work through the whole month;
    only for capacity without signing"""
    commitments: list[Commitment] = field(default_factory=list)
    sellers: list[Seller] = field(default_factory=list)
    kept: dict[tuple[str, int, int], int] = field(default_factory=dict)
    """N: (offer, start, months of the term) of a deal of an earlier plan that is still to be signed -> blocks there"""
    change_usd: float | None = None
    """for each deal with other blocks than there; None: there is no such plan"""
    power_shares: list[PowerShare] = field(default_factory=list)
    spend_share: SellerShare | None = None
    """of what is paid for good in the months of the horizon that count, in all"""
    served_share: SellerShare | None = None
    """of mean requests served, in any period with a month that counts"""
    sellers_min: SellersMin | None = None
    sublet_usd: dict[str, np.ndarray] = field(default_factory=dict)
    """pool -> [s, month of the horizon] USD that comes in for one accelerator let through the whole month"""
    sublet_most: dict[str, float] = field(default_factory=dict)
    """pool -> accelerators that the market takes at any time"""
    ports: list[Port] = field(default_factory=list)
    """that may be made"""
    risk: Risk | None = None
    """None: what is expected is all that counts"""
    contingencies: list[Contingency] = field(default_factory=list)
    """each of which must be survived"""
    list_cash: dict[Pair, np.ndarray] = field(default_factory=dict)
    """(pool, workload) -> [s, month of the horizon] the part of use_cash that commitments cover or discount: elastic
    price and tokens; only for their pools"""

    def use_charge(self, pair: Pair) -> np.ndarray:
        """[s, month of the horizon] USD that the objective pays, undiscounted, for one accelerator at work: its cash
        and the price on its emissions."""
        carbon = self.use_carbon.get(pair)
        return self.use_cash[pair] if carbon is None else self.use_cash[pair] + self.carbon_usd_per_tonne * carbon

    def alone(self, scenario: int) -> Problem:
        """The same where a scenario is certain: what is expected there is what it costs."""
        return replace(self, probability=[float(s == scenario) for s in self.scenarios])

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

    def node_in(self, scenario: int, month: int) -> int:
        """The node that the scenario passes through in a month; the last one stays past the horizon."""
        return int(self.node_of[scenario, min(month, len(self.period_of) - 1)])

    def nodes_in(self, month: int) -> list[int]:
        return list(dict.fromkeys(self.node_in(s, month) for s in self.scenarios))

    def scenarios_through(self, node: int, month: int) -> list[int]:
        """Scenarios that pass through the node in that month of the horizon."""
        return [s for s in self.scenarios if int(self.node_of[s, month]) == node]

    def representative(self, period: int, node: int) -> int:
        """A scenario that passes through the node in the period: up to there all of them agree."""
        return self.scenarios_through(node, self.months_of[period][0])[0]

    @cached_property
    def port_of(self) -> dict[Pair, int]:
        """The port that a pair waits for, by position, if it does."""
        return {pair: k for k, port in enumerate(self.ports) for pair in port.pairs}

    @cached_property
    def followers(self) -> dict[tuple[int, str], list[int]]:
        """(deal, right) -> the deals that follow it by that right, in order."""
        found: dict[tuple[int, str], list[int]] = {}
        for d, deal in enumerate(self.deals):
            if deal.parent is not None:
                found.setdefault((deal.parent, deal.right), []).append(d)
        return found

    def asks(self, workload: str, period: int, block: int, node: int) -> bool:
        """Whether the workload can be served there: batch work in any block, interactive demand where there is some, a
        training run and its rollouts in its window."""
        demand = self.workloads[workload]
        window = demand.run or demand.rollouts
        if window is not None:
            return period in window.periods
        return demand.kind == "batch" or demand.provision[self.representative(period, node), period, block] > 0
