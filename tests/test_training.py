"""Training runs: what may be written, how fast accelerators train, what a plan says, and what an audit catches."""

from __future__ import annotations

import copy
import json
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyomo.environ import Constraint, Var

import offtake
import toys
from offtake.audit import audit
from offtake.cli import main
from offtake.cli.check import describe
from offtake.cli.throughput import measure
from offtake.compile import compile_instance
from offtake.instance import InstanceError, from_document
from offtake.instance.pools import pools
from offtake.size import model_size
from offtake.solve import Limits, solve_model
from offtake.study.infeasible import explain
from offtake.throughput import rate_table
from offtake.throughput.training_rates import lines, mfu, training_flops_per_s, useful_points
from offtake_models import build

LAW = settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def plan_of(document):
    plan = offtake.solve(from_document(document), gap=0.0)
    assert plan.audit["passed"], plan.audit["findings"]
    return plan


def refused(document) -> str:
    with pytest.raises(InstanceError) as error:
        from_document(document)
    return str(error.value)


# what may be written


def run_with(**keys):
    return toys.to_train(4, {**toys.training(7200.0), **keys})


BAD = {
    "needs exactly one of tokens or flops": run_with(tokens=1e12),
    "run is too small for a training run: at least 1e+16 flops": run_with(flops=2.0),
    "min must not be above max": run_with(accelerators={"min": 9.0, "max": 8.0}),
    "points of goodput go from small to large": run_with(
        goodput=[{"accelerators": 10.0, "factor": 1.0}, {"accelerators": 10.0, "factor": 0.9}]
    ),
    "20 accelerators would do no more useful work than 10": run_with(
        goodput=[{"accelerators": 10.0, "factor": 1.0}, {"accelerators": 20.0, "factor": 0.5}]
    ),
    "accelerators beyond 10 would do more than those before them": run_with(
        goodput=[{"accelerators": 10.0, "factor": 0.8}, {"accelerators": 20.0, "factor": 0.9}]
    ),
    "earliest must not be after deadline": run_with(window={"earliest": "2026-08", "deadline": "2026-07"}),
    "run would begin after the horizon": run_with(window={"earliest": "2026-10"}),
    "the deadline of run is outside the horizon": run_with(window={"deadline": "2026-10"}),
    "run is a training run: it has no requests": {
        **run_with(),
        "throughput": {"rates": [{"accelerator": "chip", "workload": "run", "requests_per_s_per_accelerator": 1.0}]},
    },
    "run is a training run: its work is the same in every scenario": {
        **run_with(),
        "uncertainty": {"scenarios": {"only": {"probability": 1.0, "demand": {"run": 2.0}}}},
    },
}


@pytest.mark.parametrize("sentence", list(BAD))
def test_what_is_wrong_with_a_run_is_said(sentence):
    assert sentence in refused(BAD[sentence])


def test_a_window_begins_and_ends_with_dispatch_periods():
    document = run_with(window={"earliest": "2026-07", "deadline": "2026-08"})
    document["horizon"]["steps"] = [{"count": 2, "months": 2}]
    said = refused(document)
    assert "a training run begins with a dispatch period" in said
    assert "the next one begins in 2026-08" in said
    assert "the deadline of a training run is the last month of a dispatch period" in said
    assert "this one ends with 2026-09" in said


# how fast it trains


def test_a_chip_trains_at_its_share_of_the_dense_bf16_peak():
    """1e15 x 0.5 over 6 x (8e9 + 32 x 4,096 x 8,192) FLOP are 9,184 tokens/s; over 6 x 8e9, in sequences of next to
    nothing, 10,417."""
    instance = from_document(run_with())
    assert training_flops_per_s(instance, "run", "chip") == 5e14
    assert rate_table(instance)["on-demand/chip", "run"].tokens_per_s == pytest.approx(9184.010, rel=1e-6)
    short = from_document(run_with(sequence_tokens=1e-3))
    assert rate_table(short)["on-demand/chip", "run"].tokens_per_s == pytest.approx(10416.667, rel=1e-6)


