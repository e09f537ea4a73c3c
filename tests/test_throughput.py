"""The roofline by hand, the laws that every rate obeys, what overrides it, and the sentences of what it refuses."""

import csv
import math
from pathlib import Path
from statistics import median

import numpy as np
import pytest

from offtake.instance import catalogue
from offtake.instance.schema import Accelerator, Instance, LanguageModel, Request
from offtake.throughput import efficiency, rate_table, roofline, usd_per_million_tokens
from offtake.throughput.cases import Case, expert_parameters, make_case, stack, weights_as
from offtake.throughput.rates import number

MEASURED = Path(__file__).parents[2] / "shared" / "data" / "throughput" / "measured.csv"


def toy(**facts):
    """An engine that costs only what the test names: 1 TB/s, 1 PFLOP/s, no overheads, 1000 tokens in, 100 out."""
    free = dict.fromkeys(Case._fields, 0.0)
    rates = {"bandwidth": 1e12, "decode_flops": 1e15, "prefill_flops": 1e15, "attention_flops": 1e15, "link": 1e12}
    sizes = {
        "domain": 8.0,
        "memory_bytes": 80e9,
        "kv_split_max": 8.0,
        "input": 1000.0,
        "computed": 1000.0,
        "output": 100.0,
        "prefill_latency": 1.0,
        "kv_bytes": 1.0,
    }
    return Case(**(free | rates | sizes | facts))


# The step of decoding


def test_decode_reads_its_weights():
    """100 GB at 1 TB/s is 100 ms on one accelerator, 25 ms on four; a batch of 8 costs nothing more."""
    case = toy(dense_bytes=100e9, dense_parameters=100e9, kv_bytes=1e-9)
    assert roofline.decode_step_s(case, 1, 1) == pytest.approx(0.100)
    assert roofline.decode_step_s(case, 4, 8) == pytest.approx(0.025)


def test_decode_turns_compute_bound():
    """2 flop x 100e9 parameters at 1 PFLOP/s are 0.2 ms per request: 500 of them equal the 100 ms of reading, and
    1,000 take 200 ms."""
    case = toy(dense_bytes=100e9, dense_parameters=100e9, kv_bytes=1e-9)
    assert roofline.decode_step_s(case, 1, 500) == pytest.approx(0.100)
    assert roofline.decode_step_s(case, 1, 1000) == pytest.approx(0.200)


def test_decode_reads_the_cache_of_every_request():
    """Mean context 1000 + 100/2 = 1050 tokens x 100 kB = 0.105 GB = 0.105 ms a request; split over at most 2 KV heads,
    20 requests take 2.1 ms on one accelerator and 1.05 ms on two, four or eight."""
    case = toy(kv_bytes=1e5, kv_split_max=2)
    assert roofline.decode_step_s(case, 1, 20) == pytest.approx(2.1e-3)
    assert roofline.decode_step_s(case, np.array([2, 4, 8]), 20) == pytest.approx([1.05e-3] * 3)


def test_experts_touched():
    """One of four experts per token: one token reads 1/4 of them, two tokens 1 - (3/4)^2 = 7/16. 64 GB of experts at
    1 TB/s: 16 and 28 ms."""
    case = toy(expert_bytes=64e9, expert_share=0.25, kv_bytes=1e-9)
    assert roofline.decode_step_s(case, 1, 1) == pytest.approx(0.016)
    assert roofline.decode_step_s(case, 1, 2) == pytest.approx(0.028)


def test_tensor_parallelism_pays_for_collectives():
    """10 layers, two all-reduces each. Launch: 20 x 10 us = 200 us up to 8, x log2(64)/3 = 2 at 64. Traffic of one
    token of hidden size 1000 in 2 bytes on 4 accelerators: 20 x 2 x 3/4 x 2000 B = 60 kB at 1 TB/s = 0.06 us."""
    case = toy(layers=10, hidden=1000, collective_s=1e-5, kv_bytes=1e-9)
    assert roofline.decode_step_s(case, 1, 1) == pytest.approx(0.0, abs=1e-12)
    assert roofline.decode_step_s(case, 4, 1) == pytest.approx(200e-6 + 0.06e-6)
    assert roofline.decode_step_s(case._replace(hidden=0.0), 64, 1) == pytest.approx(400e-6)


