"""The ledgers of a plan, derived by hand, and broken in every way for the audit.

November 2026 to January 2027 have 720, 744 and 744 hours. Ten chips are needed: six of `lease`, four on demand at
1 USD an hour until the year ends, then four of `site`.

lease: 10 chips for 1,000 a month, November to February; a quarter (1,000) is prepaid, 400 for signing.
  Paid: November 1,000 + 400 + 750 = 2,150, then 750 a month. Owed: 2,250, 1,500, 750, 0.
  Effective: 1,000 + 400 / 4 = 1,100 a month; four chips of ten idle: 440 of it unused.
  Paid and not used: 2,150 - 1,100 = 1,050, then 700, 350, 0.
site: a whole cluster of 5 chips for 2,000 a month, six years from January 2027, signed in November 2026; the provider
  belongs to the group `g`. Owed 144,000 until it begins, 142,000 after January. One chip of five idle: 400 unused.
on demand: 4 x 720 = 2,880 and 4 x 744 = 2,976.
"""

from __future__ import annotations

import copy
import re
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import toys
from offtake.audit import audit_document, rules
from offtake.cli import main
from offtake.compile import compile_instance
from offtake.instance import from_document
from offtake.plan import Decisions, Plan, PlanError, load, make_plan
from offtake.plan.ledgers.holdings import amortised
from offtake.solve import Limits, Outcome

RULES = [rule.__name__ for rule in rules.RULES if rule.__module__.endswith(".ledgers")]
MONTHS = ("2026-11", "2026-12", "2027-01", "2027-02")


def planned(document: dict, blocks: dict[int, int], serve: dict[tuple[str, int], float]) -> Plan:
    """The plan of decisions made by hand: blocks by deal, chips at work on `chat` by (pool, period)."""
    compiled = compile_instance(from_document(document))
    decisions = Decisions(
        blocks={(d, 0): count for d, count in blocks.items()},
        serve={(pool, "chat", t, 0, 0): amount for (pool, t), amount in serve.items()},
        unserved={},
        beyond={},
    )
    outcome = Outcome("optimal", 0.0, 0.0, 0.0, 0.25, 1, "1.2.3", "proven")
    return make_plan(compiled, decisions, outcome, Limits())


def toy(**finance: Any) -> dict:
    lease = toys.lease(10.0, 1000.0, months=4, prepay=0.25, signing_fee_usd=400.0, start={"latest": "2026-11"})
    site = toys.lease(5.0, 2000.0, months=72, provider="owner", start={"earliest": "2027-01", "lead_months": 2})
    return toys.problem(
        horizon={"start": "2026-11", "months": 3},
        offers={"lease": lease, "site": site},
        providers={"cloud": {"kind": "neocloud"}, "owner": {"kind": "cluster", "group": "g"}},
        finance={
            "funding_usd": {"2026-11": 20000.0},
            "other_cash_usd": {"2026-11": -100.0},
            "cash_min_usd": 500.0,
            "debt_usd": 292500.0,
            **finance,
        },
    )


def plan_of(document: dict) -> Plan:
    serve = {("lease/chip", t): 6.0 for t in range(3)} | {("on-demand/chip", t): 4.0 for t in range(2)}
    return planned(document, {0: 1, 1: 1}, {**serve, ("site/chip", 2): 4.0})


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of(toy())


def rows(plan: Plan, ledger: str) -> list[tuple]:
    return [tuple(row.values()) for row in plan.to_document()["ledgers"][ledger]]


def years(plan: Plan) -> dict[tuple[str, bool], dict]:
    found: dict[tuple[str, bool], dict] = {}
    for date, commenced, year, usd in rows(plan, "obligations_by_year"):
        found.setdefault((date, commenced), {})[year] = usd
    return found


# --- obligations


def test_obligations_by_fiscal_year(plan):
    """Dates: the first month, the end of 2026, the last month. After November, year 1 is December alone."""
    whole = {year: 24000.0 for year in range(1, 6)}
    assert years(plan) == {
        ("2026-11", True): {1: 750.0, 2: 1500.0},
        ("2026-11", False): {2: 24000.0, 3: 24000.0, 4: 24000.0, 5: 24000.0, "later": 48000.0},
        ("2026-12", True): {1: 1500.0},
        ("2026-12", False): {**whole, "later": 24000.0},
        ("2027-01", True): {**whole, 1: 22750.0, "later": 24000.0},
    }