def measured(least: float, most: float, **keys):
    """A run whose utilisation is the measured one, on any accelerator."""
    document = run_with(accelerators={"min": least, "max": most}, **keys)
    del document["workloads"]["run"]["mfu"]
    return from_document(document)


def test_where_no_utilisation_is_stated_the_measured_one_counts():
    """8e9 parameters on 1,024 accelerators: (8 / 70)^0.239 x 128^-0.166 = 0.26611; 1.21 of it on an H100, 1.14 where
    nothing was measured; never more than all of the peak."""
    instance = measured(64.0, 1024.0)
    assert mfu(instance, "run", "h100", 1024) == pytest.approx(1.21 * 0.26611, rel=1e-5)
    assert mfu(instance, "run", "chip", 1024) == pytest.approx(1.14 * 0.26611, rel=1e-5)
    assert training_flops_per_s(instance, "run", "chip") == 1e15 * mfu(instance, "run", "chip", 1024)
    assert mfu(instance, "run", "h100", 0.01) == 1.0


def test_lines_of_useful_work_never_overstate_and_hardly_understate():
    """From 64 to 1,024 chips in two steps of four; at 64 a chip does 16^0.166 times as much as at 1,024."""
    instance = measured(64.0, 1024.0)
    points = useful_points(instance, "run", "chip")
    assert [size for size, _ in points] == pytest.approx([0, 64, 256, 1024])
    assert points[1][1] == pytest.approx(64 * 16**0.166) and points[-1][1] == pytest.approx(1024)
    for size in (64, 90, 128, 200, 400, 512, 800, 1024):
        told = min(slope * size + start for slope, start in lines(points))
        share = told / (size * mfu(instance, "run", "chip", size) / mfu(instance, "run", "chip", 1024))
        assert 0.96 < share < 1 + 1e-9


def test_goodput_comes_on_top_and_slopes_never_rise():
    """A tenth is lost at 512 chips and nothing at 64; a bend that the product would turn up is held straight."""
    mild = [{"accelerators": 64.0, "factor": 1.0}, {"accelerators": 512.0, "factor": 0.9}]
    points = dict(useful_points(measured(64.0, 1024.0, goodput=mild), "run", "chip"))
    assert points[512.0] == pytest.approx(0.9 * 512 * 2**0.166)
    steep = [{"accelerators": 100.0, "factor": 1.0}, {"accelerators": 1000.0, "factor": 0.11}]
    slopes = [slope for slope, _ in lines(useful_points(measured(64.0, 1024.0, goodput=steep), "run", "chip"))]
    assert all(after <= before + 1e-12 for before, after in pairwise(slopes))


def test_runs_beyond_all_that_was_measured_are_named():
    plan = offtake.solve(measured(10.0, 10000.0, flops=1e22), gap=0.5)
    assert "the speed of run is an extrapolation" in plan.to_document()["conventions"]["training"]
    assert describe(plan.instance)["beyond_measured"] == ["run"]
    stated = plan_of(toys.document("training_fills_a_lease"))
    assert "extrapolation" not in stated.to_document()["conventions"]["training"]


def test_who_cannot_train_it_is_told_why():
    run = toys.training(7200.0, least=20.0, most=40.0)
    api = {"models": ["llm"], "usd_per_million_input_tokens": 1.0, "usd_per_million_output_tokens": 1.0}
    service = {"provider": "cloud", "region": "here", "source": "toy"}
    service["api"] = {**api, "max_requests_per_s": 9.0, "ttft_ms": 1.0, "tpot_ms": 1.0}
    offers = {"small": toys.lease(10.0), "tokens": service, "stack": toys.lease(10.0, blocks={"max": 2})}
    rates = rate_table(from_document(toys.to_train(1, run, offers)))
    assert rates["small/chip", "run"].reason == "it never has more than 10 usable accelerators; the run takes 20"
    assert rates["tokens", "run"].reason == "a token API does not train"
    assert rates["stack/chip", "run"].eligible


