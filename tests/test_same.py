"""One answer: the same instance, seed and versions give the same bytes but for times, under every hash seed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

INSTANCES = Path(__file__).parents[1] / "instances"


def plan_under(seed: str, instance: Path, folder: Path) -> dict:
    path = folder / f"{instance.stem}-{seed}.json"
    program = "from offtake.cli import main; main()"
    command = [sys.executable, "-c", program, "solve", str(instance), "-o", str(path)]
    subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True)
    document = json.loads(path.read_text())
    assert document["solver"].pop("seconds") >= 0
    return document


@pytest.mark.parametrize("name", ["quickstart", "startup"])
def test_three_hash_seeds_give_one_plan(name, tmp_path):
    first, second, third = (plan_under(seed, INSTANCES / f"{name}.yaml", tmp_path) for seed in ("0", "1", "4242"))
    assert first == second == third