def test_a_fiscal_year_that_begins_in_december():
    """It ends with November: then year 1 is December to November: 2,250 of the lease; eleven months of the site."""
    found = years(plan_of(toy(fiscal_year_start=12)))
    assert found["2026-11", True] == {1: 2250.0}
    assert found["2026-11", False] == {1: 22000.0, 2: 24000.0, 3: 24000.0, 4: 24000.0, 5: 24000.0, "later": 26000.0}
    assert list(dict.fromkeys(date for date, _ in found)) == ["2026-11", "2027-01"]


def test_obligations_by_year_sum_to_the_table_of_obligations(plan):
    owed = dict(plan.obligations[["month", "usd"]].itertuples(index=False))
    sums = plan.ledgers["obligations_by_year"].groupby("as_of")["usd"].sum()
    assert dict(sums) == {date: owed[date] for date in MONTHS[:3]}


def test_lock_in_and_debt(plan):
    """After November: 3 months of 2,250 and 73 of 144,000, so (6,750 + 10,512,000) / 146,250; half of the debt."""
    months = (3 * 2250 + 73 * 144000) / 146250
    assert rows(plan, "lock_in")[0] == ("2026-11", 146250.0, pytest.approx(months))
    assert plan.kpis["lock_in_months"] == pytest.approx(months)
    assert plan.kpis["obligations_to_debt"] == pytest.approx(0.5)


def test_the_way_out_without_break_clauses_is_to_pay_what_is_owed(plan):
    found = {(month, offer): (way, usd) for month, offer, way, usd in rows(plan, "termination")}
    assert found["2026-11", "lease"] == ("pay all that is owed", 2250.0)
    assert found["2027-01", "site"] == ("pay all that is owed", 142000.0)
    assert ("2027-02", "lease") not in found


# --- effective and billed cost


def test_prepayment_and_signing_fee_are_spread_over_the_service(plan):
    lease = [row for row in rows(plan, "effective") if row[1] == "lease"]
    billed = [2150.0, 750.0, 750.0, 750.0]
    unused = [440.0, 440.0, 440.0, None]
    assert [row[0] for row in lease] == list(MONTHS)
    assert [row[2] for row in lease] == billed
    assert [row[3] for row in lease] == pytest.approx([1100.0] * 4)
    assert [row[4] for row in lease[:3]] == pytest.approx(unused[:3])
    assert lease[3][4] is None


def test_what_is_used_is_billed_as_used(plan):
    elastic = [row[:4] for row in rows(plan, "effective") if row[1] == "on-demand"]
    assert elastic == [("2026-11", "on-demand", 2880.0, 2880.0), ("2026-12", "on-demand", 2976.0, 2976.0)]
    assert ("2027-01", "site", 2000.0, 2000.0, pytest.approx(400.0)) in rows(plan, "effective")


def test_effective_savings_rate(plan):
    """22,080 accelerator-hours at 1 USD; actual 3 x 1,100 + 5,856 + 2,000 = 11,156."""
    assert plan.kpis["effective_savings_rate"] == pytest.approx((22080 - 11156) / 22080)
    assert plan.kpis["effective_savings_coverage"] == 1.0


def test_no_savings_rate_without_an_on_demand_price(tmp_path):
    """Spot is not on demand: nothing has an equivalent, and nothing is covered."""
    document = toy()
    document["offers"]["on-demand"]["elastic"]["market"] = "spot"
    plan = plan_of(document)
    assert plan.kpis["effective_savings_rate"] is None
    assert plan.kpis["effective_savings_coverage"] == 0.0
    plan.save(tmp_path / "spot.plan.json")
    shown = CliRunner().invoke(main, ["show", str(tmp_path / "spot.plan.json")]).stdout
    assert "no effective savings rate: no accelerator in use is also on offer on demand" in " ".join(shown.split())


def test_a_contract_in_force_draws_on_what_was_prepaid():
    """500 a month from September to December, half prepaid: 250 billed, 500 used up, 500 prepaid before November."""
    old = {"provider": "cloud", "region": "here", "accelerators": {"chip": 2.0}, "start": "2026-09", "source": "toy"}
    old["term"] = {"months": 4, "usd_per_month": 500.0, "prepay": 0.5, "signing_fee_usd": 70.0}
    plan = plan_of({**toy(), "signed": {"old": old}})
    assert [row[:4] for row in rows(plan, "effective") if row[1] == "old"] == [
        ("2026-11", "old", 250.0, 500.0),
        ("2026-12", "old", 250.0, 500.0),
    ]
    cloud = {row[0]: row[2] for row in rows(plan, "exposure") if row[1] == "cloud"}
    assert cloud["2026-11"] == pytest.approx(1050.0 + 250.0)
    assert cloud["2026-12"] == pytest.approx(700.0)


