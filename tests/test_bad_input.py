"""Wrong files of every kind: each ends in a sentence that says what, where, and how to mend it; none in a crash."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from offtake.instance import CODES, InstanceError, from_document, inspect, load, render
from offtake.instance.files import MAX_BYTES, Unreadable, text_source
from offtake.instance.yaml12 import parse

GALLERY = yaml.safe_load(Path(__file__).with_name("data").joinpath("bad_input.yaml").read_text(encoding="utf-8"))
BASE = GALLERY["base"]
CASES = GALLERY["cases"]
DOCUMENT = json.dumps(parse(text_source(BASE, "base"))[0][0])
"""the base as JSON, as a plan would store it"""


EMPTY = "error[E003]: the file is empty\n  --> bad.yaml\n   = help: `offtake new DIR` writes an instance to begin with"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Files are named without their folder, as a user in that folder would."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def boxes(path="bad.yaml", settings=()):
    return "\n\n".join(render(d) for d in inspect(path, settings).diagnostics)


def said(content, settings=()):
    """The boxes for a file with this content."""
    data = content if isinstance(content, bytes) else content.encode()
    Path("bad.yaml").write_bytes(data)
    return boxes(settings=settings)


def changed(old, new):
    assert BASE.count(old) == 1, old
    return BASE.replace(old, new)


def test_the_base_of_the_gallery_is_valid():
    assert said(BASE) == ""


@pytest.mark.parametrize("case", CASES, ids=[f"{case['says'][:11]} {case['by'][:40]!r}" for case in CASES])
def test_the_gallery(case):
    assert said(changed(case["replace"], case["by"])) == case["says"].rstrip("\n")


def test_the_box_of_the_format_description():
    """Word for word as the format's description prints it: indentation beyond four columns is cut from the excerpt."""
    Path("instances").mkdir()
    text = "format: offtake/1\n# \n# \n# \noffers:\n  demo:\n    terms:\n      - months: 12\n        prepay: 120\n"
    Path("instances/demo.yaml").write_text(text)
    first = next(d for d in inspect("instances/demo.yaml").errors if d.code == "E012")
    assert render(first) == (
        "error[E012]: prepay must lie between 0 and 1\n"
        "  --> instances/demo.yaml:9:17\n"
        "   |\n"
        " 9 |     prepay: 120\n"
        "   |             ^^^ got 120\n"
        "   = help: write 0.12 for twelve percent"
    )


# --- the file itself


def test_a_file_that_is_not_there():
    Path("plan.yaml").write_text(BASE)
    assert boxes("plann.yaml") == (
        "error[E001]: there is no such file\n  --> plann.yaml\n   = help: did you mean plan.yaml?"
    )
    assert boxes("x/y.yaml") == (
        "error[E001]: there is no such file\n  --> x/y.yaml\n   = help: check the name and the folder"
    )


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (".", "this is a folder, not a file"),
        ("/dev/zero", "this is not a regular file"),
        ("x" * 300, "the file cannot be read: File name too long"),
        ("a\0b", "there is no such file"),
    ],
)
def test_paths_that_are_no_files(path, message):
    assert boxes(path).startswith(f"error[E001]: {message}\n")


def test_a_pipe_does_not_hang():
    os.mkfifo("pipe")
    assert boxes("pipe").startswith("error[E001]: this is not a regular file\n")


