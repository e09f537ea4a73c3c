"""Why a plan is what it is, and why there is none: against figures derived by hand.

June 2026 has 720 hours, July 744. Ten chips on demand cost 7,200 USD in June and 7,440 in July.
"""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import offtake
import toys
from offtake.cli import main
from offtake.compile import compile_instance
from offtake.instance import from_document
from offtake.study.shortages import shortages

INSTANCES = Path(__file__).parent.parent / "instances"


def explained(document: dict):
    return offtake.explain(from_document(document), gap=0.0)


def amounts(found) -> dict[str, float]:
    """Of repairs in which one rule gives: rule -> amount."""
    ways = [row["gives"] for row in found.repair_rows]
    return {rule: amount for way in ways if len(way) == 1 for rule, amount in way.items()}


def said(found, name: str) -> dict:
    """The row of a rule or of an offer."""
    return next(row for row in [*found.rule_rows, *found.offer_rows] if name in (row.get("rule"), row.get("offer")))


# ---- without a plan ---------------------------------------------------------------------------------------------


def test_a_budget_gives_as_much_as_it_lacks():
    """On demand 7,200 serves June, the budget is 7,000: 200 more, or 200 / 7,200 = 2.78 % less of chat."""
    found = explained(toys.problem(finance={"budget_usd": {"2026-06": 7000.0}}))
    assert not found.feasible and not found.whole_blocks_alone and found.shortages == []
    assert amounts(found) == {
        "the demand of chat, which must be served": pytest.approx(200 / 7200),
        "the budget of 2026-06, $7,000": pytest.approx(0.0002),
    }
    assert list(found.repairs["cost_usd"]) == [pytest.approx(7000.0), pytest.approx(7200.0)]
    assert found.repair_rows[1]["sentence"] == (
        "the budget of 2026-06, $7,000: $200 more (2.86%). The best plan found then costs $7,200."
    )


def test_whole_blocks_alone_forbid_a_plan():
    """Blocks of 4 chips at 1,000, ten are needed, the budget is 2,500: 2.5 blocks would do. A third block is 500 more,
    or two blocks serve 8 of 10, a fifth less."""
    offers = {"lease": toys.lease(4.0, 1000.0, blocks={"max": 10})}
    document = toys.problem(offers=offers, finance={"budget_usd": {"2026-06": 2500.0}})
    del document["offers"]["on-demand"]
    found = explained(document)
    assert found.whole_blocks_alone
    assert amounts(found) == {
        "the budget of 2026-06, $2,500": pytest.approx(0.0005),
        "the demand of chat, which must be served": pytest.approx(0.2),
    }


def test_two_budgets_that_lack_give_together():
    """June lacks 200 and July 440: neither alone will do, nor does the demand of one month."""
    found = explained(toys.problem(months=2, finance={"budget_usd": {"2026-06": 7000.0, "2026-07": 7000.0}}))
    both = [row for row in found.repair_rows if len(row["gives"]) == 2]
    assert [pytest.approx(amount) for amount in both[0]["gives"].values()] == [0.0002, 0.00044]
    assert both[0]["cost_usd"] == pytest.approx(14_640)


def test_resilience_gives_what_cannot_be_kept():
    """Five of ten must be left without the cloud, the other seller has three: two fifths less, and 3,000 + 4,120."""
    document = toys.two_sellers(keep=0.5)
    document["offers"]["spare"] = toys.lease(3.0, 4120.0, provider="other")
    found = explained(document)
    rule = "the rule that 0.5 of chat is served without cloud"
    assert found.clash == [rule]
    assert amounts(found) == {rule: pytest.approx(0.4)}
    assert list(found.repairs["cost_usd"]) == [pytest.approx(7120.0)]


def test_a_number_of_offers_gives_a_whole_one():
    """Both leases must be signed, and one wants to be alone: one fewer, or that it is not alone."""
    groups = [{"exclusive": "left", "offers": ["right"]}, {"at_least": 2, "offers": ["left", "right"]}]
    found = explained(toys.problem(offers={"left": toys.lease(), "right": toys.lease()}, groups=groups))
    assert list(found.repairs["sentence"]) == [
        "the rule that at least 2 of left, right must be signed: 1 offer fewer. The best plan found then costs $5,000.",
        "the rule that none of right may be in service while left is: given up. The best plan found then costs "
        "$10,000.",
    ]


