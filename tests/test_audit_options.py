"""Rights, subletting and tails in the audit: a plan that exercises all of them, derived by hand, then broken.

January to April 2026, nothing discounted, terms charged in full. One request per second of `chat` needs one chip; two
are asked for, and nobody needs more.

lease: two blocks of 2 chips in January and February at 100 a month. Notice may be given from February on, for half of
  what is left. With it comes an option at 10 on 1.5 blocks for each, three in all: 30 in January.
  One block is broken off in February: 100 less, 50 as the fee. The other is renewed for March at 80; notice of that is
  due in February. Two blocks of the option are called in February for March, at 60 each: 120.
  What is not needed is let at half of 1 USD, 1.5 chips at most: in January 744 x 1.5 x 0.5 = 558.
old: in force, two blocks of one chip from December to February at 50. Notice of a month ends one block in January for
  February: 50 less, a fifth of it, 10, as the fee. The other is renewed for March and April at twice 50.

Serving: two chips of the lease, in March of its renewal and expansion; in April one of `old` and one on demand at
720 USD. Delivered: 6 chips in January, 3 in February, 7 in March, 1 in April.

Cash: January 200 + 30 + 100 (in force) - 558; February 200 - 100 + 50, 100 (in force) - 50 + 10; March 80 + 120 + 100;
April 100 + 720. Cost: 400 + 30 - 50 + 80 + 120 - 40 + 200 = 740, 720 on demand, 558 let: 902. All cash: 1102.
Owed after January: 50 for each block of the lease, to leave in February; 50 of `old` and 10 of the block that is left:
  160. After February 80 + 120 = 200, after March 100. Of the 160, 50 are for a month more: the rest is paid in
  February, when the blocks are left.
Unused: in January the lease has 4 chips, of which 2 work and 1.5 are let: an eighth of 200; `old` never works before
April. In March 2 chips of 6 work.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claims import HERE, Json, deal, lease, plan, problem, spot, table
from offtake.audit import AuditReport, PlanError, audit
from offtake.audit.books import Books
from offtake.audit.calendar import Calendar
from offtake.audit.claim import read
from offtake.audit.contracts import Contract, contract_in_force, signed_deal
from offtake.audit.follow_ons import break_off, expansion, in_future, optioned, renewal
from offtake.audit.statements import service_cost
from offtake.instance.months import Month
from offtake.instance.schema import Instance


def instance_document() -> Json:
    offers = {
        "lease": lease(
            2.0,
            2,
            term={"cancel": {"by": "buyer", "after_months": 1, "fee_fraction": 0.5}},
            blocks={"max": 4},
            start={"latest": "2026-01"},
            renewal={"months": 1, "notice_months": 1, "times": 2, "usd_per_month": 80.0},
            expansion={
                "blocks_per_block": 1.5,
                "premium_usd": 10.0,
                "exercise": {"after_months": 1, "until_months": 2},
                "lead_months": 1,
                "months": 1,
                "usd_per_month": 60.0,
            },
            sublease={"fraction": 0.5, "max_accelerators": 1.5},
        ),
        "spot": spot(),
    }
    old = {
        **HERE,
        "accelerators": {"chip": 1.0},
        "start": "2025-12",
        "blocks": 2,
        "term": {
            "months": 3,
            "usd_per_month": 50.0,
            "cancel": {"by": "either", "after_months": 1, "notice_months": 1, "fee_fraction": 0.2},
        },
        "renewal": {"months": 2, "factor": 2.0},
    }
    forward = {"chip": [{"month": "2026-01", "usd_per_accelerator_hour": 1.0}]}
    return problem(4, offers, 2.0, signed={"old": old}, forward=forward)


def plan_document() -> Json:
    deals = [
        deal("lease", 1, 1, 2, 4.0, 400.0, blocks=2),
        deal("lease", 1, 1, 0, 0.0, 30.0, right="option", follows=0, blocks=3, accelerators_by_type={}),
        deal("lease", 2, 2, 1, -2.0, -50.0, right="break", follows=0),
        deal("lease", 2, 3, 1, 2.0, 80.0, right="renewal", follows=0),
        deal("lease", 2, 3, 1, 4.0, 120.0, right="expansion", follows=1, blocks=2),
        deal("old", 1, 2, 1, -1.0, -40.0, right="break", follows="old"),
        deal("old", 3, 3, 2, 1.0, 200.0, right="renewal", follows="old"),
    ]
    served = [("lease/chip", 0, 2.0), ("lease/chip", 1, 2.0), ("lease/chip", 2, 2.0), ("old/chip", 3, 1.0)]
    decisions = {
        "serve": [[pool, "chat", t, 0, 0, chips] for pool, t, chips in [*served, ("spot/chip", 3, 1.0)]],
        "unserved": [],
        "beyond": [],
        "sublet": [["lease/chip", 0, 0, 1.5]],
    }
    return plan(4, deals, 902.0, decisions=decisions, ledgers=ledgers(), **tables())


def tables() -> Json:
    cash = {
        ("2026-01", "fees", "lease"): 200.0,
        ("2026-01", "premiums", "lease"): 30.0,
        ("2026-01", "in_force", "old"): 100.0,
        ("2026-01", "sublease", "lease"): -558.0,
        ("2026-02", "fees", "lease"): 100.0,
        ("2026-02", "break_fees", "lease"): 50.0,
        ("2026-02", "in_force", "old"): 100.0,
        ("2026-02", "fees", "old"): -50.0,
        ("2026-02", "break_fees", "old"): 10.0,
        ("2026-03", "fees", "lease"): 200.0,
        ("2026-03", "fees", "old"): 100.0,
        ("2026-04", "fees", "old"): 100.0,
        ("2026-04", "elastic", "spot"): 720.0,
    }
    owed = {"2026-01": 160.0, "2026-02": 200.0, "2026-03": 100.0, "2026-04": 0.0}
    cost = {"contracts": 740.0, "tail_value": 0.0, "elastic": 720.0, "sublease": -558.0}
    figures = {
        "cost_usd": 902.0,
        "sublease_income_usd": 558.0,
        "tail_value_usd": None,
        "npv_cash_usd": 1102.0,
        "peak_obligations_usd": 200.0,
        "peak_obligations_month": "2026-02",
        "power_mw_peak": 0.007,
        "power_mw_peak_month": "2026-03",
        "utilisation": (2 * 744 + 2 * 672 + 2 * 744 + 720) / (6 * 744 + 3 * 672 + 7 * 744 + 720),
        "lock_in_months": 1.0,
    }
    return {
        "cash": table(("month", "line", "offer"), cash),
        "obligations": table(("month",), owed),
        "cost": table(("line",), cost),
        "kpis": figures,
    }


def ledgers() -> Json:
    ways = {
        ("2026-01", "lease", "give notice"): 100.0,
        ("2026-01", "old", "pay all that is owed"): 60.0,
        ("2026-02", "lease", "pay all that is owed"): 200.0,
        ("2026-03", "old", "pay all that is owed"): 100.0,
    }
    effective = {
        ("2026-01", "lease"): (-328.0, -328.0, 25.0),
        ("2026-01", "old"): (100.0, 100.0, 100.0),
        ("2026-02", "lease"): (150.0, 150.0, 0.0),
        ("2026-02", "old"): (60.0, 60.0, 60.0),
        ("2026-03", "lease"): (200.0, 200.0, 400.0 / 3),
        ("2026-03", "old"): (100.0, 100.0, 100.0),
        ("2026-04", "old"): (100.0, 100.0, 0.0),
        ("2026-04", "spot"): (720.0, 720.0, 0.0),
    }
    columns = ("month", "offer", "billed_usd", "effective_usd", "unused_usd")
    exposure = {
        "2026-01": (160.0, 0.006),
        "2026-02": (200.0, 0.003),
        "2026-03": (100.0, 0.007),
        "2026-04": (0.0, 0.001),
    }
    return {
        "obligations_by_year": table(("as_of", "commenced", "year"), {("2026-01", True, 1): 160.0}),
        "lock_in": [{"as_of": "2026-01", "owed_usd": 160.0, "months": 0.3125}],
        "termination": table(("month", "offer", "way"), ways),
        "effective": [dict(zip(columns, (*key, *values), strict=True)) for key, values in effective.items()],
        "exposure": [
            {"month": month, "group": "neo", "prepaid_unused_usd": 0.0, "owed_usd": usd, "power_mw": mw}
            for month, (usd, mw) in exposure.items()
        ],
        "balance": [],
    }


def audited(break_it: Callable[[Json, Json], None] = lambda instance, plan: None) -> AuditReport:
    instance, claimed = instance_document(), plan_document()
    break_it(instance, claimed)
    return audit(Instance.model_validate(instance), claimed)


def test_the_plan_derived_by_hand_passes() -> None:
    report = audited()
    assert report.findings == []
    assert report.objective_usd == 902
    checked = {rule.rule: rule.checked for rule in report.rules}
    assert checked["follow_ons_as_agreed"] == 6
    assert checked["sublet_where_allowed"] == 1


def test_plans_of_earlier_versions_have_no_rights() -> None:
    """A deal without the columns is one of its own, and nothing is let."""

    def forget(instance: Json, claimed: Json) -> None:
        row = {key: value for key, value in claimed["deals"][0].items() if key not in ("right", "follows")}
        claimed.update(deals=[row])
        del claimed["decisions"]["sublet"]

    found = {finding.rule for finding in audited(forget).findings}
    assert found & {"deals_on_offer", "follow_ons_as_agreed", "deals_described", "deal_cash_to_the_cent"} == set()


# --- one broken plan for every rule

BROKEN: dict[str, tuple[str, str, Callable[[Json, Json], None]]] = {}


def broken(rule: str, sentence: str) -> Callable:
    """Register a way to break the toy with the finding that it must give."""

    def register(break_it: Callable[[Json, Json], None]) -> Callable[[Json, Json], None]:
        assert break_it.__name__ not in BROKEN
        BROKEN[break_it.__name__] = (rule, sentence, break_it)
        return break_it

    return register


@broken("deals_on_offer", "deal 0 of lease follows 1 without a right")
def follows_without_a_right(instance: Json, claimed: Json) -> None:
    claimed["deals"][0]["follows"] = 1


@broken(
    "deals_on_offer", "deal 7 repeats the deal of 'lease' from 2026-03, term 0; blocks of one deal stand in one row"
)
def renewed_in_two_rows(instance: Json, claimed: Json) -> None:
    claimed["deals"].append(copy.deepcopy(claimed["deals"][3]))


@broken("follow_ons_as_agreed", "deal 3 has the right 'whim'; there are renewal, option, expansion, break")
def unknown_right(instance: Json, claimed: Json) -> None:
    claimed["deals"][3]["right"] = "whim"


@broken("follow_ons_as_agreed", "deal 3 stands at node 1; the instance has one future, node 0")
def unknown_node(instance: Json, claimed: Json) -> None:
    claimed["deals"][3]["node"] = 1


@broken(
    "follow_ons_as_agreed",
    "deal 3 follows 3, which is neither a sound deal of this future nor a contract in force",
)
def follows_itself(instance: Json, claimed: Json) -> None:
    claimed["deals"][3]["follows"] = 3


@broken(
    "follow_ons_as_agreed",
    "deal 6 follows 'older', which is neither a sound deal of this future nor a contract in force",
)
def follows_nothing(instance: Json, claimed: Json) -> None:
    claimed["deals"][6]["follows"] = "older"


@broken("follow_ons_as_agreed", "deal 3 is a renewal, and deal 4 gives no such right")
def renewal_of_an_expansion(instance: Json, claimed: Json) -> None:
    claimed["deals"][3]["follows"] = 4


@broken("follow_ons_as_agreed", "deal 4 is an expansion, and deal 0 gives no such right")
def expansion_without_an_option(instance: Json, claimed: Json) -> None:
    claimed["deals"][4]["follows"] = 0


@broken("follow_ons_as_agreed", "deal 2 is a break, and deal 0 gives no such right")
def no_clause(instance: Json, claimed: Json) -> None:
    del instance["offers"]["lease"]["terms"][0]["cancel"]


@broken("follow_ons_as_agreed", "deal 7 is a break, and deal 3 gives no such right")
def break_of_a_renewal(instance: Json, claimed: Json) -> None:
    """Its contract has a clause, it has none."""
    instance["offers"]["lease"]["renewal"]["months"] = 2
    claimed["deals"].append(deal("lease", 4, 4, 1, -2.0, -40.0, right="break", follows=3))


@broken("follow_ons_as_agreed", "deal 5 is a break, and old gives no such right")
def only_the_seller_may(instance: Json, claimed: Json) -> None:
    instance["signed"]["old"]["term"]["cancel"]["by"] = "seller"


@broken("follow_ons_as_agreed", "deal 2 is a break signed in 2026-01, before deal 0, signed in 2026-02")
def before_what_it_follows(instance: Json, claimed: Json) -> None:
    instance["offers"]["lease"]["start"] = {"lead_months": 1}
    instance["offers"]["lease"]["terms"][0]["cancel"]["after_months"] = 0
    claimed["deals"][0].update(start="2026-03", signing="2026-02")
    claimed["deals"][2]["signing"] = "2026-01"


@broken("follow_ons_as_agreed", "deal 5 is a break signed in 2025-12, outside the horizon")
def before_the_horizon(instance: Json, claimed: Json) -> None:
    claimed["deals"][5]["signing"] = "2025-12"


@broken("follow_ons_as_agreed", "deal 7 is the renewal number 2 in a row; lease may be renewed 1 times")
def renewed_too_often(instance: Json, claimed: Json) -> None:
    instance["offers"]["lease"]["renewal"]["times"] = 1
    claimed["deals"].append(deal("lease", 3, 4, 1, 2.0, 80.0, right="renewal", follows=3))


@broken("follow_ons_as_agreed", "deal 3 is a renewal exercised in 2026-01; notice of it is due in 2026-02")
def renewed_too_early(instance: Json, claimed: Json) -> None:
    claimed["deals"][3]["signing"] = "2026-01"


@broken("follow_ons_as_agreed", "deal 7 is a renewal that begins in 2026-05, outside the horizon")
def renewed_after_the_horizon(instance: Json, claimed: Json) -> None:
    instance["signed"]["old"]["renewal"].update(times=2, notice_months=1)
    claimed["deals"][6]["signing"] = "2026-02"
    claimed["deals"].append(deal("old", 4, 5, 2, 1.0, 400.0, right="renewal", follows=6))


@broken("follow_ons_as_agreed", "deal 1 is an option bought in 2026-02; it is sold with deal 0, in 2026-01")
def option_bought_later(instance: Json, claimed: Json) -> None:
    claimed["deals"][1]["signing"] = "2026-02"


@broken("follow_ons_as_agreed", "deal 4 is an expansion called in 2026-01; it may be called from 2026-02 to 2026-03")
def called_too_early(instance: Json, claimed: Json) -> None:
    claimed["deals"][4].update(signing="2026-01", start="2026-02")


@broken(
    "follow_ons_as_agreed",
    "deal 4 is an expansion called in 2026-03; it may be called from 2026-02 to 2026-02, every 2 months",
)
def called_off_step(instance: Json, claimed: Json) -> None:
    instance["offers"]["lease"]["expansion"]["exercise"]["every_months"] = 2
    claimed["deals"][4].update(signing="2026-03", start="2026-04")


@broken("follow_ons_as_agreed", "deal 4 is an expansion that begins in 2026-05, outside the horizon")
def called_for_after_the_horizon(instance: Json, claimed: Json) -> None:
    instance["offers"]["lease"]["expansion"]["lead_months"] = 3


@broken("follow_ons_as_agreed", "deal 2 gives notice in 2026-01; notice may be given from 2026-02 to 2026-02")
def notice_too_early(instance: Json, claimed: Json) -> None:
    claimed["deals"][2].update(signing="2026-01", start="2026-01")


@broken("follow_ons_as_agreed", "deal 2 gives notice in 2026-02; notice may be given in no month")
def notice_at_the_end_of_the_term(instance: Json, claimed: Json) -> None:
    instance["offers"]["lease"]["terms"][0]["cancel"]["notice_months"] = 1


@broken(
    "follow_ons_as_agreed",
    "deal 2 gives notice in 2026-02; deal 0 is late, and no notice may be given before 2026-03",
)
def notice_of_what_is_late(instance: Json, claimed: Json) -> None:
    instance["uncertainty"] = {"scenarios": {"late": {"probability": 1.0, "delay_months": {"lease": 1}}}}


@broken("follow_ons_as_agreed", "deal 3 is a renewal signed in 2026-02; lease is withdrawn in 2026-02")
def renewed_by_who_has_failed(instance: Json, claimed: Json) -> None:
    instance["uncertainty"] = {"scenarios": {"fails": {"probability": 1.0, "lose": {"neo": "2026-02"}}}}


@broken("follow_ons_as_agreed", "deal 6 is a renewal of old, which its seller ends in 2026-02")
def renewed_after_a_recall(instance: Json, claimed: Json) -> None:
    instance["uncertainty"] = {"scenarios": {"recalls": {"probability": 1.0, "recall": {"old": "2026-01"}}}}


@broken("follow_ons_as_agreed", "deal 3 prints the offer 'spot'; what it follows is of lease")
def of_another_offer(instance: Json, claimed: Json) -> None:
    claimed["deals"][3]["offer"] = "spot"


@broken("follow_ons_as_agreed", "deal 3 prints term 1; what it follows has term 0")
def of_another_term(instance: Json, claimed: Json) -> None:
    claimed["deals"][3]["term"] = 1


@broken("follow_ons_as_agreed", "deal 2 prints 2026-03 as its start; it is 2026-02")
def ends_in_another_month(instance: Json, claimed: Json) -> None:
    claimed["deals"][2]["start"] = "2026-03"


@broken("follow_ons_within_blocks", "3 blocks of deal 0 are broken off; at most 2 may be")
def more_broken_than_there_are(instance: Json, claimed: Json) -> None:
    claimed["deals"][2]["blocks"] = 3


@broken("follow_ons_within_blocks", "2 blocks of deal 0 are renewed; at most 1 may be")
def renewed_what_is_broken(instance: Json, claimed: Json) -> None:
    claimed["deals"][3]["blocks"] = 2


@broken("follow_ons_within_blocks", "4 blocks are optioned with deal 0; at most 3 may be")
def more_optioned_than_given(instance: Json, claimed: Json) -> None:
    """1.5 for each of two."""
    claimed["deals"][1]["blocks"] = 4


@broken("follow_ons_within_blocks", "4 blocks are called under deal 1; at most 3 may be")
def more_called_than_optioned(instance: Json, claimed: Json) -> None:
    claimed["deals"][4]["blocks"] = 4


@broken("follow_ons_within_blocks", "2 blocks are called under old; at most 1 may be")
def more_called_than_owned(instance: Json, claimed: Json) -> None:
    """An option that is owned with a contract in force: 0.9 for each of two, so one whole block."""
    right = instance["offers"]["lease"]["expansion"]
    instance["signed"]["old"]["expansion"] = {
        **right,
        "blocks_per_block": 0.9,
        "exercise": {"until_months": 3},
    }
    claimed["deals"].append(deal("old", 2, 3, 1, 2.0, 120.0, right="expansion", follows="old", blocks=2))


@broken("follow_ons_within_blocks", "deal 3 is a renewal of 0.5 blocks; it takes whole blocks")
def half_a_block(instance: Json, claimed: Json) -> None:
    claimed["deals"][3]["blocks"] = 0.5


@broken("deals_described", "deal 2 of lease prints 2 accelerators; 1 blocks are -2")
def a_break_that_adds(instance: Json, claimed: Json) -> None:
    claimed["deals"][2]["accelerators"] = 2.0


@broken("deals_described", "deal 2 of lease prints a term in months of 2; it is 1")
def a_break_of_the_whole_term(instance: Json, claimed: Json) -> None:
    claimed["deals"][2]["months"] = 2


@broken("deals_described", "deal 1 of lease prints 6 accelerators; 3 blocks are 0")
def an_option_that_delivers(instance: Json, claimed: Json) -> None:
    claimed["deals"][1]["accelerators"] = 6.0


@broken("deal_cash_to_the_cent", "deal 1 of lease prints 20.00 USD of cash; its payments sum to 30.00 USD")
def premium_of_two_blocks(instance: Json, claimed: Json) -> None:
    claimed["deals"][1]["cash_usd"] = 20.0


@broken("deal_cash_to_the_cent", "deal 2 of lease prints -100.00 USD of cash; its payments sum to -50.00 USD")
def break_without_its_fee(instance: Json, claimed: Json) -> None:
    claimed["deals"][2]["cash_usd"] = -100.0


@broken("cash_to_the_cent", "the cash table prints 0.00 USD of break_fees for old in 2026-02; it is 10.00 USD")
def fee_not_paid(instance: Json, claimed: Json) -> None:
    claimed["cash"][8]["usd"] = 0.0


@broken("cash_to_the_cent", "the cash table prints -1,116.00 USD of sublease for lease in 2026-01; it is -558.00 USD")
def let_at_the_whole_curve(instance: Json, claimed: Json) -> None:
    claimed["cash"][3]["usd"] = -1116.0


@broken("cost_to_the_cent", "the cost table prints 0.00 USD for tail_value; the decisions cost -360.00 USD")
def tail_not_counted(instance: Json, claimed: Json) -> None:
    """A horizon of three months leaves April of the renewal of `old`: 720 h x 1 chip x 1 USD x 0.5."""
    instance["horizon"]["months"] = 3
    instance["finance"] = {"terminal": "market", "salvage_fraction": 0.5}


@broken("key_figures_follow", "the plan prints sublease_income_usd as 0.00 USD; it is 558.00 USD")
def income_not_told(instance: Json, claimed: Json) -> None:
    claimed["kpis"]["sublease_income_usd"] = 0.0


@broken("key_figures_follow", "the plan prints sublease_income_usd as 558.0; it is null")
def income_where_nothing_may_be_let(instance: Json, claimed: Json) -> None:
    del instance["offers"]["lease"]["sublease"]


@broken("key_figures_follow", "the plan prints tail_value_usd as null; it is 360.00 USD")
def tail_not_told(instance: Json, claimed: Json) -> None:
    """A horizon of three months leaves April of the renewal of `old`: 720 h x 1 chip x 1 USD x 0.5."""
    instance["horizon"]["months"] = 3
    instance["finance"] = {"terminal": "market", "salvage_fraction": 0.5}


@broken("cost_to_the_cent", "the cost table prints 0.00 USD for carbon; the decisions cost 10,296.00 USD")
def what_is_broken_off_emits_nothing(instance: Json, claimed: Json) -> None:
    """1 USD an hour and chip: the lease 4 x 744 + 2 x 672, then 6 x 744; `old` 672 less in February, 744 and 720 of its
    renewal; 720 on demand."""
    instance["regions"]["here"]["carbon_kg_per_kwh"] = 1.0
    instance["policy"] = {"carbon_usd_per_tonne": 1000.0}


@broken("cash_to_the_cent", "the cash table prints 0.00 USD of shortfall for floor in 2026-04; it is 340.00 USD")
def premiums_and_breaks_count_toward_a_commitment(instance: Json, claimed: Json) -> None:
    """2000 promised; 740 of deals, 200 in force and 720 on demand count, what is let does not."""
    window = {"start": "2026-01", "months": 4}
    stated = {"provider": "neo", "usd": 2000.0, "window": window, "settlement": "true_up"}
    instance["commitments"] = {"floor": stated}
    claimed["decisions"]["committed"] = [["floor", 0]]


@broken("sublet_where_allowed", "1.6 accelerators of lease/chip are let in 2026-01; at most 1.5 may be")
def more_let_than_the_market_takes(instance: Json, claimed: Json) -> None:
    claimed["decisions"]["sublet"][0][3] = 1.6


@broken("sublet_where_allowed", "1 accelerators of old/chip are let in 2026-01; its contract does not allow it")
def let_without_a_right(instance: Json, claimed: Json) -> None:
    claimed["decisions"]["sublet"].append(["old/chip", 0, 0, 1.0])


@broken("sublet_where_allowed", "1 accelerators of spot/chip are let in 2026-01; its contract does not allow it")
def let_what_is_paid_by_use(instance: Json, claimed: Json) -> None:
    instance["offers"]["spot"]["sublease"] = {"fraction": 0.5, "max_accelerators": 5.0}
    claimed["decisions"]["sublet"].append(["spot/chip", 0, 0, 1.0])


@broken("capacity_held", "lease/chip serves with 2 accelerators and lets 1.5 in 2026-02; its contracts deliver 2")
def let_what_is_needed(instance: Json, claimed: Json) -> None:
    claimed["decisions"]["sublet"].append(["lease/chip", 1, 0, 1.5])


@broken(
    "use_is_paid",
    "lease/chip is used for 2,604 accelerator-hours in 2026-01; 1,488 are paid whether used or not and 0 beyond",
)
def let_beyond_take_or_pay(instance: Json, claimed: Json) -> None:
    """(2 + 1.5) x 744 hours; half of 4 x 744 are paid."""
    instance["offers"]["lease"]["terms"][0]["take_or_pay"] = 0.5


@broken("decisions_name_what_exists", "decisions.sublet[0] names period 4; they are numbered 0 to 3")
def let_in_no_period(instance: Json, claimed: Json) -> None:
    claimed["decisions"]["sublet"][0][1] = 4


@broken("capacity_held", "lease/chip serves with 2 accelerators in 2026-02; its contracts deliver 0")
def served_by_what_is_broken(instance: Json, claimed: Json) -> None:
    claimed["deals"][2]["blocks"] = 2


@broken("repeated_as_allowed", "lease has 2 deals in service in 2026-03; the offer allows one at a time")
def signed_beside_a_renewal(instance: Json, claimed: Json) -> None:
    instance["offers"]["lease"].update(repeat="one_at_a_time", start={})
    claimed["deals"].append(deal("lease", 3, 3, 2, 2.0, 200.0))


@broken("repeated_as_allowed", "lease has 2 blocks in service in 2026-01; the offer allows 1 in all")
def stacked_too_high(instance: Json, claimed: Json) -> None:
    instance["offers"]["lease"].update(repeat="stack", blocks={"max": 1})


@broken(
    "exclusive_while_running", "old and lease are both in service in 2026-03; while the first runs, the second may not"
)
def not_alone_after_the_term(instance: Json, claimed: Json) -> None:
    """`old` ended with 2025, but is renewed until April; the lease is from March on."""
    instance["groups"] = [{"exclusive": "old", "offers": ["lease"]}]
    instance["signed"]["old"].update(start="2025-10")
    instance["signed"]["old"]["renewal"].update(months=4)
    claimed["deals"][6].update(start="2026-01", signing="2026-01", months=4)
    claimed["deals"] = [row for row in claimed["deals"] if row["follows"] != "old" or row["right"] == "renewal"]
    instance["offers"]["lease"]["start"] = {"earliest": "2026-03"}
    claimed["deals"][0].update(start="2026-03", signing="2026-03")


@broken(
    "obligations_to_the_cent", "the table of obligations prints 260.00 USD after 2026-01; 160.00 USD are still owed"
)
def owed_as_if_nobody_could_leave(instance: Json, claimed: Json) -> None:
    claimed["obligations"][0]["usd"] = 260.0


@broken(
    "termination_to_the_cent",
    "the ledger termination says 'pay all that is owed' is the way out of 'lease' after 2026-01; it is 'give notice'",
)
def the_dearer_way_out(instance: Json, claimed: Json) -> None:
    claimed["ledgers"]["termination"][0]["way"] = "pay all that is owed"


@broken("lock_in_follows", "the ledger lock_in prints 1 as months ('2026-01'); it is 0.3125")
def locked_in_to_the_end_of_the_term(instance: Json, claimed: Json) -> None:
    claimed["ledgers"]["lock_in"][0]["months"] = 1.0


@broken(
    "effective_to_the_cent",
    "the ledger effective prints 100.00 USD as unused_usd ('2026-01', 'lease'); it is 25.00 USD",
)
def what_is_let_is_used(instance: Json, claimed: Json) -> None:
    claimed["ledgers"]["effective"][0]["unused_usd"] = 100.0


@broken("cash_is_cost", "the cost of 'contracts' is 730.00 USD; its cash sums to 740.00 USD")
def fee_is_cash_and_no_cost(instance: Json, claimed: Json) -> None:
    claimed["cost"][0]["usd"] = 730.0


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plan_is_found(name: str) -> None:
    rule, sentence, break_it = BROKEN[name]
    report = audited(break_it)
    said = [finding.sentence for finding in report.findings if finding.rule == rule]
    assert sentence in said, said


MALFORMED = [
    ("right", None, "deals[3].right must be text, not null"),
    ("follows", 1.5, "deals[3].follows must be a whole number, not 1.5"),
    ("follows", [], "deals[3].follows must be a number, not a list"),
]


@pytest.mark.parametrize(("key", "value", "sentence"), MALFORMED)
def test_a_malformed_right_ends_in_a_sentence(key: str, value: Any, sentence: str) -> None:
    with pytest.raises(PlanError, match=re.escape(sentence)):
        audited(lambda instance, claimed: claimed["deals"][3].update({key: value}))


TOY = Instance.model_validate(instance_document())
RIGHT = st.sampled_from(["", "renewal", "option", "expansion", "break", "whim"])
FOLLOWS = st.none() | st.integers(-1, 8) | st.sampled_from(["old", "lease", ""])
MONTHS = st.sampled_from(["2000-01", "2025-12", "2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2199-12"])
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "right": RIGHT,
        "follows": FOLLOWS,
        "signing": MONTHS,
        "start": MONTHS,
        "blocks": st.sampled_from([-1, 0, 0.5, 1, 7, 1e29]),
        "node": st.integers(0, 1),
    },
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), CHANGES), min_size=1, max_size=4))
def test_no_change_of_a_right_ends_in_a_traceback(changes: list[tuple[int, Json]]) -> None:
    claimed = plan_document()
    for row, keys in changes:
        claimed["deals"][row].update(keys)
    audit(TOY, claimed)


# --- the arithmetic of contracts


def month(number: int) -> Month:
    """Months of 2026 from 1 on."""
    return Month.parse("2026-01") + (number - 1)


def signed(offer: Json, start: int = 1, blocks: int = 1, months: int = 3, **keys: Any) -> tuple[Instance, Contract]:
    """A deal of an offer, and the instance of so many months."""
    instance = Instance.model_validate(problem(months, {"lease": offer}, **keys))
    return instance, signed_deal(instance, "lease", 0, month(start), Decimal(blocks))


def by_line(dues: Any) -> dict[str, dict[int, float]]:
    """line -> month counted from January 2026 -> USD"""
    found: dict[str, dict[int, float]] = {}
    for due, line, usd in dues:
        found.setdefault(line, {})[due - month(0)] = float(usd)
    return found


CLAUSE = {"by": "buyer", "after_months": 2, "notice_months": 1, "fee_fraction": 0.2}


def test_a_break_takes_away_later_fees_and_adds_its_fee() -> None:
    """Six months at 100, half prepaid, a deposit of 40. Notice in March ends it in April: April to June cost 50 each
    less, a fifth of 150 is the fee, the deposit comes back in April instead of July; the prepayment stays.

    In a horizon of three months half of the term is charged: (300 + 300) / 2 = 300; broken all of 450 + 30 = 480.
    """
    offer = lease(1.0, 6, term={"prepay": 0.5, "deposit_usd": 40.0, "cancel": CLAUSE})
    instance, contract = signed(offer, finance={"terminal": "pro_rata"})
    gone = break_off(contract, Decimal(1), month(3))
    assert by_line(gone.due) == {
        "fees": {4: -50, 5: -50, 6: -50},
        "deposits": {4: -40, 7: 40},
        "break_fees": {4: 30},
    }
    assert (gone.length, gone.written, gone.signing) == (3, month(4), month(3))
    assert gone.charge(Calendar.of(instance)) == 480 - 300
    assert [gone.leaving.delivered("chip", month(m)) for m in (3, 4)] == [1, 0]


def test_a_break_in_arrears_pays_the_last_month_of_service() -> None:
    """Fees of January to March are due a month later each; those of April on are not. The fee is a fifth of 300."""
    _, contract = signed(lease(1.0, 6, term={"billing": "arrears", "cancel": CLAUSE}))
    broken_off = break_off(contract, Decimal(1), month(3)).leaving
    assert by_line(broken_off.due) == {"fees": {2: 100, 3: 100, 4: 100}, "break_fees": {4: 60}}


def test_dated_payments_after_the_end_are_not_due() -> None:
    """600: 60 % at signing, 30 % after two months, 10 % after five; ended in April the last 60 are not due: fee 12.

    540 are paid, 300 are used: 240 stay with the seller.
    """
    payments = [{"share": 0.6, "at": "signing"}, {"share": 0.3, "after_months": 2}, {"share": 0.1, "after_months": 5}]
    _, contract = signed(lease(1.0, 6, term={"payments": payments, "cancel": CLAUSE}))
    broken_off = break_off(contract, Decimal(1), month(3)).leaving
    assert by_line(broken_off.due) == {"payments": {1: 360, 3: 180}, "break_fees": {4: 12}}
    assert broken_off.unused(broken_off.ending) == 240


def test_what_the_first_tiers_cost_stays_with_the_contract() -> None:
    """Factors 1 and 0.5: two blocks cost 100 + 50, and a block that is broken off saves 50."""
    tiers = {"kind": "incremental", "steps": [{"from_blocks": 1, "factor": 1.0}, {"from_blocks": 2, "factor": 0.5}]}
    offer = lease(1.0, 6, term={"tiers": tiers, "cancel": CLAUSE, "signing_fee_usd": 7.0}, blocks={"max": 2})
    _, contract = signed(offer, blocks=2)
    assert by_line(contract.due)["fees"][1] == 150
    assert by_line(break_off(contract, Decimal(1), month(3)).due) == {
        "fees": {4: -50, 5: -50, 6: -50},
        "break_fees": {4: 30},
    }


def test_leaving_a_contract_in_force_saves() -> None:
    """It is sunk, until it is left: 50 in March less a fee of 10; what it was worth after a horizon of two months is
    lost too: 744 h x 1 USD x 0.5 = 372."""
    document = instance_document()
    document["horizon"]["months"] = 2
    document["finance"] = {"terminal": "market", "salvage_fraction": 0.5}
    document["signed"]["old"]["term"]["months"] = 4
    instance = Instance.model_validate(document)
    old = contract_in_force(instance, "old", instance.signed["old"])
    assert old.charge(Calendar.of(instance)) == 0
    gone = break_off(old, Decimal(1), month(2))
    assert by_line(gone.due) == {"fees": {3: -50}, "break_fees": {3: 10}}
    assert gone.charge(Calendar.of(instance)) == -40 + 372


def test_a_buyer_who_may_leave_owes_what_is_cheaper() -> None:
    """100 a month in arrears, January to June; notice from February on, of a month, for a quarter of what is left.

    After January: left in March for 200 + 100. After February and March: two months and 75, two months and 50. After
    April: leaving in June costs 200 + 25, and there are 300; after May it is too late to leave.
    Notice in March: from then on 100 for March and a quarter of 300.
    """
    clause = {"by": "either", "after_months": 1, "notice_months": 1, "fee_fraction": 0.25}
    _, contract = signed(lease(1.0, 6, term={"billing": "arrears", "cancel": clause}))
    owed = {str(when)[-1]: float(usd) for when, usd in contract.owed(since=month(1)).items()}
    assert owed == {"1": 300, "2": 275, "3": 250, "4": 225, "5": 200, "6": 100, "7": 0}
    left = break_off(contract, Decimal(1), month(3)).leaving
    owed = {str(when)[-1]: float(usd) for when, usd in left.owed(since=month(1)).items()}
    assert owed == {"1": 300, "2": 275, "3": 175, "4": 0}


def test_who_pays_all_of_it_anyhow_stays() -> None:
    """A fee of all that is left is no cheaper, and due sooner."""
    _, contract = signed(lease(1.0, 6, term={"cancel": {"by": "buyer", "fee_fraction": 1.0}}))
    assert contract.leaving(month(2)) is None
    assert [due.month for due in contract.owed_after(month(2))] == [month(m) for m in (3, 4, 5, 6)]


def test_at_the_end_of_the_term_there_is_nothing_to_leave() -> None:
    """Half at signing, half in the month after the term of six: leaving in July would be no break. Before, it is."""
    payments = [{"share": 0.5, "at": "signing"}, {"share": 0.5, "after_months": 6}]
    term = {"payments": payments, "cancel": {"by": "buyer", "notice_months": 1}}
    _, contract = signed(lease(1.0, 6, term=term))
    owed = contract.owed(since=month(1))
    assert [owed[month(m)] for m in (4, 5, 6)] == [0, 300, 300]


def test_a_clause_of_the_seller_frees_nobody() -> None:
    clause = {"by": "seller", "after_months": 1, "notice_months": 1}
    _, contract = signed(lease(1.0, 6, term={"cancel": clause}))
    assert contract.owed(since=month(1))[month(1)] == 500


def test_who_leaves_still_owes_what_the_first_tiers_cost() -> None:
    """Two blocks at 100 and 50: 50 each, and 50 once. After January leaving in February costs nothing but 5 x 50."""
    tiers = {"kind": "incremental", "steps": [{"from_blocks": 1, "factor": 1.0}, {"from_blocks": 2, "factor": 0.5}]}
    offer = lease(1.0, 6, term={"tiers": tiers, "cancel": {"by": "buyer"}}, blocks={"max": 2})
    _, contract = signed(offer, blocks=2)
    assert contract.owed(since=month(1))[month(1)] == 250


def test_what_is_paid_once_goes_with_the_blocks_that_are_broken_off_if_all_are() -> None:
    """60 for signing two blocks that serve in January only, and half of 200 to leave them in February."""
    document, claimed = instance_document(), plan_document()
    document["offers"]["lease"]["terms"][0]["signing_fee_usd"] = 60.0
    claimed["deals"][2]["blocks"] = 2
    (leg,) = Books(Instance.model_validate(document), read(claimed)).legs[0]
    assert {when - month(0): usd for when, usd in service_cost(leg).items()} == {1: 260, 2: 100}


def test_a_renewal_goes_on_at_the_last_price_and_capacity() -> None:
    """13 months from January at 100, in December 200; 10 % more in the 13th month, fee factor 0.8 from the second on,
    0.9 from two blocks on: the last month costs 200 x 1.1 x 0.8 x 0.9 = 158.4 a block. Half of it for two months, on
    three quarters of the chips, in arrears; half of that again."""
    term = {
        "usd_per_month": {"2026-01": 100.0, "2026-12": 200.0},
        "escalator_per_year": 0.1,
        "fee_factor": [0.5, 0.8],
        "tiers": {"kind": "all_units", "steps": [{"from_blocks": 1, "factor": 1.0}, {"from_blocks": 2, "factor": 0.9}]},
        "take_or_pay": 0.5,
        "prepay": 0.5,
        "billing": "arrears",
        "deposit_usd": 9.0,
        "signing_fee_usd": 9.0,
    }
    right = {"months": 2, "notice_months": 3, "times": 2, "factor": 0.5}
    offer = lease(4.0, 13, term=term, blocks={"max": 2}, ramp=[0.5, 0.75], renewal=right)
    _, contract = signed(offer, blocks=2, months=20)
    first = renewal(contract, Decimal(2))
    assert (first.written, first.signing, first.length) == (month(14), month(11), 2)
    assert by_line(first.due) == {"fees": {15: 158.4, 16: 158.4}}
    assert first.delivered("chip", month(14)) == 6
    again = renewal(first, Decimal(1))
    assert (again.written, again.signing) == (month(16), month(13))
    assert by_line(again.due) == {"fees": {17: 39.6, 18: 39.6}}


def test_a_renewal_at_a_price_of_its_own() -> None:
    """2 chips at 0.5 USD an hour in March: 744 USD."""
    right = {"months": 1, "usd_per_accelerator_hour": 0.5}
    _, contract = signed(lease(2.0, 2, renewal=right))
    assert by_line(renewal(contract, Decimal(1)).due) == {"fees": {3: 744}}


def test_an_expansion_ramps_up_anew() -> None:
    """Called in February, there from April: half of 4 chips, then all, at 0.7 of 1 USD an hour: 2 x 720 x 0.7, then
    4 x 744 x 0.7; billed in advance, whatever the contract does."""
    right = {"months": 2, "lead_months": 2, "factor": 0.7, "exercise": {"until_months": 3}, "blocks_per_block": 0.4}
    term = {"usd_per_month": None, "usd_per_accelerator_hour": 1.0, "billing": "arrears"}
    _, contract = signed(lease(4.0, 3, term=term, ramp=[0.5, 1.0], blocks={"max": 3}, expansion=right), blocks=3)
    more = expansion(contract, Decimal(1), month(2))
    assert (more.written, more.signing) == (month(4), month(2))
    assert by_line(more.due) == {"fees": {4: 1008, 5: 2083.2}}
    assert [more.delivered("chip", month(m)) for m in (3, 4, 5)] == [0, 2, 4]
    assert optioned(contract) == 1


def test_an_expansion_is_late_by_its_own_start_and_a_renewal_by_that_of_its_contract() -> None:
    """From March on the provider is a month late: the lease of January is not, nor what renews it in March; the
    expansion that is to start in March is."""
    right = {"months": 2, "lead_months": 1, "usd_per_month": 60.0, "exercise": {"until_months": 3}}
    offer = lease(1.0, 2, expansion=right, renewal={"months": 2, "usd_per_month": 60.0})
    late = {"scenarios": {"late": {"probability": 1.0, "delay_months": {"neo": {"2026-03": 1}}}}}
    instance, contract = signed(offer, uncertainty=late)
    assert contract.start == month(1)
    assert in_future(instance, renewal(contract, Decimal(1))).start == month(3)
    assert in_future(instance, expansion(contract, Decimal(1), month(2))).start == month(4)


def test_the_tail_is_worth_its_share_of_the_curve() -> None:
    """Two of four chips work. April to June lie after a horizon of three months; the curve falls from 1 USD in April
    to 0.5 in June: 2 x (720 x 1 + 744 x 0.75 + 720 x 0.5) x 0.5 = 1638. The whole term of 600 is charged."""
    curve = [
        {"month": "2026-04", "usd_per_accelerator_hour": 1.0},
        {"month": "2026-06", "usd_per_accelerator_hour": 0.5},
    ]
    finance = {"terminal": "market", "salvage_fraction": 0.5}
    instance, contract = signed(lease(4.0, 6, availability=0.5), forward={"chip": curve}, finance=finance)
    time = Calendar.of(instance)
    assert contract.tail(time) == 1638
    assert contract.charge(time) == 600 - 1638


def test_a_price_on_the_forward_curve() -> None:
    """Signed in January for February, half way from 1 USD in January to 2 in March: 1.2 x 1.5 x 672 x 2 chips, level
    in March, too: 1.2 x 1.5 x 744 x 2."""
    curve = [
        {"month": "2026-01", "usd_per_accelerator_hour": 1.0},
        {"month": "2026-03", "usd_per_accelerator_hour": 2.0},
    ]
    term = {"usd_per_month": None, "forward_factor": 1.2}
    _, contract = signed(lease(2.0, 2, term=term, start={"lead_months": 1}), 2, forward={"chip": curve})
    assert by_line(contract.due) == {"fees": {2: 2419.2, 3: 2678.4}}
