"""The audit against a plan whose every number is derived here by hand, then broken in every way.

Time. Horizon January to March 2026 in two periods: January (744 h), and February with March (672 + 744 = 1416 h).
Two blocks of the day, phi = 1/2. Discounting 50 % nominal, at month starts: 1 + 0.5/12 = 25/24, so a dollar is
worth 1, 0.96, 0.9216 and 0.884736 in January, February, March and April.

Demand. `chat`: 8 requests/s around the clock, peak_to_mean 1.25, so D = 10 and what is paid is 0.8 of it. One
chip serves 2 requests/s. 1000 tokens in, 500 x 2 = 1000 out: 2000. `night`: batch, 2 requests/s, D = 2, paid in
full, one chip serves 1; may wait 31 days, that is L = floor(31 / 31) = 1 period.

Serving. January: lease 1.5 (3 requests/s), old 2 (4), spot 1 (2), unserved 1: 10. Then: lease 3 (6), api 3, spot
0.5 (1): 10. `night`: 2.82 on spot in block 0 of January, then 2.31 in both blocks:
1/2 x 744 x 2.82 + 1416 x 2.31 = 1049.04 + 3270.96 = 4320 = 2160 h x 2, and 1049.04 <= 744 x 2 = 1488.
Spot offers 5 x 0.8 = 4: used 3.82, then 2.81. The api offers 3.

lease: 4 chips a block, ramp 0.5 then 1, availability 0.75: delivers 1.5, then 3. Bill at 2 USD per contracted
accelerator-hour, January to April: 2 x 744 x 2 = 2976, 4 x 672 x 2 = 5376, 4 x 744 x 2 = 5952, 4 x 720 x 2 = 5760;
in all 20064. Half is fixed: 10032; a quarter of that is prepaid: 2508; monthly fees 1116, 2016, 2232, 2160. Signing
fee 1000. Cash 10032 + 1000 = 11032. Owed after January 2016 + 2232 + 2160 = 6408, then 4392, 2160, 0.
  Present value 1000 + 2508 + 1116 + 0.96 x 2016 + 0.9216 x 2232 + 0.884736 x 2160 = 10527.40096; discounted
  accelerators inside the horizon 2 + 0.96 x 4 + 0.9216 x 4 = 9.5264, in the term + 0.884736 x 4 = 13.065344;
  charged 10527.40096 x 9.5264 / 13.065344 = 7675.896823.
  Beyond the paid half: January used 744 x 0.8 x 1.5 = 892.8 h of 1116 delivered, 558 paid: 334.8 h at
  2976/1116 = 8/3 USD: 892.8. Then used 1416 x 0.8 x 3 = 3398.4 h of 4248, 2124 paid: 1274.4 h at
  (5376 + 5952)/4248 = 8/3: 3398.4, by hours 1612.8 in February and 1785.6 in March.
  Power 4 x 1.5 kW x the ramp: 0.003, then 0.006 MW; that of old 0.003 MW in January and February.
  Carbon at 0.5 tonnes a MWh: lease 1.116, 2.016, 2.232; old 1.116, 1.008; spot, 1.5 kW x 2.21 then 2.71 at work,
  1.23318, 1.36584, 1.51218: 11.5992 in all. Without old, which is sunk, discounted 9.046382688.
old: 2 chips from December to February for 1000 USD a month, half fixed, half of that prepaid (history): fees 250 in
  January and February; owed 250 after January. Delivers nothing throughout February to March. January used
  744 x 0.8 x 2 = 1190.4 h of 1488, 744 paid: 446.4 h at 1000/1488 USD: 300.
spot at 5 USD, from March 4: January 744 x 5 x (0.8 x 1 + 1.41) = 8221.2; February 672 x 5 x (0.4 + 2.31) = 9105.6;
  March 744 x 4 x 2.71 = 8064.96.
api: 1000 x 2 + 1000 x 3 USD per million = 0.005 USD a request: 0.8 x 3 x 3600 x 0.005 = 43.2 USD an hour:
  29030.4 and 32140.8.
egress at 0.1 USD per million tokens out: 0.0001 USD a request, 0.8 x 7200 x 0.0001 = 0.576 USD an hour for a chip on
  `chat`: lease 642.816, 1161.216, 1285.632; old 857.088; spot 428.544, 193.536, 214.272.
unserved: 744 x 3600 x 0.8 x 1 = 2142720 requests at 0.01: 21427.2.

Cash: January 16216.448, February 43369.552, March 45723.264, April 2160; 105309.264 in the horizon, 107469.264 in all;
present value 16216.448 + 41634.76992 + 42138.5601024 + 1911.02976 = 101900.8077824.
Balance: 60000 - 100 - 16216.448 = 43683.552, then 60000 - 200 - 59586 = 214, then 110000 - 300 - 105309.264 = 4390.736.
Objective: contracts 7675.896823, use beyond 892.8 + 300 + 0.96 x 1612.8 + 0.9216 x 1785.6 = 4386.69696, elastic
24395.243136, tokens 57490.14528, egress 4611.3214464, unserved 21427.2: 119986.503646.
Served 1 - 2142720 / 77760000; at work 5481.6 of 8196 accelerator-hours; tokens discounted
2000 x (24641280 + 36000 x 1330.7904) = 145099.4688 million at 98559.303646 USD: 0.679253373.
"""

from __future__ import annotations

import ast
import copy
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import offtake.audit as audited
from offtake.audit import AuditReport, Finding, PlanError, audit, audit_document
from offtake.audit.books import Books
from offtake.audit.calendar import Calendar
from offtake.audit.claim import read
from offtake.audit.contracts import contract_in_force, signed_deal
from offtake.audit.demand import demand_of
from offtake.audit.numbers import exact, figure
from offtake.audit.report import Check
from offtake.audit.rules import RULES, WHOLE
from offtake.instance import sha256, to_document
from offtake.instance.months import Month
from offtake.instance.schema import Instance

Json = dict[str, Any]

ALL = {rule.__name__: rule.__module__.rpartition(".")[2] for rule in (*RULES, *WHOLE)}
"""Rule -> the module that it stands in."""
TESTED_ELSEWHERE = (
    "ledgers",
    "commitments",
    "as_owed",
    "tables",
    "follow_ons",
    "sublease",
    "futures",
    "shed",
    "training",
    "reinforcement",
    "ports",
    "concentration",
    "resilience",
    "offers",
)
ELSEWHERE = {rule for rule, module in ALL.items() if module in TESTED_ELSEWHERE}
"""Rules about what this toy does not have: each kind has toys of its own."""

ACCELERATOR = {
    "family": "cuda",
    "bf16_tflops": 1000.0,
    "memory_gb": 80.0,
    "memory_tb_s": 3.0,
    "link_gb_s": 450.0,
    "domain": 8,
    "all_in_kw": 1.5,
}
MODEL = {"parameters": 8e9, "active_parameters": 8e9, "layers": 32, "hidden_size": 4096, "kv_bytes_per_token": 65536.0}
REQUEST = {"input_tokens": 1000.0, "output_tokens": 500.0, "reasoning_multiplier": 2.0}


