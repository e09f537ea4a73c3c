"""Starting plans are plans of the whole problem, and change nothing in what is proven."""

import threading

import numpy as np
import pytest
from pyomo.environ import Binary, ConcreteModel, Constraint, NonNegativeReals, Objective, Var

from offtake.solve import Limits, branches, solve_model
from offtake.solve.branches import branches_of
from offtake.solve.handover import hand_over
from offtake.solve.limits import Clock
from offtake.solve.loop import Watch
from offtake.solve.proving import prove
from offtake.solve.start import starting_plan

SITES, WAYS, CUSTOMERS = 16, 5, 12
LIMITS = Limits(gap=1e-2)


@pytest.fixture(autouse=True)
def as_if_large(monkeypatch):
    monkeypatch.setattr(branches, "FEW_INTEGERS", SITES * WAYS)


def sites_model():
    """Each site may be taken in one of five sizes, all or nothing; customers are served from what is there.

    One site is so large that the relaxation takes a part of it: that is what is decided first.
    """
    draw = np.random.default_rng(7)
    size = draw.uniform(5, 15, (SITES, 1)) * np.linspace(1, 2, WAYS)
    size[0] *= 8
    fee = size * draw.uniform(8, 12, (SITES, 1)) ** 1.0 * np.linspace(1, 0.9, WAYS)
    fee[0] *= 0.8
    need = draw.uniform(5, 15, CUSTOMERS)
    freight = draw.uniform(1, 6, (SITES, CUSTOMERS))
    model = ConcreteModel()
    model.take = Var(range(SITES), range(WAYS), domain=Binary)
    model.ship = Var(range(SITES), range(CUSTOMERS), domain=NonNegativeReals)
    model.one_way = Constraint(range(SITES), rule=lambda m, i: sum(m.take[i, k] for k in range(WAYS)) <= 1)
    model.held = Constraint(
        range(SITES),
        rule=lambda m, i: (
            sum(m.ship[i, j] for j in range(CUSTOMERS)) <= sum(size[i, k] * m.take[i, k] for k in range(WAYS))
        ),
    )
    model.met = Constraint(range(CUSTOMERS), rule=lambda m, j: sum(m.ship[i, j] for i in range(SITES)) >= need[j])
    fees = sum(fee[i, k] * model.take[i, k] for i in range(SITES) for k in range(WAYS))
    moved = sum(freight[i, j] * model.ship[i, j] for i in range(SITES) for j in range(CUSTOMERS))
    model.cost = Objective(expr=fees + moved)
    return model, [[model.take[i, k] for k in range(WAYS)] for i in range(SITES)]


def divided(model, groups, watch):
    handed = hand_over(model)
    place = handed.position()
    columns = [[place[id(variable)] for variable in group] for group in groups]
    return handed.matrix, branches_of(handed.matrix, columns, LIMITS, watch)


def start_of(model, groups, watch):
    matrix, parts = divided(model, groups, watch)
    return matrix, starting_plan(parts[0], LIMITS, watch)


def test_a_starting_plan_keeps_every_row_bound_and_whole_number():
    matrix, x = start_of(*sites_model(), Watch(Clock(None)))
    rows = matrix.a @ x
    assert np.all(rows >= matrix.row_lower - 1e-6)
    assert np.all(rows <= matrix.row_upper + 1e-6)
    assert np.all(x >= matrix.lower - 1e-9)
    assert np.all(x <= matrix.upper + 1e-9)
    assert np.abs(x - np.round(x))[matrix.integer].max() < 1e-6


def test_with_starting_plans_the_optimum_is_the_same():
    model, groups = sites_model()
    helped = solve_model(model, Limits(gap=0.0), neighbourhoods=groups)
    alone = solve_model(sites_model()[0], Limits(gap=0.0))
    assert helped.status == alone.status == "optimal"
    assert helped.objective == pytest.approx(alone.objective, rel=1e-9)


def test_a_starting_plan_survives_a_search_that_is_stopped_at_once():
    stop = threading.Event()
    matrix, x = start_of(*sites_model(), Watch(Clock(None)))
    stop.set()
    ran = prove(matrix, [], Limits(gap=0.0), Watch(Clock(None), stop), x)
    assert ran.x is not None
    assert ran.objective <= matrix.objective(x) + 1e-9


def test_no_bound_of_a_part_is_told_as_one_of_the_whole():
    told = []
    model, groups = sites_model()
    solve_model(model, Limits(gap=0.0), neighbourhoods=groups, progress=told.append)
    assert [line for line in told if line.phase == "starting plan"]
    _, parts = divided(*sites_model(), Watch(Clock(None)))
    relaxed = min(part.bound for part in parts)
    bounds = {line.bound for line in told if line.phase == "starting plan"}
    assert all(bound is None or bound == pytest.approx(relaxed) for bound in bounds) and len(bounds) == 2
