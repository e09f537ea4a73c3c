"""Plans with options, break clauses, subletting and tails, derived by hand: rows, cash, cost and ledgers that agree.

June to November 2026 have 720, 744, 744, 720, 744 and 720 hours; December and January 744.
"""

import re

import pytest
from click.testing import CliRunner

import offtake
import toys
from offtake.cli import main
from offtake.compile import Compiled, compile_instance
from offtake.instance import from_document
from offtake.plan import KPI_DEFINITIONS, Decisions, Plan, make_plan
from offtake.solve import Limits, Outcome

OUTCOME = Outcome("optimal", 0.0, 0.0, 0.0, 0.25, 1, "1.2.3", "proven")
JUNE = {"latest": "2026-06"}
FORWARD = {"chip": [{"month": "2026-06", "usd_per_accelerator_hour": 0.5}]}
NOTICE = ("give notice", "pay all that is owed")


def planned(document: dict, blocks: dict, serve: dict | None = None, **more: dict) -> Plan:
    """The plan of decisions made by hand: blocks by (offer, right, start), chips on `chat` by (pool, period)."""
    compiled = compile_instance(from_document(document))
    decisions = Decisions(
        blocks={(_deal(compiled, *key), 0): count for key, count in blocks.items()},
        serve={(pool, "chat", t, 0, 0): amount for (pool, t), amount in (serve or {}).items()},
        unserved={},
        beyond={
            (_deal(compiled, *key), pool, t, 0): hours for (*key, pool, t), hours in more.get("beyond", {}).items()
        },
        sublet={(pool, t, 0): chips for (pool, t), chips in more.get("sublet", {}).items()},
    )
    return make_plan(compiled, decisions, OUTCOME, Limits())


def _deal(compiled: Compiled, offer: str, right: str, start: str) -> int:
    return next(
        d
        for d, column in enumerate(compiled.columns)
        if (column.offer, column.right, str(column.start)) == (offer, right, start)
    )


def one_scenario(**effects: dict) -> dict:
    return {"scenarios": {"this": {"probability": 1.0, **effects}}}


def term_of(offer: dict, **keys: object) -> dict:
    """The offer with further keys of its term."""
    return {**offer, "terms": [{**offer["terms"][0], **keys}]}


def rows(plan: Plan, *columns: str) -> list[tuple]:
    return [tuple(row[column] for column in columns) for row in plan.to_document()["deals"]]


def cash(plan: Plan) -> dict[tuple[str, str], float]:
    """By line and month."""
    return {(row["line"], row["month"]): row["usd"] for row in plan.to_document()["cash"]}


def lines(plan: Plan) -> dict[str, float]:
    return {row["line"]: row["usd"] for row in plan.to_document()["cost"] if row["usd"]}


def ledger(plan: Plan, name: str, *columns: str) -> list[tuple]:
    return [tuple(row[column] for column in columns) for row in plan.to_document()["ledgers"][name]]


def reasons(plan: Plan) -> dict[str, str]:
    return dict(zip(plan.offers["offer"], plan.offers["reason"], strict=True))


# --- breaks

CLAUSE = {"by": "buyer", "after_months": 2, "notice_months": 1, "fee_fraction": 0.1}


def broken(**finance: object) -> Plan:
    """Three blocks of ten chips at 2,000 for six months, a quarter prepaid, 600 for signing. Notice for one of them in
    September: from October on it owes nothing but a tenth of its last two bills of 1,500."""
    offer = term_of(
        toys.lease(10.0, 2000.0, months=6, prepay=0.25, signing_fee_usd=600.0, start=JUNE, blocks={"max": 3}),
        cancel=CLAUSE,
    )
    document = toys.problem(months=6, demand={"requests_per_s": 20.0}, offers={"lease": offer}, finance=finance)
    blocks = {("lease", "", "2026-06"): 3, ("lease", "break", "2026-10"): 1}
    return planned(document, blocks, {("lease/chip", t): 20.0 for t in range(6)})


