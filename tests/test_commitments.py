"""Spend commitments: when they are settled, what a plan prints of them, what an audit finds, what a file may say."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyomo.environ import Constraint, Var
from rich.console import Console

import offtake
import toys
from offtake.audit import audit
from offtake.cli.commitments import commitments as shown
from offtake.compile import compile_instance
from offtake.deals.commitments import schedule
from offtake.instance import from_document
from offtake.instance.commitments import eligible
from offtake.plan import Plan
from offtake.size import model_size
from offtake.solve import Limits, solve_model
from offtake.study.breakeven import breakeven
from offtake.study.infeasible import explain
from offtake.throughput import rate_table
from offtake_models import build

LAW = settings(max_examples=15, deadline=None, derandomize=True)


def plan_of(document: dict[str, Any]) -> Plan:
    plan = offtake.solve(from_document(document), gap=0.0)
    assert plan.audit["passed"], plan.audit["findings"]
    return plan


def rows(plan: Plan, line: str) -> list[tuple[str, str, float]]:
    return [
        (row["month"], row["offer"], pytest.approx(row["usd"]))
        for row in plan.to_document()["cash"]
        if row["line"] == line
    ]


def tiered(plan: Plan) -> list[tuple]:
    keys = ("commitment", "start", "months", "in_horizon", "committed_usd", "used_usd", "unused_usd")
    return [tuple(row[key] for key in keys) for row in plan.to_document()["commitments"]]


# --- when


def test_intervals_run_from_the_window_and_are_cut_by_the_horizon():
    """From April for 8 months, 800 in all, by 3 months; the horizon is June and July. April and May are history: June
    counts 100 of the first interval, due in June; July 100 of the second and 200 beyond, due in September; October and
    November 200."""
    agreement = toys.promise(months=8, start="2026-04", usd=800.0, interval_months=3, mandatory=True)
    instance = from_document(toys.problem(months=2, commitments={"agreement": agreement}))
    parts = schedule(instance, "agreement", ledger=6).parts
    assert [(part.months, part.usd, part.due, part.inside) for part in parts] == [
        ([0], 100.0, 0, True),
        ([1], 100.0, 3, True),
        ([2, 3], 200.0, 3, False),
        ([4, 5], 200.0, 5, False),
    ]


def test_an_hourly_commitment_is_reported_by_years_of_its_window():
    plan = toys.promise("use_it_or_lose_it", months=14, usd_per_hour=2.0)
    parts = schedule(from_document(toys.problem(commitments={"plan": plan})), "plan", ledger=14).parts
    assert [(part.months[0], len(part.months), part.inside) for part in parts] == [
        (0, 1, True),
        (1, 11, False),
        (12, 2, False),
    ]
    assert parts[0].usd == 2.0 * 720


def test_what_lacks_is_due_in_the_last_month_and_discounted_from_there():
    """44 % a year: a dollar of July is worth 1.44^(-1/12). 10,000 are promised for June and July; ten
    chips at half a dollar are 3,600 and 3,720, so 2,680 lack, paid in July."""
    document = toys.problem(
        months=2,
        commitments={"agreement": toys.promise(months=2, usd=10000.0, mandatory=True)},
        finance={"discounting": {"rate": 0.44}},
    )
    document["offers"]["on-demand"]["elastic"]["usd_per_accelerator_hour"] = 0.5
    plan = plan_of(document)
    assert rows(plan, "shortfall") == [("2026-07", "agreement", 2680.0)]
    assert plan.objective_usd == pytest.approx(3600 + (3720 + 2680) * 1.44 ** (-1 / 12), rel=1e-9)


def test_a_fee_of_a_deal_beyond_the_horizon_fills_what_is_promised_there():
    """12,000 a month for three months, settled monthly; the horizon is June. A lease of 10,000 a month for two months
    leaves 2,000 in June and in July, and August is all to be spent."""
    document = toys.problem(
        offers={"lease": toys.lease(usd_per_month=10000.0, months=2, start={"latest": "2026-06"})},
        commitments={"agreement": toys.promise(months=3, usd=36000.0, interval_months=1, mandatory=True)},
        groups=[{"at_least": 1, "offers": ["lease"]}],
    )
    plan = plan_of(document)
    assert rows(plan, "shortfall") == [
        ("2026-06", "agreement", 2000.0),
        ("2026-07", "agreement", 2000.0),
        ("2026-08", "agreement", 12000.0),
    ]
    owed = {row["month"]: row["usd"] for row in plan.to_document()["obligations"]}
    assert owed == pytest.approx({"2026-06": 10000 + 2000 + 12000, "2026-07": 12000, "2026-08": 0})
    assert plan.objective_usd == pytest.approx(12000.0)


# --- what a plan says


def test_a_plan_prints_a_commitment_that_outlives_the_horizon():
    """10,000 a month for a year, settled at its end. June: 7,200 used, 2,800 lack; 110,000 left. All due in May."""
    plan = plan_of(toys.document("interval_beyond_the_horizon_counts_by_its_months"))
    assert tiered(plan) == [
        ("agreement", "2026-06", 1, True, pytest.approx(10000.0), pytest.approx(7200.0), pytest.approx(2800.0)),
        ("agreement", "2026-07", 11, False, pytest.approx(110000.0), 0.0, pytest.approx(110000.0)),
    ]
    assert rows(plan, "shortfall") == [("2027-05", "agreement", 112800.0)]
    owed = {row["month"]: row["usd"] for row in plan.to_document()["obligations"]}
    assert owed.pop("2027-05") == 0
    assert (min(owed), max(owed)) == ("2026-06", "2027-04")
    assert list(owed.values()) == pytest.approx([112800.0] * 11)
    assert plan.kpis["commitments_used"] == pytest.approx(0.72)


def test_a_plan_prints_a_savings_plan():
    plan = plan_of(toys.document("savings_plan_is_too_large"))
    assert tiered(plan) == [("plan", "2026-06", 1, True, 7200.0, pytest.approx(5760.0), pytest.approx(1440.0))]
    assert rows(plan, "commitments") == [("2026-06", "plan", 7200.0)]
    assert rows(plan, "elastic") == []
    assert plan.kpis["commitments_used"] == pytest.approx(0.8)
    cost = {row["line"]: row["usd"] for row in plan.to_document()["cost"]}
    assert cost["commitments"] == pytest.approx(7200.0)
    assert plan.kpis["usd_per_million_tokens_by_workload"]["chat"] == pytest.approx(plan.kpis["usd_per_million_tokens"])


def test_what_a_prepaid_commitment_still_pays_is_owed_at_its_real_dates():
    """2 USD an hour for June and July, the horizon ends with June: 1,488 are still paid then, and charged pro rata."""
    plan = toys.promise("use_it_or_lose_it", months=2, usd_per_hour=2.0, discount=toys.off(0.5))
    document = toys.problem(commitments={"plan": plan})
    plan = plan_of(document)
    assert rows(plan, "commitments") == [("2026-06", "plan", 1440.0), ("2026-07", "plan", 1488.0)]
    assert [row["usd"] for row in plan.to_document()["obligations"]] == pytest.approx([1488.0, 0.0])
    assert plan.objective_usd == pytest.approx(1440 + 6 * 720)
    assert tiered(plan)[1] == ("plan", "2026-07", 1, False, 1488.0, None, None)


def test_the_terminal_shows_promised_used_and_unused():
    console = Console(width=120)
    with console.capture() as captured:
        console.print(shown(plan_of(toys.document("interval_beyond_the_horizon_counts_by_its_months")).to_document()))
        console.print(shown(plan_of(toys.document("discount_needs_its_commitment")).to_document()))
    text = captured.get()
    assert "10,000" in text and "7,200" in text and "2,800" in text and "beyond the horizon" in text
    assert "Not taken: agreement." in text


def test_a_token_service_is_covered_like_chips():
    """Tokens cost 3,628.8 in June at list; 10 % off of a plan of 4.536 USD an hour covers 5.04, all of it: 3,265.92."""
    document = toys.document("tokens_from_an_api")
    discount = {"offers": {"api": 0.1}}
    document["commitments"] = {"plan": toys.promise("use_it_or_lose_it", usd_per_hour=4.536, discount=discount)}
    plan = plan_of(document)
    assert plan.objective_usd == pytest.approx(4.536 * 720)
    assert rows(plan, "tokens") == []


def test_a_discount_that_is_trued_up_is_on_what_no_savings_plan_covers():
    """Five chips are covered for 2,880, the other five cost 3,600 less 10 %: 3,240; both count toward 6,000."""
    commitments = {
        "plan": toys.promise("use_it_or_lose_it", usd_per_hour=4.0, discount=toys.off(0.2), mandatory=True),
        "agreement": toys.promise(usd=6000.0, discount=toys.off(0.1), mandatory=True),
    }
    plan = plan_of(toys.problem(commitments=commitments))
    assert plan.objective_usd == pytest.approx(2880 + 3240)
    assert rows(plan, "elastic") == [("2026-06", "on-demand", 3240.0)]


def test_prices_that_change_within_a_period_are_settled_by_month():
    """1 USD in June and 2 in July, one period of both; 720 and 744 USD paid cover 720 chip-hours of each month."""
    plan = toys.promise("use_it_or_lose_it", months=2, usd_per_hour=1.0)
    document = toys.problem(months=2, commitments={"plan": {**plan, "mandatory": True}})
    document["horizon"]["steps"] = [{"count": 1, "months": 2}]
    document["offers"]["on-demand"]["elastic"]["usd_per_accelerator_hour"] = {"2026-06": 1.0, "2026-07": 2.0}
    plan = plan_of(document)
    assert rows(plan, "elastic") == [("2026-06", "on-demand", 7200.0 - 720), ("2026-07", "on-demand", 14880.0 - 744)]


def test_by_default_all_that_a_provider_sells_counts():
    held = {"provider": "cloud", "region": "here", "accelerators": {"chip": 1.0}, "start": "2026-01", "source": "toy"}
    document = toys.problem(
        offers={"lease": toys.lease(), "rival": toys.lease(provider="rival")},
        providers={"cloud": {"kind": "neocloud"}, "rival": {"kind": "neocloud"}},
        signed={"old": {**held, "term": {"months": 12, "usd_per_month": 1.0}}},
        commitments={"plan": toys.promise("use_it_or_lose_it", usd_per_hour=1.0), "agreement": toys.promise(usd=1.0)},
    )
    instance = from_document(document)
    assert eligible(instance, "plan") == ["on-demand"]
    assert eligible(instance, "agreement") == ["on-demand", "lease", "old", "plan"]


def test_a_contract_in_force_counts_and_stays_sunk():
    """It bills 1,000, on demand 5 x 720: of 6,000 lack 1,400. Its own fee is sunk: 3,600 + 1,400 are charged."""
    held = {"provider": "cloud", "region": "here", "accelerators": {"chip": 5.0}, "start": "2026-01", "source": "toy"}
    document = toys.problem(
        signed={"old": {**held, "term": {"months": 12, "usd_per_month": 1000.0}}},
        commitments={"agreement": toys.promise(usd=6000.0, mandatory=True)},
    )
    assert plan_of(document).objective_usd == pytest.approx(5000.0)


def test_deposits_and_power_do_not_count():
    """A lease of 3,000 with a deposit of 2,000 and ten kW at 0.1 USD a kWh, 720: of 4,000 lack 1,000 all the same."""
    offer = toys.lease(usd_per_month=3000.0, deposit_usd=2000.0, power_price={"usd_per_kwh": 0.1})
    document = toys.problem(
        offers={"lease": offer},
        commitments={"agreement": toys.promise(usd=4000.0, mandatory=True)},
        groups=[{"at_least": 1, "offers": ["lease"]}],
    )
    plan = plan_of(document)
    assert rows(plan, "power") == [("2026-06", "lease", 720.0)]
    assert rows(plan, "shortfall") == [("2026-06", "agreement", 1000.0)]


# --- laws


@st.composite
def promised(draw):
    """Two months, uneven demand over two blocks, a lease, and one commitment of any kind."""
    prepaid = draw(st.booleans())
    price: dict[str, Any] = {"usd": float(draw(st.integers(1000, 30000)))}
    if prepaid and draw(st.booleans()):
        price = {"usd_per_hour": float(draw(st.integers(1, 20)))}
    elif draw(st.booleans()):
        price["interval_months"] = 1
    promise = toys.promise(
        "use_it_or_lose_it" if prepaid else "true_up",
        months=draw(st.integers(2, 4)),
        discount=toys.off(draw(st.sampled_from([0.0, 0.1, 0.3, 0.5]))),
        **price,
    )
    high = draw(st.integers(10, 20)) / 10
    offer = toys.lease(float(draw(st.integers(2, 8))), float(draw(st.integers(1000, 6000))), repeat="one_at_a_time")
    return toys.problem(
        months=2,
        day={"blocks": 2},
        offers={"lease": offer},
        demand={"shape": [high] * 12 + [2 - high] * 12, "growth_per_year": draw(st.sampled_from([1.0, 3.0]))},
        commitments={"promise": promise},
        finance={"discounting": {"rate": draw(st.sampled_from([0.0, 0.2]))}},
    )


def cost(document: dict[str, Any], **changes: Any) -> float:
    return plan_of({**document, **changes}).objective_usd


@LAW
@given(promised())
def test_a_choice_never_costs_more_and_a_duty_never_less(document):
    must = copy.deepcopy(document["commitments"])
    must["promise"]["mandatory"] = True
    choice = cost(document)
    assert choice <= cost(document, commitments={}) * (1 + 1e-9)
    assert choice <= cost(document, commitments=must) * (1 + 1e-9)


@LAW
@given(promised())
def test_an_agreement_without_a_discount_is_never_taken_for_nothing(document):
    plain = copy.deepcopy(document["commitments"])
    del plain["promise"]["discount"]
    assert cost(document, commitments=plain) == pytest.approx(cost(document, commitments={}), rel=1e-9)


def split(problem, parts_in_month: int | None = None):
    """The same future twice, at one half each; known apart from a month on, if one is given."""

    def twice(value):
        return {key: np.repeat(array, 2, axis=0) for key, array in value.items()}

    deals = [
        replace(
            deal,
            delivery=twice(deal.delivery),
            delivered_hours=twice(deal.delivered_hours),
            beyond_usd_per_hour=twice(deal.beyond_usd_per_hour),
            **{
                name: np.repeat(value, 2, axis=0) for name, value in vars(deal).items() if isinstance(value, np.ndarray)
            },
        )
        for deal in problem.deals
    ]
    workloads = {
        key: replace(
            workload,
            **{
                name: np.repeat(array, 2, axis=0)
                for name, array in vars(workload).items()
                if isinstance(array, np.ndarray)
            },
        )
        for key, workload in problem.workloads.items()
    }
    nodes = np.zeros((2, len(problem.period_of)), dtype=int)
    if parts_in_month is not None:
        nodes[:, parts_in_month:] = [[1], [2]]
    return replace(
        problem,
        probability=[0.5, 0.5],
        node_of=nodes,
        deals=deals,
        workloads=workloads,
        elastic_limit=twice(problem.elastic_limit),
        rate=twice(problem.rate),
        use_cash=twice(problem.use_cash),
        list_cash=twice(problem.list_cash),
    )


ONE_MONTH = ["commitment_is_taken_for_its_discount", "all_that_is_promised_is_charged", "an_hour_unused_is_lost"]
TWO_MONTHS = [
    "interval_is_used_when_it_suits",
    "what_is_left_to_spend_is_owed",
    "discount_is_not_waived_to_spend_sooner",
]


@pytest.mark.parametrize(
    ("name", "parts_in_month"), [(name, None) for name in ONE_MONTH + TWO_MONTHS] + [(name, 1) for name in TWO_MONTHS]
)
def test_one_future_twice_is_one_future(name, parts_in_month):
    problem = compile_instance(from_document(toys.document(name))).problem
    outcome = solve_model(build(split(problem, parts_in_month)), Limits(gap=0.0))
    assert outcome.objective == pytest.approx(toys.TOYS[name], rel=1e-9)


@LAW
@given(
    st.lists(st.tuples(st.integers(1, 20), st.integers(1, 9), st.integers(0, 8)), min_size=1, max_size=4),
    st.integers(1, 60),
)
def test_an_hourly_commitment_covers_the_highest_savings_first(lines, usd_per_hour):
    """The rule of AWS, written anew: by falling share saved, as far as the commitment goes."""
    document = toys.metered(
        {f"line{i}": (chips, usd, {"plan": tenths / 10}) for i, (chips, usd, tenths) in enumerate(lines)}
    )
    document["commitments"]["plan"]["usd_per_hour"] = float(usd_per_hour)
    left, bill = float(usd_per_hour), float(usd_per_hour)
    for chips, usd, tenths in sorted(lines, key=lambda line: -line[2]):
        burnt = min(chips * usd * (1 - tenths / 10), left)
        left -= burnt
        bill += chips * usd - burnt / (1 - tenths / 10)
    assert cost(document) == pytest.approx(bill * 720, rel=1e-7)


# --- studies


def test_the_announced_size_counts_commitments():
    document = toys.problem(months=12, day={"blocks": 4}, commitments={"plan": toys.promise(months=12, usd=1e5)})
    document["commitments"]["plan"]["discount"] = toys.off(0.2)
    document["commitments"]["hourly"] = toys.promise("use_it_or_lose_it", months=24, usd_per_hour=2.0)
    instance = from_document(document)
    model = build(compile_instance(instance).problem)
    size = model_size(instance, rate_table(instance))
    assert size["columns"] == pytest.approx(sum(len(part) for part in model.component_objects(Var)), rel=0.25)
    assert size["rows"] == pytest.approx(sum(len(part) for part in model.component_objects(Constraint)), rel=0.25)


def test_a_price_that_fills_a_commitment_breaks_even_where_solves_bracket_it():
    """9,000 are promised, and only the lease counts. With the lease at p it is max(p, 9,000); without it 7,200 on
    demand and the promise, 16,200. From today's 5,000 on it is doubled, 4 is too much, and halved: 3.1875 and 3.25."""
    agreement = toys.promise(usd=9000.0, mandatory=True, eligible=["lease"])
    document = toys.problem(offers={"lease": toys.lease()}, commitments={"agreement": agreement})
    (found,) = breakeven(from_document(document), ["lease"], gap=0.0)
    assert found.verdict == "proven"
    assert (found.factor_low, found.factor_high, found.solves) == (3.1875, 3.25, 9)
    assert found.price_low < 16200.0 < found.price_high