def test_a_file_without_permission(monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    Path("bad.yaml").write_text(BASE)
    monkeypatch.setattr(Path, "open", refuse)
    assert boxes() == (
        "error[E001]: the file cannot be read: permission denied\n  --> bad.yaml\n   = help: change its permissions"
    )


def test_a_file_that_is_too_large():
    assert said(b"a: b\n" * (MAX_BYTES // 5 + 1)) == (
        "error[E017]: the file is larger than 8 MB\n"
        "  --> bad.yaml\n"
        "   = help: long tables belong in CSV files beside the instance"
    )


@pytest.mark.parametrize(
    ("content", "box"),
    [
        (
            b"",
            EMPTY,
        ),
        (
            b"# nothing\n",
            EMPTY,
        ),
        (
            b"~\n",
            EMPTY,
        ),
        (
            b"\x89PNG\0\0",
            "error[E002]: this is a binary file, not text\n  --> bad.yaml\n   = help: name a text file in UTF-8",
        ),
        (
            "name: x".encode("utf-16"),
            "error[E002]: the file is UTF-16, not UTF-8\n  --> bad.yaml\n   = help: save it as UTF-8",
        ),
        (
            b"format: offtake/1\nname: caf\xe9\n",
            "error[E002]: byte 0xe9 is not UTF-8\n  --> bad.yaml:2:10\n   |\n 2 | name: caf\ufffd\n"
            "   |          ^\n   = help: save the file as UTF-8",
        ),
        (
            b"name: \x1b[31m\n",
            "error[E002]: the character U+001B cannot be written in a text file\n  --> bad.yaml:1:7\n   |\n"
            " 1 | name: \ufffd[31m\n   |       ^\n   = help: delete it",
        ),
        (
            b"- a\n- b\n",
            "error[E013]: an instance is a mapping: lines of key: value\n  --> bad.yaml:1:1\n   |\n 1 | - a\n"
            "   | ^\n   = help: it begins with format: offtake/1",
        ),
    ],
)
def test_files_that_hold_no_instance(content, box):
    assert said(content) == box


@pytest.mark.parametrize("breaks", ["\r\n", "\r", "\x85", "\u2028"])
def test_lines_are_counted_as_yaml_counts_them(breaks):
    text = changed("kind: neocloud", "kind: neoclod")
    Path("bad.yaml").write_bytes(text.replace("\n", breaks, 9).encode())
    (error,) = inspect("bad.yaml").errors
    assert (error.line, error.column, error.text) == (13, 16, "  acme: {kind: neoclod}")


def test_a_byte_order_mark_is_no_character_of_the_text():
    assert said(b"\xef\xbb\xbf" + BASE.encode()) == ""


# --- input that is meant to hurt

DEEP = {
    "flow lists": "[" * 40_000,
    "flow mappings": "{a: " * 40_000,
    "block lists": "- " * 40_000,
    "keys": "? " * 40_000,
    "block mappings": "\n".join(" " * depth + "a:" for depth in range(2_000)),
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_deep_nesting_neither_crashes_nor_takes_long(text):
    """In a process of its own: libyaml's composer dies of a segmentation fault here."""
    Path("bad.yaml").write_text(text)
    program = "from offtake.instance import inspect; print(inspect('bad.yaml').errors[-1].message)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "nested more than 32 levels deep\n"


def test_an_alias_bomb_is_refused_without_expanding_it():
    lines = ["a0: &a0 [x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30)]
    shown = said("\n".join(lines))
    assert "error[E004]: aliases (*) are not part of the format\n" in shown
    assert len(shown) < 400_000


def test_a_number_with_many_digits():
    assert "error[E007]: the number is too large\n" in said(changed("h100: 64", "h100: " + "9" * 100_000))


def test_too_many_values(monkeypatch):
    monkeypatch.setattr("offtake.instance.yaml12.MAX_EVENTS", 50)
    assert said(BASE).startswith("error[E017]: the file holds more than 50 keys and values\n")


@hypothesis_settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("abno019:-{}[],\"'#&*!|>?%@`~<=. \t\n\\\x85")), max_size=60))
def test_no_text_crashes_the_reader(text):
    root, problems = parse(text_source(text, "text"))
    assert len(root) == 1 or problems
    for problem in problems:
        assert problem.help
        render(problem)


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.binary(max_size=40))
def test_no_bytes_crash_the_file_reader(data):
    Path("bad.yaml").write_bytes(data)
    assert inspect("bad.yaml").errors


VALUES = [
    None,
    [],
    {},
    "",
    "x",
    5,
    -1,
    1e300,
    float("nan"),
    True,
    [[]],
    {"a": {}},
    ["x"],
    10**40,
    {5: 5},
    {None: 1},
    "2026-06",
]


def paths(value, path=()):
    """Every path of nested dicts and lists."""
    yield path
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        yield from paths(entry, (*path, key))


