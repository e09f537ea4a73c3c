"""Reinforcement learning: its two parts, who generates, what a plan says, and what an audit catches."""

from __future__ import annotations

import copy
import json
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
from offtake.compile import compile_instance
from offtake.instance import from_document, to_document
from offtake.instance.workloads import rollouts, runs
from offtake.size import model_size
from offtake.study.infeasible import explain
from offtake.throughput import rate_table
from offtake_models import build

LAW = settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def plan_of(document):
    plan = offtake.solve(from_document(document), gap=0.0)
    assert plan.audit["passed"], plan.audit["findings"]
    return plan


# its parts


def test_it_becomes_rollouts_and_updates_and_is_stored_as_written():
    """25.92e6 rollouts of 5,000 tokens, each learnt from twice: 2.592e11 tokens."""
    document = toys.document("rollouts_are_generated_beside_updates")
    instance = from_document(document)
    assert list(instance.workloads) == ["rl.rollouts", "rl.updates"]
    (source,), (run,) = rollouts(instance).values(), runs(instance).values()
    assert (source.learner, run.rollouts) == ("rl.updates", "rl.rollouts")
    assert run.tokens == 2.592e11 and run.sequence_tokens == 5000
    stored = to_document(instance)
    assert stored["workloads"] == document["workloads"]
    assert from_document(stored) == instance


# who generates


def test_rollouts_are_served_like_work_that_may_wait_but_by_no_token_service():
    """The rate of the roofline is that of a batch workload with the same request, wherever the pool is."""
    api = {"models": ["llm"], "usd_per_million_input_tokens": 1.0, "usd_per_million_output_tokens": 1.0}
    api |= {"max_requests_per_s": 9.0, "ttft_ms": 1.0, "tpot_ms": 1.0}
    offers = {"tokens": {"provider": "cloud", "region": "here", "source": "toy", "api": api}}
    run = toys.learning(10.0, model="llm")
    night = toys.batch(1.0, request=run["request"])
    document = toys.to_learn(1, run, offers, workloads={"night": night})
    document["throughput"] = {}
    rates = rate_table(from_document(document))
    able = rates["on-demand/chip", "rl.rollouts"]
    assert able.requests_per_s[0] == rates["on-demand/chip", "night"].requests_per_s[0] > 0
    assert rates["tokens", "rl.rollouts"].reason == (
        "a token API has weights of its own, not those that the run learns"
    )
    assert rates["tokens", "night"].eligible


# what a plan says


def test_the_tables_say_who_generates_and_who_learns():
    """14,400 hours of old chips make 25.92e6 rollouts at half a rollout a second; ten chips learn 7,200 hours."""
    plan = plan_of(toys.document("old_chips_far_away_generate"))
    (generated,), (learnt,) = plan.rollouts.to_dict("records"), plan.training.to_dict("records")
    assert (generated["pool"], learnt["pool"]) == ("far/old", "lease/chip")
    assert generated["accelerators"] == pytest.approx(20) and learnt["accelerators"] == pytest.approx(10)
    assert generated["rollouts"] == pytest.approx(25.92e6) and generated["tokens"] == pytest.approx(1.296e11)
    assert learnt["done_share"] == pytest.approx(1)
    assert plan.service.empty


def test_tokens_are_generated_at_one_price_and_learnt_from_at_another():
    """2,880 USD for 1.296e11 tokens that are generated, prompts included, and 5,000 for twice as many learnt from."""
    plan = plan_of(toys.document("old_chips_far_away_generate"))
    assert plan.kpis["usd_per_million_tokens_by_workload"] == pytest.approx(
        {"rl.rollouts": 2880 / 1.296e5, "rl.updates": 5000 / 2.592e5}
    )
    assert plan.kpis["usd_per_million_tokens"] is None and plan.kpis["share_served"] is None