def test_a_break_is_a_row_that_takes_away():
    """Less by two bills, 3,000, and more by a fee of 300; the 1,000 that was prepaid for those months stays paid."""
    plan = broken()
    columns = "right", "follows", "start", "signing", "months", "blocks", "accelerators", "power_mw", "cash_usd"
    assert rows(plan, *columns) == [
        ("", None, "2026-06", "2026-06", 6, 3, 30.0, pytest.approx(0.03), 36600.0),
        ("break", 0, "2026-10", "2026-09", 2, 1, -10.0, pytest.approx(-0.01), -2700.0),
    ]
    assert [row["npv_usd"] for row in plan.to_document()["deals"]] == [36600.0, -2700.0]
    assert lines(plan) == {"contracts": 33900.0}
    assert list(plan.capacity["held"]) == [30.0, 30.0, 30.0, 30.0, 20.0, 20.0]
    assert plan.kpis["power_mw_peak"] == pytest.approx(0.03)


def test_cash_of_a_break_stands_in_the_lines_that_it_changes():
    paid = cash(broken())
    assert paid["fees", "2026-09"] == 4500.0
    assert paid["fees", "2026-10"] == paid["fees", "2026-11"] == 3000.0
    assert paid["break_fees", "2026-10"] == 300.0
    assert sum(paid.values()) == 33900.0


OWED = [10350.0, 5850.0, 5400.0, 3600.0, 3000.0]
"""Per block: after June, notice in August ends it in September: two bills and a tenth of three, 3,450 instead of 7,500;
after July 1,950; after August, at once: 1,500 + 300. After September the fee of 300, and for each of the others
1,500 + 150. After October no notice ends them earlier: 1,500 each."""


def test_what_a_break_clause_leaves_owed():
    plan = broken()
    assert list(plan.obligations["usd"])[:5] == pytest.approx(OWED)
    ways = [NOTICE[0]] * 4 + [NOTICE[1]]
    assert [way for (way,) in ledger(plan, "termination", "way")] == ways
    assert [usd for (usd,) in ledger(plan, "termination", "usd")] == pytest.approx(OWED)
    assert [usd for (usd,) in ledger(plan, "exposure", "owed_usd")][:5] == pytest.approx(OWED)


def test_lock_in_ends_with_the_earliest_notice():
    """After June two months; after September one for those that run on (3,300 of 3,600), none for what is broken off.
    By fiscal year of payment: all in the year that begins in October but the bills of July to September."""
    plan = broken(fiscal_year_start=10)
    assert ledger(plan, "lock_in", "as_of", "months") == [
        ("2026-06", pytest.approx(2.0)),
        ("2026-09", pytest.approx(3300 / 3600)),
    ]
    assert ledger(plan, "obligations_by_year", "as_of", "year", "usd") == [
        ("2026-06", 1, pytest.approx(10350.0)),
        ("2026-09", 1, pytest.approx(3600.0)),
    ]


def test_what_is_prepaid_and_lost_is_a_cost_of_the_month():
    """Signing costs 100 a month. October: two blocks, 1,000 lost and the fee of 300. After June 2,500 are paid ahead
    for each block, and 500 of the signing fee."""
    plan = broken()
    assert [usd for (usd,) in ledger(plan, "effective", "effective_usd")] == pytest.approx(
        [6100.0, 6100.0, 6100.0, 6100.0, 5400.0, 4100.0]
    )
    assert ledger(plan, "exposure", "prepaid_unused_usd")[0] == (pytest.approx(8000.0),)


def in_force() -> Plan:
    """Two blocks of five chips at 1,500 from January to October; one ends with July, a fifth of its last three bills is
    due; the other goes on for three months at nine tenths."""
    contract = {
        "provider": "cloud",
        "region": "here",
        "accelerators": {"chip": 5.0},
        "blocks": 2,
        "start": "2026-01",
        "term": {"months": 10, "usd_per_month": 1500.0, "cancel": {**CLAUSE, "fee_fraction": 0.2}},
        "renewal": {"months": 3, "factor": 0.9},
        "source": "toy",
    }
    serve = {("old/chip", t): 10.0 if t < 2 else 5.0 for t in range(8)}
    blocks = {("old", "break", "2026-08"): 1, ("old", "renewal", "2026-11"): 1}
    return planned(toys.problem(months=8, signed={"old": contract}), blocks, serve)