def test_long_context_is_arithmetic_too():
    """1050 tokens of context x 1e9 flop at 1 PFLOP/s are 1.05 ms a request, more than reading one byte per token; four
    accelerators share it. In a prompt, 1e14 flop of attention are 100 ms on top of 200 ms for the weights."""
    case = toy(context_flop=1e9, prefill_flop=1e14, dense_parameters=100e9)
    assert roofline.decode_step_s(case._replace(dense_parameters=0.0), 4, 8) == pytest.approx(2.1e-3)
    assert roofline.prefill_s(case, 1) == pytest.approx(0.3)
    assert roofline.prefill_s(case, 4) == pytest.approx(0.075)


# The engine in steady state


def test_cycle_by_hand():
    """A step of 10 ms and 100 tokens: 1 s. Prefill: 1000 tokens x 2 flop x 50e9 at 1 PFLOP/s = 0.1 s. One request at a
    time: a cycle of 1.1 s, X = 1/1.1, TTFT = 0.1 + 0.01, TPOT = (1.1 - 0.11) / 99 = 10 ms."""
    case = toy(dense_bytes=10e9, dense_parameters=50e9, kv_bytes=1e-9, decode_flops=1e18)
    one = roofline.operate(case, 1, 1)
    assert one.requests_per_s == pytest.approx(1 / 1.1)
    assert one.ttft_s == pytest.approx(0.11)
    assert one.tpot_s == pytest.approx(0.010)


def test_prefills_stall_the_other_requests():
    """Ten at once: the cycle is 1 + 10 x 0.1 = 2 s, X = 5/s; half of the engine's time is prefill, rho = 0.5. With
    gamma 0.2 a prefill waits 1 + 0.2 x 9 x 0.5 = 1.9 times its 0.1 s: TTFT 0.2 s, TPOT (2 - 0.2) / 99."""
    case = toy(dense_bytes=10e9, dense_parameters=50e9, kv_bytes=1e-9, decode_flops=1e18, prefill_queue=0.2)
    ten = roofline.operate(case, 1, 10)
    assert ten.requests_per_s == pytest.approx(5.0)
    assert ten.ttft_s == pytest.approx(0.2)
    assert ten.tpot_s == pytest.approx(1.8 / 99)


def test_rates_are_per_accelerator():
    """Four accelerators read 10 GB in 2.5 ms and prefill in 25 ms: cycle 0.275 s, four times as fast, for four times
    the accelerators: the same rate per accelerator."""
    case = toy(dense_bytes=10e9, dense_parameters=50e9, kv_bytes=1e-9, decode_flops=1e18)
    assert roofline.operate(case, 4, 1).requests_per_s == pytest.approx(1 / 1.1)


def test_one_token_answers_have_a_token_time():
    """There is no later token to average over: TPOT is the step, not a division by zero."""
    case = toy(dense_bytes=10e9, output=1.0, kv_bytes=1e-9)
    assert roofline.operate(case, 1, 1).tpot_s == pytest.approx(0.010)


def test_memory_bounds_the_batch():
    """80 GB hold 50 GB of weights and 30 GB of cache: 1100 tokens x 1 MB = 1.1 GB a request, 27 of them. On two, with
    two KV heads, each holds 25 GB of weights and half of every cache: floor(55 / 0.55) = 100. 90 GB of weights need
    two: floor((80 - 45) / 0.55) = 63."""
    case = toy(weight_bytes=50e9, kv_bytes=1e6, kv_split_max=2)
    assert roofline.largest_batch(case, np.array([1, 2])).tolist() == [27, 100]
    assert roofline.largest_batch(case._replace(weight_bytes=90e9), np.array([1, 2])).tolist() == [0, 63]


def test_latent_cache_is_not_split():
    """Latent attention has one KV head: a second accelerator adds only the room that its share of the weights frees."""
    model = LanguageModel.model_validate(catalogue.models()["deepseek-r1"])
    case = make_case("b200", chip("b200"), model, Request(input_tokens=1000, output_tokens=100))
    assert case.kv_split_max == 1


# The facts of a case


def chip(key):
    return Accelerator.model_validate(catalogue.accelerators()[key])


def model(**facts):
    sizes = {"parameters": 100e9, "active_parameters": 100e9, "layers": 10, "hidden_size": 1024}
    return LanguageModel.model_validate(sizes | {"kv_bytes_per_token": 1e5} | facts)


