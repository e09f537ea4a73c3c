"""Large problems are taken apart by dispatch: cuts are never too high, the bound is the relaxation's, plans are plans.

The smallest ladder is taken apart here as if it were large: its relaxation and its optimum are known by other means.
"""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csc_array, eye_array, hstack, vstack

import toys
from offtake.compile import compile_instance
from offtake.engine import build_without_contingencies, neighbourhoods, search
from offtake.instance import from_document, load
from offtake.ladder import instance_text
from offtake.reductions import reduced
from offtake.solve import Limits, dispatch, exchange, proving
from offtake.solve.cuts import Cuts
from offtake.solve.decomposition import _keeps, searched_by_parts
from offtake.solve.dispatch import Divided, divided
from offtake.solve.handover import Matrix, hand_over
from offtake.solve.limits import Clock
from offtake.solve.loop import Ran, Watch, run
from offtake.solve.options import options_of, own_of
from offtake.solve.outcome import Ended
from offtake.solve.relaxed_by_parts import CLOSE, relaxed_by_parts


def rung(name: str, seed: int, folder) -> tuple[Matrix, list[list[int]]]:
    """The matrix of a ladder, and its columns by offer."""
    path = folder / f"{name}.yaml"
    path.write_text(instance_text(name, seed), encoding="utf-8")
    compiled = reduced(compile_instance(load(path)))
    model = build_without_contingencies(compiled)
    handed = hand_over(model)
    place = handed.position()
    groups = [[place[id(v)] for v in group if id(v) in place] for group in neighbourhoods(compiled, model)]
    return handed.matrix, groups


@pytest.fixture(scope="module")
def ladder(tmp_path_factory) -> tuple[Matrix, list[list[int]]]:
    """Ladder-s with seed 2."""
    return rung("s", 2, tmp_path_factory.mktemp("ladder"))


@pytest.fixture(autouse=True)
def as_if_large(monkeypatch):
    monkeypatch.setattr(dispatch, "LEAST_NONZEROS", 0)
    monkeypatch.setattr(exchange, "ROUNDS", 600)


def watch() -> Watch:
    return Watch(Clock(None), threading.Event())


def relaxation(matrix: Matrix, lower=None, upper=None) -> float:
    whole = replace(matrix, integer=np.zeros_like(matrix.integer))
    if lower is not None:
        whole = replace(whole, lower=lower, upper=upper)
    ran = run(whole, watch(), "proving", {"threads": 1})
    assert ran.ended is Ended.OPTIMAL
    return ran.objective


def with_signed(matrix: Matrix, parts: Divided, whole: np.ndarray) -> float:
    """What the cheapest dispatch costs, by the linear program of the whole with the whole numbers fixed."""
    lower, upper = matrix.lower.copy(), matrix.upper.copy()
    lower[parts.first[: parts.whole]] = upper[parts.first[: parts.whole]] = whole
    return relaxation(matrix, lower, upper)


def signed(parts: Divided, groups: list[list[int]], offers: list[int]) -> np.ndarray:
    """Whole numbers with the last option of some offers, and nothing else."""
    whole = np.zeros(parts.whole)
    tied = Cuts(parts).tied
    for options in [options_of(parts, own_of(parts), tied, groups)[k] for k in offers]:
        number, opener = options.choices[options.of[-1]]
        whole[number] = options.amount[-1]
        if opener >= 0:
            whole[opener] = 1
    return whole


@pytest.mark.parametrize("offers", [[], [0], [1, 5, 9]])
def test_the_months_together_cost_what_the_whole_costs(ladder, offers):
    matrix, groups = ladder
    parts = divided(matrix)
    assert len(parts.parts) == 12
    whole = signed(parts, groups, offers)
    assert (whole.sum() > 0) == bool(offers)
    y = parts.decided(whole)
    cost = sum(cut.at(y[parts.parts[cut.part].tied]) for cut in parts.cuts(y))
    cost += float(parts.matrix.cost[parts.first] @ y) + parts.matrix.offset
    without_rules = replace(matrix, row_lower=matrix.row_lower.copy(), row_upper=matrix.row_upper.copy())
    shares = own_of(parts)
    activity = shares.activity(whole)
    broken = parts.rows[(activity > shares.most + 1e-9) | (activity < shares.least - 1e-9)]
    without_rules.row_lower[broken], without_rules.row_upper[broken] = -np.inf, np.inf
    assert cost == pytest.approx(with_signed(without_rules, parts, whole), rel=1e-6)