def test_what_follows_a_contract_in_force_names_it():
    """Three bills less, 4,500, for a fee of 900: it saves 3,600. The contract itself is sunk and stays what it was."""
    plan = in_force()
    assert rows(plan, "offer", "right", "follows", "provider", "cash_usd") == [
        ("old", "break", "old", "cloud", -3600.0),
        ("old", "renewal", "old", "cloud", 4050.0),
    ]
    assert lines(plan) == {"contracts": 450.0}
    paid = cash(plan)
    assert paid["in_force", "2026-09"] == 3000.0
    assert paid["fees", "2026-09"] == -1500.0
    assert paid["break_fees", "2026-08"] == 900.0
    assert paid["fees", "2026-12"] == 1350.0
    effective = ledger(plan, "effective", "billed_usd", "effective_usd")
    assert effective[:4] == [(3000.0, 3000.0), (3000.0, 3000.0), (2400.0, 2400.0), (1500.0, 1500.0)]


# --- renewals, options and expansions


def test_what_follows_stands_below_what_it_follows():
    """July's lease comes after the renewals of June's; use beyond take-or-pay names its row."""
    first = toys.lease(5.0, 2000.0, months=2, start=JUNE, renewal={"months": 1, "times": 2, "factor": 1.1})
    other = toys.lease(5.0, None, usd_per_accelerator_hour=1.0, take_or_pay=0.5, start={"earliest": "2026-07"})
    blocks = {
        ("lease", "", "2026-06"): 1,
        ("other", "", "2026-07"): 1,
        ("lease", "renewal", "2026-08"): 1,
        ("lease", "renewal", "2026-09"): 1,
    }
    plan = planned(
        toys.problem(months=4, offers={"lease": first, "other": other}),
        blocks,
        {("other/chip", 1): 5.0},
        beyond={("other", "", "2026-07", "other/chip", 1): 1860.0},
    )
    assert rows(plan, "offer", "right", "follows", "start", "cash_usd") == [
        ("lease", "", None, "2026-06", 4000.0),
        ("lease", "renewal", 0, "2026-08", pytest.approx(2200.0)),
        ("lease", "renewal", 1, "2026-09", pytest.approx(2420.0)),
        ("other", "", None, "2026-07", pytest.approx(1860.0)),
    ]
    assert plan.to_document()["decisions"]["beyond"] == [[3, "other/chip", 1, 0, 1860.0]]
    assert reasons(plan)["lease"].startswith(
        "1 block (5 chip) for 2 months from 2026-06 and 1 block renewed for 1 month from each of 2026-08 and 2026-09: "
    )
    flags = [row["reasons"] for row in plan.to_document()["ledgers"]["leases"]]
    assert flags[0].endswith("it may be renewed by 1 month: that counts if it is reasonably certain")
    assert flags[1].endswith("a renewal: it counts toward the term of what it renews")


def expanded() -> Plan:
    """Ten chips at 2,000 for four months, and an option on as many more for 50, called in June for two months from July
    on at 1.2 times the price."""
    right = {"months": 2, "premium_usd": 50.0, "lead_months": 1, "factor": 1.2, "exercise": {"until_months": 1}}
    offer = toys.lease(10.0, 2000.0, months=4, start=JUNE, expansion=right)
    blocks = {
        ("lease", "", "2026-06"): 1,
        ("lease", "option", "2026-06"): 1,
        ("lease", "expansion", "2026-07"): 1,
    }
    serve = {("lease/chip", t): chips for t, chips in enumerate((10.0, 20.0, 20.0, 10.0))}
    return planned(toys.problem(months=4, offers={"lease": offer}), blocks, serve)


