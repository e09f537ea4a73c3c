"""Value of requests, what is shed, several models for one workload, and published answers about mixing supply."""

from __future__ import annotations

import copy
import io
import json

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from pyomo.environ import Binary, Constraint, Var
from rich.console import Console

import offtake
import toys
from offtake.audit import audit
from offtake.cli import main, render
from offtake.compile import compile_instance
from offtake.instance import InstanceError, from_document, to_document
from offtake.solve import Limits, solve_model
from offtake.throughput import rate_table
from offtake_models import build
from test_laws import LAW, documents, least_cost


def plan_of(document):
    plan = offtake.solve(from_document(document), gap=0.0)
    assert plan.audit["passed"], plan.audit["findings"]
    return plan.to_document()


def named(name):
    return plan_of(toys.document(name))


# value


def test_effective_margin_counts_all_compute():
    """Value 10 x 0.0003 x 3,600 x 720 = 7,776, compute 7,200 + 3,600 for what brings none: (7,776 - 10,800) / 7,776.
    Of `chat` alone (7,776 - 7,200) / 7,776; `idle` is not served, so it brings nothing to measure a margin by."""
    figures = named("what_brings_less_than_it_costs_is_not_served")["kpis"]
    assert figures["value_usd"] == pytest.approx(7776)
    assert figures["value_usd_by_workload"] == pytest.approx({"chat": 7776, "idle": 0})
    assert figures["effective_margin"] == pytest.approx((7776 - 10800) / 7776)
    assert figures["effective_margin_by_workload"] == {"chat": pytest.approx(576 / 7776), "idle": None}


def test_idle_hours_are_in_the_effective_margin():
    """A lease of 20 chips at 5,000 serves 10 requests/s worth 7,776: 2,776 / 7,776 is left, the idle half included."""
    document = toys.problem(offers={"lease": toys.lease(20.0)}, demand={"value_usd_per_request": 0.0003})
    found = plan_of(document)
    assert found["objective_usd"] == pytest.approx(-2776)
    assert found["kpis"]["effective_margin"] == pytest.approx(2776 / 7776)


def in_force(**keys):
    """Twenty chips in force since January for 12 months at 4,000, of which chat takes ten: 0.0003 x 3,600 x 720 x 10 =
    7,776 of value; spare chips serve nobody else."""
    held = {"provider": "cloud", "region": "here", "accelerators": {"chip": 20.0}, "start": "2026-01", "source": "toy"}
    old = {**held, "term": {"months": 12, "usd_per_month": 4000.0, **keys}}
    return toys.problem(signed={"old": old}, demand={"value_usd_per_request": 0.0003})


@pytest.mark.parametrize("keys", [{}, {"prepay": 1.0}])
def test_contracts_in_force_are_compute_too(keys):
    """Of what is still to be decided 7,776 / 7,776 is left, since nothing is; with the 4,000 of June 3,776 / 7,776,
    also if they were paid in January."""
    figures = plan_of(in_force(**keys))["kpis"]
    assert figures["cost_usd"] == pytest.approx(-7776)
    assert figures["decided_margin"] == pytest.approx(1) and figures["effective_margin"] == pytest.approx(3776 / 7776)
    assert figures["decided_margin_by_workload"] == {"chat": pytest.approx(1)}
    assert figures["effective_margin_by_workload"] == {"chat": pytest.approx(3776 / 7776)}


def test_emissions_of_contracts_in_force_are_in_the_effective_margin():
    """20 chips of 1 kW through 720 h at 0.5 kg/kWh: 7.2 tonnes at 100 USD."""
    document = in_force()
    document["regions"]["here"]["carbon_kg_per_kwh"] = 0.5
    document["policy"] = {"carbon_usd_per_tonne": 100.0}
    figures = plan_of(document)["kpis"]
    assert figures["effective_margin"] == pytest.approx((7776 - 4000 - 720) / 7776)
    assert figures["decided_margin"] == pytest.approx(1)


