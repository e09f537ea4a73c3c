"""One assumption at a time, against the prices and demands of `instances/quickstart.yaml` in the head.

Today: one block of each lease and on demand, 1,368,000 USD; with a blocks of lease-now and b of lease-late as there.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

import offtake
from offtake.cli import main
from offtake.instance import from_document, to_document, with_settings
from offtake.solve import solve_model
from offtake.study import swings
from offtake.study.bad_question import BadQuestion
from offtake.study.sensitivity import sensitivity
from toys import document, lease, problem

QUICKSTART = Path(__file__).resolve().parent.parent / "instances" / "quickstart.yaml"


@pytest.fixture(scope="module")
def tornado():
    return sensitivity(offtake.load(QUICKSTART), gap=0.0)


def world(study, words: str):
    return next(each for each in study.worlds if each.words == words)


def test_prices_move_the_cost_and_not_the_plan(tornado):
    """All prices 20 % down or up: so is the cost, and nothing else changes."""
    for words, factor in (("price -20%", 0.8), ("price +20%", 1.2)):
        at = world(tornado, words)
        assert (at.verdict, at.changed) == ("stand", ())
        assert (at.bound_usd, at.cost_usd, at.kept_usd) == pytest.approx((factor * 1_368_000,) * 3)


def test_more_demand_flips_the_plan(tornado):
    """115.2 accelerators, then 172.8. Today's blocks: 600,000 + 51.2 x 11,040 + 240,000 + 44.8 x 10,920 = 1,894,464. A
    second block of lease-now: 1,440,000."""
    at = world(tornado, "demand +20%")
    assert (at.verdict, at.changed) == ("flip", ("lease-now: 2 blocks, not 1",))
    assert (at.cost_usd, at.kept_usd) == pytest.approx((1_440_000, 1_894_464))
    assert (at.regret_low_usd, at.regret_high_usd) == pytest.approx((454_464, 454_464))


def test_slower_accelerators_are_more_accelerators(tornado):
    """96 / 0.8 = 120 and 180: today's blocks and 56 and 52 on demand, 2,026,080; (2, 1) has 128 and 192: 1,440,000."""
    at = world(tornado, "throughput -20%")
    assert (at.cost_usd, at.kept_usd) == pytest.approx((1_440_000, 2_026_080))


def test_a_late_delivery_is_paid_on_demand(tornado):
    """lease-now from August on, 4 of its 6 months inside: two blocks 800,000, 96 on demand until then 702,720, 16 from
    September on 174,720. lease-late begins in November: one month of 80,000, when it is worth 64 x 3,600."""
    at = world(tornado, "delivery 2 months late")
    assert at.cost_usd == pytest.approx(1_677_440)
    assert at.changed == ("lease-now: 2 blocks, not 1", "lease-late dropped")
    assert at.verdict == "flip"


def test_what_moves_the_cost_most_comes_first(tornado):
    assert tornado.tornado[0] == "price"
    assert tornado.spread_usd("price") == pytest.approx(0.4 * 1_368_000)
    assert [each.words for each in tornado.worlds if each.at[0][0] == "discount"] == ["discount +2 points"]
    assert tornado.swings["cost_usd"].max() == pytest.approx(1_677_440)


def test_the_same_answers_from_an_executor():
    """Threads here, as Dask's executor would: the same worlds in the same order."""
    with ThreadPoolExecutor(2) as executor:
        study = sensitivity(offtake.load(QUICKSTART), {"demand": 0.2}, gap=0.0, executor=executor)
    assert world(study, "demand +20%").cost_usd == pytest.approx(1_440_000)
    assert [each.words for each in study.worlds][:2] == ["price -20%", "price +20%"]


def test_two_processes_find_the_same(tornado):
    study = sensitivity(offtake.load(QUICKSTART), gap=0.0, jobs=2)
    assert [each.cost_usd for each in study.worlds] == pytest.approx([each.cost_usd for each in tornado.worlds])


def test_a_grid_shows_where_the_plan_flips():
    """(2, 0) costs 6,720 more than (1, 1), which is 1.12 % of lease-now: at 10 % less (2, 0) costs 1,254,720 and (1, 1)
    1,308,000. With 10 % less demand, 86.4 and 129.6, (1, 1) costs 540,000 + 247,296 + 240,000 + 17,472 = 1,044,768, and
    (2, 0) 1,080,000 and 17,472."""
    study = sensitivity(offtake.load(QUICKSTART), grid=("price:lease-now", "demand"), gap=0.0)
    assert len(study.worlds) == 25
    cheap = world(study, "price:lease-now -10%, demand +0%")
    assert cheap.verdict == "flip"
    assert (cheap.cost_usd, cheap.kept_usd) == pytest.approx((1_254_720, 1_308_000))
    assert world(study, "price:lease-now -10%, demand -10%").cost_usd == pytest.approx(1_044_768)
    assert world(study, "price:lease-now +0%, demand +0%").verdict == "stand"


def test_signings_that_break_a_rule_there_are_no_plan():
    """A budget of 5,000 holds the lease at 5,000 and not at 6,000; five chips on demand, 3,600, do."""
    offers = {"lease": lease(10.0, 5000.0, free=False)}
    stated = problem(offers=offers, finance={"budget_usd": {"2026": 5000.0}})
    stated["workloads"]["chat"]["unserved_usd_per_request"] = 1.0
    study = sensitivity(from_document(stated), {"price": 0.2}, gap=0.0)
    dear = world(study, "price +20%")
    assert (dear.verdict, dear.kept_usd, dear.regret_high_usd) == ("flip", None, None)
    assert dear.changed == ("lease dropped",)