def test_a_dear_offer_that_fills_a_commitment_is_asked_for_nothing_first():
    """At 20,000 against 16,200: it is taken for nothing (9,000 are still due), then half of what is open, 10,000, ...,
    up to 16,250 = 0.8125 times, not taken, and 15,937.5 below."""
    agreement = toys.promise(usd=9000.0, mandatory=True, eligible=["lease"])
    document = toys.problem(offers={"lease": toys.lease(10.0, 20000.0)}, commitments={"agreement": agreement})
    (found,) = breakeven(from_document(document), ["lease"], gap=0.0)
    assert (found.verdict, found.factor_low, found.factor_high) == ("proven", 0.796875, 0.8125)


def test_a_commitment_that_the_budget_forbids_is_named():
    document = toys.problem(
        commitments={"agreement": toys.promise(usd=9000.0, mandatory=True)}, finance={"budget_usd": {2026: 8000.0}}
    )
    assert explain(from_document(document)) == [
        "the budget of 2026, $8,000",
        "the spend commitment agreement, which is trued up",
    ]


# --- the audit


def broken(name: str, change) -> list[tuple[str, str]]:
    document = plan_of(toys.document(name)).to_document()
    plan = copy.deepcopy({key: value for key, value in document.items() if key != "audit"})
    change(plan)
    report = audit(from_document(plan["instance"]["document"]), plan)
    return [(finding.rule, finding.sentence) for finding in report.findings]


