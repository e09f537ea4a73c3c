"""Walk-away prices, against prices derived by hand and against brute force over the price."""

import json
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

import offtake
import toys
from offtake.cli import main
from offtake.instance import from_document
from offtake.solve import solve_model
from offtake.study import wording
from offtake.study.bracket import Growth, Point, estimate, next_factor, proven_high, proven_low
from offtake.study.breakeven import breakeven
from offtake.study.priced import with_price_factor
from toys import document, lease, problem, promise


def one(document: dict, offer: str, gap: float = 0.0):
    return breakeven(from_document(document), [offer], gap=gap)[0]


def test_a_rejected_lease_breaks_even_with_on_demand():
    """Ten chips for June cost 7,200 on demand; the lease at 9,000 is worth 7,200."""
    found = one(problem(offers={"lease": lease(10.0, 9000.0)}), "lease")
    assert not found.chosen
    assert found.verdict == "proven"
    assert found.price == pytest.approx(7200.0)
    assert found.price_low == pytest.approx(7200.0, rel=1e-6)
    assert found.price_high == pytest.approx(7200.0, rel=1e-6)
    assert (found.price_today, found.unit, found.blocks) == (9000.0, "USD per block and month", 1)
    assert found.saving_usd == pytest.approx(-1800.0)


def test_a_chosen_lease_breaks_even_with_the_next_best():
    """Leases of ten chips at 5,000 and at 6,000: the first is worth 6,000, saves 1,000; the second is worth 5,000."""
    document = problem(offers={"first": lease(10.0, 5000.0, sign_by="2026-07"), "second": lease(10.0, 6000.0)})
    first, second = breakeven(from_document(document), ["first", "second"], gap=0.0)
    assert first.chosen and not second.chosen
    assert first.price == pytest.approx(6000.0)
    assert first.saving_usd == pytest.approx(1000.0)
    assert first.sign_by == "2026-07"
    assert second.price == pytest.approx(5000.0)


def test_the_first_block_decides_the_price():
    """Blocks of 4 chips at 4,000: the first two replace 4 x 720 = 2,880 each, a third only 2 x 720."""
    found = one(problem(offers={"lease": lease(4.0, 4000.0, blocks={"min": 1, "max": 3})}), "lease")
    assert found.price == pytest.approx(2880.0)
    assert found.verdict == "proven"


def test_prices_by_the_hour_keep_their_unit():
    """Ten chips for June at 1.5 USD an hour against 1 USD on demand: worth 1 USD. Half is take-or-pay; all is used."""
    terms = {"usd_per_accelerator_hour": 1.5, "take_or_pay": 0.5}
    found = one(problem(offers={"lease": lease(10.0, None, **terms)}), "lease")
    assert found.unit == "USD per accelerator-hour"
    assert found.price == pytest.approx(1.0)


def test_a_factor_on_the_forward_curve_is_no_dollar():
    """Ten chips for June at 0.75 of 2 USD an hour against 1 USD on demand: worth half of the curve."""
    curve = {"chip": [{"month": "2026-06", "usd_per_accelerator_hour": 2.0}]}
    offer = lease(10.0, terms=[{"months": 1, "forward_factor": 0.75}])
    found = one(problem(offers={"lease": offer}, forward=curve), "lease")
    assert found.sentence.startswith(
        "Not taken at today's 0.75 times the forward curve; proven: worth taking up to 0.5, not worth it from 0.5 on."
    )


def test_use_beyond_take_or_pay_moves_with_the_price():
    """On demand costs 2 USD an hour; the lease at 1.5, half of it for use, is worth 2."""
    document = problem(offers={"lease": lease(10.0, None, usd_per_accelerator_hour=1.5, take_or_pay=0.5)})
    document["offers"]["on-demand"]["elastic"]["usd_per_accelerator_hour"] = 2.0
    found = one(document, "lease")
    assert found.chosen
    assert (found.price_low, found.price_high) == (pytest.approx(2.0, rel=1e-6), pytest.approx(2.0, rel=0.01))
    assert found.solves <= 4


