"""The roofline by hand: steps, collectives, the engine in steady state, memory, and the facts that it starts from."""

import numpy as np
import pytest

from offtake.instance import catalogue
from offtake.instance.schema import Accelerator, LanguageModel, Request
from offtake.throughput import disaggregated, roofline
from offtake.throughput.cases import Case, attention_parameters, expert_parameters, make_case, peak_flops
from offtake.throughput.efficiency import Fitted
from offtake.throughput.roofline import Shape

IDEAL = Fitted(*np.ones(len(Fitted._fields)))._replace(
    **dict.fromkeys((name for name in Fitted._fields if name.endswith("_s")), 0.0),
    prefill_queue=0.0,
    prefill_burst=0.0,
    reserve_bytes=0.0,
)
"""all of the datasheet, and nothing lost in between"""
ONE, FOUR, EIGHT = (Shape(np.array(t), np.array(False), np.array(False)) for t in (1.0, 4.0, 8.0))
SPREAD = Shape(np.array(4.0), np.array(True), np.array(True))
"""four accelerators with data-parallel attention and whole experts"""


def toy(**facts):
    """An engine that costs only what the test names: 1 TB/s, 1 PFLOP/s, 1000 tokens in, 100 out."""
    free = dict.fromkeys(Case._fields, 0.0)
    rates = {"bandwidth": 1e12, "expert_peak": 1e15, "dense_peak": 1e15, "bf16_peak": 1e15, "link": 1e12}
    sizes = {"domain": 8.0, "memory_bytes": 80e9, "kv_split_max": 8.0}
    lengths = {"input": 1000.0, "computed": 1000.0, "output": 100.0}
    return Case(**(free | rates | sizes | lengths | facts))


def step(case, shape, batch, fitted=IDEAL):
    return roofline.decode_step_s(case, fitted, shape, np.array(batch, dtype=float))


# The step of decoding


def test_decode_reads_its_weights():
    """100 GB at 1 TB/s is 100 ms on one accelerator, 25 ms on four; a batch of 8 costs nothing more."""
    case = toy(ffn_bytes=100e9, ffn_parameters=100e9)
    assert step(case, ONE, 1) == pytest.approx(0.100)
    assert step(case, FOUR, 8) == pytest.approx(0.025)


def test_decode_turns_compute_bound():
    """2 flop x 100e9 parameters at 1 PFLOP/s are 0.2 ms per request: 500 of them equal the 100 ms of reading, and
    1,000 take 200 ms."""
    case = toy(ffn_bytes=100e9, ffn_parameters=100e9)
    assert step(case, ONE, [500, 1000]) == pytest.approx([0.100, 0.200])


def test_components_take_their_own_time():
    """Each component waits for its own slower side: 30 GB of feed-forward at 30 ms, and a head of 10e9 parameters that
    1,000 requests compute in 20 ms while its 5 GB take 5. Together 50 ms, not max(35, 20)."""
    case = toy(ffn_bytes=30e9, head_bytes=5e9, head_parameters=10e9)
    assert step(case, ONE, 1000) == pytest.approx(0.050)


def test_decode_reads_the_cache_of_every_request():
    """0.105 GB a request at 1 TB/s are 0.105 ms; split over at most 2 KV heads, 20 requests take 2.1 ms on one
    accelerator and 1.05 ms on four or eight. Half the cache if the engine quantises it."""
    case = toy(read_bytes=0.105e9, kv_split_max=2)
    assert [float(step(case, shape, 20)) for shape in (ONE, FOUR, EIGHT)] == pytest.approx([2.1e-3, 1.05e-3, 1.05e-3])
    assert step(case, ONE, 20, IDEAL._replace(cache_share=0.5)) == pytest.approx(1.05e-3)


def test_data_parallel_attention_splits_a_latent_cache():
    """One KV head: tensor parallelism reads the whole cache on all four, 20 x 0.105 ms; with data-parallel attention
    each reads a quarter. But each reads all 8 GB of the mixers, 8 ms instead of 2."""
    latent = toy(read_bytes=0.105e9, kv_split_max=1)
    assert [float(step(latent, shape, 20)) for shape in (FOUR, SPREAD)] == pytest.approx([2.1e-3, 0.525e-3])
    mixers = toy(attention_bytes=8e9)
    assert [float(step(mixers, shape, 20)) for shape in (FOUR, SPREAD)] == pytest.approx([2e-3, 8e-3])


