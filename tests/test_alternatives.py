"""Plans inside the slack, against the table of costs in `instances/quickstart.yaml`.

With a blocks of lease-now and b of lease-late: (1, 1) costs 1,368,000, (2, 0) 1,374,720, (1, 2) 1,433,280, (2, 1)
1,440,000, (0, 2) 1,714,560. Within 2 % (1,395,360) there are only the first two.
"""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import offtake
import toys
from offtake.cli import main
from offtake.instance import from_document
from offtake.study.alternatives import alternatives, in_words
from offtake.study.bad_question import BadQuestion
from toys import document, lease, problem

QUICKSTART = Path(__file__).resolve().parent.parent / "instances" / "quickstart.yaml"


def found(**how) -> dict:
    """Kind -> alternative of the quickstart; the last of a kind."""
    return {each.kind: each for each in alternatives(offtake.load(QUICKSTART), **{"gap": 0.0, **how}).found}


def test_the_second_best_plan_differs_most_inside_two_percent():
    """(2, 0) changes the blocks of one lease and drops the other: two offers, and no plan changes more. Of 1,368,000
    USD it moves 240,000 from late-cloud and 528,000 - 174,720 from big-cloud to acme-cloud."""
    other = found(count=2)
    assert other["best"].plan.objective_usd == pytest.approx(1_368_000)
    assert other["contracts"].plan.objective_usd == pytest.approx(1_374_720)
    assert (other["contracts"].figure, other["contracts"].figure_bound) == (2, 2)
    assert other["contracts"].changed == ("lease-now: 2 blocks, not 1", "lease-late dropped")
    assert other["contracts"].over_best == pytest.approx(6_720 / 1_368_000)
    assert other["mix"].figure == pytest.approx(593_280 / 1_368_000)
    assert other["mix"].same_as == other["contracts"].name
    assert all(each.plan.audit["passed"] for each in other.values())


def test_the_fewest_contracts_and_the_least_owed():
    """One deal inside 2 %. Inside 30 % (1,778,400) (0, 2) is in reach: after September it owes 2 x 2 x 80,000, where
    every plan with a lease from June on owes 500,000 after that month."""
    assert (found(count=3)["fewest"].figure, found(count=3)["fewest"].figure_bound) == (1, 1)
    least = found(within=0.3, count=4)["lock-in"]
    assert (least.figure, least.figure_bound) == pytest.approx((320_000, 320_000))
    assert least.plan.objective_usd == pytest.approx(1_714_560)
    assert least.plan.kpis["peak_obligations_usd"] == pytest.approx(320_000)


def test_the_most_of_one_provider():
    """Inside 5 % (1,436,400) (1, 2) pays late-cloud 480,000. On demand may take all of a slack of 2 %: 528,000 and
    27,360 more, while what is leased idles."""
    late = found(within=0.05, most="late-cloud")["most"]
    assert (late.figure, late.plan.objective_usd) == pytest.approx((480_000, 1_433_280))
    assert found(most="big-cloud")["most"].figure == pytest.approx(555_360, rel=1e-5)


def test_what_must_be_done_and_what_is_open():
    """Without lease-now the best is (0, 2): 25 % dearer. lease-late is not in (2, 0)."""
    study = alternatives(offtake.load(QUICKSTART), count=1, gap=0.0)
    assert {row["offer"]: row["verdict"] for row in study.decided} == {"lease-now": "must do", "lease-late": "open"}
    assert list(study.offers.columns) == ["offer", "verdict", "in"]
    assert study.plans["cost_usd"].tolist() == pytest.approx([1_368_000, 1_374_720])
    assert study.plans["plan"][1].deals["offer"].tolist() == ["lease-now"]


def test_an_offer_that_all_plans_found_sign_may_still_be_open():
    """Either of two equal leases: 5 x 720 + 2,000 with one or the other, and only one may be signed. The plan with the
    fewest contracts signs the one that the best plan does; a plan without it costs the same."""
    study = alternatives(from_document(document("at_most_one_of_two")), within=0.0, count=1, gap=0.0)
    assert {row["verdict"] for row in study.decided} == {"open"}
    assert study.found[1].figure == 2


def test_nothing_else_inside_a_narrow_slack():
    """(2, 0) is 0.49 % dearer."""
    other = found(within=0.004, count=1)["contracts"]
    assert (other.figure, other.figure_bound, other.same_as, other.changed) == (0, 0, "best", ())