def test_what_a_break_saves_is_in_both_margins():
    """The contract is left at once by notice of none: 0 is paid from July on, and its value is served on demand."""
    cancel = {"by": "buyer", "fee_fraction": 0.0}
    document = in_force(cancel=cancel)
    document["horizon"] = {"start": "2026-06", "months": 2}
    document["offers"]["on-demand"]["elastic"]["usd_per_accelerator_hour"] = 0.1
    found = plan_of(document)
    value = 0.0003 * 3600 * 10 * (720 + 744)
    assert [deal["right"] for deal in found["deals"]] == ["break"]
    compute = found["objective_usd"] + value
    assert found["kpis"]["decided_margin"] == pytest.approx((value - compute) / value)
    assert found["kpis"]["effective_margin"] == pytest.approx((value - compute - 8000) / value)


def test_the_page_shows_both_margins():
    page = Console(width=120, file=io.StringIO())
    for part in render.plan(plan_of(in_force()), 120):
        page.print(part)
    lines = [line.split() for line in page.file.getvalue().splitlines()]
    assert ["chat", "$7,776", "48.6%", "100%"] in lines and ["in", "all", "$7,776", "48.6%", "100%"] in lines


@pytest.mark.parametrize("figure", ["effective_margin", "decided_margin"])
def test_margins_beside_contracts_in_force_are_audited(figure):
    document = plan_of(in_force())
    for name, found in ((figure, document["kpis"]), ("chat", document["kpis"][f"{figure}_by_workload"])):
        found[name] -= 0.01
        report = audit(from_document(document["instance"]["document"]), document)
        assert [finding.rule for finding in report.findings] == ["key_figures_follow"]
        found[name] += 0.01


def test_no_value_no_margin():
    figures = named("lease_beats_on_demand")["kpis"]
    assert {figures[name] for name in ("value_usd", "effective_margin")} == {None}


def test_value_above_every_cost_signs_what_the_least_cost_signs():
    """Where everything pays, value moves the cost by a constant: 7,776 less for the same deals."""
    document = toys.problem(offers={"lease": toys.lease()})
    valued = copy.deepcopy(document)
    valued["workloads"]["chat"]["value_usd_per_request"] = 0.0003
    without, found = plan_of(document), plan_of(valued)
    assert found["objective_usd"] == pytest.approx(without["objective_usd"] - 7776)
    assert found["deals"] == without["deals"]


def test_value_by_month():
    """June brings 7,776, July nothing: its requests are left for 0.0001 USD each. In one period of both months a
    request is worth (0.0003 x 720 + 0.0001 x 744) / 1,464 = 0.000198 USD, less than the 0.000278 that it costs."""
    found = named("value_falls_from_month_to_month")
    assert found["kpis"]["value_usd"] == pytest.approx(7776)
    row = {"month": "2026-07", "workload": "chat", "usd_per_request": 0.0001}
    assert found["shed"] == [{**row, "requests": pytest.approx(26.784e6), "usd": pytest.approx(2678.4)}]
    document = toys.document("value_falls_from_month_to_month")
    document["horizon"]["steps"] = [{"count": 1, "months": 2}]
    coarse = plan_of(document)
    assert coarse["objective_usd"] == pytest.approx(0)
    prices = {row["month"]: row["usd_per_request"] for row in coarse["shed"]}
    assert prices == {"2026-06": 0.0003, "2026-07": 0.0001}
    document["offers"]["on-demand"]["elastic"]["usd_per_accelerator_hour"] = 0.5
    earned = plan_of(document)
    assert earned["kpis"]["value_usd"] == pytest.approx(36000 * (0.0003 * 720 + 0.0001 * 744))


def test_value_is_expected_over_futures():
    """In one of two futures the demand of July doubles. 0.0003 USD on a chip-hour of 1: June -576; July
    -0.08 x 744 x 10 = -595.2, or twice that: -576 - 892.8 = -1,468.8. Value: 7,776 + 1.5 x 8,035.2."""
    document = toys.problem(2, demand={"value_usd_per_request": 0.0003})
    document["uncertainty"] = toys.futures("2026-07", flat={}, boom={"demand": {"chat": 2.0}})
    found = plan_of(document)
    assert found["objective_usd"] == pytest.approx(-1468.8)
    assert found["kpis"]["value_usd"] == pytest.approx(7776 + 1.5 * 8035.2)


