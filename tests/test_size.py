"""The size that `check` announces is that of the model that is then built."""

from pathlib import Path

import pytest
from pyomo.environ import Constraint, Var

import toys
from offtake.compile import compile_instance
from offtake.engine import build_without_contingencies
from offtake.instance import from_document, load
from offtake.instance.pools import supplies
from offtake.size import _deals_in_service, _periods, model_size
from offtake.size_as_owed import of_as_owed
from offtake.throughput import rate_table

AS_OWED = (
    "served_as_asked",
    "trained_as_asked",
    "beyond_if_paid_up",
    "paid_up_before",
    "short_if_spent",
    "spent_before",
    "listed_if_drawn",
    "drawn_before",
)
INSTANCES = Path(__file__).parents[1] / "instances"


SHARES = "{provider_share_max: {mw: 0.9, spend: 0.9, served: 0.9}, family_share_max: {cuda: 0.9}, providers_min: 2}"
CASES = [("quickstart", []), ("startup", []), ("frontier-lab", []), ("frontier-lab", [f"policy={SHARES}"])]


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_the_announced_size_is_the_size_to_within_a_quarter(name, settings):
    instance = load(INSTANCES / f"{name}.yaml", settings)
    compiled = compile_instance(instance)
    model = build_without_contingencies(compiled)
    size = model_size(instance, rate_table(instance))
    assert size["deals"] == len(compiled.problem.deals)
    assert size["pairs"] == len(compiled.problem.rate)
    columns = sum(len(component) for component in model.component_objects(Var))
    rows = sum(len(component) for component in model.component_objects(Constraint))
    assert size["columns"] == pytest.approx(columns, rel=0.25)
    assert size["rows"] == pytest.approx(rows, rel=0.25)


@pytest.mark.parametrize(
    "toy",
    [
        "lease_beats_on_demand",
        "no_use_is_made_up_to_spend_sooner",
        "no_chips_are_held_to_raise_a_share",
        "no_hours_are_paid_beyond_use_to_raise_a_share",
        "no_more_is_paid_for_nothing_than_lacks",
        "what_is_prepaid_is_drawn_before_list_is_paid",
    ],
)
def test_what_keeps_use_from_being_made_up_is_counted(toy):
    """Exactly, in toys of one future."""
    instance = from_document(toys.document(toy))
    model = build_without_contingencies(compile_instance(instance))
    alive = {key: _deals_in_service(instance, supply, _periods(instance)) for key, supply in supplies(instance).items()}
    rows, columns, _ = of_as_owed(instance, rate_table(instance), alive)
    assert rows == sum(len(model.component(name)) for name in AS_OWED)
    assert columns == sum(len(model.component(name)) for name in ("paid_up", "short", "drawn_up"))