@pytest.mark.parametrize(
    ("key", "asked", "held", "tflops"),
    [
        ("b200", "fp4", "fp4", 9000),
        ("h100", "fp4", "fp8", 1979),
        ("a100", "fp4", "bf16", 312),
        ("h100", "bf16", "bf16", 989),
    ],
)
def test_missing_precision_falls_back_to_the_next_wider(key, asked, held, tflops):
    """Bytes and peak both: an A100 without fp8 holds a 4-bit model in two bytes per parameter."""
    assert weights_as(chip(key), model(precision=asked)) == (held, pytest.approx(tflops * 1e12))
    size = {"fp4": 56.25e9, "fp8": 100e9, "bf16": 200e9}[held]
    request = Request(input_tokens=1, output_tokens=1)
    assert make_case(key, chip(key), model(precision=asked), request).weight_bytes == pytest.approx(size)


def test_expert_parameters_inferred():
    """100e9 in all, 28e9 active, 2 of 8 experts: X = (100 - 28) / (1 - 1/4) = 96e9, so 4e9 dense + 24e9 of experts."""
    sparse = model(active_parameters=28e9, experts=8, experts_per_token=2)
    assert expert_parameters(sparse) == pytest.approx(96e9)
    case = make_case("h100", chip("h100"), sparse, Request(input_tokens=1, output_tokens=1))
    assert case.dense_parameters == pytest.approx(4e9) and case.active_expert_parameters == pytest.approx(24e9)


def test_prefix_cache_saves_compute_not_memory():
    """Half of 1000 tokens cached: 500 are computed; they attend to 500 x (1000 - 250) = 375,000 pairs instead of
    1000^2 / 2 = 500,000; the cache still holds all 1000."""
    sizes = {"input_tokens": 1000, "output_tokens": 100}
    cold = make_case("h100", chip("h100"), model(), Request(**sizes))
    warm = make_case("h100", chip("h100"), model(), Request(**sizes, prefix_cache_hit=0.5))
    assert (cold.computed, warm.computed, warm.input) == (1000, 500, 1000)
    assert warm.prefill_flop / cold.prefill_flop == pytest.approx(375 / 500)


def test_reasoning_multiplies_the_output():
    request = Request(input_tokens=1000, output_tokens=100, reasoning_multiplier=5)
    assert make_case("h100", chip("h100"), model(), request).output == 500


def test_attention_of_known_architectures():
    """Per token of context, two flop per multiply-add, scores and values. Llama 70B: 2 x 64 heads x (128 + 128) x 80
    layers. DeepSeek-R1, absorbed: 2 x 128 heads x (576 + 512) x 61; over a prompt of 100 tokens, spelled out:
    2 x 128 x (192 + 128) x 61 x 100^2 / 2."""
    request = Request(input_tokens=100, output_tokens=1)
    llama, deepseek = (
        make_case("h100", chip("h100"), model(**catalogue.models()[key]), request)
        for key in ("llama-3.1-70b", "deepseek-r1")
    )
    assert llama.context_flop == 2 * 64 * 256 * 80 and llama.prefill_flop == 2 * 64 * 256 * 80 * 5000
    assert deepseek.context_flop == 2 * 128 * 1088 * 61 and deepseek.prefill_flop == 2 * 128 * 320 * 61 * 5000


def test_fixed_costs_of_a_step():
    """DeepSeek-R1 has 3 dense and 58 sparse layers, all 61 latent. On B200 layers cost 0.793 of the common constants:
    0.793 x (3 x 45.5 + 58 x 71.4) us + 61 x 29.9 us + 53 us."""
    served = model(**catalogue.models()["deepseek-r1"])
    case = make_case("b200", chip("b200"), served, Request(input_tokens=1, output_tokens=1))
    assert case.overhead_s == pytest.approx(1e-6 * (0.793 * (3 * 45.5 + 58 * 71.4) + 61 * 29.9 + 53))


# Whole tables


def instance(offers=None, *, chips=("h100",), slo=None, request=None, workload=None, **top):
    """Offers of one chip each at `site`, a chat workload at `home` 1,000 km East, Llama 3.1 70B."""
    least = {
        "format": "offtake/1",
        "name": "serving",
        "horizon": {"start": "2026-06", "months": 25},
        "regions": {"site": {"latitude": 0, "longitude": 0}, "home": {"latitude": 0, "longitude": 9}},
        "accelerators": catalogue.accelerators(),
        "models": catalogue.models(),
        "providers": {"p": {"kind": "neocloud"}},
        "offers": offers or {key: lease(key) for key in chips},
        "workloads": {
            "chat": {
                "kind": "interactive",
                "model": "llama-3.1-70b",
                "region": "home",
                "demand": {"requests_per_s": 10},
                "request": {"input_tokens": 2000, "output_tokens": 400} | (request or {}),
                "slo": {"ttft_ms": 1500, "tpot_ms": 30} | (slo or {}),
            }
            | (workload or {})
        },
    }
    if least["workloads"]["chat"]["kind"] == "batch":
        del least["workloads"]["chat"]["slo"]
    return Instance.model_validate(least | top)


