"""Choosing a contract by how much it is used, as textbooks do, in June 2026: 720 hours.

Crossover of fixed and unit cost: with a fee F and a unit price u, contract i costs F_i + u_i Q for Q hours of use, the
best choice is the lower envelope, and j takes over from i at Q = (F_j - F_i) / (u_i - u_j) (Heizer and Render,
Operations Management, process strategy: crossover charts).

Utilisation: a reserved chip pays if the share of the hours in which it is used is above its price over the price on
demand (Weinman, Cloudonomics, Wiley 2012). Of a demand that varies, chips are reserved up to the last that pays: the
critical fractile of the newsvendor (Arrow, Harris and Marschak, Econometrica 19, 1951), with the hours of the day as
the distribution.
"""

from __future__ import annotations

from typing import Any

import pytest

import offtake
import toys
from offtake.instance import from_document

HOURS = 720

LADDER = {"bronze": (7_200.0, 3.0), "tin": (15_000.0, 2.5), "silver": (21_600.0, 2.0), "gold": (32_400.0, 1.5)}
"""Fee in USD, and USD an hour of use. On demand: no fee, 4 USD."""


def plan_of(document: dict[str, Any]) -> offtake.Plan:
    plan = offtake.solve(from_document(document), gap=0.0)
    assert plan.audit["passed"], plan.audit["findings"]
    return plan


def ladder(chips: float, **terms: Any) -> dict[str, Any]:
    """Each contract bills the use of up to 40 chips, and its fee when signed."""
    document = toys.problem(
        demand={"requests_per_s": chips},
        offers={
            name: toys.lease(
                40.0, None, **{"usd_per_accelerator_hour": usd, "take_or_pay": 0.0, "signing_fee_usd": fee, **terms}
            )
            for name, (fee, usd) in LADDER.items()
        },
    )
    document["offers"]["on-demand"]["elastic"]["usd_per_accelerator_hour"] = 4.0
    return document


@pytest.mark.parametrize(
    ("chips", "contract"),
    [(9.999, None), (10.001, "bronze"), (19.999, "bronze"), (20.001, "silver"), (29.999, "silver"), (30.001, "gold")],
)
def test_the_ladder_is_climbed_at_its_crossovers(chips, contract):
    """Hours at which the next contract is as good:

    on demand, bronze:  7,200 / (4 - 3)                 =  7,200 = 10 chips
    bronze, silver:     (21,600 - 7,200) / (3 - 2)      = 14,400 = 20 chips
    silver, gold:       (32,400 - 21,600) / (2 - 1.5)   = 21,600 = 30 chips

    Tin beats bronze from 7,800 / 0.5 = 15,600 hours on, but silver beats it from 6,600 / 0.5 = 13,200 on: never taken.
    """
    fee, usd = LADDER[contract] if contract else (0.0, 4.0)
    plan = plan_of(ladder(chips))
    assert list(plan.deals["offer"]) == ([contract] if contract else [])
    assert plan.objective_usd == pytest.approx(fee + usd * HOURS * chips)


@pytest.mark.parametrize(("chips", "cost_usd"), [(10.0, 28_800.0), (20.0, 50_400.0), (30.0, 64_800.0)])
def test_at_a_crossover_both_cost_the_same(chips, cost_usd):
    """28,800 = 0 + 4 x 7,200 = 7,200 + 3 x 7,200; 50,400 = 7,200 + 3 x 14,400 = 21,600 + 2 x 14,400;
    64,800 = 21,600 + 2 x 21,600 = 32,400 + 1.5 x 21,600.
    """
    assert plan_of(ladder(chips)).objective_usd == pytest.approx(cost_usd)


@pytest.mark.parametrize(
    ("chips", "name", "usd_per_hour"),
    [
        (12.0, "bronze", 27_360 / 8_640),
        (25.0, "bronze", 2.8),
        (25.0, "tin", 42_600 / 18_000),
        (25.0, "silver", 2.1),
        (25.0, "gold", 1.4),
    ],
)
def test_walk_away_unit_price(chips, name, usd_per_hour):
    """What the best choice without a contract costs, less its fee, for each hour of use:

    12 chips, 8,640 hours: on demand 34,560; bronze (34,560 - 7,200) / 8,640.
    25 chips, 18,000 hours: silver 57,600; bronze 50,400 / 18,000, tin 42,600 / 18,000, gold 25,200 / 18,000. Without
    silver the best is gold, 59,400: (59,400 - 21,600) / 18,000.

    A tenth of the 40 chips is owed anyhow, and is used: the study proves nothing of a price that charges use alone.
    """
    assert_walk_away(ladder(chips, take_or_pay=0.1), name, usd_per_hour)


def assert_walk_away(document: dict[str, Any], name: str, price: float) -> None:
    """The proven interval holds the price and is narrower than a thousandth of it; the estimate is right."""
    found = offtake.breakeven(from_document(document), [name], gap=1e-6)[0]
    assert found.verdict == "proven"
    assert found.price_low - 1e-6 * price <= price <= found.price_high + 1e-6 * price
    assert found.price_high - found.price_low <= 1e-3 * price
    assert found.price == pytest.approx(price, rel=1e-4)


