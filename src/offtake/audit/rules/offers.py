"""What the plan says of offers: which are taken, and which deals the lease screen flags. Their reasons are words."""

from __future__ import annotations

from decimal import Decimal

from offtake.instance.pools import supplies
from offtake.instance.schema import Instance, Offer, Supply

from ..books import Books
from ..claim import ClaimedDeal
from ..ledger import Ledger
from ..numbers import exact
from ..reading import integer, items, mapping, member, month, shown, text, truth
from ..report import Check

SUBSTANTIALLY_ALL = Decimal("0.9")
"""share of the blocks on offer"""


def taken_as_decided(check: Check, books: Books, money: Ledger) -> None:
    """Every offer has a row, and is taken if a deal of it is signed, or it serves without one."""
    if books.claim.offers is None:
        return
    taken = {deed.supply_id for deed in books.deeds.values()} | {
        books.pools[row.pool].supply for row in books.decisions.serve
    }
    printed = [row.offer for row in books.claim.offers]
    if check.fails(sorted(printed) == sorted(books.instance.offers)):
        said, known = ", ".join(map(shown, printed)) or "none", ", ".join(books.instance.offers) or "none"
        check.find(f"the table of offers names {said}; the instance has {known}")
    for row in books.claim.offers:
        if row.offer in books.instance.offers and check.fails(row.taken == (row.offer in taken)):
            said, due = ("taken", "not") if row.taken else ("not taken", "taken")
            check.find(f"the table of offers says that {row.offer} is {said}; by the decisions it is {due}")


def leases_flagged(check: Check, books: Books, money: Ledger) -> None:
    """Each deal for capacity has a row in the lease screen, and a flag if it takes substantially all that is on offer
    of an asset that is identified: a whole cluster, or megawatts at one site."""
    if "leases" not in books.claim.ledgers:
        return
    printed = []
    for position, entry in enumerate(items(books.claim.ledgers["leases"], "ledgers.leases")):
        where = f"ledgers.leases[{position}]"
        row = mapping(entry, where)
        readers = {"offer": text, "start": month, "flag": truth, "deal": integer}
        offer, start, flag, _ = (read(member(row, key, where), f"{where}.{key}") for key, read in readers.items())
        printed.append((offer, str(start), flag))
    known = supplies(books.instance)
    due = [
        (deal.offer, str(deal.start), _flagged(books.instance, known[deal.offer], deal))
        for deal in books.claim.deals.values()
        if deal.right in ("", "renewal", "expansion") and deal.offer in known
    ]
    for row in sorted({*printed, *due}):
        if check.fails(printed.count(row) == due.count(row)):
            offer, start, flag = row
            found = "has a row too many" if printed.count(row) > due.count(row) else "lacks a row"
            sign = "with" if flag else "without"
            check.find(f"the lease screen {found} {sign} a flag about {shown(offer)} from {start}")


def _flagged(instance: Instance, supply: Supply, deal: ClaimedDeal) -> bool:
    offered = supply.blocks.max if isinstance(supply, Offer) else supply.blocks
    cluster = instance.providers[supply.provider].kind == "cluster"
    identified = cluster or supply.mw is not None or supply.power_mw is not None
    return identified and deal.blocks >= SUBSTANTIALLY_ALL * exact(offered)