def test_work_is_no_more_than_what_is_generated_allows():
    """Of a plan that learns on twenty chips from the rollouts of ten, half is said to be done."""
    document = toys.document("rollouts_are_generated_beside_updates")
    document["workloads"]["rl"]["accelerators"] = {"min": 20.0, "max": 1000.0}
    table = plan_of(document).training
    assert table["accelerators"].tolist() == [20.0] and table["flop"].sum() == pytest.approx(7200 * 3600 * 6e14)


def test_reasons_say_what_an_offer_generates():
    plan = plan_of(toys.document("old_chips_far_away_generate"))
    said = dict(zip(plan.offers["offer"], plan.offers["reason"], strict=True))
    assert "It generates rl.rollouts in 2026-06." in said["far"]
    assert "It trains rl.updates in 2026-06, on at most 10 accelerators." in said["lease"]


def test_each_future_generates_for_itself():
    plan = plan_of(toys.document("reinforcement_waits_for_the_price"))
    assert plan.rollouts.groupby("scenario")["month"].agg(list).to_dict() == {"cheap": ["2026-07"], "dear": ["2026-07"]}
    assert plan.training["done_share"].tolist() == pytest.approx([1.0, 1.0])


def test_it_is_shown_checked_and_measured(tmp_path):
    document = toys.document("old_chips_far_away_generate")
    path: Path = tmp_path / "a.yaml"
    path.write_text(json.dumps(document))
    checked = CliRunner().invoke(main, ["check", str(path)])
    assert "1 rl (rl as rl.rollouts and rl.updates)" in checked.output
    speeds = CliRunner().invoke(main, ["throughput", str(path)])
    assert "rl.rollouts: rollouts, plain, prompts and answers" in speeds.output
    assert "rl.updates: updates, plain, tokens learnt from" in speeds.output
    plan_of(document).save(tmp_path / "a.plan.json")
    shown = CliRunner().invoke(main, ["show", str(tmp_path / "a.plan.json")])
    assert shown.exit_code == 0, shown.output
    assert "Rollouts" in shown.output and "far/old" in shown.output and "Training" in shown.output


def test_the_announced_size_is_the_size():
    instance = from_document(toys.document("rollouts_fill_idle_mornings"))
    problem = compile_instance(instance).problem
    model, size = build(problem), model_size(instance, rate_table(instance))
    assert size["pairs"] == len(problem.rate)
    assert size["columns"] == pytest.approx(sum(len(found) for found in model.component_objects(Var)), rel=0.3)
    assert size["rows"] == pytest.approx(sum(len(found) for found in model.component_objects(Constraint)), rel=0.3)


# why there is no plan


def test_rollouts_that_cannot_be_generated_in_time_are_named():
    """The lease learns; five chips that generate are too few for all of June."""
    document = toys.document("rollouts_are_generated_beside_updates")
    document["offers"]["on-demand"]["elastic"]["max_accelerators"] = 5
    assert explain(from_document(document)) == [
        "the rule that rl.updates learns only from rollouts of the same period",
        "the training run rl.updates, which must be done by the end of 2026-06",
    ]


# what an audit catches


def audited(name, change):
    """Rules that a changed plan of a toy breaks."""
    instance = from_document(toys.document(name))
    document = copy.deepcopy(offtake.solve(instance, gap=0.0).to_document())
    change(document["decisions"])
    return {finding.rule for finding in audit(instance, document).findings}


def scaled(rows, workload: str, factor: float) -> None:
    for row in rows:
        row[5] *= factor if row[1] == workload else 1.0


def test_rollouts_that_are_missing_are_caught():
    rules = audited("rollouts_are_generated_beside_updates", lambda d: scaled(d["serve"], "rl.rollouts", 0.99))
    assert {"generated_in_all", "trained_in_time"} <= rules


def test_rollouts_that_nobody_learns_from_are_caught():
    rules = audited("no_rollouts_are_made_up_to_spend_sooner", lambda d: scaled(d["serve"], "rl.rollouts", 1.01))
    assert "generated_in_all" in rules