def instance_document() -> Json:
    return {
        "format": "offtake/1",
        "name": "audited toy",
        "horizon": {"start": "2026-01", "months": 3, "steps": [{"count": 1, "months": 1}, {"count": 1, "months": 2}]},
        "day": {"blocks": 2},
        "finance": {
            "discounting": {"rate": 0.5, "basis": "nominal", "timing": "start"},
            "terminal": "pro_rata",
            "budget_usd": {2026: 107470.0, "2026-02": 43370.0},
            "funding_usd": {"2025-12": 60000.0, "2026-03": 50000.0},
            "other_cash_usd": {"2025-11": -100.0},
            "cash_min_usd": 100.0,
            "obligations_max_usd": 6700.0,
        },
        "regions": {
            "here": {"latitude": 0.0, "longitude": 0.0, "carbon_kg_per_kwh": 0.5},
            "there": {"latitude": 10.0, "longitude": 0.0},
        },
        "network": {"egress_usd_per_million_tokens": {"here": {"there": 0.1}}},
        "accelerators": {"chip": ACCELERATOR},
        "models": {"llm": MODEL},
        "workloads": {
            "chat": {
                "kind": "interactive",
                "model": "llm",
                "region": "there",
                "request": REQUEST,
                "slo": {"ttft_ms": 10000.0, "tpot_ms": 1000.0},
                "demand": {"requests_per_s": 8.0, "peak_to_mean": 1.25},
                "unserved_usd_per_request": 0.01,
            },
            "night": {
                "kind": "batch",
                "model": "llm",
                "region": "here",
                "request": REQUEST,
                "within_days": 31.0,
                "demand": {"requests_per_s": 2.0},
            },
        },
        "providers": {"neo": {"kind": "neocloud"}, "tokens": {"kind": "api"}},
        "offers": {
            "lease": {
                "provider": "neo",
                "region": "here",
                "accelerators": {"chip": 4.0},
                "blocks": {"min": 1, "max": 2},
                "sign_by": "2026-01",
                "start": {"earliest": "2026-01", "latest": "2026-02"},
                "ramp": [0.5, 1.0],
                "availability": 0.75,
                "terms": [
                    {
                        "months": 4,
                        "usd_per_accelerator_hour": 2.0,
                        "take_or_pay": 0.5,
                        "prepay": 0.25,
                        "signing_fee_usd": 1000.0,
                    }
                ],
            },
            "tower": {
                "provider": "neo",
                "region": "here",
                "accelerators": {"chip": 1.0},
                "repeat": "stack",
                "start": {"every_months": 2},
                "terms": [{"months": 3, "usd_per_month": 100.0}],
            },
            "block": {
                "provider": "neo",
                "region": "here",
                "mw": 0.01,
                "accelerator": "chip",
                "repeat": "one_at_a_time",
                "terms": [{"months": 2, "usd_per_mw_month": 1000.0}],
            },
            "spot": {
                "provider": "neo",
                "region": "here",
                "accelerator": "chip",
                "availability": 0.8,
                "elastic": {"usd_per_accelerator_hour": {"2026-01": 5.0, "2026-03": 4.0}, "max_accelerators": 5.0},
            },
            "api": {
                "provider": "tokens",
                "region": "there",
                "api": {
                    "models": ["llm"],
                    "usd_per_million_input_tokens": 2.0,
                    "usd_per_million_output_tokens": 3.0,
                    "max_requests_per_s": 3.0,
                    "ttft_ms": 400.0,
                    "tpot_ms": 18.0,
                },
            },
        },
        "signed": {
            "old": {
                "provider": "neo",
                "region": "here",
                "accelerators": {"chip": 2.0},
                "start": "2025-12",
                "term": {"months": 3, "usd_per_month": 1000.0, "take_or_pay": 0.5, "prepay": 0.5},
            },
        },
        "groups": [
            {"at_most": 1, "offers": ["lease", "block"]},
            {"at_least": 1, "offers": ["lease", "tower"]},
            {"requires": "lease", "offer": "tower"},
            {"exclusive": "old", "offers": ["tower"], "until": "2026-03"},
        ],
        "policy": {
            "power_mw_max": 0.0091,
            "site_power_mw_max": {"here": 0.009},
            "carbon_tonnes_max": {2026: 11.6},
        },
        "throughput": {
            "rates": [
                {"accelerator": "chip", "workload": "chat", "requests_per_s_per_accelerator": 2.0},
                {"accelerator": "chip", "workload": "night", "requests_per_s_per_accelerator": 1.0},
            ]
        },
    }


def plan_document() -> Json:
    both = (0, 1)
    return {
        "format": "offtake.plan/1",
        "status": "optimal",
        "objective_usd": 119986.503646,
        "bound_usd": 118786.638609,
        "gap": 0.01,
        "solver": {"gap_asked": 0.01},
        "periods": [{"start": "2026-01", "months": 1}, {"start": "2026-02", "months": 2}],
        "deals": [deal_row()],
        "decisions": {
            "serve": [
                *(["lease/chip", "chat", 0, b, 0, 1.5] for b in both),
                *(["old/chip", "chat", 0, b, 0, 2.0] for b in both),
                *(["spot/chip", "chat", 0, b, 0, 1.0] for b in both),
                *(["lease/chip", "chat", 1, b, 0, 3.0] for b in both),
                *(["spot/chip", "chat", 1, b, 0, 0.5] for b in both),
                *(["api", "chat", 1, b, 0, 3.0] for b in both),
                ["spot/chip", "night", 0, 0, 0, 2.82],
                ["spot/chip", "night", 0, 1, 0, 0.0],
                *(["spot/chip", "night", 1, b, 0, 2.31] for b in both),
            ],
            "unserved": [["chat", 0, b, 0, 1.0] for b in both],
            "beyond": [
                [0, "lease/chip", 0, 0, 334.8],
                [0, "lease/chip", 1, 0, 1274.4],
                ["old", "old/chip", 0, 0, 446.4],
            ],
        },
        "cash": cash_rows(),
        "obligations": [
            {"month": "2026-01", "usd": 6658.0},
            {"month": "2026-02", "usd": 4392.0},
            {"month": "2026-03", "usd": 2160.0},
            {"month": "2026-04", "usd": 0.0},
        ],
        "cost": [
            {"line": "contracts", "usd": 7675.896823},
            {"line": "use_beyond", "usd": 4386.69696},
            {"line": "elastic", "usd": 24395.243136},
            {"line": "tokens", "usd": 57490.14528},
            {"line": "egress", "usd": 4611.3214464},
            {"line": "unserved", "usd": 21427.2},
        ],
        "kpis": {
            "cost_usd": 119986.503646,
            "npv_cash_usd": 101900.8077824,
            "cash_in_horizon_usd": 105309.264,
            "peak_obligations_usd": 6658.0,
            "peak_obligations_month": "2026-01",
            "power_mw_peak": 0.009,
            "power_mw_peak_month": "2026-02",
            "carbon_tonnes": 11.5992,
            "carbon_tonnes_by_year": {"2026": 11.5992},
            "share_served": 1 - 2142720 / 77760000,
            "utilisation": 5481.6 / 8196,
            "usd_per_million_tokens": 98559.303646 / 145099.4688,
        },
    }


def cash_rows() -> list[Json]:
    """The cash table, by line and offer: USD of January, February, March and April."""
    lines = {
        ("fees", "lease"): (1116.0, 2016.0, 2232.0, 2160.0),
        ("prepayments", "lease"): (2508.0,),
        ("signing_fees", "lease"): (1000.0,),
        ("in_force", "old"): (250.0, 250.0),
        ("use_beyond", "lease"): (892.8, 1612.8, 1785.6),
        ("use_beyond", "old"): (300.0,),
        ("elastic", "spot"): (8221.2, 9105.6, 8064.96),
        ("tokens", "api"): (0.0, 29030.4, 32140.8),
        ("egress", "lease"): (642.816, 1161.216, 1285.632),
        ("egress", "old"): (857.088,),
        ("egress", "spot"): (428.544, 193.536, 214.272),
    }
    return [
        {"month": f"2026-{m + 1:02d}", "line": line, "offer": offer, "usd": usd}
        for (line, offer), row in lines.items()
        for m, usd in enumerate(row)
    ]


