"""Branches leave nothing out: every plan lies in one of them, and the least of their bounds bounds them all."""

import threading

import numpy as np
import pytest
from pyomo.environ import Binary, ConcreteModel, Constraint, NonNegativeReals, Objective, Var
from scipy.sparse import csr_array

from offtake.solve import Limits, branches, solve_model, start
from offtake.solve.branches import branches_of, with_rows
from offtake.solve.handover import Rows, hand_over
from offtake.solve.limits import Clock
from offtake.solve.loop import Ran, Watch, run
from offtake.solve.outcome import Ended
from offtake.solve.proving import prove
from offtake.solve.start import starting_plan

NEED, SITE, UNIT, LEASES = 100.0, 400.0, 1.0, 60
EXACT = Limits(gap=0.0)


@pytest.fixture(autouse=True)
def as_if_large(monkeypatch):
    monkeypatch.setattr(branches, "FEW_INTEGERS", LEASES)


def site_or_leases(site_usd, other_site_usd=1000.0):
    """100 units are needed. A site gives 400 for `site_usd`, another one as many for more; each of 60 leases gives 1
    for 1 dollar, and any unit beyond can be rented at 3.

    Without a site: 60 leases and 40 units of rent, 60 + 120 = 180. With one: its price. The relaxation takes a quarter
    of the site as soon as a quarter of its price is less than 1 a unit: 100 units for site_usd / 4.
    """
    model = ConcreteModel()
    model.site = Var([0, 1], domain=Binary)
    model.lease = Var(range(LEASES), domain=Binary)
    model.rent = Var(domain=NonNegativeReals)
    leased = sum(model.lease[i] for i in range(LEASES))
    model.met = Constraint(expr=SITE * (model.site[0] + model.site[1]) + UNIT * leased + model.rent >= NEED)
    model.one_site = Constraint(expr=model.site[0] + model.site[1] <= 1)
    model.cost = Objective(expr=site_usd * model.site[0] + other_site_usd * model.site[1] + leased + 3.0 * model.rent)
    return model, [[model.site[0], model.site[1]], [model.lease[0]]]


def divided(model, groups):
    handed = hand_over(model)
    place = handed.position()
    columns = [[place[id(variable)] for variable in group] for group in groups]
    return handed.matrix, columns, branches_of(handed.matrix, columns, EXACT, Watch(Clock(None)))


def test_the_site_is_decided_first():
    """At 200 dollars the relaxation takes a quarter of the site for 50. Without it: 180. With it, whole: 200, and the
    relaxation of that part can do no better."""
    _, _, branches = divided(*site_or_leases(200.0))
    assert sorted(round(branch.bound, 6) for branch in branches) == [180.0, 200.0]


@pytest.mark.parametrize(("site_usd", "cost"), [(200.0, 180.0), (170.0, 170.0)])
def test_the_best_plan_of_all_branches_is_the_best_plan(site_usd, cost):
    """The site is worth up to the 180 dollars of doing without."""
    model, groups = site_or_leases(site_usd)
    outcome = solve_model(model, EXACT, neighbourhoods=groups)
    assert outcome.status == "optimal"
    assert outcome.objective == pytest.approx(cost)
    assert outcome.bound == pytest.approx(cost)


def test_a_branch_without_plans_is_left_out():
    """Without rent and with 60 leases only, no plan does without a site."""
    model, groups = site_or_leases(200.0)
    model.rent.fix(0.0)
    matrix, columns, branches = divided(model, groups)
    assert len(branches) == 1
    assert prove(matrix, columns, EXACT, Watch(Clock(None))).objective == pytest.approx(200.0)


def test_rows_added_to_all_leave_the_parts_what_they_are():
    """A site for 170 is the best plan until 30 units must be rented: then it costs 170 + 90, and without one it is 60
    leases and 40 units of rent for 180, as before."""
    matrix, columns, branches = divided(*site_or_leases(170.0))
    rent = np.flatnonzero(~matrix.integer)
    row = csr_array((np.ones(1), (np.zeros(1, int), rent)), shape=(1, matrix.a.shape[1]))
    more = matrix.with_rows(Rows(row, np.array([30.0])))
    parts = with_rows(branches, more, columns)
    watch = Watch(Clock(None))
    found = {round(branch.bound): run(branch.matrix, watch, "proving", {}).objective for branch in parts}
    assert found == {180: pytest.approx(180.0), 170: pytest.approx(260.0)}
    assert prove(more, columns, EXACT, watch, branches=parts).objective == pytest.approx(180.0)


def test_no_branch_has_a_plan():
    """1,000 units cannot be had: every part is proven empty, and so is the whole."""
    model, groups = site_or_leases(200.0)
    model.rent.fix(0.0)
    model.met.set_value((1000.0, model.met.body, None))
    outcome = solve_model(model, EXACT, neighbourhoods=groups)
    assert outcome.status == "infeasible"
    assert outcome.bound is None


def test_the_bound_told_is_one_of_the_whole():
    """While one part is searched, the others may still hold something better: no more is told than the optimum."""
    told = []
    model, groups = site_or_leases(185.0, other_site_usd=186.0)
    solve_model(model, EXACT, neighbourhoods=groups, progress=told.append)
    assert all(line.bound <= 180.0 + 1e-6 for line in told if line.bound is not None)


def test_a_search_that_is_stopped_at_once_proves_no_more_than_the_relaxations():
    """The parts cost at least 180 and 200; a plan of 200 in hand is kept."""
    model, groups = site_or_leases(200.0)
    matrix, columns, _ = divided(model, groups)
    x = np.zeros(matrix.a.shape[1])
    x[columns[0][0]] = 1.0
    stop = threading.Event()
    stop.set()
    ran = prove(matrix, columns, EXACT, Watch(Clock(None), stop), x)
    assert ran.objective == pytest.approx(200.0)
    assert ran.bound <= 180.0 + 1e-6


def test_taking_nothing_is_a_plan_where_the_search_has_no_time(monkeypatch):
    """Nothing is signed: 100 units of rent at 3."""
    matrix, _, branches = divided(*site_or_leases(200.0))
    search, ended = start.run, []

    def short(*given):
        ended.append(search(*given) if not ended else Ran(ended=Ended.LIMIT))
        return ended[-1]

    monkeypatch.setattr(start, "run", short)
    without = next(branch for branch in branches if branch.bound < 190.0)
    assert matrix.objective(starting_plan(without, EXACT, Watch(Clock(None)))) == pytest.approx(300.0)