def test_the_rates_of_a_run_are_tokens_learnt_from_and_no_requests():
    """5e14 FLOP/s over 6 x 8e9 FLOP per token; a chip-hour costs 1 USD: 1e6 / (3,600 x 10,416.667)."""
    instance = from_document(toys.to_train(1, toys.training(7200.0, sequence_tokens=1e-3)))
    (row,) = measure(instance, rate_table(instance))
    assert row["tokens_per_s_per_accelerator"] == pytest.approx(10416.667, rel=1e-6)
    assert row["requests_per_s_per_accelerator"] is None
    assert row["usd_per_million_tokens"] == pytest.approx(0.0266667, rel=1e-5)


# what a plan says


def test_the_table_says_where_how_large_and_how_far():
    """Ten chips in June do 7,200 of 14,400 chip-hours, in July the other 7,200 in 744 hours."""
    plan = plan_of(toys.document("training_moves_on_without_a_pause"))
    table = plan.training.to_dict("records")
    assert [(row["month"], row["pool"]) for row in table] == [("2026-06", "june/chip"), ("2026-07", "july/chip")]
    assert table[0]["accelerators"] == pytest.approx(10)
    assert [row["flop"] for row in table] == pytest.approx([7200 * 1.8e18, table[1]["accelerators"] * 744 * 1.8e18])
    assert [row["done_share"] for row in table] == pytest.approx([0.5, 1.0])


def test_a_run_is_no_service_and_its_tokens_are_those_learnt_from():
    """8,166 USD over 2.7e11 tokens; a rate per token served has no meaning beside it."""
    document = toys.document("tokens_are_six_flop_per_parameter")
    document["workloads"]["chat"] = toys.chat(1e-9)
    document["throughput"] = toys.problem()["throughput"]
    plan = plan_of(document)
    assert set(plan.service["workload"]) == {"chat"}
    assert list(plan.kpis["safety_by_workload"]) == ["chat"]
    assert plan.kpis["usd_per_million_tokens"] is None
    assert plan.kpis["usd_per_million_tokens_by_workload"]["run"] == pytest.approx(8166.3676416 / 2.7e5, rel=1e-6)


def test_reasons_say_which_run_an_offer_carries():
    plan = plan_of(toys.document("training_goes_on_without_a_pause"))
    said = dict(zip(plan.offers["offer"], plan.offers["reason"], strict=True))
    assert "It trains run in 2026-06, on at most 10 accelerators." in said["june"]
    assert "It trains run in 2026-07, on at most 5 accelerators." in said["on-demand"]


def test_lateness_is_a_decision_and_no_cash():
    document = plan_of(toys.document("lateness_has_a_price")).to_document()
    assert document["decisions"]["late"] == [["run", 1, 0]]
    assert {row["line"]: row["usd"] for row in document["cost"]}["lateness"] == 1000
    assert sum(row["usd"] for row in document["cash"]) == pytest.approx(3000)


def test_each_future_has_its_own_run():
    plan = plan_of(toys.document("training_waits_for_the_price"))
    assert plan.training.groupby("scenario")["month"].agg(list).to_dict() == {"cheap": ["2026-07"], "dear": ["2026-07"]}
    assert plan.training["done_share"].tolist() == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize("name", ["training_moves_on_without_a_pause", "training_waits_for_the_price"])
def test_plans_with_runs_are_shown(name, tmp_path):
    path = tmp_path / "a.plan.json"
    plan_of(toys.document(name)).save(path)
    shown = CliRunner().invoke(main, ["show", str(path)])
    assert shown.exit_code == 0, shown.output
    if name == "training_moves_on_without_a_pause":
        assert "Training" in shown.output and "july/chip" in shown.output and "Service" not in shown.output