def test_a_signing_fee_does_not_move_with_the_price():
    """7,200 on demand less 700 for signing leaves 6,500 for the fee of 9,000."""
    found = one(problem(offers={"lease": lease(10.0, 9000.0, signing_fee_usd=700.0)}), "lease")
    assert found.price == pytest.approx(6500.0)


def test_an_offer_that_must_be_taken_has_no_walk_away_price():
    document = problem(offers={"lease": lease(10.0, 9000.0)})
    del document["offers"]["on-demand"]
    found = one(document, "lease")
    assert found.verdict == "always"
    assert found.price_low is None and found.price_high is None
    assert "no plan is possible without it" in found.sentence


def test_an_offer_that_is_worth_less_than_nothing():
    """The fee for signing alone, 8,000, is more than the 7,200 that the lease replaces."""
    found = one(problem(offers={"lease": lease(10.0, 100.0, signing_fee_usd=8000.0)}), "lease")
    assert found.verdict == "never"
    assert found.sentence == "Not taken at today's $100 per block and month; not worth taking even for nothing."


def test_a_budget_is_a_reason_to_walk_away():
    """`whole` is paid in June for two months: 2 x 2,500. Without it `dear` costs 11,000, so it is worth 2.2 times its
    price; but June has a budget of 6,000, which forbids it beyond 1.2 times."""
    offers = {
        "whole": lease(10.0, 2500.0, months=2, prepay=1.0, start={"latest": "2026-06"}),
        "dear": lease(10.0, 5500.0, months=2, start={"latest": "2026-06"}),
    }
    document = problem(months=2, offers=offers, finance={"budget_usd": {"2026-06": 6000.0}})
    found = one(document, "whole")
    assert found.chosen
    assert found.factor_high == pytest.approx(6000.0 / 5000.0, rel=0.02)
    assert found.factor_low == pytest.approx(6000.0 / 5000.0, rel=0.02)
    assert found.factor_low <= 6000.0 / 5000.0 <= found.factor_high


def test_the_quickstart():
    """By the table in its header. Without lease-now the best is (0, 2), 1,714,560: (1, 1) costs 768,000 beside its one
    block, so that block is worth 946,560, or 157,760 a month. Without lease-late it is (2, 0), 1,374,720:
    (1, 1) costs 1,128,000 beside its block, which is worth 246,720, or 82,240 a month. Without on-demand chips it is
    (2, 1), 1,440,000; (2, 0) uses 34,944 hours of them beside 1,200,000: up to 240,000 / 34,944 an hour."""
    instance = offtake.load(Path(__file__).parent.parent / "instances" / "quickstart.yaml")
    now, late, rented = breakeven(instance, gap=0.0)
    assert now.price == pytest.approx(157_760.0)
    assert late.price == pytest.approx(82_240.0)
    assert now.verdict == late.verdict == "proven"
    assert now.saving_usd == pytest.approx(1_714_560 - 1_368_000)
    assert rented.verdict == "proven" and rented.price == pytest.approx(240_000 / 34_944)


@pytest.mark.parametrize(("lease_usd", "price"), [(9000.0, 1.25), (5000.0, 5000.0 / 7200.0)])
def test_what_is_bought_by_use_breaks_even_with_what_is_signed(lease_usd, price):
    """7,200 chip-hours, used at 1 USD beside a lease for 9,000, and not beside one for 5,000."""
    found = one(problem(offers={"lease": lease(10.0, lease_usd)}), "on-demand")
    assert (found.chosen, found.verdict) == (lease_usd == 9000.0, "proven")
    assert found.price_low == pytest.approx(price, rel=1e-5) and found.price_high == pytest.approx(price, rel=1e-5)
    assert (found.unit, found.price_today, found.blocks) == ("USD per accelerator-hour", 1.0, None)


