"""What was signed: deals that were on offer, in time, in the volumes and combinations allowed."""

from __future__ import annotations

from collections import Counter, defaultdict

from offtake.instance.months import Month
from offtake.instance.scenarios import lost, recalled
from offtake.instance.schema import AtLeast, AtMost, AtMostOfProviders, Exclusive

from ..books import Books
from ..claim import ClaimedDeal
from ..contracts import Contract
from ..ledger import Ledger
from ..numbers import ZERO, figure
from ..reading import shown
from ..report import Check


def periods_of_instance(check: Check, books: Books, money: Ledger) -> None:
    """The plan is cut into the dispatch periods that the horizon asks for."""
    asked = [(months[0], len(months)) for months in books.calendar.periods]
    if check.fails(asked == [(period.start, period.months) for period in books.claim.periods]):
        check.find(
            f"the plan has {len(books.claim.periods)} periods that are not the {len(asked)} of the instance, "
            f"which begin in {asked[0][0]} and end with {books.calendar.months[-1]}"
        )


def deals_on_offer(check: Check, books: Books, money: Ledger) -> None:
    """Every deal is a term of an offer and starts within the horizon, or follows another; each is listed once."""
    seen: Counter[tuple[object, ...]] = Counter()
    for position, deal in books.claim.deals.items():
        fault = "" if deal.right else _unoffered(books, deal)
        if check.fails(not fault):
            check.find(f"deal {position} {fault}")
        key = (deal.offer, deal.start, deal.term, _step(books, deal), deal.right, deal.follows, deal.signing)
        seen[key] += 1
        if check.fails(seen[key] == 1):
            check.find(f"deal {position} repeats the deal of {_name(deal)}; blocks of one deal stand in one row")


def _step(books: Books, deal: ClaimedDeal) -> int:
    """Which step of the term's volume tiers the deal reaches: each is a deal of its own."""
    terms = books.instance.offers[deal.offer].terms if deal.offer in books.instance.offers else []
    tiers = terms[deal.term].tiers if 0 <= deal.term < len(terms) else None
    return sum(step.from_blocks <= deal.blocks for step in tiers.steps) if tiers else 0


def _unoffered(books: Books, deal: ClaimedDeal) -> str:
    offer = books.instance.offers.get(deal.offer)
    if offer is None:
        return f"signs the offer {shown(deal.offer)}, which the instance does not have"
    if not 0 <= deal.term < len(offer.terms):
        return f"takes term {shown(deal.term)} of {deal.offer}, which has {len(offer.terms)}, counted from 0"
    if deal.node != 0:
        return f"stands at node {shown(deal.node)}; the instance has one future, node 0"
    if deal.follows is not None:
        return f"of {deal.offer} follows {shown(deal.follows)} without a right"
    if not books.register.offered(deal):
        months = books.calendar.months
        return f"of {deal.offer} starts in {deal.start}, outside the horizon {months[0]} to {months[-1]}"
    return ""


def started_in_window(check: Check, books: Books, money: Ledger) -> None:
    """A deal starts in one of the months that its offer gives."""
    for position in books.roots:
        deal = books.claim.deals[position]
        start = books.instance.offers[deal.offer].start
        first = books.calendar.start + start.lead_months if start.earliest is None else start.earliest
        last = books.calendar.months[-1] if start.latest is None else start.latest
        if check.fails(first <= deal.start <= last):
            check.find(f"deal {position} of {deal.offer} starts in {deal.start}; the offer allows {first} to {last}")
        elif check.fails((deal.start - first) % start.every_months == 0):
            check.find(
                f"deal {position} of {deal.offer} starts in {deal.start}; the offer allows "
                f"every {start.every_months} months from {first}"
            )


def signed_in_time(check: Check, books: Books, money: Ledger) -> None:
    """A deal is signed its lead before it starts, not before the horizon, not after the quote expires, and not of a
    seller who has failed or recalled the offer by then."""
    for position, contract in books.roots.items():
        deal, signing = books.claim.deals[position], contract.signing
        offer = books.instance.offers[deal.offer]
        if check.fails(deal.signing == signing):
            check.find(
                f"deal {position} of {deal.offer} says it is signed in {deal.signing}; a start in {deal.start} "
                f"less a lead of {offer.start.lead_months} months is {signing}"
            )
        if check.fails(signing >= books.calendar.start):
            check.find(
                f"deal {position} of {deal.offer} would have to be signed in {signing}, "
                f"before the horizon begins in {books.calendar.start}"
            )
        if check.fails(offer.sign_by is None or signing <= offer.sign_by):
            check.find(f"deal {position} of {deal.offer} is signed in {signing}; the quote expires in {offer.sign_by}")
        gone = withdrawn(books, contract)
        if check.fails(gone is None or signing < gone):
            check.find(f"deal {position} of {deal.offer} is signed in {signing}; the offer is withdrawn in {gone}")


