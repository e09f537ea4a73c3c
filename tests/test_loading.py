"""What a valid file becomes: scalars, catalogue, tables, settings, stored documents, and the JSON Schema."""

from __future__ import annotations

import copy
import json
import math
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from offtake.instance import InstanceError, catalogue, from_document, inspect, json_schema, load, sha256, to_document
from offtake.instance.diagnostics import Source
from offtake.instance.files import read
from offtake.instance.months import Month
from offtake.instance.scenarios import futures
from offtake.instance.schema import MeasuredRow
from offtake.instance.yaml12 import Row, Table, parse

INSTANCES = sorted(Path(__file__).parents[1].joinpath("instances").glob("*.yaml"))

TEXT = """\
format: offtake/1
name: loading
horizon: {start: 2026-06, months: 3}
workloads:
  chat:
    kind: interactive
    model: llama-3.1-70b
    region: us-east
    request: {input_tokens: 1000, output_tokens: 250}
    slo: {ttft_ms: 1500, tpot_ms: 50}
    demand: {requests_per_s: 48}
providers:
  acme: {kind: neocloud}
offers:
  lease:
    provider: acme
    region: us-east
    accelerators: {h100: 64}
    terms:
      - {months: 6, usd_per_month: 1.0e5}
    source: a quote
"""


SCENARIOS = (
    TEXT
    + """\
uncertainty:
  scenarios:
    base: {probability: 0.6}
    boom: {probability: 0.4, demand: {chat: 2}, lose: {acme: 2026-08}}
"""
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def loaded(text=TEXT, settings=()):
    Path("loading.yaml").write_text(text)
    return load("loading.yaml", settings)


def value(text):
    """What one YAML value becomes."""
    root, problems = parse(Source("text", text.split("\n")))
    assert problems == []
    return root[0]


# --- YAML 1.2 scalars


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e9", 1_000_000_000),
        ("18.0e9", 18_000_000_000),
        (".5", 0.5),
        ("-1.25", -1.25),
        ("+7", 7),
        ("0", 0),
        ("0x10", 16),
        ("0o17", 15),
        ("true", True),
        ("False", False),
        ("2026-06", "2026-06"),
        ("2026-06-01", "2026-06-01"),
        ("1.2.3", "1.2.3"),
        ("y", "y"),
        ("nothing", "nothing"),
        ("'no'", "no"),
        ('"010"', "010"),
        ("'1:30'", "1:30"),
        ("h100", "h100"),
        ("1e", "1e"),
        ("-", None),
        ("--", "--"),
        ("=", "="),
        ("[1, [2, 3]]", [1, [2, 3]]),
        ("{a: 1, 2026: 2, 2026-06: 3}", {"a": 1, 2026: 2, "2026-06": 3}),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text, expected):
    if text == "-":
        root, problems = parse(Source("text", ["-"]))
        assert (root, [p.code for p in problems]) == ([[None]], ["E009"])
        return
    found = value(text)
    assert found == expected
    assert type(found) is type(expected) or isinstance(found, Table | Row)


def test_positions_of_keys_and_values():
    """Lines and columns count from 0; the end is exclusive."""
    table = value("a: 1\nlist:\n  - {b: 'x y'}\n")
    assert table.keys_at["list"][1:] == (1, 0, 1, 4)
    assert table.values_at["a"][1:] == (0, 3, 0, 4)
    assert table["list"].values_at[0][1:] == (2, 4, 2, 14)
    assert table["list"][0].values_at["b"][1:] == (2, 8, 2, 13)


# --- the catalogue


def test_what_is_named_is_spelled_out_and_nothing_else():
    instance = loaded()
    assert list(instance.accelerators) == ["h100"]
    assert list(instance.models) == ["llama-3.1-70b"]
    assert list(instance.regions) == ["us-east"]
    assert instance.accelerators["h100"].memory_gb == catalogue.accelerators()["h100"]["memory_gb"]


