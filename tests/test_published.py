"""Published problems with known answers, typed as instances of this model."""

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
