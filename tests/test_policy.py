"""Exclusivity, power and carbon as a user meets them: reasons, key figures, tables and conventions of solved toys."""

import pytest

import offtake
import toys
from offtake.audit import audit_document
from offtake.cli.terms import price
from offtake.instance import from_document
from offtake.plan.kpis import shown
from offtake.throughput.prices import term_usd_per_hour


def solved(document: dict) -> offtake.Plan:
    plan = offtake.solve(from_document(document), gap=0.0)
    assert plan.audit["passed"], plan.audit["findings"]
    return plan


def reason(plan: offtake.Plan, offer: str) -> str:
    return plan.offers.set_index("offer").loc[offer, "reason"]


def test_an_offer_that_is_kept_out_says_by_whom():
    """Five chips at 2,000 beside five at 2,100: only one of the two may run."""
    offers = {"alone": toys.lease(5.0, 2000.0), "other": toys.lease(5.0, 2100.0)}
    rule = {"exclusive": "alone", "offers": ["other"]}
    plan = solved(toys.problem(offers=offers, groups=[rule]))
    assert reason(plan, "other").startswith("It may not be in service while alone is.")
    rule = {"exclusive": "other", "offers": ["alone"], "until": "2027-01"}
    turned = solved(toys.problem(offers=offers, groups=[rule]))
    assert reason(turned, "other").startswith("It may not be in service while alone is before 2027-01.")


def test_power_in_service_is_a_key_figure():
    """Half of 10 chips of 1 kW, and 5 in force through June: 5 kW each month; the lease is signed for July."""
    plan = solved(toys.document("site_power_counts_the_ramp_and_what_is_in_force"))
    assert plan.kpis["power_mw_peak"] == pytest.approx(0.005)
    assert plan.kpis["power_mw_peak_month"] == "2026-06"


def test_an_offer_that_the_cap_leaves_no_room_for_says_so():
    """Two leases of 5 kW, of which 8 kW hold one."""
    offers = {"cheap": toys.lease(5.0, 2000.0), "dear": toys.lease(5.0, 2100.0)}
    plan = solved(toys.problem(offers=offers, policy={"power_mw_max": 0.008}))
    said = "Beside this plan it would take power to 0.01 MW; all sites together may draw 0.008 MW."
    assert reason(plan, "dear").startswith(said)
    plan = solved(toys.problem(offers=offers, policy={"site_power_mw_max": {"here": 0.008}}))
    assert "; here may draw 0.008 MW." in reason(plan, "dear")


def test_energy_is_cash_of_its_month_and_no_obligation():
    """1,800 in June and 744 in July; after June only the fee of July, 1,000, is owed."""
    plan = solved(toys.document("energy_is_paid_for_what_is_delivered"))
    cash = plan.cash[plan.cash["line"] == "power"]
    assert cash[["month", "usd"]].values.tolist() == [["2026-06", 1800.0], ["2026-07", 744.0]]
    assert plan.kpis["peak_obligations_usd"] == 1000.0
    assert plan.deals.loc[0, "cash_usd"] == 4544.0
    assert "no obligation" in plan.to_document()["conventions"]["energy"]
    assert price(plan.to_document(), plan.to_document()["deals"][0]) == "$1,000/month, energy $0.5 to $0.1/kWh"


def test_a_plan_without_energy_says_nothing_of_it():
    assert "energy" not in solved(toys.document("lease_beats_on_demand")).to_document()["conventions"]


def test_energy_of_a_contract_in_force_is_sunk_but_paid():
    """5 kW x 720 h x 0.1 USD beside a fee of 100: 460 of cash in force, and only the other chips cost."""
    held = {"provider": "cloud", "region": "here", "accelerators": {"chip": 5.0}, "start": "2026-01", "source": "toy"}
    held |= {"power_price": {"usd_per_kwh": {"2026-06": 0.1}}, "term": {"months": 6, "usd_per_month": 100.0}}
    plan = solved(toys.problem(signed={"old": held}))
    assert plan.objective_usd == pytest.approx(3600.0)
    assert plan.cash.set_index("line").loc["in_force", "usd"] == pytest.approx(460.0)


def test_the_yardstick_of_throughput_has_the_energy_in_it():
    """5,000 a month of 730.5 hours for 10 chips, and 0.1 USD an hour each."""
    instance = from_document(toys.problem(offers={"lease": toys.lease(power_price={"usd_per_kwh": 0.1})}))
    offer = instance.offers["lease"]
    assert term_usd_per_hour(instance, offer, offer.terms[0]) == pytest.approx(5000 / 7305 + 0.1)


def test_the_price_of_carbon_is_a_cost_and_no_cash():
    """Five chips leased, 1.8 tonnes, and five afar at 0.1 kg, 0.36: 2,160 USD beside the cash of 2,000 + 4,500."""
    plan = solved(toys.document("carbon_has_a_price"))
    assert plan.kpis["carbon_cost_usd"] == pytest.approx(2160.0)
    assert plan.cost.set_index("line").loc["carbon", "usd"] == pytest.approx(2160.0)
    assert plan.cash["usd"].sum() == pytest.approx(6500.0)
    assert plan.kpis["carbon_tonnes"] == pytest.approx(2.16)
    assert "1,000 USD a tonne is a shadow price" in plan.to_document()["conventions"]["carbon"]
    by_workload = plan.kpis["usd_per_million_tokens_by_workload"]["chat"]
    assert by_workload == pytest.approx(plan.kpis["usd_per_million_tokens"])