def test_a_shortage_says_how_many_are_needed_and_how_many_there_are():
    """Ten chips are needed in June; five are there on demand, and the lease begins in July."""
    late = toys.lease(4.0, 1000.0, blocks={"max": 2}, start={"earliest": "2026-07"})
    document = toys.problem(months=2, offers={"lease": late})
    document["offers"]["on-demand"]["elastic"]["max_accelerators"] = 5
    found = explained(document)
    assert found.shortages == [
        "chat in 2026-06 needs 10 chip, or as much of others, for 10 requests/s within 5000 ms to the first token and "
        "500 ms a token; all that can be had then reaches 5. Not there by then: lease."
    ]
    assert amounts(found) == {"the demand of chat, which must be served": pytest.approx(0.5)}


def test_workloads_that_fit_one_by_one_and_not_together():
    """Ten chips for 6 and 7 requests/s: 3 are lacking, best all of the larger one: 3 / 7."""
    rates = [
        {"accelerator": "chip", "workload": name, "requests_per_s_per_accelerator": 1.0} for name in ("chat", "evals")
    ]
    document = toys.problem(workloads={"chat": toys.chat(6.0), "evals": toys.chat(7.0)}, throughput={"rates": rates})
    document["offers"]["on-demand"]["elastic"]["max_accelerators"] = 10
    assert shortages(compile_instance(from_document(document))) == [
        "In 2026-06 chat and evals cannot all be served, though each alone could: what can be had then leaves 42.9% of "
        "one of them unserved."
    ]


def test_batch_work_that_nothing_can_do_in_time():
    """10 requests/s through June are 25.92 million; eight chips do 20.74 million."""
    document = toys.problem(workloads={"chat": toys.batch(10.0)})
    document["offers"]["on-demand"]["elastic"]["max_accelerators"] = 8
    assert shortages(compile_instance(from_document(document))) == [
        "chat must have done 25.92 million requests by the end of 2026-06; all that can be had until then does 20.74 "
        "million."
    ]


@pytest.mark.parametrize("name", toys.TOYS)
def test_what_has_a_plan_lacks_nothing(name):
    assert shortages(compile_instance(from_document(toys.document(name)))) == []


# ---- with a plan ------------------------------------------------------------------------------------------------


def test_a_budget_that_binds_and_what_one_percent_of_it_saves():
    """A block of five chips is 3,000 for two months, paid ahead; on demand five cost 1,800 in June and 1,860 in July.
    Two blocks 6,000, one and the rest on demand 6,660, none 7,320. The budget of June allows two or only one."""
    offers = {"lease": toys.lease(5.0, 1500.0, months=2, prepay=1.0, blocks={"max": 2}, start={"latest": "2026-06"})}
    finance = {"budget_usd": {"2026-06": 6600.0}}
    document = toys.problem(months=2, offers=offers, finance=finance)
    document["offers"]["on-demand"]["elastic"]["usd_per_accelerator_hour"] = 0.5
    found = explained(document)
    assert found.cost_usd == pytest.approx(6000.0)
    finance["budget_usd"] = {"2026-06": 5000.0}
    found = explained(document)
    budget = said(found, "the budget of 2026-06, $5,000")
    assert found.cost_usd == pytest.approx(6660.0)
    assert (budget["costs_low_usd"], budget["costs_high_usd"]) == (pytest.approx(660.0), pytest.approx(660.0))
    assert (budget["more"], budget["usd_high"]) == (pytest.approx(0.00005), 0.0)
    assert budget["sentence"] == ("The budget of 2026-06, $5,000: having it costs $660; $50 more saves nothing.")


