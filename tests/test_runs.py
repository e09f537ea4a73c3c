"""The history of solves: a run is kept whole or not at all, whatever dies, and never in the way of an answer."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from offtake.cli import main
from offtake.plan import Plan
from offtake.runs import History, RunError, keep, manifest, runs_folder, store
from test_plan import planned
from toys import problem

QUICKSTART = Path(__file__).resolve().parent.parent / "instances" / "quickstart.yaml"
MOMENT = datetime(2026, 6, 1, 12, tzinfo=UTC)


def offtake(*words: object, home: Path | str) -> Result:
    runner = CliRunner(env={"COLUMNS": None, "OFFTAKE_HOME": str(home)})
    return runner.invoke(main, [str(word) for word in words], prog_name="offtake")


def answer(name: str = "toy") -> Plan:
    return planned({**problem(), "name": name}, {}, {("on-demand/chip", "chat", 0, 0): 10.0})


def kept(folder: Path, name: str = "toy", **changes: object) -> dict:
    """Keep a run of an instance of that name."""
    plan = answer(name)
    stated = {**manifest(plan.instance, {"gap": 0.01}, MOMENT, plan, {}), **changes}
    keep(stated, plan, folder)
    return stated


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A home in which the quickstart was solved."""
    folder = tmp_path_factory.mktemp("home")
    target = folder / "saved.plan.json"
    done = offtake("solve", QUICKSTART, "--gap", "0", "--seed", 3, "-o", target, home=folder)
    assert done.exit_code == 0, done.stderr
    return folder


# --- what is kept


def test_a_solve_is_kept_with_its_manifest_and_its_plan(home):
    (stated,) = json.loads(offtake("runs", "list", "--json", home=home).stdout)
    assert stated["format"] == "offtake.run/1"
    assert stated["instance"]["name"] == "Quickstart"
    assert stated["options"] == {"settings": [], "gap": 0.0, "time_limit_s": None, "threads": 1, "seed": 3}
    assert (stated["status"], stated["objective_usd"], stated["gap"]) == ("optimal", pytest.approx(1_368_000), 0.0)
    assert stated["audit"] == {"passed": True, "findings": 0}
    assert {"offtake", "python", "highspy", "pyomo"} <= stated["versions"].keys()
    assert stated["started"] < stated["finished"]
    assert stated["files"] == {"instance": str(QUICKSTART), "plan": str(home / "saved.plan.json")}
    own = json.loads((home / "runs" / stated["id"] / "plan.json").read_text())
    assert own == json.loads((home / "saved.plan.json").read_text())
    assert own["instance"]["sha256"] == stated["instance"]["sha256"]


def test_a_run_is_listed_and_shown_and_stands_for_its_plan(home):
    (stated,) = History(home / "runs").find()
    listed = offtake("runs", "list", "--instance", "quick", home=home)
    assert f"{stated['id']}  " in listed.stdout
    assert "$1.368 m" in listed.stdout
    shown = offtake("runs", "show", stated["id"][:5], home=home)
    assert f"Run {stated['id']}" in shown.stdout
    assert "Proven optimal: no plan costs less." in shown.stdout
    assert list(json.loads(offtake("runs", "show", stated["id"], "--json", home=home).stdout)) == ["run", "plan"]
    page = offtake("show", stated["id"][:4], home=home).stdout
    assert page == offtake("show", home / "saved.plan.json", home=home).stdout
    assert offtake("audit", stated["id"], home=home).exit_code == 0
    same = offtake("compare", stated["id"], home / "saved.plan.json", home=home)
    assert f"{stated['id']} and saved cost the same" in same.stdout


def test_a_solve_without_a_plan_is_kept_too(tmp_path):
    budget = "finance.budget_usd={2026: 1000}"
    assert offtake("solve", QUICKSTART, "-o", tmp_path / "p.json", "--set", budget, home=tmp_path).exit_code == 11
    (stated,) = History(tmp_path / "runs").find()
    assert (stated["status"], stated["objective_usd"], stated["audit"]) == ("infeasible", None, None)
    shown = offtake("runs", "show", stated["id"], home=tmp_path)
    assert (shown.exit_code, "no plan keeps every constraint" in shown.stdout) == (0, True)
    refused = offtake("show", stated["id"], home=tmp_path)
    assert (refused.exit_code, "has no plan" in refused.stderr) == (3, True)


