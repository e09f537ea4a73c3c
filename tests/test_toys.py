"""Every toy costs what its docstring derives, and its plan passes the audit."""

import pytest

import offtake
import toys
from offtake.instance import from_document


@pytest.mark.parametrize("name", list(toys.TOYS))
def test_toy_costs_what_its_docstring_derives(name):
    plan = offtake.solve(from_document(toys.document(name)), gap=0.0)
    assert plan.status == "optimal"
    assert plan.objective_usd == pytest.approx(toys.TOYS[name], rel=1e-9, abs=1e-6)
    assert plan.audit["passed"], plan.audit["findings"]
