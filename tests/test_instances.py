"""The instances that ship: they load, every price has a source, and their comments tell the truth."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
import yaml

from offtake.compile import compile_instance
from offtake.deals import columns
from offtake.engine import solve
from offtake.instance import Instance, inspect, load
from offtake.plan import Plan

FOLDER = Path(__file__).parents[1] / "instances"
FILES = sorted(FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_loads_without_errors_or_warnings(path: Path) -> None:
    """A shipped instance is an example: not even a warning, so every price has its source."""
    inspection = inspect(path)
    assert inspection.instance is not None
    assert [f"{found.code} {found.message}" for found in inspection.diagnostics] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_has_a_row_in_the_table(path: Path) -> None:
    assert f"| [{path.name}]({path.name})" in (FOLDER / "README.md").read_text(encoding="utf-8")


def quickstart_cost_usd(early: int, late: int) -> float:
    """The derivation in the head of quickstart.yaml, in its own numbers."""
    first = max(0, 96 - 64 * early) * 5.00 * (720 + 744 + 744)
    second = max(0, 144 - 64 * early - 64 * late) * 5.00 * (720 + 744 + 720)
    return 600_000.0 * early + 240_000.0 * late + first + second


def test_quickstart_solves_to_the_derived_optimum() -> None:
    """1,368,000 USD with one block of each lease; the next best pair of the sixteen costs 1,374,720 USD."""
    costs = {pair: quickstart_cost_usd(*pair) for pair in product(range(4), range(4))}
    best, second = sorted(costs, key=costs.__getitem__)[:2]
    assert (best, costs[best], second, costs[second]) == ((1, 1), 1_368_000.0, (2, 0), 1_374_720.0)
    plan = solve(load(FOLDER / "quickstart.yaml"), gap=0.0).to_document()
    assert plan["status"] == "optimal"
    assert plan["audit"]["passed"]
    assert plan["objective_usd"] == pytest.approx(1_368_000.0, abs=0.005)
    assert [(deal["offer"], deal["start"], deal["blocks"]) for deal in plan["deals"]] == [
        ("lease-now", "2026-06", 1),
        ("lease-late", "2026-09", 1),
    ]


def shares(plan: Plan) -> dict[str, dict[str, float]]:
    """Month -> what serves the startup's product -> its share of the work."""
    return {row["month"]: row["by"] for row in plan.to_document()["service"]}


def test_startup_moves_in_the_months_that_its_comment_names() -> None:
    """Tokens alone, on demand from April 2027, reserved from the Series A, no tokens from March 2028."""
    plan = solve(load(FOLDER / "startup.yaml"), gap=1e-4)
    document, served = plan.to_document(), shares(plan)
    assert document["audit"]["passed"]
    assert document["objective_usd"] == pytest.approx(1.002e6, rel=1e-3)
    months = sorted(served)
    assert [m for m in months if "tokens" in served[m] and served[m]["tokens"] > 1e-6][-1] == "2028-02"
    assert next(m for m in months if served[m].get("on-demand/h100", 0.0) > 1e-6) == "2027-04"
    assert all(served[m] == {"tokens": pytest.approx(1.0)} for m in months if m < "2027-04")
    assert served["2027-11"]["on-demand/h100"] == pytest.approx(0.62, abs=0.01)
    deals = [(deal["offer"], deal["start"], deal["blocks"]) for deal in document["deals"]]
    assert deals == [("reserved", "2027-12", 1), ("reserved", "2028-03", 1)]


def test_startup_would_reserve_in_september_with_money_enough() -> None:
    """The seed round, not the price, delays the first reservation by three months."""
    rich = solve(load(FOLDER / "startup.yaml", ["finance.funding_usd={2026-06: 20.0e6}"]), gap=1e-4).to_document()
    assert rich["deals"][0]["start"] == "2027-09"
    assert rich["objective_usd"] == pytest.approx(0.985e6, rel=1e-3)


@pytest.fixture(scope="module")
def frontier() -> Instance:
    return load(FOLDER / "frontier-lab.yaml")


def test_frontier_lab_has_the_size_that_it_claims(frontier: Instance) -> None:
    assert len(frontier.offers) >= 25
    assert len(frontier.workloads) >= 12
    assert len({getattr(workload, "region", None) for workload in frontier.workloads.values()}) >= 4
    assert [workload.kind for workload in frontier.workloads.values()].count("training") >= 2
    assert {port.family for port in compile_instance(frontier).problem.ports} == {"xla", "neuron"}
    assert frontier.policy.resilience is not None
    assert frontier.policy.provider_share_max is not None
    assert (frontier.horizon.months, frontier.day.blocks) == (36, 4)


def test_every_workload_of_the_frontier_lab_has_choices(frontier: Instance) -> None:
    """Several pools serve each, and something that needs no signature does, but for runs, which need much at once."""
    compiled = compile_instance(frontier)
    assert 150 <= len(compiled.problem.deals) <= 400
    for key, workload in compiled.problem.workloads.items():
        pools = [pool for pool, served in compiled.problem.rate if served == key]
        assert len(pools) >= 4, key
        assert workload.run is not None or workload.rollouts or set(pools) & set(compiled.problem.elastic_limit), key


