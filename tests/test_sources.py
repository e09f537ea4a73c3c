"""Files of measurements in the layouts that tools publish -> measured rows, and what is said of wrong ones."""

import json
from pathlib import Path

import pytest

from offtake.instance import InstanceError, from_document, inspect, load, render, to_document
from offtake.instance.schema import MeasuredRow

BASE = """
format: offtake/1
name: measured
horizon: {start: 2026-06, months: 3}
workloads:
  chat:
    {kind: interactive, model: llama-3.1-70b, region: us-east, request: {input_tokens: 1000, output_tokens: 250},
     slo: {ttft_ms: 1000, tpot_ms: 30}, demand: {requests_per_s: 10}}
providers: {lab: {kind: neocloud}}
offers:
  a: {provider: lab, region: us-east, accelerator: h100, source: "test, 2026",
      elastic: {usd_per_accelerator_hour: 2, max_accelerators: 64}}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def read(measured, more=""):
    Path("a.yaml").write_text(BASE + f"throughput: {{measured: {measured}}}\n{more}")
    return inspect("a.yaml")


def rows(measured):
    inspection = read(measured)
    assert not inspection.diagnostics, said(inspection)
    return inspection.instance.throughput.measured


def said(inspection):
    return "\n\n".join(render(diagnostic) for diagnostic in inspection.diagnostics)


def write(name, content):
    Path(name).write_text(content if isinstance(content, str) else json.dumps(content, indent=2))
    return name


# --- aiconfigurator

AGG = (
    "model,isl,osl,prefix,concurrency,request_rate,bs,global_bs,ttft,tpot,request_latency,seq/s,seq/s/gpu,tokens/s,"
    "tokens/s/gpu,tokens/s/user,num_total_gpus,tp,pp,dp,moe_tp,moe_ep,parallel,gemm,kvcache,fmha,moe,comm,memory,"
    "balance_score,num_ctx_reqs,num_gen_reqs,num_tokens,ctx_tokens,gen_tokens,backend,version,system,power_w"
)
AGG_ROW = (
    "QWEN3_32B,4000,1000,0,32,1.6,32,32,512.5,19.5,19993,1.6,0.2,1600.0,"
    "200.0,51.28,8,8,1,1,1,1,tp8pp1,fp8_block,fp8,fp8,fp8_block,half,41.2,"
    "1,1,31,4031,4000,31,trtllm,1.2.0rc6,h200_sxm,5600.0"
)
DISAGG = (
    "model,isl,osl,prefix,concurrency,request_rate,(p)bs,(p)global_bs,(p)workers,(d)bs,(d)global_bs,(d)workers,ttft,"
    "tpot,request_latency,seq/s,seq/s/gpu,tokens/s,tokens/s/gpu,tokens/s/user,(p)seq/s/worker,(d)seq/s/worker,"
    "num_total_gpus,(p)tp,(p)pp,(p)dp,(p)moe_tp,(p)moe_ep,(p)parallel,(p)gemm,(p)kvcache,(p)fmha,(p)moe,(p)comm,"
    "(p)memory,(p)backend,(p)version,(p)system,(d)tp,(d)pp,(d)dp,(d)moe_tp,(d)moe_ep,(d)parallel,(d)gemm,(d)kvcache,"
    "(d)fmha,(d)moe,(d)comm,(d)memory,(d)backend,(d)version,(d)system,power_w"
)
DISAGG_ROW = (
    "deepseek-ai/DeepSeek-R1,8192,1024,0,512,10,1,1,2,64,512,1,900,"
    "25,26475,10,0.625,10240,640,40,6,11,"
    "16,4,1,1,1,4,tp4pp1ep4,fp8_block,fp8,fp8,nvfp4,half,"
    "90,sglang,0.5.9,gb200,1,1,8,1,8,tp1pp1dp8ep8,fp8_block,fp8,"
    "fp8,nvfp4,half,120,sglang,0.5.9,gb200,900"
)


def test_best_configurations_of_aiconfigurator():
    """1600 output tokens/s on 8 accelerators, 4000 tokens in for 1000 out: 1600 / 8 x 5000 / 1000 = 1000 of both.

    They are estimates. 51.28 tokens/s/user and the column of the cluster play no part.
    """
    write("best_config_topn.csv", f"{AGG},tokens/s/gpu_cluster\n{AGG_ROW},150.0\n")
    assert rows("best_config_topn.csv") == [
        MeasuredRow(
            accelerator="h200",
            model="qwen3-32b",
            input_tokens=4000,
            output_tokens=1000,
            ttft_ms=512.5,
            tpot_ms=19.5,
            tokens_per_s_per_accelerator=1000,
            precision="fp8",
            concurrency=32,
            accelerators=8,
            parallelism="tp8pp1",
            engine="trtllm 1.2.0rc6",
            estimated=True,
        )
    ]


def test_a_pareto_front_of_disaggregated_serving():
    """10240 output tokens/s on 16 accelerators of both kinds: 640 x 9216 / 1024 = 5760. Most weights are experts."""
    (row,) = rows(write("pareto.csv", f"{DISAGG}\n{DISAGG_ROW}\n"))
    assert (row.accelerator, row.model, row.precision) == ("gb200", "deepseek-r1", "fp4")
    assert row.tokens_per_s_per_accelerator == 5760 and row.accelerators == 16 and row.concurrency == 512
    assert row.parallelism == "prefill tp4pp1ep4, decode tp1pp1dp8ep8" and row.estimated


def test_lines_of_aiconfigurator_that_are_of_no_use():
    """A cached prefix has no place in a row; a row is about one accelerator. One warning for each reason."""
    cached = AGG_ROW.replace("4000,1000,0,", "4000,1000,2000,")
    inspection = read(write("p.csv", f"{AGG}\n{cached}\n{AGG_ROW}\n{cached}\n"))
    assert len(inspection.instance.throughput.measured) == 1
    assert "warning[W008]: part of the prompt is found in a cache: 2 rows are not used\n  --> p.csv:2:1" in said(
        inspection
    )
    mixed = DISAGG_ROW.replace("0.5.9,gb200,1,", "0.5.9,h200_sxm,1,")
    inspection = read(write("p.csv", f"{DISAGG}\n{mixed}\n"))
    assert "prefill and decode stand on different accelerators: this row is not used" in said(inspection)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (",1600.0,200.0", ",-1,200.0", "tokens/s must be a number above 0, got -1"),
        (",512.5,", ",soon,", "ttft must be a number above 0, got soon"),
        (",8,8,1,1", ",0,8,1,1", "num_total_gpus must be a number above 0, got 0"),
        ("h200_sxm", "", "the line names no accelerator"),
        ("QWEN3_32B", "", "the line names no model"),
        (",0,32,1.6", ",many,32,1.6", "prefix must be a number above 0, got many"),
        (",5600.0", "", "this line has 38 fields, the header 39"),
    ],
)
def test_lines_of_aiconfigurator_with_errors(old, new, message):
    inspection = read(write("p.csv", f"{AGG}\n{AGG_ROW}\n{AGG_ROW.replace(old, new)}\n"))
    assert inspection.instance is None
    assert f"error[E027]: {message}\n  --> p.csv:3:" in said(inspection)


def test_a_column_of_aiconfigurator_that_is_missing():
    text = f"{AGG}\n{AGG_ROW}\n".replace("ttft", "latency")
    assert "error[E027]: the column ttft is missing\n  --> p.csv:1:1" in said(read(write("p.csv", text)))


# --- InferenceX

APP_ROW = {
    "hardware": "mi355x",
    "framework": "sglang",
    "model": "dsr1",
    "precision": "fp4",
    "spec_method": "none",
    "disagg": False,
    "is_multinode": False,
    "prefill_tp": 4,
    "prefill_ep": 1,
    "prefill_dp_attention": False,
    "prefill_num_workers": 0,
    "decode_tp": 4,
    "decode_ep": 1,
    "decode_dp_attention": False,
    "decode_num_workers": 0,
    "num_prefill_gpu": 4,
    "num_decode_gpu": 4,
    "isl": 1024,
    "osl": 1024,
    "conc": 4,
    "image": "lmsysorg/sglang:v0.5.12-rocm700-mi35x",
    "metrics": {
        "mean_e2el": 8.9915,
        "mean_tpot": 0.0096187,
        "mean_ttft": 0.17263,
        "p99_ttft": 0.82311,
        "median_ttft": 0.10217,
        "mean_intvty": 103.96,
        "tput_per_gpu": 198.94,
        "input_tput_per_gpu": 99.95,
        "output_tput_per_gpu": 98.99,
    },
    "workers": None,
    "date": "2026-06-11",
    "run_url": "https://example.org/1",
}
FLAT_RUN = {
    "hw": "h200-cw",
    "conc": 64,
    "image": "nvcr.io#nvidia/tensorrt-llm/release:1.1.0rc2",
    "model": "deepseek-ai/DeepSeek-R1-0528",
    "infmax_model_prefix": "dsr1",
    "framework": "trt",
    "precision": "fp8",
    "spec_decoding": "mtp",
    "disagg": False,
    "isl": 1024,
    "osl": 1024,
    "is_multinode": False,
    "tp": 8,
    "ep": 8,
    "dp_attention": "false",
    "tput_per_gpu": 700.0,
    "output_tput_per_gpu": 350.0,
    "input_tput_per_gpu": 350.0,
    "mean_ttft": 0.5,
    "mean_tpot": 0.0215,
    "mean_intvty": 46.5,
}


def changed(entry, metrics=None, **facts):
    return {**entry, **facts, "metrics": {**entry["metrics"], **(metrics or {})}} if metrics else {**entry, **facts}


def test_rows_of_the_app_of_inferencex():
    """Seconds become milliseconds, means are taken, lengths are 0.9 of the nominal ones, tokens count both ways."""
    assert rows(write("benchmarks.json", [APP_ROW])) == [
        MeasuredRow(
            accelerator="mi355x",
            model="deepseek-r1",
            input_tokens=0.9 * 1024,
            output_tokens=0.9 * 1024,
            ttft_ms=1e3 * 0.17263,
            tpot_ms=1e3 * 0.0096187,
            tokens_per_s_per_accelerator=198.94,
            precision="fp4",
            concurrency=4,
            accelerators=4,
            parallelism="tp4",
            engine="sglang v0.5.12-rocm700-mi35x",
            date="2026-06-11",
        )
    ]


def test_the_result_of_one_run_of_inferencex():
    """The flat layout, one object; drafted tokens are said; 64 x 1843.2 / 20.29 s / 700 = 8.3 accelerators: 8."""
    (row,) = rows(write("agg_dsr1.json", FLAT_RUN))
    assert (row.accelerator, row.model, row.precision, row.accelerators) == ("h200", "deepseek-r1", "fp8", 8)
    assert row.speculative and row.parallelism == "tp8 ep8" and row.engine == "trt 1.1.0rc2" and row.date is None


def test_a_count_that_expert_parallelism_inflated():
    """num_decode_gpu = tp x ep = 64 is wrong; by Little's law 64 x 1843.2 / 20.29 / 700 = 8.3: tp is right."""
    entry = {key: value for key, value in FLAT_RUN.items() if key not in ("hw", "tp", "ep")}
    entry |= {"hardware": "h200", "decode_tp": 8, "decode_ep": 8, "num_prefill_gpu": 64, "num_decode_gpu": 64}
    assert rows(write("a.json", [entry]))[0].accelerators == 8


