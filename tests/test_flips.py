"""Values other than the price at which a decision flips: derived by hand, and against solving at every value."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

import offtake
from offtake.cli import main
from offtake.instance import from_document, with_settings
from offtake.study.flips import Flip, Range, _sentence, flips
from toys import lease, problem


def one(document: dict, over: str, offer: str = "lease", **how):
    return flips(from_document(document), [offer], over=over, gap=0.0, **how)[0]


def growing(**keys) -> dict:
    """Three months from June: 4 requests/s, then twice as many, and twice again; ten chips for all months at 2,000."""
    offer = lease(10.0, 2000.0, months=3, start={"latest": "2026-06"}, **keys)
    rates = {"2026-06": 4.0, "2026-07": 8.0, "2026-08": 16.0}
    return problem(months=3, offers={"lease": offer}, demand={"requests_per_s": rates})


def test_a_fee_at_signing():
    """On demand 7,200, the lease 5,000: worth signing up to a fee of 2,200."""
    found = one(problem(offers={"lease": lease()}), "fee")
    assert (found.decision, found.below, found.monotone) == ("taken", None, True)
    assert found.above[0] <= 2200.0 <= found.above[1] and found.above[1] - found.above[0] < 10.0


def test_a_fee_that_is_too_high_today():
    """The same with a fee of 3,000: left, and taken below 2,200."""
    found = one(problem(offers={"lease": lease(signing_fee_usd=3000.0)}), "fee")
    assert (found.decision, found.above) == ("left", None)
    assert found.below[0] <= 2200.0 <= found.below[1]


def test_terms_with_fees_of_their_own():
    """8,000 for June, or 4,000 with a fee of 4,000: both are left for 7,200 on demand, at what is asked today."""
    terms = [{"months": 1, "usd_per_month": 8000.0}, {"months": 1, "usd_per_month": 4000.0, "signing_fee_usd": 4000.0}]
    found = one(problem(offers={"lease": {**lease(), "terms": terms}}), "fee")
    assert (found.today, found.decision, found.verdict) == (0.0, "left", "keeps")
    assert "the same at all 6 values tried" in found.sentence


def test_beyond_a_flip_there_may_be_nothing_decided():
    """Left at 2, not decided at 3 and 4: nothing is said of all values above."""
    range_ = Range([0.0, 1.0, 2.0, 3.0, 4.0], 0.0, "months", lambda value: [])
    tried = [(0.0, "taken"), (1.0, "taken"), (2.0, "left"), (3.0, "open")]
    found = Flip(
        "lease", "delay", "flips", "", today=0.0, decision="taken", above=(1.0, 2.0), monotone=True, tried=tried
    )
    assert _sentence(found, range_) == "Taken at 0; left at 2, and not decided at every value above."
    decided = replace(found, tried=tried[:3])
    assert _sentence(decided, range_) == "Taken at 0; left at 2 and above."


def test_the_length_of_a_term():
    """Ten chips at 5,000 a month from June, charged for its share inside the horizon of two months. In June they save
    2,200 and in July 2,440, so any term is worth signing; with a demand in June alone, only that of one month."""
    document = problem(months=2, offers={"lease": lease(start={"latest": "2026-06"})})
    document["workloads"]["chat"]["demand"] = {"requests_per_s": {"2026-06": 10.0, "2026-07": 0.0}}
    found = one(document, "term")
    assert (found.decision, found.below, found.above) == ("taken", None, (1.0, 2.0))
    assert found.sentence == "Taken at 1 month; left at 2 months and above."


def test_the_share_paid_ahead():
    """At 5 % a month: 5,200 in June and as much in July, 5,200 + 5,200 / 1.05 = 10,152; paid ahead in full 10,400. A
    one-month lease in each month at 5,230: 5,230 + 5,230 / 1.05 = 10,211. So up to a share a of which
    10,152.4 + a (5,200 - 5,200 / 1.05) = 10,211.0: a = 0.2365."""
    finance = {"discounting": {"rate": 0.6, "basis": "nominal"}}
    offers = {
        "lease": lease(10.0, 5200.0, months=2, start={"latest": "2026-06"}),
        "monthly": lease(10.0, 5230.0, repeat="one_at_a_time"),
    }
    found = one(problem(months=2, offers=offers, finance=finance), "prepay")
    assert (found.decision, found.below, found.above) == ("taken", None, (0.23, 0.24))


def test_the_speed_of_its_accelerators():
    """The lease of ten chips at 5,000 against 1 USD an hour: at f > 1 of the speed it replaces 10 / f chips on demand,
    7,200 / f: worth it up to f = 1.44."""
    found = one(problem(offers={"lease": lease()}), "throughput")
    assert (found.decision, found.below) == ("taken", None)
    assert found.above[0] <= 1.44 <= found.above[1] <= found.above[0] + 0.02


@pytest.mark.parametrize("over", ["delay", "start", "term", "prepay"])
def test_flips_against_solving_at_every_value(over):
    """What is said of each value tried is what a plan solved there does, and nothing flips where nothing was told."""
    document = growing()
    found = one(document, over)
    instance = from_document(document)
    ranges = {"term": range(1, 13), "prepay": [0.0, 0.25, 0.5, 0.75, 1.0], "delay": range(3), "start": range(3)}
    for value in ranges[over]:
        said = next((verdict for at, verdict in found.tried if at == value), _between(found, value))
        taken = _taken(instance, over, value)
        assert said in ("open", "taken" if taken else "left"), value


def _between(found, value: float) -> str:
    """What the flip says of a value that was not tried."""
    if found.below and found.below[0] is not None and value <= found.below[0]:
        return dict(found.tried)[found.below[0]]
    if found.above and found.above[1] is not None and value >= found.above[1]:
        return dict(found.tried)[found.above[1]]
    low = found.below[1] if found.below else -1.0
    high = found.above[0] if found.above else 1e9
    return found.decision if low <= value <= high else "open"


def _taken(instance, over: str, value: float) -> bool:
    start = f"2026-0{6 + int(value)}"
    late = json.dumps({"only": {"probability": 1.0, "delay_months": {"lease": int(value)}}})
    settings = {
        "term": [f"offers.lease.terms.0.months={value}"],
        "prepay": [f"offers.lease.terms.0.prepay={value}"],
        "start": [f"offers.lease.start.earliest={start}", f"offers.lease.start.latest={start}"],
        "delay": [f"uncertainty.scenarios={late}"] if value else [],
    }[over]
    plan = offtake.solve(with_settings(instance, settings), gap=0.0)
    return "lease" in list(plan.deals["offer"])


def test_what_is_not_monotone_is_told():
    """Ten chips for two of five months: 10 requests/s in June and September, none else. Delivered in June it saves
    2,200 less July; a delay of two months lands on August and September. In between it serves nothing."""
    rates = {"2026-06": 10.0, "2026-07": 0.0, "2026-08": 0.0, "2026-09": 10.0, "2026-10": 0.0}
    offer = lease(10.0, 3000.0, months=2, start={"latest": "2026-06"})
    found = one(problem(months=5, offers={"lease": offer}, demand={"requests_per_s": rates}), "delay")
    assert dict(found.tried) == {0.0: "taken", 1.0: "left", 2.0: "taken", 3.0: "taken", 4.0: "left"}
    assert not found.monotone
    assert found.sentence.endswith(
        "Not monotone: taken at no delay, then left at a delay of 1 month, then taken at a delay of 2 months, then "
        "left at a delay of 4 months."
    )


def test_what_cannot_be_moved_is_refused():
    assert one(problem(), "delay", "on-demand").verdict == "unsupported"
    with pytest.raises(ValueError, match="flip over term, start"):
        flips(from_document(problem()), over="colour")


def test_the_command(tmp_path):
    (tmp_path / "toy.yaml").write_text(json.dumps(problem(offers={"lease": lease()})))
    shown = CliRunner().invoke(main, ["breakeven", str(tmp_path / "toy.yaml"), "lease", "--over", "fee", "--json"])
    assert shown.exit_code == 0
    row = json.loads(shown.stdout)[0]
    assert (row["verdict"], row["decision"]) == ("flips", "taken")


def test_what_makes_no_difference_is_no_flip():
    """Demand in June alone, a lease that may start in any of three months. Delivered late it serves nothing; signed for
    August it then lies beyond the horizon and is charged nothing, as much as no lease at all."""
    rates = {"2026-06": 10.0, "2026-07": 0.0, "2026-08": 0.0}
    document = problem(months=3, offers={"lease": lease()}, demand={"requests_per_s": rates})
    found = one(document, "delay")
    assert (found.verdict, found.decision, found.above) == ("open", "taken", (0.0, None))
    assert found.sentence == (
        "Taken at no delay; still so at no delay, beyond which it makes no difference within the gap."
    )
