"""Shares of the portfolio, the fewest sellers and who may not both be there: what plans and audits say, and laws."""

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import offtake
import toys
from offtake.audit import audit
from offtake.compile import compile_instance
from offtake.instance import from_document, to_document
from offtake.instance.schema import Policy
from offtake.plan.kpis import shown
from offtake.reductions import superfluous, without
from offtake.solve import Limits, solve_model
from offtake.study.infeasible import explain
from offtake_models import build

LAW = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def solved(document: dict) -> offtake.Plan:
    plan = offtake.solve(from_document(document), gap=0.0)
    assert plan.audit["passed"], plan.audit["findings"]
    return plan


def cost(document: dict) -> float:
    return solved(document).objective_usd


def reason(plan: offtake.Plan, offer: str) -> str:
    return plan.offers.set_index("offer").loc[offer, "reason"]


def in_force(provider: str, chips: float, **keys) -> dict:
    held = {"provider": provider, "region": "here", "accelerators": {"chip": chips}, "start": "2026-01"}
    return {**held, "term": {"months": 12, "usd_per_month": 100.0}, "source": "toy", **keys}


# megawatts


def test_a_group_stands_for_all_of_its_providers():
    """Left and right of one group have all the megawatts: nothing may be in service, ten chips are on demand. With a
    contract in force of a third, five chips of the group stand beside its five: 2,000; all are served."""
    document = toys.document("half_of_the_power_is_with_another")
    for name in ("left", "right"):
        document["providers"][name]["group"] = "both"
    document["offers"]["third"] = toys.lease(5.0, 9000.0, provider="cloud")
    assert cost(document) == pytest.approx(7200.0)
    document["signed"] = {"old": in_force("cloud", 5.0)}
    plan = solved(document)
    assert plan.objective_usd == pytest.approx(2000.0)
    assert plan.kpis["group_share_mw"] == pytest.approx({"both": 0.5, "cloud": 0.5})
    assert shown("group_share_mw", plan.kpis) == "cloud: 50.0%, both: 50.0%"


def test_shares_hold_from_their_month_on():
    """In June ten chips of the left at 4,000; from July on one block of each, 4,500."""
    left, right = (toys.lease(5.0, usd, blocks={"max": 2}, repeat="stack") for usd in (2000.0, 2500.0))
    policy = {"provider_share_max": {"mw": 0.5, "from": "2026-07"}}
    plan = solved(toys.rivals(left, right, months=2, policy=policy))
    assert plan.objective_usd == pytest.approx(8500.0)
    assert plan.kpis["group_share_mw"] == pytest.approx({"left": 0.5, "right": 0.5})
    policy["provider_share_max"]["from"] = "2026-05"
    assert cost(toys.rivals(left, right, months=2, policy=policy)) == pytest.approx(9000.0)


def test_megawatts_of_a_mixed_block_are_shared_by_power():
    """A block of eight chips of CUDA and one of XLA that draws twice as much: 8 of 10 kW. At most 0.8: taken, 4,000.
    At most 0.79: not, and all is on demand."""
    document = toys.problem(offers={"mixed": toys.lease(10.0, 4000.0)})
    document["accelerators"]["other"] = {**toys.CHIP, "family": "xla", "all_in_kw": 2.0}
    document["offers"]["mixed"]["accelerators"] = {"chip": 8.0, "other": 1.0}
    rate = {"accelerator": "other", "workload": "chat", "requests_per_s_per_accelerator": 2.0}
    document["throughput"]["rates"].append(rate)
    plan = solved({**document, "policy": {"family_share_max": {"cuda": 0.8}}})
    assert plan.objective_usd == pytest.approx(4000.0)
    assert plan.kpis["family_share_mw"] == pytest.approx({"cuda": 0.8})
    plan = solved({**document, "policy": {"family_share_max": {"cuda": 0.79}}})
    assert plan.objective_usd == pytest.approx(7200.0)
    assert reason(plan, "mixed").startswith("Beside this plan it would take cuda to 80% of the megawatts in service;")
    assert plan.kpis["family_share_mw"] is None


def test_an_offer_over_its_share_says_so():
    plan = solved(toys.document("half_of_the_power_is_with_another"))
    assert "Beside this plan it would take" not in reason(plan, "left")
    document = toys.rivals(toys.lease(5.0, 2000.0), toys.lease(5.0, 2500.0), policy={"provider_share_max": {"mw": 0.5}})
    document["offers"]["more"] = toys.lease(5.0, 2400.0, provider="left")
    said = "Beside this plan it would take left to 67% of the megawatts in service; 0.5 of them is the most."
    assert reason(solved(document), "more").startswith(said)