def test_experts_touched():
    """One of four experts per token: one token reads 1/4 of them, two tokens 1 - (3/4)^2 = 7/16. 64 GB of experts at
    1 TB/s: 16 and 28 ms. Spread whole over four, the busiest of which has 1.2 x the mean: 28 / 4 x 1.2 = 8.4 ms."""
    case = toy(expert_bytes=64e9, expert_share=0.25)
    assert step(case, ONE, [1, 2]) == pytest.approx([0.016, 0.028])
    assert step(case, SPREAD, 2, IDEAL._replace(expert_imbalance=1.2)) == pytest.approx(0.0084)


def test_ranks_wait_for_the_longest_prompt():
    """A prompt of 1000 tokens x 2 flop x 100e9 at 4 PFLOP/s takes 50 ms, and 1.5 x that where the longest prompt of
    the ranks has 1.5 x the mean; tensor parallelism has no ranks."""
    uneven, case = IDEAL._replace(rank_imbalance=1.5), toy(ffn_parameters=100e9)
    assert [float(roofline.prefill_s(case, uneven, shape)) for shape in (SPREAD, FOUR)] == pytest.approx([0.075, 0.05])


def test_tensor_parallelism_pays_for_collectives():
    """10 layers, two all-reduces each. Launch: 20 x 10 us = 200 us up to 8, x log2(64)/3 = 2 at 64. Traffic of one
    token of hidden size 1000 in 2 bytes on 4 accelerators: 20 x 2 x 3/4 x 2000 B = 60 kB at 1 TB/s = 0.06 us."""
    case, slow = toy(layers=10, hidden=1000), IDEAL._replace(collective_s=1e-5)
    assert step(case, ONE, 1, slow) == pytest.approx(0.0, abs=1e-12)
    assert step(case, FOUR, 1, slow) == pytest.approx(200e-6 + 0.06e-6)
    assert step(case._replace(hidden=0.0), FOUR._replace(t=np.array(64.0)), 1, slow) == pytest.approx(400e-6)


def test_spread_experts_send_tokens_instead():
    """10 sparse layers, 2 experts a token, hidden size 1000: 3 bytes there and back to 3 of 4 accelerators, a quarter
    of the tokens from each: 10 x 2 x 1000 x 3 x 3/4 / 4 = 11,250 B a token of the engine."""
    case = toy(layers=10, moe_layers=10, hidden=1000, experts_per_token=2)
    assert roofline.collective_s_per_token(case, IDEAL, SPREAD) == pytest.approx(11250e-12)


def test_long_context_is_arithmetic_too():
    """1.05e12 flop per token at 1 PFLOP/s are 1.05 ms a request, more than reading; four accelerators share it. In a
    prompt, 1e14 flop of attention are 100 ms on top of 200 ms for the weights."""
    case = toy(core_flop=1.05e12, prompt_flop=1e14)
    assert step(case, FOUR, 8) == pytest.approx(2.1e-3)
    prompt = case._replace(ffn_parameters=100e9)
    assert [float(roofline.prefill_s(prompt, IDEAL, shape)) for shape in (ONE, FOUR)] == pytest.approx([0.3, 0.075])


# The engine in steady state


STEADY = toy(ffn_bytes=10e9, ffn_parameters=50e9, dense_peak=1e15)
"""a step of 10 ms and a prefill of 1000 tokens x 2 flop x 50e9 at 1 PFLOP/s = 0.1 s, as long as a batch is small"""


def test_cycle_by_hand():
    """100 tokens of 10 ms: 1 s, with the prefill 1.1 s. X = 1/1.1, TTFT = 0.1 + 0.01, TPOT = (1.1 - 0.11) / 99 = 10 ms;
    a tenth of 1.1 s is prefill. On four accelerators everything takes a quarter: the same rate for each."""
    one = roofline.operate(STEADY, IDEAL, ONE, 1)
    assert one.requests_per_s == pytest.approx(1 / 1.1) and one.prefill_share == pytest.approx(0.1 / 1.1)
    assert one.ttft_s == pytest.approx(0.11) and one.tpot_s == pytest.approx(0.010)
    assert roofline.operate(STEADY, IDEAL, FOUR, 1).requests_per_s == pytest.approx(1 / 1.1)