def test_tokens_break_even_with_chips():
    """25.92 m requests of 100 tokens: 2,592 million tokens against 7,200 on demand."""
    request = {"input_tokens": 1000.0, "output_tokens": 100.0}
    document = problem(demand={"request": request})
    api = {"models": ["llm"], "usd_per_million_input_tokens": 0.0, "usd_per_million_output_tokens": 1.0}
    api |= {"max_requests_per_s": 100.0, "ttft_ms": 100.0, "tpot_ms": 10.0}
    document["offers"]["api"] = {"provider": "cloud", "region": "here", "api": api, "source": "toy", "free": True}
    found = one(document, "api")
    assert (found.verdict, found.unit) == ("proven", "USD per million output tokens")
    assert found.price == pytest.approx(7200.0 / 2592.0, rel=1e-5)


def test_without_what_is_bought_by_use_nothing_is_counted_on_after_a_loss():
    """Of ten, half must be left without any seller: five chips of each. On demand and spare are all there is."""
    document = toys.two_sellers(keep=0.5)
    del document["offers"]["lease"]
    assert one(document, "on-demand").verdict == "always"


def test_an_offer_that_can_never_be_signed():
    found = one(problem(offers={"lease": lease(10.0, 1.0, sign_by="2026-05")}), "lease")
    assert found.verdict == "unsupported"
    assert found.sentence == "lease cannot be signed in this horizon at any price."


def test_an_unknown_offer_is_an_error():
    with pytest.raises(ValueError, match="no offer 'nothing'; it has on-demand"):
        breakeven(from_document(problem()), ["nothing"])


def test_every_term_of_the_offer_moves():
    terms = [{"months": 1, "usd_per_month": 100.0}, {"months": 2, "usd_per_accelerator_hour": 3.0, "prepay": 0.5}]
    instance = from_document(problem(months=2, offers={"lease": lease(10.0, terms=terms)}))
    scaled = with_price_factor(instance, "lease", 0.5)
    assert [
        scaled.offers["lease"].terms[0].usd_per_month,
        scaled.offers["lease"].terms[1].usd_per_accelerator_hour,
        scaled.offers["lease"].terms[1].prepay,
    ] == [50.0, 1.5, 0.5]
    assert instance.offers["lease"].terms[0].usd_per_month == 100.0


@pytest.mark.parametrize("offer", ["short", "long"])
def test_break_even_against_brute_force_over_the_price(offer):
    """Two leases in several sizes and lengths beside on demand: solve at prices around the interval and look."""
    offers = {
        "short": lease(4.0, 1900.0, blocks={"min": 1, "max": 2}, repeat="stack"),
        "long": lease(6.0, 2600.0, months=3, start={"latest": "2026-06"}),
    }
    document = problem(months=3, offers=offers, demand={"growth_per_year": 5.0})
    instance = from_document(document)
    found = breakeven(instance, [offer], gap=0.0)[0]
    assert found.verdict == "proven"

    def taken(factor: float) -> bool:
        plan = offtake.solve(with_price_factor(instance, offer, factor), gap=0.0)
        return offer in list(plan.deals["offer"])

    assert taken(found.factor_low * 0.999)
    assert not taken(found.factor_high * 1.001)


def test_the_same_prices_from_an_executor():
    """Threads here, as Dask's executor would: every offer in the order of the instance."""
    instance = from_document(problem(offers={"first": lease(10.0, 5000.0), "second": lease(10.0, 6000.0)}))
    with ThreadPoolExecutor(2) as executor:
        elsewhere = breakeven(instance, gap=0.0, executor=executor)
    assert elsewhere == breakeven(instance, gap=0.0)
    assert [found.offer for found in elsewhere if found.price is not None] == ["on-demand", "first", "second"]


def test_under_shares_of_spend_solves_bracket_the_price_and_the_reader_is_told():
    """Without `left` five chips on demand, 3,600, stand beside `right` at 3,000: nobody has more than 60 %."""
    found = one(document("most_of_the_spend_is_with_others"), "left")
    assert found.price_low < 3600.0 < found.price_high
    assert found.verdict == "proven"
    assert "the ends are prices that were solved" in found.sentence