def deal_row(offer: str = "lease", start: str = "2026-01", **keys: Any) -> Json:
    row = {
        "offer": offer,
        "provider": "neo",
        "node": 0,
        "start": start,
        "signing": start,
        "months": 4,
        "term": 0,
        "blocks": 1,
        "accelerators": 4,
        "accelerators_by_type": {"chip": 4},
        "power_mw": 0.006,
        "cash_usd": 11032.0,
        "npv_usd": 7675.896823,
    }
    return {**row, **keys}


def audited_toy(break_it: Callable[[Json, Json], None] = lambda instance, plan: None) -> AuditReport:
    instance, plan = instance_document(), plan_document()
    break_it(instance, plan)
    return audit(Instance.model_validate(instance), plan)


def test_the_plan_derived_by_hand_passes() -> None:
    report = audited_toy()
    assert report.findings == []
    assert report.passed
    assert abs(report.objective_usd - Decimal("119986.503646")) < Decimal("1e-6")
    assert {rule.rule for rule in report.rules if rule.checked == 0} - ELSEWHERE == set()


def test_the_report_goes_into_the_plan_document() -> None:
    document = audited_toy().to_document()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert list(document) == ["passed", "findings", "rules", "objective_usd"]
    assert document["objective_usd"] == "119986.50"
    assert {"rule": "capacity_held", "checked": 16, "worst_relative_violation": 0.0} in document["rules"]
    broken = audited_toy(lambda instance, plan: plan.update(bound_usd=130000.0)).to_document()
    assert not broken["passed"]
    assert broken["findings"][0]["rule"] == "bound_below_objective"


# --- one broken plan for every rule

BROKEN: dict[str, tuple[str, str, Callable[[Json, Json], None]]] = {}


def broken(rule: str, sentence: str) -> Callable:
    """Register a way to break the toy with the finding that it must give."""

    def register(break_it: Callable[[Json, Json], None]) -> Callable[[Json, Json], None]:
        assert break_it.__name__ not in BROKEN
        BROKEN[break_it.__name__] = (rule, sentence, break_it)
        return break_it

    return register


@broken(
    "periods_of_instance",
    "the plan has 3 periods that are not the 2 of the instance, which begin in 2026-01 and end with 2026-03",
)
def monthly_periods(instance: Json, plan: Json) -> None:
    plan["periods"] = [{"start": f"2026-0{m}", "months": 1} for m in (1, 2, 3)]


@broken("deals_on_offer", "deal 0 signs the offer 'leese', which the instance does not have")
def unknown_offer(instance: Json, plan: Json) -> None:
    plan["deals"][0]["offer"] = "leese"


@broken("deals_on_offer", "deal 0 takes term 1 of lease, which has 1, counted from 0")
def unknown_term(instance: Json, plan: Json) -> None:
    plan["deals"][0]["term"] = 1


@broken("deals_on_offer", "deal 1 takes term 0 of spot, which has 0, counted from 0")
def elastic_offer_signed(instance: Json, plan: Json) -> None:
    plan["deals"].append(deal_row("spot"))


@broken("deals_on_offer", "deal 0 stands at node 2; the instance has one future, node 0")
def unknown_node(instance: Json, plan: Json) -> None:
    plan["deals"][0]["node"] = 2


@broken("deals_on_offer", "deal 0 of lease starts in 2026-04, outside the horizon 2026-01 to 2026-03")
def start_after_horizon(instance: Json, plan: Json) -> None:
    plan["deals"][0]["start"] = "2026-04"


@broken(
    "deals_on_offer", "deal 1 repeats the deal of 'lease' from 2026-01, term 0; blocks of one deal stand in one row"
)
def deal_twice(instance: Json, plan: Json) -> None:
    plan["deals"].append(deal_row())


@broken("started_in_window", "deal 0 of lease starts in 2026-03; the offer allows 2026-01 to 2026-02")
def start_outside_window(instance: Json, plan: Json) -> None:
    plan["deals"][0].update(start="2026-03", signing="2026-03")


@broken("started_in_window", "deal 0 of lease starts in 2026-01; the offer allows 2026-02 to 2026-03")
def start_before_the_lead_allows(instance: Json, plan: Json) -> None:
    instance["offers"]["lease"]["start"] = {"lead_months": 1}


@broken("started_in_window", "deal 1 of tower starts in 2026-02; the offer allows every 2 months from 2026-01")
def start_off_step(instance: Json, plan: Json) -> None:
    plan["deals"].append(deal_row("tower", "2026-02"))


@broken(
    "signed_in_time",
    "deal 0 of lease says it is signed in 2025-12; a start in 2026-01 less a lead of 0 months is 2026-01",
)
def wrong_signing_month(instance: Json, plan: Json) -> None:
    plan["deals"][0]["signing"] = "2025-12"


@broken("signed_in_time", "deal 0 of lease would have to be signed in 2025-11, before the horizon begins in 2026-01")
def signed_before_horizon(instance: Json, plan: Json) -> None:
    instance["offers"]["lease"]["start"]["lead_months"] = 2
    plan["deals"][0]["signing"] = "2025-11"


@broken("signed_in_time", "deal 0 of lease is signed in 2026-02; the quote expires in 2026-01")
def quote_expired(instance: Json, plan: Json) -> None:
    plan["deals"][0].update(start="2026-02", signing="2026-02")


@broken("blocks_allowed", "deal 0 takes 3 blocks of lease; the offer sells whole blocks, 1 to 2")
def too_many_blocks(instance: Json, plan: Json) -> None:
    plan["deals"][0]["blocks"] = 3


@broken("blocks_allowed", "deal 0 takes 1.5 blocks of lease; the offer sells whole blocks, 1 to 2")
def half_a_block(instance: Json, plan: Json) -> None:
    plan["deals"][0]["blocks"] = 1.5


@broken("blocks_allowed", "deal 0 takes 0 blocks of lease; the offer sells whole blocks, 1 to 2")
def no_block(instance: Json, plan: Json) -> None:
    plan["deals"][0]["blocks"] = 0


@broken("repeated_as_allowed", "lease is signed 2 times; the offer can be signed once")
def once_offer_twice(instance: Json, plan: Json) -> None:
    plan["deals"].append(deal_row(start="2026-02"))


@broken("repeated_as_allowed", "block has 2 deals in service in 2026-02; the offer allows one at a time")
def two_at_a_time(instance: Json, plan: Json) -> None:
    plan["deals"] += [deal_row("block", "2026-01"), deal_row("block", "2026-02")]


@broken("repeated_as_allowed", "tower has 2 blocks in service in 2026-03; the offer allows 1 in all")
def stacked_too_high(instance: Json, plan: Json) -> None:
    plan["deals"] += [deal_row("tower", "2026-01"), deal_row("tower", "2026-03")]


@broken("groups_respected", "2 of lease, block are signed (lease, block); at most 1 may be")
def too_many_of_group(instance: Json, plan: Json) -> None:
    plan["deals"].append(deal_row("block"))