AHEAD = {
    "finance": {"terminal": "market", "salvage_fraction": 0.5},
    "forward": {"h100": [{"month": "2026-06", "usd_per_accelerator_hour": 2}]},
    "offers": {
        "lease": {
            "provider": "acme",
            "region": "us-east",
            "accelerators": {"h100": 64},
            "terms": [{"months": 4, "forward_factor": 1.1, "cancel": {"by": "either", "notice_months": 1}}],
            "renewal": {"months": 3, "factor": 0.9, "notice_months": 1},
            "expansion": {"factor": 1, "exercise": {"until_months": 3}, "months": 6},
            "sublease": {"fraction": 0.5, "max_accelerators": 32},
            "source": "a quote",
        }
    },
    "uncertainty": {
        "reveal": {"2026-07": [["base"], ["boom"]]},
        "scenarios": {
            "base": {"probability": 0.5, "forward": {"h100": {"2026-08": 1.1}}},
            "boom": {
                "probability": 0.5,
                "demand": {"chat": 2},
                "price": {"acme": {"2026-08": 1.5}},
                "delay_months": {"lease": 2},
                "lose": {"acme": "2026-11"},
                "recall": {"lease": "2026-10"},
            },
        },
    },
}
"""rights, curves and scenarios, instead of what the base offers"""
DOCUMENTS = [json.loads(DOCUMENT), {**json.loads(DOCUMENT), **AHEAD}]


@pytest.mark.parametrize("document", DOCUMENTS, ids=["base", "ahead"])
def test_the_documents_are_valid(document):
    assert from_document(document)