amounts = st.lists(st.floats(0, 1e9), min_size=3, max_size=3)


@given(billed=amounts, fees=amounts, delivered=amounts)
def test_effective_sums_to_billed(billed, fees, delivered):
    found = amortised(np.array(billed), np.array(fees), np.array(delivered))
    assert found.sum() == pytest.approx(sum(billed), rel=1e-9, abs=1e-3)


# --- exposure and cash


def test_exposure_by_group(plan):
    found = {row[:2]: row[2:] for row in rows(plan, "exposure")}
    assert found["2026-11", "cloud"] == (pytest.approx(1050.0), 2250.0, pytest.approx(0.01))
    assert found["2027-01", "cloud"] == (pytest.approx(350.0), 750.0, pytest.approx(0.01))
    assert found["2026-12", "g"] == (0.0, 144000.0, 0.0)
    assert found["2027-01", "g"] == (0.0, 142000.0, pytest.approx(0.005))


def test_concentration(plan):
    """0.03 and 0.005 MW-months; in the horizon 3,650 + 5,856 = 9,506 USD to `cloud` and 2,000 to `g`."""
    assert plan.kpis["herfindahl_mw"] == pytest.approx((0.03**2 + 0.005**2) / 0.035**2)
    assert plan.kpis["herfindahl_spend"] == pytest.approx((9506**2 + 2000**2) / 11506**2)


def test_balance(plan):
    """20,000 less 100 a month less 5,030, 3,726 and 2,750."""
    assert rows(plan, "balance") == [
        ("2026-11", 20000.0, -100.0, 5030.0, pytest.approx(14870.0), 500.0),
        ("2026-12", 0.0, -100.0, 3726.0, pytest.approx(11044.0), 500.0),
        ("2027-01", 0.0, -100.0, 2750.0, pytest.approx(8194.0), 500.0),
    ]


def test_no_balance_without_funding():
    assert rows(plan_of(toy(funding_usd={}, other_cash_usd={}, cash_min_usd=0.0)), "balance") == []


# --- the lease screen


def test_the_lease_screen_flags_the_whole_site(plan):
    flags = {row["offer"]: row["flag"] for row in plan.to_document()["ledgers"]["leases"]}
    reasons = {row["offer"]: row["reasons"] for row in plan.to_document()["ledgers"]["leases"]}
    assert flags == {"lease": False, "site": True}
    assert reasons["site"] == (
        "an identified asset: a whole cluster, at here; substantially all of what is on offer (1 of 1 block); "
        "the buyer directs what runs on it"
    )
    assert reasons["lease"].startswith("no identified asset: any such accelerators of cloud in here will do")
    assert "4 months: an exemption for short terms may apply" in reasons["lease"]
    assert "no accounting conclusion" in plan.to_document()["conventions"]["leases"]


def test_a_part_of_a_site_is_not_flagged():
    """Two of three blocks of 20 MW: an identified asset, but not substantially all of it."""
    lease = toys.lease(5.0, 1000.0, months=24, power_mw=20.0, blocks={"max": 3}, start={"latest": "2026-06"})
    found = planned(toys.problem(offers={"lease": lease}), {0: 2}, {}).to_document()["ledgers"]["leases"]
    assert [(row["flag"], "a part of what is on offer (2 of 3 blocks)" in row["reasons"]) for row in found] == [
        (False, True)
    ]


# --- the audit


def findings(document: dict) -> list[tuple[str, str]]:
    """Of the rules on ledgers; the toy's decisions break others (its objective is made up)."""
    found = audit_document(document).findings
    return [(entry.rule, entry.sentence) for entry in found if entry.rule in RULES]


def test_the_ledgers_pass_the_audit(plan):
    assert findings(plan.to_document()) == []
    checked = {rule.rule: rule.checked for rule in audit_document(plan.to_document()).rules}
    assert {rule for rule in RULES if not checked[rule]} == {"cash_is_cost"}, "that is for terms charged in full"