@broken("groups_respected", "0 of lease, tower are signed; at least 1 must be")
def too_few_of_group(instance: Json, plan: Json) -> None:
    plan["deals"] = []


@broken("groups_respected", "tower is signed without lease, which it requires")
def required_offer_missing(instance: Json, plan: Json) -> None:
    plan["deals"] = [deal_row("tower")]


@broken("power_capped", "0.009 MW are in service at here in 2026-02; the cap is 0.0089 MW")
def too_much_power_at_a_site(instance: Json, plan: Json) -> None:
    instance["policy"]["site_power_mw_max"] = {"here": 0.0089}


@broken("carbon_capped", "11.5992 tonnes of CO2 are emitted in 2026; the cap is 11.59")
def too_much_carbon(instance: Json, plan: Json) -> None:
    instance["policy"]["carbon_tonnes_max"] = {2026: 11.59}


@broken("cost_to_the_cent", "the cost table prints 0.00 USD for carbon; the decisions cost 904.64 USD")
def carbon_not_paid(instance: Json, plan: Json) -> None:
    instance["policy"]["carbon_usd_per_tonne"] = 100.0


@broken("key_figures_follow", "the plan prints carbon_tonnes_by_year of 2026 as 9.4752; it is 11.5992")
def carbon_without_what_is_in_force(instance: Json, plan: Json) -> None:
    plan["kpis"]["carbon_tonnes_by_year"] = {"2026": 9.4752}


@broken("power_capped", "0.009 MW are in service in 2026-02; the cap is 0.0065 MW")
def too_much_power(instance: Json, plan: Json) -> None:
    instance["policy"]["power_mw_max"] = 0.0065


@broken("key_figures_follow", "the plan prints power_mw_peak as 0.012; it is 0.009")
def power_without_the_ramp(instance: Json, plan: Json) -> None:
    plan["kpis"]["power_mw_peak"] = 0.012


@broken(
    "exclusive_while_running",
    "old and tower are both in service in 2026-01; while the first runs, the second may not before 2026-03",
)
def not_alone(instance: Json, plan: Json) -> None:
    plan["deals"].append(deal_row("tower"))


@broken(
    "decisions_name_what_exists", "decisions.serve[0] names the pool 'lease/b200', which the instance does not have"
)
def unknown_pool(instance: Json, plan: Json) -> None:
    plan["decisions"]["serve"][0][0] = "lease/b200"


@broken(
    "decisions_name_what_exists", "decisions.unserved[1] names the workload 'chatter', which the instance does not have"
)
def unknown_workload(instance: Json, plan: Json) -> None:
    plan["decisions"]["unserved"][1][0] = "chatter"


@broken("decisions_name_what_exists", "decisions.serve[0] names period -1; they are numbered 0 to 1")
def negative_period(instance: Json, plan: Json) -> None:
    plan["decisions"]["serve"][0][2] = -1


@broken("decisions_name_what_exists", "decisions.serve[0] names block 2; they are numbered 0 to 1")
def unknown_block(instance: Json, plan: Json) -> None:
    plan["decisions"]["serve"][0][3] = 2


@broken("decisions_name_what_exists", "decisions.beyond[0] names node 1; they are numbered 0 to 0")
def unknown_node_of_beyond(instance: Json, plan: Json) -> None:
    plan["decisions"]["beyond"][0][3] = 1


@broken(
    "decisions_name_what_exists",
    "decisions.beyond[0] names 7, which is neither a sound row of the deals nor a contract in force",
)
def beyond_unknown_deal(instance: Json, plan: Json) -> None:
    plan["decisions"]["beyond"][0][0] = 7


@broken("decisions_name_what_exists", "decisions.beyond[0] names the pool 'old/chip', which 0 does not feed")
def beyond_of_another_pool(instance: Json, plan: Json) -> None:
    plan["decisions"]["beyond"][0][1] = "old/chip"


@broken("decisions_name_what_exists", "decisions.serve[0] is negative (-1.5)")
def negative_amount(instance: Json, plan: Json) -> None:
    plan["decisions"]["serve"][0][5] = -1.5


@broken("decisions_name_what_exists", "decisions.serve[1] repeats an earlier row")
def decision_twice(instance: Json, plan: Json) -> None:
    plan["decisions"]["serve"][1][3] = 0


@broken("eligible_only", "chat runs on 1.5 of lease/chip in 2026-01, 00 to 12 h UTC, where it is not eligible: ")
def denied_provider(instance: Json, plan: Json) -> None:
    instance["workloads"]["chat"]["deny"] = {"providers": ["neo"]}


@broken(
    "capacity_held", "lease/chip serves with 1.6 accelerators in 2026-01, 12 to 24 h UTC; its contracts deliver 1.5"
)
def more_than_delivered(instance: Json, plan: Json) -> None:
    plan["decisions"]["serve"][1][5] = 1.6


@broken(
    "capacity_held",
    "old/chip serves with 1 accelerators in 2026-02 to 2026-03, 00 to 12 h UTC; its contracts deliver 0",
)
def contract_that_ends_within_the_period(instance: Json, plan: Json) -> None:
    plan["decisions"]["serve"].append(["old/chip", "chat", 1, 0, 0, 1.0])


@broken("capacity_held", "block/chip serves with 1 accelerators in 2026-01, 00 to 12 h UTC; its contracts deliver 0")
def never_bought(instance: Json, plan: Json) -> None:
    plan["decisions"]["serve"].append(["block/chip", "chat", 0, 0, 0, 1.0])


@broken("elastic_within_limit", "spot/chip serves with 4.01 accelerators in 2026-01, 00 to 12 h UTC; it offers 4")
def more_than_elastic(instance: Json, plan: Json) -> None:
    plan["decisions"]["serve"][12][5] = 3.01


@broken("elastic_within_limit", "api serves with 3 requests/s in 2026-02 to 2026-03, 00 to 12 h UTC; it offers 2.5")
def more_than_api(instance: Json, plan: Json) -> None:
    instance["offers"]["api"]["api"]["max_requests_per_s"] = 2.5


@broken(
    "elastic_within_limit", "spot/chip serves with 2.81 accelerators in 2026-02 to 2026-03, 00 to 12 h UTC; it offers 0"
)
def elastic_gone_within_the_period(instance: Json, plan: Json) -> None:
    instance["offers"]["spot"]["start"] = {"latest": "2026-02"}


@broken(
    "use_is_paid",
    "lease/chip is used for 892.8 accelerator-hours in 2026-01; 558 are paid whether used or not and 334.7 beyond",
)
def use_not_paid(instance: Json, plan: Json) -> None:
    plan["decisions"]["beyond"][0][4] = 334.7


@broken(
    "beyond_within_allowance",
    "lease is billed 558.1 accelerator-hours of lease/chip beyond its take-or-pay share "
    "in 2026-01; it delivers 558 beyond it",
)
def beyond_what_is_delivered(instance: Json, plan: Json) -> None:
    plan["decisions"]["beyond"][0][4] = 558.1


@broken("demand_met", "chat needs 10 requests/s in 2026-01, 00 to 12 h UTC and gets 9.9, unserved demand included")
def demand_missed(instance: Json, plan: Json) -> None:
    plan["decisions"]["unserved"][0][4] = 0.9


@broken("unserved_is_priced", "chat is left 10.5 requests/s unserved in 2026-01, 00 to 12 h UTC; the demand is 10")
def more_unserved_than_demand(instance: Json, plan: Json) -> None:
    plan["decisions"]["unserved"][0][4] = 10.5