@pytest.mark.parametrize("toy", ["what_is_worth_least_is_shed_first", "batch_work_brings_its_value_where_it_is_done"])
def test_a_value_that_is_not_earned_is_found(toy):
    document = named(toy)
    row = next(row for row in document["cost"] if row["line"] == "value")
    row["usd"] -= 1.0
    document["kpis"]["value_usd"] += 1.0
    document["kpis"]["effective_margin"] += 0.01
    report = audit(from_document(document["instance"]["document"]), document)
    assert {finding.rule for finding in report.findings} >= {"cost_to_the_cent", "key_figures_follow"}


# what is shed


def test_what_is_shed_and_at_what_price():
    """4 of 6 requests/s worth 0.0005 USD through June: 4 x 3,600 x 720 = 10.368 million, 5,184 USD."""
    document = named("what_is_worth_least_is_shed_first")
    row = {"month": "2026-06", "workload": "evals", "usd_per_request": 0.0005}
    assert document["shed"] == [{**row, "requests": pytest.approx(10.368e6), "usd": pytest.approx(5184)}]


def test_what_is_shed_in_each_month_lowest_price_first():
    """Five chips for 10 + 4 + 3 requests/s at 3, 1 and 2 thousandths: the last two go, and half of the first."""
    prices = {"chat": (10.0, 0.003), "evals": (4.0, 0.001), "drafts": (3.0, 0.002)}
    asked = {name: toys.chat(rate, unserved_usd_per_request=usd) for name, (rate, usd) in prices.items()}
    document = toys.several(**asked)
    document["offers"]["on-demand"]["elastic"]["max_accelerators"] = 5
    shed = plan_of({**document, "horizon": {"start": "2026-06", "months": 2}})["shed"]
    first = [(row["workload"], round(row["requests"] / 720 / 3600, 6)) for row in shed if row["month"] == "2026-06"]
    assert first == [("evals", 4.0), ("drafts", 3.0), ("chat", 5.0)]
    assert [row["month"] for row in shed] == ["2026-06"] * 3 + ["2026-07"] * 3


@pytest.mark.parametrize("column", ["usd_per_request", "requests", "usd"])
def test_a_wrong_row_of_what_is_shed_is_found(column):
    document = named("what_is_worth_least_is_shed_first")
    document["shed"][0][column] *= 1.001
    report = audit(from_document(document["instance"]["document"]), document)
    assert [finding.rule for finding in report.findings] == ["shed_as_decided"]


def test_a_row_of_what_is_shed_cannot_be_left_out():
    document = named("what_is_worth_least_is_shed_first")
    document["shed"] = []
    report = audit(from_document(document["instance"]["document"]), document)
    assert [finding.rule for finding in report.findings] == ["shed_as_decided"]


def test_the_page_of_a_plan_says_what_it_earns_and_what_it_leaves():
    """Two chips at work for 2,592: (2,592 - 1,440) / 2,592 = 44.4 %."""
    document = named("what_is_worth_least_is_shed_first")
    page = Console(width=120, file=io.StringIO())
    for part in render.plan(document, 120):
        page.print(part)
    lines = [line.split() for line in page.file.getvalue().splitlines()]
    assert ["evals", "$2,592", "44.4%"] in lines
    assert ["evals", "0.0005", "2026-06", "2026-06", "10.37", "5,184"] in lines


# several models for one workload


def shared(**keys):
    """10 requests/s, 70 % of them to a model of which a chip serves one and 30 % to one of which it serves three."""
    document = toys.problem(demand={"model": {"llm": 0.7, "small": 0.3}}, **keys)
    document["models"]["small"] = {**toys.LLM, "parameters": 1e9, "active_parameters": 1e9}
    speeds = {"chat.llm": 1.0, "chat.small": 3.0}
    rates = [{"accelerator": "chip", "workload": w, "requests_per_s_per_accelerator": r} for w, r in speeds.items()]
    return {**document, "throughput": {"rates": rates}}


