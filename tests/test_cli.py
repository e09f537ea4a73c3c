"""The command line: what it prints where, what it saves, and the exit status of every way to end."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from offtake import engine, plan
from offtake.cli import by_time, files, main, progress, render, tables, terminal, words
from offtake.plan import Plan
from offtake.solve import Progress

QUICKSTART = Path(__file__).resolve().parent.parent / "instances" / "quickstart.yaml"
PROGRAM = [sys.executable, "-c", "from offtake.cli import main; main(prog_name='offtake')"]
COST_USD = 1_368_000
"""of the best plan of the quickstart, derived in the head of the file"""


def offtake(*words: object, **env: str) -> Result:
    """Run a command in this process; stdout and stderr apart."""
    return CliRunner(env={"COLUMNS": None, **env}).invoke(main, [str(word) for word in words], prog_name="offtake")


@pytest.fixture(scope="module")
def solved(tmp_path_factory) -> tuple[Result, Path]:
    """The quickstart, solved to the optimum by the command line, and the plan that it saved."""
    path = tmp_path_factory.mktemp("plans") / "quickstart.plan.json"
    return offtake("solve", QUICKSTART, "--gap", "0", "-o", path), path


@pytest.fixture
def document(solved) -> dict:
    return json.loads(solved[1].read_text())


def altered(document: dict, folder: Path, **changes) -> Path:
    path = folder / "altered.plan.json"
    path.write_text(json.dumps({**document, **changes}))
    return path


# --- the commands, end to end


def test_solve_prints_and_saves_the_plan_that_was_found_by_hand(solved):
    result, path = solved
    assert result.exit_code == 0, result.stderr
    assert "Proven optimal: no plan costs less." in result.stdout
    assert "$1.368 m" in result.stdout
    assert "lease-late" in result.stdout
    assert json.loads(path.read_text())["objective_usd"] == pytest.approx(COST_USD)
    assert result.stderr.splitlines()[-2:] == [f"plan saved: {path}", f"next: offtake breakeven {QUICKSTART}"]


def test_the_plan_goes_beside_the_caller_by_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert offtake("solve", QUICKSTART).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["quickstart.plan.json"]


def test_show_prints_the_same_page_again(solved):
    result, path = solved
    shown = offtake("show", path)
    assert (shown.exit_code, shown.stdout) == (0, result.stdout)


def test_set_changes_one_value(tmp_path):
    """At 2.00 USD on demand, renting everything costs 2 x (96 x 2,208 + 144 x 2,184) = 1,052,928 USD.

    One block of lease-late (240,000) replaces 64 x 2,184 x 2 = 279,552 USD of that, a second one only
    64 more: another 39,552 USD saved each; lease-now (600,000) replaces 64 x 4,392 x 2 = 562,176. So two late
    blocks: 1,052,928 - 2 x 39,552 = 973,824 USD.
    """
    cheaper = ("--set", "offers.on-demand.elastic.usd_per_accelerator_hour=2")
    result = offtake("solve", QUICKSTART, "--gap", "0", "-o", tmp_path / "p.json", "--json", *cheaper)
    assert json.loads(result.stdout)["objective_usd"] == pytest.approx(973_824)


def test_check_counts_the_model(tmp_path):
    result = offtake("check", QUICKSTART)
    assert result.exit_code == 0, result.stderr
    assert "2026-06 to 2026-11: 6 months, 1 block a day" in result.stdout
    assert re.search(r"about \d+ rows, \d+ columns, \d+ nonzeros", result.stdout)
    assert f"{QUICKSTART} is valid: no errors, no warnings" in result.stderr


def test_check_names_workloads_that_nothing_can_serve():
    result = offtake("check", QUICKSTART, "--set", "workloads.assistant.deny.accelerators=[h100]")
    assert result.exit_code == 0, result.stderr
    assert "warning: no offer can serve assistant:" in result.stderr
    assert "lease-now: " in result.stderr


def test_throughput_prices_tokens():
    """0.5 requests/s of 1,250 tokens are 625 tokens/s; 5 USD an hour are 5e6 / (625 x 3600) = 2.222 USD per million."""
    result = offtake("throughput", QUICKSTART)
    assert result.exit_code == 0, result.stderr
    assert re.search(r"on-demand/h100 +625 +2\.222", result.stdout)
    refused = offtake("throughput", QUICKSTART, "--set", "workloads.assistant.deny.providers=[big-cloud]")
    assert "cannot serve it" in refused.stdout


def test_audit_passes_and_fails(solved, document, tmp_path):
    good = offtake("audit", solved[1])
    assert (good.exit_code, "passed" in good.stderr) == (0, True)
    bad = offtake("audit", altered(document, tmp_path, objective_usd=1_000_000.0))
    assert bad.exit_code == 4
    assert "Broken rules" in bad.stdout
    assert "FAILED" in bad.stderr


def test_compare_tells_apart_what_differs(solved, tmp_path):
    """A budget of 1,400,000 USD does not bind, so plans and costs are the same; another demand is another question."""
    same = offtake("compare", solved[1], solved[1])
    assert same.exit_code == 0, same.stderr
    assert "cost the same: $1.368 m" in same.stdout
    other = tmp_path / "other.plan.json"
    offtake("solve", QUICKSTART, "-o", other, "--set", "workloads.assistant.demand.requests_per_s.2026-11=80")
    differs = offtake("compare", solved[1], other)
    assert differs.exit_code == 3
    assert "different questions" in differs.stdout
    assert offtake("compare", solved[1], other, "--force").exit_code == 0


def test_compare_solves_instances_on_the_way(solved):
    result = offtake("compare", QUICKSTART, solved[1], "--gap", "0")
    assert result.exit_code == 0, result.stderr
    assert "cost the same" in result.stdout


def test_breakeven_finds_the_walk_away_price():
    """Without lease-late the best plan costs 1,374,720; with one block it costs 1,128,000 plus 3 x its price.

    So it is taken up to (1,374,720 - 1,128,000) / 3 = 82,240 USD a month.
    """
    result = offtake("breakeven", QUICKSTART, "lease-late", "--gap", "1e-6")
    assert result.exit_code == 0, result.stderr
    assert re.search(r"lease-late +yes +80,000 +82,240 +82,240", result.stdout)


@pytest.mark.parametrize(
    "command",
    [["check", QUICKSTART], ["throughput", QUICKSTART], ["solve", QUICKSTART], ["show", None], ["audit", None],
     ["compare", None, None], ["breakeven", QUICKSTART, "lease-late"]],
    ids=lambda command: command[0],
)  # fmt: skip
def test_every_command_prints_json_alone_and_names_the_next(solved, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    command = [solved[1] if word is None else word for word in command]
    plain, as_json = offtake(*command), offtake(*command, "--json")
    assert (plain.exit_code, as_json.exit_code) == (0, 0), as_json.stderr
    json.loads(as_json.stdout)
    assert "next: offtake " in plain.stderr.splitlines()[-1]
    assert "\x1b" not in plain.stdout + plain.stderr
    assert plain.stdout.strip() and not re.search(r" $", plain.stdout, re.MULTILINE)


# --- exit statuses


def outcome(status: str, **more) -> engine.NoPlan:
    return engine.NoPlan(SimpleNamespace(status=status, message=f"it ended: {status}", bound=None, **more))


@pytest.mark.parametrize(("status", "exit_code"), [("optimal", 0), ("time_limit", 10), ("interrupted", 130)])
def test_solve_ends_as_the_solver_did(document, tmp_path, monkeypatch, status, exit_code):
    found = Plan({**document, "status": status, "gap": 0.04, "bound_usd": 0.96 * COST_USD})
    monkeypatch.setattr(engine, "solve", lambda *_, **__: found)
    result = offtake("solve", QUICKSTART, "-o", tmp_path / "p.json")
    assert result.exit_code == exit_code
    assert plan.load(tmp_path / "p.json").status == status
    assert "Proven within 4.0% of the cheapest plan" in " ".join(result.stdout.split())
    assert "optimal" not in result.stdout


def test_a_plan_that_the_audit_rejects_is_saved_and_exits_with_4(document, tmp_path, monkeypatch):
    audit = {**document["audit"], "passed": False, "findings": [{"rule": "demand_met", "sentence": "too little"}]}
    monkeypatch.setattr(engine, "solve", lambda *_, **__: Plan({**document, "audit": audit}))
    result = offtake("solve", QUICKSTART, "-o", tmp_path / "p.json")
    assert result.exit_code == 4
    assert "FAILED: 1 finding" in result.stdout
    assert (tmp_path / "p.json").exists()


@pytest.mark.parametrize(("status", "exit_code"), [("time_limit", 12), ("interrupted", 130), ("failed", 1)])
def test_without_a_plan_the_exit_status_says_why(tmp_path, monkeypatch, status, exit_code):
    def give_up(*_, **__):
        raise outcome(status)

    monkeypatch.setattr(engine, "solve", give_up)
    result = offtake("solve", QUICKSTART, "-o", tmp_path / "p.json")
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert f"it ended: {status}" in result.stderr
    assert not (tmp_path / "p.json").exists()


def test_infeasible_names_the_rules_that_clash(tmp_path):
    budget = ("--set", "finance.budget_usd.2026=1000", "-o", tmp_path / "p.json")
    result = offtake("solve", QUICKSTART, *budget)
    assert result.exit_code == 11
    assert "These cannot all hold:" in result.stdout
    assert "the budget of 2026, $1,000" in result.stdout
    assert "the demand of assistant" in result.stdout
    as_json = json.loads(offtake("solve", QUICKSTART, *budget, "--json").stdout)
    assert (as_json["status"], len(as_json["clash"])) == ("infeasible", 2)


def test_an_interrupt_outside_the_solver_exits_with_130(tmp_path, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "solve", interrupt)
    result = offtake("solve", QUICKSTART, "-o", tmp_path / "p.json")
    assert (result.exit_code, result.stderr) == (130, "interrupted before a plan was saved\n")
    monkeypatch.setattr(plan, "load", interrupt)
    assert offtake("show", "p.json").exit_code == 130


def test_an_invalid_instance_exits_with_3_and_shows_where(tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text(QUICKSTART.read_text().replace("months: 6}", "months: six}", 1))
    for command in (["check", bad], ["solve", bad], ["throughput", bad], ["breakeven", bad], ["compare", bad, bad]):
        result = offtake(*command)
        assert (result.exit_code, result.stdout) == (3, "")
        assert re.search(r"^error\[E\d+\]: ", result.stderr)
        assert f"{bad} is not valid: 1 error" in result.stderr
    listed = json.loads(offtake("check", bad, "--json").stdout)
    assert (listed["valid"], len(listed["diagnostics"])) == (False, 1)


@pytest.mark.parametrize("command", ["show", "audit"])
def test_what_is_no_plan_exits_with_3(tmp_path, command):
    other = tmp_path / "other.json"
    other.write_text("{}")
    for path in (other, tmp_path / "missing.json", QUICKSTART):
        result = offtake(command, path)
        assert (result.exit_code, result.stdout) == (3, "")
        assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1


def test_a_failure_is_one_line_and_debug_shows_the_trace(tmp_path, monkeypatch):
    def break_down(*_, **__):
        raise RuntimeError("a wheel came off\nand more")

    monkeypatch.setattr(engine, "solve", break_down)
    quiet = offtake("solve", QUICKSTART, "-o", tmp_path / "p.json")
    assert quiet.exit_code == 1
    assert quiet.stderr == "error: RuntimeError: a wheel came off (`--debug` shows the trace)\n"
    for debug in (["--debug", "solve", QUICKSTART], ["solve", QUICKSTART, "--debug"]):
        loud = offtake(*debug, "-o", tmp_path / "p.json")
        assert loud.exit_code == 1
        assert "Traceback" in loud.stderr and "break_down" in loud.stderr


@pytest.mark.parametrize(
    ("option", "value"),
    [("--gap", "nan"), ("--gap", "-0.1"), ("--gap", "inf"), ("--gap", "2"), ("--gap", "one"), ("--time-limit", "0"),
     ("--time-limit", "nan"), ("--time-limit", "inf"), ("--threads", "0"), ("--threads", "100000"), ("--seed", "-1")],
)  # fmt: skip
def test_numbers_that_make_no_sense_are_wrong_usage(monkeypatch, option, value):
    monkeypatch.setattr(engine, "solve", None)
    result = offtake("solve", QUICKSTART, option, value)
    assert (result.exit_code, result.stdout) == (2, "")
    assert option in result.stderr and value in result.stderr


@pytest.mark.parametrize(("typed", "meant"), [("slove", "solve"), ("breakevn", "breakeven"), ("Audit", "audit")])
def test_an_unknown_command_is_answered_with_the_nearest(typed, meant):
    result = offtake(typed)
    assert result.exit_code == 2
    assert f"there is no command '{typed}'; did you mean `offtake {meant}`?" in result.stderr
    assert "there are: new, check, throughput, calibrate, solve" in offtake("zzz").stderr


def test_an_unknown_offer_is_wrong_usage():
    result = offtake("breakeven", QUICKSTART, "lease-never")
    assert result.exit_code == 2
    assert "'lease-never' is none of the offers: lease-now, lease-late, on-demand" in result.stderr


# --- writing


def test_where_nothing_can_be_written_nothing_is_solved(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "solve", None)
    for target in (tmp_path / "missing" / "p.json", tmp_path):
        result = offtake("solve", QUICKSTART, "-o", target)
        assert (result.exit_code, result.stdout) == (5, "")
        assert str(target) in result.stderr


def test_the_plan_never_overwrites_the_instance(tmp_path):
    instance = tmp_path / "mine.yaml"
    instance.write_text(QUICKSTART.read_text())
    result = offtake("solve", instance, "-o", instance)
    assert result.exit_code == 2
    assert "would overwrite the instance" in result.stderr
    assert instance.read_text() == QUICKSTART.read_text()


def full_disk(good_places: int):
    """`Plan.save` on a disk that is full: it works in that many places after the first."""
    calls = []
    save = Plan.save

    def fail(self: Plan, path: Path) -> None:
        calls.append(path)
        if 1 < len(calls) <= 1 + good_places:
            return save(self, path)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return fail


def test_a_plan_that_cannot_be_saved_is_kept_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(Plan, "save", full_disk(good_places=1))
    result = offtake("solve", QUICKSTART, "-o", tmp_path / "p.json")
    assert result.exit_code == 5
    assert "p.json cannot be written: No space left on device" in result.stderr
    refuge = Path(re.search(r"the plan is safe in (.*)", result.stderr)[1])
    assert plan.load(refuge).objective_usd == pytest.approx(COST_USD)
    refuge.unlink()
    refuge.parent.rmdir()


def test_a_plan_that_cannot_be_saved_anywhere_is_printed(tmp_path, monkeypatch):
    monkeypatch.setattr(Plan, "save", full_disk(good_places=0))
    monkeypatch.setattr(files.tempfile, "mkdtemp", lambda prefix: str(tmp_path))
    result = offtake("solve", QUICKSTART, "-o", tmp_path / "p.json")
    assert result.exit_code == 5
    assert json.loads(result.stdout)["objective_usd"] == pytest.approx(COST_USD)


def test_a_reader_that_stops_reading_is_no_failure(solved):
    with subprocess.Popen([*PROGRAM, "show", solved[1]], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        run.stdout.close()
        said = run.stderr.read().decode()
    assert (run.returncode, said.splitlines()) == (0, [f"next: offtake audit {solved[1]}"])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("asked", [["show", None], ["--help"], ["solve", "--help"]])
def test_standard_output_on_a_full_disk_exits_with_5(solved, asked):
    words = [solved[1] if word is None else word for word in asked]
    with Path("/dev/full").open("w") as full:
        run = subprocess.run([*PROGRAM, *words], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (run.returncode, run.stderr) == (5, "error: standard output cannot be written: No space left on device\n")


# --- what it looks like


@pytest.mark.parametrize("width", [72, 80, 100, 120])
def test_no_line_is_wider_than_the_terminal_and_no_number_is_cut(solved, width):
    shown = offtake("show", solved[1], COLUMNS=str(width)).stdout
    assert max(map(len, shown.splitlines())) <= width
    assert "…" not in shown
    assert "1,368,000" in shown


def test_text_gives_way_to_numbers(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    terminal.show(tables.table(["said", ">usd"], [("a long sentence " * 5, "1,234,567,890")]))
    assert "1,234,567,890" in capsys.readouterr().out


def test_a_plan_file_cannot_drive_the_terminal(document, tmp_path):
    instance = {**document["instance"], "name": "evil \x1b[31m\x07 [bold]name[/bold] :smile:"}
    shown = offtake("show", altered(document, tmp_path, instance=instance)).stdout
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", shown)
    assert "[bold]name[/bold] :smile:" in shown


def test_a_plan_is_called_optimal_only_if_that_is_proven():
    solver = {"gap_asked": 0.01}
    base = {"objective_usd": 100.0, "bound_usd": 99.0, "solver": solver}
    assert render.verdict({**base, "status": "optimal", "gap": 0.0}) == "Proven optimal: no plan costs less."
    within = render.verdict({**base, "status": "optimal", "gap": 0.01})
    assert within == "Proven within 1.0% of the cheapest plan (asked for 1%): at most $1 could still be saved."
    assert "optimal" not in render.verdict({**base, "status": "time_limit", "gap": 1e-4})
    earning = {**base, "objective_usd": -99.0, "bound_usd": -100.0, "kpis": {"value_usd": 150.0}, "status": "optimal"}
    assert render.verdict({**earning, "gap": 0.0}) == "Proven optimal: no plan brings more."
    gained = render.verdict({**earning, "gap": 0.01})
    assert gained == "Proven within 1.0% of the best plan (asked for 1%): at most $1 could still be gained."
    unproven = render.verdict({**base, "status": "time_limit", "gap": 1.0, "bound_usd": 0.0})
    assert unproven == "Stopped at a limit. Nothing is proven yet about how much less a plan could cost."


def test_a_gap_is_rounded_up():
    shown = [words.gap(value) for value in (0.0, 0.0101, 0.05001, 0.5, 1.2e-5, 0.00813)]
    assert shown == ["0%", "1.1%", "5.1%", "50%", "0.0012%", "0.82%"]


def test_almost_all_is_never_all():
    shown = [words.share(value) for value in (1.0, 0.99999, 0.9994, 0.5, 0.0)]
    assert shown == ["100%", "99.9+%", "99.9%", "50%", "0%"]


def test_dollars_have_four_digits_from_a_million_on():
    small = [words.usd(value) for value in (0, 2.35, 0.3, 0.285, -0.0153, 605.9999, 1234.5, 999_999.4)]
    assert small == ["$0", "$2.35", "$0.30", "$0.285", "-$0.0153", "$606", "$1,234", "$999,999"]
    large = [words.usd(value) for value in (999_999.6, 1_368_000, 270e6, 999.96e6, 31.4159e9, -4.2e9, 123456e9)]
    assert large == ["$1 m", "$1.368 m", "$270 m", "$1 bn", "$31.42 bn", "-$4.2 bn", "$123,456 bn"]


@pytest.mark.parametrize(
    ("months", "most", "expected"),
    [(6, 8, "2026-06 2026-07 2026-08 2026-09 2026-10 2026-11"),
     (12, 8, "2026 Q2 2026 Q3 2026 Q4 2027 Q1 2027 Q2"),
     (36, 8, "2026 H1 2026 H2 2027 H1 2027 H2 2028 H1 2028 H2 2029 H1"),
     (60, 8, "2026 2027 2028 2029 2030 2031"),
     (60, 4, "2026 2027 2028 later")],
)  # fmt: skip
def test_time_is_told_as_finely_as_the_columns_allow(months, most, expected):
    listed = [f"{2026 + (5 + m) // 12}-{(5 + m) % 12 + 1:02d}" for m in range(months)]
    name = by_time.buckets(listed, most)
    assert " ".join(dict.fromkeys(map(name, listed))) == expected


def test_progress_says_a_line_now_and_then(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with progress.watch() as listener:
        for now[0] in range(25):
            found = {"incumbent": 5e9, "gap": 0.2} if now[0] >= 15 else {"incumbent": None, "gap": None}
            listener(Progress(phase="proving", seconds=now[0], bound=4e9, nodes=7, **found))
    assert capsys.readouterr().err.splitlines() == [
        "10 s: proving, best plan -, bound $4 bn, gap -, 7 nodes",
        "20 s: proving, best plan $5 bn, bound $4 bn, gap 20%, 7 nodes",
    ]


def test_the_process_does_not_wait_for_a_solver_that_was_left_behind():
    """A thread of that name would go on for two minutes; what was to be said is said."""
    begin = "import threading, time; threading.Thread(target=time.sleep, args=(120,), name='HiGHS').start()"
    code = f"{begin}; import sys; sys.argv = ['offtake', '--version']; from offtake.cli import run; run()"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0 and ended.stdout.startswith("offtake ")
