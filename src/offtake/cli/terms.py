"""The terms of a deal in a few words, as the instance states them."""

from __future__ import annotations

from typing import Any

from . import words

Document = dict[str, Any]

PRICES = {"usd_per_month": "/month", "usd_per_accelerator_hour": "/h", "usd_per_mw_month": "/MW"}


def price(document: Document, deal: Document) -> str:
    """What one block costs, how it is paid, and what else changes hands."""
    offer = document["instance"]["document"].get("offers", {}).get(deal["offer"], {})
    terms = offer.get("terms", [])
    term = terms[deal["term"]] if deal["term"] < len(terms) else {}
    said = [f"{_by_month(term[key])}{unit}" for key, unit in PRICES.items() if term.get(key) is not None]
    return ", ".join([*said, *_volume(term, deal["blocks"]), *_payment(term), *_guarantees(term), *_energy(offer)])


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