@broken(
    "unserved_is_priced",
    "chat is left 1 requests/s unserved in 2026-01, 00 to 12 h UTC; it must be served: the "
    "instance sets neither unserved_usd_per_request nor value_usd_per_request",
)
def unserved_without_price(instance: Json, plan: Json) -> None:
    del instance["workloads"]["chat"]["unserved_usd_per_request"]


@broken(
    "batch_done_after_arrival",
    "night has done 5,490,720 requests by the end of 2026-01, and only 5,356,800 have arrived",
)
def batch_before_arrival(instance: Json, plan: Json) -> None:
    """744 h x 3600 s x (2.82 + 1.28) / 2 = 5490720; arrived 744 x 3600 x 2."""
    plan["decisions"]["serve"][13][5] = 1.28


@broken(
    "batch_done_in_time", "night has done 3,776,544 requests by the end of 2026-01; 5,356,800 had to be done by then"
)
def batch_too_late(instance: Json, plan: Json) -> None:
    """A window of 30 days is no whole period: January's work is due in January."""
    instance["workloads"]["night"]["within_days"] = 30.0


@broken(
    "batch_done_in_time",
    "night has done 15,526,512 requests by the end of 2026-02 to 2026-03; 15,552,000 had to be done by then",
)
def batch_left_over(instance: Json, plan: Json) -> None:
    """0.01 accelerators less in one block: 1416 x 3600 x 0.01 / 2 = 25488 requests left."""
    plan["decisions"]["serve"][14][5] = 2.30


@broken("batch_done_in_time", "night has done 0 requests by the end of 2026-02; 5,356,800 had to be done by then")
def batch_waits_more_than_a_month(instance: Json, plan: Json) -> None:
    """Periods of a month, the shortest of 28 days, so 31 days are one: January's work is due in February."""
    del instance["horizon"]["steps"]
    plan["decisions"]["serve"] = []


@broken("within_budget", "43,369.55 USD are paid in 2026-02; the budget is 43,369.00 USD")
def over_the_month(instance: Json, plan: Json) -> None:
    instance["finance"]["budget_usd"]["2026-02"] = 43369.0


@broken("within_budget", "107,469.26 USD are paid in 2026; the budget is 107,469.00 USD")
def over_the_year_with_its_tail(instance: Json, plan: Json) -> None:
    instance["finance"]["budget_usd"][2026] = 107469.0


@broken(
    "balance_kept",
    "the balance at the end of 2026-02 is 214.00 USD (funding 60,000.00 USD, other cash "
    "-200.00 USD, paid 59,586.00 USD); it must be at least 215.00 USD",
)
def out_of_cash(instance: Json, plan: Json) -> None:
    instance["finance"]["cash_min_usd"] = 215.0


@broken("obligations_capped", "6,658.00 USD are still owed after 2026-01; the cap is 6,657.00 USD")
def owes_too_much(instance: Json, plan: Json) -> None:
    instance["finance"]["obligations_max_usd"] = 6657.0


@broken("deals_described", "deal 0 of lease prints the provider 'tokens'; it is neo")
def wrong_provider(instance: Json, plan: Json) -> None:
    plan["deals"][0]["provider"] = "tokens"


@broken("deals_described", "deal 0 of lease prints a term in months of 36; it is 4")
def wrong_term_length(instance: Json, plan: Json) -> None:
    plan["deals"][0]["months"] = 36


@broken("deals_described", "deal 0 of lease prints 5 accelerators; 1 blocks are 4")
def wrong_accelerators(instance: Json, plan: Json) -> None:
    plan["deals"][0]["accelerators"] = 5


@broken("deals_described", "deal 0 of lease prints 1 accelerators of type 'b200'; 1 blocks are 0")
def wrong_types(instance: Json, plan: Json) -> None:
    plan["deals"][0]["accelerators_by_type"]["b200"] = 1


@broken("deals_described", "deal 0 of lease prints 6 MW; 1 blocks are 0.006")
def wrong_power(instance: Json, plan: Json) -> None:
    plan["deals"][0]["power_mw"] = 6.0


@broken("deal_cash_to_the_cent", "deal 0 of lease prints 11,032.02 USD of cash; its payments sum to 11,032.00 USD")
def wrong_deal_cash(instance: Json, plan: Json) -> None:
    plan["deals"][0]["cash_usd"] += 0.02


@broken(
    "deal_npv_to_the_cent",
    "deal 0 of lease prints a net present value of 7,675.88 USD; its payments, discounted "
    "and charged by the terminal rule pro_rata, are 7,675.90 USD",
)
def wrong_deal_npv(instance: Json, plan: Json) -> None:
    plan["deals"][0]["npv_usd"] -= 0.02


@broken(
    "deal_npv_to_the_cent",
    "deal 0 of lease prints a net present value of 7,675.90 USD; its payments, discounted "
    "and charged by the terminal rule none, are 10,527.40 USD",
)
def other_terminal_rule(instance: Json, plan: Json) -> None:
    instance["finance"]["terminal"] = "none"


@broken("cash_to_the_cent", "the cash table prints 2,160.02 USD of fees for lease in 2026-04; it is 2,160.00 USD")
def wrong_cash(instance: Json, plan: Json) -> None:
    plan["cash"][3]["usd"] += 0.02


@broken("cash_to_the_cent", "the cash table prints 0.00 USD of in_force for old in 2026-02; it is 250.00 USD")
def cash_row_missing(instance: Json, plan: Json) -> None:
    plan["cash"] = [row for row in plan["cash"] if (row["line"], row["month"]) != ("in_force", "2026-02")]


@broken("cash_to_the_cent", "the cash table prints 5.00 USD of bribes for lease in 2026-01; it is 0.00 USD")
def unknown_cash_line(instance: Json, plan: Json) -> None:
    plan["cash"].append({"month": "2026-01", "line": "bribes", "offer": "lease", "usd": 5.0})


@broken(
    "obligations_to_the_cent", "the table of obligations prints 4,391.00 USD after 2026-02; 4,392.00 USD are still owed"
)
def wrong_obligations(instance: Json, plan: Json) -> None:
    plan["obligations"][1]["usd"] = 4391.0


@broken("cost_to_the_cent", "the cost table prints 57,490.00 USD for tokens; the decisions cost 57,490.15 USD")
def wrong_cost(instance: Json, plan: Json) -> None:
    plan["cost"][3]["usd"] = 57490.0


@broken("objective_is_the_cost", "the plan prints an objective of 119,987.00 USD; its decisions cost 119,986.50 USD")
def wrong_objective(instance: Json, plan: Json) -> None:
    plan["objective_usd"] = 119987.0


@broken(
    "objective_is_the_cost",
    "the plan prints an objective of 119,986.50 USD; the lines of its cost table sum to 120,086.50 USD",
)
def cost_does_not_sum(instance: Json, plan: Json) -> None:
    plan["cost"].append({"line": "other", "usd": 100.0})


@broken(
    "bound_below_objective",
    "the bound of 120,000.00 USD is above the objective of 119,986.50 USD: one of them is wrong",
)
def bound_above(instance: Json, plan: Json) -> None:
    plan["bound_usd"] = 120000.0


@broken("gap_follows", "the plan prints a gap of 0.005; its objective and bound give 0.01")
def wrong_gap(instance: Json, plan: Json) -> None:
    plan["gap"] = 0.005