def test_an_entry_with_the_id_of_a_catalogue_entry_overrides_the_keys_it_gives():
    instance = loaded(TEXT + "accelerators: {h100: {all_in_kw: 1.5}}\n")
    fact = catalogue.accelerators()["h100"]
    assert instance.accelerators["h100"].all_in_kw == 1.5 != fact["all_in_kw"]
    assert instance.accelerators["h100"].bf16_tflops == fact["bf16_tflops"]


def test_new_entries_and_what_networks_name():
    text = TEXT.replace("region: us-east\n    accelerators", "region: memphis\n    accelerators")
    text += "regions: {memphis: {latitude: 35.06, longitude: -90.16}}\n"
    text += "network: {round_trip_ms: {memphis: {us-east: 24, eu-west: 95}}}\n"
    assert list(loaded(text).regions) == ["memphis", "us-east", "eu-west"]


def test_every_entry_of_the_catalogue_is_valid_and_assumes_keys_that_it_has():
    """A document spells entries out as if a user had written them, so they have to pass the same checks."""
    document = to_document(loaded())
    for section in ("accelerators", "models", "regions"):
        document[section] = copy.deepcopy(getattr(catalogue, section)())
    from_document(document)


# --- tables


def test_demand_of_a_table_equals_demand_in_the_file():
    Path("d.csv").write_text("note,month,requests_per_s\nx,2026-06,10\n\ny,2026-07, 2.5e1 \n,2026-08,0\n")
    table = loaded(TEXT.replace("requests_per_s: 48", "file: d.csv"))
    demand = table.workloads["chat"].demand
    assert demand.requests_per_s == {Month.parse("2026-06"): 10, Month.parse("2026-07"): 25, Month.parse("2026-08"): 0}
    assert demand.file is None
    inline = loaded(TEXT.replace("48", "{2026-06: 10, 2026-07: 25, 2026-08: 0}"))
    assert inline == table
    assert sha256(inline) == sha256(table)


def test_measured_rows_are_read():
    columns = "accelerator,model,input_tokens,output_tokens,ttft_ms,tpot_ms,tokens_per_s_per_accelerator"
    Path("sub").mkdir()
    Path("sub/m.csv").write_text(f'{columns},engine\nh100,llama-3.1-70b,1000,250,300,20,512.5,"vllm, 0.10"\n')
    instance = loaded(TEXT + "throughput: {measured: sub/m.csv}\n")
    assert instance.throughput.measured == [
        MeasuredRow(
            accelerator="h100",
            model="llama-3.1-70b",
            input_tokens=1000,
            output_tokens=250,
            ttft_ms=300,
            tpot_ms=20,
            tokens_per_s_per_accelerator=512.5,
            engine="vllm, 0.10",
        )
    ]


def test_a_table_with_a_byte_order_mark_and_windows_line_ends():
    rows = "".join(f"2026-0{month},{month}\r\n" for month in (6, 7, 8))
    Path("d.csv").write_bytes(b"\xef\xbb\xbf" + f"month,requests_per_s\r\n{rows}".encode())
    instance = loaded(TEXT.replace("requests_per_s: 48", "file: d.csv"))
    assert list(instance.workloads["chat"].demand.requests_per_s.values()) == [6, 7, 8]


# --- settings


