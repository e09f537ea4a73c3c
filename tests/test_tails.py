"""What is left of terms past the horizon, and whether the other rule for them signs something else.

The horizon is June 2026 (720 hours) unless a test says otherwise; July has 744. Ten chips on demand cost 7,200 in June.
A lease of two months at 2,500 is charged 2,500 pro rata; `market` charges 5,000 less the salvage fraction of ten chips
for 744 hours at the forward curve.
"""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

import offtake
from offtake.cli import main
from offtake.compile import compile_instance
from offtake.instance import from_document
from offtake.plan.decisions import Decisions, flows
from offtake.plan.tails import tails
from offtake.solve import Outcome, Progress, solve_model
from offtake.study.signings import signings
from offtake.study.terminal_rule import other_rule
from toys import lease, problem

HELD = {"provider": "cloud", "region": "here", "accelerators": {"chip": 10.0}, "source": "toy"}


def curve(usd_per_hour: float) -> dict:
    return {"chip": [{"month": "2026-06", "usd_per_accelerator_hour": usd_per_hour}]}


def salvaged(terminal: str, usd_per_hour: float, salvage: float = 0.5, **keys) -> dict:
    """Two months at 2,500 against one at 3,000."""
    offers = {"long": lease(10.0, 2500.0, months=2), "short": lease(10.0, 3000.0)}
    finance = {"terminal": terminal, "salvage_fraction": salvage}
    return problem(offers=offers, forward=curve(usd_per_hour), finance=finance, **keys)


def rows(document: dict, **blocks: int) -> list[dict]:
    """Tails of so many blocks of the deals of each right (`root` for those of their own)."""
    compiled = compile_instance(from_document(document))
    chosen = {
        (d, 0): blocks.get(deal.right or "root", 0)
        for d, deal in enumerate(compiled.problem.deals)
        if not deal.in_force and (deal.right or "root") in blocks
    }
    return tails(compiled, flows(compiled.problem, Decisions(chosen, {}, {}, {})))


def test_a_term_that_outlives_the_horizon_is_reported():
    """Two blocks of ten chips for June to August at 2,500: two months of them are left, 4 x 2,500 and 4 x 10 chips."""
    document = problem(offers={"lease": lease(10.0, 2500.0, months=3, blocks={"max": 2})})
    assert rows(document, root=2) == [
        {
            "offer": "lease",
            "right": "",
            "start": "2026-06",
            "months": 2,
            "accelerator_months": 40.0,
            "cash_usd": 10_000.0,
            "npv_usd": 10_000.0,
            "worth_npv_usd": None,
        }
    ]
    assert rows(document) == []


def test_the_tail_is_worth_its_share_of_the_curve():
    """Half of 0.2 USD for 7,440 chip-hours: 744. At 44 % a year July counts 1.44^(-1/12): both are divided by it."""
    document = salvaged("pro_rata", 0.2)
    (row,) = rows(document, root=1)
    assert (row["cash_usd"], row["npv_usd"], row["worth_npv_usd"]) == pytest.approx((2_500, 2_500, 744))
    document["finance"]["discounting"] = {"rate": 0.44}
    (row,) = rows(document, root=1)
    factor = 1.44 ** (-1 / 12)
    assert row["cash_usd"] == pytest.approx(2_500)
    assert (row["npv_usd"], row["worth_npv_usd"]) == pytest.approx((2_500 * factor, 744 * factor))


def test_what_is_broken_off_is_not_left():
    """Two blocks through August at 2,500, of which one is given notice in June for July, for a tenth of 5,000."""
    cancel = {"by": "buyer", "notice_months": 1, "fee_fraction": 0.1}
    terms = [{"months": 3, "usd_per_month": 2500.0, "cancel": cancel}]
    document = problem(offers={"lease": lease(10.0, terms=terms, blocks={"max": 2})})
    (row,) = rows(document, root=2, **{"break": 1})
    assert (row["months"], row["accelerator_months"], row["cash_usd"]) == (2, 20.0, pytest.approx(5_500))
    assert rows(document, root=2, **{"break": 2}) == []


def test_contracts_in_force_and_renewals_have_tails():
    """June's lease is renewed for July to September, and eight months of a contract end with August; the horizon with
    July.
    """
    held = {**HELD, "start": "2026-01", "term": {"months": 8, "usd_per_month": 1000.0}}
    renewed = lease(start={"latest": "2026-06"}, renewal={"months": 3, "usd_per_month": 2000.0})
    document = problem(months=2, offers={"lease": renewed}, signed={"old": held})
    old, renewal = rows(document, root=1, renewal=1)
    assert (old["offer"], old["right"], old["months"], old["cash_usd"]) == ("old", "", 1, 1_000.0)
    assert (renewal["offer"], renewal["right"], renewal["months"]) == ("lease", "renewal", 2)
    assert renewal["cash_usd"] == pytest.approx(4_000)


def compared(document: dict, gap: float = 0.0):
    return other_rule(offtake.solve(from_document(document), gap=gap))


