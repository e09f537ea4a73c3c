"""Laws on random instances that are feasible by construction: on-demand chips can always serve everything."""

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import offtake
import toys
from offtake.instance import from_document

LAW = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def leases(draw):
    """A lease with whole numbers: a block size, a fee near the on-demand price, a term and a window."""
    chips = draw(st.integers(1, 12))
    fee = chips * draw(st.integers(200, 900))
    return toys.lease(
        float(chips),
        float(fee),
        months=draw(st.integers(1, 6)),
        blocks={"min": draw(st.integers(1, 2)), "max": draw(st.integers(2, 4))},
        repeat=draw(st.sampled_from(["once", "one_at_a_time", "stack"])),
        prepay=draw(st.sampled_from([0.0, 0.5])),
        signing_fee_usd=float(draw(st.sampled_from([0, 300]))),
        start={"lead_months": draw(st.integers(0, 1))},
    )


@st.composite
def documents(draw):
    """Three or four months, one or two workloads, one to three leases beside on-demand chips."""
    offers = {f"lease-{i}": draw(leases()) for i in range(draw(st.integers(1, 3)))}
    workloads = {"chat": toys.chat(float(draw(st.integers(3, 15))), growth_per_year=draw(st.sampled_from([1.0, 3.0])))}
    if draw(st.booleans()):
        workloads["evals"] = toys.batch(float(draw(st.integers(1, 8))))
    rates = [{"accelerator": "chip", "workload": w, "requests_per_s_per_accelerator": 1.0} for w in workloads]
    return toys.problem(
        months=draw(st.integers(2, 4)),
        offers=offers,
        workloads=workloads,
        day={"blocks": 2},
        throughput={"rates": rates},
        finance={"discounting": {"rate": draw(st.sampled_from([0.0, 0.1]))}},
    )


def least_cost(document) -> float:
    plan = offtake.solve(from_document(document), gap=0.0)
    assert plan.audit["passed"], plan.audit["findings"]
    return plan.objective_usd


@LAW
@given(documents())
def test_more_choice_never_costs_more(document):
    fewer = {**document, "offers": {"on-demand": document["offers"]["on-demand"]}}
    assert least_cost(document) <= least_cost(fewer) * (1 + 1e-9)


@LAW
@given(documents())
def test_a_tighter_limit_never_costs_less(document):
    first = document["horizon"]["start"]
    # 16 chips and more on demand, for the most that the month can need
    tight = {**document, "finance": {**document["finance"], "budget_usd": {first: 744.0 * 26}}}
    assert least_cost(tight) >= least_cost(document) * (1 - 1e-9)


@LAW
@given(documents(), st.sampled_from([0.5, 3.0]))
def test_prices_times_k_is_cost_times_k(document, k):
    scaled = copy.deepcopy(document)
    scaled["offers"]["on-demand"]["elastic"]["usd_per_accelerator_hour"] *= k
    for offer in scaled["offers"].values():
        for term in offer.get("terms", []):
            term["usd_per_month"] *= k
            term["signing_fee_usd"] *= k
    assert least_cost(scaled) == pytest.approx(k * least_cost(document), rel=1e-9)


@LAW
@given(documents())
def test_the_order_of_the_file_is_no_decision(document):
    turned = {**document, "offers": dict(reversed(document["offers"].items()))}
    turned["workloads"] = dict(reversed(document["workloads"].items()))
    assert least_cost(turned) == pytest.approx(least_cost(document), rel=1e-9)


@LAW
@given(documents())
def test_rate_zero_is_the_plain_sum_of_the_cash(document):
    plain = {**document, "finance": {"discounting": {"rate": 0.0}, "terminal": "none"}}
    plan = offtake.solve(from_document(plain), gap=0.0)
    assert plan.objective_usd == pytest.approx(plan.cash["usd"].sum(), rel=1e-9)


@LAW
@given(documents())
def test_coarser_periods_never_cost_less(document):
    """A period's delivery is its smallest month's and its demand its largest month's: coarser is dearer or equal."""
    flat = copy.deepcopy(document)
    months = flat["horizon"]["months"]
    flat["workloads"]["chat"]["demand"]["growth_per_year"] = 1.0
    coarse = copy.deepcopy(flat)
    coarse["horizon"]["steps"] = [{"count": 1, "months": months}]
    assert least_cost(coarse) >= least_cost(flat) * (1 - 1e-9)