def test_an_option_is_a_row_without_capacity():
    columns = "right", "follows", "start", "signing", "months", "blocks", "accelerators", "power_mw", "cash_usd"
    assert rows(expanded(), *columns) == [
        ("", None, "2026-06", "2026-06", 4, 1, 10.0, 0.01, 8000.0),
        ("option", 0, "2026-06", "2026-06", 0, 1, 0.0, 0.0, 50.0),
        ("expansion", 1, "2026-07", "2026-06", 2, 1, 10.0, 0.01, 4800.0),
    ]


def test_a_premium_is_a_cost_of_its_month_and_never_idle_capacity():
    """June bills 2,000 and the premium; July and August 2,000 and 2,400. On demand it would cost 10 x 720 +
    20 x 1,488 + 10 x 720 = 44,160; it costs 12,850 in all."""
    plan = expanded()
    assert cash(plan)["premiums", "2026-06"] == 50.0
    assert lines(plan) == {"contracts": pytest.approx(12850.0)}
    effective = ledger(plan, "effective", "billed_usd", "effective_usd", "unused_usd")
    assert effective[:2] == [(2050.0, 2050.0, 0.0), (pytest.approx(4400.0), pytest.approx(4400.0), 0.0)]
    assert list(plan.obligations["usd"])[:2] == pytest.approx([10800.0, 6400.0])
    assert plan.kpis["effective_savings_rate"] == pytest.approx((44160 - 12850) / 44160)
    assert ledger(plan, "leases", "deal") == [(0,), (2,)], "an option is no lease"


# --- subletting, tails and forward prices


def test_what_is_let_is_income_and_not_idle():
    """June needs ten chips and July five; the others bring 0.25 USD an hour, 5 x 744 x 0.25 = 930. On demand what is
    used would cost 7,200 + 3,720."""
    offer = toys.lease(10.0, 2000.0, months=2, start=JUNE, sublease={"fraction": 0.5, "max_accelerators": 8.0})
    plan = planned(
        toys.problem(months=2, offers={"lease": offer}, forward=FORWARD),
        {("lease", "", "2026-06"): 1},
        {("lease/chip", 0): 10.0, ("lease/chip", 1): 5.0},
        sublet={("lease/chip", 1): 5.0},
    )
    assert [row["let"] for row in plan.to_document()["capacity"]] == [0.0, 5.0]
    assert list(plan.capacity["used_mean"]) == [10.0, 5.0]
    assert cash(plan)["sublease", "2026-07"] == pytest.approx(-930.0)
    assert lines(plan) == {"contracts": 4000.0, "sublease": pytest.approx(-930.0)}
    assert plan.kpis["sublease_income_usd"] == pytest.approx(930.0)
    assert plan.kpis["tail_value_usd"] is None
    assert ledger(plan, "effective", "billed_usd", "unused_usd")[1] == (pytest.approx(1070.0), 0.0)
    assert plan.kpis["effective_savings_rate"] == pytest.approx((10920 - 3070) / 10920)
    assert plan.kpis["usd_per_million_tokens_by_workload"]["chat"] == pytest.approx(plan.kpis["usd_per_million_tokens"])
    assert plan.to_document()["decisions"]["sublet"] == [["lease/chip", 1, 0, 5.0]]


def test_a_tail_stands_apart_from_the_contract():
    """1.1 times 0.50 USD an hour for 4,392 hours: 24,156; September to November are worth 0.25 x 10 x 2,184 = 5,460."""
    offer = term_of(toys.lease(10.0, None, months=6, start=JUNE), forward_factor=1.1)
    finance = {"terminal": "market", "salvage_fraction": 0.5}
    plan = planned(
        toys.problem(months=3, offers={"lease": offer}, forward=FORWARD, finance=finance),
        {("lease", "", "2026-06"): 1},
        {("lease/chip", t): 10.0 for t in range(3)},
    )
    assert lines(plan) == {"contracts": pytest.approx(24156.0), "tail_value": pytest.approx(-5460.0)}
    assert plan.kpis["cost_usd"] == pytest.approx(18696.0)
    assert plan.kpis["tail_value_usd"] == pytest.approx(5460.0)
    assert plan.kpis["sublease_income_usd"] is None
    assert plan.deals.loc[0, "npv_usd"] == pytest.approx(18696.0)


