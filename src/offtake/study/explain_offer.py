"""One page about one offer: sign, wait, or counter at which price; by when, why, and what would change the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..instance.schema import Instance
from . import wording
from .breakeven import BreakEven, of_target
from .differences import differences
from .explain import told_offers, without
from .flips import of_offer
from .priced import Study, Target
from .solves import Solved, solved
from .waiting import Waiting, waiting
from .wording import plural

if TYPE_CHECKING:
    from ..compile import Compiled
    from ..plan import Plan

Row = dict[str, Any]
CHANGES = ("delay", "throughput")
"""what is asked beside the price: what the buyer does not decide"""


@dataclass(frozen=True)
class OfferPage:
    """What a buyer takes into the room."""

    offer: str
    verdict: str
    """sign; wait (it is worth more later); counter (worth taking, or using, at a lower price); leave (not even for
    nothing, or it cannot be signed or used); use (bought by use, and used); undetermined (no price is proven)"""
    sentence: str
    why: str
    """by the plan's own arithmetic"""
    by: str | None = None
    """the quote's expiry, or the last month in which it can be signed"""
    unit: str | None = None
    price_today: float | None = None
    worth_up_to: float | None = None
    """USD, or a factor on the forward curve: up to here it is proven to be worth taking"""
    walk_away_from: float | None = None
    """from here on it is proven not to be"""
    blocks: int | None = None
    """that the best plan signs today, or would at the counter-offer"""
    saving_usd: float | None = None
    """what having it at today's price saves, by the plans found; negative: what it would cost"""
    instead: str = ""
    """what takes its place; of one that is not taken, what it would take the place of"""
    usd_low: float | None = None
    """what doing without it costs at least"""
    usd_high: float | None = None
    waiting: str = ""
    changes: tuple[str, ...] = ()
    """what would change the answer"""
    complete: bool = True
    """False: an interrupt ended the search for what would change it"""

    def to_document(self) -> Row:
        """Plain JSON types."""
        return {**vars(self), "changes": list(self.changes)}


def explain_offer(
    question: Instance | Plan,
    offer: str,
    gap: float = 1e-3,
    time_limit_s: float | None = None,
    progress: Callable[[str], None] | None = None,
    over: Sequence[str] = CHANGES,
) -> OfferPage:
    """One page about an offer of an instance, or of that of a plan.

    `gap` and `time_limit_s` hold for each of the solves: some ten for the price and for waiting, and about twenty for
    each of `over`, as for `offtake.breakeven`. Raises ValueError for an offer that the instance does not have, NoPlan
    if it has no plan, KeyboardInterrupt before its price is known.
    """
    instance = question if isinstance(question, Instance) else question.instance
    if offer not in instance.offers:
        raise ValueError(f"the instance has no offer {offer!r}; it has {', '.join(instance.offers)}")
    study = Study(instance, gap, time_limit_s, progress or (lambda sentence: None))
    told = next(row for row in told_offers(study.today, study.best) if row["offer"] == offer)
    if not instance.offers[offer].terms:
        return _by_use(study, told)
    price = of_target(study, Target(offer))
    wait = waiting(instance, [offer], gap, time_limit_s, study.progress)[0]
    signable = price.verdict != "unsupported" or price.chosen
    changes = _changes(study, offer, over if signable else ())
    page = _leased(study, told, price, wait, tuple(changes))
    return replace(page, complete=len(changes) == len(over) or not signable)


def _changes(study: Study, offer: str, over: Sequence[str]) -> list[str]:
    """Where else the decision flips; an interrupt keeps what is done."""
    found: list[str] = []
    try:
        found.extend(of_offer(study, offer, name).sentence for name in over)
    except KeyboardInterrupt:
        study.progress("interrupted; the page has what is known so far")
    return found


def _by_use(study: Study, told: Row) -> OfferPage:
    """Of what is bought by use: up to which price, and what doing without it costs."""
    price = of_target(study, Target(told["offer"]))
    page = OfferPage(
        offer=told["offer"],
        verdict="use" if told["taken"] else "leave" if price.price_low is None else "counter",
        sentence="",
        why=told["reason"],
        unit=price.unit,
        price_today=price.price_today,
        worth_up_to=price.price_low,
        walk_away_from=price.price_high,
        saving_usd=price.saving_usd,
        changes=(price.sentence,),
    )
    if not told["taken"]:
        at = (
            f", which would from {_price(page, page.worth_up_to, up=False)} on down"
            if page.verdict == "counter"
            else ""
        )
        return replace(page, sentence=f"Bought by use, and the best plan does not use it{at}.")

    def solve(sentence: str, extend: Callable[[Any], None], compiled: Compiled) -> Solved:
        study.progress(sentence)
        return solved(compiled, study.limits, extend)

    found = without(study.today, study.best, told["offer"], solve)
    return replace(page, sentence="Bought by use: nothing to sign; the best plan uses it.", **found)


