"""Whole tables: the laws that every rate obeys, what overrides it, the sentences of what it refuses, and prices."""

import io
import math

import numpy as np
import pytest
from rich.console import Console

from offtake.cli.throughput import measure, pages
from offtake.instance import catalogue
from offtake.instance.schema import Instance
from offtake.throughput import efficiency, queueing, rate_table, roofline, search, usd_per_million_tokens
from offtake.throughput.rates import number

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
    assert rate.ttft_ms <= 1500 and rate.tpot_ms <= 30 and 0 < rate.utilisation < 1 and 0 < rate.prefill_share < 1
    assert rate.tokens_per_joule == pytest.approx(rate.tokens_per_s / 1370) and rate.limit == "TPOT"
    assert rate.calibrated == rate_table(instance()).calibrated == efficiency.shipped().calibrated
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
    """Brute force over the same engines, one at a time, in plain floats: a dense model has no experts to spread, so
    tensor parallelism of 1, 2, 4 and 8."""
    problem = instance()
    case, fitted = served(problem)
    network_ms = 2 * 1000.756 * 1.5 * 1.468 / 299.792458 + 3
    best = (0.0, 0.0)
    for t in (1, 2, 4, 8):
        largest = float(roofline.largest_batch(case, fitted, tensor(t)))
        for batch in {round(2 ** (quarter / 4)) for quarter in range(37)}:
            if largest < 1:
                continue
            held = min(batch, largest)
            at = roofline.operate(case, fitted, tensor(t), held)
            ttft_ms, tpot_ms = 1e3 * at.ttft_s + network_ms, 1e3 * at.tpot_s
            if ttft_ms <= 1500 and tpot_ms <= 30:
                service, wait = at.ttft_s + 399 * at.tpot_s, (1500 - ttft_ms) / 1e3
                busy = float(queueing.utilisation(held, service, wait, 1.0))
                best = max(best, (float(at.requests_per_s) * busy, ttft_ms))
    rate = answer(problem)
    assert (rate.requests_per_s[0], rate.ttft_ms) == pytest.approx(best)


def served(problem, key="h100"):
    """The chat workload's case and constants on an accelerator, in plain floats."""
    question = search.Question(key, "chat", 0.0)
    case, fitted = search.stacked(problem, efficiency.of(problem), [question])
    return type(case)(*(x.item() for x in case)), type(fitted)(*(x.item() for x in fitted))


def tensor(t):
    return roofline.Shape(np.array(float(t)), np.array(False), np.array(False))


def test_the_bound_of_the_memory_is_tried():
    """Batch work on prompts of 15,000 tokens fills the memory: the batch that is chosen is the most that fits, between
    two of the grid, and the rate says so."""
    problem = instance(request={"input_tokens": 15000}, workload={"kind": "batch"})
    rate = answer(problem)
    case, fitted = served(problem)
    assert rate.limit == "memory"
    assert rate.batch == roofline.largest_batch(case, fitted, tensor(rate.tensor_parallel))
    room = roofline.usable_bytes(case, fitted) / 1e9
    assert room - case.held_bytes / 1e9 < rate.memory_gb <= room


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
    assert batch.requests_per_s[0] == pytest.approx(loose.requests_per_s[0])
    assert batch.requests_per_s[0] > answer(instance()).requests_per_s[0]


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
    """H100 with Llama 70B was measured: 1. B300 with it was not, its family was: exp(-sigma of a new model). TPU7x:
    exp(-sigma of a new vendor). The factor is already in the rate, and sigma is told beside it."""
    sigma = efficiency.shipped().sigma
    problem = instance(chips=("h100", "b300", "tpu7x"))
    rates = [answer(problem, f"{key}/{key}") for key in ("h100", "b300", "tpu7x")]
    assert [rate.sigma for rate in rates] == [sigma.pair, sigma.model, sigma.vendor]
    assert [rate.derate for rate in rates] == pytest.approx([1, math.exp(-sigma.model), math.exp(-sigma.vendor)])
    trusting = efficiency.shipped().model_copy(update={"sigma": sigma.model_copy(update={"vendor": 0.0})})
    whole = answer(instance(chips=("tpu7x",), throughput={"efficiencies": trusting}), "tpu7x/tpu7x")
    assert rates[2].requests_per_s[0] / whole.requests_per_s[0] == pytest.approx(math.exp(-sigma.vendor))


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


def test_a_rate_cites_where_it_comes_from():
    """A measured one the rows of its curve; `offtake throughput` prints it below the rate."""
    assert measured(row()).cited is None
    fast = {"tpot_ms": 28, "tokens_per_s_per_accelerator": 1920}
    ends = [row(concurrency=1, source="a log, 2026-04"), row(concurrency=9, source="a blog, 2026-05", **fast)]
    found = measured(*ends, row(engine="other", tokens_per_s_per_accelerator=7, source="a third"))
    assert found.cited == "a log, 2026-04; a blog, 2026-05"
    rate = {"accelerator": "h100", "workload": "chat", "requests_per_s_per_accelerator": 0.8, "source": "own, 2026-05"}
    given = instance(throughput={"rates": [rate]})
    assert answer(given).cited == "own, 2026-05"
    page = Console(width=200, file=io.StringIO())
    rates = rate_table(given)
    for part in pages(given, measure(given, rates), rates.calibrated):
        page.print(part)
    assert "given: own, 2026-05" in page.file.getvalue()


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