# spend and service


def test_deposits_and_energy_are_no_spend_and_credits_are_less_of_it():
    """Left is paid 2,000 a month, of which 500 come back as a credit: 1,500; its deposit of 9,000 and its energy, 5 x
    720 x 0.1 = 360, are none. Right is paid 1,500: half each, and half is allowed."""
    left = toys.lease(
        5.0,
        2000.0,
        signing_credit_usd=500.0,
        deposit_usd=9000.0,
        power_price={"usd_per_kwh": 0.1},
    )
    document = toys.rivals(left, toys.lease(5.0, 1500.0), policy={"provider_share_max": {"spend": 0.5}})
    plan = solved(document)
    assert plan.objective_usd == pytest.approx(1500.0 + 1500.0 + 360.0)
    assert plan.kpis["group_share_spend"] == pytest.approx({"left": 0.5, "right": 0.5})
    assert "Shares of spend are of what sellers are paid for good" in plan.to_document()["conventions"]["shares"]


def test_contracts_in_force_and_commitments_are_spend():
    """5,000 in force with left, 5,000 promised to the cloud, which is short of 5,000 - 5 x 720: half each."""
    document = toys.rivals(toys.lease(5.0, 9999.0), policy={"provider_share_max": {"spend": 0.5}})
    term = {"months": 12, "usd_per_month": 5000.0}
    document["signed"] = {"old": in_force("left", 5.0, term=term)}
    document["commitments"] = {"agreement": toys.promise(usd=5000.0, mandatory=True)}
    plan = solved(document)
    assert plan.objective_usd == pytest.approx(5000.0)
    assert plan.kpis["group_share_spend"] == pytest.approx({"cloud": 0.5, "left": 0.5})


def test_what_a_savings_plan_covers_is_spent_once():
    """4 USD an hour at 20 % off cover five chips: 2,880 to the cloud; five chips leased for 2,880: half each."""
    document = toys.rivals(toys.lease(5.0, 2880.0), policy={"provider_share_max": {"spend": 0.5}})
    plan = toys.promise("use_it_or_lose_it", usd_per_hour=4.0, discount=toys.off(0.2), mandatory=True)
    found = solved({**document, "commitments": {"plan": plan}})
    assert found.objective_usd == pytest.approx(5760.0)
    assert found.kpis["group_share_spend"] == pytest.approx({"cloud": 0.5, "left": 0.5})


def test_a_group_at_its_limit_of_service_says_so():
    document = toys.document("some_is_served_by_others")
    document["offers"]["more"] = toys.lease(5.0, 4500.0, provider="left")
    plan = solved(document)
    assert plan.kpis["group_share_served"] == pytest.approx({"cloud": 0.4, "left": 0.6})
    assert reason(plan, "more").startswith("left has all that it may have of the requests served, 0.6.")


def test_a_period_counts_if_one_of_its_months_does():
    """June and July in one period: six of ten are leased for 4,000 a month, four on demand all the time."""
    document = toys.document("some_is_served_by_others")
    document["offers"]["left"] = toys.lease(10.0, 4000.0, months=2, provider="left", start={"latest": "2026-06"})
    document["horizon"] = {"start": "2026-06", "months": 2, "steps": [{"count": 1, "months": 2}]}
    document["policy"]["provider_share_max"]["from"] = "2026-07"
    assert cost(document) == pytest.approx(8000.0 + 4 * (720 + 744))


def test_no_service_is_made_up_to_lower_a_share():
    """Code may be served by left only, chat by both: 10 and 10. Left cannot have less than half, however many chips of
    the other stand idle."""
    rates = [{"accelerator": "chip", "workload": w, "requests_per_s_per_accelerator": 1.0} for w in ("chat", "code")]
    workloads = {"chat": toys.chat(), "code": toys.chat(allow={"providers": ["left"]})}
    document = toys.rivals(
        toys.lease(20.0, 2000.0), toys.lease(30.0, 2000.0), workloads=workloads, throughput={"rates": rates}
    )
    document["policy"] = {"provider_share_max": {"served": 0.5}}
    assert cost(document) == pytest.approx(4000.0)
    document["policy"] = {"provider_share_max": {"served": 0.49}}
    assert explain(from_document(document)) == [
        "a share of at most 0.49 of the requests served for each group of providers",
        "the demand of code, which must be served",
    ]