def test_one_percent_of_a_power_cap():
    """Leases of one chip (1 kW) at 360 against 720 on demand; the cap of 8 kW allows eight, two chips are on demand.
    One percent more is no block more; the cap itself costs 2 x 360."""
    offers = {"lease": toys.lease(1.0, 360.0, blocks={"max": 10})}
    found = explained(toys.problem(offers=offers, policy={"power_mw_max": 0.008}))
    cap = said(found, "power of at most 0.008 MW in service")
    assert found.cost_usd == pytest.approx(8 * 360 + 2 * 720)
    assert cap["costs_low_usd"] == pytest.approx(720.0)
    assert cap["usd_high"] == 0.0


def test_what_there_is_by_use_is_a_limit_with_a_price():
    """Of twenty chips on demand the quickstart does not sign one block of each lease, 1,368,000, but two of the first,
    1,374,720. A fifth of a chip more changes nothing."""
    limit = ["offers.on-demand.elastic.max_accelerators=20"]
    found = offtake.explain(offtake.load(INSTANCES / "quickstart.yaml", limit), gap=0.0)
    row = said(found, "the limit of on-demand, 20 accelerators")
    assert row["costs_low_usd"] == row["costs_high_usd"] == pytest.approx(6_720.0)
    assert (row["more"], row["usd_high"]) == (pytest.approx(0.2), 0.0)


def test_what_resilience_costs_and_what_one_percent_less_of_it_saves():
    """5.05 of ten must be left without the cloud: six chips of the other at 824 each and four on demand, 4,944 + 2,880
    (with the lease for 3,000 instead: 7,944). Without the rule the lease alone, 3,000. 4.9995 need five chips, 4,120,
    and the lease: 7,120. Without the other, the lease stays."""
    document = toys.two_sellers(keep=0.505)
    document["offers"]["spare"] = toys.lease(1.0, 824.0, provider="other", blocks={"max": 10})
    found = explained(document)
    assert found.cost_usd == pytest.approx(7824.0)
    cloud = said(found, "the rule that 0.505 of chat is served without cloud")
    assert cloud["costs_low_usd"] == cloud["costs_high_usd"] == pytest.approx(4824.0)
    assert cloud["usd_low"] == cloud["usd_high"] == pytest.approx(704.0)
    assert cloud["sentence"].endswith("1% less saves $704.")
    assert said(found, "the rule that 0.505 of chat is served without other")["costs_high_usd"] == 0.0


def test_what_is_bought_by_use_is_not_left_when_it_is_left_out():
    """Of eleven, half must be left without any seller. Without the ten of `other`, the five of `third` are too few, and
    on-demand chips that may not be used are none."""
    sellers = {name: {"kind": "neocloud"} for name in ("cloud", "other", "third")}
    found = explained(
        toys.problem(
            offers={"lease": toys.lease(provider="other"), "big": toys.lease(5.0, 4000.0, provider="third")},
            demand={"requests_per_s": 11.0},
            providers=sellers,
            policy={"resilience": {"lose_any": "provider", "keep": 0.5, "workloads": ["chat"]}},
        )
    )
    assert said(found, "on-demand")["instead"] == "no plan is possible without it"


def test_without_a_port_nothing_waits_for_it():
    """14,920 with the port that is made for resilience; if none were needed, 3,600 and 3,720 on cheap chips."""
    found = explained(toys.document("loss_of_a_family_needs_the_port"))
    row = said(found, "the port of llm to neuron, which takes 1 month")
    assert row["costs_low_usd"] == row["costs_high_usd"] == pytest.approx(14_920.0 - 7_320.0)


def test_one_percent_more_of_what_is_learnt_takes_more_rollouts():
    """Thirty chips for 9,000 have room for one percent more of both."""
    document = toys.to_learn(1, toys.learning(7200.0), {"lease": toys.lease(30.0, 9000.0)})
    del document["offers"]["on-demand"]
    row = said(explained(document), "the training run rl.updates, which must be done by the end of 2026-06")
    assert (row["usd_low"], row["usd_high"]) == (0.0, 0.0)


def test_a_largest_scale_that_binds_nothing_costs_nothing():
    """Twenty chips do the work, a thousand may: without that limit a run still works in one place at a time."""
    row = said(explained(toys.training_holds_one_place()), "the scale of run, at most 1,000 accelerators")
    assert row["costs_high_usd"] == 0.0


