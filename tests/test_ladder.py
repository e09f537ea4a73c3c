"""The ladder: what is drawn is what was promised, the same everywhere, valid, and one problem for all who solve it.

What is expected of a rung is written out here; the text is read by PyYAML, not by the package.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from statistics import fmean, median, pstdev

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from offtake import engine
from offtake.cli import main
from offtake.compile import compile_instance
from offtake.instance import inspect
from offtake.ladder import RUNGS, instance_text, offers_by_kind

BIN = Path(__file__).parents[1] / "bin"


@cache
def drawn(rung: str, seed: int = 1) -> dict:
    return yaml.load(instance_text(rung, seed), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def inspected(folder: Path, rung: str, seed: int):
    path = folder / "instance.yaml"
    path.write_text(instance_text(rung, seed), encoding="utf-8")
    return inspect(path)


@pytest.mark.parametrize(
    ("rung", "digest"),
    [
        ("s", "b588c0234ac26b4c3b0957da128aa96e456e64f2c8a25a689c3e4c5d02633bc3"),
        ("m", "4ce48dc6871082d76f7a07ab551dfa83c218d3d74a0b77a2dc85dab313f6e0b8"),
        ("l", "7070487e6154e0c81a0bc82bdaed9544539c11122dcfb7a07a08174b4ec398e9"),
        ("xl", "8cc9501bb9a7b35d09d60f23692b8b090b4e6033ae2eae580b8fdab8bbe98cce"),
    ],
)
def test_the_same_bytes_on_every_machine(rung, digest):
    """Figures that were measured on the ladder mean nothing once these change."""
    assert hashlib.sha256(instance_text(rung, 1).encode()).hexdigest() == digest


def test_another_seed_is_another_instance():
    assert drawn("s", 1)["workloads"] != drawn("s", 2)["workloads"]


def test_shares_of_the_kinds():
    """Of 12: 3.6, 4.8, 1.8 and 1.8, so that 3, 4, 1 and 1 are sure, and the three that are left go to the remainders of
    0.8. The other rungs have no remainders."""
    assert list(offers_by_kind(RUNGS["s"]).values()) == [3, 5, 2, 2]
    assert list(offers_by_kind(RUNGS["m"]).values()) == [12, 16, 6, 6]
    assert list(offers_by_kind(RUNGS["l"]).values()) == [36, 48, 18, 18]
    assert list(offers_by_kind(RUNGS["xl"]).values()) == [90, 120, 45, 45]


@pytest.mark.parametrize(
    ("rung", "offers", "months", "workloads", "blocks"),
    [("s", 12, 12, 6, 4), ("m", 40, 36, 20, 4), ("l", 120, 60, 50, 6), ("xl", 300, 120, 100, 6)],
)
def test_sizes(rung, offers, months, workloads, blocks):
    found = drawn(rung)
    assert sum("terms" in offer for offer in found["offers"].values()) == offers
    assert (found["horizon"]["months"], len(found["workloads"]), found["day"]["blocks"]) == (months, workloads, blocks)
    assert sum(each["kind"] == "batch" for each in found["workloads"].values()) == workloads // 4
    assert found["policy"] == {"provider_share_max": {"mw": 0.4}}


@pytest.mark.parametrize(
    ("kind", "first", "every", "terms", "blocks", "low", "high"),
    [
        ("hyperscaler", range(6, 9), 3, [12, 36], 8, 0.01, 0.03),
        ("neocloud", range(0, 2), 2, [6, 12, 24], 20, 0.004, 0.01),
        ("cluster", range(0, 18), 3, [24, 36], 1, 0.08, 0.20),
        ("tpu", range(6, 9), 3, [24, 36], 4, 0.03, 0.06),
    ],
)
def test_what_each_kind_sells(kind, first, every, terms, blocks, low, high):
    """Blocks are whole servers of 8: half of one may be missing or too many."""
    found = drawn("m")
    mine = {key: offer for key, offer in found["offers"].items() if key.startswith(kind)}
    needed = sum(last_rate(workload["demand"], 36) for workload in found["workloads"].values())
    for key, offer in mine.items():
        assert [term["months"] for term in offer["terms"]] == terms
        assert (offer["blocks"], offer["repeat"], offer["start"]["every_months"]) == (
            {"max": blocks},
            "one_at_a_time",
            every,
        )
        assert number(offer["start"]["earliest"]) in first
        assert low * needed - 4 <= offer["accelerators"][key] <= high * needed + 4
        assert found["providers"][offer["provider"]] == {"kind": kind}
    if kind == "cluster":
        spans = [number(offer["start"]["latest"]) - number(offer["start"]["earliest"]) for offer in mine.values()]
        assert set(spans) == {9}  # four start months, three months apart
    else:
        assert not any("latest" in offer["start"] for offer in mine.values())


def number(month: str) -> int:
    """Months since January 2027."""
    return 12 * (int(month[:4]) - 2027) + int(month[5:]) - 1


def last_rate(demand: dict, months: int) -> float:
    """Mean requests/s of the last month: eleven steps in the first year, twelve in every other."""
    first, *others = demand["growth_per_year"].values()
    return demand["requests_per_s"] * first ** (11 / 12) * np.prod([year for year in others[: months // 12 - 1]])


@pytest.mark.parametrize("rung", ["m", "l"])
def test_prices(rung):
    """1.5 to 3.0 in the first month, 1.5 % less each month later, less for longer terms; fees of one to five months."""
    found = drawn(rung)
    for key, offer in found["offers"].items():
        if "elastic" in offer:
            assert 5 <= offer["elastic"]["usd_per_accelerator_hour"] <= 7
            continue
        curve = [point["usd_per_accelerator_hour"] for point in found["forward"][key]]
        assert [number(point["month"]) for point in found["forward"][key]] == [12 * k for k in range(len(curve))]
        assert curve[1:] == pytest.approx([usd * 0.985**12 for usd in curve[:-1]], rel=2e-3)
        factors = [term["forward_factor"] for term in offer["terms"]]
        assert factors == sorted(factors, reverse=True)
        assert all(1.5 <= factor * curve[0] <= 3.0 for factor in factors)
        for term, factor in zip(offer["terms"], factors, strict=True):
            monthly = offer["accelerators"][key] * 730 * factor * curve[0]
            assert 0.99 <= term["signing_fee_usd"] / monthly <= 5.01


def test_who_serves_whom_and_how_fast():
    """Half of the workloads for each of 120 offers, and each workload from one of three on demand; the spread of 3,000
    logs is known to 1.3 %, their median to 0.008."""
    found = drawn("l")
    rates = found["throughput"]["rates"]
    by_offer = [rate["accelerator"] for rate in rates if not rate["accelerator"].startswith("on-demand")]
    assert {by_offer.count(key) for key in found["offers"] if not key.startswith("on-demand")} == {25}
    assert len(rates) - len(by_offer) == len(found["workloads"])
    for key, workload in found["workloads"].items():
        assert workload["allow"]["accelerators"] == [each["accelerator"] for each in rates if each["workload"] == key]
    logs = np.log([rate["requests_per_s_per_accelerator"] for rate in rates])
    assert pstdev(logs) == pytest.approx(0.35, rel=0.05)
    assert median(logs) == pytest.approx(0, abs=0.03)


def test_demand():
    """Of 100 workloads: the spread of their logs is known to 7 %. Growth holds for three years and then fades."""
    workloads = [workload["demand"] for workload in drawn("xl")["workloads"].values()]
    assert pstdev(np.log([demand["requests_per_s"] for demand in workloads])) == pytest.approx(0.8, rel=0.2)
    for demand in workloads:
        years = list(demand["growth_per_year"].values())
        assert len(years) == 10 and years[0] == years[1] == years[2]
        assert all(1.2 <= year <= 3 for year in years) and years == sorted(years, reverse=True)
        assert fmean(demand["shape"]) == pytest.approx(1, abs=1e-3)
        assert max(demand["shape"]) == pytest.approx(1.45, abs=0.005)
    peaks = {demand["shape"].index(max(demand["shape"])) for demand in workloads}
    assert len(peaks) > 18  # of 24 hours


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_check_has_nothing_to_say(seed, tmp_path):
    found = inspected(tmp_path, "s", seed)
    assert [each.message for each in found.diagnostics] == []
    assert found.instance.horizon.months == 12


@pytest.mark.parametrize("rung", ["s", "m"])
def test_without_a_signature_there_is_a_plan(rung, tmp_path):
    """In every month and block what is had without signing serves all that is asked for."""
    problem = compile_instance(inspected(tmp_path, rung, 1).instance).problem
    for pool, limit in problem.elastic_limit.items():
        needed = sum(
            problem.workloads[w].provision[0].max(axis=1) / rate[0]
            for (p, w), rate in problem.rate.items()
            if p == pool
        )
        assert (needed <= limit[0]).all()
    served = {w for pool, w in problem.rate if pool in problem.elastic_limit}
    assert served == set(problem.workloads)


def test_a_small_one_is_solved(tmp_path):
    plan = engine.solve(inspected(tmp_path, "s", 2).instance, gap=1e-2, time_limit_s=60)
    assert plan.audit["passed"], plan.audit["findings"]
    assert (plan.status, plan.kpis["share_served"]) == ("optimal", 1.0)


def test_the_command_draws_it(tmp_path):
    def new(*words):
        return CliRunner().invoke(main, ["new", *map(str, words)], prog_name="offtake")

    assert new(tmp_path / "a", "--template", "ladder-s").exit_code == 0
    assert new(tmp_path / "b", "--template", "ladder-s", "--seed", 7).exit_code == 0
    assert (tmp_path / "a" / "instance.yaml").read_text(encoding="utf-8") == instance_text("s", 1)
    assert (tmp_path / "b" / "instance.yaml").read_text(encoding="utf-8") == instance_text("s", 7)
    refused = new(tmp_path / "c", "--template", "tpu", "--seed", 7)
    assert refused.exit_code == 2 and "nothing of tpu is drawn" in refused.stderr
    assert not (tmp_path / "c").exists()


@pytest.fixture
def bench(monkeypatch):
    """Modules of the bench, from a checkout."""
    if not (BIN / "textbook.py").exists():
        pytest.skip("not in a checkout")
    monkeypatch.syspath_prepend(str(BIN))


@pytest.mark.full
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_textbook_means_the_same_problem(bench, seed, tmp_path):
    """Both are proven to 0.1 %: each plan may be that much above the other's bound, and none is below it."""
    import textbook
    from contenders import passed

    instance = inspected(tmp_path, "s", seed).instance
    solver = passed(textbook.arrays(textbook.textbook(compile_instance(instance).problem)))
    solver.setOptionValue("mip_rel_gap", 1e-3)
    solver.run()
    info, plan = solver.getInfo(), engine.solve(instance, gap=1e-3)
    assert info.mip_dual_bound <= plan.objective_usd * (1 + 1e-6)
    assert plan.bound_usd <= info.objective_function_value * (1 + 1e-6)
    assert plan.objective_usd == pytest.approx(info.objective_function_value, rel=2e-3)