# --- what a future does to a contract


def ended(effects: dict, **keys: object) -> Plan:
    """Ten chips at 2,000 for six months, half prepaid, with a deposit of 300."""
    offer = term_of(toys.lease(10.0, 2000.0, months=6, prepay=0.5, deposit_usd=300.0, start=JUNE), **keys)
    document = toys.problem(months=6, offers={"lease": offer}, uncertainty=one_scenario(**effects))
    return planned(document, {("lease", "", "2026-06"): 1}, {("lease/chip", t): 10.0 for t in range(1, 4)})


def test_a_lost_contract_costs_what_was_paid_ahead():
    """A month late, and lost with September: three months are served; 3,000 prepaid and the deposit are lost. After
    June all six bills of 1,000 are owed, since nobody knows who fails."""
    plan = ended({"lose": {"lease": "2026-10"}, "delay_months": {"lease": 1}})
    assert rows(plan, "start", "months", "cash_usd") == [("2026-06", 6, 9300.0)], "as it is written"
    assert ledger(plan, "effective", "month", "billed_usd", "effective_usd", "unused_usd") == [
        ("2026-06", 6300.0, 0.0, 0.0),
        ("2026-07", 1000.0, 2000.0, 0.0),
        ("2026-08", 1000.0, 2000.0, 0.0),
        ("2026-09", 1000.0, 2000.0, 0.0),
        ("2026-10", 0.0, 3300.0, 3300.0),
    ]
    paid_ahead = [usd for (usd,) in ledger(plan, "exposure", "prepaid_unused_usd")]
    assert paid_ahead == [6300.0, 5300.0, 4300.0, 3300.0]
    assert ledger(plan, "obligations_by_year", "as_of", "commenced", "usd") == [("2026-06", False, 6000.0)]
    assert (
        "Its seller fails in this future: nothing is delivered, and nothing can be signed, from 2026-10 on."
        in (reasons(plan)["lease"])
    )


def test_a_contract_lost_before_it_begins_costs_its_prepayment_then():
    """Due in August, lost in July: 6,000 and the deposit, in July."""
    offer = toys.lease(10.0, 2000.0, months=6, prepay=0.5, deposit_usd=300.0, start={"lead_months": 2, **AUGUST})
    document = toys.problem(months=4, offers={"lease": offer}, uncertainty=one_scenario(lose={"lease": "2026-07"}))
    plan = planned(document, {("lease", "", "2026-08"): 1})
    assert ledger(plan, "effective", "month", "billed_usd", "effective_usd", "unused_usd") == [
        ("2026-06", 6300.0, 0.0, 0.0),
        ("2026-07", 0.0, 6300.0, 6300.0),
    ]


AUGUST = {"earliest": "2026-08", "latest": "2026-08"}


def test_a_recalled_contract_gives_back_what_is_not_used():
    """Notice in September ends it with that month: 2,000 and the deposit come back in October, and a quarter of the two
    bills left, 500. What comes in is owed to nobody, and until the notice all bills to November are owed."""
    clause = {"by": "seller", "notice_months": 1, "fee_fraction": 0.25}
    plan = ended({"recall": {"lease": "2026-09"}}, cancel=clause)
    paid = cash(plan)
    assert (paid["prepayments", "2026-10"], paid["break_fees", "2026-10"], paid["deposits", "2026-10"]) == (
        -2000.0,
        -500.0,
        -300.0,
    )
    assert list(plan.obligations["usd"]) == [5000.0, 4000.0, 3000.0, 0.0]
    assert [usd for (usd,) in ledger(plan, "effective", "effective_usd")] == [2000.0] * 4 + [-500.0]
    assert "Its seller withdraws it in 2026-09 in this future" in reasons(plan)["lease"]