@broken("gap_follows", "the plan calls itself optimal at a gap of 0.01; the gap asked for is 0.001")
def not_optimal(instance: Json, plan: Json) -> None:
    plan["solver"]["gap_asked"] = 0.001


@broken("key_figures_follow", "the plan prints cost_usd as 119,986.52 USD; it is 119,986.50 USD")
def wrong_cost_figure(instance: Json, plan: Json) -> None:
    plan["kpis"]["cost_usd"] += 0.02


@broken("key_figures_follow", "the plan prints npv_cash_usd as 0.00 USD; it is 101,900.81 USD")
def wrong_present_value(instance: Json, plan: Json) -> None:
    plan["kpis"]["npv_cash_usd"] = 0


@broken("key_figures_follow", "the plan prints cash_in_horizon_usd as 107,469.26 USD; it is 105,309.26 USD")
def cash_with_its_tail(instance: Json, plan: Json) -> None:
    plan["kpis"]["cash_in_horizon_usd"] = 107469.264


@broken("key_figures_follow", "the plan prints peak_obligations_usd as 6,408.00 USD; it is 6,658.00 USD")
def peak_without_contracts_in_force(instance: Json, plan: Json) -> None:
    plan["kpis"]["peak_obligations_usd"] = 6408.0


@broken("key_figures_follow", "the plan prints peak_obligations_month as '2026-02'; it is 2026-01")
def wrong_peak_month(instance: Json, plan: Json) -> None:
    plan["kpis"]["peak_obligations_month"] = "2026-02"


@broken("key_figures_follow", "the plan prints peak_obligations_month as null; it is 2026-01")
def no_peak_month(instance: Json, plan: Json) -> None:
    plan["kpis"]["peak_obligations_month"] = None


@broken("key_figures_follow", "the plan prints utilisation as 1.0; it is null")
def utilisation_of_nothing(instance: Json, plan: Json) -> None:
    instance["signed"], plan["deals"], plan["kpis"]["utilisation"] = {}, [], 1.0


@broken("key_figures_follow", "the plan prints share_served as 1; it is 0.972444444")
def all_served(instance: Json, plan: Json) -> None:
    plan["kpis"]["share_served"] = 1.0


@broken("key_figures_follow", "the plan prints utilisation as null; it is 0.668814056")
def no_utilisation(instance: Json, plan: Json) -> None:
    plan["kpis"]["utilisation"] = None


@broken("key_figures_follow", "the plan prints usd_per_million_tokens as 0.6; it is 0.679253373")
def wrong_unit_cost(instance: Json, plan: Json) -> None:
    plan["kpis"]["usd_per_million_tokens"] = 0.6


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plan_is_found(name: str) -> None:
    rule, sentence, break_it = BROKEN[name]
    report = audited_toy(break_it)
    said = [finding.sentence for finding in report.findings if finding.rule == rule]
    assert any(one == sentence or (sentence.endswith(": ") and one.startswith(sentence)) for one in said), said
    assert not report.passed
    assert {check.rule: check for check in report.rules}[rule].worst_relative_violation > 0


def test_every_rule_is_broken_by_some_plan() -> None:
    assert {rule for rule, _, _ in BROKEN.values()} == set(ALL) - ELSEWHERE


def test_the_limits_of_a_signing_are_allowed() -> None:
    """The last start month, the last of the quote month, all blocks, the second step, one after another."""

    def sign_more(instance: Json, plan: Json) -> None:
        instance["offers"]["lease"]["sign_by"] = "2026-02"
        instance["groups"][0] = {"at_most": 2, "offers": ["lease", "block"]}
        plan["deals"] = [
            deal_row("lease", "2026-02", blocks=2),
            deal_row("tower", "2026-03"),
            deal_row("block", "2026-01"),
            deal_row("block", "2026-03"),
        ]

    signing = {
        "deals_on_offer",
        "started_in_window",
        "signed_in_time",
        "blocks_allowed",
        "repeated_as_allowed",
        "groups_respected",
        "exclusive_while_running",
    }
    assert {finding.rule for finding in audited_toy(sign_more).findings} & signing == set()


@pytest.mark.parametrize("name", ["over_the_month", "out_of_cash", "owes_too_much", "wrong_provider", "bound_above"])
def test_one_fault_is_one_rule(name: str) -> None:
    rule, _, break_it = BROKEN[name]
    others = {"bound_above": {"gap_follows"}}
    assert {finding.rule for finding in audited_toy(break_it).findings} == {rule} | others.get(name, set())


def test_a_cent_is_the_tolerance_of_dollars() -> None:
    """0.009 of 1116.009 USD is 8.06 millionths."""
    report = audited_toy(lambda instance, plan: plan["cash"][0].update(usd=1116.009))
    assert report.passed
    assert {rule.rule: rule for rule in report.rules}["cash_to_the_cent"].worst_relative_violation == 8.06e-6
    assert not audited_toy(lambda instance, plan: plan["cash"][0].update(usd=1116.011)).passed


def test_beyond_a_trillion_dollars_a_double_holds_no_cents() -> None:
    check = Check("dollars")
    assert check.misprints(Decimal("1e11"), Decimal("1e11") + Decimal("0.02"))
    assert not check.misprints(Decimal("1e14"), Decimal("1e14") + Decimal("0.9"))
    assert check.misprints(Decimal("1e14"), Decimal("1e14") + Decimal("1.1"))


def test_a_millionth_is_the_tolerance_of_rows() -> None:
    """Unserved 1 - 5e-6 of the 10 requests/s misses 0.5 millionths of the row; 1 - 20e-6 misses two."""

    def short_by(amount: float) -> AuditReport:
        return audited_toy(lambda instance, plan: plan["decisions"]["unserved"][0].__setitem__(4, 1 - amount))

    within = {rule.rule: rule for rule in short_by(5e-6).rules}["demand_met"]
    assert within.worst_relative_violation == pytest.approx(5e-7)
    assert "demand_met" not in {finding.rule for finding in short_by(5e-6).findings}
    assert "demand_met" in {finding.rule for finding in short_by(20e-6).findings}


def test_many_findings_of_a_rule_are_counted() -> None:
    def add_lines(instance: Json, plan: Json) -> None:
        plan["cash"] += [{"month": "2026-01", "line": f"line-{n}", "offer": "lease", "usd": 1.0} for n in range(40)]

    said = audited_toy(add_lines).findings
    assert len(said) == 13
    assert said[-1] == Finding("cash_to_the_cent", "and 28 more of the same rule")


def test_no_deal_and_no_demand_left_is_a_plan_too() -> None:
    """Nothing signed, all chat unserved: 8 requests/s x 3600 x 0.01 = 288 USD an hour."""

    def sign_nothing(instance: Json, plan: Json) -> None:
        instance["signed"], instance["groups"] = {}, []
        del instance["workloads"]["night"], instance["throughput"]["rates"][1]
        plan.update(deals=[], cash=[], obligations=[], kpis={"peak_obligations_month": None, "utilisation": None})
        plan["decisions"] = {
            "serve": [],
            "beyond": [],
            "unserved": [["chat", t, b, 0, 10.0] for t in (0, 1) for b in (0, 1)],
        }
        penalty = 288 * (744 + 1330.7904)
        plan.update(objective_usd=penalty, bound_usd=penalty, gap=0.0, cost=[{"line": "unserved", "usd": penalty}])

    assert audited_toy(sign_nothing).findings == []


