"""`bin/bench --rules`: a rule is left out by its keys, and what is left is an instance."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import toys
from offtake.instance import from_document
from offtake.instance.document import to_document

BIN = Path(__file__).parents[1] / "bin"

pytestmark = pytest.mark.skipif(not BIN.is_dir(), reason="not in a checkout")


@pytest.fixture
def bench_rules(monkeypatch):
    monkeypatch.syspath_prepend(str(BIN))
    import bench_rules

    return bench_rules


def stored(document):
    return to_document(from_document(document))


def test_each_rule_is_left_out_by_its_keys(bench_rules):
    """The toy has a latency target and a rule on what must survive: without that the lease alone is signed."""
    document = stored(toys.document("half_survives_the_loss_of_a_seller"))
    found = bench_rules.rules(document)
    assert found == {"latency targets": ["workloads.*.slo"], "policy.resilience": ["policy.resilience"]}
    left = bench_rules.without(document, found["policy.resilience"])
    assert left.pop("policy") == {} and left == {key: document[key] for key in document if key != "policy"}
    slow = bench_rules.without(document, found["latency targets"])
    assert slow["workloads"]["chat"]["slo"] == bench_rules.NO_TARGET


def test_training_runs_are_left_out_whole(bench_rules):
    document = stored(toys.document("training_fills_a_lease"))
    assert bench_rules.rules(document) == {"training runs": ["workloads.*.training"]}
    assert bench_rules.without(document, ["workloads.*.training"])["workloads"] == {}


def test_the_table_says_what_a_rule_costs_and_what_cannot_be_left_out(tmp_path):
    """7,120 with the rule, 3,000 without it: 4,120. A document without workloads is none."""
    survives, trains = tmp_path / "survives.yaml", tmp_path / "trains.yaml"
    survives.write_text(json.dumps(stored(toys.document("half_survives_the_loss_of_a_seller"))))
    trains.write_text(json.dumps(stored(toys.document("training_fills_a_lease"))))
    done = subprocess.run(
        [sys.executable, BIN / "bench.py", "--rules", "--gaps", "0", survives, trains], text=True, capture_output=True
    )
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    (rule,) = [line for line in lines if line.startswith("| policy.resilience")]
    assert rule.endswith("| 0.003 | 0.00412 (0.00412 to 0.00412) |")
    (run,) = [line for line in lines if line.startswith("| training runs")]
    assert "cannot be left out: " in run
