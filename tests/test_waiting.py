"""What waiting is worth, against costs derived by hand and against instances that allow the one or the other.

June 2026 has 720 hours, July and August 744. Ten chips on demand cost 7,200, 7,440 and 7,440: 22,080 USD in all.
"""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

import offtake
from offtake.cli import main
from offtake.instance import from_document
from offtake.solve import solve_model
from offtake.study.waiting import waiting
from toys import lease, problem


def one(document: dict, offer: str = "lease", **how):
    return waiting(from_document(document), [offer], **{"gap": 0.0, **how})[0]


def curve(**usd_per_hour: float) -> dict:
    """A forward curve of the chip; keys are months, `m06` is June."""
    points = [{"month": f"2026-{key[1:]}", "usd_per_accelerator_hour": usd} for key, usd in usd_per_hour.items()]
    return {"chip": points}


def two_months(**points: float) -> dict:
    """Ten chips for two of three months at the forward curve of the month in which they start."""
    offer = lease(10.0, None, terms=[{"months": 2, "forward_factor": 1.0}])
    return problem(months=3, offers={"lease": offer}, forward=curve(**points))


def test_waiting_pays_where_the_curve_falls():
    """1 USD in June, 0.5 from July on. Signed now: 14,640 and August on demand, 22,080, as without it. Signed in July:
    7,200, and 14,880 hours of ten chips at 0.5: 14,640.
    """
    found = one(two_months(m06=1.0, m07=0.5))
    assert found.verdict == "wait"
    assert (found.now_usd, found.later_usd, found.never_usd) == pytest.approx((22_080, 14_640, 22_080))
    assert (found.value_low_usd, found.value_usd, found.value_high_usd) == pytest.approx((7_440,) * 3)
    assert (found.first_month, found.signed_in) == ("2026-06", ("2026-07",))
    assert found.sentence == (
        "Wait: signing it now costs $7,440 more than in 2026-07. Never signing it would cost $7,440 more, by the plans "
        "found."
    )


def test_signing_now_pays_where_the_curve_rises():
    """0.5 in June, 0.8 from July on. Signed now: 7,320 and August on demand, 14,760. In July: 7,200 and 11,904."""
    found = one(two_months(m06=0.5, m07=0.8))
    assert found.verdict == "sign now"
    assert (found.now_usd, found.later_usd, found.never_usd) == pytest.approx((14_760, 19_104, 22_080))
    assert (found.value_low_usd, found.value_usd, found.value_high_usd) == pytest.approx((-4_344,) * 3)
    assert found.sentence == (
        "Sign it now: waiting costs $4,344. Never signing it would cost $7,320 more, by the plans found."
    )


def demand(**factors: float) -> dict:
    """Two futures of even chances that part in July: factors on the demand from then on."""
    effects = {name: {"chat": {"2026-07": factor}} for name, factor in factors.items()}
    scenarios = {name: {"probability": 0.5, "demand": effect} for name, effect in effects.items()}
    return {"reveal": {"2026-07": [[name] for name in factors]}, "scenarios": scenarios}


def test_waiting_is_an_option():
    """Two months at 4,000; from July on ten chips are needed or one. Signed now: 8,000, and August on demand for 7,440
    or 744, 12,092 expected. Later: 7,200, then 8,000 for the lease or 1,488 on demand, 11,944.

    If the mean, 5.5 chips, were sure: 8,000 + 4,092 now, and 7,200 + 8,000 later.
    """
    offers = {"lease": lease(10.0, 4000.0, months=2, start={"latest": "2026-07"})}
    found = one(problem(months=3, offers=offers, uncertainty=demand(boom=1.0, bust=0.1)))
    assert (found.now_usd, found.later_usd) == pytest.approx((12_092, 11_944))
    assert (found.verdict, found.value_usd, found.signed_in) == ("wait", pytest.approx(148), ("2026-07",))
    assert found.sentence.startswith("Wait: signing it now costs $148 more than in 2026-07, in some scenarios.")
    sure = one(problem(months=3, offers=offers, uncertainty=demand(boom=0.55, bust=0.55)))
    assert (sure.now_usd, sure.later_usd) == pytest.approx((12_092, 15_200))
    assert sure.verdict == "sign now"


def test_an_offer_that_is_not_worth_it_is_left():
    """Ten chips for 9,000 in one month or the other: 1,800 or 1,560 more than on demand, so never."""
    told: list[str] = []
    found = one(problem(months=2, offers={"lease": lease(10.0, 9000.0)}), progress=told.append)
    assert told == ["the best plan", "lease: the best plan that signs it now"]
    assert (found.verdict, found.value_usd, found.signed_in) == ("leave", pytest.approx(1_800), ())
    assert found.later_usd == found.never_usd == pytest.approx(14_640)
    assert found.sentence == "Not now: signing it costs $1,800 more, and the best plan found never signs it."


def test_a_quote_that_expires_cannot_wait():
    """Ten chips for June at 5,000 instead of 7,200."""
    found = one(problem(months=2, offers={"lease": lease(sign_by="2026-06")}))
    assert (found.verdict, found.sign_by, found.value_usd) == ("cannot wait", "2026-06", pytest.approx(-2_200))
    assert found.sentence == "Now or never (the quote expires in 2026-06): signing it saves $2,200."


def test_what_cannot_be_signed_now_says_when():
    """The lead of a month makes June the month to sign for July; the other begins, and is signed, in July."""
    offers = {"late": lease(start={"earliest": "2026-07"}), "led": lease(start={"lead_months": 1})}
    late, led = waiting(from_document(problem(months=2, offers=offers)), ["late", "led"], gap=0.0)
    assert (late.verdict, late.first_month) == ("cannot be signed now", "2026-07")
    assert late.sentence == "Cannot be signed now: the first month is 2026-07."
    assert (led.verdict, led.first_month) == ("cannot wait", "2026-06")