@pytest.mark.parametrize(
    ("valid", "path"),
    [(DOCUMENTS[0], path) for path in paths(DOCUMENTS[0]) if path]
    + [(DOCUMENTS[1], path) for path in paths(DOCUMENTS[1]) if path and path[0] in AHEAD],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_no_value_at_any_place_crashes(valid, path):
    """Every value of a valid instance replaced by every kind of value, and left out."""
    for value in [*VALUES, "leave out"]:
        document = copy.deepcopy(valid)
        holder = document
        for key in path[:-1]:
            holder = holder[key]
        if value == "leave out":
            del holder[path[-1]]
        else:
            holder[path[-1]] = value
        try:
            from_document(document)
        except InstanceError as error:
            assert all(diagnostic.help for diagnostic in error.diagnostics), str(error)
            assert re.match(r"error\[E\d{3}\]: ", str(error))


# --- all at once


def test_every_error_of_the_file_in_one_pass():
    """A broken offer hides neither the errors of another, nor its own other errors, nor the ids that exist."""
    text = BASE.replace("h100: 64", "h100: -64").replace(
        "provider: acme\n    region: us-east\n    accel", "provider: acne\n    region: us-eats\n    accel"
    )
    text = text.replace("max_accelerators: 200", "max_accelerator: 200").replace(
        "months: 6}\nw", "months: 6, steps: [{count: 1, months: 5}]}\nw"
    )
    text += "groups: [{requires: lease, offer: rent2}]\n"
    Path("bad.yaml").write_text(text)
    assert [(d.code, d.line) for d in inspect("bad.yaml").diagnostics] == [
        ("E024", 3),  # steps
        ("E020", 16),  # provider of the first offer ...
        ("E020", 17),  # ... its region
        ("E012", 18),  # ... and its accelerators
        ("E011", 26),  # of the second offer: a missing key
        ("E010", 26),  # ... and an unknown one
        ("E020", 28),  # rent2 is unknown; lease is known although it is broken
    ]


def test_one_box_for_an_id_that_is_named_often():
    keys = ("region: us-east", "accelerators: {h100: 1}", "terms: [{months: 1, usd_per_month: 1}]", "source: x")
    offers = "".join(f"  o{i}:\n    provider: nobody\n" + "".join(f"    {key}\n" for key in keys) for i in range(9))
    assert said(BASE + offers) == (
        "error[E020]: there is no provider nobody\n"
        "   --> bad.yaml:29:15\n"
        "    |\n"
        " 29 |     provider: nobody\n"
        "    |               ^^^^^^\n"
        " 35 |     provider: nobody\n"
        "    |               ^^^^^^ and here\n"
        " 41 |     provider: nobody\n"
        "    |               ^^^^^^ and here\n"
        " 47 |     provider: nobody\n"
        "    |               ^^^^^^ and here, and in 5 more places\n"
        "    = help: declare it: providers: {nobody: {kind: neocloud}}"
    )


def test_load_raises_all_boxes():
    Path("bad.yaml").write_text(changed("h100: 64", "h100: -64").replace("source: a quote", "free: 1"))
    with pytest.raises(InstanceError) as caught:
        load("bad.yaml")
    assert str(caught.value) == boxes()
    assert [d.code for d in caught.value.diagnostics] == ["E012", "E013"]


def test_every_code_is_explained_and_shown_by_some_test():
    here = Path(__file__).read_text() + "".join(case["says"] for case in CASES)
    assert [code for code in CODES if f"[{code}]" not in here and f'"{code}"' not in here] == []


# --- tables beside the instance

MONTHS = [f"2026-{month:02d}" for month in range(6, 12)]
TABLE = "month,requests_per_s\n" + "".join(f"{month},48\n" for month in MONTHS)


def said_of_table(table, name="d.csv"):
    Path("d.csv").write_bytes(table if isinstance(table, bytes) else table.encode())
    return said(changed("requests_per_s: 48", f"file: {name}"))


def box(code, message, place, line, under, help):
    """A box with one line of a file; `under` is what is underlined, with the label after it."""
    _, number, column = place.split(":")
    gutter = " " * (len(number) + 1)
    return (
        f"error[{code}]: {message}\n{gutter}--> {place}\n{gutter} |\n {number} | {line}\n"
        f"{gutter} | {' ' * (int(column) - 1)}{under}\n{gutter} = help: {help}"
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "2026-07,48",
            "2026-07,nan",
            box(
                "E013",
                "requests_per_s.2026-07 must be a number or a list",
                "d.csv:3:9",
                "2026-07,nan",
                "^^^ got nan",
                "write a finite number",
            ),
        ),
        (
            "2026-07,48",
            "2026-07,",
            box(
                "E013",
                "requests_per_s.2026-07 must be a number or a list",
                "d.csv:3:9",
                "2026-07,",
                "^ got nothing",
                "write a finite number",
            ),
        ),
        (
            "2026-07,48",
            '2026-07,"1,048"',
            box(
                "E013",
                "requests_per_s.2026-07 must be a number or a list",
                "d.csv:3:10",
                '2026-07,"1,048"',
                "^^^^^ got 1,048",
                "write 1048",
            ),
        ),
        (
            "2026-07,48",
            "2026-07,-48",
            box(
                "E012",
                "requests_per_s.2026-07 must not be negative",
                "d.csv:3:9",
                "2026-07,-48",
                "^^^ got -48",
                "requests_per_s: mean over the day: in the first month, or for every month",
            ),
        ),
        (
            "2026-07,48",
            "2026-07,1e999",
            box(
                "E007",
                "the number is too large",
                "d.csv:3:9",
                "2026-07,1e999",
                "^^^^^ got 1e999",
                "magnitudes lie between 1e-30 and 1e30",
            ),
        ),
        (
            "2026-07,48",
            "2026-7,48",
            box(
                "E013",
                "a key of requests_per_s must be a month written YYYY-MM",
                "d.csv:3:1",
                "2026-7,48",
                "^^^^^^",
                "write 2026-07",
            ),
        ),
        (
            "2026-07,48",
            "2026-07,48,49",
            box(
                "E027",
                "this line has 3 fields, the header 2",
                "d.csv:3:1",
                "2026-07,48,49",
                "^" * 13,
                "text that holds a comma stands in double quotes",
            ),
        ),
        (
            "2026-07,48",
            '"2026-07,48',
            box(
                "E027",
                "the quotes of this line do not match",
                "d.csv:3:1",
                '"2026-07,48',
                "^" * 11,
                "a field stands on one line",
            ),
        ),
        (
            "requests_per_s",
            "requests_per_sec",
            box(
                "E027",
                "the column requests_per_s is missing",
                "d.csv:1:1",
                "month,requests_per_sec",
                "^" * 22,
                "rename the column requests_per_sec",
            ),
        ),
        (
            "month,requests_per_s",
            "a,b",
            box(
                "E027",
                "the columns month and requests_per_s are missing",
                "d.csv:1:1",
                "a,b",
                "^^^",
                "columns needed: month and requests_per_s",
            ),
        ),
        (
            "month,requests_per_s",
            "month;requests_per_s",
            box(
                "E027",
                "the columns month and requests_per_s are missing",
                "d.csv:1:1",
                "month;requests_per_s",
                "^" * 20,
                "columns are separated by commas",
            ),
        ),
        (
            "month,requests_per_s",
            "month,month,requests_per_s",
            box(
                "E027",
                "the column month is named twice",
                "d.csv:1:1",
                "month,month,requests_per_s",
                "^" * 26,
                "columns needed: month and requests_per_s",
            ),
        ),
        (
            "2026-07,48\n",
            "",
            box(
                "E025",
                "the demand of chat lacks 2026-07",
                "bad.yaml:11:14",
                "    demand: {file: d.csv}",
                "^^^^",
                "list every month of the horizon; write 0 for a month without requests",
            ),
        ),
    ],
)
def test_tables_with_errors(old, new, expected):
    assert TABLE.count(old) == 1
    assert said_of_table(TABLE.replace(old, new)) == expected