def test_nothing_assumed_is_passed_off_as_known() -> None:
    """Every offer, contract and rate of the file itself carries a source, and `assumed` names keys that it has."""
    for path in FILES:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        supplies = {**document["offers"], **document.get("signed", {})}
        for key, entry in supplies.items():
            assert entry["source"], (path.name, key)
            for name in entry.get("assumed", []):
                assert name.split(".")[0] in entry, (path.name, key, name)
        for rate in document.get("throughput", {}).get("rates", []):
            assert rate["source"], (path.name, rate)


def test_the_exit_clause_of_colossus_is_worth_forty_billion_of_obligations(frontier: Instance) -> None:
    """Owed after June 2026: 35 months, of which one at 0.4 x 1.25 bn, are 43 bn. With 90 days' notice after three
    months it is what falls due before December: 0.5 + 4 x 1.25 = 5.5 bn; from September on three months, 3.75 bn."""

    def owed(instance: Instance) -> list[float]:
        column = next(column for column in columns(instance) if column.offer == "colossus-1" and not column.right)
        return column.owed[[0, 3, 12]].tolist()

    firm = load(FOLDER / "frontier-lab.yaml", ["offers.colossus-1.terms.0.cancel.by=seller"])
    assert owed(firm) == pytest.approx([43.0e9, 40.0e9, 28.75e9])
    assert owed(frontier) == pytest.approx([5.5e9, 3.75e9, 3.75e9])


def test_colossus_may_be_recalled_in_one_of_two_futures() -> None:
    """As its head comment says: notice in December 2026, out in March 2027 in that future and in no other."""
    futures = (
        "uncertainty={reveal: {2026-12: [[kept], [recalled]]}, scenarios: {kept: {probability: 0.85}, "
        "recalled: {probability: 0.15, recall: {colossus-1: 2026-12}}}}"
    )
    problem = compile_instance(load(FOLDER / "frontier-lab.yaml", [futures])).problem
    colossus = next(deal for deal in problem.deals if deal.offer == "colossus-1")
    assert colossus.in_service[:, :36].sum(axis=1).tolist() == [36, 9]


@pytest.mark.full
def test_frontier_lab_is_proven_within_the_default_gap(frontier: Instance) -> None:
    """Colossus is refused, TPUs by the gigawatt are signed, options at Childress are called; the audit passes."""
    plan = solve(frontier, gap=1e-2)
    assert plan.status == "optimal"
    assert plan.gap <= 1e-2
    assert plan.audit["passed"], plan.audit["findings"]
    assert "colossus-1" not in set(plan.deals.offer)
    assert {"option", "expansion"} <= set(plan.deals[plan.deals.offer == "iren-gb300"].right)
    assert plan.deals[plan.deals.offer == "broadcom-tpu7x"].blocks.sum() >= 10


@pytest.fixture(scope="module")
def enterprise() -> Plan:
    return solve(load(FOLDER / "enterprise.yaml"), gap=1e-2)


@pytest.mark.full
def test_enterprise_commits_to_less_than_its_peak_by_the_hour(enterprise: Plan) -> None:
    """Some savings plans are taken and some left, and little of what is taken is lost."""
    assert enterprise.audit["passed"], enterprise.audit["findings"]
    table = enterprise.commitments
    taken = set(table.commitment)
    assert "azure-macc" in taken
    assert taken != set(enterprise.instance.commitments)
    hourly = table[table.commitment.str.startswith("aws-")]
    assert 0.9 * hourly.committed_usd.sum() <= hourly.used_usd.sum() <= hourly.committed_usd.sum() + 1.0
    usd_per_hour = sum(enterprise.instance.commitments[key].usd_per_hour or 0.0 for key in taken)
    oregon = enterprise.capacity[enterprise.capacity.offer == "aws-oregon-b200"].used_peak
    assert 0 < usd_per_hour / (14.24 * (1 - 0.45)) < oregon.max()


@pytest.mark.full
def test_enterprise_fills_its_promise_to_microsoft_and_no_more_in_the_first_year(enterprise: Plan) -> None:
    """The first interval is the tight one: just met, or trued up; what growth brings comes later."""
    years = enterprise.commitments[enterprise.commitments.commitment == "azure-macc"]
    assert list(years.committed_usd) == [5.0e6] * 3
    assert years.used_usd.iloc[0] == pytest.approx(5.0e6, rel=0.1)
    assert years.used_usd.iloc[0] <= 5.0e6 * (1 + 1e-6)
    assert years.used_usd.iloc[2] > 5.0e6


@pytest.mark.full
def test_enterprise_covers_the_season_on_demand(enterprise: Plan) -> None:
    """Service in Europe doubles from September to December 2026, and what is bought by use for it more than doubles."""
    elastic = {name for name, offer in enterprise.instance.offers.items() if offer.elastic}
    rows = enterprise.service[enterprise.service.workload == "service-europe"].set_index("month")

    def by_use(month: str) -> float:
        row = rows.loc[month]
        return row.mean_requests_per_s * sum(share for pool, share in row.by.items() if pool.split("/")[0] in elastic)

    assert by_use("2026-12") > 2 * by_use("2026-09")