def test_a_largest_scale_costs_what_it_takes_to_do_without():
    """1,440 chip-hours on one chip last through July: 200. On ten they are done in June, for 150."""
    run = toys.training(1440.0, accelerators={"min": 1, "max": 1})
    offers = {"lease": toys.lease(1.0, 100.0, months=2), "large": toys.lease(10.0, 150.0)}
    row = said(explained(toys.to_train(2, run, offers)), "the scale of run, at most 1 accelerators")
    assert row["costs_low_usd"] == row["costs_high_usd"] == pytest.approx(200.0 - 150.0)


def test_places_and_not_blocks_forbid_a_run():
    """Two places of ten chips: whole blocks have nothing to do with it."""
    document = toys.training_holds_one_place()
    del document["offers"]["both"], document["offers"]["on-demand"]
    found = explained(document)
    assert "the rule that run trains in one place at a time" in found.clash and not found.whole_blocks_alone


def test_batch_work_gives_in_every_month():
    """Ten chips for 1,464 hours are asked for; there are five, and nine more in July: 7,320 + 6,696, 624 too few."""
    document = toys.problem(months=2, workloads={"chat": toys.batch(10.0, within_days=31)})
    document["offers"]["on-demand"]["elastic"]["max_accelerators"] = 5.0
    document["offers"]["july"] = toys.lease(9.0, 1000.0, start={"earliest": "2026-07"})
    assert amounts(explained(document)) == {"the demand of chat, which must be served": pytest.approx(624 / 14_640)}


def test_a_promise_that_pays_costs_nothing():
    """6,000 are promised for a fifth off 7,200: 5,760 and 240 for nothing are less than list."""
    agreement = toys.promise(usd=6000.0, discount=toys.off(0.2), mandatory=True)
    row = said(
        explained(toys.problem(commitments={"agreement": agreement})),
        "the spend commitment agreement, which is trued up",
    )
    assert row["costs_high_usd"] == 0.0


def test_more_of_a_demand_may_cost_less():
    """Left serves chat for 4,000 and may have 60 % of 13.3 requests/s; chat is 60.2 %, so that right is signed too, for
    5,000. Of 13.353 it is 59.9 %: 5,000 less 0.053 x 720."""
    document = toys.rivals(
        toys.lease(10.0, 4000.0), toys.lease(1.0, 5000.0), policy={"provider_share_max": {"served": 0.6}}
    )
    document["workloads"] = {
        "chat": toys.chat(8.0, allow={"providers": ["left", "right"]}),
        "code": toys.chat(5.3, allow={"providers": ["cloud"]}),
    }
    rate = {"accelerator": "chip", "requests_per_s_per_accelerator": 1.0}
    document["throughput"] = {"rates": [{**rate, "workload": name} for name in document["workloads"]]}
    row = said(explained(document), "the demand of code, which must be served")
    assert row["usd_low"] == row["usd_high"] == pytest.approx(-4961.84)
    assert row["sentence"] == "One percent more of code saves $4,962."


def test_one_more_offer_and_one_percent_of_demand():
    """Of three leases of five chips at 2,000, 2,500 and 3,000, one may be signed: 2,000 + 3,600. A second saves 1,100,
    all of it. One percent more of chat is 0.1 chips on demand: 72 USD. Without the first: 2,500 + 3,600."""
    offers = {name: toys.lease(5.0, usd) for name, usd in (("a", 2000.0), ("b", 2500.0), ("c", 3000.0))}
    found = explained(toys.problem(offers=offers, groups=[{"at_most": 1, "offers": ["a", "b", "c"]}]))
    rule = said(found, "the rule that at most 1 of a, b, c may be signed")
    assert (rule["more"], rule["usd_low"], rule["usd_high"]) == (1.0, pytest.approx(1100), pytest.approx(1100))
    chat = said(found, "the demand of chat, which must be served")
    assert (chat["usd_low"], chat["usd_high"]) == (pytest.approx(72.0), pytest.approx(72.0))
    first = said(found, "a")
    assert (first["usd_low"], first["usd_high"]) == (pytest.approx(500.0), pytest.approx(500.0))
    assert first["instead"] == "b: 1 block from 2026-06 for 1 month"
    assert [said(found, name)["kind"] for name in ("b", "c")] == ["excluded", "excluded"]
    assert said(found, "b")["dearer_usd"] == pytest.approx(2500 - 3600)
    assert list(found.offers["offer"]) == ["on-demand", "a", "b", "c"]