def test_a_month_that_a_table_lists_twice():
    assert said_of_table(TABLE + "2026-06,1\n") == (
        "error[E005]: 2026-06 is written twice\n  --> d.csv:8:1\n   |\n 2 | 2026-06,48\n   | ^^^^^^^ first here\n"
        " 8 | 2026-06,1\n   | ^^^^^^^ again here\n   = help: keep one; "
        "rates by hour of the day need a column hour_utc"
    )


@pytest.mark.parametrize("table", ["", "\n", "month,requests_per_s\n"])
def test_tables_without_rows(table):
    assert said_of_table(table) == (
        "error[E027]: the table has no rows\n  --> d.csv\n   = help: it begins with the line month,requests_per_s"
    )


def test_a_table_that_is_not_utf8():
    assert said_of_table(TABLE.encode() + b"\xe9,1\n") == box(
        "E002", "byte 0xe9 is not UTF-8", "d.csv:8:1", "\ufffd,1", "^", "save the file as UTF-8"
    )


@pytest.mark.parametrize(
    ("name", "message", "help"),
    [
        ("e.csv", "e.csv: there is no such file", "did you mean d.csv?"),
        ("sub", "sub: this is a folder, not a file", "name the file in it"),
        (
            "../d.csv",
            "the file lies outside the folder of the instance",
            "copy the file beside the instance and name it there",
        ),
        (
            "sub/../../d.csv",
            "the file lies outside the folder of the instance",
            "copy the file beside the instance and name it there",
        ),
        (
            "/etc/hostname",
            "the file lies outside the folder of the instance",
            "copy the file beside the instance and name it there",
        ),
        (
            "link.csv",
            "the file lies outside the folder of the instance",
            "copy the file beside the instance and name it there",
        ),
        ("''", "this is not a file name", "name a CSV file beside the instance"),
    ],
)
def test_tables_that_cannot_be_read(name, message, help, folder):
    Path("sub").mkdir()
    Path("link.csv").symlink_to(folder.parent / "elsewhere.csv")
    line = f"    demand: {{file: {name}}}"
    assert said_of_table(TABLE, name) == box("E026", message, "bad.yaml:11:20", line, "^" * len(name), help)


def test_a_link_that_stays_in_the_folder_is_read():
    Path("link.csv").symlink_to("d.csv")
    assert said_of_table(TABLE, "link.csv") == ""


COLUMNS = "accelerator,model,input_tokens,output_tokens,ttft_ms,tpot_ms,tokens_per_s_per_accelerator,engine"
ROW = "h100,llama-3.1-70b,1000,250,300,20,500,vllm"


def said_of_measured(*lines):
    Path("m.csv").write_text("\n".join(lines) + "\n")
    return said(BASE + "throughput: {measured: m.csv}\n")


def test_measured_rows_with_errors():
    assert said_of_measured(COLUMNS, ROW, ROW.replace("300", "0").replace(",20,", ",fast,")) == "\n\n".join(
        [
            box(
                "E012",
                "ttft_ms must be above 0",
                "m.csv:3:29",
                "h100,llama-3.1-70b,1000,250,0,fast,500,vllm",
                "^ got 0",
                "ttft_ms: without the network",
            ),
            box(
                "E013",
                "tpot_ms must be a number",
                "m.csv:3:31",
                "h100,llama-3.1-70b,1000,250,0,fast,500,vllm",
                "^^^^ got fast",
                "tpot_ms: time per output token after the first",
            ),
        ]
    )
    assert said_of_measured(COLUMNS.replace("ttft_ms", "ttft"), ROW).startswith(
        "error[E027]: the column ttft_ms is missing\n"
    )


def test_a_measured_row_of_something_unknown_is_a_warning():
    assert said_of_measured(COLUMNS, ROW.replace("h100", "h1000"), ROW) == (
        "warning[W008]: there is no accelerator h1000: this row is not used\n"
        "  --> m.csv:2:1\n   |\n 2 | h1000,llama-3.1-70b,1000,250,300,20,500,vllm\n   | ^^^^^\n"
        "   = help: did you mean h100?"
    )


