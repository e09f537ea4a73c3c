"""The size that `check` announces is that of the model that is then built."""

from pathlib import Path

import pytest
from pyomo.environ import Constraint, Var

from offtake.compile import compile_instance
from offtake.instance import load
from offtake.size import model_size
from offtake.throughput import rate_table
from offtake_models import build

INSTANCES = Path(__file__).parents[1] / "instances"


@pytest.mark.parametrize("name", ["quickstart", "startup", "frontier-lab"])
def test_the_announced_size_is_the_size_to_within_a_quarter(name):
    instance = load(INSTANCES / f"{name}.yaml")
    compiled = compile_instance(instance)
    model = build(compiled.problem)
    size = model_size(instance, rate_table(instance))
    assert size["deals"] == len(compiled.problem.deals)
    assert size["pairs"] == len(compiled.problem.rate)
    columns = sum(len(component) for component in model.component_objects(Var))
    rows = sum(len(component) for component in model.component_objects(Constraint))
    assert size["columns"] == pytest.approx(columns, rel=0.25)
    assert size["rows"] == pytest.approx(rows, rel=0.25)
