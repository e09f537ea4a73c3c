"""What a rule costs, point by point, against the table of costs in `instances/quickstart.yaml`.

In its first month a block of lease-now owes 500,000 USD, a block of lease-late 160,000 after September, when one of
lease-now still owes 200,000.
"""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from pyomo.common.collections import ComponentMap

import offtake
from offtake.cli import main
from offtake.instance import from_document
from offtake.solve import Limits, solve_model
from offtake.study.bad_question import BadQuestion
from offtake.study.frontier import frontier
from toys import document

QUICKSTART = Path(__file__).resolve().parent.parent / "instances" / "quickstart.yaml"


def walked(over: str, **how):
    return frontier(offtake.load(QUICKSTART), over, **{"gap": 0.0, "points": 6, **how})


def test_obligations_against_cost():
    """The cheapest plan owes 500,000. At 100,000 nothing is signed: 96 x 11,040 + 144 x 10,920 = 2,632,320. From
    160,000 on one block of lease-late: 1,059,840 + 240,000 + 80 x 10,920 = 2,173,440; from 320,000 on two: 1,714,560;
    at 500,000 the plan of (1, 1)."""
    found = walked("obligations")
    assert [point.value for point in found.every] == pytest.approx([0.2, 0.36, 0.52, 0.68, 0.84, 1.0])
    costs = [2_632_320, 2_173_440, 2_173_440, 1_714_560, 1_714_560, 1_368_000]
    assert found.points["cost_usd"].tolist() == pytest.approx(costs)
    assert [point.verdict for point in found.every] == [
        "efficient", "efficient", "dominated", "efficient", "dominated", "efficient",
    ]  # fmt: skip
    assert [point.value for point in found.curve] == pytest.approx([0.2, 0.36, 0.68, 1.0])
    assert all(point.plan.audit["passed"] and point.plan.gap == pytest.approx(0) for point in found.every)


def test_a_point_begins_with_the_one_before():
    begun = [point.begun for point in walked("obligations").every]
    assert begun == ["anew", *["from the point before"] * 5]


def test_what_is_proven_by_the_loosest_point_is_not_solved_again():
    """The rate is given, so targets change nothing: one search, and the bound of the loosest point proves the rest."""
    found = walked("latency")
    assert [point.begun for point in found.every] == ["anew", *["not at all"] * 4, "from the point before"]
    assert [point.verdict for point in found.every] == ["efficient", *["dominated"] * 5]


def test_budgets_that_no_plan_keeps_are_told():
    """Everything is paid in 2026, so the cheapest plan is also the one that pays least in it."""
    found = walked("budget", points=3)
    assert [point.verdict for point in found.every] == ["infeasible", "infeasible", "efficient"]
    assert found.points["cost_usd"].tolist()[-1] == pytest.approx(1_368_000)


def test_service_is_headroom():
    """Capacity for 1.5 times the load: 144, then 216 accelerators; three and one blocks would cost 2,040,000; (2, 1) is
    16 short until September, when 24 are. Use is paid for the mean: 24 of 216 provisioned are 16 at work on the mean.
    600,000 x 2 + 240,000 + 16 / 1.5 x 11,040 + 24 / 1.5 x 10,920 = 1,732,480."""
    found = walked("service", points=2)
    assert found.points["cost_usd"].tolist() == pytest.approx([1_732_480, 1_368_000])


def test_a_key_path():
    """With 16 on demand at most, 96 accelerators need two blocks of lease-now: 1,374,720. 32 allow (1, 1)."""
    found = walked("offers.on-demand.elastic.max_accelerators", tight=16, loose=32, points=2)
    assert found.points["cost_usd"].tolist() == pytest.approx([1_374_720, 1_368_000])


def test_processes_walk_parts_of_the_curve():
    one, two = walked("obligations"), walked("obligations", jobs=2)
    assert two.points["cost_usd"].tolist() == pytest.approx(one.points["cost_usd"].tolist())
    assert [point.verdict for point in two.every] == [point.verdict for point in one.every]