def test_disaggregated_runs_of_inferencex():
    """4 + 16 accelerators: 512 x 1843.2 / 28.57 s / 1600 = 20.6. Output per decode accelerator is not read."""
    metrics = {"mean_ttft": 1.0, "mean_tpot": 0.03, "tput_per_gpu": 1600.0, "output_tput_per_gpu": 1000.0}
    facts = {"disagg": True, "is_multinode": True, "conc": 512, "num_prefill_gpu": 4, "num_decode_gpu": 16}
    facts |= {"hardware": "gb200", "prefill_num_workers": 1, "decode_tp": 16, "decode_ep": 16}
    facts |= {"decode_num_workers": 1, "decode_dp_attention": True}
    (row,) = rows(write("a.json", [changed(APP_ROW, metrics, **facts)]))
    assert row.tokens_per_s_per_accelerator == 1600 and row.accelerators == 20
    assert row.parallelism == "prefill 1 x tp4, decode 1 x tp16 ep16 dp-attention"


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"scenario_type": "agentic-coding"}, "a run of the kind agentic-coding has no fixed lengths"),
        ({"decode_tp": 64, "num_decode_gpu": 64}, "throughput and latency belong to another number of accelerators"),
        ({"prefill_hw": "h200", "decode_hw": "b200"}, "prefill and decode stand on different accelerators"),
        ({"model": "unheard-of-7b"}, "there is no model unheard-of-7b"),
        ({"hardware": "h1000"}, "there is no accelerator h1000"),
    ],
)
def test_entries_of_inferencex_that_are_of_no_use(facts, message):
    """They are warned of, at the line on which the entry begins, and the others are read."""
    inspection = read(write("a.json", [APP_ROW, changed(APP_ROW, **facts)]))
    assert inspection.instance is not None
    assert f"warning[W008]: {message}" in said(inspection).replace("entry 2: ", "") and "--> a.json:39:3" in said(
        inspection
    )


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (changed(APP_ROW, {"mean_ttft": None}), "mean_ttft must be a number above 0, got null"),
        (changed(APP_ROW, {"mean_tpot": "9 ms"}), "mean_tpot must be a number above 0, got 9 ms"),
        (changed(APP_ROW, {"tput_per_gpu": 98.99}), "tput_per_gpu is 98.99, but input and output sum to 198.94"),
        (changed(APP_ROW, conc=0), "conc must be a number above 0, got 0"),
        (changed(APP_ROW, isl=True), "isl must be a number above 0, got true"),
        (changed(APP_ROW, hardware=""), "hardware is missing"),
        (changed(APP_ROW, model=["dsr1"]), 'model must be text, got ["dsr1"]'),
        ({**APP_ROW, "metrics": {}}, "median_ttft must be a number above 0, got nothing"),
        ({**APP_ROW, "decode_tp": None, "num_decode_gpu": None}, "the number of accelerators is missing"),
    ],
)
def test_entries_of_inferencex_with_errors(entry, message):
    inspection = read(write("a.json", [APP_ROW, entry]))
    assert inspection.instance is None and f"error[E027]: entry 2: {message}" in said(inspection)
    assert "--> a.json:39:3" in said(inspection)