@pytest.mark.parametrize(
    ("setting", "find", "expected"),
    [
        ("name=A new name", lambda i: i.name, "A new name"),
        ("horizon.months=2", lambda i: i.horizon.months, 2),
        ("finance.terminal=none", lambda i: i.finance.terminal, "none"),
        ("finance.discounting.rate=0.1", lambda i: i.finance.discounting.rate, 0.1),
        ("finance.budget_usd.2026=1e9", lambda i: dict(i.finance.budget_usd), {2026: 1e9}),
        ("offers.lease.terms.0.months=24", lambda i: i.offers["lease"].terms[0].months, 24),
        ("offers.lease.accelerators.h200=8", lambda i: i.offers["lease"].accelerators, {"h100": 64, "h200": 8}),
        ("offers.lease.ramp=[0.5, 1]", lambda i: i.offers["lease"].ramp, [0.5, 1]),
        ("offers.lease.start={latest: 2026-07}", lambda i: str(i.offers["lease"].start.latest), "2026-07"),
        ("accelerators.h100.all_in_kw=1.5", lambda i: i.accelerators["h100"].all_in_kw, 1.5),
        ("models.llama-3.1-70b.layers=81", lambda i: i.models["llama-3.1-70b"].layers, 81),
        (
            "uncertainty={scenarios: {base: {probability: 1}}}",
            lambda i: i.uncertainty.scenarios["base"].probability,
            1,
        ),
        ("forward.h100=[{month: 2026-06, usd_per_accelerator_hour: 2}]", lambda i: list(i.forward), ["h100"]),
        ("network.round_trip_ms.us-east.us-east=3", lambda i: i.network.round_trip_ms, {"us-east": {"us-east": 3}}),
    ],
)
def test_settings(setting, find, expected):
    """Written into the document before the checks; tables that the file leaves out are made; ids may hold dots."""
    assert find(loaded(settings=[setting])) == expected


@pytest.mark.parametrize(
    ("settings", "find", "expected"),
    [
        (
            ["uncertainty.scenarios.base.probability=0.5", "uncertainty.scenarios.boom.probability=0.5"],
            lambda u: [scenario.probability for scenario in u.scenarios.values()],
            [0.5, 0.5],
        ),
        (["uncertainty.scenarios.base.demand.chat=2"], lambda u: u.scenarios["base"].demand, {"chat": 2}),
        (
            ["uncertainty.scenarios.base.price.lease.2026-08=1.5"],
            lambda u: u.scenarios["base"].price,
            {"lease": {Month.parse("2026-08"): 1.5}},
        ),
        (
            ["uncertainty.reveal.2026-08=[[base], [boom]]"],
            lambda u: u.reveal,
            {Month.parse("2026-08"): [["base"], ["boom"]]},
        ),
    ],
)
def test_settings_of_scenarios(settings, find, expected):
    """A value by month is set month by month; an id that holds dots is still an id."""
    assert find(loaded(SCENARIOS, settings).uncertainty) == expected


def test_settings_apply_in_order_and_are_checked_with_the_file():
    assert loaded(settings=["name=first", "name=second"]).name == "second"
    Path("loading.yaml").write_text(TEXT)
    (error,) = inspect("loading.yaml", ["horizon.months=2", "offers.lease.terms.0.prepay=7"]).errors
    assert (error.code, error.path, error.line, error.column) == ("E012", "--set", 1, 29)


# --- stored documents

RICH = (
    TEXT
    + """\
finance:
  discounting: {rate: 0.1, basis: nominal}
  budget_usd: {2026: 18.0e9, 2026-07: 1}
  funding_usd: {2026-06: 30.0e9}
  other_cash_usd: {2026-06: -0.4e9}
models: {deepseek-r1: {experts_per_token: 4}}
groups:
  - {at_most: 1, offers: [lease, more]}
  - {requires: more, offer: lease}
signed:
  old:
    provider: acme
    region: us-east
    mw: 1.5
    accelerator: h100
    start: 2026-01
    term: {months: 12, usd_per_mw_month: 1.0e6, take_or_pay: 0.8, prepay: 0.25}
throughput:
  software_gain_per_year: {cuda: 1.5}
  rates: [{accelerator: h100, workload: chat, requests_per_s_per_accelerator: 0.5}]
"""
)


API = "{models: [deepseek-r1], usd_per_million_input_tokens: 0.6, usd_per_million_output_tokens: 2.4, {limits}}"
SPOT = "{usd_per_accelerator_hour: {2026-06: 3, 2026-08: 4}, max_accelerators: 20, market: spot}"