def test_prefills_stall_the_other_requests():
    """Ten at once: the cycle is 1 + 10 x 0.1 = 2 s, X = 5/s; half of the engine's time is prefill, rho = 0.5. With
    gamma 0.2 and beta 0.1 a prefill waits 1 + 9 x (0.2 x 0.5 + 0.1) = 2.8 times its 0.1 s: TTFT 0.29, TPOT
    (2 - 0.29) / 99."""
    ten = roofline.operate(STEADY, IDEAL._replace(prefill_queue=0.2, prefill_burst=0.1), ONE, 10)
    assert ten.requests_per_s == pytest.approx(5.0)
    assert ten.ttft_s == pytest.approx(0.29) and ten.tpot_s == pytest.approx(1.71 / 99)


def test_drafted_tokens_shorten_the_answer():
    """Two tokens a step: 100 tokens in 50 steps, a cycle of 0.6 s."""
    assert roofline.operate(STEADY, IDEAL, ONE, 1, 2.0).requests_per_s == pytest.approx(1 / 0.6)


def test_one_token_answers_have_a_token_time():
    """There is no later token to average over: TPOT is half a step at least, not a division by zero."""
    at = roofline.operate(STEADY._replace(output=1.0), IDEAL, ONE, 1)
    assert at.tpot_s == pytest.approx(0.005)


def test_prompts_and_answers_apart():
    """Ten requests in a decoding engine of one: 100 steps of 10 ms, 0.1 accelerator-seconds a request. A prefill of
    0.1 s at a utilisation of 0.7: 1/7. Together 0.24286: 4.118 requests/s. TTFT = 0.1 x (1 + 0.7 / 0.6) + 0.01."""
    reading = disaggregated.prefill(STEADY, IDEAL, ONE)
    at = disaggregated.operate(STEADY, IDEAL, reading, ONE, np.array(10.0), 1.0)
    assert at.requests_per_s == pytest.approx(1 / (0.1 + 1 / 7))
    assert at.ttft_s == pytest.approx(0.1 * (1 + 0.7 / 0.6) + 0.01) and at.tpot_s == pytest.approx(0.010)


def test_memory_bounds_the_batch():
    """80 GB hold 50 GB of weights and 30 GB of cache at 1.1 GB a request: 27. On four, with two KV heads, each holds
    12.5 GB of weights and half of every cache: floor(67.5 / 0.55) = 122. 90 GB of weights do not fit on one."""
    case = toy(weight_bytes=50e9, held_bytes=1.1e9, kv_split_max=2)
    assert [float(roofline.largest_batch(case, IDEAL, shape)) for shape in (ONE, FOUR)] == [27, 122]
    assert roofline.largest_batch(case._replace(weight_bytes=90e9), IDEAL, ONE) == 0


def test_data_parallel_attention_repeats_its_weights():
    """Of 48 GB, 8 are mixers: four accelerators hold (48 + 3 x 8) / 4 = 18 GB each, and a quarter of every cache:
    floor((80 - 18) / 0.275) = 225 requests in the engine."""
    case = toy(weight_bytes=48e9, attention_bytes=8e9, held_bytes=1.1e9, kv_split_max=1)
    assert roofline.weight_bytes(case, SPREAD) == 18e9
    assert roofline.largest_batch(case, IDEAL, SPREAD) == 225


# The facts of a case


def chip(key):
    return Accelerator.model_validate(catalogue.accelerators()[key])


def model(key="", **facts):
    sizes = {"parameters": 100e9, "active_parameters": 100e9, "layers": 10, "hidden_size": 1024}
    known = catalogue.models()[key] if key else sizes | {"kv_bytes_per_token": 1e5}
    return LanguageModel.model_validate(known | facts)


def case_of(served, key="h100", **lengths):
    return make_case(chip(key), served, Request(**({"input_tokens": 1000, "output_tokens": 100} | lengths)))


@pytest.mark.parametrize(
    ("key", "precision", "tflops", "size"),
    [
        ("b200", "fp4", 9000, 56.25e9),
        ("h100", "fp4", 1979, 56.25e9),
        ("b200", "int4", 2250, 56.25e9),
        ("a100", "fp8", 624, 100e9),
        ("h100", "bf16", 989, 200e9),
    ],
)
def test_weights_are_held_as_released_and_computed_as_the_chip_can(key, precision, tflops, size):
    """H100 computes 4-bit weights in fp8, A100 8-bit ones as integers, and 4-bit integers are bf16 everywhere; memory
    holds what was released, 4-bit formats with a scale for each 16 or 32 values."""
    assert peak_flops(chip(key), precision) == pytest.approx(tflops * 1e12)
    assert case_of(model(precision=precision), key).weight_bytes == pytest.approx(size)


