"""The solve loop on models of a few lines: what is proven, what is kept, what is said."""

import itertools
import math
import os
import signal
import threading
from types import SimpleNamespace

import highspy
import numpy as np
import pytest
from highspy import HighsModelStatus
from pyomo.environ import (
    Binary,
    ConcreteModel,
    Constraint,
    Integers,
    NonNegativeIntegers,
    NonNegativeReals,
    Objective,
    Var,
    maximize,
)

from offtake.solve import Limits, ModelError, search, solve_model
from offtake.solve.handover import hand_over
from offtake.solve.limits import Clock
from offtake.solve.outcome import ENDED, Ended, relative_gap, status_of


def knapsack(sense=maximize) -> ConcreteModel:
    """Take a (value 5, weight 2), b (4, 3), c (3, 1) within weight 5, on top of a value of 10.

    a and b weigh 5 and are worth 9; a and c weigh 3 and are worth 8: the best is 10 + 9 = 19.
    """
    model = ConcreteModel()
    model.take = Var(["a", "b", "c"], domain=Binary)
    model.weight = Constraint(expr=2 * model.take["a"] + 3 * model.take["b"] + model.take["c"] <= 5)
    worth = 10 + 5 * model.take["a"] + 4 * model.take["b"] + 3 * model.take["c"]
    model.best = Objective(expr=worth if sense == maximize else -worth, sense=sense)
    return model


def split(rows: int = 5, columns: int = 40) -> ConcreteModel:
    """Choose from numbers below 100 so that each row sums to half of its total; minimise the miss, plus 1.

    Market split (Cornuejols and Dawande 1998): any choice is a plan, and proving the best takes hours at this size.
    """
    numbers = np.random.default_rng(7).integers(0, 100, size=(rows, columns)).tolist()
    model = ConcreteModel()
    model.pick = Var(range(columns), domain=Binary)
    model.over = Var(range(rows), domain=NonNegativeReals)
    model.under = Var(range(rows), domain=NonNegativeReals)
    model.half = Constraint(
        range(rows),
        rule=lambda m, i: (
            sum(numbers[i][j] * m.pick[j] for j in range(columns)) + m.under[i] - m.over[i] == sum(numbers[i]) // 2
        ),
    )
    model.miss = Objective(expr=1 + sum(model.over[i] + model.under[i] for i in range(rows)))
    return model


@pytest.mark.parametrize("status", HighsModelStatus.__members__.values(), ids=str)
def test_every_status_of_highs_is_mapped(status):
    """Only kOptimal (and a model with nothing to decide) reads as optimal, only kInfeasible as infeasible."""
    ended, message = ENDED[status]
    assert message
    assert (ended is Ended.INFEASIBLE) == (status is HighsModelStatus.kInfeasible)
    assert (ended is Ended.OPTIMAL) == (status in (HighsModelStatus.kOptimal, HighsModelStatus.kModelEmpty))


@pytest.mark.parametrize(
    ("ended", "with_plan", "without"),
    [
        (Ended.OPTIMAL, "optimal", "failed"),
        (Ended.INFEASIBLE, "failed", "infeasible"),
        (Ended.UNBOUNDED, "failed", "unbounded"),
        (Ended.INFEASIBLE_OR_UNBOUNDED, "failed", "failed"),
        (Ended.LIMIT, "time_limit", "time_limit"),
        (Ended.INTERRUPTED, "interrupted", "interrupted"),
        (Ended.FAILED, "failed", "failed"),
    ],
)
def test_a_status_that_contradicts_the_plan_is_a_failure(ended, with_plan, without):
    assert status_of(ended, has_plan=True) == with_plan
    assert status_of(ended, has_plan=False) == without


def test_the_gap_is_relative_to_the_objective():
    assert relative_gap(200.0, 199.0) == 0.005
    assert relative_gap(-200.0, -202.0) == 0.01
    assert relative_gap(0.0, 0.0) == 0.0
    assert relative_gap(0.0, -1.0) == math.inf


