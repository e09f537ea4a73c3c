"""Rules on how a term is paid and delivered: keys that contradict one another, ladders, shares and tables."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from .diagnostics import listed
from .months import Month
from .pools import delivered_shares
from .schema import FollowOnPrice, Horizon, Offer, SignedContract, Supply, Term, Tiers
from .sentences import Finding, Path, place
from .structure import Draft

Findings = Iterator[Finding]

PRICE_KEYS = ("usd_per_month", "usd_per_accelerator_hour", "usd_per_mw_month", "forward_factor")
"""of a term"""
RIGHTS = ("renewal", "expansion")
"""of the buyer, beside the terms"""
RIGHT_PRICE_KEYS = tuple(FollowOnPrice.model_fields)
PAYMENT_DATES = ("at", "after_months", "month")
SHARES_TOLERANCE = 1e-9
"""on a sum of shares"""


def supplies(draft: Draft) -> Iterator[tuple[Path, Offer | SignedContract]]:
    """Offers and contracts in force, with their paths."""
    for section in ("offers", "signed"):
        for key, supply in getattr(draft.instance, section).items():
            yield (section, key), supply


def unread(draft: Draft) -> bool:
    """Whether some supply has faults of its own: what it would have added is then not known."""
    return any(set(draft.written(section)) - set(getattr(draft.instance, section)) for section in ("offers", "signed"))


def terms(path: Path, supply: Offer | SignedContract) -> list[tuple[Path, Term]]:
    """The terms of a supply, with their paths."""
    if isinstance(supply, SignedContract):
        return [((*path, "term"), supply.term)]
    return [((*path, "terms", i), term) for i, term in enumerate(supply.terms)]


def rights(supply: Offer | SignedContract) -> list[tuple[str, FollowOnPrice]]:
    """The options that come with a supply, by key."""
    return [(key, right) for key in RIGHTS if (right := getattr(supply, key)) is not None]


def all_terms(draft: Draft) -> Iterator[tuple[Path, Offer | SignedContract, Term]]:
    """Every term with its path and its supply."""
    for path, supply in supplies(draft):
        for at, term in terms(path, supply):
            yield at, supply, term


def contradictions(draft: Draft) -> Findings:
    """Keys of a term that mean nothing beside another."""
    for at, _, term in all_terms(draft):
        for key, beside, help in _meaningless(term):
            yield Finding("E021", (*at, key), f"{key} has no meaning {beside}", f"{help}; leave {key} out", "", "key")


def _meaningless(term: Term) -> Iterator[tuple[str, str, str]]:
    """(key, beside what it has no meaning, why)."""
    if term.payments:
        for key in ("prepay", "drawdown", "billing"):
            if key in term.model_fields_set:
                yield key, "beside payments", "payments already say when all of the fixed fees are paid"
    elif "drawdown" in term.model_fields_set and not term.prepay:
        yield "drawdown", "without prepay", "it says which fees the prepayment pays"
    if term.escalator_per_year and any(isinstance(getattr(term, key), dict) for key in PRICE_KEYS):
        yield "escalator_per_year", "beside prices by month", "the table already says how the price moves"
    if not has_fixed_fees(term):
        for key in ("prepay", "payments"):
            if getattr(term, key):
                yield key, "beside take_or_pay: 0", "it is a share of the fixed fees, and there are none"
    if term.tiers is not None and term.tiers.kind == "incremental":
        help = "what a block is billed beyond it would depend on which block is used"
        if term.take_or_pay < 1:
            yield "take_or_pay", "below 1 beside incremental tiers", help
        if term.minimum_usd_per_month:
            yield "minimum_usd_per_month", "beside incremental tiers", "fees that are all fixed need no least"


def has_fixed_fees(term: Term) -> bool:
    """Whether anything is paid that is not used."""
    return term.take_or_pay > 0 or term.minimum_usd_per_month > 0


def payments(draft: Draft) -> Findings:
    """Each has one date, and the shares sum to 1."""
    for at, _, term in all_terms(draft):
        for i, payment in enumerate(term.payments):
            given = [key for key in PAYMENT_DATES if getattr(payment, key) is not None]
            if len(given) != 1:
                label = f"has {listed(given)}" if given else "has none"
                message = f"a payment needs exactly one of {listed(list(PAYMENT_DATES), 'or')}"
                yield Finding("E021", (*at, "payments", i), message, "it says when this share is due", label)
        total = sum(payment.share for payment in term.payments)
        if term.payments and abs(total - 1) > SHARES_TOLERANCE:
            message = f"the shares of payments sum to {total:.12g}; they must sum to 1"
            help = "each is a share of all fixed fees of the term"
            yield Finding("E029", (*at, "payments"), message, help, "", "key")


def tiers(draft: Draft) -> Findings:
    """A ladder begins at 1 and ascends: then no number of blocks stands on two of its steps, or on none."""
    for at, supply, term in all_terms(draft):
        if term.tiers is not None:
            most = supply.blocks.max if isinstance(supply, Offer) else None
            yield from _ladder((*at, "tiers", "steps"), term.tiers, most)


def _ladder(path: Path, tiers: Tiers, most: int | None) -> Findings:
    first = tiers.steps[0].from_blocks
    if first != 1:
        message = f"the first step of tiers begins at {first} blocks: fewer have no price"
        yield Finding("E029", (*path, 0, "from_blocks"), message, "begin at 1; blocks.min says what may be signed")
    for i, (before, after) in enumerate(pairwise(tiers.steps), start=1):
        at = (*path, i, "from_blocks")
        if after.from_blocks == before.from_blocks:
            message = f"two steps of tiers begin at {after.from_blocks} blocks: they overlap"
            yield Finding("E029", at, message, "each number of blocks has one price")
        elif after.from_blocks < before.from_blocks:
            message = f"the steps of tiers must ascend: {after.from_blocks} comes after {before.from_blocks}"
            yield Finding("E029", at, message, "order them by from_blocks")
        elif most is not None and after.from_blocks > most:
            message = f"no deal reaches the step from {after.from_blocks} blocks: it may take {most}"
            yield Finding("W006", at, message, "a step above blocks.max has no effect", "")


def tranches(draft: Draft) -> Findings:
    """Parts of a block: one block in the fullest month, and within the term."""
    for path, supply in supplies(draft):
        if not supply.tranches:
            continue
        if supply.ramp:
            help = "tranches say what is delivered in each month; leave ramp out"
            yield Finding("E021", (*path, "ramp"), "ramp has no meaning beside tranches", help, "", "key")
        fullest = max(delivered_shares(supply, max(tranche.after_months for tranche in supply.tranches) + 1))
        if abs(fullest - 1) > SHARES_TOLERANCE:
            message = f"in the fullest month the tranches of {place(path)} sum to {fullest:.12g}; they must sum to 1"
            yield Finding("E029", (*path, "tranches"), message, "each is a share of one block", "", "key")
        yield from _late_tranches(path, supply)


def _late_tranches(path: Path, supply: Supply) -> Findings:
    longest = max((term.months for _, term in terms(path, supply)), default=0)
    for i, tranche in enumerate(supply.tranches):
        if longest and tranche.after_months >= longest:
            message = f"a tranche begins {tranche.after_months} months after the start, the longest term has {longest}"
            at = (*path, "tranches", i, "after_months")
            yield Finding("W006", at, message, "what lies beyond the term has no effect", "")


def price_tables(draft: Draft, horizon: Horizon) -> Findings:
    """A price by month begins by the first month that it prices."""
    for path, supply in supplies(draft):
        first = first_service(supply, horizon)
        for at, term in terms(path, supply):
            for key in PRICE_KEYS:
                yield from late_prices((*at, key), getattr(term, key), first, "the first month of service")


def late_prices(at: Path, price: float | dict[Month, float] | None, first: Month, why: str) -> Findings:
    """A table by month that begins after the first month that it must price."""
    if isinstance(price, dict) and (not price or min(price) > first):
        message = f"the prices must begin by {first}, {why}"
        label = f"begin in {min(price)}" if price else "no prices"
        yield Finding("E023", at, message, "the last price holds for the months after it", label, "key")


def first_service(supply: Offer | SignedContract, horizon: Horizon) -> Month:
    """The first month in which it may serve."""
    if isinstance(supply, SignedContract):
        return supply.start
    soonest = horizon.start + supply.start.lead_months
    return soonest if supply.start.earliest is None else Month(max(supply.start.earliest, horizon.start))


def payment_months(draft: Draft, horizon: Horizon) -> Findings:
    """Nothing is due before the signing, so a month before the horizon says no more than `at: signing`."""
    for at, supply, term in all_terms(draft):
        for i, payment in enumerate(term.payments):
            if isinstance(supply, Offer) and payment.month is not None and payment.month < horizon.start:
                message = f"the payment of {payment.month} is before the horizon, which begins in {horizon.start}"
                yield Finding("W005", (*at, "payments", i, "month"), message, "it is due at signing", "")


CHECKS = (contradictions, payments, tiers, tranches)
DATE_CHECKS = (price_tables, payment_months)