BROKEN = [
    ("obligations_by_year", 0, "usd", 751.0, "obligations_by_year_to_the_cent", "it is 750.00 USD"),
    ("obligations_by_year", 3, "commenced", True, "obligations_by_year_to_the_cent", "(2026-11, True, 3)"),
    ("lock_in", 0, "months", 70.0, "lock_in_follows", "prints 70 as months"),
    ("termination", 0, "usd", 0.0, "termination_to_the_cent", "it is 2,250.00 USD"),
    ("effective", 1, "billed_usd", 2149.0, "effective_to_the_cent", "it is 2,150.00 USD"),
    ("effective", 1, "effective_usd", 1000.0, "effective_to_the_cent", "sums to 4,300.00 USD"),
    ("effective", 1, "unused_usd", None, "effective_to_the_cent", "prints null as unused_usd"),
    ("exposure", 0, "prepaid_unused_usd", 0.0, "exposure_to_the_cent", "it is 1,050.00 USD"),
    ("exposure", 0, "power_mw", 1.0, "exposure_to_the_cent", "it is 0.01"),
    ("balance", 2, "balance_usd", 9000.0, "balance_to_the_cent", "it is 8,194.00 USD"),
]


def test_every_rule_on_ledgers_is_broken_by_some_plan():
    assert {case[4] for case in BROKEN} | {"cash_is_cost"} == set(RULES)


@pytest.mark.parametrize(("ledger", "row", "column", "value", "rule", "said"), BROKEN)
def test_a_wrong_figure_is_found(plan, ledger, row, column, value, rule, said):
    document = copy.deepcopy(plan.to_document())
    document["ledgers"][ledger][row][column] = value
    found = findings(document)
    assert {name for name, _ in found} == {rule}
    assert any(said.replace("2026-11", "'2026-11'") in sentence for _, sentence in found), found


@pytest.mark.parametrize(
    "figure",
    ["lock_in_months", "obligations_to_debt", "effective_savings_rate", "effective_savings_coverage", "herfindahl_mw",
     "herfindahl_spend"],
)  # fmt: skip
def test_a_wrong_key_figure_is_found(plan, figure):
    document = copy.deepcopy(plan.to_document())
    assert not any(figure in finding.sentence for finding in audit_document(document).findings)
    document["kpis"][figure] += 0.1
    assert any(figure in finding.sentence for finding in audit_document(document).findings)


def test_cash_is_cost_where_nothing_is_discounted():
    """3 x 750 + 1,400 and 750 after the horizon, 144,000: 148,400 of contracts; 5,856 on demand."""
    document = plan_of(toy(terminal="none")).to_document()
    assert {row["line"]: row["usd"] for row in document["cost"]}["contracts"] == pytest.approx(148400.0)
    assert findings(document) == []
    document["cost"][0]["usd"] += 1.0
    assert findings(document) == [
        ("cash_is_cost", "the cost of 'contracts' is 148,401.00 USD; its cash sums to 148,400.00 USD")
    ]


# --- on the screen


@pytest.mark.parametrize("columns", [72, 100])
def test_show_prints_the_ledgers(plan, tmp_path, columns):
    plan.save(tmp_path / "toy.plan.json")
    shown = CliRunner(env={"COLUMNS": str(columns)}).invoke(main, ["show", str(tmp_path / "toy.plan.json")])
    assert shown.exit_code == 0, shown.stderr
    page = shown.stdout
    later = r"24,000 +24,000 +24,000 +48,000" if columns == 100 else r"120,000"
    assert re.search(rf"2026-11 commenced +750 +1,500 [ -]+ 2,250\n +not commenced +- +24,000 +{later} +144,000", page)
    assert "the dollars owed: 72 after 2026-11, 71 after 2026-12, 71 after 2027-01. At their peak 50% of a debt" in (
        " ".join(page.split())
    )
    assert re.search(r"cloud +\$1,050 +2026-11 +\$2,250 +2026-11", page)
    assert "Least at the end of 2027-01: $8,194, with a minimum of $500." in " ".join(page.split())
    assert "A lease flag asks an accountant to look at the contract; it is no accounting conclusion." in " ".join(
        page.split()
    )
    assert max(map(len, page.splitlines())) <= columns


# --- plans of earlier versions


def test_a_plan_without_ledgers_still_loads(plan, tmp_path):
    document = {key: value for key, value in plan.to_document().items() if key != "ledgers"}
    Plan(document).save(tmp_path / "old.plan.json")
    old = load(tmp_path / "old.plan.json")
    assert old.ledgers["effective"].empty
    assert list(old.ledgers["effective"].columns) == ["month", "offer", "billed_usd", "effective_usd", "unused_usd"]
    assert findings(old.to_document()) == []


def test_a_ledger_of_the_wrong_form_is_refused(plan, tmp_path):
    document = copy.deepcopy(plan.to_document())
    del document["ledgers"]["balance"][1]["minimum_usd"]
    Plan(document).save(tmp_path / "bad.plan.json")
    with pytest.raises(PlanError, match=r"a row in `ledgers\.balance` without all of its columns: month, funding_usd"):
        load(tmp_path / "bad.plan.json")
