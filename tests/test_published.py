"""Published problems with known answers, typed as instances of this model."""

import json
import os
from pathlib import Path

import pytest

import offtake
import toys
from offtake.instance import from_document

DATA = Path(os.environ.get("OFFTAKE_PUBLISHED_DATA", Path(__file__).parents[2] / "shared" / "data"))
MILLION_REQUESTS_PER_MONTH = 720 * 3600 / 1e6
"""of one request per second through June 2026"""

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"the published problem sets are not at {DATA.name}/")


def read_facilities(path):
    """OR-Library: m n; m lines `capacity fixed_cost`; per customer its demand, then m costs of serving all of it."""
    numbers = iter(path.read_text().split())
    m, n = int(next(numbers)), int(next(numbers))
    facilities = [(float(next(numbers)), float(next(numbers))) for _ in range(m)]
    customers = [(float(next(numbers)), [float(next(numbers)) for _ in range(m)]) for _ in range(n)]
    return facilities, customers


def facility_location(path):
    """A contract is a facility (one block, fixed fee, capacity), a workload a customer, and the unit cost is egress."""
    facilities, customers = read_facilities(path)
    here = {"latitude": 0.0, "longitude": 0.0}
    offers = {
        f"f{i}": {**toys.lease(capacity, fixed), "region": f"site{i}", "free": fixed == 0}
        for i, (capacity, fixed) in enumerate(facilities)
    }
    workloads = {}
    egress = {f"site{i}": {} for i in range(len(facilities))}
    for j, (demand, costs) in enumerate(customers):
        workloads[f"c{j}"] = toys.chat(demand, region=f"town{j}", request={"input_tokens": 1.0, "output_tokens": 1.0})
        for i, cost in enumerate(costs):
            egress[f"site{i}"][f"town{j}"] = cost / (demand * MILLION_REQUESTS_PER_MONTH)
    document = toys.problem(
        regions={
            **{f"site{i}": here for i in range(len(facilities))},
            **{f"town{j}": here for j in range(len(customers))},
        },
        workloads=workloads,
        network={"egress_usd_per_million_tokens": egress},
        throughput={
            "rates": [{"accelerator": "chip", "workload": w, "requests_per_s_per_accelerator": 1.0} for w in workloads]
        },
    )
    return {**document, "offers": offers}


def published_optima():
    path = DATA / "cflp" / "optima.txt"
    lines = [line.split() for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return {line[0].removesuffix(".txt"): float(line[1]) for line in lines}


CFLP = [f"cap{family}{k}" for family in (4, 6, 7) for k in (1, 2, 3, 4)]


@needs_data
@pytest.mark.parametrize("name", CFLP)
def test_capacitated_facility_location(name):
    """OR-Library (Beasley 1988): the least cost equals the published optimum to 0.001."""
    plan = offtake.solve(from_document(facility_location(DATA / "cflp" / f"{name}.txt")), gap=0.0)
    assert plan.audit["passed"], plan.audit["findings"]
    assert plan.objective_usd == pytest.approx(published_optima()[name], abs=0.001)


AWS = "savings_plans/sp_applying_scenarios.json"
JUNE_HOURS = 720
SCENARIOS = {
    "S1": {"compute": 50.0},
    "S2": {"compute": 2.0},
    "S3": {"compute": 19.60},
    "S4": {"compute": 18.20},
    "S5": {"compute": 16.80, "ec2_r5": 3.0},
}
"""USD an hour by savings plan"""


def aws_hour(commitments, reserved=0):
    """The hour of the AWS user guide, repeated through June: six lines of use, savings plans, and reserved r5."""
    lines = {}
    for line in json.loads((DATA / AWS).read_text())["usage_one_hour"]:
        name = line["line"].replace("_", "-")
        saved = {"compute": 1 - line["compute_sp"] / line["od"]}
        if name.startswith("r5"):
            saved["ec2_r5"] = 1 - line["ec2_sp"] / line["od"]
        lines[name] = (line["qty"], line["od"], {key: saved[key] for key in saved if key in commitments})
    document = toys.metered(lines)
    for key, usd_per_hour in commitments.items():
        document["commitments"][key]["usd_per_hour"] = usd_per_hour
    if reserved:
        held = {**toys.lease(float(reserved)), "accelerators": {"chip-r5.4xlarge": float(reserved)}, "start": "2026-01"}
        document["signed"] = {"ri": {**held, "term": {"months": 12, "usd_per_month": 1.0}}}
        del document["signed"]["ri"]["terms"]
    return document


@needs_data
def test_savings_plans_without_any():
    """AWS Savings Plans user guide: 59.10 an hour, all on demand."""
    plan = offtake.solve(from_document(aws_hour({})), gap=0.0)
    assert plan.objective_usd / JUNE_HOURS == pytest.approx(59.10)


@needs_data
@pytest.mark.parametrize("name", list(SCENARIOS))
def test_savings_plans(name):
    """AWS Savings Plans user guide (sp-applying): what is used of the commitments, and what is paid on demand, by hour.

    AWS applies a plan to the highest savings first, and an EC2 plan before a Compute plan; so does the cheapest bill.
    """
    published = json.loads((DATA / AWS).read_text())["published"][name]
    plan = offtake.solve(from_document(aws_hour(SCENARIOS[name], published.get("ri_r5", 0))), gap=0.0)
    assert plan.audit["passed"], plan.audit["findings"]
    used = {row["commitment"]: row["used_usd"] / JUNE_HOURS for row in plan.to_document()["commitments"]}
    on_demand = sum(row["usd"] for row in plan.to_document()["cash"] if row["line"] == "elastic") / JUNE_HOURS
    assert on_demand == pytest.approx(published["on_demand"], abs=0.005)
    assert used["compute"] == pytest.approx(published.get("sp_used", published["compute_commit"]), abs=0.0051)
    assert plan.objective_usd / JUNE_HOURS == pytest.approx(sum(SCENARIOS[name].values()) + on_demand)
    if "ec2_r5" in used:
        assert used["ec2_r5"] == pytest.approx(published["ec2_used"])