def test_each_model_serves_its_share_of_the_requests():
    """7 chips for 7 requests/s and one for 3: 8 x 720 h x 1 USD."""
    found = plan_of(shared())
    assert found["objective_usd"] == pytest.approx(5760)
    asked = {row["workload"]: row["mean_requests_per_s"] for row in found["service"]}
    assert asked == pytest.approx({"chat.llm": 7.0, "chat.small": 3.0})


def test_an_instance_holds_the_parts():
    """What a plan stores loads to the same instance, and tables and hours of demand are shared out too."""
    document = shared()
    table = {"2026-06": [2.0] * 12 + [18.0] * 12}
    document["workloads"]["chat"]["demand"] = {"requests_per_s": table}
    instance = from_document(document)
    assert list(instance.workloads) == ["chat.llm", "chat.small"]
    rates = instance.workloads["chat.small"].demand.requests_per_s
    assert list(rates.values()) == [pytest.approx([0.6] * 12 + [5.4] * 12)]
    assert from_document(to_document(instance)) == instance


def test_a_plan_says_what_the_shares_are_of_where_some_may_be_left_unserved(tmp_path):
    """Seven chips serve 3 of 3 requests/s of the small model with one and 6 of 7 of the other: 1 / 3 of what is served
    is not the 30 % that are asked for."""
    document = shared()
    assert "models" not in plan_of(document)["conventions"]
    document["workloads"]["chat"]["unserved_usd_per_request"] = 0.01
    document["offers"]["on-demand"]["elastic"]["max_accelerators"] = 7
    found = plan_of(document)
    served = {row["workload"]: row["mean_requests_per_s"] * row["served_share"] for row in found["service"]}
    assert served == pytest.approx({"chat.llm": 6.0, "chat.small": 3.0})
    assert found["conventions"]["models"] == (
        "The shares of the models of chat (chat.llm, chat.small) are those of the requests asked for. Each part is "
        "served or left unserved by itself, so that the requests served may have other shares."
    )