def test_market_signs_the_short_term_where_nothing_is_left_of_the_long_one():
    """Pro rata signs the long one, 2,500 against 3,000. By market it costs 5,000 - 744 = 4,256."""
    found = compared(salvaged("pro_rata", 0.2))
    assert (found.rule, found.verdict) == ("market", "differently")
    assert (found.cost_usd, found.best_usd, found.best_here_usd) == pytest.approx((4_256, 3_000, 3_000))
    known = {"right": "", "term": 0, "start": "2026-06", "node": 0}
    assert found.deals == (
        {"offer": "long", "months": 2, **known, "blocks": 1, "other_blocks": 0},
        {"offer": "short", "months": 1, **known, "blocks": 0, "other_blocks": 1},
    )
    assert found.sentence == (
        "Terms that outlive the horizon are charged by pro_rata; market would sign differently, and save $1,256 by its "
        "measure. Blocks of long from 2026-06: 0, not 1; of short from 2026-06: 1, not 0."
    )


def test_deals_are_named_though_others_are_left_out_of_the_model():
    """A dearer term before the long one is never signed, so no model has it."""
    document = salvaged("pro_rata", 0.2)
    document["offers"]["long"]["terms"].insert(0, {"months": 2, "usd_per_month": 2600.0})
    rows = compared(document).deals
    assert [(row["offer"], row["term"], row["blocks"], row["other_blocks"]) for row in rows] == [
        ("long", 1, 1, 0),
        ("short", 0, 0, 1),
    ]


def test_pro_rata_signs_the_long_term():
    """The same from the other side: market signs the short one for 3,000, and the long one would cost it 4,256."""
    found = compared(salvaged("market", 0.2))
    assert (found.rule, found.verdict) == ("pro_rata", "differently")
    assert (found.cost_usd, found.best_usd, found.best_here_usd) == pytest.approx((3_000, 2_500, 4_256))


def test_the_rules_agree_where_much_is_left():
    """At 1 USD half of 7,440 is credited: 5,000 - 3,720 = 1,280 by market, 2,500 pro rata, both less than 3,000."""
    found = compared(salvaged("pro_rata", 1.0))
    assert (found.verdict, found.deals) == ("same", ())
    assert found.cost_usd == pytest.approx(1_280)
    assert found.sentence == (
        "Terms that outlive the horizon are charged by pro_rata; by market too this plan is the cheapest."
    )


def test_a_wide_gap_tells_nothing_apart():
    """4,256 against 3,000 is 30 %: within a gap of 40 %."""
    wide = compared(salvaged("pro_rata", 0.2), gap=0.4)
    assert (wide.verdict, wide.sentence.partition("; ")[2]) == (
        "same",
        "by market too this plan is within 40.00% of the cheapest.",
    )
    assert compared(salvaged("pro_rata", 0.2), gap=0.2).verdict == "differently"


def test_a_bound_that_is_too_low_decides_nothing(monkeypatch):
    """The plan found is this one, for 1,280, but none is proven to cost more than 640."""

    def loose(*args):
        outcome = solve_model(*args)
        return replace(outcome, bound=0.5 * outcome.bound)

    monkeypatch.setattr("offtake.engine.solve_model", loose)
    found = compared(salvaged("pro_rata", 1.0))
    assert (found.verdict, found.best_usd, found.deals) == ("undecided", pytest.approx(1_280), ())
    assert "was not decided in the time" in found.sentence


def test_the_search_ends_once_the_bound_says_the_same(monkeypatch):
    """A bound of 1,280 is what this plan costs by market: no plan is needed any more."""

    def stopped(model, limits, groups, progress, stop, *rest):
        if limits.time_limit_s is None:  # the plan itself
            return solve_model(model, limits, groups, progress, stop, *rest)
        assert (limits.time_limit_s, stop.is_set()) == (10.0, False)
        progress(Progress(seconds=0.1, incumbent=None, bound=1_280.0, gap=None, nodes=0, phase="proving"))
        assert stop.is_set()
        return Outcome("interrupted", None, 1_280.0, None, 0.1, 0, "", "interrupted")

    monkeypatch.setattr("offtake.engine.solve_model", stopped)
    found = compared(salvaged("pro_rata", 1.0))
    assert (found.verdict, found.best_usd, found.best_here_usd) == ("same", None, None)


def test_two_equal_futures_are_one():
    """As in one future; in both futures the deal is signed before they part."""
    scenarios = {name: {"probability": 0.5} for name in ("left", "right")}
    found = compared(salvaged("pro_rata", 0.2, uncertainty={"scenarios": scenarios}))
    assert (found.cost_usd, found.best_usd) == pytest.approx((4_256, 3_000))


def test_the_plan_of_one_of_several_futures_is_not_compared():
    """It is the best for all of them together: what another rule would sign in one alone says nothing about it."""
    scenarios = {"calm": {"probability": 0.5}, "boom": {"probability": 0.5, "demand": {"chat": 2.0}}}
    reveal = {"2026-06": [["calm"], ["boom"]]}
    document = salvaged("pro_rata", 0.2, uncertainty={"reveal": reveal, "scenarios": scenarios})
    plan = offtake.solve(from_document(document), gap=0.0)
    assert other_rule(plan) is not None
    assert other_rule(plan.futures["calm"]) is None