# who is there


def test_a_break_leaves_nobody_in_service():
    """Left may be left with a month's notice for nothing, but two sellers must be in service, in July too."""
    cancel = {"by": "buyer", "notice_months": 1}
    left = toys.lease(5.0, 3000.0, months=2, start={"latest": "2026-06"}, cancel=cancel)
    right = toys.lease(10.0, 4000.0, months=2, start={"latest": "2026-06"})
    document = toys.rivals(left, right, months=2, policy={"providers_min": {"at_least": 2, "from": "2026-06"}})
    assert cost(document) == pytest.approx(14000.0)
    document["policy"] = {"providers_min": 1}
    assert cost(document) == pytest.approx(8000.0)
    document["horizon"]["months"] = 1
    document["policy"] = {"providers_min": 2}
    plan = solved(document)
    assert plan.kpis["groups_in_service_least"] == 2


def test_a_provider_is_there_with_a_contract_in_force_or_a_commitment():
    """Left is there already, so right may not be: ten chips on demand, less five that are in force. An agreement of 100
    with left keeps right out as well; a contract that is over does not. The lease of left is too dear."""
    document = toys.document("two_who_may_not_both_be_there")
    document["offers"]["left"]["terms"][0]["usd_per_month"] = 9000.0
    held = {**document, "signed": {"old": in_force("left", 5.0)}}
    plan = solved(held)
    assert plan.objective_usd == pytest.approx(3600.0)
    assert reason(plan, "right").startswith("At most 1 of the providers left and right may be there, and left is.")
    assert cost({**document, "signed": {"old": in_force("left", 5.0, start="2025-01")}}) == pytest.approx(5600.0)
    promised = toys.promise(usd=100.0, mandatory=True, provider="left")
    assert cost({**document, "commitments": {"agreement": promised}}) == pytest.approx(7300.0)


def test_each_future_has_its_own_shares():
    """Left fails in July in one of two futures; half of the power may be with one. Where it fails, nothing of right may
    be in service beside nothing: all of July is on demand there."""
    left, right = (toys.lease(5.0, usd, repeat="one_at_a_time") for usd in (2000.0, 2500.0))
    document = toys.rivals(left, right, months=2, policy={"provider_share_max": {"mw": 0.5}})
    document["uncertainty"] = toys.futures("2026-07", well={}, fails={"lose": {"left": "2026-07"}})
    plan = solved(document)
    assert plan.objective_usd == pytest.approx(4500.0 + (4500.0 + 7440.0) / 2)
    well, fails = (plan.futures[name] for name in ("well", "fails"))
    assert well.kpis["group_share_mw"] == fails.kpis["group_share_mw"] == pytest.approx({"left": 0.5, "right": 0.5})


# infeasible


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [
        ({"provider_share_max": {"mw": 0.6}}, "a share of at most 0.6 of the megawatts in service for right"),
        ({"family_share_max": {"cuda": 0.9}}, "a share of at most 0.9 of the megawatts in service for cuda"),
        (
            {"provider_share_max": {"spend": 0.6}},
            "a share of at most 0.6 of the spend for each group of providers",
        ),
    ],
)
def test_shares_can_clash_with_the_demand(policy, sentence):
    """Seven of ten chips come from right only, and none are on demand."""
    document = toys.rivals(toys.lease(3.0, 1000.0), toys.lease(7.0, 2000.0), policy=policy)
    del document["offers"]["on-demand"]
    if "family_share_max" in policy:
        document["accelerators"]["other"] = {**toys.CHIP, "family": "xla"}
        other = toys.lease(1.0, 9999.0, provider="left")
        document["offers"]["idle"] = {**other, "accelerators": {"other": 0.5}}
    assert explain(from_document(document)) == [sentence, "the demand of chat, which must be served"]


def test_too_few_sellers_in_service_clash_with_a_group_rule():
    document = toys.document("two_sellers_from_july_on")
    document["groups"] = [{"at_most": 1, "providers": ["left", "right"]}]
    assert explain(from_document(document)) == [
        "capacity in service of at least 2 groups of providers",
        "the rule that at most 1 of the providers left, right may be there",
    ]


# the audit