def test_maximise_keeps_its_sense_and_its_constant():
    model = knapsack()
    outcome = solve_model(model, Limits(gap=0.0))
    assert (outcome.status, outcome.objective, outcome.bound, outcome.gap) == ("optimal", 19.0, 19.0, 0.0)
    assert [model.take[k].value for k in "abc"] == [1.0, 1.0, 0.0]
    assert outcome.solver_version == highspy.Highs().version()


def test_minimise_keeps_its_sense_and_its_constant():
    outcome = solve_model(knapsack(sense=1), Limits(gap=0.0))
    assert (outcome.objective, outcome.bound) == (-19.0, -19.0)


def test_a_linear_program_is_solved_and_proven():
    """2 x + y >= 4, x + 3 y >= 3 at 3 x + 2 y: the vertex x = 9/5, y = 2/5 costs 31/5."""
    model = ConcreteModel()
    model.x = Var(domain=NonNegativeReals)
    model.y = Var(domain=NonNegativeReals)
    model.first = Constraint(expr=2 * model.x + model.y >= 4)
    model.second = Constraint(expr=model.x + 3 * model.y >= 3)
    model.cost = Objective(expr=3 * model.x + 2 * model.y)
    outcome = solve_model(model)
    assert (outcome.status, outcome.gap) == ("optimal", 0.0)
    assert outcome.objective == pytest.approx(6.2, rel=1e-12)
    assert model.x.value == pytest.approx(1.8, rel=1e-12)


def test_whole_numbers_come_back_whole_and_the_rest_is_solved_again_around_them():
    """3 n >= x and x >= 10 at 7 n + x: n = 4, x = 10, cost 38, each exactly."""
    model = ConcreteModel()
    model.n = Var(domain=NonNegativeIntegers)
    model.x = Var(bounds=(10, None))
    model.enough = Constraint(expr=3 * model.n >= model.x)
    model.cost = Objective(expr=7 * model.n + model.x)
    outcome = solve_model(model, Limits(gap=0.0))
    assert (model.n.value, model.x.value, outcome.objective) == (4.0, 10.0, 38.0)


def test_dollars_in_billions_keep_their_cents():
    """The knapsack at 1e9 times its worth, plus 12 cents that only depend on a."""
    model = knapsack()
    worth = model.best.expr
    model.best.deactivate()
    model.rich = Objective(expr=1e9 * worth + 0.12 * model.take["a"], sense=maximize)
    assert solve_model(model, Limits(gap=0.0)).objective == pytest.approx(19e9 + 0.12, abs=1e-3)


def test_a_range_is_one_row():
    """3 <= x + y <= 5, whole, x - y = 1 forces x = 2, y = 1 at the least and x = 3, y = 2 at the most."""
    model = ConcreteModel()
    model.x = Var(domain=Integers)
    model.y = Var(domain=Integers)
    model.between = Constraint(expr=(3, model.x + model.y, 5))
    model.apart = Constraint(expr=model.x - model.y == 1)
    model.total = Objective(expr=model.x + model.y)
    assert hand_over(model).matrix.a.shape == (2, 2)
    assert solve_model(model).objective == 3
    model.total.sense = maximize
    assert solve_model(model).objective == 5


def test_columns_keep_the_order_of_the_model():
    """The objective names c first; the model declares a, b, c."""
    model = knapsack()
    model.best.set_value(3 * model.take["c"] + model.take["a"] + model.take["b"])
    assert [column.index() for column in hand_over(model).columns] == ["a", "b", "c"]


def test_what_a_user_adds_counts():
    """Forbidding a with b leaves a and c: 10 + 5 + 3 = 18; without a, b and c: 10 + 4 + 3 = 17."""
    model = knapsack()
    model.apart = Constraint(expr=model.take["a"] + model.take["b"] <= 1)
    assert solve_model(model, Limits(gap=0.0)).objective == 18
    model.take["a"].fix(0)
    assert solve_model(model, Limits(gap=0.0)).objective == 17
    assert model.take["a"].value == 0


def test_variables_that_nothing_mentions_get_a_value_inside_their_bounds():
    model = knapsack()
    model.idle = Var(range(3), bounds=lambda _model, i: [(None, None), (2, 5), (None, -3)][i])
    solve_model(model)
    assert [model.idle[i].value for i in range(3)] == [0.0, 2.0, -3.0]


