"""The terms of a deal, and what follows from it, in a few words, as the instance states them."""

from __future__ import annotations

from typing import Any

from . import words

Document = dict[str, Any]

PRICES = {"usd_per_month": "/month", "usd_per_accelerator_hour": "/h", "usd_per_mw_month": "/MW"}
FACTORS = {"forward_factor": "forward", "factor": "the last price"}


def price(document: Document, deal: Document) -> str:
    """What one block costs, how it is paid, what else changes hands, and what may follow."""
    offer = _supply(document, deal)
    terms = offer.get("terms", [])
    term = terms[deal["term"]] if deal["term"] < len(terms) else {}
    paid = [*_price(term), *_volume(term, deal["blocks"]), *_payment(term), *_guarantees(term), *_energy(offer)]
    return ", ".join([*paid, *_leaving(term.get("cancel")), *_rights(offer)])


def follow_on(document: Document, deal: Document) -> str:
    """What is decided about a contract later, and at what price."""
    supply, blocks = _supply(document, deal), words.plural(deal["blocks"], "block")
    term = words.plural(deal["months"], "month")
    if deal["right"] == "renewal":
        said = [f"renewed from {deal['start']} for {term}", *_price(supply.get("renewal", {}))]
    elif deal["right"] == "option":
        premium = supply.get("expansion", {}).get("premium_usd")
        said = [f"option on {blocks} more", *([f"{words.usd(premium)} a block"] if premium else [])]
    elif deal["right"] == "expansion":
        said = [f"{blocks} more from {deal['start']} for {term}", *_price(supply.get("expansion", {}))]
    else:
        said = [f"{blocks} broken off from {deal['start']}, notice in {deal['signing']}"]
    return ", ".join(said)


def months_late(document: Document, deal: Document) -> int:
    """By how much the delivery of a deal of its own is late, in a plan of one future."""
    scenarios = (document["instance"]["document"].get("uncertainty") or {}).get("scenarios", {})
    stated = next(iter(scenarios.values())).get("delay_months", {}) if len(scenarios) == 1 else {}
    found = [0]
    for late in [stated[key] for key in (deal["provider"], deal["offer"]) if key in stated]:
        table = late if isinstance(late, dict) else {deal["start"]: late}
        found += [table[max(known)] for known in [[month for month in table if month <= deal["start"]]] if known]
    return max(found)


def _supply(document: Document, deal: Document) -> Document:
    """The offer or the contract in force as it is stated."""
    stated = document["instance"]["document"]
    return {**stated.get("offers", {}), **stated.get("signed", {})}.get(deal["offer"], {})


def _price(stated: Document) -> list[str]:
    """What one unit costs: a price, or a factor on one that is known by then."""
    said = [f"{_by_month(stated[key])}{unit}" for key, unit in PRICES.items() if stated.get(key) is not None]
    return said + [f"{stated[key]:g}x {of}" for key, of in FACTORS.items() if stated.get(key) is not None]


def _leaving(cancel: Document | None) -> list[str]:
    """The break clause."""
    if cancel is None:
        return []
    who = {"buyer": "may be left", "seller": "the seller may leave", "either": "either side may leave"}[cancel["by"]]
    months = {key: cancel.get(key, 0) for key in ("after_months", "notice_months")}
    said = [f"{who} after {words.plural(months['after_months'], 'month')}" if months["after_months"] else who]
    if months["notice_months"]:
        said.append(f"{words.plural(months['notice_months'], 'month')} after the notice")
    if cancel.get("fee_fraction"):
        said.append(f"for {words.share(cancel['fee_fraction'])} of the fees left")
    return [" ".join(said)]


def _rights(offer: Document) -> list[str]:
    """What may follow, whether it does or not."""
    said = []
    if "renewal" in offer:
        times = offer["renewal"].get("times", 1)
        often = f" {times} times" if times > 1 else ""
        said.append(f"may be renewed{often} for {words.plural(offer['renewal']['months'], 'month')}")
    if "expansion" in offer:
        each = words.usd(offer["expansion"].get("premium_usd", 0.0))
        said.append(f"{offer['expansion'].get('blocks_per_block', 1.0):g} more for each block optioned at {each}")
    if "sublease" in offer:
        said.append(f"may be let at {offer['sublease']['fraction']:g}x forward")
    return said


def _by_month(price: float | dict[str, float]) -> str:
    """A price, or the first and the last of a table by month."""
    if not isinstance(price, dict):
        return words.usd(price)
    first, last = price[min(price)], price[max(price)]
    return words.usd(first) if first == last else f"{words.usd(first)} to {words.usd(last)}"


def _energy(offer: Document) -> list[str]:
    """What is paid for energy beside the fees; a kilowatt-hour costs cents, so they are shown to a hundredth."""
    price = offer.get("power_price", {}).get("usd_per_kwh")
    if price is None:
        return []
    ends = (price[min(price)], price[max(price)]) if isinstance(price, dict) else (price, price)
    return [f"energy {' to '.join(dict.fromkeys(f'${usd:.4g}' for usd in ends))}/kWh"]


def _volume(term: Document, blocks: float) -> list[str]:
    """The step of the volume tiers that is reached, and the minimum."""
    said = []
    if "tiers" in term:
        step = [step for step in term["tiers"]["steps"] if step["from_blocks"] <= blocks][-1]
        which = "all blocks" if term["tiers"]["kind"] == "all_units" else f"blocks from {step['from_blocks']}"
        said.append(f"{which} at {step['factor']:g}x")
    if term.get("minimum_usd_per_month"):
        said.append(f"at least {words.usd(term['minimum_usd_per_month'])}/month")
    return said


def _payment(term: Document) -> list[str]:
    said = []
    if term.get("prepay"):
        drawn = {"first": " for the first fees", "last": " for the last fees"}.get(term.get("drawdown"), "")
        said.append(f"{words.share(term['prepay'])} prepaid{drawn}")
    said += [f"{words.share(payment['share'])} {_when(payment)}" for payment in term.get("payments", [])]
    if term.get("billing") == "arrears":
        said.append("in arrears")
    if term.get("take_or_pay", 1.0) < 1:
        said.append(f"take or pay {words.share(term['take_or_pay'])}")
    return said


def _when(payment: Document) -> str:
    if "at" in payment:
        return f"at {payment['at']}"
    if "month" in payment:
        return f"in {payment['month']}"
    return f"after {words.plural(payment['after_months'], 'month')}"


def _guarantees(term: Document) -> list[str]:
    """What one block asks for beside its fees, and what the seller gives."""
    said = []
    if term.get("signing_credit_usd"):
        said.append(f"brings {words.usd(term['signing_credit_usd'])}")
    if term.get("deposit_usd"):
        said.append(f"{words.usd(term['deposit_usd'])} deposit")
    if "letter_of_credit" in term:
        said.append(f"{words.usd(term['letter_of_credit']['usd'])} letter of credit")
    if "sla" in term:
        said.append(f"credits below {words.share(term['sla']['availability'])} availability")
    return said