@pytest.mark.parametrize(
    ("over", "how", "said"),
    [
        ("risk", {}, "one future, so that none is dearer"),
        ("cost", {}, "'cost' is no rule; there are budget, obligations"),
        ("finance.cash_min_usd", {}, "needs both ends"),
        ("budget", {"tight": 1.0, "loose": 0.8}, "more is looser: the ends are swapped"),
        ("service", {"tight": 1.0, "loose": 1.5}, "less is looser: the ends are swapped"),
        ("budget", {"points": 1}, "two points or more"),
        ("carbon", {}, "the cheapest plan has no known emissions"),
    ],
)
def test_questions_that_mean_nothing(over, how, said):
    with pytest.raises(BadQuestion, match=said):
        walked(over, **how)


def test_values_that_no_instance_has():
    """One of two providers has half of the megawatts at least: what is asked for is refused, and the ends that nobody
    named begin where an instance can be."""
    with pytest.raises(offtake.InstanceError, match="one of them has at least"):
        walked("provider-share", tight=0.4, loose=1.0)
    assert min(point.value for point in walked("provider-share", points=4).every) >= 0.5


def test_an_interrupt_keeps_the_points_that_are_done():
    told: list[str] = []

    def interrupt(sentence: str) -> None:
        told.append(sentence)
        if "(3 of 5)" in sentence:
            raise KeyboardInterrupt

    found = walked("obligations", progress=interrupt)
    assert [point.value for point in found.every] == pytest.approx([0.2, 0.36, 1.0])
    assert found.interrupted
    assert told[-1] == "interrupted with 2 of 5 points done, and the loosest"


def test_the_command_saves_the_curve(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = ["frontier", str(QUICKSTART), "--over", "obligations", "--points", "3", "--from", "0.2"]
    told = CliRunner().invoke(main, [*asked, "--json"])
    assert told.exit_code == 0, told.output
    assert [point["verdict"] for point in json.loads(told.stdout)["points"]] == ["efficient"] * 3
    names = sorted(path.name for path in (tmp_path / "quickstart.frontier").iterdir())
    assert names == ["01-0.2.plan.json", "02-0.6.plan.json", "03-1.plan.json"]
    assert offtake.Plan.load(tmp_path / "quickstart.frontier" / names[1]).objective_usd == pytest.approx(2_173_440)
    shown = CliRunner().invoke(main, asked)
    assert "$2.173 m" in shown.stdout
    refused = CliRunner().invoke(main, ["frontier", str(QUICKSTART), "--over", "risk"])
    assert refused.exit_code == 2 and "one future" in refused.output


def test_over_risk_dear_futures_cost_less_and_the_mean_more():
    """A lease signed for both futures costs 10,000 in each; without it 5,000 or 12,440, 8,720 expected. Where the
    dearest half has weight w it pays from 8,720 (1 - w) + 12,440 w = 10,000 on, w = 0.344."""
    toy = from_document(document("dear_futures_count_for_themselves"))
    found = offtake.frontier(toy, "risk", points=3, tight=0.5, loose=0.2, gap=0.0)
    assert [point.value for point in found.every] == [0.5, 0.35, 0.2]
    assert [point.verdict for point in found.every] == ["efficient", "dominated", "efficient"]
    ends = found.points.iloc[[0, 2]]
    assert ends["cost_usd"].tolist() == pytest.approx([10000.0, 8720.0])
    assert ends["cvar_usd"].tolist() == pytest.approx([10000.0, 12440.0])


@pytest.mark.parametrize("blocks", [0, 1, 2])
def test_a_search_may_begin_anywhere(blocks):
    """None of the lease, one block, or two, of which there is one: the optimum is the same."""
    model = offtake.build_model(from_document(document("lease_beats_on_demand")))
    begin = ComponentMap((variable, blocks) for variable in model.blocks.values())
    assert solve_model(model, Limits(gap=0.0), begin=begin).objective == pytest.approx(5000.0)