def test_nothing_is_kept_where_the_home_is_nothing(tmp_path):
    done = offtake("solve", QUICKSTART, "-o", tmp_path / "p.json", home="")
    assert (done.exit_code, [path.name for path in tmp_path.iterdir()]) == (0, ["p.json"])
    refused = offtake("runs", "list", home="")
    assert (refused.exit_code, "OFFTAKE_HOME is set to nothing" in refused.stderr) == (3, True)


def test_the_folder_is_that_of_the_platform_unless_named(monkeypatch, tmp_path):
    monkeypatch.setenv("OFFTAKE_HOME", str(tmp_path))
    assert runs_folder() == tmp_path / "runs"
    monkeypatch.delenv("OFFTAKE_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    if sys.platform == "linux":
        assert runs_folder() == tmp_path / "data" / "offtake" / "runs"
    monkeypatch.setenv("OFFTAKE_HOME", "")
    assert runs_folder() is None


# --- what dies, and what is in the way

STEPS = {
    "the plan": ("offtake.plan.plan.Plan.save", 0),
    "the manifest": ("offtake.runs.store._write", 0),
    "the name of the folder": ("pathlib.Path.rename", 0),
    "the index": ("offtake.runs.index.Index.add", 1),
}
"""what is about to be written -> the function that does it, and how many runs are kept if the process dies there"""

DIES = """
import os, sys
from pathlib import Path
from unittest import mock
sys.path.insert(0, {tests!r})
from test_runs import kept
with mock.patch({where!r}, lambda *a, **k: os._exit(9)):
    kept(Path({folder!r}))
"""


@pytest.mark.parametrize("step", STEPS)
def test_a_process_that_dies_leaves_a_whole_run_or_none(step, tmp_path):
    """What it leaves is no run, is cleared away in a day, and is not in the way of the next."""
    where, runs = STEPS[step]
    program = DIES.format(tests=str(Path(__file__).parent), where=where, folder=str(tmp_path))
    assert subprocess.run([sys.executable, "-c", program]).returncode == 9
    history = History(tmp_path)
    assert len(history.find()) == runs
    assert history.unreadable == []
    kept(tmp_path)
    assert len(history.find()) == runs + 1
    assert history.leftovers() == []
    for left in tmp_path.glob(".unfinished-*"):
        os.utime(left, (0, 0))
    assert len(history.leftovers()) == 1 - runs
    history.remove([], history.leftovers())
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_a_run_that_fails_to_be_written_leaves_nothing(tmp_path, monkeypatch):
    def full(*_arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(store, "_write", full)
    with pytest.raises(OSError, match="No space left"):
        kept(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("obstacle", ["full", "no folder"])
def test_a_history_that_cannot_be_written_is_one_sentence(obstacle, tmp_path, monkeypatch):
    """The plan is saved and printed, and the exit status is what it would have been."""

    def full(*_arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    home = tmp_path / "home"
    if obstacle == "full":
        monkeypatch.setattr(store, "_write", full)
    else:
        home.write_text("a file")
    done = offtake("solve", QUICKSTART, "-o", tmp_path / "p.json", home=home)
    assert done.exit_code == 0
    said = [line for line in done.stderr.splitlines() if "not in the history" in line]
    assert said[0].startswith(f"this run is not in the history: {home / 'runs'} cannot be written: ")
    assert len(said) == 1
    assert json.loads((tmp_path / "p.json").read_text())["status"] == "optimal"


def test_a_plan_that_cannot_be_saved_is_in_the_history(tmp_path, monkeypatch):
    """The last refuge of a plan whose own place, and the folder for temporary files, are gone."""
    monkeypatch.setattr("offtake.cli.files._save_elsewhere", _nowhere)
    target = tmp_path / "p.json"
    monkeypatch.setattr("offtake.cli.files.check_writable", lambda path: path.mkdir())
    assert offtake("solve", QUICKSTART, "-o", target, home=tmp_path).exit_code == 1
    (stated,) = History(tmp_path / "runs").find()
    assert (tmp_path / "runs" / stated["id"] / "plan.json").is_file()


def _nowhere(*_arguments):
    raise RuntimeError("nowhere")


def test_two_processes_keep_all_of_their_runs(tmp_path):
    """Ten each at once: all are found, and all are in the index."""
    program = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_runs import kept
for _ in range(10):
    kept(Path({str(tmp_path)!r}))
"""
    working = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(2)]
    assert [process.wait() for process in working] == [0, 0]
    assert len(History(tmp_path).find()) == 20
    with sqlite3.connect(tmp_path / "index.sqlite3") as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (20,)
    connection.close()


# --- the index


def _rubbish(path: Path) -> None:
    path.write_bytes(b"no database " * 500)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def _other_version(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE runs")
        connection.execute("CREATE TABLE runs (other TEXT)")
        connection.execute("PRAGMA user_version = 7")
    connection.close()


def _gone(path: Path) -> None:
    path.unlink()


def _unopenable(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("spoil", [_rubbish, _cut, _other_version, _gone, _unopenable])
def test_the_index_is_made_again_from_the_folders(spoil, tmp_path):
    """Or done without, where its file cannot be had; a run can be kept all the same."""
    first = kept(tmp_path)
    spoil(tmp_path / "index.sqlite3")
    assert [each["id"] for each in History(tmp_path).find()] == [first["id"]]
    spoil(tmp_path / "index.sqlite3") if spoil is _rubbish else None
    second = kept(tmp_path)
    assert {each["id"] for each in History(tmp_path).find()} == {first["id"], second["id"]}


def test_a_folder_that_is_no_run_is_named_and_passed_over(tmp_path):
    kept(tmp_path)
    (tmp_path / "0badc0de").mkdir()
    (tmp_path / "0badc0de" / "manifest.json").write_text("{")
    history = History(tmp_path)
    assert len(history.find()) == 1
    assert history.unreadable[0].startswith(f"{tmp_path / '0badc0de' / 'manifest.json'} cannot be read")


# --- looked up and cleared away


def test_runs_are_found_by_the_beginning_of_their_id_and_by_instance(tmp_path):
    days = [MOMENT + timedelta(days=k) for k in range(3)]
    ids = ["aaaa1111", "aaaa2222", "bbbb3333"]
    for run, name, day in zip(ids, ["Lab", "lab two", "shop"], days, strict=True):
        kept(tmp_path, name, id=run, finished=day.isoformat())
    history = History(tmp_path)
    assert [each["id"] for each in history.find()] == ids[::-1]
    assert list(history.table("LAB")["id"]) == ["aaaa2222", "aaaa1111"]
    assert history.run("bbbb")["id"] == "bbbb3333"
    for prefix, sentence in {
        "aaaa": "begins the ids of 2 runs: aaaa2222, aaaa1111",
        "bbb": "there is no run 'bbb'",
        "cccc": "there is no run 'cccc'",
    }.items():
        with pytest.raises(RunError, match=sentence):
            history.run(prefix)


def _aged(folder: Path) -> list[str]:
    """Runs of today, a week ago and a month ago."""
    ages = {"aaaaaaaa": 0, "bbbbbbbb": 7, "cccccccc": 30}
    for run, days in ages.items():
        kept(folder, id=run, finished=(datetime.now(UTC) - timedelta(days=days)).isoformat())
    return list(ages)


@pytest.mark.parametrize(
    ("options", "left"),
    [
        (["--keep", "1"], 1),
        (["--days", "10"], 2),
        (["--keep", "1", "--days", "10"], 2),
        (["--keep", "5", "--days", "1"], 3),
        (["--keep", "0"], 0),
    ],
)
def test_gc_keeps_the_newest_and_the_young(options, left, tmp_path):
    """What one option keeps is kept; --dry-run says the same and deletes nothing."""
    ids = _aged(tmp_path / "runs")
    dry = offtake("runs", "gc", *options, "--dry-run", "--json", home=tmp_path)
    assert [each["id"] for each in json.loads(dry.stdout)] == ids[left:]
    assert len(History(tmp_path / "runs").find()) == 3
    done = offtake("runs", "gc", *options, home=tmp_path)
    assert (done.exit_code, f"{3 - left} run" in done.stderr) == (0, True)
    assert [each["id"] for each in History(tmp_path / "runs").find()] == ids[:left]
    assert sorted(store.ids(tmp_path / "runs")) == ids[:left]


def test_gc_must_be_told_what_to_keep(tmp_path):
    refused = offtake("runs", "gc", home=tmp_path)
    assert (refused.exit_code, "say what to keep" in refused.stderr) == (2, True)


def test_a_home_without_runs_is_no_error(tmp_path):
    listed = offtake("runs", "list", home=tmp_path / "nowhere")
    assert (listed.exit_code, "no runs in" in listed.stderr) == (0, True)
    assert not (tmp_path / "nowhere").exists()
    assert json.loads(offtake("runs", "list", "--json", home=tmp_path).stdout) == []