# --- settings of the command line


@pytest.mark.parametrize(
    ("setting", "code", "message", "column", "under", "help"),
    [
        ("finanze.terminal=none", "E030", "there is no key finanze", 1, "^^^^^^^", "did you mean finance?"),
        ("finance.terminl=none", "E030", "finance has no key terminl", 9, "^^^^^^^", "did you mean terminal?"),
        (
            "finance.terminal=nome",
            "E014",
            "terminal must be pro_rata, none or market",
            18,
            "^^^^ got nome",
            "did you mean none?",
        ),
        ("offers.leese.terms.0.months=2", "E030", "offers has no key leese", 8, "^^^^^", "did you mean lease?"),
        (
            "offers.lease.terms.1.months=2",
            "E030",
            "offers.lease.terms has no entry 1",
            20,
            "^",
            "entries are counted from 0; the last is 0",
        ),
        (
            "horizon.steps.0.count=3",
            "E030",
            "horizon.steps has no entries",
            15,
            "^^^^^^^",
            "set horizon.steps itself, as a list",
        ),
        ("finance..terminal=none", "E030", "a key is missing in the name", 9, "^", "keys are separated by single dots"),
        ("name.x=3", "E030", "name is base and has no keys", 6, "^", "set name itself"),
        ("accelerators.h1000.all_in_kw=1", "E030", "accelerators has no key h1000", 14, "^^^^^", "did you mean h100?"),
        ("horizon.months", "E030", "a setting is written key=value", 1, "^" * 14, "--set finance.terminal=none"),
        ("=3", "E030", "a setting is written key=value", 1, "^^", "--set finance.terminal=none"),
        ("name=", "E030", "name is given no value", 1, "^^^^^", "--set finance.terminal=none"),
        ("name=[", "E003", "a value is missing here", 7, "^", "write it, or close the bracket"),
        (
            "horizon.months=no",
            "E006",
            "no means different things in YAML 1.1 and YAML 1.2",
            16,
            "^^ false or text",
            'write false, or "no" in quotes for the text',
        ),
        (
            "throughput.measured=/etc/hostname",
            "E026",
            "the file lies outside the folder of the instance",
            21,
            "^" * 13,
            "copy the file beside the instance and name it there",
        ),
    ],
)
def test_settings_that_cannot_be_applied(setting, code, message, column, under, help):
    assert said(BASE, [setting]) == box(code, message, f"--set:1:{column}", setting, under, help)


# --- stored documents


def stored(**changes):
    return json.loads(DOCUMENT) | changes


@pytest.mark.parametrize(
    ("changes", "code", "message", "place", "help"),
    [
        ({"name": None}, "E009", "name has no value", "name", "write a value, or leave the key out"),
        (
            {"day": {"blocks": 5}},
            "E014",
            "blocks must be 1, 2, 3, 4, 6, 8, 12 or 24, got 5",
            "day.blocks",
            "blocks: blocks of the UTC day",
        ),
        (
            {"finance": {"cash_min_usd": float("inf")}},
            "E007",
            "a number must be finite",
            "finance.cash_min_usd",
            "magnitudes lie between 1e-30 and 1e30",
        ),
        (
            {"finance": {"cash_min_usd": 1e40}},
            "E007",
            "the number is too large",
            "finance.cash_min_usd",
            "magnitudes lie between 1e-30 and 1e30",
        ),
        (
            {"throughput": {"measured": "m.csv"}},
            "E026",
            'a stored instance cannot name a file, got "m.csv"',
            "throughput.measured",
            "write out what the file holds",
        ),
        ({"finance": {1.5: 3}}, "E008", "a key must be text", "finance", "one here is 1.5"),
    ],
)
def test_stored_documents_are_checked_alike(changes, code, message, place, help):
    with pytest.raises(InstanceError) as caught:
        from_document(stored(**changes))
    assert str(caught.value) == f"error[{code}]: {message}\n  --> plan: {place}\n   = help: {help}"


def test_a_stored_document_that_is_no_mapping():
    with pytest.raises(InstanceError) as caught:
        from_document([], name="the plan q3.json")
    assert str(caught.value) == (
        "error[E013]: an instance is a mapping\n  --> the plan q3.json\n   = help: it has the key format: offtake/1"
    )


def test_a_stored_document_nested_deeply():
    deep: list = []
    for _ in range(5_000):
        deep = [deep]
    with pytest.raises(InstanceError, match="nested more than 32 levels deep"):
        from_document(stored(name=deep))