def rich():
    """Every kind of supply, and most sections."""
    head = "    provider: acme\n    region: us-east\n"
    limits = "max_requests_per_s: 9, ttft_ms: 4, tpot_ms: 1"
    more = TEXT[TEXT.index("  lease:") :].replace("lease:", "more:").replace("h100: 64", "h100: 8, h200: 4.5")
    tokens = f"  tokens:\n{head}    api: {API.replace('{limits}', limits)}\n"
    rent = f"  rent:\n{head}    accelerator: h100\n    elastic: {SPOT}\n"
    shape = ", ".join(str(hour + 0.5) for hour in range(24))
    return loaded(RICH.replace("finance:", f"{more}{tokens}{rent}finance:").replace("48", f"48, shape: [{shape}]"))


@pytest.mark.parametrize("instance", [loaded, rich], ids=["small", "rich"])
def test_a_document_loads_to_an_equal_instance(instance):
    original = instance()
    document = json.loads(json.dumps(to_document(original), allow_nan=False))
    assert document == to_document(original)
    again = from_document(document)
    assert again == original
    assert to_document(again) == document
    assert sha256(again) == sha256(original)


@pytest.mark.parametrize("path", INSTANCES, ids=lambda path: path.stem)
def test_shipped_instances_survive_storing(path):
    original = load(path)
    again = from_document(json.loads(json.dumps(to_document(original))))
    assert again == original
    assert sha256(again) == sha256(original)


def test_a_document_is_itself_an_instance_file():
    original = rich()
    Path("again.yaml").write_text(json.dumps(to_document(original), indent=1))
    assert load("again.yaml") == original


def test_what_a_document_leaves_out_and_what_it_spells_out():
    """Defaults are left out, but not where leaving a key out means that of the catalogue."""
    document = to_document(loaded(TEXT + "models: {deepseek-r1: {experts: 0, experts_per_token: 0}}\n"))
    assert "day" not in document and "blocks" not in document["offers"]["lease"]
    assert document["models"]["deepseek-r1"]["experts"] == 0
    assert from_document(document).models["deepseek-r1"].experts == 0


def test_the_fingerprint_changes_with_any_value():
    first, second = loaded(), loaded(settings=["offers.lease.terms.0.usd_per_month=100001"])
    assert sha256(first) != sha256(second)
    assert len(sha256(first)) == 64


# --- rules that are easy to get wrong


def test_a_price_of_zero_that_is_meant():
    assert loaded(TEXT.replace("1.0e5", "0").replace("source: a quote", "source: a gift\n    free: true"))


def test_no_blocks_at_least_means_one_at_least():
    """Signing none is always allowed, so a least number of 0 says nothing; it is legal and not warned about."""
    Path("loading.yaml").write_text(TEXT.replace("source: a", "blocks: {min: 0, max: 3}\n    source: a"))
    assert inspect("loading.yaml").diagnostics == []


def test_a_workload_without_requests_is_allowed_beside_another():
    idle = TEXT[TEXT.index("  chat:") : TEXT.index("providers:")].replace("chat", "idle")
    idle = idle.replace("48", "{2026-06: 0, 2026-07: 0, 2026-08: 0}")
    assert loaded(TEXT.replace("providers:", f"{idle}providers:"))


def test_scenarios_that_need_no_reveal_are_not_warned_about():
    """Equal ones need not part, and one has nothing to part from. A key may name a provider and an offer at once."""
    effects = "demand: {chat: 2}, lose: {acme: 2026-08}, price: {acme: 2}"
    for names in (["only"], ["one", "other"]):
        scenarios = ", ".join(f"{name}: {{probability: {1 / len(names)}, {effects}}}" for name in names)
        text = TEXT.replace("lease:", "acme:") + f"uncertainty: {{scenarios: {{{scenarios}}}}}\n"
        Path("loading.yaml").write_text(text)
        assert inspect("loading.yaml").diagnostics == []


def test_every_future_is_an_instance_that_passes_the_checks():
    parted = futures(loaded(SCENARIOS))
    assert [(future.name, future.probability) for future in parted] == [("base", 0.6), ("boom", 0.4)]
    for future in parted:
        assert from_document(to_document(future.instance)) == future.instance