@pytest.mark.full
def test_the_caps_on_carbon_move_the_enterprise_to_finland(enterprise: Plan) -> None:
    """They bind in 2028; without them Finland is leased less, Frankfurt more, and 2027 and 2028 emit too much."""
    capped = enterprise.kpis["carbon_tonnes_by_year"]
    assert capped["2028"] == pytest.approx(400.0, rel=0.01)
    free = solve(load(FOLDER / "enterprise.yaml", ["policy.carbon_tonnes_max={}"]), gap=1e-2)
    emitted = free.kpis["carbon_tonnes_by_year"]
    assert emitted["2027"] > 400.0
    assert emitted["2028"] > 400.0
    assert blocks(free, "nebius-finland-b200", "2027-06") < blocks(enterprise, "nebius-finland-b200", "2027-06")
    assert blocks(free, "frankfurt-b200", "2027-06") > blocks(enterprise, "frankfurt-b200", "2027-06")


@pytest.fixture(scope="module")
def platform() -> Instance:
    return load(FOLDER / "inference-platform.yaml")


def test_hopper_and_amd_do_not_speak_in_time(platform: Instance) -> None:
    """At 5 ms a token, as the head comment says: LPUs, Blackwell and, hardly, TPUs do. At the target of chat all do."""

    def able(instance: Instance) -> set[str]:
        rates = compile_instance(instance).problem.rate
        return {pool.partition("/")[2] for pool, workload in rates if workload == "voice-us"} - {""}

    assert able(platform) == {"groq-lpu", "b200", "b300", "gb200", "tpu7x"}
    slow = "workloads.voice-us.slo={ttft_ms: 1500, tpot_ms: 30}"
    assert able(load(FOLDER / "inference-platform.yaml", [slow])) >= {"h100", "h200", "mi300x", "mi355x"}


def test_a_request_of_the_platform_brings_what_its_tokens_cost(platform: Instance) -> None:
    """The arithmetic of the comment before the workloads, in millionths of a dollar, to two digits."""
    brought = {name: 1e6 * workload.value_usd_per_request for name, workload in platform.workloads.items()}
    assert brought == {
        "voice-us": pytest.approx(600 * 1.80 + 900 * 0.90 + 80 * 1.80, rel=0.03),
        "voice-europe": pytest.approx(600 * 1.80 + 900 * 0.90 + 80 * 1.80, rel=0.03),
        "chat-us.gpt-oss-120b": pytest.approx(0.7 * 182.5 + 0.3 * 800, rel=0.03),
        "chat-us.qwen3-235b": pytest.approx(0.7 * 182.5 + 0.3 * 800, rel=0.03),
        "chat-europe": pytest.approx(2500 * 0.039 + 500 * 0.17, rel=0.03),
        "agents-us": pytest.approx(9000 * 0.60 + 51000 * 0.10 + 900 * 3.00, rel=0.03),
        "research-europe": pytest.approx(50000 * 0.56 + 50000 * 0.28 + 1200 * 1.68, rel=0.03),
        "extraction": pytest.approx(0.5 * (3000 * 0.28 + 600 * 0.42), rel=0.03),
        "labels": pytest.approx(0.5 * (1500 * 0.039 + 150 * 0.17), rel=0.03),
    }


@pytest.mark.full
def test_the_platform_mixes_families_and_every_workload_earns(platform: Instance) -> None:
    """LPUs for voice, AMD and TPUs for agents once Kimi is ported; nothing is served at a loss, but the larger model of
    the mix, whose requests bring no more than those of the smaller one."""
    plan = solve(platform, gap=5e-3)
    assert plan.audit["passed"], plan.audit["findings"]
    assert plan.objective_usd == pytest.approx(-293e6, rel=0.02)
    assert {"groq-dallas", "groq-helsinki", "tensorwave-mi355x", "crusoe-gb200"} <= set(plan.deals.offer)
    assert ("kimi-k2.5", "rocm") in set(zip(plan.ports.model, plan.ports.family, strict=True))
    margins = plan.kpis["effective_margin_by_workload"]
    assert [key for key, margin in margins.items() if margin <= 0] in ([], ["chat-us.qwen3-235b"])


@pytest.mark.full
def test_the_platform_signs_no_lpu_without_the_voice_target() -> None:
    slow = [f"workloads.voice-{place}.slo={{ttft_ms: 1500, tpot_ms: 30}}" for place in ("us", "europe")]
    plan = solve(load(FOLDER / "inference-platform.yaml", slow), gap=1e-2)
    assert not {"groq-dallas", "groq-helsinki"} & set(plan.deals.offer)
    assert plan.objective_usd == pytest.approx(-377e6, rel=0.02)


def blocks(plan: Plan, offer: str, by: str) -> int:
    """Blocks of the offer whose service has begun by a month."""
    deals = plan.deals
    return int(deals[(deals.offer == offer) & (deals.start <= by)].blocks.sum())