def test_emissions_by_calendar_year():
    """Ten chips of 1 kW at 0.5 kg: 3.72 tonnes in December, as much in January, 3.36 in February. Each year has its
    cap, and a cap counts the months in the horizon only."""
    document = toys.problem(months=3, policy={"carbon_tonnes_max": {2026: 3.72, 2027: 7.08}})
    document["horizon"]["start"] = "2026-12"
    document["regions"]["here"]["carbon_kg_per_kwh"] = 0.5
    plan = solved(document)
    assert plan.kpis["carbon_tonnes_by_year"] == pytest.approx({"2026": 3.72, "2027": 7.08})
    assert shown("carbon_tonnes_by_year", plan.kpis) == "2026: 3.72 tonnes, 2027: 7.08 tonnes"


def test_a_period_over_the_new_year_emits_in_both_years():
    """One period of December and January: 10 chips of 1 kW emit 3.72 tonnes in each month. Half of what December emits
    is allowed, so half of both is served afar, at 2 USD: 5 x 1,488 x (1 + 2)."""
    document = toys.document("carbon_is_capped")
    document["horizon"] = {"start": "2026-12", "months": 2, "steps": [{"count": 1, "months": 2}]}
    document["policy"] = {"carbon_tonnes_max": {2026: 1.86}}
    for lease in ("five", "ten"):
        del document["offers"][lease]
    plan = solved(document)
    assert plan.objective_usd == pytest.approx(22320.0)
    assert plan.kpis["carbon_tonnes_by_year"] == pytest.approx({"2026": 1.86, "2027": 1.86})


def test_what_is_provisioned_for_bursts_emits_only_what_works():
    """Burst 2: twenty chips provisioned on demand, ten at work: 3.6 tonnes. Twenty leased emit 7.2, and the overhead of
    the facility, 1.25, makes 9."""
    document = toys.problem(demand={"peak_to_mean": 2.0})
    document["regions"]["here"]["carbon_kg_per_kwh"] = 0.5
    document["policy"] = {"carbon_usd_per_tonne": 100.0}
    plan = solved(document)
    assert plan.kpis["carbon_tonnes"] == pytest.approx(3.6)
    assert plan.objective_usd == pytest.approx(7200.0 + 360.0)
    price = {"usd_per_kwh": 0.01, "pue": 1.25}
    leased = toys.lease(20.0, 2000.0, power_mw=0.02, power_price=price)
    document["offers"] = {**document["offers"], "lease": leased}
    assert solved(document).kpis["carbon_tonnes"] == pytest.approx(9.0)


def test_a_contract_in_force_emits_and_is_not_charged():
    """Five chips in force emit 1.8 tonnes: they leave the cap nothing for the other five, which go afar."""
    held = {"provider": "cloud", "region": "here", "accelerators": {"chip": 5.0}, "start": "2026-01", "source": "toy"}
    held["term"] = {"months": 12, "usd_per_month": 100.0}
    document = {**toys.document("carbon_is_capped"), "signed": {"old": held}}
    plan = solved(document)
    assert plan.objective_usd == pytest.approx(7200.0)
    assert plan.kpis["carbon_tonnes"] == pytest.approx(1.8)
    document["policy"] = {"carbon_usd_per_tonne": 0.01}
    del document["offers"]["five"], document["offers"]["ten"]
    plan = solved(document)
    assert plan.objective_usd == pytest.approx(3600.0 + 0.018)


def test_tonnes_are_not_guessed():
    """No intensity is stated, or not that of a region in use."""
    assert solved(toys.document("lease_beats_on_demand")).kpis["carbon_tonnes"] is None
    document = toys.document("carbon_has_a_price")
    del document["policy"], document["regions"]["here"]["carbon_kg_per_kwh"]
    plan = solved(document)
    assert plan.kpis["carbon_tonnes_by_year"] is None
    assert plan.kpis["carbon_cost_usd"] is None
    assert "carbon" not in plan.to_document()["conventions"]


def test_a_saved_plan_with_every_rule_is_audited_again(tmp_path):
    """Years become text in JSON, and are years again when it is read."""
    document = toys.document("carbon_has_a_price")
    document["policy"] |= {"carbon_tonnes_max": {2026: 4.0}, "power_mw_max": 1.0, "site_power_mw_max": {"here": 0.5}}
    document["offers"]["lease"]["power_price"] = {"usd_per_kwh": {"2026-06": 0.01}}
    document["groups"] = [{"exclusive": "lease", "offers": ["later"], "until": "2026-12"}]
    document["offers"]["later"] = toys.lease(5.0, 9000.0)
    path = tmp_path / "x.plan.json"
    solved(document).save(path)
    report = audit_document(offtake.Plan.load(path).to_document())
    assert report.findings == []
    checked = {rule.rule: rule.checked for rule in report.rules}
    assert all(checked[rule] for rule in ("exclusive_while_running", "power_capped", "carbon_capped"))