def test_rollouts_of_another_month_are_not_learnt_from():
    """As many in the 744 hours of July as in the 720 of June."""

    def postponed(decisions) -> None:
        scaled(decisions["serve"], "rl.rollouts", 720 / 744)
        for row in decisions["serve"]:
            row[2] = 1 if row[1] == "rl.rollouts" else row[2]

    rules = audited("rollouts_are_not_kept", postponed)
    assert "trained_in_time" in rules and "generated_in_all" not in rules


def test_rollouts_outside_the_window_are_caught():
    document = toys.to_learn(2, toys.learning(720.0, window={"deadline": "2026-06"}))
    instance = from_document(document)
    plan = copy.deepcopy(offtake.solve(instance, gap=0.0).to_document())
    plan["decisions"]["serve"].append(["on-demand/chip", "rl.rollouts", 1, 0, 0, 1.0])
    found = {finding.rule: finding.sentence for finding in audit(instance, plan).findings}
    assert found["generated_in_window"] == (
        "rl.rollouts are generated in 2026-07; rl.updates may learn from 2026-06 to 2026-06"
    )


@pytest.mark.parametrize("part", ["rl.rollouts", "rl.updates"])
def test_requests_of_it_are_no_decision(part):
    rules = audited("rollouts_are_generated_beside_updates", lambda d: d["unserved"].append([part, 0, 0, 0, 1.0]))
    assert "decisions_name_what_exists" in rules


# laws


@st.composite
def documents(draw):
    """Three months in which chips on demand can always generate and learn, one or two leases and a workload beside."""
    least = float(draw(st.integers(1, 4)))
    run = toys.learning(float(draw(st.integers(20, 140)) * 100))
    run["accelerators"] = {"min": least, "max": least + draw(st.integers(10, 20))}
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
    workloads = {"chat": toys.chat(float(draw(st.integers(1, 9))))}
    return toys.to_learn(3, run, offers, workloads=workloads, day={"blocks": draw(st.sampled_from([1, 2]))})


def cost_with(document, rate: float = 1.0, **keys) -> float:
    changed = copy.deepcopy(document)
    changed["workloads"]["rl"].update(keys)
    changed["throughput"]["rates"][0]["requests_per_s_per_accelerator"] = rate
    return plan_of(changed).objective_usd


@LAW
@given(documents())
def test_more_freedom_never_costs_more(document):
    run = document["workloads"]["rl"]
    cost = cost_with(document) * (1 + 1e-9)
    assert cost_with(document, rollouts=run["rollouts"] / 2) <= cost
    assert cost_with(document, rate=2.0) <= cost
    assert cost_with(document, pauses_max=2) <= cost
    assert cost_with(document, updates_per_rollout=1.0) <= cost


@LAW
@given(documents())
def test_half_as_many_rollouts_learnt_from_twice_as_often_cost_no_more(document):
    """And as much as before, if they are generated at half the rate."""
    run = document["workloads"]["rl"]
    keys = {"rollouts": run["rollouts"] / 2, "updates_per_rollout": 4.0}
    assert cost_with(document, **keys) <= cost_with(document) * (1 + 1e-9)
    assert cost_with(document, rate=0.5, **keys) == pytest.approx(cost_with(document), rel=1e-6)


@LAW
@given(documents())
def test_where_generating_takes_nothing_it_is_a_training_run(document):
    run = document["workloads"]["rl"]
    alone = copy.deepcopy(document)
    shared = {key: run[key] for key in ("model", "mfu", "accelerators")}
    alone["workloads"]["rl"] = {"kind": "training", "flops": run["rollouts"] * 6e14, **shared}
    del alone["throughput"]["rates"][0]
    assert cost_with(document, rate=1e9) == pytest.approx(plan_of(alone).objective_usd, rel=1e-6)