def test_a_model_with_nothing_to_decide_is_optimal():
    model = ConcreteModel()
    model.cost = Objective(expr=5.0)
    outcome = solve_model(model)
    assert (outcome.status, outcome.objective, outcome.gap) == ("optimal", 5.0, 0.0)


def test_infeasible_is_said_only_after_a_second_solve():
    """2 x + 4 y = 3 has no whole solution, though x = 1.5 is a linear one."""
    model = ConcreteModel()
    model.x = Var(domain=Integers, bounds=(-50, 50))
    model.y = Var(domain=Integers, bounds=(-50, 50))
    model.odd = Constraint(expr=2 * model.x + 4 * model.y == 3)
    model.cost = Objective(expr=model.x)
    phases = []
    outcome = solve_model(model, progress=lambda progress: phases.append(progress.phase))
    assert (outcome.status, outcome.objective, outcome.gap) == ("infeasible", None, None)
    assert "second solve confirms" in outcome.message
    assert set(phases) == {"proving", "confirming"}


def test_a_constraint_without_variables_that_cannot_hold_is_named():
    model = knapsack()
    model.take.fix(1)
    outcome = solve_model(model)
    assert outcome.status == "infeasible"
    assert "'weight'" in outcome.message


def test_unbounded_is_neither_optimal_nor_infeasible():
    model = ConcreteModel()
    model.x = Var(domain=Integers, bounds=(0, None))
    model.y = Var(domain=NonNegativeReals)
    model.tied = Constraint(expr=model.x - model.y <= 1)
    model.worth = Objective(expr=model.x, sense=maximize)
    outcome = solve_model(model)
    assert (outcome.status, outcome.objective) == ("unbounded", None)
    assert "without end" in outcome.message


def test_what_is_not_linear_is_refused_with_a_sentence():
    model = knapsack()
    model.curved = Constraint(expr=model.take["a"] * model.take["b"] <= 0.5)
    with pytest.raises(ModelError, match=r"must be linear: .*curved"):
        solve_model(model)


def test_one_objective_is_needed():
    model = knapsack()
    model.best.deactivate()
    with pytest.raises(ModelError, match="exactly one active objective, it has 0"):
        solve_model(model)


@pytest.mark.parametrize("wrong", [{"gap": -0.1}, {"gap": math.nan}, {"time_limit_s": 0}, {"threads": 0}, {"seed": -1}])
def test_limits_that_mean_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must be|needs"):
        Limits(**wrong)


def test_at_the_time_limit_the_best_plan_is_kept_with_its_gap():
    model = split()
    outcome = solve_model(model, Limits(gap=0.0, time_limit_s=1.0))
    assert outcome.status == "time_limit"
    picked = [round(model.pick[j].value) for j in model.pick]
    assert [model.pick[j].value for j in model.pick] == picked
    assert model.miss() == pytest.approx(outcome.objective)
    assert outcome.gap == relative_gap(outcome.objective, outcome.bound) > 0


def test_ctrl_c_keeps_the_best_plan_and_the_handler_of_the_caller():
    """The signal is sent as soon as a plan is known."""
    model = split()
    before = signal.getsignal(signal.SIGINT)
    sent = []

    def press(progress):
        if progress.incumbent is not None and not sent:
            sent.append(progress)
            os.kill(os.getpid(), signal.SIGINT)

    outcome = solve_model(model, Limits(gap=0.0, time_limit_s=60), progress=press)
    assert (outcome.status, len(sent)) == ("interrupted", 1)
    assert outcome.objective <= sent[0].incumbent + 1e-6
    assert model.miss() == pytest.approx(outcome.objective)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_search_can_be_stopped_from_another_thread():
    """Outside of the main thread there is no Ctrl-C: the caller sets the event."""
    stop, found = threading.Event(), []

    def tell(progress):
        if progress.incumbent is not None:
            stop.set()

    worker = threading.Thread(
        target=lambda: found.append(solve_model(split(), Limits(gap=0.0, time_limit_s=60), progress=tell, stop=stop))
    )
    worker.start()
    worker.join()
    assert found[0].status == "interrupted"
    assert found[0].objective is not None


