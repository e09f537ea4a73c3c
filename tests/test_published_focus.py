"""FOCUS, examples of commitment discounts (CC-BY-4.0): a commitment of 1.00 USD an hour, all of 2023.

As an instance: one chip for twelve months at 1 USD an hour, prepaid in full, by half or not at all. Two slips in the
prose of the specification are known: a year has 8,760 hours, and half of a year paid by month is 365.00 a month.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

import offtake
import toys
from offtake.deals import finance
from offtake.instance import from_document

DATA = Path(os.environ.get("OFFTAKE_PUBLISHED_DATA", Path(__file__).parents[2] / "shared" / "data"))
FOLDER = DATA / "focus" / "spec"
JANUARY = 744
YEAR = 8760

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the examples of the FOCUS specification are not here")


def charges(kind: str, number: int) -> list[dict[str, str]]:
    with (FOLDER / f"commitment_discount_{kind}_scenario_{number}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def cost(rows: list[dict[str, str]], column: str, **like: str) -> float:
    """Of the first row like this; the rows of one charge are hours of the same cost."""
    return next(float(row[column]) for row in rows if all(row[key] == value for key, value in like.items()))


def solved(prepay: float, used: float) -> offtake.Plan:
    """The commitment is held, and used for as many chips; what it does not serve is on demand at 0.50 an hour."""
    term = {"usd_per_month": None, "usd_per_accelerator_hour": 1.0, "months": 12, "prepay": prepay}
    offers = {"commitment": toys.lease(1.0, provider="committed", start={"latest": "2023-01"}, **term)}
    document = toys.problem(
        horizon={"start": "2023-01", "months": 12},
        demand={"requests_per_s": used} if used else {"deny": {"providers": ["committed"]}},
        offers=offers,
        providers={"cloud": {"kind": "neocloud"}, "committed": {"kind": "neocloud"}},
        groups=[{"at_least": 1, "offers": ["commitment"]}],
    )
    document["offers"]["on-demand"]["elastic"]["usd_per_accelerator_hour"] = 0.5
    plan = offtake.solve(from_document(document), gap=0.0)
    assert plan.audit["passed"], plan.audit["findings"]
    return plan


def january(plan: offtake.Plan, offer: str = "commitment") -> dict[str, float]:
    table = plan.ledgers["effective"]
    return table[(table["month"] == "2023-01") & (table["offer"] == offer)].iloc[0].to_dict()


@pytest.mark.parametrize(("number", "prepay"), [(1, 1.0), (2, 0.0), (3, 0.5)])
def test_purchases(number, prepay):
    """All, nothing or half upfront: the one-time charge at once, the recurring one by the hour; all of it amortised."""
    rows = charges("purchase", number)
    once = cost(rows, "BilledCost", ChargeFrequency="One-Time") if prepay else 0.0
    hourly = cost(rows, "BilledCost", ChargeFrequency="Recurring") if prepay < 1 else 0.0
    plan = solved(prepay, used=1.0)
    paid = {(row["month"], row["line"]): row["usd"] for row in plan.to_document()["cash"]}
    assert paid.get(("2023-01", "prepayments"), 0.0) == pytest.approx(once)
    assert paid.get(("2023-01", "fees"), 0.0) == pytest.approx(hourly * JANUARY)
    assert january(plan)["effective_usd"] == pytest.approx(1.00 * JANUARY)
    effective = plan.ledgers["effective"]
    assert effective["billed_usd"].sum() == pytest.approx(YEAR)
    assert effective["effective_usd"].sum() == pytest.approx(YEAR)


def test_the_slips_in_the_prose():
    """8,760 hours; and half of 730 a month is 365.00."""
    fees = finance.fixed_fees(finance.last_holds([730.0], 12), take_or_pay=1.0, minimum=0.0)
    prepayment, monthly = finance.draw_down(fees, 0.5, "pro_rata")
    assert prepayment == cost(charges("purchase", 3), "BilledCost", ChargeFrequency="One-Time") == 4380.0
    assert monthly.tolist() == [365.0] * 12


@pytest.mark.parametrize(("number", "used"), [(1, 1.0), (2, 0.0), (3, 0.75)])
def test_used_and_unused(number, used):
    """Amortised cost is that of the hours: used, or charged as unused to the commitment itself."""
    rows = charges("usage", number)
    by_status = {row["CommitmentDiscountStatus"]: float(row["EffectiveCost"]) for row in rows}
    found = january(solved(1.0, used=used))
    assert found["unused_usd"] == pytest.approx(by_status.get("Unused", 0.0) * JANUARY)
    assert found["effective_usd"] - found["unused_usd"] == pytest.approx(by_status.get("Used", 0.0) * JANUARY)


def test_beyond_the_commitment_the_list_price_is_paid():
    """Scenario 4: one hour committed, one more at 0.50 billed and effective alike."""
    rows = charges("usage", 4)
    plan = solved(0.0, used=2.0)
    standard = cost(rows, "EffectiveCost", PricingCategory="Standard")
    found = january(plan, "on-demand")
    assert found["effective_usd"] == pytest.approx(standard * JANUARY)
    assert found["billed_usd"] == pytest.approx(cost(rows, "BilledCost", PricingCategory="Standard") * JANUARY)
    assert january(plan)["effective_usd"] == pytest.approx(JANUARY)
