"""llm-inferno, sample data `small` (Apache-2.0, @125ab02): fifteen servers, each wants one allocation of accelerators.

As an instance, an allocation is a take-or-leave contract: its replicas are one block, its cost is the fee of a month,
and the rate that a replica sustains inside its latency targets is a given rate. A server is a workload that only its
own provider may serve. Each type of accelerator stands in a region of its own and draws 1 kW apiece, so the cap on the
power of that site is the stock of the type. Published are the allocation that the greedy optimizer of llm-inferno
finds, 39,743; known are the least cost inside the stock, 35,767, and without limits, 33,327.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from pyomo.environ import Constraint, quicksum

import offtake
import toys
from offtake.instance import from_document

DATA = Path(os.environ.get("OFFTAKE_PUBLISHED_DATA", Path(__file__).parents[2] / "shared" / "data")) / "inferno"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the sample data of llm-inferno are not here")


def published() -> dict[str, Any]:
    return json.loads((DATA / "inferno_small_candidates.json").read_text())


def part(name: str) -> dict[str, Any]:
    return json.loads((DATA / "small" / f"{name}-data.json").read_text())


def small(allocations: list[dict[str, Any]], stock: dict[str, int] | None) -> dict[str, Any]:
    """One month in which each of these allocations is an offer; accelerators in stock by type, None: no limit."""
    servers = {
        server["name"]: server["currentAlloc"]["load"]["arrivalRate"] / 60 for server in part("server")["servers"]
    }
    types = {each["name"]: (each["type"], each["multiplicity"]) for each in part("accelerator")["accelerators"]}
    nowhere = {"latitude": 0.0, "longitude": 0.0}
    return toys.problem(
        regions={"here": nowhere, **{site: nowhere for site, _ in types.values()}},
        accelerators={name: {**toys.CHIP, "all_in_kw": float(count)} for name, (_, count) in types.items()},
        providers={server: {"kind": "cluster"} for server in servers},
        workloads={server: toys.chat(rate, allow={"providers": [server]}) for server, rate in servers.items()},
        throughput={"rates": [rate_of(each) for each in allocations]},
        policy={"site_power_mw_max": {site: count / 1000 for site, count in stock.items()}} if stock else {},
    ) | {"offers": {offer_name(each): offer(each) for each in allocations}}


def offer_name(allocation: dict[str, Any]) -> str:
    return f"{allocation['server']}.on.{allocation['accelerator']}"


def offer(allocation: dict[str, Any]) -> dict[str, Any]:
    held = {allocation["accelerator"]: float(allocation["replicas"] * allocation["accCount"])}
    contract = toys.lease(usd_per_month=float(allocation["cost"]), provider=allocation["server"])
    return {**contract, "accelerators": held, "region": allocation["type"]}


def rate_of(allocation: dict[str, Any]) -> dict[str, Any]:
    return {
        "accelerator": allocation["accelerator"],
        "workload": allocation["server"],
        "requests_per_s_per_accelerator": allocation["rate_star"] / allocation["accCount"],
    }


def solved(document: dict[str, Any]) -> offtake.Plan:
    plan = offtake.solve(from_document(document), gap=1e-9)
    assert plan.audit["passed"], plan.audit["findings"]
    return plan


def in_use(plan: offtake.Plan) -> dict[str, int]:
    """Accelerators by type in the offers that are signed, of which each server has one."""
    signed = set(plan.deals["offer"])
    chosen = [each for each in published()["candidates"] if offer_name(each) in signed]
    assert [each["server"] for each in chosen] == sorted(server["name"] for server in part("server")["servers"])
    types = {each["type"] for each in chosen}
    return {name: sum(each["units"] for each in chosen if each["type"] == name) for name in types}


def test_least_cost_without_limits():
    """All fifteen servers are cheapest on G2, and need 1,449 of them."""
    plan = solved(small(published()["candidates"], stock=None))
    assert plan.objective_usd == pytest.approx(33_327.0, abs=1e-6)
    assert in_use(plan) == {"G2": 1_449}


@pytest.mark.parametrize(
    ("g2", "least_usd", "used"), [(512, 35_767.0, 449), (449, 35_767.0, 449), (448, 35_841.0, 447)]
)
def test_least_cost_inside_the_stock(g2, least_usd, used):
    """512 G2 are in stock. llama_70b leaves them for 4xA100 at the least cost apiece, and there all three must go:
    528 G2 for 13,280 - 12,144 = 1,136, 300 for 780 and 172 for 524: 33,327 + 2,440, and 449 are used.

    With one G2 less than that, the next cheapest is Premium-granite_13b: its two for 120 - 46 = 74.
    """
    answers = published()
    plan = solved(small(answers["candidates"], {**answers["capacity"], "G2": g2}))
    assert plan.objective_usd == pytest.approx(least_usd, abs=1e-6)
    assert in_use(plan)["G2"] == used


def test_the_greedy_allocation_costs_more():
    """The published allocation and nothing else: Premium-llama_70b keeps its 172 G2, and Free-mixtral_8_7b gives up 180
    for 8,640 - 4,140 = 4,500: 33,327 + 1,136 + 780 + 4,500 = 39,743.
    """
    answers, greedy = published(), part("solution")["allocations"]
    found = [each for each in answers["candidates"] if greedy[each["server"]]["accelerator"] == each["accelerator"]]
    assert [greedy[each["server"]]["numReplicas"] for each in found] == [each["replicas"] for each in found]
    plan = solved(small(found, answers["capacity"]))
    assert plan.objective_usd == pytest.approx(39_743.0, abs=1e-6)
    assert in_use(plan) == {"G2": 441, "A100": 740}


def test_stock_as_rows_of_ones_own():
    """The same stock, added to the model of the instance without it: its deals stand in the order of the offers."""
    answers = published()
    instance = from_document(small(answers["candidates"], stock=None))
    model = offtake.build_model(instance)

    def inside(m, name):
        taken = [(each, m.blocks[d, 0]) for d, each in enumerate(answers["candidates"]) if each["type"] == name]
        return quicksum(each["units"] * blocks for each, blocks in taken) <= answers["capacity"][name]

    model.stock = Constraint(list(answers["capacity"]), rule=inside)
    plan = offtake.solve(instance, gap=1e-9, model=model)
    assert plan.audit["passed"], plan.audit["findings"]
    assert plan.objective_usd == pytest.approx(35_767.0, abs=1e-6)
