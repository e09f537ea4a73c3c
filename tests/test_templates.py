"""`offtake new`: every template loads without a warning, is solved quickly, and passes its audit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from offtake import engine
from offtake.cli import main
from offtake.cli.new import INSTANCE, SCHEMA, TEMPLATES
from offtake.instance import inspect, json_schema

SHIPPED = Path(__file__).parents[1] / "src" / "offtake" / "templates"


def offtake(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], prog_name="offtake")


def test_every_file_is_a_choice_and_every_choice_a_file():
    if not SHIPPED.is_dir():
        pytest.skip("not in a checkout")
    assert {path.stem for path in SHIPPED.glob("*.yaml")} == set(TEMPLATES)


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_is_valid_solvable_and_audited(template, tmp_path):
    made = offtake("new", tmp_path / "mine", "--template", template)
    path = tmp_path / "mine" / INSTANCE
    assert made.exit_code == 0, made.stderr
    assert made.stderr.splitlines()[-1] == f"next: offtake check {path}"
    inspection = inspect(path)
    assert [found.message for found in inspection.diagnostics] == []
    plan = engine.solve(inspection.instance, gap=0.02, time_limit_s=60)
    assert plan.status == "optimal"
    assert plan.audit["passed"], plan.audit["findings"]
    assert plan.kpis["share_served"] > 0.9


@pytest.mark.parametrize("template", TEMPLATES)
def test_editors_find_the_schema_beside_the_instance(template, tmp_path):
    offtake("new", tmp_path, "--template", template)
    first = (tmp_path / INSTANCE).read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema={SCHEMA}"
    assert json.loads((tmp_path / SCHEMA).read_text(encoding="utf-8")) == json_schema.document()


def test_the_default_is_blank(tmp_path):
    offtake("new", tmp_path)
    assert "name: My first instance" in (tmp_path / INSTANCE).read_text(encoding="utf-8")


def test_what_is_commented_out_of_the_blank_one_is_right_too(tmp_path):
    """A user takes the marks away: each commented key alone gives a valid instance."""
    offtake("new", tmp_path)
    path = tmp_path / INSTANCE
    lines = path.read_text(encoding="utf-8").splitlines()
    keys = [k for k, line in enumerate(lines) if line.startswith("  ") and line.lstrip().startswith("# ")]
    assert len(keys) >= 10
    for k in keys:
        changed = [*lines[:k], lines[k].replace("# ", "", 1), *lines[k + 1 :]]
        if lines[k].strip().startswith(("# other_cash_usd", "# cash_min_usd")):
            changed.insert(k, "  funding_usd: {2026-06: 10.0e6}")
        path.write_text("\n".join(changed), encoding="utf-8")
        assert inspect(path).errors == [], lines[k]


@pytest.mark.parametrize("there", [INSTANCE, SCHEMA])
def test_nothing_is_overwritten(there, tmp_path):
    (tmp_path / there).write_text("mine")
    refused = offtake("new", tmp_path)
    assert (refused.exit_code, refused.stderr.splitlines()) == (
        5,
        [f"error: {tmp_path / there} is there already; name another folder"],
    )
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(there, "mine")]


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("mine")
    assert offtake("new", tmp_path / "file" / "deeper").exit_code == 5
    assert offtake("new", tmp_path / "file").exit_code == 5
    assert (tmp_path / "file").read_text() == "mine"


def test_an_unknown_template_names_those_that_there_are(tmp_path):
    refused = offtake("new", tmp_path / "x", "--template", "neoclod")
    assert refused.exit_code == 2
    assert "'neocloud'" in refused.stderr
    assert not (tmp_path / "x").exists()