def test_solves_that_are_cut_short_twice_are_not_tried_again(monkeypatch):
    """Every bound 10 % low for lack of time: without it, at today's price and at 7,200, then no more."""

    def hurried(*args, **limits):
        outcome = solve_model(*args, **limits)
        return replace(outcome, bound=0.9 * outcome.bound, status="time_limit")

    monkeypatch.setattr("offtake.engine.solve_model", hurried)
    found = one(problem(offers={"lease": lease(10.0, 9000.0)}), "lease")
    assert (found.verdict, found.solves) == ("wide", 3)
    assert found.price_low == pytest.approx(6480.0)
    assert "More time for each solve narrows this." in found.sentence


def test_loose_bounds_make_a_wide_interval_that_holds_the_price(monkeypatch):
    """Every bound 10 % low: taken for certain only while 0.9 x 7,200 covers it, not for certain below 7,200 / 0.9."""

    def loose(*args, **limits):
        outcome = solve_model(*args, **limits)
        return replace(outcome, bound=0.9 * outcome.bound)

    monkeypatch.setattr("offtake.engine.solve_model", loose)
    found = one(problem(offers={"lease": lease(10.0, 9000.0)}), "lease")
    assert found.verdict == "wide"
    assert found.price_low == pytest.approx(6480.0)
    assert 7200.0 <= found.price_high <= 8000.0 * 1.01
    assert found.sentence == (
        "Not taken at today's $9,000 per block and month; proven: worth taking up to $6,480, not worth it from "
        f"${found.price_high:,.0f} on. At $7,200 it would be 1 block. Signing it today would cost $1,800 more than "
        "the best plan found without it. A smaller gap narrows this."
    )


def test_an_interrupt_ends_the_study(monkeypatch):
    ended = solve_model(offtake.build_model(from_document(problem())))
    monkeypatch.setattr(
        "offtake.engine.solve_model", lambda *args: replace(ended, status="interrupted", objective=None)
    )
    with pytest.raises(KeyboardInterrupt):
        one(problem(offers={"lease": lease()}), "lease")


def test_a_wish_to_end_outlives_a_solve_that_is_done(monkeypatch):
    """Ctrl-C in the last moment of a solve that proves what it was asked."""

    def solve_and_wish(*given):
        given[4].set()
        return solve_model(*given)

    monkeypatch.setattr("offtake.engine.solve_model", solve_and_wish)
    with pytest.raises(KeyboardInterrupt):
        one(problem(offers={"lease": lease()}), "lease")


@pytest.mark.parametrize(
    ("value", "down", "up"),
    [
        (2.98685, "$2.986", "$2.987"),
        (3.00501, "$3.005", "$3.006"),
        (7199.9999999, "$7,200", "$7,200"),
        (0.5, "$0.50", "$0.50"),
    ],
)
def test_proven_ends_are_rounded_to_the_side_on_which_they_are_proven(value, down, up):
    assert (wording.price(value, up=False), wording.price(value, up=True)) == (down, up)


def test_what_no_plan_can_sign_is_not_worthless_but_impossible():
    """A lease of ten chips of 1 kW at 5,000 against on demand at 7,200, where half a kilowatt is allowed."""
    document = problem(offers={"lease": lease()}, groups=[{"at_most": 0, "offers": ["lease"]}])
    found = one(document, "lease")
    assert (found.verdict, found.possible) == ("never", False)
    assert "no plan can sign it" in found.sentence


def test_an_instance_without_a_plan_is_no_study():
    document = problem()
    document["offers"]["on-demand"]["elastic"]["max_accelerators"] = 5
    with pytest.raises(offtake.NoPlan):
        breakeven(from_document(document))


OUT = Point(1.0, upper=105.0, lower=100.0)


def test_low_is_where_a_plan_stops_beating_the_bound_without():
    """A plan of 80 that pays 40 for the offer costs 100, the bound without it, at 1.5 times the price."""
    assert proven_low([Point(1.0, 80.0, 78.0, 40.0)], OUT, Growth.CHARGED) == pytest.approx(1.5)
    assert proven_low([Point(1.0, 80.0, 78.0, 40.0)], OUT, Growth.CAPPED) == 1.0
    assert proven_low([Point(1.0, 120.0, 118.0, 40.0)], OUT, Growth.CAPPED) == pytest.approx(0.5)
    assert proven_low([Point(1.0, 150.0, 148.0, 40.0)], OUT, Growth.CHARGED) is None


