"""The solves behind a walk-away price: the best plan with an offer, or one term of it, forced in or out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from offtake_models.money import discounted_use

from ..instance.commitments import by_use, discounts, eligible, is_prepaid
from ..instance.months import Month
from ..instance.schema import Elastic, Instance, Term, TokenApi
from ..plan.economics import period_discount
from .bracket import Growth, Point
from .left_out import anyhow, leave_out, own_pools
from .solves import Solved, best_plan, solved

if TYPE_CHECKING:
    from offtake_models.problem import Problem

    from ..compile import Compiled
    from ..deals import Column
    from ..plan import Decisions

PRICE_KEYS = {
    "usd_per_month": "USD per block and month",
    "usd_per_accelerator_hour": "USD per accelerator-hour",
    "usd_per_mw_month": "USD per MW and month",
    "forward_factor": "times the forward curve",
}
USE_KEYS = {
    "usd_per_accelerator_hour": "USD per accelerator-hour",
    "usd_per_million_output_tokens": "USD per million output tokens",
    "usd_per_million_input_tokens": "USD per million input tokens",
}
"""of what is bought by use, all of which move together"""


ROUNDING = 1e-9
"""of a charge"""


@dataclass(frozen=True)
class Target:
    """What is taken or left: an offer, or one of its terms."""

    offer: str
    term: int | None = None
    """index; None: any"""

    def has(self, column: Column) -> bool:
        """Whether a column is a deal of it, or follows from one."""
        return column.offer == self.offer and self.term in (None, column.term)

    @property
    def name(self) -> str:
        return self.offer if self.term is None else f"{self.offer}, term {self.term}"


def with_price_factor(instance: Instance, offer: str, factor: float, term: int | None = None) -> Instance:
    """The same instance with every price of one offer, or of one of its terms, times a factor."""
    known = instance.offers[offer]
    terms = [_scaled(each, factor) if term in (None, k) else each for k, each in enumerate(known.terms)]
    update = {"terms": terms, "elastic": _used_at(known.elastic, factor), "api": _used_at(known.api, factor)}
    return instance.model_copy(update={"offers": {**instance.offers, offer: known.model_copy(update=update)}})


def _used_at(sold: Elastic | TokenApi | None, factor: float) -> Elastic | TokenApi | None:
    """What is bought by use, at so many times its prices."""
    if sold is None:
        return None
    return sold.model_copy(
        update={name: _times(getattr(sold, name), factor) for name in USE_KEYS if hasattr(sold, name)}
    )


def _scaled(term: Term, factor: float) -> Term:
    prices = {key: getattr(term, key) for key in PRICE_KEYS if getattr(term, key) is not None}
    scaled = {key: _times(price, factor) for key, price in prices.items()}
    return term.model_copy(update={**scaled, "minimum_usd_per_month": factor * term.minimum_usd_per_month})


def _times(price: float | dict[Month, float], factor: float) -> float | dict[Month, float]:
    return {month: usd * factor for month, usd in price.items()} if isinstance(price, dict) else price * factor


def _fills(instance: Instance, commitment: str, offer: str) -> bool:
    """Whether a dearer offer leaves less of the commitment to be paid for nothing."""
    return not is_prepaid(instance.commitments[commitment]) and offer in eligible(instance, commitment)


class Study:
    """The solves of one call. The best plan at today's prices is, for each target, a plan with it or without it."""

    def __init__(self, instance: Instance, gap: float, time_limit_s: float | None, progress: Callable[[str], None]):
        from ..compile import compile_instance
        from ..solve import Limits

        self.instance, self.progress = instance, progress
        self.limits = Limits(gap=gap, time_limit_s=time_limit_s)
        self.today = compile_instance(instance)
        self._dearer: dict[Target, Problem] = {}
        self.plans: dict[tuple[Target, float | None], Solved] = {}
        """with a target at so many times its price, or without it (None)"""
        self.progress("the best plan at today's prices")
        self.best = best_plan(self.today, self.limits)

    def quiet(self) -> Study:
        """The same for a process of its own, which tells no progress."""
        other = Study.__new__(Study)
        other.__dict__ = {**self.__dict__, "progress": _silent}
        return other

    def by_use(self, target: Target) -> bool:
        """Whether it is bought by use, without signing."""
        return by_use(self.instance.offers[target.offer])

    def chosen(self, target: Target) -> bool:
        """Whether the best plan found at today's prices signs it, or uses it."""
        if self.by_use(target):
            mine = own_pools(self.today, target.offer)
            return any(slot[0] in mine for slot in self.best.decisions.serve)
        return any(target.has(self.today.columns[d]) for d, _ in self.best.decisions.blocks)

    def growth(self, target: Target) -> Growth:
        """How the cost of a plan grows with the price of a target in it."""
        problem = self.today.problem
        if self._counted(target) or problem.spend_share or problem.risk is not None:
            return Growth.SOLVED
        return Growth.CAPPED if self._capped else Growth.CHARGED

    def alone(self, target: Target) -> str:
        """Why a price that was solved says nothing of others; empty if it does."""
        if self.today.problem.spend_share:
            return "Shares of spend are limited"
        return "Cash is limited beside a commitment" if self._counted(target) and self._capped else ""

    def saves_by_its_price(self, target: Target) -> bool:
        """Whether a dearer target may cost less: where trued-up commitments count more of its price, as what is paid
        ahead for the time beyond the horizon, than the objective charges."""
        problem = self.today.problem
        for d, deal in enumerate(problem.deals):
            if target.has(self.today.columns[d]) and deal.right != "break":
                dearer = self._twice(target).deals[d]
                counting = [each for each in problem.commitments if not each.prepaid and deal.offer in each.offers]
                parts = [part for each in counting for part in each.parts]
                saved = sum(part.charge * (dearer.spent - deal.spent)[:, part.months].sum(axis=1) for part in parts)
                charged = dearer.npv_usd - deal.npv_usd
                if parts and (saved > charged + ROUNDING * np.abs(charged)).any():
                    return True
        return False

    def _counted(self, target: Target) -> bool:
        """Whether what is paid for it is not its price times what is bought, since commitments count or cover it."""
        promised = self.instance.commitments
        covered = self.by_use(target) and any(
            target.offer in [*eligible(self.instance, name), *discounts(each)] for name, each in promised.items()
        )
        return covered or any(_fills(self.instance, name, target.offer) for name in promised)

    @property
    def _capped(self) -> bool:
        problem = self.today.problem
        return bool(problem.cash_limits or problem.balance_limits or problem.obligations_max_usd is not None)

    def least_charge(self, target: Target) -> float:
        """C_1: what the price of the target charges at least where it is signed, at today's prices.

        In its fewest blocks, broken off in each future when that is cheapest.
        """
        problem, least = self.today.problem, []
        for d, deal in enumerate(problem.deals):
            if not target.has(self.today.columns[d]) or deal.right:
                continue
            charge = self._charges(target, d, deal.min_blocks)
            breaks = problem.followers.get((d, "break"), [])
            saved = np.minimum.reduce(
                [np.zeros_like(charge), *(self._charges(target, b, deal.min_blocks) for b in breaks)]
            )
            for node in problem.signing_nodes(deal):
                through = problem.scenarios_through(node, max(deal.signing, 0))
                least.append(float((charge + saved)[through].sum()))
        return min(least, default=0.0)

    def charges(self, target: Target, decisions: Decisions) -> tuple[dict[int, float], int]:
        """What a plan is expected to pay for the target at today's prices by term, discounted, without what its price
        does not move (for signing, deposits, letters of credit); and its blocks, in the future that has most."""
        today = self.today
        charges: dict[int, float] = {}
        signed: dict[tuple[int, int], int] = {}
        for (d, node), count in decisions.blocks.items():
            deal = today.problem.deals[d]
            if target.has(today.columns[d]):
                term = today.columns[d].term
                charges[term] = charges.get(term, 0.0) + self._price_charge(target, d, node, count)
                signed |= {} if deal.right else {(d, node): count}
        for (d, pool, t, node), hours in decisions.beyond.items():
            if target.has(today.columns[d]):
                charges[today.columns[d].term] += hours * self._beyond_charge(target, d, pool, t, node)
        if self.by_use(target):
            mine = own_pools(today, target.offer)
            uses = [(slot, used) for slot, used in decisions.serve.items() if slot[0] in mine]
            charges[0] = sum(self._use_charge(target, slot) * used for slot, used in uses)
        return charges, self.signed_at_most(signed)

    def signed_at_most(self, blocks: Mapping[tuple[int, int], int]) -> int:
        """The most blocks of these signings that one future has."""
        problem, signed = self.today.problem, [0] * len(self.today.problem.scenarios)
        for (d, node), count in blocks.items():
            for s in problem.scenarios_through(node, max(problem.deals[d].signing, 0)):
                signed[s] += count
        return max(signed)

    def _price_charge(self, target: Target, d: int, node: int, blocks: int) -> float:
        """Expected USD that the objective pays for a deal signed in a node by its price."""
        signing = max(self.today.problem.deals[d].signing, 0)
        return float(self._charges(target, d, blocks)[self.today.problem.scenarios_through(node, signing)].sum())

    def _charges(self, target: Target, d: int, blocks: int) -> np.ndarray:
        """[s] the same by future, times its probability: what it would pay more at twice the prices of the target."""
        deal, dearer = self.today.problem.deals[d], self._twice(target).deals[d]
        more = blocks * (dearer.npv_usd - deal.npv_usd) + dearer.npv_once_usd - deal.npv_once_usd
        return np.array(self.today.problem.probability) * more

    def _beyond_charge(self, target: Target, d: int, pool: str, t: int, node: int) -> float:
        """The same of one accelerator-hour used beyond take-or-pay."""
        problem, discount = self.today.problem, period_discount(self.today)
        deal = problem.deals[d]
        price, dearer = deal.beyond_usd_per_hour[pool], self._twice(target).deals[d].beyond_usd_per_hour[pool]
        through = problem.scenarios_through(node, problem.months_of[t][0])
        return float(sum(problem.probability[s] * (dearer[s, t] - price[s, t]) for s in through) * discount[t])

    def _use_charge(self, target: Target, slot: tuple) -> float:
        """The same of one accelerator, or request/s, that is used without signing."""
        return discounted_use(self._twice(target), slot) - discounted_use(self.today.problem, slot)

    def _twice(self, target: Target) -> Problem:
        """The problem at twice the prices of a target."""
        from ..compile import compile_instance

        if target not in self._dearer:
            dearer = with_price_factor(self.instance, target.offer, 2.0, target.term)
            self._dearer[target] = compile_instance(dearer).problem
        return self._dearer[target]

    def without(self, target: Target, gap: float | None = None) -> Point:
        """The best plan that does not sign it; it costs no less than the best plan of all."""
        if not self.chosen(target) and gap is None:
            return self._known(target, None, self.best)
        self.progress(f"{target.name}: the best plan without it{_closer(gap)}")
        begin = {copy: blocks for copy, blocks in self.best.decisions.blocks.items() if not self._is_of(target, copy)}
        world = anyhow(self.today, target.offer) if self.by_use(target) else self.today
        found = solved(world, self._limits(gap), lambda model: force(model, world, target, 0), begin=begin)
        return self._known(target, None, found)

    def signed(self, target: Target, factor: float, gap: float | None = None) -> Point:
        """The best plan that signs it, at so many times its price."""
        if factor == 1.0 and self.chosen(target) and gap is None:
            return self._known(target, factor, self.best)
        from ..compile import compile_instance

        self.progress(f"{target.name}: the best plan with it at {factor:.4g} of its price{_closer(gap)}")
        compiled = compile_instance(with_price_factor(self.instance, target.offer, factor, target.term))
        begin = self.best.decisions.blocks if self.chosen(target) else None
        found = solved(compiled, self._limits(gap), lambda model: force(model, compiled, target, 1), begin=begin)
        return self._known(target, factor, found)

    def _limits(self, gap: float | None) -> Any:
        return self.limits if gap is None else replace(self.limits, gap=gap)

    def _is_of(self, target: Target, copy: tuple[int, int]) -> bool:
        return target.has(self.today.columns[copy[0]])

    def _known(self, target: Target, factor: float | None, found: Solved) -> Point:
        """What a solve found, with what it pays for the target. At today's price, or more where that can only cost
        more, no plan costs less than the best one is proven to."""
        self.plans[target, factor] = found
        factor = 1.0 if factor is None else factor
        dearer = factor == 1.0 or (factor > 1.0 and not self.alone(target))
        lower = max(found.lower, self.best.lower) if dearer else found.lower
        cut_short = found.outcome.status == "time_limit"
        if found.decisions is None:
            return Point(factor, found.upper, lower, cut_short=cut_short)
        charges, blocks = self.charges(target, found.decisions)
        term = max(charges, key=lambda number: charges[number], default=target.term or 0)
        return Point(factor, found.upper, min(lower, found.upper), sum(charges.values()), blocks, term, cut_short)


def _silent(_sentence: str) -> None:
    pass


def _closer(gap: float | None) -> str:
    return "" if gap is None else f", to {gap:.2g}"


def force(model: Any, compiled: Compiled, target: Target, least: int) -> None:
    """Sign at least one block of the target (least = 1), or none (least = 0). What is bought by use may be used, or
    not."""
    from pyomo.environ import Constraint

    if by_use(compiled.instance.offers[target.offer]):
        if not least:
            leave_out(compiled, target.offer, model)
        return
    own = [
        variable
        for (d, _), variable in model.blocks.items()
        if target.has(compiled.columns[d]) and not compiled.problem.deals[d].right
    ]
    if own:
        model.offer_forced = Constraint(expr=sum(own) >= 1 if least else sum(own) <= 0)
    elif least:
        model.offer_forced = Constraint(expr=Constraint.Infeasible)
