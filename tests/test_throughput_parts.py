"""What stands beside the roofline: queues, drafts, measured curves, software gains, serving apart, training."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from offtake.instance.schema import LanguageModel
from offtake.throughput import queueing, rate_table, speculation, training
from offtake.throughput.curves import along_curve
from test_throughput import answer, instance, measured, row

DATA = Path(__file__).parents[2] / "shared" / "data" / "throughput"
beside = pytest.mark.skipif(not DATA.exists(), reason="the public measurements are not beside the checkout")

# Queues


def test_one_place_is_the_queue_of_pollaczek():
    """M/M/1: wait / service = rho / (1 - rho). A wait of one service: rho = 1/2; of nine: 0.9. Arrivals that vary three
    times as much wait (9 + 1) / 2 = 5 times as long."""
    assert queueing.utilisation(np.array(1.0), 2.0, np.array([2.0, 18.0]), 1.0) == pytest.approx([0.5, 0.9])
    assert queueing.utilisation(np.array(1.0), 2.0, np.array(10.0), 3.0) == pytest.approx(0.5)


def test_many_places_need_little_headroom():
    """Sakasegawa at 64 places and rho = 0.9: 0.9^(sqrt(130) - 1) / (64 x 0.1) = 0.0522 of the service."""
    wait = 0.9 ** (math.sqrt(130) - 1) / 6.4
    assert queueing.utilisation(np.array(64.0), 10.0, np.array(10 * wait), 1.0) == pytest.approx(0.9)


def test_no_time_to_wait_is_no_use():
    """Bursts need idle engines: steadier arrivals allow more, an eternity allows all, no slack nothing."""
    steady, bursty = (queueing.utilisation(np.array(8.0), 5.0, np.array(0.5), cv) for cv in (0.5, 3.0))
    assert bursty < steady < 1
    assert queueing.utilisation(np.array(8.0), 5.0, np.array([0.0, 1e12]), 1.0) == pytest.approx([0, 1])


def test_burstier_demand_lowers_the_rate():
    """By what `utilisation` says; the engine that it asks for is another one where that serves more."""
    rates = [
        answer(instance(workload={"demand": {"requests_per_s": 10, "arrival_cv": cv}})) for cv in (0.0, 1.0, 4.0, 16.0)
    ]
    speeds = [rate.requests_per_s[0] for rate in rates]
    assert speeds == sorted(speeds, reverse=True) and speeds[0] > speeds[-1]


# Drafts


def test_the_gain_falls_with_concurrency():
    """Measured 1.61, 1.37 and 1.22 around 4, 16 and 64 at once; half way between in octaves, 1.49; no more beyond."""
    assert speculation.gain(np.array([1, 4, 8, 16, 64, 4096.0])) == pytest.approx([1.61, 1.61, 1.49, 1.37, 1.22, 1.22])


@beside
def test_the_gain_is_near_the_measured_one():
    """72 pairs of one configuration each on DeepSeek-R1: the median ratio of measured to assumed is within 10 %."""
    pairs = pd.read_csv(DATA / "mtp_gain_measured.csv")
    ratio = pairs[pairs.conc <= 128].g / speculation.gain(pairs[pairs.conc <= 128].conc.to_numpy())
    assert float(ratio.median()) == pytest.approx(1, abs=0.1)


def test_only_models_with_draft_layers_speculate():
    """DeepSeek-R1 has a draft layer and Llama none: one gets faster when the instance says so, the other does not."""
    for key, gains in (("deepseek-r1", True), ("llama-3.1-70b", False)):
        plain, drafted = (
            answer(instance(chips=("b200",), workload={"model": key}, throughput={"speculation": on}), "b200/b200")
            for on in (False, True)
        )
        assert (drafted.requests_per_s[0] > plain.requests_per_s[0]) == gains


# Prompts apart


def test_separate_engines_are_taken_where_they_are_faster():
    """Long prompts under a tight token time: prefills stall the steps of an engine that does both. The choice is never
    slower than without, and says with how many accelerators prompts are read."""
    asked = {"request": {"input_tokens": 16000, "output_tokens": 1000}, "slo": {"ttft_ms": 8000, "tpot_ms": 20}}
    together, free = (
        answer(instance(chips=("b200",), throughput={"disaggregated": on}, **asked), "b200/b200")
        for on in (False, True)
    )
    assert together.prefill_accelerators is None and free.prefill_accelerators in (1, 2, 4, 8)
    assert free.requests_per_s[0] > together.requests_per_s[0] and free.tpot_ms <= 20


# Measured curves


def test_along_a_curve():
    """From 10 ms and 100 tokens/s to 40 ms and 400, straight in logarithms: 200 at 20 ms. Beyond 40 ms no more, under
    10 ms nothing; a point that is slower and worse than another counts for nothing."""
    tpot, tokens = np.array([40.0, 10.0, 50.0]), np.array([400.0, 100.0, 300.0])
    found = along_curve(tpot, tokens, np.array([9.0, 10.0, 20.0, 40.0, 50.0, 90.0]))
    assert found == pytest.approx([np.nan, 100, 200, 400, 400, 400], nan_ok=True)
    dense = along_curve(tpot, tokens, np.geomspace(10, 100, 200))
    assert np.all(np.diff(dense) >= 0)


def test_measured_rows_of_one_configuration_are_a_curve():
    """20 ms at 1,200 tokens/s and 45 ms at 2,700, 64 and 256 at once: at the target of 30 ms 1,200 x 30/20 = 1,800.
    Without a concurrency, or from another engine, they are two points, of which one meets the target."""
    ends = [{"concurrency": 64}, {"concurrency": 256, "tpot_ms": 45, "tokens_per_s_per_accelerator": 2700}]
    joined = measured(*(row(**end) for end in ends))
    assert joined.tokens_per_s == pytest.approx(1800) and joined.tpot_ms == pytest.approx(30)
    assert measured(row(), row(tpot_ms=45, tokens_per_s_per_accelerator=2700)).tokens_per_s == 1200
    assert measured(row(**ends[0], engine="a"), row(**ends[1], engine="b")).tokens_per_s == 1200


def test_what_a_tool_estimated_stands_back():
    """An estimate of 3,000 tokens/s beside a measured 1,200: 1,200. Alone it is used, under its own name."""
    guess = row(estimated=True, tokens_per_s_per_accelerator=3000)
    assert measured(guess, row()).tokens_per_s == 1200
    alone = measured(guess)
    assert (alone.tokens_per_s, alone.source) == (3000, "estimated")


def test_measured_curves_are_not_extrapolated():
    """A target of 90 ms on rows up to 45 ms gives what was measured at 45 ms."""
    ends = [{"concurrency": 64}, {"concurrency": 256, "tpot_ms": 45, "tokens_per_s_per_accelerator": 2700}]
    assert measured(*(row(**end) for end in ends), slo={"tpot_ms": 90}).tokens_per_s == pytest.approx(2700)


# Software


def test_software_gain_is_a_curve():
    """A factor of 2 in the first year, then none: 2^(1/2) after six months, 2 after twelve and after twenty-four."""
    problem = instance(throughput={"software_gain_per_year": {"cuda": [2.0, 1.0]}})
    rates = answer(problem).requests_per_s
    assert rates[[6, 12, 24]] / rates[0] == pytest.approx([2**0.5, 2, 2])


# Training


def test_flop_per_token_by_hand():
    """10e9 active parameters and 10 layers of 1024 in sequences of 1000: 6e10 + 6 x 10 x 1024 x 1000 flop. With windows
    of 100 tokens each attends to these, and not to 500, half of the sequence."""
    served = LanguageModel(
        parameters=10e9, active_parameters=10e9, layers=10, hidden_size=1024, kv_bytes_per_token=1.0, heads=8
    )
    assert training.flop_per_token(served, 1000) == pytest.approx(6.006144e10)
    windowed = served.model_copy(update={"window_layers": 10, "window_tokens": 100})
    assert training.flop_per_token(windowed, 1000) == pytest.approx(6e10 + 0.2 * 6.144e7)


@beside
def test_shipped_utilisation_is_the_fit():
    """86 cells of MLPerf training: refitted, the constants are those that ship, and half of the cells are within 12 %;
    on 20 random halves left out, too."""
    cells = pd.read_csv(DATA / "training_mfu.csv")
    parameters = {"llama2_70b_lora": 70e9, "llama31_405b": 405e9, "llama31_8b": 8e9}
    runs = pd.DataFrame(
        {
            "accelerator": cells.acc.str.lower(),
            "accelerators": cells.gpus,
            "active_parameters": cells.bench.map(parameters),
            "fine_tuning": cells.bench.str.contains("lora"),
            "mfu": cells.mfu,
        }
    )
    found = training.fit(runs)
    assert found.at_eight == pytest.approx(training.MEASURED.at_eight, rel=0.01)
    assert found[1:] == pytest.approx(training.MEASURED[1:], rel=0.01)
    errors, draw = [], np.random.default_rng(0)
    for _ in range(20):
        kept = draw.random(len(runs)) < 0.5
        halves = training.fit(runs[kept])
        for name, count, size, tuned, mfu in runs[~kept].itertuples(index=False):
            errors.append(abs(halves.mfu(name, count, size, tuned) / mfu - 1))
    assert np.median(errors) < 0.12


def test_the_whole_table_of_a_frontier_lab_is_fast():
    """418 pairs that can serve, 33 engines of up to 37 batches for each question: under half a second of CPU."""
    import time

    import offtake

    problem = offtake.load(Path(__file__).parents[1] / "instances" / "frontier-lab.yaml")
    began = time.process_time()
    rate_table(problem)
    assert time.process_time() - began < 0.5
