"""Plans side by side: differing questions are said first, deals are matched, and no more is claimed than is proven."""

import copy

import pytest

from offtake.plan import Plan
from offtake.study.compare import compare
from test_plan import planned
from toys import lease, problem


def rented() -> Plan:
    """Ten chips on demand for June: 7,200 USD."""
    return _priced(planned(problem(), {}, {("on-demand/chip", "chat", 0, 0): 10.0}), 7200.0)


def leased(usd_per_month: float = 5000.0, blocks: int = 1, **keys: object) -> Plan:
    """Ten chips on a lease for June."""
    document = problem(offers={"lease": lease(10.0, usd_per_month, blocks={"min": 1, "max": 9})}, **keys)
    plan = planned(document, {0: blocks}, {("lease/chip", "chat", 0, 0): 10.0})
    return _priced(plan, usd_per_month * blocks)


def _priced(plan: Plan, usd: float, bound: float | None = None) -> Plan:
    return Plan({**plan.to_document(), "objective_usd": usd, "bound_usd": usd if bound is None else bound})


def test_the_same_plan_differs_in_nothing():
    found = compare(leased(), leased())
    assert found.labels == ["toy (1)", "toy (2)"]
    assert found.comparable
    assert found.differences == ["toy (1) and toy (2) cost the same: $5,000."]
    assert list(found.deals["change"]) == ["same"]


def test_deals_that_come_and_go():
    """The second plan leases instead of renting; seen from the other side the deal is dropped."""
    forth, back = compare(rented(), leased(), labels=["a", "b"]), compare(leased(), rented(), labels=["a", "b"])
    assert forth.deals.to_dict("records") == [
        {"offer": "lease", "a": "", "b": "1 block from 2026-06 to 2026-06, term 0", "change": "added"}
    ]
    assert list(back.deals["change"]) == ["dropped"]


def test_a_deal_of_another_size_is_changed():
    found = compare(leased(blocks=1), leased(blocks=2), labels=["a", "b"])
    assert list(found.deals["change"]) == ["changed"]
    assert list(found.deals["b"]) == ["2 blocks from 2026-06 to 2026-06, term 0"]


def test_deals_of_one_offer_pair_by_their_dates_first():
    """June and July against July and August: July is the same, June has become August."""
    months = [{"start": f"2026-0{k}", "months": 1, "term": 0, "blocks": 1, "offer": "lease"} for k in (6, 7, 8)]
    base = leased().to_document()
    a, b = ({**base, "deals": [{**base["deals"][0], **deal} for deal in deals]} for deals in (months[:2], months[1:]))
    rows = compare(Plan(a), Plan(b), labels=["a", "b"]).deals
    assert [(row.a[13:20], row.b[13:20], row.change) for row in rows.itertuples()] == [
        ("2026-06", "2026-08", "changed"),
        ("2026-07", "2026-07", "same"),
    ]


def test_cost_by_line_with_total_and_bound():
    found = compare(rented(), _priced(leased(), 5000.0, bound=4900.0), labels=["a", "b"])
    cost = found.cost.set_index("line")
    assert tuple(cost.loc["elastic"]) == (7200.0, 0.0)
    assert tuple(cost.loc["contracts"]) == (0.0, 5000.0)
    assert tuple(cost.loc["total"]) == (7200.0, 5000.0)
    assert tuple(cost.loc["proven bound"]) == (7200.0, 4900.0)
    assert "b costs $2,200 less than a (30.56%)." in found.differences


def test_service_is_weighted_over_the_horizon():
    """Half of 30 requests/s in June (720 h), all of 10 in July (744 h): (10,800 + 7,440) / (21,600 + 7,440) = 0.628."""
    rows = [
        {"month": "2026-06", "workload": "chat", "mean_requests_per_s": 30.0, "served_share": 0.5},
        {"month": "2026-07", "workload": "chat", "mean_requests_per_s": 10.0, "served_share": 1.0},
    ]
    plan = Plan({**leased().to_document(), "service": rows})
    assert compare(leased(), plan, labels=["a", "b"]).service.iloc[0].to_dict() == {
        "workload": "chat",
        "a": 1.0,
        "b": pytest.approx(18240 / 29040),
    }


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"months": 2}, "a and b answer different questions: they differ in the horizon."),
        ({"demand": {"requests_per_s": 8.0}}, "a and b answer different questions: they differ in the demand."),
        (
            {"finance": {"discounting": {"rate": 0.1}}},
            "a and b answer different questions: they differ in discounting.",
        ),
        (
            {"uncertainty": {"scenarios": {"this": {"probability": 1.0}}}, "months": 2},
            "a and b answer different questions: they differ in the horizon and the scenarios.",
        ),
        (
            {"finance": {"terminal": "none"}},
            "a and b answer different questions: they differ in the charge for terms that outlive the horizon.",
        ),
    ],
)
def test_plans_of_different_questions_are_not_comparable(keys, sentence):
    found = compare(leased(), leased(**keys), labels=["a", "b"])
    assert not found.comparable
    assert found.differences[0].startswith(sentence)


def test_an_input_that_differs_is_named_with_both_values():
    found = compare(leased(5000.0), leased(4000.0), labels=["a", "b"])
    assert found.comparable
    assert found.differences[0] == "offers.lease.terms[0].usd_per_month: 5,000 in a, 4,000 in b."
    dearer = compare(leased(), rented(), labels=["a", "b"])
    assert dearer.differences[0] == "Only a states offers.lease."


def test_overlapping_bounds_prove_no_order():
    """Plans of 5,000 (bound 4,000) and 4,500 (bound 4,000): the best of b costs between 1,000 less and 500 more."""
    a, b = _priced(leased(5000.0), 5000.0, bound=4000.0), _priced(leased(4500.0), 4500.0, bound=4000.0)
    assert compare(a, b, labels=["a", "b"]).differences[-1] == (
        "The gaps do not prove that the best plan of b costs less: the difference of the best plans lies between "
        "-$1,000 and $500."
    )


def test_three_plans_are_all_compared_with_the_first():
    found = compare(rented(), leased(), leased(blocks=2), labels=["a", "b", "c"])
    assert list(found.deals.columns) == ["offer", "a", "b", "c", "change"]
    assert list(found.deals["change"]) == ["added"]
    assert any(said.startswith("c costs $2,800 more than a") for said in found.differences)


def test_the_document_holds_everything_and_the_plans_stay_as_they_were():
    a, b = rented(), leased()
    before = copy.deepcopy((a.to_document(), b.to_document()))
    found = compare(a, b).to_document()
    assert list(found) == ["plans", "comparable", "differences", "deals", "cost", "service", "kpis"]
    assert (a.to_document(), b.to_document()) == before


def test_a_comparison_needs_two_plans_with_different_labels():
    with pytest.raises(ValueError, match="two plans or more"):
        compare(leased())
    with pytest.raises(ValueError, match="2 different labels"):
        compare(leased(), leased(), labels=["a", "a"])