def test_reason_memory_too_small_for_the_model():
    """0.23 GB beside its arithmetic are less than software keeps on anything the model was fitted to."""
    lpu = {"h100": catalogue.accelerators()["h100"] | {"memory_gb": 0.23}}
    assert answer(instance(accelerators=lpu)).reason == (
        "h100: its 0.23 GB are less than the 3.5 GB that the model keeps for software; only throughput.rates or "
        "throughput.measured can say how it serves llama-3.1-70b"
    )


@pytest.mark.parametrize("model", ["llama-3.1-8b", "llama-3.1-70b"])
def test_reason_an_lpu_needs_rates_or_rows(model):
    lpu = {"h100": catalogue.accelerators()["groq-lpu"]}
    assert answer(instance(accelerators=lpu, workload={"model": model})).reason == (
        "h100: an LPU holds a model in the memory of hundreds of chips in a line, 0.23 GB each, and the model of "
        "engines knows no such lines; only throughput.rates or throughput.measured can say how it serves " + model
    )


def test_reason_cache_of_one_request_does_not_fit():
    """Llama 70B leaves 601.3 - 70.55 = 531 GB on eight H100; three million tokens need 3e6 x 327,680 B = 983 GB, times
    the share of it that the engine holds."""
    problem = instance(request={"input_tokens": 3e6})
    cache = 3e6 * 327680 / 1e9 * served(problem)[1].cache_share
    assert answer(problem).reason == (
        f"h100: the KV cache of one request to llama-3.1-70b needs {number(cache)} GB on a domain of 8; "
        "531 GB are left beside the weights"
    )


def test_reason_network_alone():
    rate = answer(instance(slo={"ttft_ms": 150}, network={"round_trip_ms": {"site": {"home": 180}}}))
    assert rate.reason == "network alone takes 180 ms of the 150 ms TTFT target"


def test_reason_decode_too_slow():
    """The fastest engine is eight H100 with one request: its step by the formula, to the digit in the sentence."""
    problem = instance(slo={"tpot_ms": 2})
    fastest = 1e3 * float(roofline.operate(*served(problem), tensor(8), 1).tpot_s)
    assert answer(problem).reason == (
        f"h100: decode needs at least {number(fastest)} ms per token for llama-3.1-70b; the target is 2 ms"
    )


def test_reason_first_token_too_slow():
    rate = answer(instance(slo={"ttft_ms": 100}))
    assert rate.reason.startswith("h100: the first token of llama-3.1-70b takes at least ")
    assert rate.reason.endswith(" ms, 17.7 ms of it network; the target is 100 ms")


def test_reason_both_targets_only_together():
    """At 10 GB/s between accelerators one alone reads prompts faster than eight, and eight decode faster than one. With
    the TTFT target of the one and the TPOT target of the eight, either can be met and no engine meets both."""
    slow_link = catalogue.accelerators()["h200"] | {"link_gb_s": 10.0}
    sizes = {"input_tokens": 4000, "output_tokens": 400}
    problem = instance(chips=("h200",), accelerators={"h200": slow_link}, request=sizes)
    alone, all_eight = (roofline.operate(*served(problem, "h200"), tensor(t), 1) for t in (1, 8))
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
    average. 0.1461 MW at USD 1e6: 146,100 a month, half of it for half of it. Elastic: the price of the first
    month."""
    problem = instance({"a": offer})
    (price,) = usd_per_million_tokens(problem, rate_table(problem))
    assert price.usd_per_accelerator_hour == pytest.approx(hourly)


def test_every_term_has_a_price():
    """Nine months at USD 3 and eighteen at 2: two rows, in the order of the file."""
    terms = [{"months": 9, "usd_per_accelerator_hour": 3.0}, {"months": 18, "usd_per_accelerator_hour": 2.0}]
    problem = instance({"a": lease("h100", terms=terms)})
    prices = usd_per_million_tokens(problem, rate_table(problem))
    assert [price.basis for price in prices] == ["9 months, mean of the term", "18 months, mean of the term"]
    assert prices[0].usd_per_million_tokens / prices[1].usd_per_million_tokens == pytest.approx(1.5)


def test_input_and_output_tokens_share_the_time():
    """All of the price is borne by 2,000 input and 400 output tokens, each kind by its share of the time."""
    problem = instance()
    table = rate_table(problem)
    (price,) = usd_per_million_tokens(problem, table)
    spent = 2000 * price.usd_per_million_input_tokens + 400 * price.usd_per_million_output_tokens
    assert spent / 2400 == pytest.approx(price.usd_per_million_tokens)
    share = table["h100/h100", "chat"].prefill_share
    assert 2000 * price.usd_per_million_input_tokens / spent == pytest.approx(share)
    assert price.usd_per_million_input_tokens < price.usd_per_million_output_tokens


def test_price_of_an_api():
    """2000 x 0.6 + 400 x 2.4 = 2160 over 2400 tokens: USD 0.90 per million."""
    problem = instance({"api": API}, workload={"model": "deepseek-r1"})
    (price,) = usd_per_million_tokens(problem, rate_table(problem))
    assert price.usd_per_million_tokens == pytest.approx(0.90) and price.usd_per_accelerator_hour is None


def test_what_cannot_serve_has_no_price():
    problem = instance(slo={"tpot_ms": 1})
    assert usd_per_million_tokens(problem, rate_table(problem)) == []