def test_check_and_throughput_speak_of_runs(tmp_path):
    path: Path = tmp_path / "a.yaml"
    path.write_text(json.dumps(toys.document("training_takes_the_same_chips_all_day")))
    checked = CliRunner().invoke(main, ["check", str(path)])
    assert "1 interactive, 1 training" in checked.output
    speeds = CliRunner().invoke(main, ["throughput", str(path)])
    assert speeds.exit_code == 0, speeds.output
    assert "run: training, llm, tokens learnt from" in speeds.output


def test_the_announced_size_is_the_size():
    instance = from_document(toys.document("training_goes_on_without_a_pause"))
    problem = compile_instance(instance).problem
    model, size = build(problem), model_size(instance, rate_table(instance))
    assert size["pairs"] == len(problem.rate) == len(pools(instance))
    columns = sum(len(component) for component in model.component_objects(Var))
    rows = sum(len(component) for component in model.component_objects(Constraint))
    assert size["columns"] == pytest.approx(columns, rel=0.25)
    assert size["rows"] == pytest.approx(rows, rel=0.25)


# why there is no plan


def test_a_deadline_that_cannot_be_met_is_named():
    document = toys.to_train(1, toys.training(20000.0, least=10.0, most=20.0))
    assert explain(from_document(document)) == [
        "the scale of run, at most 20 accelerators",
        "the training run run, which must be done by the end of 2026-06",
    ]


def test_a_pause_that_is_not_allowed_is_named():
    document = toys.document("training_goes_on_without_a_pause")
    del document["offers"]["on-demand"]
    assert "the rule that run pauses at most 0 times" in explain(from_document(document))


# what an audit catches


def audited(name, change):
    """Rules that a changed plan of a toy breaks."""
    instance = from_document(toys.document(name))
    document = copy.deepcopy(offtake.solve(instance, gap=0.0).to_document())
    change(document["decisions"])
    return {finding.rule for finding in audit(instance, document).findings}


def move(rows, **at):
    """Change entries of the first row of a run: amount, block, period or pool."""
    place = {"pool": 0, "period": 2, "block": 3, "amount": 5}
    row = next(row for row in rows if row[1] == "run")
    for key, value in at.items():
        row[place[key]] = value


BROKEN = {
    "trained_in_one_place": (
        "training_fills_a_lease",
        lambda d: d["serve"].append(["on-demand/chip", "run", 0, 0, 0, 1.0]),
    ),
    "trained_at_scale": ("training_takes_enough_at_a_time", lambda d: move(d["serve"], amount=9.0)),
    "trained_all_day": ("training_takes_the_same_chips_all_day", lambda d: move(d["serve"], amount=6.0)),
    "paused_as_allowed": (
        "training_goes_on_without_a_pause",
        lambda d: d["serve"].remove(next(row for row in d["serve"] if row[2] == 1)),
    ),
    "trained_in_time": ("goodput_falls_with_size", lambda d: move(d["serve"], amount=14.9)),
    "decisions_name_what_exists": ("training_fills_a_lease", lambda d: d["late"].append(["walk", 0, 0])),
    "capacity_held": ("training_fills_a_lease", lambda d: move(d["serve"], amount=11.0)),
    "cost_to_the_cent": ("lateness_has_a_price", lambda d: d["late"].clear()),
}


@pytest.mark.parametrize("rule", list(BROKEN))
def test_a_broken_plan_is_caught(rule):
    assert rule in audited(*BROKEN[rule])


def test_work_outside_the_window_is_caught():
    document = toys.to_train(2, toys.training(7200.0, window={"earliest": "2026-07"}))
    instance = from_document(document)
    plan = copy.deepcopy(offtake.solve(instance, gap=0.0).to_document())
    move(plan["decisions"]["serve"], period=0)
    found = {finding.rule: finding.sentence for finding in audit(instance, plan).findings}
    assert found["trained_in_window"] == "run trains in 2026-06; it may from 2026-07 to 2026-07"


def test_requests_of_a_run_are_no_decision():
    rules = audited("training_fills_a_lease", lambda d: d["unserved"].append(["run", 0, 0, 0, 1.0]))
    assert "decisions_name_what_exists" in rules


# laws