# --- documents from outside


def whole_document() -> Json:
    instance = Instance.model_validate(instance_document())
    stored = {"name": instance.name, "sha256": sha256(instance), "document": to_document(instance)}
    return json.loads(json.dumps({**plan_document(), "instance": stored}))


def test_a_document_is_audited_against_its_own_instance() -> None:
    report = audit_document(whole_document())
    assert report.findings == []
    assert report.rules[0].rule == "instance_unchanged"


def test_an_instance_changed_after_the_solve_is_found() -> None:
    document = whole_document()
    document["instance"]["document"]["finance"]["obligations_max_usd"] = 9999.0
    report = audit_document(document)
    assert [finding.rule for finding in report.findings] == ["instance_unchanged"]
    assert document["instance"]["sha256"] in report.findings[0].sentence
    assert report.findings[0].sentence.endswith("the instance was changed after the solve")


def at(path: str, value: Any) -> Callable[[Json], None]:
    """A change of one place of a document; a missing value removes it."""
    *holders, last = [int(key) if key.isdigit() else key for key in path.split(".")]

    def change(document: Json) -> None:
        place = document
        for key in holders:
            place = place[key]
        if value is ...:
            del place[last]
        else:
            place[last] = value

    return change


MALFORMED = [
    (at("format", "offtake.plan/9"), "the plan has the format 'offtake.plan/9'; this version audits offtake.plan/1"),
    (at("format", ...), "the plan has no key `format`; solve the instance again to get a whole plan"),
    (at("instance", "toy.yaml"), "instance must be an object with keys, not 'toy.yaml'"),
    (at("instance.sha256", 7), "instance.sha256 must be text, not 7"),
    (at("instance.document", ...), "instance has no key `document`; solve the instance again to get a whole plan"),
    (at("instance.document.horizon.months", 0), "the instance stored in the plan is not valid: "),
    (at("decisions", []), "decisions must be an object with keys, not a list"),
    (at("decisions.serve", ...), "decisions has no key `serve`; solve the instance again to get a whole plan"),
    (at("decisions.serve.0", "x"), "decisions.serve[0] must be a list, not 'x'"),
    (at("decisions.serve.0", [1, 2]), "decisions.serve[0] has 2 entries; a row of this list has 6"),
    (at("decisions.serve.0.5", "1.5"), "decisions.serve[0][5] must be a number, not '1.5'"),
    (at("decisions.serve.0.5", float("nan")), "decisions.serve[0][5] is nan; every number of a plan is finite"),
    (at("decisions.serve.0.2", 0.5), "decisions.serve[0][2] must be a whole number, not 0.5"),
    (at("decisions.beyond.0.0", None), "decisions.beyond[0][0] must be a number, not null"),
    (at("deals", {}), "deals must be a list, not an object"),
    (at("deals.0", None), "deals[0] must be an object with keys, not null"),
    (at("deals.0.blocks", True), "deals[0].blocks must be a number, not true"),
    (at("deals.0.start", "June 2026"), "deals[0].start must be a month written YYYY-MM, not 'June 2026'"),
    (at("deals.0.npv_usd", ...), "deals[0] has no key `npv_usd`; solve the instance again to get a whole plan"),
    (
        at("deals.0.accelerators_by_type", {"\x1b[2J": "all"}),
        "deals[0].accelerators_by_type.'\\x1b[2J' must be a number, not 'all'",
    ),
    (at("objective_usd", None), "objective_usd must be a number, not null"),
    (at("bound_usd", float("-inf")), "bound_usd is -inf; every number of a plan is finite"),
    (at("objective_usd", 10**4000), "objective_usd is beyond 1e+30; no figure of a plan is that large"),
    (at("solver", {}), "solver has no key `gap_asked`; solve the instance again to get a whole plan"),
    (at("cash.0.month", 202601), "cash[0].month must be text, not 202601"),
    (at("kpis", []), "kpis must be an object with keys, not a list"),
    (at("kpis.cost_usd", float("inf")), "kpis.cost_usd is inf; every number of a plan is finite"),
    (at("status", 1), "status must be text, not 1"),
]


@pytest.mark.parametrize(("change", "sentence"), MALFORMED, ids=[sentence[:40] for _, sentence in MALFORMED])
def test_a_malformed_document_ends_in_a_sentence(change: Callable[[Json], None], sentence: str) -> None:
    document = whole_document()
    change(document)
    with pytest.raises(PlanError) as error:
        audit_document(document)
    assert str(error.value).startswith(sentence)


@pytest.mark.parametrize("document", [None, 1, "plan", [], {}, [{"format": "offtake.plan/1"}]])
def test_any_json_ends_in_a_sentence(document: Any) -> None:
    with pytest.raises(PlanError):
        audit_document(document)


def entries(place: Any) -> list[tuple[Any, Any]]:
    """Keys and values of an object, positions and values of a list, nothing of the rest."""
    return list(place.items()) if isinstance(place, dict) else list(enumerate(place)) if isinstance(place, list) else []


def places(document: Any) -> list[tuple]:
    """The path of every place inside a document."""
    return [path for key, value in entries(document) for path in ((key,), *((key, *rest) for rest in places(value)))]


PLACES = places({key: value for key, value in plan_document().items() if key != "format"})
ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([10**40, -1, 2, 1e308, 5e-324, "9999-12", "0000-01", "2026-02", "lease", "spot", "old", "night"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
TOY = Instance.model_validate(instance_document())


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), ANY_JSON), min_size=1, max_size=3))
def test_no_change_of_a_plan_ends_in_a_traceback(changes: list[tuple[tuple, Any]]) -> None:
    plan = plan_document()
    for (*holders, last), value in changes:
        place: Any = plan
        for key in holders:
            place = dict(entries(place)).get(key)
        if last in dict(entries(place)):
            place[last] = copy.deepcopy(value)
    try:
        report = audit(TOY, plan)
    except PlanError as error:
        assert str(error)
    else:
        json.dumps(report.to_document(), allow_nan=False)


# --- the arithmetic of contracts and demand


def calendar(**finance: Any) -> Calendar:
    document = instance_document()
    document["finance"].update(finance)
    return Calendar.of(Instance.model_validate(document))


def near(value: Decimal, expected: float) -> bool:
    return float(value) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("rate", "basis", "timing", "expected"),
    [
        (0.44, "effective", "start", 1.44 ** (-1 / 12)),
        (0.44, "effective", "mid", 1.44 ** (-1.5 / 12)),
        (0.44, "effective", "end", 1.44 ** (-2 / 12)),
        (0.6, "nominal", "start", 1.05**-1),
        (0.6, "nominal", "mid", 1.05**-1.5),
        (0.6, "nominal", "end", 1.05**-2),
        (0.0, "effective", "mid", 1.0),
    ],
)
def test_the_discount_of_february(rate: float, basis: str, timing: str, expected: float) -> None:
    """One month after the horizon begins; 60 % nominal is 5 % a month."""
    finance = {"discounting": {"rate": rate, "basis": basis, "timing": timing}}
    assert near(calendar(**finance).discount(Month.parse("2026-02")), expected)


def test_a_month_fee_follows_its_factor_and_escalator_and_not_the_ramp() -> None:
    """100 USD x 2 blocks, 10 % more from the 13th month; factors 0 then 0.5: 0, 100, ..., 110."""
    document = instance_document()
    document["offers"]["tower"].update(
        ramp=[0.1], terms=[{"months": 14, "usd_per_month": 100.0, "fee_factor": [0.0, 0.5], "escalator_per_year": 0.1}]
    )
    deal = signed_deal(Instance.model_validate(document), "tower", 0, Month.parse("2026-01"), Decimal(2))
    assert [deal.gross(month) for month in deal.months] == [0, *[Decimal(100)] * 11, *[Decimal(110)] * 2]