def lease(key, **more):
    term = {"months": 24, "usd_per_accelerator_hour": 2.0}
    return {"provider": "p", "region": "site", "accelerators": {key: 100}, "terms": [term]} | more


API = {
    "provider": "p",
    "region": "site",
    "api": {
        "models": ["deepseek-r1"],
        "usd_per_million_input_tokens": 0.6,
        "usd_per_million_output_tokens": 2.4,
        "max_requests_per_s": 900,
        "ttft_ms": 400,
        "tpot_ms": 18,
    },
}


def answer(problem, pool="h100/h100"):
    return rate_table(problem)[pool, "chat"]


def test_an_eligible_rate_is_complete():
    """Requests, tokens, latencies inside the target, engine and source agree with each other."""
    rate = answer(instance())
    assert rate.eligible and rate.reason == "" and rate.source == "modelled" and rate.derate == 1.0
    assert rate.tokens_per_s == pytest.approx(2400 * rate.requests_per_s[0])
    assert rate.ttft_ms <= 1500 and rate.tpot_ms <= 30
    assert rate.tensor_parallel in (1, 2, 4, 8) and 1 <= rate.batch <= 512
    assert rate.requests_per_s.shape == (25,) and np.ptp(rate.requests_per_s) == 0


def test_the_table_has_every_pair_in_file_order():
    mixed = lease("h100", accelerators={"h100": 1, "b200": 1})
    problem = instance({"api": API, "lease": lease("h100"), "mixed": mixed})
    assert list(rate_table(problem)) == [
        ("api", "chat"),
        ("lease/h100", "chat"),
        ("mixed/h100", "chat"),
        ("mixed/b200", "chat"),
    ]


def test_the_choice_is_the_best_of_the_grid():
    """Brute force over the same engines, one at a time, in plain floats."""
    problem = instance()
    chat = problem.workloads["chat"]
    case = make_case("h100", problem.accelerators["h100"], problem.models[chat.model], chat.request)
    network_ms = 2 * 1000.756 * 1.5 * 1.468 / 299.792458 + 3
    best = (0.0, 0.0)
    for t in (1, 2, 4, 8):
        largest = float(roofline.largest_batch(case, t))
        for batch in {round(2 ** (quarter / 4)) for quarter in range(37)}:
            if largest < 1:
                continue
            step = roofline.operate(case, t, min(batch, largest))
            if 1e3 * step.ttft_s + network_ms <= 1500 and 1e3 * step.tpot_s <= 30:
                best = max(best, (float(step.requests_per_s), 1e3 * float(step.ttft_s) + network_ms))
    rate = answer(problem)
    assert (rate.requests_per_s[0], rate.ttft_ms) == pytest.approx(best)


def test_the_bound_of_the_memory_is_tried():
    """Batch work on prompts of 15,000 tokens fills the memory of two H100: each has 0.92 x 85.5 - 3.5 = 75.16 GB, less
    35.3 of weights; half of a cache is 15,400 x 163,840 B = 2.523 GB: 15 fit, between the grid's 13 and 16."""
    problem = instance(request={"input_tokens": 15000}, workload={"kind": "batch"})
    batch = problem.workloads["chat"]
    case = make_case("h100", problem.accelerators["h100"], problem.models[batch.model], batch.request)
    rate = answer(problem)
    assert (rate.tensor_parallel, rate.batch) == (2, 15)
    assert roofline.largest_batch(case, 2) == 15


def test_parallelism_stays_inside_the_domain():
    """GH200 stands alone; in a table with NVL72 racks it is still alone, although eight would be faster."""
    rate = answer(instance(chips=("gh200", "gb200"), slo={"tpot_ms": 40}), "gh200/gh200")
    assert rate.eligible and rate.tensor_parallel == 1


def test_reasoning_counts_as_tokens():
    """2000 in, 400 x 3 out: 3,200 tokens a request."""
    rate = answer(instance(request={"reasoning_multiplier": 3.0}))
    assert rate.tokens_per_s == pytest.approx(3200 * rate.requests_per_s[0])


# Laws