@st.composite
def documents(draw):
    """Three months with a run that chips on demand can always do, one or two leases and a workload beside it."""
    least = float(draw(st.integers(1, 4)))
    run = toys.training(float(draw(st.integers(20, 140)) * 100), least, least + draw(st.integers(10, 20)))
    if draw(st.booleans()):
        points = [{"accelerators": 8.0, "factor": 0.95}, {"accelerators": 16.0, "factor": 0.9}]
        run["goodput"] = points
    offers = {
        f"lease-{i}": toys.lease(
            float(draw(st.integers(4, 20))),
            float(draw(st.integers(1, 9)) * 500),
            months=draw(st.integers(1, 2)),
            repeat=draw(st.sampled_from(["once", "stack"])),
            take_or_pay=draw(st.sampled_from([1.0, 0.5])),
        )
        for i in range(draw(st.integers(1, 2)))
    }
    workloads = {"run": run, "chat": toys.chat(float(draw(st.integers(1, 9))))}
    return toys.problem(3, offers, workloads=workloads, day={"blocks": draw(st.sampled_from([1, 2]))})


def cost_with(document, **keys) -> float:
    changed = copy.deepcopy(document)
    changed["workloads"]["run"].update(keys)
    return plan_of(changed).objective_usd


@LAW
@given(documents())
def test_more_freedom_never_costs_more(document):
    run = document["workloads"]["run"]
    cost = cost_with(document) * (1 + 1e-9)
    assert cost_with(document, pauses_max=2) <= cost
    assert cost_with(document, accelerators={**run["accelerators"], "min": 0.5}) <= cost
    assert cost_with(document, accelerators={**run["accelerators"], "max": 60.0}) <= cost
    assert cost_with(document, flops=run["flops"] / 2) <= cost
    assert cost <= cost_with(document, window={"earliest": "2026-07"}) * (1 + 1e-6)


@LAW
@given(documents())
def test_half_the_speed_is_twice_the_work(document):
    flops = document["workloads"]["run"]["flops"]
    assert cost_with(document, mfu=0.25, flops=flops / 2) == pytest.approx(cost_with(document), rel=1e-9)


@LAW
@given(documents())
def test_lateness_at_no_price_to_speak_of_is_a_later_deadline(document):
    """And at a price that nobody pays it is the deadline itself."""
    window = {"deadline": "2026-07"}
    priceless = cost_with(document, window=window, lateness_usd_per_month=1e-6)
    assert priceless == pytest.approx(cost_with(document), rel=1e-6)
    dear = cost_with(document, window=window, lateness_usd_per_month=1e9)
    assert dear == pytest.approx(cost_with(document, window=window), rel=1e-6)


@LAW
@given(documents(), st.sampled_from([8.0, 12.0]))
def test_at_one_size_the_measured_utilisation_is_one_that_could_be_stated(document, size):
    run = document["workloads"]["run"]
    run["accelerators"] = {"min": size, "max": size}
    reached = mfu(measured(size, size), "run", "chip", size)
    run["flops"] = size * 700 * 3600 * 1e15 * reached * 0.8
    stated = cost_with(document, mfu=reached)
    del run["mfu"]
    assert cost_with(document) == pytest.approx(stated, rel=1e-9)


def test_a_small_run_is_held_to_its_work_as_a_large_one_is():
    """A hundredth of a chip-hour, on a chip at least, takes June: 720 USD. Spread over June it costs a cent, and the
    work is no less whole."""
    assert plan_of(toys.to_train(1, toys.training(0.01))).objective_usd == pytest.approx(720)
    problem = compile_instance(from_document(toys.to_train(1, toys.training(0.01, least=1e-6)))).problem
    model = build(problem)
    assert solve_model(model, Limits(gap=0.0)).objective == pytest.approx(0.01, rel=1e-6)
    (row,) = model.trained_in_time.values()
    large = build(compile_instance(from_document(toys.to_train(1, toys.training(7200.0)))).problem)
    (other,) = large.trained_in_time.values()
    assert row.lower == other.lower