def test_the_fee_for_leaving_is_a_share_of_what_was_agreed():
    """Lost with September, which nobody knows in June: then notice in July costs 1,000 and a quarter of the four bills
    to November, 2,000; after July 1,000 and a quarter of three, and so on until it is lost."""
    clause = {"by": "either", "notice_months": 1, "fee_fraction": 0.25}
    plan = ended({"lose": {"lease": "2026-10"}}, cancel=clause)
    assert list(plan.obligations["usd"]) == [2000.0, 1750.0, 1500.0, 1250.0, 0.0]
    assert ledger(plan, "obligations_by_year", "as_of", "usd") == [("2026-06", 2000.0)]
    assert [way for (way,) in ledger(plan, "termination", "way")] == [NOTICE[0]] * 4


def test_an_offer_that_is_lost_at_once_cannot_be_signed():
    offer = toys.lease(10.0, 9000.0, start={"earliest": "2026-07", "lead_months": 0})
    document = toys.problem(months=2, offers={"lease": offer}, uncertainty=one_scenario(lose={"lease": "2026-07"}))
    plan = planned(document, {}, {("on-demand/chip", t): 10.0 for t in (0, 1)})
    assert reasons(plan)["lease"].startswith(
        "It can be signed in no month of this future. Its seller fails in this future: "
    )


# --- reasons and figures


def test_reasons_look_at_what_can_be_signed_alone():
    """A renewal at a hundredth of the price is not for sale without its lease: that costs 9,000 and replaces 7,200."""
    offer = toys.lease(10.0, 9000.0, start=JUNE, renewal={"months": 1, "factor": 0.01})
    plan = planned(toys.problem(months=2, offers={"lease": offer}), {}, {("on-demand/chip", t): 10.0 for t in (0, 1)})
    assert "1 block from 2026-06 for 1 month would cost $9,000 and replace use worth $7,200." in reasons(plan)["lease"]
    assert "At best use it costs $0.316 per million tokens" in reasons(plan)["lease"]


def test_the_largest_provider_by_power_counts_what_is_in_service():
    """Three of thirty chips beside ten in June: ten thirteenths; from July on thirty beside ten."""
    right = {**toys.lease(30.0, 1000.0, months=2, start=JUNE, ramp=[0.1]), "provider": "other"}
    offers = {"left": toys.lease(10.0, 1000.0, months=2, start=JUNE), "right": right}
    providers = {"cloud": {"kind": "neocloud"}, "other": {"kind": "neocloud"}}
    document = toys.problem(months=2, offers=offers, providers=providers)
    plan = planned(document, {("left", "", "2026-06"): 1, ("right", "", "2026-06"): 1})
    assert plan.kpis["largest_provider_share_mw"] == pytest.approx(10 / 13)
    assert (plan.kpis["largest_provider_mw"], plan.kpis["largest_provider_mw_month"]) == ("cloud", "2026-06")


def test_what_is_expected_over_futures_adds_up():
    names = [name for name, definition in KPI_DEFINITIONS.items() if definition.expected]
    assert {KPI_DEFINITIONS[name].unit for name in names} == {"USD", "tonnes"}
    assert "peak_obligations_usd" not in names, "peaks fall in different months"


# --- on the screen


def page(plan: Plan, path, columns: int = 100) -> str:
    plan.save(path / "toy.plan.json")
    shown = CliRunner(env={"COLUMNS": str(columns)}).invoke(main, ["show", str(path / "toy.plan.json")])
    assert shown.exit_code == 0, shown.stderr
    assert max(map(len, shown.stdout.splitlines())) <= columns
    return shown.stdout


def test_show_says_what_follows_under_its_deal(tmp_path):
    said = page(broken(), tmp_path)
    assert re.search(r"\n  1 block broken off from 2026-10, notice in +2026-09 +2026-10 +2 +1 +-10 +-\$2,700", said)
    assert "may be left after 2 months 1 month after the notice for 10% of the fees left" in " ".join(said.split())
    assert re.search(r"fees for leaving +300 +300", said)
    assert "months to the end of each term (to the earliest by notice, and what that takes, where it is cheaper)" in (
        " ".join(said.split())
    )


