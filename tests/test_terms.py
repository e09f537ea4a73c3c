"""Terms of contracts: the engine's columns and the audit's ledger, each by its own arithmetic, pay alike."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import offtake
import toys
from offtake.audit.calendar import Calendar
from offtake.audit.contracts import contract_in_force, signed_deal
from offtake.cli.terms import price
from offtake.compile import compile_instance, make_calendar
from offtake.deals import columns
from offtake.deals.tiers import rungs
from offtake.instance import from_document
from offtake.instance.months import Month
from offtake.instance.schema import Tiers
from offtake.size import model_size
from offtake.study.breakeven import breakeven
from offtake.throughput import rate_table
from offtake.throughput.prices import term_usd_per_hour

FIRST = Month.parse("2026-06")
LAW = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

PAYMENTS = [{"share": 0.5, "at": "signing"}, {"share": 0.25, "after_months": 2}, {"share": 0.25, "month": "2026-09"}]
shares = st.sampled_from([0.0, 0.25, 0.6, 1.0])
prices = st.one_of(st.integers(1, 9000).map(float), st.just({"2025-09": 100.0, "2026-08": 250.0, "2027-01": 50.0}))
LADDER = [{"from_blocks": 1, "factor": 1.0}, {"from_blocks": 3, "factor": 0.8}, {"from_blocks": 5, "factor": 0.5}]


@st.composite
def terms(draw):
    """Terms with everything that the checks allow together."""
    term = {
        "months": draw(st.integers(1, 15)),
        draw(st.sampled_from(["usd_per_month", "usd_per_accelerator_hour", "usd_per_mw_month"])): draw(prices),
        "fee_factor": draw(st.sampled_from([[], [0.5, 1.0]])),
        "take_or_pay": draw(st.sampled_from([0.3, 1.0])),
        "minimum_usd_per_month": draw(st.sampled_from([0.0, 400.0])),
        "signing_fee_usd": 70.0,
        "signing_credit_usd": draw(st.sampled_from([0.0, 500.0])),
        "deposit_usd": draw(st.sampled_from([0.0, 900.0])),
    }
    if draw(st.booleans()):
        term |= {"prepay": 0.3, "drawdown": draw(st.sampled_from(["pro_rata", "first", "last"]))}
    if draw(st.booleans()):
        term["billing"] = "arrears"
    if draw(st.booleans()):
        term = {key: term[key] for key in term if key not in ("prepay", "drawdown", "billing")}
        term["payments"] = PAYMENTS
    if draw(st.booleans()):
        term["letter_of_credit"] = {"usd": 6000.0, "fee_per_year": 0.02}
    if draw(st.booleans()):
        term["sla"] = {"availability": 0.99, "credit_fraction": 0.01, "cap_fraction": 0.08}
    kind = draw(st.sampled_from([None, "all_units", "incremental"]))
    if kind is not None:
        term["tiers"] = {"kind": kind, "steps": LADDER}
    if kind == "incremental":
        term |= {"take_or_pay": 1.0, "minimum_usd_per_month": 0.0}
    return term


@st.composite
def supplies(draw):
    keys = {"provider": "cloud", "region": "here", "accelerators": {"chip": 4.0}, "availability": 0.95, "source": "toy"}
    keys |= draw(
        st.sampled_from(
            [
                {},
                {"ramp": [0.25, 1.0]},
                {"tranches": [{"share": 0.7}, {"share": 0.3, "after_months": 3}]},
                {"tranches": [{"share": 1.0, "months": 2}, {"share": 1.0, "after_months": 2, "months": 5}]},
            ]
        )
    )
    usd_per_kwh = draw(st.sampled_from([None, 0.06, {"2026-05": 0.1, "2026-09": 0.04}]))
    if usd_per_kwh is not None:
        keys["power_price"] = {"usd_per_kwh": usd_per_kwh}
        keys |= draw(st.sampled_from([{}, {"power_mw": 0.003}]))
    if "power_mw" in keys:
        keys["power_price"] = {**keys["power_price"], "pue": 1.25}
    return keys


def paid_by_engine(column, blocks):
    """(month, line) -> USD, of what is not nothing."""
    found = defaultdict(float)
    for lines, count in ((column.cash_lines, blocks), (column.once_lines, 1)):
        for line, usd in lines.items():
            for m, amount in enumerate(usd):
                found[FIRST + m, line] += count * float(amount)
    return {key: usd for key, usd in found.items() if abs(usd) > 1e-6}


def paid_by_audit(contract):
    found = defaultdict(Decimal)
    for month, line, usd in contract.due:
        if month >= FIRST:
            found[month, line] += usd
    return {key: float(usd) for key, usd in found.items() if abs(usd) > Decimal("1e-6")}


def owed_by_audit(contract, ledger):
    owed = contract.owed(since=FIRST)
    return [float(owed.get(FIRST + m, 0)) for m in range(ledger)]


@LAW
@given(terms(), supplies(), st.integers(1, 6), st.integers(0, 2))
def test_a_signed_deal_is_paid_alike_by_engine_and_audit(term, supply, blocks, lead):
    offer = {**supply, "terms": [term], "blocks": {"min": 1, "max": 6}, "start": {"lead_months": lead}}
    finance = {"discounting": {"rate": 0.2}}
    instance = from_document(toys.problem(months=6, offers={"lease": offer}, finance=finance))
    calendar = make_calendar(instance)
    compiled = compile_instance(instance)
    ways = [d for d, way in enumerate(compiled.columns) if way.min_blocks <= blocks <= way.max_blocks]
    for d in (ways[0], ways[-1]):
        column, deal = compiled.columns[d], compiled.problem.deals[d]
        contract = signed_deal(instance, "lease", 0, column.start, Decimal(blocks))
        assert paid_by_engine(column, blocks) == pytest.approx(paid_by_audit(contract), rel=1e-9, abs=1e-6)
        owed = blocks * deal.obligation[0] + deal.obligation_once[0]
        assert list(owed) == pytest.approx(owed_by_audit(contract, calendar.ledger), rel=1e-9, abs=1e-5)
        charge = contract.charge(Calendar.of(instance))
        assert float(blocks * deal.npv_usd[0] + deal.npv_once_usd[0]) == pytest.approx(
            float(charge), rel=1e-9, abs=1e-6
        )
        _same_use_beyond(instance, column, deal, contract, blocks)


def _same_use_beyond(instance, column, deal, contract, blocks):
    for t in range(instance.horizon.months):
        months = [FIRST + t]
        open_hours = float(contract.delivered_hours("chip", months) - contract.paid_hours("chip", months))
        ours = blocks * (1 - deal.take_or_pay[0, t]) * deal.delivered_hours["lease/chip"][0, t]
        assert ours == pytest.approx(open_hours, rel=1e-9, abs=1e-6)
        if open_hours:
            price = deal.beyond_usd_per_hour["lease/chip"][0, t]
            assert price == pytest.approx(float(contract.usd_per_hour_beyond(months)), rel=1e-9, abs=1e-9)


@LAW
@given(terms(), supplies(), st.integers(1, 6), st.integers(-8, 2))
def test_a_contract_in_force_is_paid_alike_by_engine_and_audit(term, supply, blocks, start):
    contract = {**supply, "term": term, "blocks": blocks, "start": str(FIRST + start)}
    instance = from_document(toys.problem(months=6, signed={"old": contract}))
    audited = contract_in_force(instance, "old", instance.signed["old"])
    found = [paid_by_engine(column, blocks) for column in columns(instance)] or [{}]
    assert found == [pytest.approx(paid_by_audit(audited), rel=1e-9, abs=1e-6)]


@given(st.integers(1, 12), st.integers(1, 12))
def test_incremental_tiers_cost_the_sum_of_their_blocks(blocks, most):
    """Fees of one block at factor 1: the blocks of a rung at its factor, and once what the earlier ones cost more."""
    ladder = Tiers.model_validate({"kind": "incremental", "steps": LADDER})
    found = [rung for rung in rungs(ladder, 1, max(blocks, most)) if rung.min_blocks <= blocks <= rung.max_blocks]
    by_block = [1.0, 1.0, 0.8, 0.8] + [0.5] * 8
    assert [rung.factor * blocks + rung.once for rung in found] == [pytest.approx(sum(by_block[:blocks]))]


def test_a_table_with_one_price_is_that_price():
    table, plain = (
        columns(from_document(toys.problem(months=3, offers={"lease": toys.lease(usd_per_month=price, months=3)})))
        for price in ({"2020-01": 5000.0}, 5000.0)
    )
    assert [list(one.cash) for one in table] == [list(other.cash) for other in plain]


def test_tranches_that_follow_one_another_are_a_ramp():
    tranches = [{"share": 0.25}, {"share": 0.75, "after_months": 2}]
    found = []
    for way in ({"tranches": tranches}, {"ramp": [0.25, 0.25, 1.0]}):
        offer = toys.lease(8.0, None, usd_per_accelerator_hour=1.0, months=4, **way)
        found.append(
            [(*one.cash, *one.usable["chip"]) for one in columns(from_document(toys.problem(4, {"a": offer})))]
        )
    assert found[0] == found[1]


def test_arrears_and_refunds_lengthen_the_ledger_by_a_month():
    """One month of service, one month of horizon: July is only there for what is paid in it."""

    def ledger(**keys):
        return make_calendar(from_document(toys.problem(offers={"lease": toys.lease(**keys)}))).ledger

    assert (ledger(), ledger(billing="arrears"), ledger(deposit_usd=1.0)) == (1, 2, 2)
    assert ledger(payments=[{"share": 0.5, "at": "start"}, {"share": 0.5, "month": "2027-01"}]) == 8


def test_a_contract_that_ended_may_still_be_billed_in_arrears():
    """Ended with May: its last fee is due in June, and its deposit comes back then; it delivers nothing any more."""
    term = {"months": 3, "usd_per_month": 100.0, "billing": "arrears", "deposit_usd": 30.0}
    old = {"provider": "cloud", "region": "here", "accelerators": {"chip": 1.0}, "start": "2026-03", "term": term}
    plan = offtake.solve(from_document(toys.problem(signed={"old": {**old, "source": "toy"}})), gap=0.0)
    rows = [row for row in plan.to_document()["cash"] if row["offer"] == "old"]
    assert rows == [{"month": "2026-06", "line": "in_force", "offer": "old", "usd": 70.0}]
    assert plan.audit["passed"], plan.audit["findings"]


def test_a_stack_signs_each_step_of_a_ladder_as_a_deal_of_its_own():
    """Blocks of 5 chips at 2,500, from the third on all at 5,000; on demand far dearer. Five blocks in one deal cost
    25,000; stacked, two at 2,500 and three at 5,000 are 20,000: two deals of one offer, term and start.
    """
    tiers = {"kind": "all_units", "steps": [{"from_blocks": 1, "factor": 1.0}, {"from_blocks": 3, "factor": 2.0}]}
    offer = toys.lease(5.0, 2500.0, tiers=tiers, blocks={"min": 1, "max": 6}, repeat="stack")
    document = toys.problem(demand={"requests_per_s": 25.0}, offers={"lease": offer})
    document["offers"]["on-demand"]["elastic"]["usd_per_accelerator_hour"] = 10.0
    plan = offtake.solve(from_document(document), gap=0.0)
    assert plan.objective_usd == pytest.approx(20000.0)
    assert sorted(plan.deals["blocks"]) == [2, 3]
    assert plan.audit["passed"], plan.audit["findings"]
    twice = plan.to_document()
    twice["deals"][0]["blocks"] = twice["deals"][1]["blocks"] = 3
    said = [finding.sentence for finding in offtake.audit(from_document(document), twice).findings]
    assert any("repeats the deal of 'lease' from 2026-06, term 0" in sentence for sentence in said)


def test_credits_are_shown_with_and_without():
    """`seller_brings_credits` costs 4,500, and 6,500 without the 2,000."""
    plan = offtake.solve(from_document(toys.document("seller_brings_credits")), gap=0.0)
    assert plan.kpis["cost_usd"] == pytest.approx(4500.0)
    assert plan.kpis["cost_without_credits_usd"] == pytest.approx(6500.0)
    rows = {row["line"]: row["usd"] for row in plan.to_document()["cash"]}
    assert rows == {"fees": 6500.0, "credits": -2000.0}
    broken = {**plan.to_document(), "kpis": {**plan.kpis, "cost_without_credits_usd": 6000.0}}
    found = offtake.audit(from_document(toys.document("seller_brings_credits")), broken).findings
    assert [finding.rule for finding in found] == ["key_figures_follow"]


def walk_away(offer, **keys):
    (found,) = breakeven(from_document(toys.problem(offers={"lease": offer}, **keys)), ["lease"], gap=0.0)
    return found


def test_the_walk_away_price_leaves_the_deposit_alone():
    """On demand 7,200; a deposit of 2,100 that comes back as 2,000 costs 100 at any price: 7,100."""
    found = walk_away(toys.lease(deposit_usd=2100.0), finance=toys.FIVE_PERCENT_A_MONTH)
    assert (found.price_today, found.price) == (5000.0, pytest.approx(7100.0))


def test_the_walk_away_price_moves_all_steps_of_a_ladder():
    """Four blocks of 5 chips cost three times the price of the first; on demand 14,400: 4,800."""
    tiers = {"kind": "incremental", "steps": [{"from_blocks": 1, "factor": 1.0}, {"from_blocks": 3, "factor": 0.5}]}
    offer = toys.lease(5.0, 2500.0, tiers=tiers, blocks={"min": 1, "max": 4})
    found = walk_away(offer, demand={"requests_per_s": 20.0})
    assert (found.price_today, found.price) == (2500.0, pytest.approx(4800.0))


def test_the_walk_away_price_of_a_table_is_that_of_its_first_month():
    """0.40 USD in June and 0.80 in July are 2,880 + 5,952 = 8,832 for ten chips; on demand 14,640: x 1.6576."""
    price = {"2026-01": 0.4, "2026-07": 0.8}
    offer = toys.lease(10.0, None, months=2, usd_per_accelerator_hour=price, start={"latest": "2026-06"})
    found = walk_away(offer, months=2)
    assert (found.price_today, found.price) == (0.4, pytest.approx(0.4 * 14640 / 8832))


@pytest.mark.parametrize(
    ("keys", "hourly"),
    [
        ({"usd_per_accelerator_hour": {"2026-01": 2.0, "2026-08": 3.0}, "months": 4}, 2.5),
        ({"usd_per_month": 730.5, "months": 4, "minimum_usd_per_month": 1461.0}, 2.0),
        ({"usd_per_accelerator_hour": 2.0, "tiers": {"kind": "all_units", "steps": LADDER}}, 1.0),
        ({"usd_per_accelerator_hour": 2.0, "tiers": {"kind": "incremental", "steps": LADDER}}, 2 * 4.6 / 6),
        ({"usd_per_month": 730.5, "months": 4, "tranches": [{"share": 0.5}, {"share": 0.5, "after_months": 2}]}, 4 / 3),
    ],
)
def test_the_price_of_full_use(keys, hourly):
    """Of one chip: the mean of 2 and 3; the minimum; the factor of six blocks, 0.5, or the mean of 1, 1, 0.8, 0.8, 0.5
    and 0.5; four months paid of which two deliver half.
    """
    months = keys.pop("months", 1)
    offer = toys.lease(1.0, keys.pop("usd_per_month", None), months=months, blocks={"min": 1, "max": 6}, **keys)
    instance = from_document(toys.problem(months=6, offers={"lease": offer}))
    lease = instance.offers["lease"]
    assert term_usd_per_hour(instance, lease, lease.terms[0]) == pytest.approx(hourly)


def test_the_size_counts_each_step_of_a_ladder():
    """Six starts; of the three steps a deal of at most four blocks reaches two."""
    tiers = {"kind": "incremental", "steps": LADDER}
    offer = toys.lease(tiers=tiers, blocks={"min": 1, "max": 4})
    instance = from_document(toys.problem(months=6, offers={"lease": offer}))
    assert model_size(instance, rate_table(instance))["deals"] == len(columns(instance)) == 12


def test_the_page_says_the_terms():
    said = {
        "tiers": {"kind": "all_units", "steps": LADDER},
        "minimum_usd_per_month": 400.0,
        "usd_per_month": {"2026-01": 5000.0, "2027-01": 6000.0},
        "signing_credit_usd": 100.0,
        "deposit_usd": 50.0,
        "letter_of_credit": {"usd": 1000.0, "fee_per_year": 0.02},
        "sla": {"availability": 0.99, "credit_fraction": 0.1},
    }
    deal = {"offer": "lease", "term": 0, "blocks": 4}

    def words(**term):
        return price({"instance": {"document": {"offers": {"lease": {"terms": [term]}}}}}, deal)

    assert words(**said) == (
        "$5,000 to $6,000/month, all blocks at 0.8x, at least $400/month, brings $100, $50 deposit, "
        "$1,000 letter of credit, credits below 99% availability"
    )
    assert words(usd_per_month=5000.0, payments=PAYMENTS) == (
        "$5,000/month, 50% at signing, 25% after 2 months, 25% in 2026-09"
    )
    first = words(usd_per_month=5000.0, prepay=0.2, drawdown="first", billing="arrears", take_or_pay=0.5)
    assert first == "$5,000/month, 20% prepaid for the first fees, in arrears, take or pay 50%"
    ladder = {"kind": "incremental", "steps": LADDER}
    assert words(usd_per_accelerator_hour=2.5, tiers=ladder) == "$2.50/h, blocks from 3 at 0.8x"