# --- Melange

PROFILE = {
    "gpu_info": {
        "A10G": {"cost": 1.01, "tputs": [[2, 1], [0.5, 0]]},
        "A100-80GB": {"cost": 3.67, "tputs": [[20, 10], [5, 2]]},
    },
    "workload_distribution": [[0.25, 0.25], [0.25, 0.25]],
    "total_request_rate": 1.0,
    "slice_factor": 1,
}
ABOUT = "model: llama-3.1-8b, input_tokens: [25, 2000], output_tokens: [25, 100], ttft_ms: 1000, tpot_ms: 120"


def test_a_profile_of_melange():
    """2 requests/s of 25 + 25 tokens are 100 tokens/s; a cell of 0 is no row; what the file leaves open is stated."""
    found = rows(f"[{{file: {write('m.json', PROFILE)}, {ABOUT}}}]")
    assert len(found) == 7
    assert found[0] == MeasuredRow(
        accelerator="a10g",
        model="llama-3.1-8b",
        input_tokens=25,
        output_tokens=25,
        ttft_ms=1000,
        tpot_ms=120,
        tokens_per_s_per_accelerator=100,
        accelerators=1,
    )
    cells = [(row.accelerator, row.input_tokens, row.output_tokens, row.tokens_per_s_per_accelerator) for row in found]
    assert cells[1:3] == [("a10g", 25, 100, 125), ("a10g", 2000, 25, 1012.5)]
    assert cells[-1] == ("a100", 2000, 100, 4200)