@pytest.mark.parametrize("key", ["h100", "b200", "mi300x", "tpu7x"])
def test_a_tighter_target_never_raises_throughput(key):
    targets = {"tpot_ms": [400, 100, 50, 30, 20, 12, 6, 3], "ttft_ms": [9000, 2000, 900, 500, 300, 150]}
    for name, values in targets.items():
        tables = [instance(chips=(key,), slo={name: value}) for value in values]
        rates = [answer(table, f"{key}/{key}").requests_per_s[0] for table in tables]
        assert rates == sorted(rates, reverse=True)
        assert rates[0] > rates[-1]


def test_a_longer_network_never_helps():
    rates = [
        answer(instance(slo={"ttft_ms": 800}, network={"overhead_ms": ms})).requests_per_s[0]
        for ms in (0, 50, 200, 400, 700, 900)
    ]
    assert rates == sorted(rates, reverse=True) and rates[0] > rates[-1] == 0


def test_batch_work_has_no_target():
    """No target is a target that nothing misses: the same as a very loose one, and more than 30 ms allow."""
    batch = answer(instance(workload={"kind": "batch"}))
    loose = answer(instance(slo={"ttft_ms": 1e9, "tpot_ms": 1e9}))
    assert batch.requests_per_s[0] == loose.requests_per_s[0] > answer(instance()).requests_per_s[0]


def test_more_bandwidth_never_hurts():
    faster = catalogue.accelerators()["h100"] | {"memory_tb_s": 5.0}
    problem = instance(accelerators=catalogue.accelerators() | {"h100": faster})
    assert answer(problem).requests_per_s[0] > answer(instance()).requests_per_s[0]


def test_software_gain_by_family():
    """1.6 a year: month 12 is 1.6 x month 0, month 24 2.56 x; another family's gain does nothing."""
    problem = instance(chips=("h100", "tpu7x"), throughput={"software_gain_per_year": {"cuda": 1.6}})
    h100 = answer(problem).requests_per_s
    assert h100[[12, 24]] / h100[0] == pytest.approx([1.6, 2.56])
    assert np.ptp(answer(problem, "tpu7x/tpu7x").requests_per_s) == 0


def test_what_was_not_measured_is_derated():
    """H100 with Llama 70B was measured: 1. B300 with it was not, its family was: exp(-0.35). TPU7x: exp(-0.55).
    A model of the user's own on H100: exp(-0.35), and exactly that under the rate of the same model by another name."""
    problem = instance(chips=("h100", "b300", "tpu7x"))
    derates = [answer(problem, f"{key}/{key}").derate for key in ("h100", "b300", "tpu7x")]
    assert derates == pytest.approx([1, math.exp(-0.35), math.exp(-0.55)])
    own = instance(models={"own": catalogue.models()["llama-3.1-70b"]}, workload={"model": "own"})
    assert answer(own).requests_per_s[0] / answer(problem).requests_per_s[0] == pytest.approx(math.exp(-0.35))


# What stands before the roofline


def test_a_given_rate_wins_over_memory_and_latency():
    """An impossible target and a rate of 0.8/s: taken as given, but a rule of the workload still refuses."""
    given = {
        "rates": [{"accelerator": "h100", "workload": "chat", "requests_per_s_per_accelerator": 0.8}],
        "software_gain_per_year": {"cuda": 2.0},
    }
    rate = answer(instance(slo={"ttft_ms": 1, "tpot_ms": 0.1}, throughput=given))
    assert rate.eligible and rate.source == "given" and rate.ttft_ms is None
    assert rate.requests_per_s[[0, 12]] == pytest.approx([0.8, 1.6])
    assert rate.tokens_per_s == pytest.approx(0.8 * 2400)
    denied = answer(instance(throughput=given, workload={"deny": {"accelerators": ["h100"]}}))
    assert not denied.eligible and denied.reason == "deny.accelerators names h100"


def row(**facts):
    least = {
        "accelerator": "h100",
        "model": "llama-3.1-70b",
        "input_tokens": 2000,
        "output_tokens": 400,
        "ttft_ms": 300,
        "tpot_ms": 20,
        "tokens_per_s_per_accelerator": 1200,
    }
    return least | facts


def measured(*rows, **more):
    return answer(instance(throughput={"measured": list(rows)}, **more))


