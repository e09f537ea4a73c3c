"""The page about one offer, and the decisive assumptions: against figures derived by hand.

Ten chips for June cost 7,200 USD on demand.
"""

import json

import pytest
from click.testing import CliRunner

import offtake
import toys
from offtake.cli import main
from offtake.instance import from_document
from toys import lease, problem


def one(document: dict, offer: str = "lease", **how):
    return offtake.explain_offer(from_document(document), offer, gap=0.0, **{"over": (), **how})


def test_sign():
    """5,000 against 7,200: sign, up to 7,200; without it on demand for 2,200 more."""
    page = one(problem(offers={"lease": lease(sign_by="2026-07")}), over=("delay", "throughput"))
    assert page.verdict == "sign"
    assert page.sentence == "Sign 1 block by 2026-06; walk away from $7,200 per block and month on."
    assert (page.usd_low, page.usd_high) == (pytest.approx(2200.0), pytest.approx(2200.0))
    assert page.instead == "on-demand: 7,200 accelerator-hours, not 0"
    assert page.waiting.startswith("Now or never")
    assert len(page.changes) == 3


def test_counter():
    """9,000 is too much; worth 7,200, where it would replace all that is bought on demand."""
    page = one(problem(offers={"lease": lease(10.0, 9000.0)}))
    assert page.verdict == "counter"
    assert page.worth_up_to == pytest.approx(7200.0)
    assert page.sentence == (
        "Counter at $7,200 per block and month, against $9,000 by 2026-06; it would then be 1 block."
    )
    assert page.saving_usd == pytest.approx(-1800.0)
    assert page.instead == "on-demand: 0 accelerator-hours, not 7,200"


def test_wait():
    """1 USD an hour in June and 0.5 from July on, for two of three months: signed in July."""
    points = [{"month": f"2026-0{month}", "usd_per_accelerator_hour": usd} for month, usd in ((6, 1.0), (7, 0.5))]
    offer = lease(10.0, None, terms=[{"months": 2, "forward_factor": 1.0}])
    page = one(problem(months=3, offers={"lease": offer}, forward={"chip": points}))
    assert (page.verdict, page.sentence) == ("wait", "Wait: sign it in 2026-07, not now.")


def test_leave():
    """Its fee for signing alone is more than all that it replaces."""
    page = one(problem(offers={"lease": lease(10.0, 100.0, signing_fee_usd=8000.0)}))
    assert (page.verdict, page.sentence) == ("leave", "Leave it: at no price would the best plan sign it.")


def test_bought_by_use():
    page = one(problem(offers={"lease": lease(10.0, 9000.0)}), "on-demand")
    assert page.verdict == "use"
    assert page.usd_low == pytest.approx(1800.0)


def test_an_unknown_offer_is_an_error():
    with pytest.raises(ValueError, match="no offer 'nothing'"):
        one(problem(), "nothing")


def assumed(swing: float, **how):
    """A lease at 5,000 of which price and stock are assumed, beside on demand at 1 USD, assumed too."""
    document = problem(offers={"lease": lease(assumed=["terms", "blocks"])})
    document["offers"]["on-demand"]["assumed"] = ["elastic.usd_per_accelerator_hour"]
    return offtake.explain_assumptions(from_document(document), swing, gap=0.0, **how)


def test_what_is_assumed_within_a_fifth_is_not_decisive():
    """The lease at 6,000 is still below 7,200, and on demand at 0.8 costs 5,760."""
    found = assumed(0.2)
    assert {row["verdict"] for row in found.rows} == {"holds"}
    assert len(found.rows) == 5  # one block fewer than one is none


def test_what_flips_a_signing_is_decisive():
    """Half off on demand, 3,600, beats the lease; half more on the lease, 7,500, loses by 300."""
    found = assumed(0.5)
    told = [(row["key"], row["value"], row["verdict"], row["changes"], row["usd_low"]) for row in found.rows[:2]]
    assert told == [
        ("offers.on-demand.elastic.usd_per_accelerator_hour", "0.5", "flips", "drops lease", pytest.approx(1400.0)),
        ("offers.lease: prices of its terms", "7,500", "flips", "drops lease", pytest.approx(300.0)),
    ]
    assert [row["verdict"] for row in found.rows[2:]] == ["holds"] * 3
    assert list(found.table["usd_high"])[:2] == [pytest.approx(1400.0), pytest.approx(300.0)]


def test_dates_that_no_longer_fit():
    """Offered from June on; a month later the signing of the plan is not on offer."""
    offer = lease(assumed=["start"], start={"earliest": "2026-06", "latest": "2026-06"})
    found = offtake.explain_assumptions(from_document(problem(months=2, offers={"lease": offer})), gap=0.0)
    assert [(row["value"], row["verdict"], row["changes"]) for row in found.rows] == [
        ("from 2026-07", "cannot", "signs otherwise lease")
    ]


def test_the_assumptions_of_a_plan_in_processes_and_on_an_interrupt():
    document = problem(offers={"lease": lease(assumed=["terms"])})
    plan = offtake.solve(from_document(document), gap=0.0)
    here, there = (offtake.explain_assumptions(plan, 0.5, gap=0.0, jobs=jobs) for jobs in (1, 2))
    assert here.rows == there.rows and here.complete

    def interrupt(sentence):
        if "7,500" in sentence:
            raise KeyboardInterrupt

    cut = offtake.explain_assumptions(plan, 0.5, gap=0.0, progress=interrupt)
    assert not cut.complete and [row["value"] for row in cut.rows] == ["2,500"]


def test_the_commands(tmp_path):
    document = problem(offers={"lease": lease(assumed=["terms"])})
    (tmp_path / "toy.yaml").write_text(json.dumps(document))
    page = CliRunner().invoke(main, ["explain", str(tmp_path / "toy.yaml"), "--offer", "lease"])
    assert page.exit_code == 0 and "walk away from $7,200" in page.stdout
    decisive = CliRunner().invoke(main, ["explain", str(tmp_path / "toy.yaml"), "--assumptions", "--swing", "0.5"])
    assert decisive.exit_code == 0 and "drops lease" in decisive.stdout
    wrong = CliRunner().invoke(main, ["explain", str(tmp_path / "toy.yaml"), "--offer", "nothing"])
    assert wrong.exit_code == 2


def test_a_fee_alone_is_no_price_to_leave_it_at():
    """7,200 on demand against a fee of 8,000: worth taking at a lower fee, of which no price says anything."""
    page = one(problem(offers={"lease": lease(10.0, 0.0, signing_fee_usd=8000.0, free=True)}))
    assert page.verdict == "undetermined"
    assert page.sentence.startswith("Undetermined: lease has a price of zero")


def test_blocks_are_those_of_one_future():
    """A block is signed in July in each of two futures, and one is on sale."""
    document = toys.nothing_is_signed_on_a_future_not_known()
    document["offers"]["more"]["start"] = {"earliest": "2026-07"}
    document["uncertainty"] = toys.futures("2026-07", a={"demand": {"chat": 2.0}}, b={"demand": {"chat": 1.9}})
    page = one(document, "more")
    assert (page.verdict, page.blocks) == ("sign", 1)