def test_stopped_before_it_began_it_says_that_there_is_no_plan():
    stop = threading.Event()
    stop.set()
    outcome = solve_model(split(), Limits(gap=0.0, time_limit_s=60), stop=stop)
    assert (outcome.status, outcome.objective, outcome.gap) == ("interrupted", None, None)


def test_an_error_of_the_listener_reaches_the_caller():
    def fail(progress):
        raise RuntimeError("the terminal went away")

    with pytest.raises(RuntimeError, match="went away"):
        solve_model(split(), Limits(gap=0.0, time_limit_s=60), progress=fail)


def test_progress_tells_plan_bound_and_gap():
    heard = []
    solve_model(split(), Limits(gap=0.0, time_limit_s=1.5), progress=heard.append)
    known = [progress for progress in heard if progress.gap is not None]
    assert known
    assert all(p.gap == relative_gap(p.incumbent, p.bound) for p in known)
    assert all(a.seconds <= b.seconds for a, b in itertools.pairwise(heard))
    assert all(a.incumbent >= b.incumbent for a, b in itertools.pairwise(known))


def test_the_same_seed_gives_the_same_plan():
    plans = []
    for _ in range(2):
        model = split(rows=2, columns=30)
        outcome = solve_model(model, Limits(gap=0.0, seed=3))
        plans.append((outcome.objective, outcome.bound, outcome.nodes, [model.pick[j].value for j in model.pick]))
    assert plans[0] == plans[1]


def test_threads_may_change_between_solves():
    """HiGHS has answered a second solve with other threads in one process with nothing at all."""
    for threads in (1, 2, 1):
        assert solve_model(knapsack(), Limits(gap=0.0, threads=threads)).objective == 19


def test_costs_that_hide_each_other_prove_nothing():
    """One column costs 1e16 and is never used; the other two cost 1 and 2, and only by those do plans differ."""
    model = ConcreteModel()
    model.x = Var(range(3), domain=NonNegativeReals, bounds=(0, 10))
    model.met = Constraint(expr=model.x[0] + model.x[1] + model.x[2] >= 5)
    model.cost = Objective(expr=model.x[0] + 2 * model.x[1] + 1e16 * model.x[2])
    outcome = solve_model(model, Limits(gap=0.0))
    assert outcome.status != "optimal"
    assert outcome.bound is None


def test_a_rule_that_nothing_can_mend_is_said_in_its_own_words():
    """Pyomo finds a constraint without variables before any solve."""
    model = ConcreteModel()
    model.x = Var(domain=NonNegativeReals)
    model.cost = Objective(expr=model.x)
    said = "{1} is kept without {0}"
    model.kept = Constraint([(0, "chat/a b")], rule=lambda m, k, w: (1.0, 0.0 * m.x, None), doc=said)
    outcome = solve_model(model, Limits(gap=0.0))
    assert outcome.status == "infeasible"
    assert outcome.message == "no plan exists, since it cannot be had that chat/a b is kept without 0"


def test_numbers_that_the_solver_does_not_take_are_said_to_be_slips():
    model = ConcreteModel()
    model.x = Var(domain=NonNegativeReals)
    model.met = Constraint(expr=1e17 * model.x >= 1.0)
    model.cost = Objective(expr=model.x)
    with pytest.raises(ValueError, match=r"the largest coefficient is 1\.0e\+17, and it takes up to 1e15"):
        solve_model(model, Limits(gap=0.0))


def test_an_objective_whose_parts_cancel_is_proven_all_the_same():
    """An objective of nothing and a bound of 5.6e-17 below it, where parts of 0.3 cancel, leave no gap without end."""
    model = ConcreteModel()
    model.x = Var(domain=NonNegativeReals, bounds=(0, 1))
    model.met = Constraint(expr=model.x >= 1)
    model.cost = Objective(expr=0.3 * model.x - 0.3)
    found = hand_over(model)
    ran = SimpleNamespace(bound=-5.6e-17, ended=Ended.OPTIMAL, message="", nodes=0)
    outcome = search._outcome_of_plan(found, ran, np.array([1.0]), Limits(gap=0.0), Clock(None))
    assert (outcome.status, outcome.gap, outcome.objective) == ("optimal", 0.0, 0.0)