def test_kinds_of_refusal():
    """Late: after the horizon. Too slow: its API needs 900 ms a token against 500. Dearer: 9,000 against 7,200, by
    1,800."""
    api = {"models": ["llm"], "usd_per_million_input_tokens": 0.1, "usd_per_million_output_tokens": 0.1}
    slow = {"provider": "cloud", "region": "here", "source": "toy"}
    offers = {
        "late": toys.lease(start={"earliest": "2027-01"}),
        "slow": {**slow, "api": {**api, "max_requests_per_s": 10, "ttft_ms": 100, "tpot_ms": 900}},
        "dear": toys.lease(10.0, 9000.0),
    }
    found = explained(toys.problem(offers=offers))
    assert {name: said(found, name)["kind"] for name in offers} == {
        "late": "late", "slow": "too slow", "dear": "dearer"
    }  # fmt: skip
    assert said(found, "dear")["dearer_usd"] == pytest.approx(1800.0)
    assert said(found, "on-demand")["instead"] == "dear: 1 block from 2026-06 for 1 month"
    assert said(found, "on-demand")["usd_low"] == pytest.approx(1800.0)


def test_the_quickstart():
    """By the table in its header: without lease-now (0, 2), without lease-late (2, 0), without on-demand (2, 1)."""
    found = offtake.explain(offtake.load(INSTANCES / "quickstart.yaml"), gap=0.0)
    costs = {row["offer"]: row["usd_low"] for row in found.offer_rows}
    assert costs == {
        "lease-now": pytest.approx(1_714_560 - 1_368_000),
        "lease-late": pytest.approx(1_374_720 - 1_368_000),
        "on-demand": pytest.approx(1_440_000 - 1_368_000),
    }
    # one percent more changes the plan: (2, 0) with 145.44 - 128 on demand beats (1, 1) with 1 % more of it
    assert found.rule_rows[0]["usd_low"] == pytest.approx(1_200_000 + 17.44 * 10_920 - 1_368_000)


def test_a_plan_is_explained_with_its_own_bound():
    """A plan that signs the dear lease, at a bound of its own: what it costs above that is not known to be needed."""
    instance = from_document(toys.problem(offers={"lease": toys.lease()}))
    plan = offtake.solve(instance, gap=0.0)
    found = offtake.explain(plan, gap=0.0)
    assert (found.cost_usd, found.bound_usd) == (pytest.approx(5000.0), plan.bound_usd)
    assert said(found, "lease")["usd_low"] == pytest.approx(2200.0)


def test_an_interrupt_keeps_what_is_done():
    told = []

    def interrupt(sentence):
        told.append(sentence)
        if "without" in sentence:
            raise KeyboardInterrupt

    instance = from_document(toys.problem(offers={"lease": toys.lease()}))
    found = offtake.explain(instance, gap=0.0, progress=interrupt)
    assert not found.complete and found.cost_usd == pytest.approx(5000.0)
    assert [row["usd_low"] for row in found.offer_rows] == [None, None]
    assert told[-1].startswith("interrupted")


def test_the_command(tmp_path):
    (tmp_path / "toy.yaml").write_text(json.dumps(toys.problem(offers={"lease": toys.lease()})))
    shown = CliRunner().invoke(main, ["explain", str(tmp_path / "toy.yaml")])
    assert shown.exit_code == 0 and "$2,200" in shown.stdout
    setting = ["--set", "finance.budget_usd.2026=4000"]
    refused = CliRunner().invoke(main, ["explain", str(tmp_path / "toy.yaml"), *setting, "--json"])
    assert refused.exit_code == 11
    document = json.loads(refused.stdout)
    assert document["clash"] == ["the budget of 2026, $4,000", "the demand of chat, which must be served"]