@pytest.mark.parametrize(
    ("toy", "policy", "rule", "sentence"),
    [
        (
            "half_of_the_power_is_with_another",
            {"provider_share_max": {"mw": 0.49}},
            "power_shared",
            "left has 0.005 of 0.01 MW in service in 2026-06; at most 49 % may be",
        ),
        (
            "half_of_the_power_is_of_another_family",
            {"family_share_max": {"cuda": 0.49, "xla": 0.5}},
            "power_shared",
            "cuda has 0.005 of 0.01 MW in service in 2026-06; at most 49 % may be",
        ),
        (
            "most_of_the_spend_is_with_others",
            {"provider_share_max": {"spend": 0.59}},
            "spend_shared",
            "right is paid 3,000.00 USD of 5,000.00 USD; at most 59 % may be",
        ),
        (
            "some_is_served_by_others",
            {"provider_share_max": {"served": 0.55}},
            "served_shared",
            "left has 6 of 10 requests/s served in 2026-06; at most 55 % may be",
        ),
        (
            "two_sellers_from_july_on",
            {"providers_min": 2},
            "enough_providers",
            "1 groups of providers (left) have capacity in service in 2026-06; at least 2 must",
        ),
    ],
)
def test_the_audit_finds_a_share_that_is_not_kept(toy, policy, rule, sentence):
    instance = from_document(toys.document(toy))
    plan = offtake.solve(instance, gap=0.0).to_document()
    report = audit(instance.model_copy(update={"policy": Policy.model_validate(policy)}), plan)
    assert (rule, sentence) in [(finding.rule, finding.sentence) for finding in report.findings]


def test_the_audit_finds_providers_that_may_not_both_be_there():
    document = toys.document("two_who_may_not_both_be_there")
    plan = solved({**document, "groups": []}).to_document()
    report = audit(from_document(document), plan)
    found = [finding.sentence for finding in report.findings if finding.rule == "providers_kept_apart"]
    assert found == ["2 of the providers left, right are there (left, right); at most 1 may be"]


def test_the_audit_finds_service_that_is_made_up():
    document = toys.document("some_is_served_by_others")
    plan = copy.deepcopy(solved(document).to_document())
    for row in plan["decisions"]["serve"]:
        row[-1] *= 1.5 if row[0].startswith("left") else 1.0
    found = audit(from_document(document), plan).findings
    assert any("on what a share is about, and asks for 10" in finding.sentence for finding in found)


@pytest.mark.parametrize("name", ["group_share_mw", "group_share_spend", "group_share_served", "family_share_mw"])
def test_the_audit_recomputes_the_shares(name):
    toy = {
        "group_share_mw": "half_of_the_power_is_with_another",
        "group_share_spend": "most_of_the_spend_is_with_others",
        "group_share_served": "some_is_served_by_others",
        "family_share_mw": "half_of_the_power_is_of_another_family",
    }[name]
    document = toys.document(toy)
    plan = solved(document).to_document()
    who = next(iter(plan["kpis"][name]))
    plan["kpis"][name] = {**plan["kpis"][name], who: 0.123}
    found = [finding.sentence for finding in audit(from_document(document), plan).findings]
    assert any(f"the plan prints {name} of {who} as 0.123" in sentence for sentence in found)


# laws and reductions


def test_rules_with_a_month_survive_being_stored():
    policy = {
        "provider_share_max": {"mw": 0.6, "spend": 0.7, "served": 0.8, "from": "2026-07"},
        "family_share_max": {"cuda": 1.0, "from": "2026-07"},
        "providers_min": {"at_least": 2, "from": "2026-07"},
    }
    instance = from_document(toys.rivals(toys.lease(), toys.lease(), months=2, policy=policy))
    assert to_document(instance)["policy"] == policy
    assert from_document(to_document(instance)) == instance


def left_out(terms: list[dict], policy: dict, **horizon) -> dict[int, int]:
    """Deals of the left that go, by position, and the ones in their places; on sale from June on."""
    left = toys.lease(terms=terms, start={"latest": "2026-07"} if horizon else {"latest": "2026-06"})
    document = toys.rivals(left, toys.lease(), months=2, policy=policy)
    document["horizon"] |= horizon
    places = superfluous(compile_instance(from_document(document)).problem)
    return {a: b for a, b in places.items() if a < len(terms) * (2 if horizon else 1)}


