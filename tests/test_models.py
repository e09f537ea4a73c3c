"""The page of formulas says what the code says, and every constraint explains itself in a sentence."""

from pathlib import Path

from pyomo.environ import Constraint

import toys
from offtake.compile import compile_instance
from offtake.instance import from_document
from offtake_models import build, readme


def test_the_readme_is_generated_from_the_docstrings():
    assert (Path(readme.__file__).parent / "README.md").read_text() == readme.page()


def test_every_constraint_is_named_in_the_page_of_formulas():
    model = build(compile_instance(from_document(toys.document("lease_beats_on_demand"))).problem)
    page = readme.page()
    missing = [row.local_name for row in model.component_objects(Constraint) if row.local_name not in page]
    assert missing == []


def test_every_constraint_carries_its_sentence():
    model = build(compile_instance(from_document(toys.document("lease_beats_on_demand"))).problem)
    assert [row.local_name for row in model.component_objects(Constraint) if not row.doc] == []


def test_the_cost_is_the_sum_of_its_lines():
    model = build(compile_instance(from_document(toys.document("lease_beats_on_demand"))).problem)
    lines = [
        "unserved",
        "lateness",
        "value",
        "sublease",
        "ports",
        "commitments",
        "shortfall",
        "contracts",
        "use",
        "use_beyond",
        "carbon",
    ]
    lines.append("changes")
    assert list(model.cost_by_line) == lines