@pytest.mark.parametrize(
    ("months", "chips", "usd_per_month"), [(1, 12.0, 8_640.0), (1, 9.0, 6_480.0), (2, 12.0, 8_784.0)]
)
def test_walk_away_monthly_fee(months, chips, usd_per_month):
    """A membership lets chips be used at 3 USD an hour instead of 4: it is worth 1 USD for each hour of a month.

    12 chips: 12 x 720; 9 chips: 9 x 720, less than its fee of 7,200. June and July: 12 x (720 + 744) / 2.
    """
    together = {"months": months, "start": {"latest": "2026-06"}}
    document = toys.problem(
        months=months,
        accelerators={"chip": toys.CHIP, "seat": toys.CHIP},
        demand={"requests_per_s": chips, "allow": {"accelerators": ["chip"]}},
        offers={
            "membership": {**toys.lease(usd_per_month=7_200.0, **together), "accelerators": {"seat": 1.0}},
            "use": toys.lease(40.0, None, usd_per_accelerator_hour=3.0, take_or_pay=0.0, **together),
        },
        groups=[{"requires": "membership", "offer": "use"}],
    )
    document["offers"]["on-demand"]["elastic"]["usd_per_accelerator_hour"] = 4.0
    assert_walk_away(document, "membership", usd_per_month)
    assert set(plan_of(document).deals["offer"]) == ({"membership", "use"} if usd_per_month > 7_200 else set())


def minimum_bill(chips: float) -> dict[str, Any]:
    """At least 3,600 USD a month, at 1 USD an hour for up to ten chips; on demand 2 USD."""
    contract = toys.lease(10.0, None, usd_per_accelerator_hour=1.0, take_or_pay=0.0, minimum_usd_per_month=3_600.0)
    document = toys.problem(demand={"requests_per_s": chips}, offers={"contract": contract})
    document["offers"]["on-demand"]["elastic"]["usd_per_accelerator_hour"] = 2.0
    return document


@pytest.mark.parametrize(
    ("chips", "cost_usd"), [(2.499, 2 * 720 * 2.499), (2.501, 3_600.0), (5.0, 3_600.0), (5.5, 3_960.0)]
)
def test_a_minimum_bill_pays_from_where_on_demand_costs_as_much(chips, cost_usd):
    """2 USD an hour come to 3,600 after 1,800 hours, 2.5 chips; up to five chips the minimum is the bill."""
    plan = plan_of(minimum_bill(chips))
    assert plan.objective_usd == pytest.approx(cost_usd)
    assert list(plan.deals["offer"]) == ([] if chips < 2.5 else ["contract"])


@pytest.mark.parametrize(("chips", "usd_per_hour"), [(4.0, 1.6), (7.5, 2.0)])
def test_walk_away_price_of_a_minimum_bill(chips, usd_per_hour):
    """The minimum moves with the price. Four chips on demand 5,760 = 1.6 x 3,600; 7.5 chips 10,800 = 2 x 5,400."""
    assert_walk_away(minimum_bill(chips), "contract", usd_per_hour)


def reserved(chips_by_hour: list[float], usd_per_hour: float, **blocks: int) -> dict[str, Any]:
    """Chips reserved one by one for all of June; on demand 1 USD an hour."""
    mean = sum(chips_by_hour) / 24
    return toys.problem(
        day={"blocks": 24},
        demand={"requests_per_s": mean, "shape": [chips / mean for chips in chips_by_hour]},
        offers={"reserved": toys.lease(1.0, None, usd_per_accelerator_hour=usd_per_hour, blocks=blocks)},
    )


@pytest.mark.parametrize("hours_a_day", [6, 12, 18])
def test_what_is_reserved_pays_above_its_share_of_the_hours(hours_a_day):
    """One chip that is used k of 24 hours is worth reserving up to k/24 of the price on demand."""
    use = [1.0] * hours_a_day + [0.0] * (24 - hours_a_day)
    share = hours_a_day / 24
    for price, taken in ((share - 0.001, 1), (share + 0.001, 0)):
        plan = plan_of(reserved(use, price, max=1))
        assert plan.deals["blocks"].sum() == taken
        assert plan.objective_usd == pytest.approx(HOURS * min(price, share))
    assert_walk_away(reserved(use, 0.5, max=1), "reserved", share)


UP_AND_DOWN = [float(chips) for chips in (*range(1, 24, 2), *range(24, 0, -2))]
"""1, 3, ..., 23, 24, 22, ..., 2 chips through the day: each number from 1 to 24 in one hour"""


@pytest.mark.parametrize(
    ("usd_per_hour", "chips", "cost_usd"),
    [(0.4, 15, 5_670.0), (0.416, 15, 5_842.8), (0.417, 14, 5_853.36), (0.999, 1, 8_999.28), (0.041, 24, 708.48)],
)
def test_reserved_up_to_the_last_chip_that_is_used_enough(usd_per_hour, chips, cost_usd):
    """The n-th chip is used in the 25 - n hours that ask for n or more: reserved while (25 - n) / 24 > its price.

    10/24 = 0.4167 lies between 0.416 and 0.417: the 15th. On demand the rest costs 30 days x (24 - n) (25 - n) / 2:

    0.4:    15 x 0.4   x 720 = 4,320      30 x 45 = 1,350
    0.416:  15 x 0.416 x 720 = 4,492.80   30 x 45 = 1,350
    0.417:  14 x 0.417 x 720 = 4,203.36   30 x 55 = 1,650
    0.999:       0.999 x 720 =   719.28   30 x 276 = 8,280
    0.041:  24 x 0.041 x 720 =   708.48   (1/24 = 0.0417: the last one pays, too)
    """
    plan = plan_of(reserved(UP_AND_DOWN, usd_per_hour, max=24))
    assert plan.deals["blocks"].sum() == chips
    assert plan.objective_usd == pytest.approx(cost_usd)


def test_fifteen_or_none():
    """All on demand 30 x 300 = 9,000, beside fifteen 1,350: worth 7,650 / (15 x 720) an hour, as they are used."""
    assert_walk_away(reserved(UP_AND_DOWN, 0.4, min=15, max=15), "reserved", 7_650 / 10_800)