def test_high_is_where_every_plan_with_one_block_costs_more_than_the_plan_without():
    """Bound 95 at today's price, one block pays 20: at 1.5 times the price no plan with it costs less than 105."""
    assert proven_high([Point(1.0, 97.0, 95.0, 40.0)], OUT, 20.0, Growth.CAPPED) == pytest.approx(1.5)
    assert proven_high([Point(1.0, 130.0, 125.0, 40.0)], OUT, 20.0, Growth.CAPPED) == 1.0
    assert proven_high([Point(1.0, math.inf, math.inf)], OUT, 20.0, Growth.CAPPED) == 1.0


def test_a_chord_tightens_high_where_no_rule_caps_cash():
    """Bounds 95 at 1 and 115 at 1.2: the chord passes 105 at 1.1; with a budget V_in need not be concave."""
    points = [Point(1.0, 97.0, 95.0, 100.0), Point(1.2, 117.0, 115.0, 100.0)]
    assert proven_high(points, OUT, 10.0, Growth.CHARGED) == pytest.approx(1.1)
    assert proven_high(points, OUT, 10.0, Growth.CAPPED) == pytest.approx(1.2)


def test_the_next_price_is_where_the_best_tangent_meets_the_cost_without():
    """Tangents: 85 + 40 (f - 1) reaches 105 at 1.5, 100 + 10 (f - 1) at 1.5 too, 90 + 10 (f - 1) only at 2.5."""
    points = [Point(1.0, 85.0, 84.0, 40.0), Point(1.0, 90.0, 84.0, 10.0)]
    assert estimate(points, OUT, Growth.CHARGED) == pytest.approx(2.5)
    assert next_factor(points, OUT, 10.0, Growth.CHARGED) == pytest.approx(2.5)
    assert next_factor([Point(1.0, 85.0, 84.0)], Point(1.0, math.inf, 0.0), 10.0, Growth.CHARGED) is None


def test_an_interrupt_keeps_the_offers_that_are_done():
    """The second offer's first solve is interrupted: the first one's price stands."""
    instance = from_document(document("at_most_one_of_two"))
    told = []

    def interrupt(sentence):
        told.append(sentence)
        if sentence.startswith("right:"):
            raise KeyboardInterrupt

    rows = breakeven(instance, ["left", "right"], gap=0.0, progress=interrupt)
    assert [row.offer for row in rows] == ["left"]
    assert told[-1] == "interrupted after left; the offers after it have no price yet"


def test_use_that_is_paid_alone_breaks_even_too():
    """Signing costs nothing; ten chips by use at 1.5 USD an hour against 1 on demand: worth 1, from where it saves
    nothing."""
    found = one(problem(offers={"lease": lease(10.0, None, usd_per_accelerator_hour=1.5, take_or_pay=0.0)}), "lease")
    assert not found.chosen and found.verdict == "proven"
    assert (found.price_low, found.price_high) == (pytest.approx(1.0, rel=1e-4), pytest.approx(1.0, rel=1e-4))
    assert found.negligible_usd == pytest.approx(1e-6 * 7200.0)


def test_use_that_is_paid_alone_and_replaces_one_thing_after_the_other():
    """Ten chips by use at 0.5 USD an hour replace five at 1 USD and five at 2: as the price rises, the cheap five come
    back first, and the last of its use ends at 2."""
    by_use = {"usd_per_accelerator_hour": 0.5, "take_or_pay": 0.0}
    document = problem(offers={"flexible": lease(20.0, None, **by_use)})
    document["offers"]["on-demand"]["elastic"]["usd_per_accelerator_hour"] = 2.0
    cheap = {"usd_per_accelerator_hour": 1.0, "max_accelerators": 5}
    document["offers"]["cheap"] = {**document["offers"]["on-demand"], "elastic": cheap}
    found = one(document, "flexible")
    assert found.chosen
    assert found.saving_usd == pytest.approx(720 * (5 * 2 + 5 * 1 - 10 * 0.5))
    assert found.price == pytest.approx(2.0, rel=1e-4)