def test_the_textbook_refuses_what_it_does_not_know(bench):
    import textbook

    from offtake.instance import load

    quickstart = load(Path(__file__).parents[1] / "instances" / "quickstart.yaml")
    with pytest.raises(ValueError, match="repetition other than one_at_a_time"):
        textbook.textbook(compile_instance(quickstart).problem)


def test_figures_of_a_run(bench):
    """A plan of 120 after 2 s, a bound of 90 after 4, a plan of 100 after 8: gaps of 1, 1 - 90 / 120 = 0.25 and 0.1.
    Over 20 s the integral is 4 + 4 x 0.25 + 12 x 0.1."""
    from side_by_side import Ran

    told = [
        {"cpu_s": 2.0, "plan": 120.0, "bound": None, "nodes": 0},
        {"cpu_s": 4.0, "plan": 120.0, "bound": 90.0, "nodes": 0},
        {"cpu_s": 8.0, "plan": 100.0, "bound": 90.0, "nodes": 3},
    ]
    ran = Ran(told, 9.0, 100.0, "")
    assert (ran.seconds_to(0.25), ran.seconds_to(0.1), ran.seconds_to(0.05)) == (4.0, 8.0, None)
    assert (ran.seconds_to_plan(130), ran.seconds_to_plan(110)) == (2.0, 8.0)
    assert ran.integral(20.0) == pytest.approx(4 + 1 + 1.2)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (" ★    2      2            4       0.3705 solution          2.89654e+08    0.587", {"plan": 289654000.0}),
        ("✔ LP Optimal — Frac: 30/130 (23.1%)   Obj: 2.85993e+08   Iters: 2759   Time: 0.378s", {"bound": 285993000.0}),
        ("✔ Cut generation complete — 3 cuts, obj 2.85993e+08 → 2.86018e+08 in 2 passes", {"bound": 286018000.0}),
        (
            "        54        9      9     2.88243e+08                      2.86018e+08    0.77%      3.06",
            {"nodes": 54, "plan": 288243000.0, "bound": 286018000.0},
        ),
        (
            "✔ Optimal — Obj: 2.88243e+08   Bound: 2.88200e+08   Gap: 0.00%   Nodes: 98   Iters: 4259   Time: 3.32s",
            {"plan": 288243000.0, "bound": 288200000.0, "nodes": 98},
        ),
        ("Objective value:                288242845.246", {"plan": 288242845.246}),
        ("  RINS                     no solution                    0.063", {}),
    ],
)
def test_the_log_of_cbc(bench, line, said):
    from contenders import read_cbc

    assert read_cbc(line) == said