def test_a_break_is_called_one():
    """Two months at 3,000, from which one may go after June: by `market` July is worth less than its 3,000."""
    cancel = {"by": "buyer", "notice_months": 1}
    document = salvaged("pro_rata", 0.2)
    document["offers"]["long"]["terms"] = [{"months": 2, "usd_per_month": 3000.0, "cancel": cancel}]
    del document["offers"]["short"]
    found = compared(document)
    assert "Blocks of long (break) from 2026-07: 1, not 0." in found.sentence


@pytest.mark.parametrize(
    "change",
    [{"finance": {"terminal": "none"}}, {"finance": {}}, {"forward": {}, "finance": {"salvage_fraction": 0.5}}],
)
def test_there_is_nothing_to_compare_without_the_figures(change):
    assert compared({**salvaged("pro_rata", 0.2), **change}) is None


def test_there_is_nothing_to_compare_if_no_term_outlives_the_horizon():
    document = salvaged("pro_rata", 0.2)
    del document["offers"]["long"]
    assert compared(document) is None


def test_signings_are_found_again_by_what_they_follow():
    """Two blocks of five chips, on the second step of the tiers, and as many more in August, called in it. The option
    is listed before the lease, which begins a month after both are signed.
    """
    expansion = {"months": 2, "usd_per_month": 500.0, "premium_usd": 1.0, "exercise": {"until_months": 1}}
    tiers = {"kind": "all_units", "steps": [{"from_blocks": 1, "factor": 1.0}, {"from_blocks": 2, "factor": 0.9}]}
    start = {"lead_months": 1, "latest": "2026-07"}
    offer = lease(5.0, 500.0, months=3, expansion=expansion, start=start, tiers=tiers, blocks={"max": 2})
    document = problem(months=3, offers={"lease": offer})
    document["workloads"]["chat"]["demand"]["requests_per_s"] = {"2026-06": 10.0, "2026-07": 10.0, "2026-08": 20.0}
    instance = from_document(document)
    compiled = compile_instance(instance)
    table = offtake.solve(instance, gap=0.0).to_document()["deals"]
    found = signings(compiled, table)
    root, option, called = sorted(found)
    deals = compiled.problem.deals
    assert [deals[d].right for d, _ in (root, option, called)] == ["", "option", "expansion"]
    assert (deals[option[0]].parent, deals[called[0]].parent) == (root[0], option[0])
    assert (deals[root[0]].min_blocks, list(found.values())) == (2, [2, 2, 2])
    with pytest.raises(LookupError, match="the deal of lease from 2026-07 for 4 months is not on offer"):
        signings(compiled, [{**next(row for row in table if not row["right"]), "months": 4}])


def test_solve_warns_and_saves_what_the_other_rule_says(tmp_path):
    instance, plan = tmp_path / "toy.yaml", tmp_path / "toy.plan.json"
    instance.write_text(json.dumps(salvaged("pro_rata", 0.2)))
    result = CliRunner().invoke(main, ["solve", str(instance), "-o", str(plan), "--gap", "0"])
    assert result.exit_code == 0
    assert "warning: Terms that outlive the horizon are charged by pro_rata; market would sign" in result.stderr
    assert "long   2026-06       1            10   2,500    2,500    744" in result.stdout
    saved = offtake.Plan.load(plan)
    assert saved.to_document()["other_rule"]["verdict"] == "differently"
    assert list(saved.tails["worth_npv_usd"]) == [pytest.approx(744)]
    shown = CliRunner().invoke(main, ["show", str(plan)])
    assert "market would sign differently, and save $1,256 by its measure." in " ".join(shown.stdout.split())


def test_tails_of_several_futures_have_a_scenario():
    """Signed in June for July and August; if it is late, both of its months lie after the horizon of June and July."""
    scenarios = {"on-time": {"probability": 0.5}, "late": {"probability": 0.5, "delay_months": {"lease": 1}}}
    offer = lease(10.0, 2500.0, months=2, start={"lead_months": 1, "latest": "2026-07"})
    reveal = {"2026-07": [["on-time"], ["late"]]}
    document = problem(months=2, offers={"lease": offer}, uncertainty={"reveal": reveal, "scenarios": scenarios})
    plan = offtake.solve(from_document(document), gap=0.0)
    assert list(plan.tails["scenario"]) == ["on-time", "late"]
    assert list(plan.tails["accelerator_months"]) == [10.0, 20.0]
    assert list(plan.futures["late"].tails["months"]) == [2]


def test_nothing_is_told_where_the_dearest_futures_are_weighed():
    """The objective is no expected cost, and what the other rule charges is not added to it."""
    futures = {"scenarios": {"heads": {"probability": 0.5}, "tails": {"probability": 0.5}}}
    document = salvaged("market", 0.01, uncertainty=futures)
    assert other_rule(offtake.solve(from_document(document), gap=0.0)) is not None
    document["policy"] = {"risk": {"cvar_level": 0.5, "weight": 1.0}}
    assert other_rule(offtake.solve(from_document(document), gap=0.0)) is None