def test_a_cut_is_nowhere_too_high(ladder):
    """Cuts that are exact where offers 1, 5 and 9 are signed, asked where others are."""
    matrix, groups = ladder
    parts = divided(matrix)
    here = parts.cuts(parts.decided(signed(parts, groups, [1, 5, 9])))
    differs = False
    for offers in ([], [0], [1], [2, 3], [4, 5, 6, 7], [9, 10]):
        y = parts.decided(signed(parts, groups, offers))
        for cut, there in zip(here, parts.cuts(y), strict=True):
            tied = y[parts.parts[cut.part].tied]
            assert cut.at(tied) <= there.at(tied) + 1e-6 * abs(there.at(tied))
            differs = differs or cut.at(tied) < 0.9 * there.at(tied)
    assert differs


def test_the_bound_is_that_of_the_relaxation(ladder):
    matrix, _ = ladder
    bound, _ = relaxed_by_parts(divided(matrix), Limits(), watch())
    least = relaxation(matrix)
    assert least * (1 - CLOSE) <= bound <= least * (1 + 1e-7)


@pytest.mark.full
def test_a_large_problem_is_taken_apart_and_its_bound_is_that_of_the_relaxation(tmp_path):
    """Values that are off by rounding must not end the cuts: only a problem of this size has them."""
    matrix, _ = rung("m", 1, tmp_path)
    bound, _ = relaxed_by_parts(divided(matrix), Limits(), watch())
    least = relaxation(matrix)
    assert least * (1 - CLOSE) <= bound <= least * (1 + 1e-7)


def test_the_plan_keeps_every_row_and_costs_what_it_says(ladder):
    """288.243 m is the optimum by HiGHS, SCIP and CBC on the same rows, and by the textbook form."""
    matrix, groups = ladder
    found = searched_by_parts(matrix, groups, Limits(gap=0.0), watch())
    activity = matrix.a @ found.x
    assert (activity >= matrix.row_lower - 1e-5).all() and (activity <= matrix.row_upper + 1e-5).all()
    assert (found.x >= matrix.lower - 1e-6).all() and (found.x <= matrix.upper + 1e-6).all()
    assert np.array_equal(found.x[matrix.integer], np.rint(found.x[matrix.integer]))
    assert found.objective == pytest.approx(matrix.objective(found.x))
    assert 288.242e6 <= found.objective <= 1.1 * 288.243e6


def test_what_is_proven_goes_on_from_there(ladder):
    matrix, groups = ladder
    ran = proving.prove(matrix, groups, Limits(gap=0.02), watch())
    assert ran.ended is Ended.OPTIMAL and ran.gap <= 0.02
    assert ran.bound <= 288.243e6 and ran.objective >= 288.242e6


def test_a_plan_to_begin_with_is_kept_where_nothing_is_better(ladder):
    """With no rounds to better it, the plan that signs nothing comes back at its own cost."""
    matrix, groups = ladder
    parts = divided(matrix)
    idle = parts.plan(parts.decided(np.zeros(parts.whole)))
    stopped = threading.Event()
    stopped.set()
    found = searched_by_parts(matrix, groups, Limits(), Watch(Clock(None), stopped), idle)
    assert found.objective == pytest.approx(matrix.objective(idle))


def test_small_problems_taken_apart_have_the_same_least_cost(monkeypatch):
    """Of every toy whose optimum is derived by hand; what does not fall apart is None, and solved as ever."""
    monkeypatch.setattr(dispatch, "LEAST_PARTS", 1)
    monkeypatch.setattr(exchange, "ROUNDS", 60)
    seen = []

    def noted(*given):
        seen.append(searched_by_parts(*given))
        return seen[-1]

    monkeypatch.setattr(proving, "searched_by_parts", noted)
    for name, cost in toys.TOYS.items():
        compiled = compile_instance(from_document(toys.document(name)))
        outcome, _ = search(compiled, build_without_contingencies(compiled), Limits(gap=0.0))
        assert outcome.objective == pytest.approx(cost, rel=1e-6, abs=1e-3), name
        assert seen[-1] is None or seen[-1].bound <= cost + 1e-6 * abs(cost) + 1e-3, name
        if seen[-1] is not None and not compiled.problem.contingencies:
            assert seen[-1].objective >= cost - 1e-6 * abs(cost) - 1e-3, name