def test_older_profiles_and_machines_of_several_accelerators():
    """A list of machines with names; 20 requests/s of 50 tokens on two accelerators are 500 tokens/s each."""
    older = {**PROFILE, "gpu_info": [{"name": "A100-80GB", **PROFILE["gpu_info"]["A100-80GB"]}]}
    first, *_ = rows(f"[{{file: {write('m.json', older)}, {ABOUT}, accelerators: 2}}]")
    assert (first.accelerator, first.tokens_per_s_per_accelerator, first.accelerators) == ("a100", 500, 2)


def test_a_profile_needs_what_it_does_not_say():
    said_of_it = said(read(write("m.json", PROFILE)))
    assert said_of_it.startswith(
        "error[E021]: a Melange profile does not say model, input_tokens, output_tokens, ttft_ms or tpot_ms\n"
    )
    assert "help: beside it: {file: m.json, model: ..., input_tokens: ..., " in said_of_it


@pytest.mark.parametrize(
    ("gpu_info", "message"),
    [
        ({}, "gpu_info names no machines"),
        ([{"tputs": [[1, 1], [1, 1]]}], "a machine of gpu_info has no name or no facts"),
        ({"A10G": 3}, "a machine of gpu_info has no name or no facts"),
        ({"A10G": {"tputs": [[1, 1]]}}, "A10G: tputs has 1 entry, the instance states 2 lengths"),
        ({"A10G": {"tputs": [[1, 1], [1]]}}, "A10G: tputs[1] has 1 entry, the instance states 2 lengths"),
        ({"A10G": {}}, "A10G: tputs has no list entries, the instance states 2 lengths"),
        ({"A10G": {"tputs": [[1, -1], [1, 1]]}}, "A10G, tputs[0][1]: requests/s must be a number above 0, got -1"),
    ],
)
def test_profiles_with_errors(gpu_info, message):
    write("m.json", {**PROFILE, "gpu_info": gpu_info})
    inspection = read(f"[{{file: m.json, {ABOUT}}}]")
    assert inspection.instance is None and f"error[E027]: {message}\n  --> m.json:1:1" in said(inspection)