def test_what_shares_could_need_stays():
    """The dearer of two alike goes, unless its fees make others less of the spend; of a shorter and a longer one for
    less money the shorter goes, unless megawatts make others less of them."""
    alike = [{"months": 1, "usd_per_month": 4000.0}, {"months": 1, "usd_per_month": 5000.0}]
    assert left_out(alike, {}) == left_out(alike, {"provider_share_max": {"mw": 0.6, "served": 0.6}}) == {1: 0}
    assert left_out(alike, {"provider_share_max": {"spend": 0.6}}) == {}
    longer = [{"months": 1, "usd_per_month": 4000.0}, {"months": 2, "usd_per_month": 1500.0}]
    assert left_out(longer, {}) == left_out(longer, {"provider_share_max": {"served": 0.6}}) == {0: 1}
    assert left_out(longer, {"provider_share_max": {"mw": 0.6}}) == {}
    assert left_out(longer, {"family_share_max": {"cuda": 1.0}}) == {}


def test_who_is_there_in_part_of_a_period_stays():
    """June or July alone hold nothing throughout a period of both, so the later of the two goes; where two sellers must
    be in service in July, the earlier."""
    whole = [{"count": 1, "months": 2}]
    one = [{"months": 1, "usd_per_month": 4000.0}]
    assert left_out(one, {}, steps=whole) == {1: 0}
    assert left_out(one, {"providers_min": {"at_least": 2, "from": "2026-07"}}, steps=whole) == {0: 1}


@st.composite
def markets(draw):
    """Two sellers with leases of two terms each, beside on-demand chips, over two or three months."""
    sold = [
        toys.lease(
            float(draw(st.integers(2, 6))),
            terms=[
                {"months": draw(st.integers(1, 3)), "usd_per_month": float(draw(st.sampled_from([1500, 2000, 2500])))}
                | {"prepay": draw(st.sampled_from([0.0, 1.0])), "signing_fee_usd": draw(st.sampled_from([0.0, 200.0]))}
                for _ in range(2)
            ],
            blocks={"min": 1, "max": draw(st.integers(1, 3))},
            repeat=draw(st.sampled_from(["once", "one_at_a_time", "stack"])),
        )
        for _ in range(2)
    ]
    return toys.rivals(*sold, months=draw(st.sampled_from([2, 3])))


@LAW
@given(markets(), st.sampled_from(["mw", "served", "spend"]), st.sampled_from([0.5, 0.6, 0.8]))
def test_a_looser_share_never_costs_more_and_all_of_it_is_no_rule(document, key, share):
    def least(most: float) -> float:
        policy = {"provider_share_max": {key: most}}
        outcome = solve_model(
            build(compile_instance(from_document({**document, "policy": policy})).problem), Limits(0.0)
        )
        return float("inf") if outcome.objective is None else outcome.objective

    free = cost(document)
    assert least(1.0) == pytest.approx(free, rel=1e-7)
    assert free * (1 - 1e-7) <= least((1 + share) / 2) <= least(share) * (1 + 1e-7)


@LAW
@given(markets(), st.integers(0, 4))
def test_what_is_left_out_is_no_loss_under_any_of_the_rules(document, which):
    policy = [
        {"provider_share_max": {"mw": 0.5}},
        {"provider_share_max": {"spend": 0.6}},
        {"provider_share_max": {"served": 0.6, "from": "2026-07"}},
        {"providers_min": {"at_least": 2, "from": "2026-07"}},
        {"provider_share_max": {"mw": 0.7, "from": "2026-07"}},
    ][which]
    problem = compile_instance(from_document({**document, "policy": policy})).problem

    def least(asked) -> float:
        outcome = solve_model(build(asked), Limits(gap=0.0))
        return float("inf") if outcome.objective is None else outcome.objective

    assert least(without(problem, superfluous(problem))) == pytest.approx(least(problem), rel=1e-7)


def test_spend_counts_when_it_is_paid():
    """Half each from July on. Ten chips of the left for two months are prepaid in June: nobody is paid in July."""
    left = toys.lease(10.0, 4000.0, months=2, prepay=1.0, start={"latest": "2026-06"})
    policy = {"provider_share_max": {"spend": 0.5, "from": "2026-07"}}
    plan = solved(toys.rivals(left, toys.lease(1.0, 9999.0), months=2, policy=policy))
    assert plan.objective_usd == pytest.approx(8000.0)
    assert plan.kpis["group_share_spend"] is None
    left["terms"][0]["prepay"] = 0.0
    assert cost(toys.rivals(left, toys.lease(1.0, 9999.0), months=2, policy=policy)) > 8000.0