def test_check_counts_the_workloads_of_the_file(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(json.dumps(shared()))
    said = " ".join(CliRunner().invoke(main, ["check", str(path)]).output.split())
    assert "workloads 1 interactive (chat as chat.llm and chat.small) " in said


def test_resilience_of_a_workload_is_that_of_its_parts():
    document = shared()
    document["providers"]["other"] = {"kind": "neocloud"}
    document["offers"]["elsewhere"] = {**document["offers"]["on-demand"], "provider": "other"}
    document["policy"] = {"resilience": {"lose_any": "provider", "keep": 0.5, "workloads": ["chat.small", "chat"]}}
    assert from_document(document).policy.resilience.workloads == ["chat.small", "chat.llm"]


def test_scenarios_speak_of_a_workload_or_of_its_parts():
    """In July the demand doubles, that of the small model triples: 14 + 3 chips in one future, 8 in the other."""
    document = shared(horizon={"start": "2026-06", "months": 2})
    boom = {"demand": {"chat": 2.0, "chat.small": 3.0}}
    document["uncertainty"] = toys.futures("2026-07", flat={}, boom=boom)
    assert plan_of(document)["objective_usd"] == pytest.approx(8 * 720 + (8 + 17) / 2 * 744)


# published answers


MELANGE = {
    "a10g": (1.01, (2.0, 1.0, 5.0, 2.0)),
    "a100": (3.67, (20.0, 20.0, 40.0, 20.0)),
}
"""USD per hour, and requests/s of one GPU by bucket of request sizes"""
MELANGE_SHARES = (0.2, 0.1, 0.5, 0.2)
MELANGE_RATE = 30.0
"""tyler-griggs/melange-release (Griggs et al., Melange, 2024), melange/config/example.json: 30 requests/s in four
buckets"""


def melange(slices: int, *types: str):
    """The worked example: a bucket is `slices` workloads; a GPU is a block of one, by the hour."""
    names = [(f"b{b}-{k}", b) for b in range(4) for k in range(slices)]
    rates = [
        {"accelerator": gpu, "workload": name, "requests_per_s_per_accelerator": MELANGE[gpu][1][b]}
        for gpu in types
        for name, b in names
    ]
    offers = {
        gpu: {
            **toys.lease(1.0, None, usd_per_accelerator_hour=MELANGE[gpu][0], blocks={"min": 1, "max": 20}),
            "accelerators": {gpu: 1.0},
        }
        for gpu in types
    }
    workloads = {name: toys.chat(MELANGE_RATE * MELANGE_SHARES[b] / slices) for name, b in names}
    accelerators = dict.fromkeys(types, toys.CHIP)
    document = toys.problem(workloads=workloads, accelerators=accelerators, throughput={"rates": rates})
    return from_document({**document, "offers": offers})


def usd_per_hour(instance, whole: bool = False) -> float:
    """Least cost; `whole`: a workload is served by one type of GPU, as the published solver has it."""
    problem = compile_instance(instance).problem
    model = build(problem)
    if whole:
        model.chosen = Var(list(problem.rate), domain=Binary)

        def all_or_nothing(m, pool, workload, *slot):
            needed = float(problem.workloads[workload].provision[0, 0, 0] / problem.rate[pool, workload][0, 0])
            return m.serve[pool, workload, *slot] == needed * m.chosen[pool, workload]

        model.all_or_nothing = Constraint(list(model.serve), rule=all_or_nothing)
    return solve_model(model, Limits(gap=0.0)).objective / 720


def test_melange_one_type_of_gpu():
    """A10G: 6 / 2 + 3 / 1 + 15 / 5 + 6 / 2 = 12 of them, 12.12; A100: 1.125, so two, 7.34."""
    assert usd_per_hour(melange(1, "a10g")) == pytest.approx(12.12)
    assert usd_per_hour(melange(1, "a100")) == pytest.approx(7.34)


@pytest.mark.parametrize(("slices", "published"), [(1, 6.70), (2, 5.69), (4, 5.69)])
def test_melange_mixing_beats_either_type(slices, published):
    """One A100 and three A10G with whole buckets, two with halves or quarters of them."""
    assert usd_per_hour(melange(slices, "a10g", "a100"), whole=True) == pytest.approx(published)


def test_melange_with_buckets_that_are_split_freely():
    """The A100 is short of 0.125 GPUs; a third of the third bucket frees it and fills one A10G: 3.67 + 1.01. Slices
    only approach that: this model splits demand as it likes."""
    assert usd_per_hour(melange(1, "a10g", "a100")) == pytest.approx(4.68)


@pytest.mark.parametrize(
    ("first", "second"), [(0, 86), (5, 75), (10, 64), (15, 53), (20, 43), (25, 32), (30, 21), (35, 10), (40, 0)]
)
def test_splitwise_machines_of_the_second_kind_that_one_budget_leaves(first, second):
    """Splitwise (Patel et al., ISCA 2024): a budget of 40 machines at 4.76 per hour, split between these and others at
    2.21: floor((40 - first) x 4.76 / 2.21). Every machine of the second kind serves a request/s worth more than it
    costs, so that the budget alone limits them; those of the first kind must be signed.
    """
    machine = {"usd_per_month": None, "repeat": "once"}
    others = toys.lease(1.0, **machine, usd_per_accelerator_hour=2.21, blocks={"min": 1, "max": 100})
    offers = {"second": others}
    if first:
        offers["first"] = toys.lease(1.0, **machine, usd_per_accelerator_hour=4.76, blocks={"min": first, "max": first})
        offers["first"]["accelerators"] = {"other": 1.0}
    document = toys.problem(offers=offers, demand={"requests_per_s": 1000.0, "value_usd_per_request": 0.01})
    document["accelerators"]["other"] = toys.CHIP
    document["groups"] = [{"at_least": 1, "offers": ["first"]}] if first else []
    document["finance"] = {"budget_usd": {"2026-06": 40 * 4.76 * 720}}
    del document["offers"]["on-demand"]
    signed = {deal["offer"]: deal["blocks"] for deal in plan_of(document)["deals"]}
    assert signed == {key: count for key, count in (("first", first), ("second", second)) if count}


# answers that grow longer


def test_rates_are_those_of_the_multiplier_of_each_month():
    """From July on the chips do what they do for answers that are twice as long; tokens are counted month by month."""

    def rates(multiplier):
        request = {"input_tokens": 1000.0, "output_tokens": 100.0, "reasoning_multiplier": multiplier}
        document = toys.problem(3, demand={"request": request}, throughput={})
        return rate_table(from_document(document))["on-demand/chip", "chat"].requests_per_s

    once, twice = rates(1.0), rates(2.0)
    assert once[0] > twice[0] > 0
    assert rates({"2026-01": 1.0, "2026-07": 2.0}) == pytest.approx([once[0], twice[1], twice[2]])


def test_a_pool_serves_what_it_can_serve_in_every_month():
    """Answers of 100 million tokens do not fit beside the weights: the reason names the month from which on."""
    request = {"input_tokens": 1000.0, "output_tokens": 100.0}
    request["reasoning_multiplier"] = {"2026-06": 1.0, "2026-07": 1000000.0}
    found = rate_table(from_document(toys.problem(2, demand={"request": request}, throughput={})))
    assert not found["on-demand/chip", "chat"].eligible
    assert found["on-demand/chip", "chat"].reason.startswith("from 2026-07 on: chip: the KV cache of one request")


def test_levelised_cost_counts_the_tokens_of_each_month():
    """26.784 million requests of 1,200 tokens in July and 25.92 million of 1,100 in June for 7,948.80 USD."""
    figures = named("answers_that_grow_longer")["kpis"]
    tokens = 25.92 * 1100 + 26.784 * 1200
    assert figures["usd_per_million_tokens"] == pytest.approx(7948.8 / tokens)
    assert figures["usd_per_million_tokens_by_workload"]["chat"] == pytest.approx(7948.8 / tokens)


def test_a_given_rate_is_that_of_one_length_of_answers():
    request = {"input_tokens": 1000.0, "output_tokens": 100.0, "reasoning_multiplier": {"2026-06": 1.0}}
    with pytest.raises(InstanceError, match="chat has answers whose length changes, and a given rate is that of one"):
        from_document(toys.problem(demand={"request": request}))


# laws


@LAW
@given(documents())
def test_a_value_above_every_price_signs_for_the_same_cost(document):
    """On demand a request costs 1 / 3,600 = 0.00028 USD and can always be had: at 0.0003 all are served, so that
    without discounting value takes a constant off the cost."""
    document["finance"] = {}
    valued = copy.deepcopy(document)
    for workload in valued["workloads"].values():
        workload["value_usd_per_request"] = 0.0003
    found = plan_of(valued)
    assert found["kpis"]["share_served"] == pytest.approx(1)
    assert found["objective_usd"] + found["kpis"]["value_usd"] == pytest.approx(least_cost(document), rel=1e-9)


@LAW
@given(documents(), st.sampled_from([0.0001, 0.0002]))
def test_a_request_that_is_worth_more_never_earns_less(document, value):
    margins = []
    for usd in (value, 1.5 * value):
        valued = copy.deepcopy(document)
        valued["workloads"]["chat"]["value_usd_per_request"] = usd
        margins.append(-least_cost(valued))
    assert margins[0] <= margins[1] + 1e-6


@LAW
@given(documents(), st.sampled_from([0.3, 0.5]))
def test_models_that_are_alike_are_one(document, share):
    """A workload split over two models of which a chip serves as many requests is the workload unsplit."""
    parted = copy.deepcopy(document)
    parted["models"]["twin"] = parted["models"]["llm"]
    parted["workloads"]["chat"]["model"] = {"llm": share, "twin": 1.0 - share}
    (rate,) = [rate for rate in parted["throughput"]["rates"] if rate["workload"] == "chat"]
    parted["throughput"]["rates"].remove(rate)
    parted["throughput"]["rates"] += [{**rate, "workload": f"chat.{model}"} for model in ("llm", "twin")]
    assert least_cost(parted) == pytest.approx(least_cost(document), rel=1e-6)