# --- all of them


def test_rows_and_files_in_one_list_keep_their_order():
    """Own columns, optional ones and blanks included; a model named beside the file is that of all its rows."""
    columns = "accelerator,model,input_tokens,output_tokens,ttft_ms,tpot_ms,tokens_per_s_per_accelerator"
    columns += ",concurrency,speculative,date,source"
    write("own.csv", f"{columns}\nh100,any,1000,250,300,20,500,,True,2026-05,a log\n")
    write("x.json", [APP_ROW])
    inline = "{accelerator: b200, model: m, input_tokens: 1, output_tokens: 1, ttft_ms: 1, tpot_ms: 1, "
    inline += "tokens_per_s_per_accelerator: 1, precision: fp4}"
    files = f"[{{file: own.csv, model: llama-3.1-70b}}, {inline}, {{file: x.json, model: m}}]"
    inspection = read(files, f"models: {{m: {MODEL}}}\n")
    assert not inspection.diagnostics, said(inspection)
    own, written, last = inspection.instance.throughput.measured
    assert (own.model, own.concurrency, own.speculative, own.date) == ("llama-3.1-70b", None, True, "2026-05")
    assert own.source == "a log"
    assert (written.accelerator, written.precision) == ("b200", "fp4")
    assert (last.accelerator, last.model) == ("mi355x", "m")


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("date", "05/2026", "error[E013]: date is not written as it must be"),
        ("precision", "fp16", "error[E014]: precision must be bf16, fp8, fp4, int4 or int8"),
        ("estimated", "perhaps", "error[E013]: estimated must be true or false"),
        ("concurrency", "0", "error[E012]: concurrency must be above 0"),
    ],
)
def test_optional_columns_with_errors(column, value, message):
    """They are those of the schema, at the field of the table."""
    columns = "accelerator,model,input_tokens,output_tokens,ttft_ms,tpot_ms,tokens_per_s_per_accelerator"
    write("own.csv", f"{columns},{column}\nh100,llama-3.1-70b,1000,250,300,20,500,{value}\n")
    assert f"{message}\n  --> own.csv:2:40\n" in said(read("own.csv"))