def drop(plan):
    plan["decisions"]["committed"] = []
    plan["decisions"]["covered"] = []


def more(plan):
    plan["decisions"]["covered"][0][5] *= 1.01


def scaled(factor):
    def change(plan):
        for row in plan["decisions"]["serve"]:
            row[5] *= factor

    return change


def rename(plan):
    plan["decisions"]["committed"].append(["promise", 0])


def printed(key, value):
    def change(plan):
        plan["commitments"][0][key] = value

    return change


def draw_from_agreement(plan):
    plan["decisions"]["covered"] = [["agreement", "on-demand/chip", 0, 0, 0, 1.0]]


@pytest.mark.parametrize(
    ("name", "change", "rule", "sentence"),
    [
        (
            "savings_plan_is_too_large",
            drop,
            "mandatory_commitments_taken",
            "the commitment plan is mandatory, and the plan does not take it",
        ),
        (
            "savings_plan_covers_what_it_pays_for",
            more,
            "covered_is_paid_for",
            "2,908.80 USD are drawn from the commitment plan in 2026-06, block 0; 2,880.00 USD are paid for it",
        ),
        (
            "interval_is_used_when_it_suits",
            more,
            "covered_is_paid_for",
            None,
        ),
        (
            "savings_plan_is_too_large",
            more,
            "covered_is_used",
            "commitments cover 7,272.00 USD of on-demand/chip in 2026-06, block 0; "
            "its use costs 7,200.00 USD at list prices",
        ),
        (
            "shortfall_is_paid",
            scaled(1.1),
            "served_as_asked",
            "chat is served 11 requests/s in 2026-06 on what a commitment is about, and asks for 10",
        ),
        (
            "shortfall_is_paid",
            rename,
            "decisions_name_what_exists",
            "decisions.committed[1] names the commitment 'promise', which the instance does not have",
        ),
        (
            "shortfall_is_paid",
            draw_from_agreement,
            "covered_where_it_counts",
            "use of on-demand/chip in 2026-06 is drawn from the commitment agreement; "
            "it is settled by true_up: nothing is drawn from it",
        ),
        (
            "shortfall_is_paid",
            printed("unused_usd", 1799.0),
            "commitments_to_the_cent",
            "the table of commitments prints 1,799.00 USD as not used for agreement from 2026-06; it is 1,800.00 USD",
        ),
        (
            "shortfall_is_paid",
            printed("used_usd", None),
            "commitments_to_the_cent",
            "the table of commitments prints something else as used for agreement from 2026-06 than can be known",
        ),
        (
            "shortfall_is_paid",
            printed("start", "2026-07"),
            "commitments_to_the_cent",
            "the table of commitments lacks agreement from 2026-06",
        ),
        (
            "price_that_needs_a_commitment",
            drop,
            "groups_respected",
            "lease is signed without agreement, which it requires",
        ),
    ],
)
def test_a_broken_plan_is_found(name, change, rule, sentence):
    found = broken(name, change)
    sentences = [said for which, said in found if which == rule]
    assert sentences, found
    assert sentence is None or sentence in sentences


def test_a_plan_of_an_earlier_version_has_no_commitments():
    document = plan_of(toys.document("lease_beats_on_demand")).to_document()
    old = copy.deepcopy(document)
    for key in ("committed", "covered"):
        del old["decisions"][key]
    del old["commitments"]
    assert audit(from_document(old["instance"]["document"]), old).passed
    assert Plan(old).commitments.empty