def test_megawatts_bill_what_the_ramp_delivers() -> None:
    """0.01 MW of accelerators of 1.5 kW: floor(6.67) = 6. 1000 USD per MW and month x 0.01 x 0.5, then x 1."""
    document = instance_document()
    document["offers"]["block"]["ramp"] = [0.5, 1.0]
    deal = signed_deal(Instance.model_validate(document), "block", 0, Month.parse("2026-01"), Decimal(1))
    assert deal.counts == {"chip": 6}
    assert [deal.gross(month) for month in deal.months] == [5, 10]


def test_a_contract_in_force_pays_what_is_left() -> None:
    """`old` prepaid half of 500 a month in the past; of December's, January's and February's 250 two are left."""
    instance = Instance.model_validate(instance_document())
    old = contract_in_force(instance, "old", instance.signed["old"])
    assert old.owed(since=Month.parse("2026-01")) == {Month.parse("2026-01"): 250, Month.parse("2026-02"): 0}
    assert old.charge(Calendar.of(instance)) == 0


def test_nothing_is_owed_before_signing() -> None:
    """Signed in February for service from March: January's month end knows nothing of it."""
    document = instance_document()
    document["offers"]["tower"]["start"] = {"lead_months": 1}
    deal = signed_deal(Instance.model_validate(document), "tower", 0, Month.parse("2026-03"), Decimal(1))
    owed = deal.owed(since=Month.parse("2026-01"))
    assert {str(month): int(usd) for month, usd in owed.items()} == {
        "2026-02": 300,
        "2026-03": 200,
        "2026-04": 100,
        "2026-05": 0,
    }


def test_a_coarse_period_is_provisioned_for_its_largest_month_and_paid_on_its_mean() -> None:
    """February 4 and March 8 requests/s: interactive D = 8 x 1.25 = 10 and mean (672 x 4 + 744 x 8)/1416 = 6.1017;
    the same demand as batch: D = 1.25 x mean."""
    document = instance_document()
    document["workloads"]["chat"]["demand"]["requests_per_s"] = {"2026-01": 8.0, "2026-02": 4.0, "2026-03": 8.0}
    document["workloads"]["night"]["demand"] = document["workloads"]["chat"]["demand"]
    instance = Instance.model_validate(document)
    chat, night = (demand_of(instance, Calendar.of(instance), key) for key in ("chat", "night"))
    assert chat.provision == [[10, 10], [10, 10]]
    assert near(chat.mean[1][0], 8640 / 1416)
    assert near(chat.mean_share(1, 0), 864 / 1416)
    assert near(night.provision[1][0], 1.25 * 8640 / 1416)
    assert near(night.mean_share(1, 0), 0.8)


def test_batch_work_is_paid_where_none_arrives() -> None:
    """All arrives in the first half of the day at twice the mean: D = 2 x 2 x 1.25 = 5, then 0; 0.8 is paid in both."""
    document = instance_document()
    document["workloads"]["night"]["demand"].update(shape=[2.0] * 12 + [0.0] * 12, peak_to_mean=1.25)
    instance = Instance.model_validate(document)
    night = demand_of(instance, Calendar.of(instance), "night")
    assert night.provision == [[5, 0], [5, 0]]
    assert [night.mean_share(0, 0), night.mean_share(0, 1)] == [Decimal("0.8"), Decimal("0.8")]


def test_headroom_and_burst_multiply() -> None:
    """8 requests/s x 1.25 x 1.5 = 15."""
    document = instance_document()
    document["workloads"]["chat"]["headroom"] = 1.5
    instance = Instance.model_validate(document)
    assert demand_of(instance, Calendar.of(instance), "chat").provision == [[15, 15], [15, 15]]


def test_every_month_is_a_period_unless_said() -> None:
    document = instance_document()
    del document["horizon"]["steps"], document["day"]
    time = Calendar.of(Instance.model_validate(document))
    assert [time.slot(period, 0) for period in (0, 1, 2)] == ["2026-01", "2026-02", "2026-03"]
    assert time.hours(1) == 672


def test_a_period_serves_at_the_rate_of_its_slowest_month() -> None:
    """Software that gets ten times faster a year: February is slower than March."""
    document = instance_document()
    document["throughput"]["software_gain_per_year"] = {"cuda": 10.0}
    books = Books(Instance.model_validate(document), read(plan_document()))
    monthly = books.serving_rates["spot/chip", "chat"].requests_per_s
    assert monthly[1] < monthly[2]
    assert books.rate("spot/chip", "chat", 1) == exact(monthly[1])


@pytest.mark.parametrize(
    ("window", "first", "second"),
    [
        ({}, 4, 4),
        ({"earliest": "2026-01", "latest": "2026-03"}, 4, 4),
        ({"earliest": "2026-02"}, 0, 4),
        ({"earliest": "2026-03"}, 0, 0),
        ({"latest": "2026-02"}, 4, 0),
        ({"latest": "2026-01"}, 4, 0),
    ],
)
def test_elastic_capacity_is_there_in_all_months_of_a_period(window: Json, first: int, second: int) -> None:
    """5 x 0.8 where the whole of January, or of February and March, lies in the window."""
    document = instance_document()
    document["offers"]["spot"]["start"] = window
    books = Books(Instance.model_validate(document), read(plan_document()))
    assert [books.limit("spot/chip", period) for period in (0, 1)] == [first, second]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0"),
        ("4", "4"),
        ("1234567.5", "1,234,567.5"),
        ("0.1234567891", "0.123456789"),
        ("123456789.7", "123,456,790"),
        ("1E+2", "100"),
        ("1.5E-8", "1.50000000e-8"),
        ("1.5E-7", "0.00000015"),
        ("2E+14", "200,000,000,000,000"),
        ("2E+15", "2.00000000e+15"),
        ("-3.25", "-3.25"),
    ],
)
def test_numbers_in_sentences(value: str, text: str) -> None:
    assert figure(Decimal(value)) == text


# --- independence


def test_the_audit_shares_nothing_with_what_it_audits() -> None:
    """Of the project only the instance and the throughput core; of others only the standard library and numpy."""
    folder = Path(audited.__file__).parent
    for path in folder.rglob("*.py"):
        for name in imported(path, folder):
            allowed = ("offtake.instance", "offtake.throughput", "offtake.audit")
            if name.split(".")[0] in ("offtake", "offtake_models"):
                assert any(name == one or name.startswith(f"{one}.") for one in allowed), f"{path.name} imports {name}"
            else:
                assert name.split(".")[0] in (
                    "ast",
                    "collections",
                    "dataclasses",
                    "decimal",
                    "functools",
                    "math",
                    "typing",
                    "numpy",
                    "__future__",
                ), f"{path.name} imports {name}"


def imported(path: Path, folder: Path) -> list[str]:
    """Absolute names of all modules that a file imports, wherever in it."""
    package = ["offtake", "audit", *path.relative_to(folder).parts[:-1]]
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = [*above, *(node.module.split(".") if node.module else [])]
            found += [".".join([*base, alias.name]) if base == ["offtake"] else ".".join(base) for alias in node.names]
    return found