def test_the_fastest_measured_row_inside_the_target_wins():
    """1,200 tokens/s at 20 ms and 1,920 at 28 ms hold, 3,000 at 45 ms does not: 1,920 / 2,400 = 0.8 requests/s."""
    rate = measured(
        row(), row(tpot_ms=28, tokens_per_s_per_accelerator=1920), row(tpot_ms=45, tokens_per_s_per_accelerator=3000)
    )
    assert rate.source == "measured" and rate.requests_per_s[0] == pytest.approx(0.8) and rate.tokens_per_s == 1920
    assert rate.tpot_ms == 28 and rate.ttft_ms == pytest.approx(300 + 17.70, abs=0.01)


def test_software_gains_on_measured_rates_too():
    problem = instance(throughput={"measured": [row()], "software_gain_per_year": {"cuda": 2.0}})
    assert answer(problem).requests_per_s[[0, 12]] == pytest.approx([0.5, 1.0])


def test_rows_that_miss_the_target_refuse_the_pair():
    """Measured slower than asked beats modelled fast enough; the sentence quotes the row with the fastest tokens."""
    rate = measured(row(tpot_ms=45), row(tpot_ms=31))
    assert not rate.eligible and rate.source == "measured"
    assert rate.reason == (
        "h100: none of 2 measured rows of llama-3.1-70b meets the target; in the one with the fastest tokens "
        "a token takes 31 ms; the target is 30 ms"
    )


@pytest.mark.parametrize(
    "facts",
    [
        {"input_tokens": 2201},
        {"input_tokens": 1799},
        {"output_tokens": 441},
        {"model": "qwen3-32b"},
        {"accelerator": "h200"},
    ],
)
def test_rows_about_something_else_are_not_used(facts):
    """More than 10 % off in either length, another model or another accelerator: the roofline answers."""
    assert measured(row(**facts)).source == "modelled"


def test_rows_within_ten_percent_are_used():
    """Reasoning counts as output: 200 x 2 = 400."""
    assert measured(row(input_tokens=2200, output_tokens=360)).source == "measured"
    thinking = {"output_tokens": 200, "reasoning_multiplier": 2.0}
    assert measured(row(), request=thinking).source == "measured"


def test_an_api_serves_the_models_that_it_names():
    """Rate 1 request/s; 400 ms + 17.7 ms of network; not the other model, not under 18 ms per token."""
    chat = {"model": "deepseek-r1"}
    rate = answer(instance({"api": API}, workload=chat), "api")
    assert rate.eligible and rate.source == "api" and set(rate.requests_per_s) == {1.0}
    assert rate.ttft_ms == pytest.approx(417.70, abs=0.01) and rate.tpot_ms == 18
    assert answer(instance({"api": API}), "api").reason == "the API serves deepseek-r1; not llama-3.1-70b"
    slow = answer(instance({"api": API}, workload=chat, slo={"tpot_ms": 15}), "api")
    assert slow.reason == "a token takes 18 ms; the target is 15 ms"


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"allow": {"providers": ["q"]}}, "allow.providers has only q; this is p"),
        ({"allow": {"regions": ["home"]}}, "allow.regions has only home; this is site"),
        ({"allow": {"accelerators": ["b200", "h200"]}}, "allow.accelerators has only b200, h200; this is h100"),
        ({"deny": {"providers": ["p"]}}, "deny.providers names p"),
        ({"allow": {"providers": ["p"], "regions": ["site"], "accelerators": ["h100"]}}, ""),
        ({"deny": {"regions": ["home"]}}, ""),
    ],
)
def test_allow_and_deny(rule, reason):
    rate = answer(instance(workload=rule))
    assert rate.reason == reason and rate.eligible == (reason == "")


# Reasons


def test_reason_weights_do_not_fit():
    """Llama 405B in fp8: 405.9 GB. Four of 85.5 GB: 4 x (0.92 x 85.5 - 3.5) = 300.6 GB."""
    small = catalogue.accelerators() | {"h100": catalogue.accelerators()["h100"] | {"domain": 4}}
    rate = answer(instance(accelerators=small, workload={"model": "llama-3.1-405b"}))
    assert rate.reason == "h100: the weights of llama-3.1-405b need 406 GB; a domain of 4 holds 301 GB"
    assert not rate.eligible and rate.requests_per_s.tolist() == [0.0] * 25


def test_reason_cache_of_one_request_does_not_fit():
    """Llama 70B leaves 601.3 - 70.6 = 531 GB on eight H100; two million tokens need 2e6 x 327,680 B = 655 GB."""
    rate = answer(instance(request={"input_tokens": 2e6}))
    assert rate.reason == (
        "h100: the KV cache of one request to llama-3.1-70b needs 655 GB on a domain of 8; "
        "531 GB are left beside the weights"
    )