def test_loose_bounds_leave_it_open(monkeypatch):
    """Every bound 2 % low: with lease-now 5 % cheaper (2, 0) saves 23,280 of 1,338,000, which is not proven then."""

    def loose(*args, **limits):
        outcome = solve_model(*args, **limits)
        bound = None if outcome.bound is None else 0.98 * outcome.bound
        return replace(outcome, bound=bound, gap=None if outcome.gap is None else 0.02)

    monkeypatch.setattr("offtake.engine.solve_model", loose)
    study = sensitivity(offtake.load(QUICKSTART), {"price:lease-now": 0.05}, gap=0.0)
    at = world(study, "price:lease-now -5%")
    assert at.verdict == "open"
    assert at.regret_low_usd == 0 and at.regret_high_usd > 23_280


def test_swings_are_written_where_they_are_stated():
    """Prices of terms, rights and use; tables by month; demand; the factor on the rates."""
    offers = {"lease": lease(10.0, None, usd_per_accelerator_hour={"2026-06": 1.0, "2026-07": 2.0})}
    instance = from_document(problem(months=2, offers=offers))
    priced = swings.swung(instance, "price", 1.5).offers
    assert list(priced["lease"].terms[0].usd_per_accelerator_hour.values()) == [1.5, 3.0]
    assert priced["on-demand"].elastic.usd_per_accelerator_hour == 1.5
    assert swings.swung(instance, "price:lease", 1.5).offers["on-demand"] == instance.offers["on-demand"]
    assert swings.swung(instance, "demand:chat", 0.5).workloads["chat"].demand.requests_per_s == 5.0
    assert swings.swung(instance, "throughput", 0.5).throughput.factor == {"chip": 0.5}
    assert swings.swung(instance, "discount", 0.02).finance.discounting.rate == 0.02
    assert swings.swung(instance, "discount", -0.02).finance.discounting.rate == 0.0


def test_a_factor_on_the_rates_of_an_accelerator():
    """Half as fast: 20 chips on demand in June, 14,400 USD; and the audit reads the same rates."""
    slow = {**document("lease_beats_on_demand")}
    slow["throughput"] = {**slow["throughput"], "factor": {"chip": 0.5}}
    del slow["offers"]["lease"]
    plan = offtake.solve(from_document(slow), gap=0.0)
    assert plan.objective_usd == pytest.approx(14_400)
    assert plan.audit["passed"]


def test_settings_on_an_instance_that_is_loaded():
    instance = offtake.load(QUICKSTART)
    assert with_settings(instance, ["finance.discounting.rate=0.07"]).finance.discounting.rate == 0.07
    assert to_document(with_settings(instance, [])) == to_document(instance)
    with pytest.raises(offtake.InstanceError, match="there is no accelerator h10"):
        with_settings(instance, ["throughput.factor.h10=0.5"])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"swing": {"weather": 0.1}}, "'weather' cannot swing; there are price, demand, throughput"),
        ({"swing": {"price:lease": 0.1}}, "price of 'lease' is not in the instance; there is acme-cloud"),
        ({"swing": {"demand": 1.0}}, "the swing of demand must be above 0 and below 1"),
        ({"swing": {"delivery": 1.5}}, "whole months"),
        ({"grid": ("demand", "demand")}, "two different names"),
    ],
)
def test_questions_that_mean_nothing(asked, said):
    with pytest.raises(BadQuestion, match=said):
        sensitivity(offtake.load(QUICKSTART), **asked)


def test_what_the_scenarios_vary_already_is_not_tried():
    scenarios = {"slow": {"probability": 0.5, "delay_months": {"lease": 1}}, "fast": {"probability": 0.5}}
    instance = from_document(problem(months=3, offers={"lease": lease()}, uncertainty={"scenarios": scenarios}))
    study = sensitivity(instance, gap=0.0)
    assert study.refused == ("delivery cannot swing: the scenarios of the instance say themselves how late what is.",)
    assert "delivery" not in study.tornado


def test_an_interrupt_keeps_the_worlds_that_are_done():
    def interrupt(sentence: str) -> None:
        if sentence.startswith("demand -20%"):
            raise KeyboardInterrupt

    study = sensitivity(offtake.load(QUICKSTART), gap=0.0, progress=interrupt)
    assert [each.words for each in study.worlds] == ["price -20%", "price +20%"]
    assert study.interrupted


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(main, ["sensitivity", str(QUICKSTART), "--swing", "prices=0.1", "--json"])
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["worlds"][0]["cost_usd"] == pytest.approx(0.9 * 1_368_000)
    shown = CliRunner().invoke(main, ["sensitivity", str(QUICKSTART), "--grid", "price:lease-now,demand"])
    assert "A $1.135 m" in shown.stdout and "lease-late dropped" in shown.stdout
    for wrong in (["--swing", "demand"], ["--grid", "demand"], ["--swing", "demand=x"], ["--swing", "rain=0.1"]):
        refused = CliRunner().invoke(main, ["sensitivity", str(QUICKSTART), *wrong])
        assert refused.exit_code == 2, refused.output


def test_a_time_limit_on_todays_signings_proves_no_flip(monkeypatch):
    """What they cost there is not known, so nothing is said of what they cost too much."""
    ended = solve_model(offtake.build_model(from_document(problem())))

    def stopped(*_asked):
        raise offtake.NoPlan(replace(ended, status="time_limit", objective=None))

    monkeypatch.setattr("offtake.study.worlds.with_signings", stopped)
    study = sensitivity(offtake.load(QUICKSTART), gap=0.0)
    assert (world(study, "demand +20%").verdict, world(study, "price +20%").verdict) == ("open", "stand")
    assert world(study, "demand +20%").regret_high_usd is None