def test_show_groups_what_follows_a_contract_in_force(tmp_path):
    said = page(in_force(), tmp_path, columns=110)
    assert re.search(r"\nold *\nin force *\n  1 block broken off", said)
    assert "\n  renewed from 2026-11 for 3 months, 0.9x the last" in said


def test_show_says_options_and_what_is_called(tmp_path):
    said = page(expanded(), tmp_path, columns=110)
    assert re.search(r"\n  option on 1 block more, \$50 a block +2026-06 +2026-06 +1 +\$50", said)
    assert "\n    1 block more from 2026-07 for 2 months, 1.2x the last" in said
    assert re.search(r"option premiums +50 +50", said)


def test_show_says_that_a_delivery_is_late(tmp_path):
    said = page(ended({"delay_months": {"cloud": {"2026-06": 2}}}), tmp_path)
    assert "50% prepaid, $300 deposit, delivered 2 months late" in " ".join(said.split())


def test_show_says_what_is_let(tmp_path):
    offer = term_of(toys.lease(10.0, None, months=2, start=JUNE), forward_factor=1.5)
    offer["sublease"] = {"fraction": 0.5, "max_accelerators": 8.0}
    plan = planned(
        toys.problem(months=2, offers={"lease": offer}, forward=FORWARD),
        {("lease", "", "2026-06"): 1},
        {("lease/chip", 0): 10.0, ("lease/chip", 1): 5.0},
        sublet={("lease/chip", 1): 5.0},
    )
    said = page(plan, tmp_path)
    assert "cloud: 1.5x forward, may be let at 0.5x forward" in said
    assert re.search(r"of them let to others +- +5\n", said)
    assert re.search(r"income from subletting +-930 +-930", said)
    assert re.search(r"Income from subletting +\$930", said)


def test_show_reads_plans_from_before_options(tmp_path):
    """Their deals have neither rights nor parents, and their capacity is not let."""
    document = in_force().to_document()
    late = ("right", "follows", "let")
    for table in ("deals", "capacity"):
        document[table] = [{key: value for key, value in row.items() if key not in late} for row in document[table]]
    assert "accelerators in all" in page(Plan(document), tmp_path)


def parted() -> Plan:
    """Ten chips for June and July at 300 a month; if it booms, ten more for July at 400."""
    scenarios = {"calm": {"probability": 0.75}, "boom": {"probability": 0.25, "demand": {"chat": 2.0}}}
    offers = {"lease": toys.lease(10.0, 300.0, months=2, start=JUNE), "more": toys.lease(10.0, 400.0)}
    tree = {"reveal": {"2026-07": [["calm"], ["boom"]]}, "scenarios": scenarios}
    return offtake.solve(from_document(toys.problem(months=2, offers=offers, uncertainty=tree)), gap=0.0)


def test_fees_of_several_futures_are_expected(tmp_path):
    """600 in both, and 400 in one of four: 700."""
    assert "$700 expected in all" in " ".join(page(parted(), tmp_path).split())


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document["deals"][1].update(follows=99),
        lambda document: document["futures"].update(never={}),
        lambda document: document.update(futures=None),
    ],
)
def test_a_future_that_cannot_be_read_is_a_sentence(tmp_path, change):
    document = parted().to_document()
    change(document)
    Plan(document).save(tmp_path / "toy.plan.json")
    shown = CliRunner().invoke(main, ["show", str(tmp_path / "toy.plan.json"), "--scenario", "boom"])
    assert shown.exit_code == 3
    assert shown.stderr.startswith("error: the plan holds a value that it cannot hold")


def test_an_audit_says_how_it_ended_and_not_how_it_was_saved(tmp_path):
    """The plan of one future was never audited on its own."""
    parted().futures["boom"].save(tmp_path / "boom.plan.json")
    audited = CliRunner().invoke(main, ["audit", str(tmp_path / "boom.plan.json")])
    assert "boom.plan.json: passed: " in audited.stderr