def test_reason_network_alone():
    rate = answer(instance(slo={"ttft_ms": 150}, network={"round_trip_ms": {"site": {"home": 180}}}))
    assert rate.reason == "network alone takes 180 ms of the 150 ms TTFT target"


def test_reason_decode_too_slow():
    """The fastest engine is eight H100 with one request: its step by the formula, to the digit in the sentence."""
    problem = instance(slo={"tpot_ms": 2})
    chat = problem.workloads["chat"]
    case = make_case("h100", problem.accelerators["h100"], problem.models[chat.model], chat.request)
    fastest = 1e3 * float(roofline.operate(case, 8, 1).tpot_s)
    assert answer(problem).reason == (
        f"h100: decode needs at least {number(fastest)} ms per token for llama-3.1-70b; the target is 2 ms"
    )


def test_reason_first_token_too_slow():
    rate = answer(instance(slo={"ttft_ms": 100}))
    assert rate.reason.startswith("h100: the first token of llama-3.1-70b takes at least ")
    assert rate.reason.endswith(" ms, 17.7 ms of it network; the target is 100 ms")


def test_reason_both_targets_only_together():
    """At 1 GB/s between accelerators one alone reads prompts faster than eight, and eight decode faster than one. With
    the TTFT target of the one and the TPOT target of the eight, either can be met and no engine meets both."""
    slow_link = catalogue.accelerators()["h200"] | {"link_gb_s": 1.0}
    sizes = {"input_tokens": 4000, "output_tokens": 400}
    problem = instance(chips=("h200",), accelerators={"h200": slow_link}, request=sizes)
    chat = problem.workloads["chat"]
    case = make_case("h200", problem.accelerators["h200"], problem.models[chat.model], chat.request)
    alone, all_eight = (roofline.operate(case, t, 1) for t in (1, 8))
    assert alone.ttft_s < all_eight.ttft_s and all_eight.tpot_s < alone.tpot_s
    targets = {"ttft_ms": 1e3 * float(alone.ttft_s) + 20, "tpot_ms": 1e3 * float(all_eight.tpot_s) + 1e-6}
    rate = answer(instance(chips=("h200",), accelerators={"h200": slow_link}, request=sizes, slo=targets), "h200/h200")
    assert not rate.eligible and "the first one takes at least" in rate.reason


def test_numbers_in_sentences_differ_from_the_target():
    """30.0002 against a target of 30 is not printed as 30."""
    assert [number(v) for v in (1250.4, 41.04, 7.204, 0.5)] == ["1250", "41", "7.2", "0.5"]
    assert number(30.0002, 30) == "30.0002" and number(30.2, 30) == "30.2"


# Prices


def test_usd_per_million_tokens_of_a_lease():
    """USD 2 per hour at T tokens/s: 2e6 / (3600 T); at an availability of 0.8 the usable hour costs 2.5."""
    problem = instance({"a": lease("h100"), "b": lease("h100", availability=0.8)})
    table = rate_table(problem)
    tokens = table["a/h100", "chat"].tokens_per_s
    first, second = usd_per_million_tokens(problem, table)
    assert (first.offer, first.workload, first.usd_per_accelerator_hour) == ("a", "chat", pytest.approx(2.0))
    assert first.usd_per_million_tokens == pytest.approx(2e6 / 3600 / tokens)
    assert second.usd_per_accelerator_hour == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("offer", "hourly"),
    [
        (lease("h100", terms=[{"months": 12, "usd_per_month": 146100.0}]), 2.0),
        (
            lease("h100", terms=[{"months": 2, "usd_per_month": 146100.0, "fee_factor": [0.0, 1.0]}], ramp=[0.5, 1.0]),
            4 / 3,
        ),
        (lease("h100", terms=[{"months": 24, "usd_per_accelerator_hour": 2.0, "escalator_per_year": 0.1}]), 2.1),
        (lease("h100", power_mw=0.1461, terms=[{"months": 12, "usd_per_mw_month": 1e6}], ramp=[0.5, 1.0]), 2.0),
        (lease("h100", terms=[{"months": 9, "usd_per_accelerator_hour": usd} for usd in (3.0, 2.0)]), 2.0),
        (
            {
                "provider": "p",
                "region": "site",
                "accelerator": "h100",
                "elastic": {
                    "usd_per_accelerator_hour": {"2026-01": 3.0, "2026-06": 2.0, "2027-01": 1.0},
                    "max_accelerators": 5,
                },
            },
            2.0,
        ),
    ],
)
def test_price_of_an_hour_by_kind_of_term(offer, hourly):
    """100 accelerators x 730.5 hours a month = 73,050 hours: USD 146,100 a month is 2.00. Half delivered and nothing
    due in the first of two months: 146,100 / 109,575 = 4/3. Ten percent more in the second of two years: 2.1 on
    average. 0.1461 MW at USD 1e6: 146,100 a month, half of it for half of it. Two terms: the cheaper. Elastic: the
    price of the first month."""
    problem = instance({"a": offer})
    (price,) = usd_per_million_tokens(problem, rate_table(problem))
    assert price.usd_per_accelerator_hour == pytest.approx(hourly)