MODEL = "{parameters: 1.0e+9, active_parameters: 1.0e+9, layers: 10, hidden_size: 1024, kv_bytes_per_token: 1000}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"tput_per_gpu": 1},', "this is not JSON: expecting value"),
        ('[{"tput_per_gpu": NaN}]', "this is not JSON: NaN is not a number"),
        ('{"gpu_info": {}} {}', "this is not JSON: something follows the end"),
        ('[{"tput_per_gpu": 1} {}]', "this is not JSON: a comma or the end of the list is missing"),
        ('[{"tput_per_gpu": 1}, 3]', "entry 2 is no object"),
        ('{"total_token_throughput": 12}', "a.json holds no measurements of a known form"),
        ("[]", "a.json holds no measurements of a known form"),
        ("[" * 100_000, "nested too deeply"),
        ('[{"tput_per_gpu": 1, "x": ' + "[" * 100_000, "nested too deeply"),
        ('[{"tput_per_gpu": ' + "9" * 5000 + "}]", "this is not JSON"),
        ("isl,osl,tokens/s", "the columns model, concurrency, ttft, tpot and num_total_gpus are missing"),
        ("isl,isl,osl,tokens/s", "the columns model, concurrency, ttft, tpot and num_total_gpus are missing"),
        ("", "the table has no rows"),
        ("\n \n", "the table has no rows"),
        ('a,"b', "the quotes of this line do not match"),
    ],
)
def test_files_that_are_no_measurements(text, message):
    """Always a sentence with the place, never a traceback."""
    inspection = read(write("a.json", text))
    assert inspection.instance is None and message in said(inspection), said(inspection)


@pytest.mark.parametrize(
    ("measured", "message"),
    [
        ("[{file: a.json, tpot_ms: 30}]", "error[E021]: a.json says itself what tpot_ms is"),
        ("[{file: none.json}]", "error[E026]: none.json: there is no such file"),
        ("[{file: ../a.json}]", "error[E026]: the file lies outside the folder of the instance"),
        ("[{file: 3}]", "error[E013]: file must be text"),
        ("[{file: a.json, modle: x}]", "error[E010]: unknown key modle"),
        ("[{file: a.json, model: -}]", "error[E015]: model must be an id"),
        ("[{file: a.json, input_tokens: [0]}]", "error[E012]: entry 1 of input_tokens must be above 0"),
        ("[a.json]", "error[E013]: entry 1 of measured must be"),
        ("{file: a.json}", "error[E013]: measured must be text or a list"),
        ("3", "error[E013]: measured must be text or a list"),
    ],
)
def test_files_that_are_named_badly(measured, message):
    write("a.json", [APP_ROW])
    assert message in said(read(measured))


def test_a_stored_instance_names_no_files():
    Path("a.yaml").write_text(BASE + "throughput: {measured: [{file: x.json}]}\n")
    write("x.json", [APP_ROW])
    document = to_document(load("a.yaml"))
    assert from_document(document).throughput.measured[0].accelerator == "mi355x"
    document["throughput"]["measured"] = [{"file": "x.json"}]
    with pytest.raises(InstanceError, match="a stored instance cannot name a file"):
        from_document(document)
