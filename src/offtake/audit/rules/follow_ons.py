"""Rights that are exercised: as the contract gives them, in time, and within the blocks of what they follow."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from offtake.instance.months import Month

from ..books import Books
from ..claim import ClaimedDeal
from ..contracts import Contract
from ..deeds import may_follow
from ..follow_ons import RIGHTS, Break, Deed, Option, calls, notices, optioned, renewed_at
from ..ledger import Ledger
from ..numbers import ZERO, figure
from ..reading import shown
from ..report import Check
from .signing import withdrawn

_A = {"renewal": "a renewal", "option": "an option", "expansion": "an expansion", "break": "a break"}


def follow_ons_as_agreed(check: Check, books: Books, money: Ledger) -> None:
    """What follows a deal or a contract in force is a right that this gives, exercised in a month in which it may be,
    not before what it follows is signed, and printed with the months that come of it."""
    for position, deal in books.claim.deals.items():
        if deal.right:
            fault = _fault(books, position, deal)
            if check.fails(not fault):
                check.find(f"deal {position} {fault}")


def _fault(books: Books, position: int, deal: ClaimedDeal) -> str:
    if deal.right not in RIGHTS:
        return f"has the right {shown(deal.right)}; there are {', '.join(RIGHTS)}"
    if deal.node != 0:
        return f"stands at node {shown(deal.node)}; the instance has one future, node 0"
    parent = books.register.followed(deal)
    if parent is None:
        return f"follows {shown(deal.follows)}, which is neither a sound deal of this future nor a contract in force"
    if not may_follow(deal.right, parent):
        return f"is {_A[deal.right]}, and {_named(deal)} gives no such right"
    if parent.signing is not None and deal.signing < parent.signing:
        return f"is {_A[deal.right]} signed in {deal.signing}, before {_named(deal)}, signed in {parent.signing}"
    if not books.register.inside(deal.signing):
        return f"is {_A[deal.right]} signed in {deal.signing}, outside the horizon"
    contract = parent.parent if isinstance(parent, Option) else parent
    fault = _UNTIMELY[deal.right](books, deal, contract)
    return fault or _misprint(books, position, deal)


def _named(deal: ClaimedDeal) -> str:
    return deal.follows if isinstance(deal.follows, str) else f"deal {deal.follows}"


def _late_renewal(books: Books, deal: ClaimedDeal, parent: Contract) -> str:
    right, before = parent.supply.renewal, _renewed(books, deal)
    if before > right.times:
        return f"is the renewal number {before} in a row; {parent.supply_id} may be renewed {right.times} times"
    if deal.signing != renewed_at(parent):
        return f"is a renewal exercised in {deal.signing}; notice of it is due in {renewed_at(parent)}"
    if not books.register.inside(parent.written_end):
        return f"is a renewal that begins in {parent.written_end}, outside the horizon"
    if parent.ending is not None and parent.ending.by == "seller":
        return f"is a renewal of {_named(deal)}, which its seller ends in {parent.ending.month}"
    return _withdrawn(books, deal, parent)


def _renewed(books: Books, deal: ClaimedDeal) -> int:
    """How many renewals there are in a row, up to this one."""
    count, row = 1, deal.follows
    while isinstance(row, int) and books.claim.deals[row].right == "renewal":
        count, row = count + 1, books.claim.deals[row].follows
    return count


def _late_option(books: Books, deal: ClaimedDeal, parent: Contract) -> str:
    if deal.signing != parent.signing:
        return f"is an option bought in {deal.signing}; it is sold with {_named(deal)}, in {parent.signing}"
    return ""


def _late_expansion(books: Books, deal: ClaimedDeal, parent: Contract) -> str:
    if deal.signing not in calls(parent):
        return f"is an expansion called in {deal.signing}; it may be called {_months(calls(parent))}"
    start = deal.signing + parent.supply.expansion.lead_months
    if not books.register.inside(start):
        return f"is an expansion that begins in {start}, outside the horizon"
    return _withdrawn(books, deal, parent)


def _late_break(books: Books, deal: ClaimedDeal, parent: Contract) -> str:
    if deal.signing not in notices(parent):
        return f"gives notice in {deal.signing}; notice may be given {_months(notices(parent))}"
    first = parent.start + parent.term.cancel.after_months
    if deal.signing < first:
        return f"gives notice in {deal.signing}; {_named(deal)} is late, and no notice may be given before {first}"
    return ""


_UNTIMELY: dict[str, Callable[[Books, ClaimedDeal, Contract], str]] = {
    "renewal": _late_renewal,
    "option": _late_option,
    "expansion": _late_expansion,
    "break": _late_break,
}


def _withdrawn(books: Books, deal: ClaimedDeal, parent: Contract) -> str:
    gone = withdrawn(books, parent)
    if gone is None or deal.signing < gone:
        return ""
    return f"is {_A[deal.right]} signed in {deal.signing}; {parent.supply_id} is withdrawn in {gone}"


def _months(months: range) -> str:
    if not months:
        return "in no month"
    step = "" if months.step == 1 else f", every {months.step} months"
    return f"from {Month(months[0])} to {Month(months[-1])}{step}"


def _misprint(books: Books, position: int, deal: ClaimedDeal) -> str:
    """What the row says of the deal it follows, and of its own first month."""
    deed = books.deeds[position]
    if deal.offer != deed.supply_id:
        return f"prints the offer {shown(deal.offer)}; what it follows is of {deed.supply_id}"
    term = books.claim.deals[deal.follows].term if isinstance(deal.follows, int) else 0
    if deal.term != term:
        return f"prints term {shown(deal.term)}; what it follows has term {term}"
    if deal.start != deed.written:
        return f"prints {deal.start} as its start; it is {deed.written}"
    return ""


def follow_ons_within_blocks(check: Check, books: Books, money: Ledger) -> None:
    """Follow-ons take whole blocks: breaks no more than there are, renewals no more than is left, options no more than
    the contract gives for its blocks, expansions no more than the option is on."""
    for position, deed in books.deeds.items():
        right = books.claim.deals[position].right
        if right and check.fails(deed.blocks == deed.blocks.to_integral_value() and deed.blocks >= 1):
            check.find(f"deal {position} is {_A[right]} of {figure(deed.blocks)} blocks; it takes whole blocks")
    for key, followed in {**books.deeds, **books.register.in_force}.items():
        for right, most in _most(books, key, followed).items():
            taken = _taken(books, key, right)
            if check.exceeds(taken, most):
                what = _EXERCISED[right].format(key if isinstance(key, str) else f"deal {key}")
                check.find(f"{figure(taken)} blocks {what}; at most {figure(most)} may be")


_EXERCISED = {
    "break": "of {} are broken off",
    "renewal": "of {} are renewed",
    "option": "are optioned with {}",
    "expansion": "are called under {}",
}


def _most(books: Books, key: int | str, followed: Deed) -> dict[str, Decimal]:
    """The most blocks of each right."""
    if isinstance(followed, Option):
        return {"expansion": followed.blocks}
    if isinstance(followed, Break):
        return {}
    most = {"break": followed.blocks, "renewal": followed.blocks - _taken(books, key, "break")}
    if followed.supply.expansion is not None and not followed.right:
        most["expansion" if followed.signing is None else "option"] = optioned(followed)
    return most


def _taken(books: Books, key: int | str, right: str) -> Decimal:
    rows = books.claim.deals.items()
    own = (row for row, deal in rows if deal.right == right and deal.follows == key and row in books.deeds)
    return sum((books.deeds[row].blocks for row in own), ZERO)