def test_price_of_an_api():
    """2000 x 0.6 + 400 x 2.4 = 2160 over 2400 tokens: USD 0.90 per million."""
    problem = instance({"api": API}, workload={"model": "deepseek-r1"})
    (price,) = usd_per_million_tokens(problem, rate_table(problem))
    assert price.usd_per_million_tokens == pytest.approx(0.90) and price.usd_per_accelerator_hour is None


def test_what_cannot_serve_has_no_price():
    problem = instance(slo={"tpot_ms": 1})
    assert usd_per_million_tokens(problem, rate_table(problem)) == []


# Against measurements


MODELS = {
    "dsr1": "deepseek-r1",
    "gptoss": "gpt-oss-120b",
    "llama70b": "llama-3.1-70b",
    "m25": "minimax-m2",
    "qwen235b": "qwen3-235b",
    "qwen32b": "qwen3-32b",
}
"""name in the table of measurements -> id in the catalogue"""


def measured_points():
    """Aggregated points without speculation or data-parallel attention, on up to eight accelerators."""
    with MEASURED.open(newline="") as file:
        for point in csv.DictReader(file):
            plain = (point["disagg"], point["dpattn"], point["spec"]) == ("False", "0", "none")
            held = point["prec"] and catalogue.accelerators()[point["hw"]].get(f"{point['prec']}_tflops")
            if plain and held and point["model"] in MODELS and float(point["gpus"]) <= 8:
                yield point


def predicted_over_measured():
    points = list(measured_points())
    cases = []
    for point in points:
        served = model(**catalogue.models()[MODELS[point["model"]]] | {"precision": point["prec"]})
        lengths = {
            key: float(point[short]) * float(point["lenfrac"])
            for key, short in (("input_tokens", "isl"), ("output_tokens", "osl"))
        }
        cases.append(make_case(point["hw"], chip(point["hw"]), served, Request(**lengths)))
    column = {key: np.array([float(p[key]) for p in points])[:, None, None] for key in ("gpus", "conc", "tput_gpu")}
    stacked = stack(cases)
    served = roofline.operate(stacked, column["gpus"], column["conc"]).requests_per_s
    return (served * (stacked.input + stacked.output) / column["tput_gpu"]).ravel()


@pytest.mark.skipif(not MEASURED.exists(), reason="the table of public measurements is not beside the checkout")
def test_accuracy_on_public_measurements():
    """Tokens/s per accelerator: half of the points within 12 %, nine of ten within 50 %, no bias beyond 5 %.

    The constants were fitted on points of this table, so this guards the implementation, not the model.
    """
    ratio = predicted_over_measured()
    assert len(ratio) > 1400
    assert median(abs(ratio - 1)) < 0.12 and np.quantile(abs(ratio - 1), 0.9) < 0.50
    assert median(ratio) == pytest.approx(1, abs=0.05)


def test_every_constant_is_used():
    """Doubling any fitted constant changes a prediction: a name misread in the table would change nothing."""
    constants = efficiency.table()["constants"]
    before = predictions()
    for key in constants:
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(constants, key, 2 * constants[key])
            assert not np.array_equal(predictions(), before), key


def predictions():
    """Rates and latencies of a dense and a sparse model at the ends of the grid."""
    request = Request(input_tokens=2000, output_tokens=400)
    served = (model(**catalogue.models()[key]) for key in ("llama-3.1-8b", "deepseek-r1"))
    case = stack([make_case("b200", chip("b200"), each, request) for each in served])
    t, batch = np.array([1.0, 8.0])[None, :, None], np.array([1.0, 4096.0])[None, None, :]
    return np.stack(roofline.operate(case, t, batch))
