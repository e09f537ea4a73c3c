"""Reductions: a deal that is never better than another of its offer is left out before the model is built. Exact.

Let `a` and `b` be deals of one offer. `a` is left out if every plan that signs it stays a plan, and costs no more, when
in each scenario `b` is signed in its place, in as many blocks:

    n'[b,nu(s,tau_b)] = n[b,nu(s,tau_b)] + n[a,nu(s,tau_a)],    n'[a] = 0

The other way, a plan without `a` is a plan of the whole problem that signs no `a`: the rows that `a` alone brings about
follow from those that stay. So the least costs are the same. Each family of rows asks for something of `b`:

    signing      Both are deals of their own that nothing follows. Scenarios that share the node of tau_b share that of
                 tau_a, so that n' is defined; b is open where a is; its range of blocks takes in that of a. `once`:
                 a and b are not both signed, so z' of b is z of a. `one_at_a_time`: b is in service in some month of
                 the horizon, and only in months in which a is: the row of that month forbids both, and no row gains a
                 deal. `stack`: the same months, in which n[a] + n[b] <= stock; so b must take the whole stock. Offers
                 count as signed as before. Named in a rule of exclusivity: b is in service only where a is.
    supply       b holds no less in any period. Where some deal of the offer leaves use open: with theta Ah and Ah no
                 less, and v no more where both leave use open, b needs no more of e than a did, at no higher price.
                 `strong_link` follows from the others once nothing is provisioned beyond what is asked for.
    money        In every budget, every balance, every ledger month of what is owed under a cap and in the objective,
                 n C + F of b is no more than that of a for the fewest and the most blocks of a, hence between.
    training     Its rows are about x and y alone; what a run takes of a pool is under supply.
    reinforcement  Its rows are about f and x alone.
    value        No rows: terms of the objective in x and u alone.
    resilience   What is left of b when something is lost is no less: it is of the same provider, site and families.
    porting      Its cap on what serves only repeats what is asked for and what can be held: supply.
    power        No more megawatts in any month and no more tonnes in any year that is capped.
    stability    A deal of an earlier plan gives way only to one of the same start and term. Of any other the change
                 is saved, and at most one is made where it goes.
    concentration  In the months that count: where shares of megawatts are limited, the same megawatts, since more of
                 one is less of another; where shares of spend are, as much is paid for good, and no use is left open;
                 where groups must be present, megawatts wherever there were some. Shares of service are about x.
    commitments  If one counts what the offer is paid: no less spent in any part, signed no later, no use left open.
    risk         No rows of deals: it grows with the cost of every future, of which none grows.
    as_owed      Where shares of spend are limited, no more either: of what lacks nothing is made up. The rest is about
                 x, g and e.

If both may be signed (`stack`), what is due once for `a` falls away and nothing comes for `b`; if only `a` is, F of `b`
comes in its place: the larger of 0 and F covers both. All this is asked in every scenario, also of the objective.
Dropping one at a time makes each step exact for what is left, so chains of places are too.

This holds for the rows of this package: a model that is extended by hand is built on all deals. A limit on the blocks
of an offer as a whole keeps its meaning, since their number does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from offtake_models.problem import Deal, Problem

if TYPE_CHECKING:
    from .compile import Compiled

Sides = list[tuple[np.ndarray, np.ndarray]]
"""pairs of [deal, ...] arrays"""
OUTLINE = 2
"""rows that tell most deals apart come first: all that is held, and the objective of the first scenario"""


def reduced(compiled: Compiled) -> Compiled:
    """The same without the deals that are never better than another; `dropped` names them and what took their place.

    For the model of this package as it is: whoever adds to it, or asks for single deals, keeps them all.
    """
    places = superfluous(compiled.problem)
    return _left_of(compiled, places) if places else compiled


def superfluous(problem: Problem) -> dict[int, int]:
    """Deals that may be left out -> the deal that takes the place, itself kept. Of equal ones the first is kept."""
    followed = {parent for parent, _ in problem.followers}
    found: dict[int, int] = {}
    for offer, mine in _own_deals(problem).items():
        alone = [d for d in mine if d not in followed]
        if len(alone) > 1:
            stock = max(problem.deals[d].max_blocks for d in mine)
            ways = _side_by_side(problem, offer, [problem.deals[d] for d in alone], stock)
            found.update({alone[a]: alone[b] for a, b in _places(ways).items()})
    return found


def without(problem: Problem, dropped: dict[int, int]) -> Problem:
    """The problem without some deals, none of which is followed by another."""
    return replace(problem, deals=_kept(problem.deals, dropped))


def _kept(ways: list, dropped: dict[int, int]) -> list:
    """Deals or columns that stay, `parent` at its new position."""
    position = _positions(len(ways), dropped)
    return [
        way if way.parent is None else replace(way, parent=position[way.parent])
        for d, way in enumerate(ways)
        if d in position
    ]


def _positions(count: int, dropped: dict[int, int]) -> dict[int, int]:
    """Old -> new position of what stays."""
    return {d: k for k, d in enumerate(d for d in range(count) if d not in dropped)}


def _left_of(compiled: Compiled, places: dict[int, int]) -> Compiled:
    position = _positions(len(compiled.columns), places)
    return replace(
        compiled,
        problem=without(compiled.problem, places),
        columns=_kept(compiled.columns, places),
        charged=[compiled.charged[d] for d in position],
        dropped=[(compiled.columns[d], position[place]) for d, place in places.items()],
        futures={name: _left_of(future, places) for name, future in compiled.futures.items()},
    )


def _own_deals(problem: Problem) -> dict[str, list[int]]:
    """offer -> its deals that may be signed, without what follows from them."""
    found: dict[str, list[int]] = {offer: [] for offer in problem.offers}
    for d, deal in enumerate(problem.deals):
        if not deal.in_force and not deal.right:
            found[deal.offer].append(d)
    return found


@dataclass(frozen=True)
class _Ways:
    """The deals of one offer side by side."""

    least: np.ndarray
    """[deal] blocks"""
    most: np.ndarray
    """[deal] blocks"""
    per_block: np.ndarray
    """[deal, row] what a block adds to rows in which less is never worse"""
    once: np.ndarray
    """[deal, row] what signing adds to them"""
    comes: np.ndarray
    """[deal, row] what signing adds at most when the deal takes the place of another"""
    asks: np.ndarray
    """[deal, rule] is no more than ..."""
    bears: np.ndarray
    """[deal, rule] ... this of the deal whose place it takes"""

    def no_worse_than(self, a: int, others: np.ndarray) -> np.ndarray:
        """Those of the others that can take the place of `a`."""
        others = others[(self.least[others] <= self.least[a]) & (self.most[others] >= self.most[a])]
        others = self._no_more_than(a, others, slice(OUTLINE))
        others = others[(self.asks[others] <= self.bears[a]).all(axis=1)]
        return self._no_more_than(a, others, slice(OUTLINE, None))

    def _no_more_than(self, a: int, others: np.ndarray, rows: slice) -> np.ndarray:
        for blocks in (self.least[a], self.most[a]):
            now = blocks * self.per_block[a, rows] + self.once[a, rows]
            then = blocks * self.per_block[others, rows] + self.comes[others, rows]
            others = others[(then <= now).all(axis=1)]
        return others


def _places(ways: _Ways) -> dict[int, int]:
    """Deal that goes -> deal that stays in its place. From the last one, so that the first of equal ones stays."""
    found: dict[int, int] = {}
    stays = np.ones(len(ways.least), dtype=bool)
    for a in reversed(range(len(stays))):
        stays[a] = False
        able = ways.no_worse_than(a, np.flatnonzero(stays))
        if len(able):
            found[a] = int(able[0])
        else:
            stays[a] = True
    for a in found:
        while found[a] in found:
            found[a] = found[found[a]]
    return dict(sorted(found.items()))


def _side_by_side(problem: Problem, offer: str, deals: list[Deal], stock: int) -> _Ways:
    rows = [*_outline(deals), *_held(deals), *_cash(problem, deals), *_policy(problem, offer, deals)]
    rows += [*_counted(problem, offer, deals), *_shared(problem, deals)]
    per_block, once = (np.concatenate([_flat(side) for side in sides], axis=1) for sides in zip(*rows, strict=True))
    rules = [*_when(problem, offer, deals, stock), *_use_left_open(problem, offer, deals)]
    asks, bears = (np.concatenate([_flat(side) for side in sides], axis=1) for sides in zip(*rules, strict=True))
    stacked = problem.repeat[offer] == "stack"
    return _Ways(
        least=np.array([deal.min_blocks for deal in deals]),
        most=np.array([deal.max_blocks for deal in deals]),
        per_block=per_block,
        once=once,
        comes=np.maximum(once, 0.0) if stacked else once,
        asks=asks,
        bears=bears,
    )


def _flat(side: np.ndarray) -> np.ndarray:
    return side.reshape(len(side), -1).astype(float)


def _all(deals: list[Deal], name: str) -> np.ndarray:
    """[deal, ...]"""
    return np.stack([getattr(deal, name) for deal in deals])


def _outline(deals: list[Deal]) -> Sides:
    """All that is held, which follows from the rows of `_held`, and the objective."""
    total = _flat(_delivery(deals)).sum(axis=1)
    charged = _all(deals, "npv_usd") + _all(deals, "carbon_usd")
    return [(-total, np.zeros_like(total)), (charged, _all(deals, "npv_once_usd"))]


def _held(deals: list[Deal]) -> Sides:
    held = _delivery(deals)
    return [(-held, np.zeros_like(held))]


def _delivery(deals: list[Deal]) -> np.ndarray:
    """[deal, pool, s, t]"""
    return np.stack([np.stack(list(deal.delivery.values())) for deal in deals])


def _cash(problem: Problem, deals: list[Deal]) -> Sides:
    """Budgets, balances, and what is owed under a cap."""
    cash, once = _all(deals, "cash"), _all(deals, "cash_once")
    limits = [limit.months for limit in problem.cash_limits + problem.balance_limits]
    rows = [(cash[:, :, months].sum(axis=2), once[:, :, months].sum(axis=2)) for months in limits]
    if problem.obligations_max_usd is not None:
        rows.append((_all(deals, "obligation"), _all(deals, "obligation_once")))
    return rows


def _policy(problem: Problem, offer: str, deals: list[Deal]) -> Sides:
    """Power and carbon, where they are capped."""
    tonnes = _all(deals, "carbon_tonnes")
    rows = [tonnes[:, :, limit.months].sum(axis=2) for limit in problem.carbon_limits]
    if any(offer in limit.offers for limit in problem.power_limits):
        rows.append(_all(deals, "power_mw"))
    return [(row, np.zeros_like(row)) for row in rows]


def _shared(problem: Problem, deals: list[Deal]) -> Sides:
    """Megawatts and spend of which shares are limited: neither more nor less."""
    rows: Sides = []
    if problem.power_shares:
        power = _all(deals, "power_mw")[:, :, min(share.first for share in problem.power_shares) :]
        rows += [(power, np.zeros_like(power)), (-power, np.zeros_like(power))]
    if problem.spend_share is not None:
        counted = slice(problem.spend_share.first, len(problem.period_of))
        spent, once = (_all(deals, name)[:, :, counted].sum(axis=2) for name in ("spent", "spent_once"))
        rows += [(spent, once), (-spent, -once)]
    return rows


def _counted(problem: Problem, offer: str, deals: list[Deal]) -> Sides:
    """What is spent toward commitments, of which more is never worse, unless a share of the spend is limited."""
    spent, once = _all(deals, "spent"), _all(deals, "spent_once")
    parts = [part.months for each in problem.commitments if offer in each.offers for part in each.parts]
    less = [(-spent[:, :, months].sum(axis=2), -once[:, :, months].sum(axis=2)) for months in parts]
    exact = problem.spend_share is not None
    return [*less, *((-per_block, -one) for per_block, one in less if exact)]


def _when(problem: Problem, offer: str, deals: list[Deal], stock: int) -> Sides:
    """What is known at signing, whether the seller still signs, and the months of service."""
    nodes = np.stack([problem.node_of[:, deal.signing] for deal in deals])
    alike, closed = nodes[:, :, None] == nodes[:, None, :], ~_all(deals, "open")
    rules: Sides = [(alike, alike), (closed, closed)]
    serving, repeat = _all(deals, "in_service"), problem.repeat[offer]
    exclusive = any(group.kind == "exclusive" and offer in group.offers for group in problem.groups)
    if exclusive:
        rules.append((serving, serving))
    if repeat != "once":
        watched = _starts(serving)
        rules.append((watched, watched))
        never = ~serving.any(axis=2)
        rules.append((never, np.zeros_like(never)))
    if repeat == "stack":
        short = stock - _all(deals, "max_blocks")
        rules.append((short, np.zeros_like(short)))
    if any(offer in each.offers for each in problem.commitments):
        signing = _all(deals, "signing")
        rules.append((signing, signing))
    if problem.change_usd is not None:
        other = _not_as_kept(problem, deals)
        rules.append((other, other))
    if problem.sellers_min is not None:
        absent = _all(deals, "power_mw")[:, :, problem.sellers_min.first :] <= 0
        rules.append((absent, absent))
    return rules


def _not_as_kept(problem: Problem, deals: list[Deal]) -> np.ndarray:
    """[deal, deal of an earlier plan] whether they differ in offer, start or term."""
    kept = [[(deal.offer, deal.start, deal.months) != key for key in problem.kept] for deal in deals]
    return np.array(kept, dtype=bool).reshape(len(deals), len(problem.kept))


def _starts(serving: np.ndarray) -> np.ndarray:
    """[deal, s, month] service in the months in which a deal of the offer begins: the rows that say what may be in
    service together stand there."""
    before = np.concatenate([np.zeros_like(serving[:, :, :1]), serving[:, :, :-1]], axis=2)
    return serving[:, :, (serving & ~before).any(axis=(0, 1))]


def _use_left_open(problem: Problem, offer: str, deals: list[Deal]) -> Sides:
    """Hours that are paid and hours that are there, and the price of use beyond; nothing if all of it is paid."""
    if all((deal.take_or_pay == 1).all() for deal in problem.deals if deal.offer == offer):
        return []
    hours = np.stack([np.stack(list(deal.delivered_hours.values())) for deal in deals])
    share = _all(deals, "take_or_pay")[:, None]
    left = np.broadcast_to((share < 1) & (hours > 0), hours.shape)
    price = np.stack([_prices(deal) for deal in deals])
    dear, free = np.where(left, price, -np.inf), np.where(left, price, np.inf)
    rules = [(-share * hours, -share * hours), (-hours, -hours), (dear, free)]
    if problem.spend_share is not None or any(offer in each.offers for each in problem.commitments):
        rules.append((left, -left.astype(float)))
    return rules


def _prices(deal: Deal) -> np.ndarray:
    """[pool, s, t] USD per accelerator-hour beyond the share that is paid."""
    nothing = np.zeros_like(deal.take_or_pay)
    return np.stack([deal.beyond_usd_per_hour.get(pool, nothing) for pool in deal.delivered_hours])