def test_a_price_of_zero_has_a_fee_to_ask_about():
    found = one(problem(offers={"lease": lease(10.0, 0.0, signing_fee_usd=6000.0, free=True)}), "lease")
    assert found.verdict == "unsupported"
    assert found.sentence == ("lease has a price of zero, which no factor moves; see what is due once with --over fee.")


def test_every_term_has_a_price_of_its_own():
    """June and July: two months at 6,000 or month by month at 5,000, against 7,200 and 7,440 on demand. One deal in
    all: with the long term 12,000, with the short one 5,000 + 7,440 in June or 5,000 + 7,200 in July, 12,200. The long
    one is worth 6,100 a month; the short one 12,000 - 7,200 = 4,800."""
    terms = [{"months": 2, "usd_per_month": 6000.0}, {"months": 1, "usd_per_month": 5000.0}]
    instance = from_document(problem(months=2, offers={"lease": lease(10.0, terms=terms)}))
    found = breakeven(instance, ["lease"], gap=0.0, terms=True)
    assert [row.chosen for row in found] == [True, False]
    assert [row.price for row in found] == [pytest.approx(6100.0), pytest.approx(4800.0)]
    assert found[1].sentence.startswith("Term 1: Not taken at today's $5,000 per block and month; proven:")
    assert list(found.table["term"]) == [0, 1]


def test_small_offers_are_solved_more_finely():
    """Beside 1,000 chips for 720,000 a lease of one chip at 700 is worth 720: a gap of 1 % would leave 7,200 open."""
    offers = {"lease": lease(1.0, 700.0)}
    document = problem(offers=offers, demand={"requests_per_s": 1000.0})
    found = one(document, "lease", gap=0.01)
    assert found.verdict == "proven"
    assert found.price_low <= 720.0 * (1 + 1e-6) and found.price_high >= 720.0 * (1 - 1e-6)


def test_processes_find_the_same():
    instance = from_document(document("at_most_one_of_two"))
    here, there = (breakeven(instance, gap=0.0, jobs=jobs) for jobs in (1, 2))
    assert [row.to_document() for row in here] == [row.to_document() for row in there]


def test_the_page_tells_volume_and_saving(tmp_path):
    (tmp_path / "toy.yaml").write_text(json.dumps(problem(offers={"lease": lease(10.0, 9000.0)})))
    shown = CliRunner().invoke(main, ["breakeven", str(tmp_path / "toy.yaml"), "lease", "--gap", "0"])
    assert shown.exit_code == 0
    assert "At $7,200 it would be 1 block. Signing it today would cost $1,800 more" in " ".join(shown.stdout.split())
    assert "-$1,800" in shown.stdout


def test_a_cap_forbids_today_what_would_pay_for_itself_at_a_lower_price():
    """Ten chips for two months: after June a month's fee is still owed, and 4,000 may be. Against 7,320 a month on
    demand the lease is worth more than that, but only up to 4,000 it can be signed."""
    offers = {"lease": lease(months=2, start={"latest": "2026-06"})}
    found = one(problem(months=2, offers=offers, finance={"obligations_max_usd": 4000.0}), "lease")
    assert found.saving_usd is None
    assert found.price_low <= 4000.0 <= found.price_high <= found.price_low + 500.0


def test_what_counts_for_more_than_it_is_charged_has_no_price():
    """A year paid ahead counts in full toward what is promised, and is charged for June alone."""
    offers = {"lease": lease(10.0, 36000.0, months=12, prepay=1.0), "monthly": lease(10.0, 9000.0, months=12)}
    agreement = {"agreement": promise(usd=36000.0, mandatory=True, eligible=["lease", "monthly"])}
    document = problem(1, offers, commitments=agreement)
    assert one(document, "lease").verdict == "unsupported"
    assert "a dearer price may cost less" in one(document, "lease").sentence
    assert one(document, "monthly").verdict != "unsupported"