def test_expert_parameters_inferred():
    """100e9 in all, 28e9 active, 2 of 8 experts: X = (100 - 28) / (1 - 1/4) = 96e9, so 4e9 dense + 24e9 of experts."""
    sparse = model(active_parameters=28e9, experts=8, experts_per_token=2)
    assert expert_parameters(sparse) == pytest.approx(96e9)
    case = case_of(sparse)
    dense = case.attention_parameters + case.ffn_parameters + case.head_parameters
    assert dense == pytest.approx(4e9) and case.expert_parameters == pytest.approx(24e9)


@pytest.mark.parametrize("key", ["llama-3.1-8b", "llama-3.1-70b", "qwen3-235b", "deepseek-r1", "gpt-oss-120b"])
def test_mixers_inferred_as_stated(key):
    """What the sizes of the heads give is what the catalogue states, within 1 % (biases, the index)."""
    stated = model(key).attention_parameters
    assert attention_parameters(model(key, attention_parameters=None)) == pytest.approx(stated, rel=0.01)


def test_prefix_cache_saves_compute_not_memory():
    """Half of 1000 tokens cached: 500 are computed; they attend to 500 x (1000 - 250) = 375,000 pairs instead of
    1000^2 / 2 = 500,000; the cache still holds all 1000."""
    cold, warm = case_of(model()), case_of(model(), prefix_cache_hit=0.5)
    assert (cold.computed, warm.computed, warm.input) == (1000, 500, 1000)
    assert warm.prompt_flop / cold.prompt_flop == pytest.approx(375 / 500) and warm.held_bytes == cold.held_bytes


def test_attention_of_known_architectures():
    """Two flop per multiply-add, scores and values, at the mean context of 100 + 1/2 tokens. Llama 70B: 2 x 64 heads x
    (128 + 128) x 80 layers. DeepSeek-R1, absorbed: 2 x 128 heads x (576 + 512) x 61; over a prompt of 100 tokens,
    spelled out: 2 x 128 x (192 + 128) x 61 x 100^2 / 2."""
    llama, deepseek = (
        case_of(model(key), input_tokens=100, output_tokens=1) for key in ("llama-3.1-70b", "deepseek-r1")
    )
    assert llama.core_flop == pytest.approx(2 * 64 * 256 * 80 * 100.5)
    assert llama.prompt_flop == 2 * 64 * 256 * 80 * 5000 and llama.held_bytes == 101 * 327680
    assert deepseek.core_flop == pytest.approx(2 * 128 * 1088 * 61 * 100.5)
    assert deepseek.prompt_flop == 2 * 128 * 320 * 61 * 5000 and deepseek.kv_split_max == 1


def test_kinds_of_cache():
    """1000 tokens in, 100 out: 1100 held, 1050 read at the mean.

    Windows of 128 on half of the layers: these hold and read 128 tokens. Sparse attention to 200 tokens holds 1100 and
    reads 200, and all of its index. A linear state of 1 MB is held once, read and written at every step."""
    plain = case_of(model())
    assert (plain.held_bytes, plain.read_bytes) == pytest.approx((1100e5, 1050e5))
    windows = {"window_tokens": 128, "window_layers": 5, "window_bytes_per_token": 2e5}
    windowed = case_of(model(**windows))
    assert (windowed.held_bytes, windowed.read_bytes) == pytest.approx((1100e5 + 256e5, 1050e5 + 256e5))
    sparse = case_of(model(sparse_tokens=200, index_dimensions=64, index_bytes_per_token=1e3))
    assert (sparse.held_bytes, sparse.read_bytes) == pytest.approx((1100e5 + 11e5, 200e5 + 10.5e5))
    assert sparse.core_flop == pytest.approx(plain.core_flop * 200 / 1050 + 2 * 64 * 10 * 1050)
    linear = case_of(model(linear_layers=5, state_bytes=1e6))
    assert (linear.held_bytes, linear.read_bytes) == pytest.approx((1100e5 + 1e6, 1050e5 + 2e6))


def test_fixed_costs_of_a_step():
    """DeepSeek-R1 has 3 dense and 58 sparse layers, all 61 latent: 3 x 10 + 58 x 20 + 61 x 5 + 100 us."""
    slow = IDEAL._replace(dense_layer_s=10e-6, moe_layer_s=20e-6, latent_layer_s=5e-6, step_s=100e-6)
    assert roofline.overhead_s(case_of(model("deepseek-r1")), slow) == pytest.approx(1595e-6)
