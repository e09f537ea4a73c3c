"""Toys: instances that are solved in the head. Each docstring derives the least cost, which is `TOYS[name]`.

June 2026 has 720 hours and July 744. One chip serves one request per second. Unless a toy says otherwise, the demand
is 10 requests/s without burst or headroom, the rate of discount is 0, and on-demand chips cost 1 USD per
hour: 720 USD a chip in June, 744 in July, so 7,200 USD for all of June.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

TOYS: dict[str, float] = {}
"""Least cost in USD by toy."""

_BUILDERS: dict[str, Callable[[], dict[str, Any]]] = {}


def toy(cost_usd: float) -> Callable:
    """Register a toy with the least cost that its docstring derives."""

    def register(build: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
        TOYS[build.__name__] = cost_usd
        _BUILDERS[build.__name__] = build
        return build

    return register


def document(name: str) -> dict[str, Any]:
    """The instance document of a toy."""
    return _BUILDERS[name]()


def problem(months: int = 1, offers: dict | None = None, demand: dict | None = None, **keys: Any) -> dict[str, Any]:
    """A document with one chip, one model, one region and one workload `chat`; `keys` go on top."""
    on_demand = {"provider": "cloud", "region": "here", "accelerator": "chip", "source": "toy"}
    on_demand["elastic"] = {"usd_per_accelerator_hour": 1.0, "max_accelerators": 1000}
    rates = [{"accelerator": "chip", "workload": "chat", "requests_per_s_per_accelerator": 1.0}]
    document = {
        "format": "offtake/1",
        "name": "toy",
        "horizon": {"start": "2026-06", "months": months},
        "regions": {"here": {"latitude": 0.0, "longitude": 0.0}},
        "accelerators": {"chip": CHIP},
        "models": {"llm": LLM},
        "workloads": {"chat": chat(**(demand or {}))},
        "providers": {"cloud": {"kind": "neocloud"}},
        "offers": {"on-demand": on_demand, **(offers or {})},
        "throughput": {"rates": rates},
    }
    return {**document, **keys}


CHIP = {
    "family": "cuda",
    "bf16_tflops": 1000.0,
    "memory_gb": 100.0,
    "memory_tb_s": 4.0,
    "link_gb_s": 450.0,
    "domain": 8,
    "all_in_kw": 1.0,
}
LLM = {
    "parameters": 8e9,
    "active_parameters": 8e9,
    "layers": 32,
    "hidden_size": 4096,
    "kv_bytes_per_token": 65536.0,
}


def chat(requests_per_s: float = 10.0, **keys: Any) -> dict[str, Any]:
    """An interactive workload of 10 requests/s; `keys` of demand, or of the workload itself."""
    demand_keys = {key: keys.pop(key) for key in list(keys) if key in ("shape", "peak_to_mean", "growth_per_year")}
    return {
        "kind": "interactive",
        "model": "llm",
        "region": "here",
        "request": {"input_tokens": 1000.0, "output_tokens": 100.0},
        "slo": {"ttft_ms": 5000.0, "tpot_ms": 500.0},
        "demand": {"requests_per_s": requests_per_s, **demand_keys},
        **keys,
    }


def batch(requests_per_s: float = 10.0, **keys: Any) -> dict[str, Any]:
    """The same demand as work that may wait."""
    workload = {**chat(requests_per_s), "kind": "batch", **keys}
    del workload["slo"]
    return workload


def lease(chips: float = 10.0, usd_per_month: float | None = 5000.0, months: int = 1, **keys: Any) -> dict[str, Any]:
    """A block of chips for a monthly fee; `terms` and other keys of an offer go on top, keys of a term into its
    term.
    """
    in_term = {key: keys.pop(key) for key in list(keys) if key in TERM_KEYS}
    term = {"months": months, **({} if usd_per_month is None else {"usd_per_month": usd_per_month}), **in_term}
    offer = {"provider": "cloud", "region": "here", "accelerators": {"chip": chips}, "terms": [term], "source": "toy"}
    return {**offer, **keys}


TERM_KEYS = (
    "usd_per_accelerator_hour",
    "usd_per_mw_month",
    "fee_factor",
    "take_or_pay",
    "prepay",
    "escalator_per_year",
    "signing_fee_usd",
)


@toy(5000.0)
def lease_beats_on_demand():
    """On demand 7,200; the lease of 10 chips 5,000."""
    return problem(offers={"lease": lease()})


@toy(3000.0)
def blocks_are_whole():
    """Blocks of 4 chips at 1,000: two and 2 chips on demand 2,000 + 1,440 = 3,440; three 3,000; two and a half is
    not for sale.
    """
    return problem(offers={"lease": lease(4.0, 1000.0, blocks={"min": 1, "max": 10})})


@toy(10800.0)
def on_demand_sells_out():
    """Five chips at 1 USD (3,600), then the dear market at 2 USD (5 x 1,440 = 7,200)."""
    toy = problem()
    dear = {**toy["offers"]["on-demand"], "elastic": {"usd_per_accelerator_hour": 2.0, "max_accelerators": 1000}}
    short = {**toy["offers"]["on-demand"], "elastic": {"usd_per_accelerator_hour": 1.0, "max_accelerators": 5}}
    return {**toy, "offers": {"on-demand": short, "dear": dear}}


@toy(2880.0)
def least_number_of_blocks():
    """Four chips are needed: on demand 2,880; the lease takes at least three blocks, 3,000."""
    return problem(demand={"requests_per_s": 4.0}, offers={"lease": lease(4.0, 1000.0, blocks={"min": 3, "max": 10})})


@toy(3940.0)
def signing_fee_is_paid_once():
    """500 for signing, at most two blocks of 4 chips at 1,000: two blocks 2,500 + 2 x 720 = 3,940; one 1,500 + 6 x
    720 = 5,820.
    """
    return problem(offers={"lease": lease(4.0, 1000.0, blocks={"min": 1, "max": 2}, signing_fee_usd=500.0)})


@toy(12200.0)
def once_is_once():
    """A one-month lease at 5,000 for June or July: July saves 7,440 - 5,000, June only 2,200; 7,200 + 5,000 =
    12,200.
    """
    return problem(months=2, offers={"lease": lease()})


@toy(11320.0)
def one_deal_at_a_time():
    """Five chips at 2,000 a month, for one month or two, one deal in service: 4,000 + 5 x 720 + 5 x 744 = 11,320."""
    terms = [{"months": 1, "usd_per_month": 2000.0}, {"months": 2, "usd_per_month": 2000.0}]
    return problem(months=2, offers={"lease": lease(5.0, terms=terms, repeat="one_at_a_time")})


@toy(11320.0)
def stack_is_limited_by_stock():
    """As one deal at a time, but deals may be stacked; the stock of one block says the same: 11,320."""
    terms = [{"months": 1, "usd_per_month": 2000.0}, {"months": 2, "usd_per_month": 2000.0}]
    return problem(months=2, offers={"lease": lease(5.0, terms=terms, repeat="stack")})


@toy(5600.0)
def at_most_one_of_two():
    """Two leases of five chips at 2,000, of which one may be signed: 2,000 + 5 x 720 = 5,600."""
    offers = {"left": lease(5.0, 2000.0), "right": lease(5.0, 2000.0)}
    return problem(offers=offers, groups=[{"at_most": 1, "offers": ["left", "right"]}])


@toy(12600.0)
def at_least_one_of_one():
    """A lease of five chips at 9,000 that must be signed: 9,000 + 5 x 720 = 12,600."""
    return problem(offers={"dear": lease(5.0, 9000.0)}, groups=[{"at_least": 1, "offers": ["dear"]}])


@toy(6500.0)
def one_offer_requires_another():
    """Ten chips at 5,000, only together with one chip at 1,500: 6,500; on demand 7,200; the one and 9 on demand
    7,980.
    """
    offers = {"cluster": lease(10.0, 5000.0), "support": lease(1.0, 1500.0)}
    return problem(offers=offers, groups=[{"requires": "support", "offer": "cluster"}])


@toy(7200.0)
def use_beyond_take_or_pay():
    """1 USD an hour, half of it owed anyhow: 3,600 fixed and 3,600 for use; on demand costs 2 USD."""
    toy = problem(offers={"lease": lease(10.0, None, usd_per_accelerator_hour=1.0, take_or_pay=0.5)})
    toy["offers"]["on-demand"]["elastic"]["usd_per_accelerator_hour"] = 2.0
    return toy


@toy(5400.0)
def half_used_take_or_pay():
    """7.5 of ten chips at work: 3,600 are owed anyhow and cover five; the other 2.5 x 720 x 1 = 1,800 are billed
    by use.
    """
    toy = problem(
        demand={"requests_per_s": 7.5},
        offers={"lease": lease(10.0, None, usd_per_accelerator_hour=1.0, take_or_pay=0.5)},
    )
    toy["offers"]["on-demand"]["elastic"]["usd_per_accelerator_hour"] = 2.0
    return toy


@toy(7200.0)
def use_is_billed_by_its_own_deal():
    """The deal at 0.5 USD for use costs 10,000 to sign; the other owes 3,600 and bills 3,600 for use: 7,200."""
    terms = [
        {"months": 1, "usd_per_accelerator_hour": 1.0, "take_or_pay": 0.5},
        {"months": 1, "usd_per_accelerator_hour": 0.5, "take_or_pay": 0.0, "signing_fee_usd": 10000.0},
    ]
    toy = problem(offers={"lease": lease(10.0, terms=terms)})
    toy["offers"]["on-demand"]["elastic"]["usd_per_accelerator_hour"] = 2.0
    return toy


@toy(12200.0)
def batch_does_its_month():
    """Work waits a day: June on demand 7,200, July on the lease that starts then, 5,000."""
    offers = {"lease": lease(blocks={"min": 1, "max": 2}, start={"earliest": "2026-07"})}
    return problem(months=2, offers=offers, workloads={"chat": batch()})


@toy(10000.0)
def batch_waits_for_the_lease():
    """Work may wait a month: all of it in July, 14,640 chip-hours in 744 hours, on 19.7 chips: two blocks, 10,000."""
    offers = {"lease": lease(blocks={"min": 1, "max": 2}, start={"earliest": "2026-07"})}
    return problem(months=2, offers=offers, workloads={"chat": batch(within_days=31)})


@toy(5000.0)
def batch_fills_the_valley():
    """Chat needs 10 chips in the first half of the day and none in the second; batch has as much work: one lease."""
    shape = [2.0] * 12 + [0.0] * 12
    rates = [
        {"accelerator": "chip", "workload": name, "requests_per_s_per_accelerator": 1.0} for name in ("chat", "evals")
    ]
    return problem(
        offers={"lease": lease()},
        day={"blocks": 2},
        workloads={"chat": chat(5.0, shape=shape), "evals": batch(5.0)},
        throughput={"rates": rates},
    )


@toy(7200.0)
def batch_is_paid_for_wherever_it_runs():
    """All work arrives in the first half of the day and may run in the second: 10 x 720 chip-hours at 1 USD either
    way.
    """
    workload = batch()
    workload["demand"]["shape"] = [2.0] * 12 + [0.0] * 12
    return problem(day={"blocks": 2}, workloads={"chat": workload})


@toy(7200.0)
def pay_for_the_mean():
    """Peak 10 x 2 x 1.25 = 25 chips are provisioned on demand, 10 are paid for; 25 chips leased would cost 12,500."""
    toy = problem(
        demand={"peak_to_mean": 2.0, "headroom": 1.25}, offers={"lease": lease(5.0, 2500.0, blocks={"max": 5})}
    )
    toy["offers"]["on-demand"]["elastic"]["max_accelerators"] = 25
    return toy


@toy(12000.0)
def budget_forbids_the_prepayment():
    """10,000 prepaid for two months breaks the June budget of 6,000; 6,000 a month does not."""
    offers = {"prepaid": lease(months=2, prepay=1.0), "monthly": lease(10.0, 6000.0, months=2)}
    return problem(months=2, offers=offers, finance={"budget_usd": {"2026-06": 6000.0}})


@toy(12000.0)
def funding_arrives_in_rounds():
    """8,000 in June, 1,000 spent otherwise, 1,000 to keep: 6,000 for June. The prepaid lease needs 10,000 then."""
    offers = {"prepaid": lease(months=2, prepay=1.0), "monthly": lease(10.0, 6000.0, months=2)}
    finance = {
        "funding_usd": {"2026-06": 8000.0, "2026-07": 20000.0},
        "other_cash_usd": {"2026-06": -1000.0},
        "cash_min_usd": 1000.0,
    }
    return problem(months=2, offers=offers, finance=finance)


@toy(14640.0)
def obligations_are_capped():
    """After June the lease still owes 5,000, over the cap of 4,000; on demand 7,200 + 7,440 = 14,640."""
    return problem(months=2, offers={"lease": lease(months=2)}, finance={"obligations_max_usd": 4000.0})


@toy(5400.0)
def unserved_has_a_price():
    """Left unserved, chat costs 10 x 720 x 0.25 = 1,800, less than any chip; what must be served costs 5 x 720 =
    3,600.
    """
    rates = [
        {"accelerator": "chip", "workload": name, "requests_per_s_per_accelerator": 1.0} for name in ("chat", "must")
    ]
    workloads = {"chat": chat(unserved_usd_per_request=0.25 / 3600), "must": chat(5.0)}
    return problem(offers={"lease": lease(5.0, 4500.0)}, workloads=workloads, throughput={"rates": rates})


@toy(2500.0)
def half_of_the_term_is_charged():
    """Two months at 2,500 for a horizon of one, rate 0: pro rata charges half of 5,000."""
    return problem(offers={"lease": lease(10.0, 2500.0, months=2)})


@toy(5000.0)
def all_of_the_term_is_charged():
    """The same with `terminal: none`: 5,000."""
    return problem(offers={"lease": lease(10.0, 2500.0, months=2)}, finance={"terminal": "none"})


@toy(9000.0)
def discounted_to_the_start():
    """44 % a year effective, billed at the start of each month; growth 1: the 24-month lease at 1,000 a month.

    Only months 0 and 12 bill (fee factor 4.5 and 6.48, 0 between): 4,500 + 6,480 / 1.44 = 9,000.
    """
    factor = [4.5] + [0.0] * 11 + [6.48] + [0.0] * 11
    return problem(
        months=24,
        offers={"lease": lease(10.0, 1000.0, months=24, fee_factor=factor, start={"latest": "2026-06"})},
        finance={"discounting": {"rate": 0.44}},
    )


@toy(6000.0)
def ramp_and_availability():
    """Half of 25 chips arrive in June, at 80 % availability: 10 usable, billed at 12.5 x 720 h x 0.6667 USD = 6,000."""
    offer = lease(25.0, None, months=1, usd_per_accelerator_hour=2.0 / 3.0, ramp=[0.5], availability=0.8)
    return problem(offers={"lease": offer})


@toy(9440.0)
def lead_time_is_bridged():
    """The lease arrives a month after its signing: June on demand 7,200, July 2,000 x its fee factor 1.12."""
    offer = lease(10.0, 2000.0, start={"lead_months": 1}, fee_factor=[1.12])
    return problem(months=2, offers={"lease": offer})


@toy(14640.0)
def quote_has_expired():
    """The lease starts in July at the earliest and is signed as it starts, but its quote ends in June: 7,200 +
    7,440.
    """
    offer = lease(10.0, 1000.0, start={"earliest": "2026-07", "lead_months": 0}, sign_by="2026-06")
    return problem(months=2, offers={"lease": offer})


@toy(1800.0)
def capacity_in_force_is_free_but_its_use_is_not():
    """A contract in force holds ten chips, half of them paid for anyhow (sunk); the other half bills 0.5 x 5 x 720."""
    held = {"provider": "cloud", "region": "here", "accelerators": {"chip": 10.0}, "start": "2026-01", "source": "toy"}
    term = {"months": 12, "usd_per_accelerator_hour": 0.5, "take_or_pay": 0.5}
    return problem(signed={"old": {**held, "term": term}})


@toy(4320.0)
def megawatts_of_chips():
    """A block of 10 kW is 10 chips of 1 kW; 432,000 USD per MW-month is 4,320."""
    offer = lease(usd_per_month=None, usd_per_mw_month=432000.0)
    del offer["accelerators"]
    return problem(offers={"campus": {**offer, "mw": 0.01, "accelerator": "chip"}})


@toy(3628.8)
def tokens_from_an_api():
    """1,000 tokens in at 0.1 and 100 out at 0.4 USD per million: 0.00014 USD; 10 x 2,592,000 requests cost 3,628.8."""
    api = {
        "models": ["llm"],
        "usd_per_million_input_tokens": 0.1,
        "usd_per_million_output_tokens": 0.4,
        "max_requests_per_s": 100,
        "ttft_ms": 100,
        "tpot_ms": 10,
    }
    return problem(offers={"api": {"provider": "cloud", "region": "here", "api": api, "source": "toy"}})


@toy(9792.0)
def egress_is_paid_per_token():
    """Five chips afar: 5 x 720 x 0.5 = 1,800, and 5 x 2,592,000 x 100 tokens at 1 USD per million, 1,296; so 3,096.

    The other five at home at 1.86 USD an hour: 6,696.
    """
    toy = problem(regions={"here": {"latitude": 0.0, "longitude": 0.0}, "afar": {"latitude": 1.0, "longitude": 1.0}})
    toy["offers"]["on-demand"]["elastic"]["usd_per_accelerator_hour"] = 1.86
    elastic = {"usd_per_accelerator_hour": 0.5, "max_accelerators": 5}
    toy["offers"]["afar"] = {**toy["offers"]["on-demand"], "region": "afar", "elastic": elastic}
    return {**toy, "network": {"egress_usd_per_million_tokens": {"afar": {"here": 1.0}}}}