def _leased(study: Study, told: Row, price: BreakEven, wait: Waiting, changes: tuple[str, ...]) -> OfferPage:
    target = Target(told["offer"])
    verdict = _verdict(study, target, price, wait)
    blocks = study.best.decisions.blocks
    signed = study.signed_at_most({copy: number for copy, number in blocks.items() if _own(study, target, copy[0])})
    low, high = _cost_of_doing_without(study, target) if price.chosen else (None, None)
    found = {
        "by": _by(study, target),
        "unit": price.unit,
        "price_today": price.price_today,
        "worth_up_to": price.price_low,
        "walk_away_from": price.price_high,
        "blocks": signed if price.chosen else price.blocks,
        "saving_usd": price.saving_usd,
        "instead": _instead(study, target, price),
        "usd_low": low,
        "usd_high": high,
        "waiting": wait.sentence,
    }
    page = OfferPage(told["offer"], verdict, "", told["reason"], changes=(price.sentence, *changes), **found)
    return replace(page, sentence=_sentence(page, wait, price.possible and price.verdict != "unsupported"))


def _own(study: Study, target: Target, d: int) -> bool:
    return target.has(study.today.columns[d]) and not study.today.columns[d].right


def _verdict(study: Study, target: Target, price: BreakEven, wait: Waiting) -> str:
    if price.chosen:
        return "wait" if wait.verdict == "wait" else "sign"
    if price.verdict == "never" or not any(_own(study, target, d) for d, _ in enumerate(study.today.columns)):
        return "leave"
    return "undetermined" if price.price_low is None else "counter"


def _by(study: Study, target: Target) -> str | None:
    """The quote's expiry, or the last month in which it can be signed."""
    months = [column.signing for column in study.today.columns if target.has(column) and not column.right]
    sign_by = study.instance.offers[target.offer].sign_by
    last = max((month for month in months if month is not None), default=None)
    ends = [month for month in (sign_by, last) if month is not None]
    return str(min(ends)) if ends else None


def _cost_of_doing_without(study: Study, target: Target) -> tuple[float | None, float | None]:
    found = study.plans.get((target, None))
    if found is None or found.decisions is None:
        return None, None
    low = max(found.lower, study.best.lower) - study.best.upper
    return max(low, 0.0), found.upper - study.best.lower


def _instead(study: Study, target: Target, price: BreakEven) -> str:
    """What takes its place; of one that is not taken, what the best plan with it at its walk-away price does not do."""
    if price.chosen:
        found = study.plans.get((target, None))
        if found is None:
            return ""
        if found.decisions is None:
            return "no plan is possible without it"
        return differences(study.today, study.best.decisions, found.decisions, but=target.offer)
    tried = {factor: found for (each, factor), found in study.plans.items() if each == target and factor is not None}
    known = {factor: found for factor, found in tried.items() if found.decisions is not None}
    if not known or price.factor_low is None:
        return ""
    nearest = min(known, key=lambda factor: abs(factor - price.factor_low))
    return differences(study.today, study.best.decisions, known[nearest].decisions, but=target.offer)


def _sentence(page: OfferPage, wait: Waiting, possible: bool) -> str:
    by = f" by {page.by}" if page.by else ""
    unit = (page.unit or "").removeprefix("USD ")
    if page.verdict == "sign":
        if page.walk_away_from is not None:
            limit = f"{_price(page, page.walk_away_from, up=True)} {unit}"
            return f"Sign {plural(page.blocks, 'block')}{by}; walk away from {limit} on."
        return f"Sign {plural(page.blocks, 'block')}{by}."
    if page.verdict == "wait":
        return f"Wait: sign it in {wait.when}, not now."
    if page.verdict == "counter":
        at = f"{_price(page, page.worth_up_to, up=False)} {unit}, against {_price(page, page.price_today)}"
        size = f"; it would then be {plural(page.blocks, 'block')}" if page.blocks else ""
        return f"Counter at {at}{by}{size}."
    if page.verdict == "leave":
        return f"Leave it: {'at no price would the best plan sign it' if possible else 'no plan can sign it'}."
    if page.price_today is None:  # what it costs is no price
        return f"Undetermined: {page.changes[0]}"
    return "Undetermined: no price is proven at which it is worth signing. A smaller gap says more."


def _price(page: OfferPage, price: float | None, up: bool | None = None) -> str:
    """`up`: to which side a proven end may be rounded."""
    if price is None:
        return "-"
    if not (page.unit or "").startswith("USD"):
        return f"{price:.4g}"
    return wording.price(price, up) if up is not None else f"${price:,.0f}" if price >= 1000 else f"${price:.4g}"