def test_points_of_a_curve_in_any_order_and_curves_where_they_are_needed():
    """A term of 6 months outlives the horizon of 3; one of 3 that can only begin with it does not."""
    point = "{{month: {}, usd_per_accelerator_hour: {}}}"
    curve = f"forward: {{h100: [{point.format('2027-06', 1)}, {point.format('2026-06', 2)}]}}"
    market = "finance: {terminal: market, salvage_fraction: 0.7}\n"
    assert loaded(TEXT + market + curve)
    inside = TEXT.replace("months: 6", "months: 3").replace("source: a", "start: {latest: 2026-06}\n    source: a")
    assert loaded(inside + market)
    delayed = "uncertainty: {scenarios: {late: {probability: 1, delay_months: {acme: 1}}}}\n"
    with pytest.raises(InstanceError, match="terminal: market needs the forward curve of h100"):
        loaded(inside + market + delayed)


def test_warnings_do_not_stop_a_load():
    Path("loading.yaml").write_text(TEXT.replace("    source: a quote\n", "    sign_by: 2026-05\n"))
    found = inspect("loading.yaml")
    assert found.instance is not None
    assert [d.code for d in found.warnings] == ["W001", "W004"]
    assert found.errors == []
    assert load("loading.yaml") == found.instance


def test_errors_come_before_warnings_and_both_by_position():
    text = TEXT.replace("    source: a quote\n", "").replace("kind: neocloud", "kind: x").replace("48", "-48")
    Path("loading.yaml").write_text(text)
    found = inspect("loading.yaml")
    assert found.instance is None
    assert [(d.severity, d.code, d.line) for d in found.diagnostics] == [
        ("error", "E012", 11),
        ("error", "E014", 13),
        ("warning", "W001", 15),
    ]


# --- the JSON Schema

DRAFT_7 = jsonschema.Draft7Validator(json_schema.document())


def test_the_shipped_schema_is_that_of_the_classes():
    assert json_schema.SHIPPED.read_text() == json_schema.text()
    jsonschema.Draft7Validator.check_schema(json_schema.document())


def as_json(text):
    """The document of a file as an editor sees it: keys are text."""
    return json.loads(json.dumps(value(text)))


@pytest.mark.parametrize("path", INSTANCES, ids=lambda path: path.stem)
def test_the_schema_accepts_the_shipped_instances_and_their_documents(path):
    DRAFT_7.validate(as_json("\n".join(read(path, str(path)).lines)))
    DRAFT_7.validate(to_document(load(path)))


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("name: loading", "nam: loading", []),
        ("h100: 64", "h100: -64", ["offers", "lease", "accelerators", "h100"]),
        ("2026-06", "2026-6", ["horizon", "start"]),
        ("kind: neocloud", "kind: cloud", ["providers", "acme", "kind"]),
        ("kind: interactive", "kind: batch", ["workloads", "chat"]),
        ("lease:", "a lease:", ["offers"]),
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(old, new, path):
    DRAFT_7.validate(as_json(TEXT))
    text = TEXT.replace(old, new)
    assert list(next(DRAFT_7.iter_errors(as_json(text))).absolute_path) == path
    with pytest.raises(InstanceError):
        loaded(text)


def test_the_schema_accepts_partial_entries_and_years():
    text = TEXT + "accelerators: {h100: {all_in_kw: 1.5}}\nfinance: {budget_usd: {2026: 1, 2027-01: 1}}\n"
    DRAFT_7.validate(as_json(text))
    assert loaded(text)


def test_every_key_is_described():
    definitions = [json_schema.document(), *json_schema.document()["definitions"].values()]
    keys = [(key, node) for definition in definitions for key, node in definition["properties"].items()]
    assert [key for key, node in keys if not node.get("description")] == []


# --- size


def test_the_package_loads_without_what_it_does_not_need():
    program = (
        "import sys, offtake.instance; print([m for m in ('pyomo', 'pandas', 'highspy', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_numbers_keep_their_value():
    instance = loaded(TEXT.replace("1.0e5", "123456.789"))
    price = instance.offers["lease"].terms[0].usd_per_month
    assert math.isclose(price, 123456.789, rel_tol=0)