def withdrawn(books: Books, contract: Contract) -> Month | None:
    """The month in which the seller fails or recalls; None if it does neither."""
    failed = lost(books.instance, contract.supply.provider, contract.supply_id)
    months = [month for month in (failed, recalled(books.instance, contract.supply_id)) if month is not None]
    return min(months, default=None)


def blocks_allowed(check: Check, books: Books, money: Ledger) -> None:
    """A deal takes a whole number of blocks between the least and the most that its offer sells."""
    for position, contract in books.roots.items():
        blocks, allowed = contract.blocks, contract.supply.blocks
        whole = blocks == blocks.to_integral_value()
        if check.fails(whole and allowed.min <= blocks <= allowed.max):
            check.find(
                f"deal {position} takes {figure(blocks)} blocks of {contract.supply_id}; "
                f"the offer sells whole blocks, {allowed.min} to {allowed.max}"
            )


def repeated_as_allowed(check: Check, books: Books, money: Ledger) -> None:
    """An offer is signed as often as its `repeat` says: once, one deal at a time, or stacked up to its blocks.

    Renewals are no signing, but are in service; blocks that are broken off no longer are.
    """
    for offer_id, offer in books.instance.offers.items():
        if offer.repeat == "once":
            deals = [contract for contract in books.roots.values() if contract.supply_id == offer_id]
            if check.fails(len(deals) <= 1):
                check.find(f"{offer_id} is signed {len(deals)} times; the offer can be signed once")
            continue
        running, blocks = Counter(), defaultdict(lambda: ZERO)
        for legs in _in_service(books, offer_id):
            running.update({month for leg in legs for month in leg.months})
            for leg in legs:
                for month in leg.months:
                    blocks[month] += leg.blocks
        crowded = sorted(month for month in running if running[month] > 1)
        if offer.repeat == "one_at_a_time" and check.fails(not crowded):
            check.find(
                f"{offer_id} has {running[crowded[0]]} deals in service in {crowded[0]}; the offer allows one at a time"
            )
        tall = sorted(month for month in blocks if blocks[month] > offer.blocks.max)
        if offer.repeat == "stack" and check.fails(not tall):
            check.find(
                f"{offer_id} has {figure(blocks[tall[0]])} blocks in service in {tall[0]}; "
                f"the offer allows {offer.blocks.max} in all"
            )


def _in_service(books: Books, offer: str) -> list[list[Contract]]:
    """What runs of the deals of an offer and of their renewals, for each of them."""
    deals = (key for key, deal in books.deals.items() if deal.supply_id == offer and deal.right != "expansion")
    return [[leg for leg in books.legs[key] if leg.blocks > 0] for key in deals]


def groups_respected(check: Check, books: Books, money: Ledger) -> None:
    """Offers are signed together only as the groups allow."""
    taken = {*(contract.supply_id for contract in books.roots.values()), *books.promises}
    for group in books.instance.groups:
        if isinstance(group, AtMostOfProviders | Exclusive):
            continue
        if not isinstance(group, AtMost | AtLeast):
            if check.fails(group.offer not in taken or group.requires in taken):
                check.find(f"{group.offer} is signed without {group.requires}, which it requires")
            continue
        signed = [offer for offer in group.offers if offer in taken]
        listed = ", ".join(group.offers)
        if isinstance(group, AtMost) and check.fails(len(signed) <= group.at_most):
            check.find(f"{len(signed)} of {listed} are signed ({', '.join(signed)}); at most {group.at_most} may be")
        if isinstance(group, AtLeast) and check.fails(len(signed) >= group.at_least):
            check.find(f"{len(signed)} of {listed} are signed; at least {group.at_least} must be")


def exclusive_while_running(check: Check, books: Books, money: Ledger) -> None:
    """While one offer or contract is in service, those that it excludes are not, until the exclusivity ends."""
    running: dict[str, set[Month]] = defaultdict(set)
    for leg in books.all_legs:
        if leg.blocks > 0:
            running[leg.supply_id].update(month for month in leg.months if month >= books.calendar.start)
    for group in books.instance.groups:
        if not isinstance(group, Exclusive):
            continue
        for other in group.offers:
            if group.exclusive in books.instance.signed and other in books.instance.signed:
                continue
            shared = sorted(running[group.exclusive] & running[other])
            if check.fails(not shared or (group.until is not None and shared[0] >= group.until)):
                until = "" if group.until is None else f" before {group.until}"
                check.find(
                    f"{group.exclusive} and {other} are both in service in {shared[0]}; "
                    f"while the first runs, the second may not{until}"
                )


def _name(deal: ClaimedDeal) -> str:
    return f"{shown(deal.offer)} from {deal.start}, term {shown(deal.term)}"