# --- the boxes


def test_long_lines_are_cut_around_the_place():
    text = changed("source: a quote", f"source: {'a' * 200}, free: {'b' * 200}: c")
    (shown,) = [d for d in [said(text)] if "E003" in d]
    lines = shown.split("\n")
    assert all(len(line) < 120 for line in lines)
    assert lines[3][lines[4].index("^")] == ":"
    assert lines[3].startswith(" 21 | ...") and lines[3].endswith("...")


def test_no_escape_sequence_reaches_the_terminal():
    shown = said(BASE, ["name=\x1b[31mred"])
    assert "\x1b" not in shown
    assert "U+001B" in shown
    with pytest.raises(InstanceError) as caught:
        from_document(stored(kind="\x1b[31m", **{"\x1b]0;x\x07": 1}))
    assert "\x1b" not in str(caught.value)


def test_text_source_refuses_control_characters():
    with pytest.raises(Unreadable, match="U\\+0007"):
        text_source("a\x07b", "text")


HOURS = "month,hour_utc,requests_per_s\n" + "".join(f"{month},{hour},48\n" for month in MONTHS for hour in range(24))


@pytest.mark.parametrize(
    ("lines", "message", "help"),
    [
        ("", "2026-07 lacks hour_utc 5", "a line for each hour of the day; write 0 for one without requests"),
        ("2026-07,5,48\n2026-07,5,49\n", "5 is written twice", "keep one"),
        ("2026-07,24,48\n2026-07,5,48\n", "hour_utc must be a whole number from 0 to 23", "hours are UTC"),
        ("2026-07,5.5,48\n2026-07,5,48\n", "hour_utc must be a whole number from 0 to 23", "hours are UTC"),
        ("2026-07,,48\n2026-07,5,48\n", "hour_utc must be a whole number from 0 to 23", "hours are UTC"),
        ("2026-07,noon,48\n2026-07,5,48\n", "hour_utc must be a whole number from 0 to 23", "hours are UTC"),
    ],
)
def test_hours_that_are_missing_or_wrong(lines, message, help):
    assert HOURS.count("2026-07,5,48\n") == 1
    (found,) = said_of_table(HOURS.replace("2026-07,5,48\n", lines)).split("\n\n")
    assert f": {message}\n" in found
    assert f" = help: {help}" in found


def test_every_hour_of_every_month_is_a_demand():
    assert said_of_table(HOURS) == ""


def test_a_shape_beside_rates_by_hour():
    Path("d.csv").write_text(HOURS)
    content = changed("requests_per_s: 48", "file: d.csv, shape: flat")
    assert "shape has no meaning beside rates by hour" in said(content)


def test_a_part_that_is_a_workload_too():
    """The part of `chat` that a model serves has an id of its own."""
    part = BASE[BASE.index("  chat:") : BASE.index("providers:")].replace("  chat:", "  chat.llama-3.1-8b:")
    content = changed("model: llama-3.1-70b", "model: {llama-3.1-70b: 0.7, llama-3.1-8b: 0.3}")
    found = said(content.replace("providers:", part + "providers:", 1))
    assert found.startswith("error[E028]: chat.llama-3.1-8b is used twice\n")


def test_a_rate_of_a_workload_of_several_models():
    content = changed("model: llama-3.1-70b", "model: {llama-3.1-70b: 0.7, llama-3.1-8b: 0.3}")
    rate = "{accelerator: h100, workload: chat, requests_per_s_per_accelerator: 1}"
    found = said(content + f"throughput: {{rates: [{rate}]}}\n")
    assert found.startswith("error[E029]: chat is served by several models, a rate is that of one\n")
    assert "help: name the part: chat.llama-3.1-70b or chat.llama-3.1-8b" in found
    assert "E029" not in said(content + f"throughput: {{rates: [{rate.replace('chat', 'chat.llama-3.1-8b')}]}}\n")


def test_a_plan_is_no_instance(folder):
    """One sentence, not one for each of its keys."""
    (folder / "last.plan.json").write_text(
        '{"format": "offtake.plan/1", "objective_usd": 1.0, "gap": null}', encoding="utf-8"
    )
    with pytest.raises(InstanceError) as error:
        load("last.plan.json")
    assert [each.message for each in error.value.diagnostics] == ["this is a plan, and an instance is asked for"]