def test_the_next_plan_differs_from_all_before_it():
    """Four pairs inside 6 % (1,450,080): (1, 1), (2, 0), (1, 2), (2, 1). (2, 0) and then what is farthest from both:
    against (1, 1) and (2, 0) each of the others changes one offer at least."""
    study = alternatives(offtake.load(QUICKSTART), within=0.06, count=5, gap=0.0)
    signed = [tuple(each.plan.deals["blocks"]) for each in study.found if each.same_as is None]
    assert len(signed) == len(set(signed))
    assert study.found[-1].name == "most changed (2)"
    assert study.found[-1].figure == 1


def test_a_figure_and_its_bound_in_words():
    assert in_words("fewest", 3, 2) == "3 deals; at least 2 deals"
    assert in_words("mix", 0.5, 0.5) == "50.0% of the spend moved"
    assert in_words("best", None, None) == ""


def test_a_plan_for_several_futures():
    """Ten chips are needed from July on, or one: the lease for two months costs 8,000; 12,092 expected if it is signed
    now, 11,944 if it may wait, so now is 1.24 % dearer."""
    scenarios = {name: {"probability": 0.5, "demand": {"chat": {"2026-07": f}}} for name, f in (("a", 1.0), ("b", 0.1))}
    uncertainty = {"reveal": {"2026-07": [["a"], ["b"]]}, "scenarios": scenarios}
    offers = {"lease": lease(10.0, 4000.0, months=2, start={"latest": "2026-07"})}
    study = alternatives(from_document(problem(months=3, offers=offers, uncertainty=uncertainty)), count=1, gap=0.0)
    assert study.found[1].plan.objective_usd == pytest.approx(12_092)
    assert study.found[1].plan.audit["passed"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"most": "acme"}, "nothing is on offer from a provider 'acme'; there is acme-cloud, late-cloud and big-cloud"),
        ({"within": -0.1}, "the slack is a share of the cost"),
        ({"count": 0}, "at least one alternative"),
        ({"jobs": 0}, "at least one job"),
    ],
)
def test_questions_that_mean_nothing(asked, said):
    with pytest.raises(BadQuestion, match=said):
        alternatives(offtake.load(QUICKSTART), **asked)


def test_an_interrupt_keeps_what_is_done():
    told: list[str] = []

    def interrupt(sentence: str) -> None:
        told.append(sentence)
        if sentence.startswith("other providers"):
            raise KeyboardInterrupt

    study = alternatives(offtake.load(QUICKSTART), gap=0.0, progress=interrupt)
    assert [each.kind for each in study.found] == ["best", "contracts"]
    assert study.interrupted
    assert told[-1] == "interrupted with 1 of 4 done"
    assert {row["verdict"] for row in study.decided} == {"in all", "open"}


def test_the_command_saves_the_plans_and_speaks_json(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(main, ["alternatives", str(QUICKSTART), "--count", "1", "--json"])
    assert told.exit_code == 0, told.output
    assert [row["kind"] for row in json.loads(told.stdout)["plans"]] == ["best", "contracts"]
    saved = offtake.Plan.load(tmp_path / "quickstart.alternatives" / "01-contracts.plan.json")
    assert saved.objective_usd == pytest.approx(1_374_720)
    shown = CliRunner().invoke(main, ["alternatives", str(QUICKSTART), "--count", "1"])
    assert "must do" in shown.stdout and "lease-now: 2 blocks" in shown.stdout
    wrong = CliRunner().invoke(main, ["alternatives", str(QUICKSTART), "--most", "acme"])
    assert wrong.exit_code == 2 and "nothing is on offer from a provider 'acme'" in wrong.output


def test_what_is_paid_may_be_more_than_the_plan_costs():
    """One chip of left and ten of right cost 1,100. A hundred of left for 10,000 serve all, and what is worth 8,890
    too: 1,110 in all, of which right, paid 1,000 of 1,100 before, has nothing."""
    document = toys.rivals(lease(1.0, 100.0), lease(10.0, 1000.0))
    document["offers"]["big"] = lease(100.0, 10000.0, provider="left")
    document["workloads"] = {
        "chat": toys.chat(10.0),
        "code": toys.chat(1.0, allow={"providers": ["left"]}),
        "extra": toys.chat(89.0, allow={"providers": ["left"]}, value_usd_per_request=8890 / (89 * 720 * 3600)),
    }
    rate = {"accelerator": "chip", "requests_per_s_per_accelerator": 1.0}
    document["throughput"] = {"rates": [{**rate, "workload": name} for name in document["workloads"]]}
    study = alternatives(from_document(document), within=0.02, count=2, gap=1e-5)
    other = next(each for each in study.found if each.kind == "mix")
    assert other.figure == other.figure_bound == pytest.approx(1000 / 1100)
