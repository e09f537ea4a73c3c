"""The audit of plans for several futures: one derived by hand, then broken; and what a scenario does to a contract.

January to March 2026, nothing discounted, terms charged in full; one request per second of `chat` needs one chip. From
February on it is calm, at one in four, or booms, and demand doubles. When it is calm, the seller of the lease fails in
March.

lease: a chip for three months at 100, half of it prepaid: 150 in January, then 50 a month. Boom: 300. Calm: 250, March
  is not due. Expected 287.5.
tower: a chip for February and March at 200, signed in February by who sees the boom: node 1. Calm goes on at node 0.
on demand: 1 USD an hour; the calm March costs 744.

Cost: calm 250 + 744 = 994, boom 300 + 400 = 700; 994 / 4 + 3/4 x 700 = 773.5.
Owed: after January 100 in both, as nobody knows what fails; boom then 50 + 200.
Effective: calm 100 in January and February, and 50 prepaid for March is lost then.
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

from claims import HERE, Json, deal, lease, one_future, plan, problem, spot, table
from offtake.audit import AuditReport, PlanError, audit
from offtake.audit.books import Books
from offtake.audit.calendar import Calendar
from offtake.audit.claim import read
from offtake.audit.contracts import Contract, contract_in_force, signed_deal
from offtake.audit.follow_ons import renewal
from offtake.audit.forward import usd_per_hour
from offtake.audit.statements import service_cost
from offtake.instance.months import Month
from offtake.instance.schema import Instance

BOTH = ["calm", "boom"]


def instance_document() -> Json:
    offers = {
        "lease": {**lease(term={"prepay": 0.5}, start={"latest": "2026-01"}), "provider": "other"},
        "tower": lease(months=2, usd=200.0),
        "spot": spot(),
    }
    scenarios = {
        "calm": {"probability": 0.25, "lose": {"other": "2026-03"}},
        "boom": {"probability": 0.75, "demand": {"chat": 2.0}},
    }
    return problem(3, offers, uncertainty={"reveal": {"2026-02": [["calm"], ["boom"]]}, "scenarios": scenarios})


def plan_document() -> Json:
    calm, boom = ({"cash_usd": usd, "npv_usd": usd} for usd in (250.0, 300.0))
    deals = [
        deal(
            *("lease", 1, 1, 3, 1.0, 287.5),
            provider="other",
            scenarios=list(BOTH),
            by_scenario={"calm": calm, "boom": boom},
        ),
        deal(
            *("tower", 2, 2, 2, 1.0, 400.0),
            node=1,
            scenarios=["boom"],
            by_scenario={"boom": {"cash_usd": 400.0, "npv_usd": 400.0}},
        ),
    ]
    served = [
        ("lease/chip", 0, 0),
        ("lease/chip", 1, 0),
        ("spot/chip", 2, 0),
        ("lease/chip", 1, 1),
        ("lease/chip", 2, 1),
    ]
    serve = [[pool, "chat", t, 0, node, 1.0] for pool, t, node in [*served, ("tower/chip", 1, 1), ("tower/chip", 2, 1)]]
    return plan(3, deals, 773.5, decisions={"serve": serve, "unserved": [], "beyond": []}, **tables())


def tables() -> Json:
    cash = {
        ("calm", "2026-01", "prepayments", "lease"): 150.0,
        ("calm", "2026-01", "fees", "lease"): 50.0,
        ("calm", "2026-02", "fees", "lease"): 50.0,
        ("calm", "2026-03", "elastic", "spot"): 744.0,
        ("boom", "2026-01", "prepayments", "lease"): 150.0,
        ("boom", "2026-01", "fees", "lease"): 50.0,
        ("boom", "2026-02", "fees", "lease"): 50.0,
        ("boom", "2026-02", "fees", "tower"): 200.0,
        ("boom", "2026-03", "fees", "lease"): 50.0,
        ("boom", "2026-03", "fees", "tower"): 200.0,
    }
    owed = {("calm", "2026-01"): 100.0, ("calm", "2026-02"): 50.0}
    owed |= {("boom", "2026-01"): 100.0, ("boom", "2026-02"): 250.0}
    cost = {("calm", "contracts"): 250.0, ("calm", "elastic"): 744.0, ("boom", "contracts"): 700.0}
    futures = {
        "calm": {
            "probability": 0.25,
            "objective_usd": 994.0,
            "bound_usd": 994.0,
            "kpis": {"cost_usd": 994.0, "peak_obligations_month": "2026-01"},
        },
        "boom": {
            "probability": 0.75,
            "objective_usd": 700.0,
            "bound_usd": 0.0,
            "kpis": {"cost_usd": 700.0, "peak_obligations_month": "2026-02"},
        },
    }
    lost = [
        {"scenario": "calm", "month": "2026-01", "group": "other", "prepaid_unused_usd": 100.0, "owed_usd": 100.0},
        {"scenario": "calm", "month": "2026-02", "group": "other", "prepaid_unused_usd": 50.0, "owed_usd": 50.0},
        {"scenario": "boom", "month": "2026-01", "group": "other", "prepaid_unused_usd": 100.0, "owed_usd": 100.0},
        {"scenario": "boom", "month": "2026-02", "group": "other", "prepaid_unused_usd": 50.0, "owed_usd": 50.0},
        {"scenario": "boom", "month": "2026-02", "group": "neo", "prepaid_unused_usd": 0.0, "owed_usd": 200.0},
        {"scenario": "boom", "month": "2026-03", "group": "other", "prepaid_unused_usd": 0.0, "owed_usd": 0.0},
        {"scenario": "boom", "month": "2026-03", "group": "neo", "prepaid_unused_usd": 0.0, "owed_usd": 0.0},
    ]
    return {
        "cash": table(("scenario", "month", "line", "offer"), cash),
        "obligations": table(("scenario", "month"), owed),
        "cost": table(("scenario", "line"), cost),
        "kpis": {"cost_usd": 773.5, "npv_cash_usd": 773.5},
        "futures": futures,
        "ledgers": {"exposure": [{**row, "power_mw": 0.001} for row in lost]},
    }


def audited(break_it: Callable[[Json, Json], None] = lambda instance, plan: None) -> AuditReport:
    instance, claimed = instance_document(), plan_document()
    break_it(instance, claimed)
    return audit(Instance.model_validate(instance), claimed)


def test_the_plan_derived_by_hand_passes() -> None:
    report = audited()
    assert report.findings == []
    assert report.objective_usd == Decimal("773.5")


def test_a_rule_is_counted_in_every_future() -> None:
    """One deal when it is calm, two when it booms, each asked twice."""
    checked = {rule.rule: rule.checked for rule in audited().rules}
    assert checked["deals_on_offer"] == 2 + 4
    assert checked["signed_at_nodes"] == 3 * 2
    assert checked["decided_at_nodes"] == 7


# --- one broken plan for every rule

BROKEN: dict[str, tuple[str, str, Callable[[Json, Json], None]]] = {}


def broken(rule: str, sentence: str) -> Callable:
    """Register a way to break the toy with the finding that it must give."""

    def register(break_it: Callable[[Json, Json], None]) -> Callable[[Json, Json], None]:
        assert break_it.__name__ not in BROKEN
        BROKEN[break_it.__name__] = (rule, sentence, break_it)
        return break_it

    return register


@broken("futures_as_stated", "the plan has the futures 'calm'; the scenarios of the instance are calm, boom")
def a_future_is_missing(instance: Json, claimed: Json) -> None:
    del claimed["futures"]["boom"]


@broken("futures_as_stated", "the plan prints a probability of 0.5 of calm; it is 0.25")
def another_probability(instance: Json, claimed: Json) -> None:
    claimed["futures"]["calm"]["probability"] = 0.5


@broken("futures_as_stated", "cash[3] is about the scenario 'storm', which the instance does not have")
def cash_of_no_future(instance: Json, claimed: Json) -> None:
    claimed["cash"][3]["scenario"] = "storm"


@broken("futures_as_stated", "ledgers.exposure[0] is about the scenario null, which the instance does not have")
def ledger_of_no_future(instance: Json, claimed: Json) -> None:
    claimed["ledgers"]["exposure"][0]["scenario"] = None


@broken("signed_at_nodes", "deal 1 stands at node 1; in 2026-01 there is node 0")
def signed_on_a_future_not_known(instance: Json, claimed: Json) -> None:
    claimed["deals"][1].update(signing="2026-01", start="2026-01")


@broken("signed_at_nodes", "deal 1 stands at node 2; in 2026-02 there are nodes 0 and 1")
def signed_at_no_node(instance: Json, claimed: Json) -> None:
    claimed["deals"][1]["node"] = 2


@broken("signed_at_nodes", "deal 1 lists the scenarios 'calm', 'boom'; through node 1 pass boom in 2026-02")
def signed_in_both(instance: Json, claimed: Json) -> None:
    claimed["deals"][1]["scenarios"] = list(BOTH)


@broken("signed_at_nodes", "deal 1 is signed in 2026-04, outside the horizon")
def signed_after_the_horizon(instance: Json, claimed: Json) -> None:
    claimed["deals"][1]["signing"] = "2026-04"


@broken("decided_at_nodes", "decisions.serve[0] stands at node 1; in 2026-01 there is node 0")
def served_on_a_future_not_known(instance: Json, claimed: Json) -> None:
    claimed["decisions"]["serve"][0][4] = 1


@broken("decided_at_nodes", "decisions.sublet[0] stands at node 3; in 2026-03 there are nodes 0 and 1")
def let_at_no_node(instance: Json, claimed: Json) -> None:
    claimed["decisions"]["sublet"] = [["lease/chip", 2, 3, 1.0]]


@broken("decided_at_nodes", "decisions.committed[0] stands at node 1; in 2026-01 there is node 0")
def committed_on_a_future_not_known(instance: Json, claimed: Json) -> None:
    window = {"start": "2026-01", "months": 3}
    stated = {"provider": "neo", "usd": 10.0, "window": window, "settlement": "true_up"}
    instance["commitments"] = {"floor": stated}
    claimed["decisions"]["committed"] = [["floor", 1]]


@broken("decided_at_nodes", "decisions.covered[0] stands at node 1; in 2026-01 there is node 0")
def covered_on_a_future_not_known(instance: Json, claimed: Json) -> None:
    claimed["decisions"]["covered"] = [["floor", "spot/chip", 0, 0, 1, 1.0]]


@broken("decisions_name_what_exists", "calm: decisions.serve[0] names period 7; they are numbered 0 to 2")
def served_in_no_period(instance: Json, claimed: Json) -> None:
    claimed["decisions"]["serve"][0][2] = 7


@broken("deals_expected", "deal 0 prints 275.00 USD as cash_usd; 287.50 USD are expected of its scenarios")
def not_weighted(instance: Json, claimed: Json) -> None:
    """The middle of 250 and 300."""
    claimed["deals"][0]["cash_usd"] = 275.0


@broken("deals_expected", "deal 1 does not print what it is paid in boom")
def paid_in_both(instance: Json, claimed: Json) -> None:
    claimed["deals"][1]["by_scenario"]["calm"] = {"cash_usd": 0.0, "npv_usd": 0.0}


@broken("deal_cash_to_the_cent", "calm: deal 0 of lease prints 300.00 USD of cash; its payments sum to 250.00 USD")
def paid_what_is_not_due(instance: Json, claimed: Json) -> None:
    claimed["deals"][0]["by_scenario"]["calm"]["cash_usd"] = 300.0


@broken("objective_is_expected", "the plan prints an objective of 847.00 USD; its futures come to 773.50 USD")
def the_middle_of_the_futures(instance: Json, claimed: Json) -> None:
    claimed["objective_usd"] = 847.0


@broken("objective_is_the_cost", "calm: the plan prints an objective of 995.00 USD; its decisions cost 994.00 USD")
def wrong_cost_of_a_future(instance: Json, claimed: Json) -> None:
    claimed["futures"]["calm"]["objective_usd"] = 995.0


@broken("bound_below_objective", "the bound of 774.00 USD is above the objective of 773.50 USD: one of them is wrong")
def bound_above(instance: Json, claimed: Json) -> None:
    claimed["bound_usd"] = 774.0


@broken(
    "bound_below_objective", "boom: the bound of 701.00 USD is above the objective of 700.00 USD: one of them is wrong"
)
def bound_of_a_future_above(instance: Json, claimed: Json) -> None:
    claimed["futures"]["boom"]["bound_usd"] = 701.0


@broken("expected_figures_follow", "the plan prints npv_cash_usd as 847.00 USD; 773.50 USD is expected")
def figure_not_weighted(instance: Json, claimed: Json) -> None:
    claimed["kpis"]["npv_cash_usd"] = 847.0


@broken(
    "expected_figures_follow", "the plan prints peak_obligations_month as '2026-01'; it has no mean over the futures"
)
def mean_of_months(instance: Json, claimed: Json) -> None:
    claimed["kpis"]["peak_obligations_month"] = "2026-01"


@broken("key_figures_follow", "boom: the plan prints peak_obligations_month as '2026-01'; it is 2026-02")
def figure_of_another_future(instance: Json, claimed: Json) -> None:
    claimed["futures"]["boom"]["kpis"]["peak_obligations_month"] = "2026-01"


@broken("demand_met", "boom: chat needs 2 requests/s in 2026-02 and gets 1, unserved demand included")
def the_boom_is_not_served(instance: Json, claimed: Json) -> None:
    del claimed["decisions"]["serve"][5]


@broken("capacity_held", "calm: tower/chip serves with 1 accelerators in 2026-02; its contracts deliver 0")
def served_by_a_deal_of_another_future(instance: Json, claimed: Json) -> None:
    claimed["decisions"]["serve"].append(["tower/chip", "chat", 1, 0, 0, 1.0])


@broken("capacity_held", "calm: lease/chip serves with 1 accelerators in 2026-03; its contracts deliver 0")
def served_by_who_has_failed(instance: Json, claimed: Json) -> None:
    claimed["decisions"]["serve"][2][0] = "lease/chip"


@broken("elastic_within_limit", "calm: spot/chip serves with 1 accelerators in 2026-03; it offers 0")
def bought_from_who_has_failed(instance: Json, claimed: Json) -> None:
    instance["offers"]["spot"]["provider"] = "other"


@broken("signed_in_time", "boom: deal 1 of tower is signed in 2026-02; the offer is withdrawn in 2026-02")
def signed_after_a_recall(instance: Json, claimed: Json) -> None:
    instance["uncertainty"]["scenarios"]["boom"]["recall"] = {"tower": "2026-02"}


@broken(
    "follow_ons_as_agreed",
    "calm: deal 2 follows 1, which is neither a sound deal of this future nor a contract in force",
)
def follows_a_deal_of_another_future(instance: Json, claimed: Json) -> None:
    """What follows a deal is signed where that is: a renewal of the tower cannot stand where it is calm."""
    instance["offers"]["tower"]["renewal"] = {"months": 1, "notice_months": 2, "usd_per_month": 9.0}
    row = deal("tower", 2, 4, 1, 1.0, 9.0, right="renewal", follows=1, scenarios=["calm"])
    claimed["deals"].append({**row, "by_scenario": {"calm": {"cash_usd": 9.0, "npv_usd": 9.0}}})


@broken("cash_to_the_cent", "boom: the cash table prints 0.00 USD of fees for tower in 2026-03; it is 200.00 USD")
def cash_of_the_wrong_future(instance: Json, claimed: Json) -> None:
    claimed["cash"][9]["scenario"] = "calm"


@broken(
    "exposure_to_the_cent",
    "calm: the ledger exposure prints 0.00 USD as prepaid_unused_usd ('2026-02', 'other'); it is 50.00 USD",
)
def what_is_lost_is_gone_before(instance: Json, claimed: Json) -> None:
    claimed["ledgers"]["exposure"][1]["prepaid_unused_usd"] = 0.0


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plan_is_found(name: str) -> None:
    rule, sentence, break_it = BROKEN[name]
    report = audited(break_it)
    said = [finding.sentence for finding in report.findings if finding.rule == rule]
    assert sentence in said, said


MALFORMED: list[tuple[Callable[[Json], Any], str]] = [
    (lambda plan: plan.pop("futures"), "the plan has no key `futures`"),
    (lambda plan: plan.update(futures=[]), "futures must be an object with keys, not a list"),
    (lambda plan: plan["futures"]["calm"].pop("kpis"), "futures.'calm' has no key `kpis`"),
    (lambda plan: plan["futures"]["calm"].pop("bound_usd"), "futures.'calm' has no key `bound_usd`"),
    (lambda plan: plan["cash"][0].pop("scenario"), "cash[0] has no key `scenario`"),
    (lambda plan: plan["cost"][0].update(scenario=1), "cost[0].scenario must be text, not 1"),
    (lambda plan: plan["deals"][0].pop("scenarios"), "deals[0] has no key `scenarios`"),
    (lambda plan: plan["deals"][0].update(by_scenario={"calm": 1}), "deals[0].by_scenario.'calm' must be an object"),
    (lambda plan: plan["ledgers"].update(exposure=7), "ledgers.exposure must be a list, not 7"),
]


@pytest.mark.parametrize(("change", "sentence"), MALFORMED, ids=[sentence[:40] for _, sentence in MALFORMED])
def test_a_malformed_document_ends_in_a_sentence(change: Callable[[Json], Any], sentence: str) -> None:
    with pytest.raises(PlanError, match=re.escape(sentence)):
        audited(lambda instance, claimed: change(claimed))


def places(document: Any) -> list[tuple]:
    """The path of every place inside a document."""
    entries = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [path for key, value in entries for path in ((key,), *((key, *rest) for rest in places(value)))]


PLACES = places({key: value for key, value in plan_document().items() if key != "format"})
ANY_JSON = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from([[], {}, "calm", "2026-04", 10**40])
)
TOY = Instance.model_validate(instance_document())


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), ANY_JSON), min_size=1, max_size=3))
def test_no_change_of_a_plan_ends_in_a_traceback(changes: list[tuple[tuple, Any]]) -> None:
    claimed = plan_document()
    for (*holders, last), value in changes:
        place: Any = claimed
        try:
            for key in holders:
                place = place[key]
            place[last] = copy.deepcopy(value)
        except (KeyError, IndexError, TypeError):
            continue
    try:
        audit(TOY, claimed)
    except PlanError as error:
        assert str(error)


# --- what a scenario does to a contract


def month(number: int) -> Month:
    """Months of 2026 from 1 on."""
    return Month.parse("2026-01") + (number - 1)


def signed(offer: Json, start: int = 1, months: int = 6, **effects: Any) -> Contract:
    """A deal of an offer in a future that is certain."""
    document = problem(months, {"lease": offer}, uncertainty=one_future(**effects), forward=CURVE)
    return signed_deal(Instance.model_validate(document), "lease", 0, month(start), Decimal(1))


CURVE = {
    "chip": [
        {"month": "2026-01", "usd_per_accelerator_hour": 1.0},
        {"month": "2026-03", "usd_per_accelerator_hour": 2.0},
    ]
}


def by_line(contract: Contract) -> dict[str, dict[int, float]]:
    """line -> month counted from January 2026 -> USD"""
    found: dict[str, dict[int, float]] = {}
    for due, line, usd in contract.due:
        own = found.setdefault(line, {})
        own[due - month(0)] = own.get(due - month(0), 0.0) + float(usd)
    return found


def by_month(usd: dict[Month, Decimal]) -> dict[int, float]:
    return {when - month(0): float(amount) for when, amount in sorted(usd.items()) if amount}


PREPAID = {"prepay": 0.5, "deposit_usd": 40.0}


def test_who_fails_keeps_prepayment_and_deposit() -> None:
    """Six months at 100, half prepaid, a deposit of 40; lost in April. 490 are paid for three months of 100: 150 of
    the prepayment and the deposit are lost in April. It is charged in full inside a horizon of six months."""
    contract = signed(lease(1.0, 6, term=PREPAID), lose={"neo": "2026-04"})
    assert by_line(contract) == {"prepayments": {1: 300}, "deposits": {1: 40}, "fees": {1: 50, 2: 50, 3: 50}}
    assert [contract.delivered("chip", month(m)) for m in (3, 4)] == [1, 0]
    assert by_month(contract.owed(since=month(1))) == {1: 250, 2: 200, 3: 150}, "as agreed, until it fails"
    assert by_month(service_cost(contract)) == {1: 100, 2: 100, 3: 100, 4: 190}


def test_who_fails_before_the_first_month_of_service_keeps_it_all() -> None:
    """Signed in January for March, lost in February."""
    contract = signed(lease(1.0, 6, term=PREPAID, start={"lead_months": 2}), 3, lose={"lease": "2026-02"})
    assert contract.months == []
    assert by_line(contract) == {"prepayments": {1: 300}, "deposits": {1: 40}}
    assert by_month(service_cost(contract)) == {2: 340}


def test_a_loss_after_the_term_changes_nothing() -> None:
    contract = signed(lease(1.0, 3, term=PREPAID), lose={"neo": "2026-04"})
    assert by_line(contract)["deposits"] == {1: 40, 4: -40}


RECALLED = {**PREPAID, "cancel": {"by": "seller", "after_months": 2, "notice_months": 1, "fee_fraction": 0.2}}


def test_who_recalls_pays_back_and_a_fee() -> None:
    """Notice in February, but two months of service come first: in March for April. A fifth of 150 is paid to the
    buyer, with 150 that are prepaid and not used up, and the deposit. What comes in then is not less owed before."""
    contract = signed(lease(1.0, 6, term=RECALLED), recall={"lease": "2026-02"})
    assert by_line(contract) == {
        "prepayments": {1: 300, 4: -150},
        "deposits": {1: 40, 4: -40},
        "fees": {1: 50, 2: 50, 3: 50},
        "break_fees": {4: -30},
    }
    assert by_month(contract.owed(since=month(1))) == {1: 250, 2: 200}, "as agreed, until the notice"
    assert by_month(service_cost(contract)) == {1: 100, 2: 100, 3: 100, 4: -30}


def test_a_recall_that_comes_too_late_changes_nothing() -> None:
    """Notice in June ends it in July, where the term ends."""
    contract = signed(lease(1.0, 6, term=RECALLED), recall={"lease": "2026-06"})
    assert contract.ending is None
    assert contract.end == month(7)


def test_nobody_recalls_under_a_clause_of_the_buyer() -> None:
    term = {**RECALLED, "cancel": {**RECALLED["cancel"], "by": "buyer"}}
    assert signed(lease(1.0, 6, term=term), recall={"lease": "2026-02"}).ending is None


def test_a_recall_ends_what_the_first_tiers_cost_too() -> None:
    """100 and 50 a month for two blocks, recalled in February for March. After January nobody knows: the buyer owes 100
    for February, when it could leave, and what the first tier costs more to June, 5 x 50."""
    tiers = {"kind": "incremental", "steps": [{"from_blocks": 1, "factor": 1.0}, {"from_blocks": 2, "factor": 0.5}]}
    cancel = {"by": "either", "notice_months": 1, "fee_fraction": 0.0}
    offer = lease(1.0, 6, term={"tiers": tiers, "cancel": cancel}, blocks={"max": 2})
    document = problem(6, {"lease": offer}, uncertainty=one_future(recall={"lease": "2026-02"}))
    contract = signed_deal(Instance.model_validate(document), "lease", 0, month(1), Decimal(2))
    assert by_line(contract) == {"fees": {1: 150, 2: 150}}
    assert by_month(contract.owed(since=month(1))) == {1: 350}


def test_of_a_loss_and_a_recall_the_first_counts_and_the_loss_in_the_same_month() -> None:
    offer = lease(1.0, 6, term=RECALLED)
    ends = {
        lost: signed(offer, lose={"neo": f"2026-0{lost}"}, recall={"lease": "2026-02"}).ending for lost in (3, 4, 5)
    }
    assert {lost: (ending.by, ending.month) for lost, ending in ends.items()} == {
        3: ("failure", month(3)),
        4: ("failure", month(4)),
        5: ("seller", month(4)),
    }


def test_a_delay_moves_service_and_its_payments_but_not_what_is_paid_at_signing() -> None:
    """Signed in January for February, two months at 0.5 USD an hour on two chips, two months late: April and May, 720
    and 744 hours. 1464 in all: 30 % at signing, 30 % when it starts, 30 % a month later, 10 % in March, whatever comes.
    Refund in June."""
    payments = [
        {"share": 0.3, "at": "signing"},
        {"share": 0.3, "at": "start"},
        {"share": 0.3, "after_months": 1},
        {"share": 0.1, "month": "2026-03"},
    ]
    letter = {"usd": 1200.0, "fee_per_year": 0.01}
    term = {"usd_per_month": None, "usd_per_accelerator_hour": 0.5, "payments": payments, "letter_of_credit": letter}
    term |= {"deposit_usd": 40.0, "signing_fee_usd": 7.0}
    late = {"delay_months": {"neo": 1, "lease": 2}}
    contract = signed(lease(2.0, 2, term=term, start={"lead_months": 1}), 2, **late)
    assert (contract.written, contract.start, contract.signing) == (month(2), month(4), month(1))
    assert by_line(contract) == {
        "payments": {1: 439.2, 4: 439.2, 5: 439.2, 3: 146.4},
        "deposits": {1: 40, 6: -40},
        "signing_fees": {1: 7},
        "letters_of_credit": {4: 1, 5: 1},
    }


def test_a_delay_moves_what_has_not_begun_by_then() -> None:
    """Late from March on: a start in February is not."""
    late = {"delay_months": {"neo": {"2026-03": 1}}}
    assert [signed(lease(1.0, 2), start, **late).start for start in (2, 3)] == [month(2), month(4)]


def test_prices_move_what_is_signed_from_then_on() -> None:
    """Twice the price at the provider, 1.5 times that of the offer from February on: 200 in January, 300 in February.
    The minimum of 250 stays; a renewal is at the price of its contract, or its own."""
    prices = {"price": {"neo": 2.0, "lease": {"2026-02": 1.5}}}
    assert [by_line(signed(lease(), start, **prices))["fees"][start] for start in (1, 2)] == [200, 300]
    least = lease(term={"minimum_usd_per_month": 250.0})
    assert [by_line(signed(least, start, **prices))["fees"][start] for start in (1, 2)] == [250, 300]
    for right, usd in (({"factor": 0.5}, 100), ({"usd_per_month": 30.0}, 30)):
        contract = signed(lease(months=1, renewal={"months": 1, **right}), 1, **prices)
        assert by_line(renewal(contract, Decimal(1)))["fees"] == {2: usd}


def test_prices_of_what_is_in_force_stay() -> None:
    held = {**HERE, "accelerators": {"chip": 1.0}, "start": "2026-02", "term": {"months": 1, "usd_per_month": 9.0}}
    document = problem(3, {}, signed={"old": held}, uncertainty=one_future(price={"neo": 2.0}))
    instance = Instance.model_validate(document)
    assert by_line(contract_in_force(instance, "old", instance.signed["old"])) == {"fees": {2: 9}}


def test_prices_of_use_move_with_the_month() -> None:
    """5 USD an hour, from February on twice; tokens for 0.002 USD a request, from March on thrice."""
    api = {
        "models": ["llm"],
        "usd_per_million_input_tokens": 1.0,
        "usd_per_million_output_tokens": 2.0,
        "max_requests_per_s": 9.0,
        "ttft_ms": 1.0,
        "tpot_ms": 1.0,
    }
    factors = {"price": {"spot": {"2026-02": 2.0}, "other": {"2026-03": 3.0}}}
    offers = {"spot": spot(5.0), "api": {"provider": "other", "region": "here", "source": "toy", "api": api}}
    instance = Instance.model_validate(problem(3, offers, uncertainty=one_future(**factors)))
    books = Books(instance, read(plan(3, [], 0.0)))
    assert [books.elastic_price("spot/chip", month(m)) for m in (1, 2)] == [5, 10]
    assert [float(books.tokens_per_request("api", "chat", month(m))) for m in (2, 3)] == [0.002, 0.006]


def test_a_price_on_the_forward_curve_is_seen_when_it_is_signed() -> None:
    """The curve is 1.5 USD in February and 2 in March; from February on it doubles. Signed in January for February it
    is still 1.5 x 672, signed in February for March 4 x 744."""
    term = {"usd_per_month": None, "forward_factor": 1.0}
    offer = lease(1.0, 1, term=term, start={"lead_months": 1})
    doubled = {"forward": {"chip": {"2026-02": 2.0}}}
    assert [by_line(signed(offer, start, **doubled))["fees"] for start in (2, 3)] == [{2: 1008}, {3: 2976}]
    instance = Instance.model_validate(problem(3, {}, forward=CURVE, uncertainty=one_future(**doubled)))
    assert [float(usd_per_hour(instance, "chip", month(m))) for m in (0, 1, 2, 3, 9)] == [1, 1, 3, 4, 4]


def test_the_tail_moves_with_the_curve() -> None:
    """A month of 720 hours after the horizon, at twice 2 USD, one half of it."""
    document = problem(3, {"lease": lease(1.0, 4)}, forward=CURVE, uncertainty=one_future(forward={"chip": 2.0}))
    document["finance"] = {"terminal": "market", "salvage_fraction": 0.5}
    instance = Instance.model_validate(document)
    contract = signed_deal(instance, "lease", 0, month(1), Decimal(1))
    assert contract.tail(Calendar.of(instance)) == 1440


def test_probabilities_are_the_decimals_that_are_written() -> None:
    """A tenth of 994 and nine of 700."""

    def one_in_ten(instance: Json, claimed: Json) -> None:
        instance["uncertainty"]["scenarios"]["calm"]["probability"] = 0.1
        instance["uncertainty"]["scenarios"]["boom"]["probability"] = 0.9

    assert audited(one_in_ten).objective_usd == Decimal("729.4")