def test_a_budget_over_all_months_leaves_one_part():
    """A dozen months in which something is used, and a row that limits all use together: nothing falls apart."""
    eye = eye_array(12)
    use, all_use = hstack([eye, -10 * eye]), csc_array(np.repeat([1.0, 0.0], 12)[None, :])
    tied = matrix_of(csc_array(vstack([use, all_use])))
    apart = matrix_of(csc_array(use))
    assert divided(tied) is None
    assert len(divided(apart).parts) == 12


def matrix_of(a: csc_array) -> Matrix:
    rows, columns = a.shape
    return Matrix(
        a=a,
        row_lower=np.full(rows, -np.inf),
        row_upper=np.zeros(rows),
        cost=np.ones(columns),
        offset=0.0,
        lower=np.zeros(columns),
        upper=np.ones(columns),
        integer=np.arange(columns) >= 12,
    )


def test_what_is_fixed_is_paid_and_takes_its_room():
    """A column fixed at 2 costs 5 each and takes 2 of the 3 that a row allows: 10 is paid, 1 of the row is left."""
    matrix = matrix_of(csc_array(hstack([np.ones((12, 1)), eye_array(12), csc_array((12, 11))])))
    fixed = np.arange(24) == 0
    matrix = replace(
        matrix,
        row_upper=np.full(12, 3.0),
        cost=np.where(fixed, 5.0, -1.0),
        lower=np.where(fixed, 2.0, 0.0),
        upper=np.where(fixed, 2.0, 9.0),
        integer=np.arange(24) >= 13,
    )
    parts = divided(matrix)
    x = parts.plan(parts.decided(np.zeros(11)))
    assert x.tolist() == [2.0] + 12 * [1.0] + 11 * [0.0]
    assert parts.matrix.objective(x) == matrix.objective(x) == 10.0 - 12.0


def test_a_plan_that_breaks_a_row_or_a_bound_is_none():
    """x <= 10 z in every row."""
    matrix = matrix_of(csc_array(hstack([eye_array(12), -10 * eye_array(12)])))
    served, opened = np.repeat([1.0, 0.0], 12), np.ones(24)
    assert _keeps(matrix, opened) and _keeps(matrix, np.zeros(24))
    assert not _keeps(matrix, served)
    assert not _keeps(matrix, 1.1 * opened)


def test_a_plan_is_whole():
    """Half a z would pay for x = 5; and a row of millions may not hide that it is broken by 0.9."""
    matrix = matrix_of(csc_array(hstack([eye_array(12), -10 * eye_array(12)])))
    assert not _keeps(matrix, np.repeat([0.0, 0.5], 12))
    large = replace(matrix, a=matrix.a * 1e6, row_upper=np.full(12, -0.9))
    assert not _keeps(large, np.repeat([1.0, 0.1], 12))


@pytest.mark.parametrize("threads", [1, 2])
def test_the_search_runs_with_any_number_of_threads(ladder, threads, monkeypatch):
    monkeypatch.setattr(exchange, "ROUNDS", 1)
    found = searched_by_parts(*ladder, Limits(threads=threads), watch())
    assert found.bound > 285e6


def test_a_program_of_cuts_that_is_not_solved_ends_the_relaxation(ladder, monkeypatch):
    """As if it went in circles: a plan is had all the same, and no bound is claimed that was not proven."""
    monkeypatch.setattr("offtake.solve.relaxed_by_parts.ITERATIONS", 1)
    found = searched_by_parts(*ladder, Limits(), watch())
    assert found.x is not None and found.bound < 0.9 * 288.243e6


def test_what_may_not_be_taken_is_no_option(ladder):
    """The columns of offer 1 are at most 0, as when it is asked what happens without it."""
    matrix, groups = ladder
    upper = matrix.upper.copy()
    upper[groups[1]] = 0.0
    parts = divided(replace(matrix, upper=upper))
    assert len(options_of(parts, own_of(parts), Cuts(parts).tied, groups)) == len(groups) - 1


def test_a_better_plan_than_that_to_begin_with_is_kept(ladder, monkeypatch):
    """No time is left for anything but the exchange."""
    matrix, groups = ladder
    parts = divided(matrix)
    idle = parts.plan(parts.decided(np.zeros(parts.whole)))
    monkeypatch.setattr(proving, "run", lambda *given: Ran(ended=Ended.LIMIT))
    ran = proving.prove(matrix, groups, Limits(gap=0.0), watch(), idle)
    assert ran.objective < 0.8 * matrix.objective(idle)