def test_what_is_never_signed_is_no_question():
    offers = {"lease": lease(10.0, 1.0, sign_by="2026-05")}
    by_use, expired = waiting(from_document(problem(offers=offers)), gap=0.0)
    assert by_use.verdict == expired.verdict == "unsupported"
    assert expired.sentence == "Cannot be signed in this horizon."


def test_what_may_not_be_signed_now_and_never_is_tells_no_month():
    """The one that must be signed now excludes the other in June; at 9,000 it is never signed."""
    offers = {"must": lease(10.0, 4000.0, start={"latest": "2026-06"}), "maybe": lease(10.0, 9000.0)}
    groups = [{"at_least": 1, "offers": ["must"]}, {"exclusive": "must", "offers": ["maybe"]}]
    found = one(problem(2, offers, groups=groups), "maybe")
    assert found.sentence == "No plan is possible that signs it now."


def test_an_offer_that_nothing_can_replace():
    """Without on-demand chips June cannot be served but by signing now; a deal at a time, July too."""
    document = problem(months=2, offers={"lease": lease(repeat="one_at_a_time")})
    del document["offers"]["on-demand"]
    found = one(document)
    assert (found.verdict, found.later_usd, found.value_high_usd) == ("sign now", None, None)
    assert found.sentence == "Sign it now: no plan is possible that does not."


@pytest.mark.parametrize("usd_per_month", [6900.0, 7000.0, 7300.0])
def test_against_instances_that_allow_one_or_the_other(usd_per_month):
    """The same offer if it must be signed and starts in June, and if it starts later; beside another one in stacks."""

    def rivals(**start: str) -> dict:
        own = lease(7.0, 0.7 * usd_per_month, start=start)
        other = lease(3.0, 2170.0, repeat="stack", blocks={"max": 2})
        return problem(months=3, offers={"lease": own, "other": other}, demand={"growth_per_year": 3.0})

    found = one(rivals())
    now = {**rivals(latest="2026-06"), "groups": [{"at_least": 1, "offers": ["lease"]}]}
    later = rivals(earliest="2026-07")
    costs = [offtake.solve(from_document(document), gap=0.0).objective_usd for document in (now, later)]
    assert [found.now_usd, found.later_usd] == pytest.approx(costs)


def test_loose_bounds_leave_it_undetermined(monkeypatch):
    """Every bound 3 % low: 14,760 and 19,104 are told apart, 12,440 and 12,200 are not."""

    def loose(*args, **limits):
        outcome = solve_model(*args, **limits)
        return replace(outcome, bound=0.97 * outcome.bound)

    monkeypatch.setattr("offtake.engine.solve_model", loose)
    apart = one(two_months(m06=0.5, m07=0.8))
    assert apart.verdict == "sign now"
    assert apart.value_low_usd == pytest.approx(0.97 * 14_760 - 19_104)
    assert apart.value_high_usd == pytest.approx(14_760 - 0.97 * 19_104)
    near = one(problem(months=2, offers={"lease": lease()}))
    assert near.verdict == "undetermined"
    assert near.value_low_usd == pytest.approx(0.97 * 12_440 - 12_200)
    assert near.value_high_usd == pytest.approx(12_440 - 0.97 * 12_200)
    assert near.sentence == "Not decided: waiting is worth between -$133.20 and $606. A smaller gap says more."


def test_no_plan_costs_less_than_the_best(monkeypatch):
    """Nothing is proven about signing now, 12,440, but that it costs no less than the best plan, 12,200."""
    solves = []

    def forgetful(*args):
        outcome = solve_model(*args)
        solves.append(outcome)
        return replace(outcome, bound=None) if len(solves) > 1 else outcome

    monkeypatch.setattr("offtake.engine.solve_model", forgetful)
    found = one(problem(months=2, offers={"lease": lease()}))
    assert (found.value_low_usd, found.value_high_usd) == pytest.approx((0.0, 240.0))
    assert found.verdict == "undetermined"


def test_the_command_says_it_in_a_table_and_in_words(tmp_path):
    path = tmp_path / "toy.yaml"
    path.write_text(json.dumps(two_months(m06=1.0, m07=0.5)))
    result = CliRunner().invoke(main, ["waiting", str(path), "lease", "--gap", "0"])
    assert result.exit_code == 0
    row = next(line.split() for line in result.stdout.splitlines() if line.startswith("lease"))
    assert row == ["lease", "wait", "$22,080", "$14,640", "$22,080", "$7,440", "$7,440"]
    assert "Wait: signing it now costs $7,440 more than in 2026-07." in result.stdout
    assert result.stderr.splitlines() == [
        "the best plan",
        "lease: the best plan that signs it now",
        "lease: the best plan without it",
        f"next: offtake breakeven {path}",
    ]


def test_the_command_prints_json(tmp_path):
    path = tmp_path / "toy.yaml"
    path.write_text(json.dumps(two_months(m06=1.0, m07=0.5)))
    result = CliRunner().invoke(main, ["waiting", str(path), "--json", "--gap", "0"])
    by_use, found = json.loads(result.stdout)
    assert (by_use["verdict"], by_use["now_usd"]) == ("unsupported", None)
    assert (found["verdict"], found["signed_in"]) == ("wait", ["2026-07"])
    assert found["value_usd"] == pytest.approx(7_440)