@LAW
@given(documents(), st.integers(1, 3))
def test_longer_exclusivity_never_costs_less_and_looks_both_ways(document, month):
    """Over before it begins, it is no rule; between two offers it does not matter which of them is alone."""
    offers = {**document["offers"], "rival": toys.lease(6.0, 2400.0, months=2)}

    def cost(alone: str, other: str, until: str | None) -> float:
        rule = {"exclusive": alone, "offers": [other], **({"until": until} if until else {})}
        return least_cost({**document, "offers": offers, "groups": [rule]})

    free = least_cost({**document, "offers": offers})
    for_a_while = cost("lease-0", "rival", f"2026-{6 + month:02d}")
    always = cost("lease-0", "rival", None)
    assert cost("lease-0", "rival", "2026-06") == pytest.approx(free, rel=1e-9)
    assert free * (1 - 1e-9) <= for_a_while <= always * (1 + 1e-9)
    assert cost("rival", "lease-0", None) == pytest.approx(always, rel=1e-9)


@LAW
@given(documents(), st.integers(0, 40))
def test_a_looser_power_cap_never_costs_more_and_a_wide_one_is_no_rule(document, kilowatts):
    """A chip draws 1 kW. All stand at one site, so its cap and that of all sites say the same."""

    def cost(**policy: object) -> float:
        return least_cost({**document, "policy": policy})

    megawatts = (kilowatts + 0.5) / 1000
    tight = cost(power_mw_max=megawatts)
    assert tight == pytest.approx(cost(site_power_mw_max={"here": megawatts}), rel=1e-9)
    assert tight >= cost(power_mw_max=2 * megawatts) * (1 - 1e-9)
    assert cost(power_mw_max=1.0) == pytest.approx(least_cost(document), rel=1e-9)


@LAW
@given(documents(), st.sampled_from([100.0, 400.0]))
def test_a_price_on_carbon_and_a_cap_at_what_it_leaves_ask_for_the_same(document, price):
    """Undiscounted: what a price p leaves, T tonnes, is the cheapest way to emit T (Everett, 1963)."""
    plain = copy.deepcopy(document)
    plain["finance"] = {"discounting": {"rate": 0.0}}
    plain["regions"] = {
        "here": {**plain["regions"]["here"], "carbon_kg_per_kwh": 0.5},
        "afar": {"latitude": 1.0, "longitude": 1.0, "carbon_kg_per_kwh": 0.05},
    }
    elastic = {"usd_per_accelerator_hour": 1.1, "max_accelerators": 1000}
    plain["offers"]["clean"] = {**plain["offers"]["on-demand"], "region": "afar", "elastic": elastic}

    def planned(**policy: object) -> offtake.Plan:
        plan = offtake.solve(from_document({**plain, "policy": policy}), gap=0.0)
        assert plan.audit["passed"], plan.audit["findings"]
        return plan

    free, priced = planned(), planned(carbon_usd_per_tonne=price)
    tonnes = priced.kpis["carbon_tonnes"]
    assert tonnes <= free.kpis["carbon_tonnes"] * (1 + 1e-9)
    assert priced.objective_usd <= (free.objective_usd + price * free.kpis["carbon_tonnes"]) * (1 + 1e-9)
    capped = planned(carbon_tonnes_max={2026: tonnes + 1e-6})
    assert capped.objective_usd == pytest.approx(priced.objective_usd - price * tonnes, rel=1e-6)


@LAW
@given(documents(), st.integers(0, 1), st.sampled_from([0.0, 0.3, 1.0]))
def test_a_right_never_costs_more_and_the_dearest_exit_is_worth_nothing(document, notice, fee):
    """A buyer who may leave, renew, call for more or let what is idle need not. Who pays all that is left to leave a
    contract that is billed month by month saves nothing by leaving."""
    document = copy.deepcopy(document)
    term = document["offers"]["lease-0"]["terms"][0]
    plain = least_cost(document)

    def with_right(in_term: dict | None = None, **in_offer: object) -> float:
        right = copy.deepcopy(document)
        right["offers"]["lease-0"] |= in_offer
        right["offers"]["lease-0"]["terms"][0] |= in_term or {}
        right["forward"] = {"chip": [{"month": "2026-06", "usd_per_accelerator_hour": 0.9}]}
        return least_cost(right)

    rights = [
        with_right(renewal={"months": 1, "factor": 0.9}),
        with_right(sublease={"fraction": 0.5, "max_accelerators": 3.0}),
    ]
    call = {"exercise": {"until_months": 1}, "months": 1, "factor": 0.9, "premium_usd": 10.0}
    rights.append(with_right(expansion=call))
    if term["months"] > notice:
        cancel = {"by": "buyer", "notice_months": notice, "fee_fraction": fee}
        leaving = with_right({"cancel": cancel})
        rights.append(leaving)
        if (
            fee == 1.0
            and document["finance"]["discounting"]["rate"] == 0
            and term["months"] <= document["horizon"]["months"]
        ):
            assert leaving == pytest.approx(with_right(), rel=1e-6)
    assert max(rights) <= plain * (1 + 1e-9)
