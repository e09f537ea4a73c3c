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
    "tiers",
    "minimum_usd_per_month",
    "drawdown",
    "billing",
    "payments",
    "signing_credit_usd",
    "deposit_usd",
    "letter_of_credit",
    "sla",
    "cancel",
    "forward_factor",
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


@toy(10000.0)
def prepayment_drawn_down_first():
    """5,000 prepaid for two months at 5,000 pay all of June: 5,000 and 5,000, within the June budget of 5,000.

    Drawn pro rata, a lease at 4,000 costs 4,000 + 2,000 in June; on demand 7,200.
    """
    first = lease(10.0, 5000.0, months=2, prepay=0.5, drawdown="first", start={"latest": "2026-06"})
    pro_rata = lease(10.0, 4000.0, months=2, prepay=0.5, start={"latest": "2026-06"})
    return problem(months=2, offers={"first": first, "pro-rata": pro_rata}, finance={"budget_usd": {"2026-06": 5000.0}})


@toy(10000.0)
def prepayment_drawn_down_last():
    """5,000 prepaid pay all of July, in which nothing may be paid; drawn pro rata, the other lease bills 2,000 then."""
    last = lease(10.0, 5000.0, months=2, prepay=0.5, drawdown="last", start={"latest": "2026-06"})
    pro_rata = lease(10.0, 4000.0, months=2, prepay=0.5, start={"latest": "2026-06"})
    return problem(months=2, offers={"last": last, "pro-rata": pro_rata}, finance={"budget_usd": {"2026-07": 0.0}})


FIVE_PERCENT_A_MONTH = {"discounting": {"rate": 0.6, "basis": "nominal"}}


@toy(5000.0)
def billed_in_arrears():
    """5,250 for June, due in July, after the horizon: 5,000 at 5 % a month. In advance 5,100; on demand 7,200."""
    offers = {"arrears": lease(10.0, 5250.0, billing="arrears"), "advance": lease(10.0, 5100.0)}
    return problem(offers=offers, finance=FIVE_PERCENT_A_MONTH)


@toy(21842.5)
def paid_on_dates():
    """Two months at 11,025 are 22,050: 85 % at signing 18,742.50, 10 % in July 2,205 / 1.05 = 2,100, 5 % in August,
    after the horizon, 1,102.50 / 1.05^2 = 1,000. On demand 20 chips cost 14,400 + 14,880 / 1.05.
    """
    payments = [
        {"share": 0.85, "at": "signing"},
        {"share": 0.1, "after_months": 1},
        {"share": 0.05, "month": "2026-08"},
    ]
    offer = lease(20.0, 11025.0, months=2, payments=payments, start={"latest": "2026-06"})
    demand = {"requests_per_s": 20.0}
    return problem(months=2, offers={"dated": offer}, demand=demand, finance=FIVE_PERCENT_A_MONTH)


@toy(18480.0)
def prices_rise():
    """0.50 USD an hour in June, 1 from July on: 10 x (720 x 0.5 + 744 + 744) = 18,480; on demand 1 USD in June too."""
    price = {"2026-06": 0.5, "2026-07": 1.0}
    offer = lease(10.0, None, months=3, usd_per_accelerator_hour=price, start={"latest": "2026-06"})
    return problem(months=3, offers={"lease": offer})


@toy(3600.0)
def minimum_spend_is_owed():
    """Four of ten chips at 1 USD are 2,880; the minimum is 3,600, used or not. On demand at 2 USD 5,760."""
    return _minimum_spend(4.0)


@toy(5400.0)
def minimum_spend_is_used_first():
    """7.5 of ten chips at 1 USD are 5,400: the minimum of 3,600 covers five of them, 1,800 are billed by use."""
    return _minimum_spend(7.5)


def _minimum_spend(requests_per_s: float) -> dict[str, Any]:
    offer = lease(10.0, None, usd_per_accelerator_hour=1.0, take_or_pay=0.0, minimum_usd_per_month=3600.0)
    toy = problem(demand={"requests_per_s": requests_per_s}, offers={"lease": offer})
    toy["offers"]["on-demand"]["elastic"]["usd_per_accelerator_hour"] = 2.0
    return toy


@toy(9375.0)
def five_blocks_are_cheaper_than_four():
    """Blocks of 5 chips at 2,500, from the fifth on all at 1,875: four cost 10,000, five 9,375."""
    return problem(demand={"requests_per_s": 20.0}, offers={"lease": _ladder("all_units", [(1, 1.0), (5, 0.75)])})


@toy(7500.0)
def later_blocks_are_cheaper():
    """Blocks of 5 chips at 2,500, from the third on at 1,250: four cost 5,000 + 2,500."""
    return problem(demand={"requests_per_s": 20.0}, offers={"lease": _ladder("incremental", [(1, 1.0), (3, 0.5)])})


@toy(19820.0)
def earlier_blocks_are_owed_too():
    """For two months, four blocks owe 7,500 after June, above the cap of 7,400; three cost 6,250 a month, and the last
    five chips on demand 3,600 + 3,720: 12,500 + 7,320.
    """
    offer = _ladder("incremental", [(1, 1.0), (3, 0.5)], months=2)
    finance = {"obligations_max_usd": 7400.0}
    return problem(months=2, demand={"requests_per_s": 20.0}, offers={"lease": offer}, finance=finance)


def _ladder(kind: str, steps: list[tuple[int, float]], months: int = 1) -> dict[str, Any]:
    tiers = {"kind": kind, "steps": [{"from_blocks": blocks, "factor": factor} for blocks, factor in steps]}
    return lease(5.0, 2500.0, months=months, tiers=tiers, blocks={"min": 1, "max": 6})


@toy(9120.0)
def tranches_arrive_one_by_one():
    """Half of ten chips in June, all in July, at 0.50 USD: 1,800 and 3,600 on demand, then 3,720."""
    tranches = [{"share": 0.5}, {"share": 0.5, "after_months": 1}]
    offer = lease(10.0, None, months=2, usd_per_accelerator_hour=0.5, tranches=tranches, start={"latest": "2026-06"})
    return problem(months=2, offers={"lease": offer})


@toy(4500.0)
def seller_brings_credits():
    """6,500 a month and 2,000 in when signed: 4,500; a plain lease costs 5,000."""
    return problem(offers={"with-credits": lease(10.0, 6500.0, signing_credit_usd=2000.0), "plain": lease()})


@toy(5200.0)
def deposit_and_letter_of_credit():
    """5,000; a deposit of 2,100 that comes back in July as 2,000, at 5 % a month; a twelfth of 10 % of 12,000: 100."""
    letter = {"usd": 12000.0, "fee_per_year": 0.1}
    offer = lease(deposit_usd=2100.0, letter_of_credit=letter)
    return problem(offers={"lease": offer}, finance=FIVE_PERCENT_A_MONTH)


@toy(6000.0)
def less_works_than_promised():
    """12.5 chips of which 80 % work, 85 % promised: 5 points x 5 % of 8,000 come back."""
    return _promised({"availability": 0.85, "credit_fraction": 0.05})


@toy(6000.0)
def service_credits_are_capped():
    """99 % promised: 19 points x 5 % would be 95 % of the fee; the cap is 25 %."""
    return _promised({"availability": 0.99, "credit_fraction": 0.05, "cap_fraction": 0.25})


def _promised(sla: dict[str, float]) -> dict[str, Any]:
    return problem(offers={"lease": lease(12.5, 8000.0, availability=0.8, sla=sla)})


@toy(9600.0)
def exclusive_until_july():
    """Five chips at 2,000 a month in June and July, alone until July; five others at 2,000, month by month: June 2,000
    and 5 x 720, July twice 2,000; together 9,600. Both in June would cost 8,000; never both 11,320.
    """
    offers = {
        "alone": lease(5.0, 2000.0, months=2, start={"latest": "2026-06"}),
        "other": lease(5.0, 2000.0, repeat="one_at_a_time"),
    }
    groups = [{"exclusive": "alone", "offers": ["other"], "until": "2026-07"}]
    return problem(months=2, offers=offers, groups=groups)


@toy(5440.0)
def exclusive_of_a_contract_in_force():
    """Five blocks of a chip in force that end with June and want to be alone: June 5 x 720, July five others at 1,840
    and none on demand: 3,600 + 1,840. In June too they would cost 1,840 instead of 3,600.
    """
    held = {"provider": "cloud", "region": "here", "accelerators": {"chip": 1.0}, "start": "2026-01", "source": "toy"}
    toy = problem(
        months=2,
        offers={"other": lease(5.0, 1840.0, repeat="one_at_a_time")},
        signed={"old": {**held, "blocks": 5, "term": {"months": 6, "usd_per_month": 9999.0}}},
        groups=[{"exclusive": "old", "offers": ["other"]}],
    )
    toy["workloads"]["chat"]["demand"]["requests_per_s"] = {"2026-06": 10.0, "2026-07": 5.0}
    return toy


@toy(3440.0)
def power_is_capped():
    """Blocks of 4 chips of 1 kW at 1,000, and 8 kW in all: two blocks and 2 chips on demand, 2,000 + 1,440. Three
    blocks would cost 3,000.
    """
    offers = {"lease": lease(4.0, 1000.0, blocks={"min": 1, "max": 10})}
    return problem(offers=offers, policy={"power_mw_max": 0.008})


@toy(9320.0)
def site_power_counts_the_ramp_and_what_is_in_force():
    """Here 9 kW are allowed and a contract in force draws 5 through June. Half of ten chips are delivered for 2,000 a
    month: with it they would draw 10 kW in June, and 5 in July. June 5 x 720, July 2,000 + 5 x 744.
    """
    held = {"provider": "cloud", "region": "here", "accelerators": {"chip": 5.0}, "start": "2026-01", "source": "toy"}
    return problem(
        months=2,
        offers={"lease": lease(10.0, 2000.0, ramp=[0.5], repeat="one_at_a_time")},
        signed={"old": {**held, "term": {"months": 6, "usd_per_month": 9999.0}}},
        policy={"power_mw_max": 1.0, "site_power_mw_max": {"here": 0.009}},
    )


def promise(settlement: str = "true_up", months: int = 1, start: str = "2026-06", **keys: Any) -> dict[str, Any]:
    """A spend commitment to the cloud of the toys from June on; `keys` give the price and go on top."""
    window = {"start": start, "months": months}
    return {"provider": "cloud", "window": window, "settlement": settlement, "source": "toy", **keys}


def metered(lines: dict[str, tuple[float, float, dict[str, float]]]) -> dict[str, Any]:
    """Lines of use, each by a workload of its own all through June: quantity, USD of one in an hour on demand, and
    share saved by savings plan. The plans must be taken and promise 1 USD an hour, to be changed.
    """
    document = problem()
    offers, workloads, rates, shares = {}, {}, [], {}
    for name, (quantity, usd, saved) in lines.items():
        elastic = {"usd_per_accelerator_hour": usd, "max_accelerators": 10.0 * quantity}
        offers[name] = {**document["offers"]["on-demand"], "accelerator": f"chip-{name}", "elastic": elastic}
        workloads[name] = chat(float(quantity), allow={"accelerators": [f"chip-{name}"]})
        rates.append({"accelerator": f"chip-{name}", "workload": name, "requests_per_s_per_accelerator": 1.0})
        for plan, share in saved.items():
            shares.setdefault(plan, {})[name] = share
    plans = {
        key: promise("use_it_or_lose_it", usd_per_hour=1.0, mandatory=True, eligible=list(by), discount={"offers": by})
        for key, by in shares.items()
    }
    chips = {f"chip-{name}": CHIP for name in lines}
    changes = {"accelerators": chips, "offers": offers, "workloads": workloads, "commitments": plans}
    return {**document, **changes, "throughput": {"rates": rates}}


def off(fraction: float) -> dict[str, Any]:
    """A discount on the on-demand chips."""
    return {"offers": ["on-demand"], "fraction": fraction}


@toy(6480.0)
def savings_plan_covers_what_it_pays_for():
    """4 USD an hour at 20 % off are 4 / 0.8 = 5 chips: 4 x 720 = 2,880, and five chips at list 3,600; without 7,200."""
    return problem(commitments={"plan": promise("use_it_or_lose_it", usd_per_hour=4.0, discount=off(0.2))})


@toy(7200.0)
def savings_plan_is_too_large():
    """10 USD an hour at 20 % off would cover 12.5 chips, ten are used: 10 x 720 are paid, 8 x 720 of them used."""
    plan = promise("use_it_or_lose_it", usd_per_hour=10.0, discount=off(0.2), mandatory=True)
    return problem(commitments={"plan": plan})


@toy(9360.0)
def an_hour_unused_is_lost():
    """20 chips in the first half of the day, none in the second. 8 USD an hour at 20 % off cover ten: 8 x 720 = 5,760,
    and ten chips at list for 360 hours 3,600. Carried over, the second half would have paid for them.
    """
    plan = promise("use_it_or_lose_it", usd_per_hour=8.0, discount=off(0.2), mandatory=True)
    return problem(demand={"shape": [2.0] * 12 + [0.0] * 12}, day={"blocks": 2}, commitments={"plan": plan})


@toy(7440.0)
def interval_is_used_when_it_suits():
    """7,200 for June and July, 3,600 a month, at half price: 14,400 of the 14,640 at list. The other 240 are paid."""
    plan = promise("use_it_or_lose_it", months=2, usd=7200.0, discount=off(0.5))
    return problem(months=2, commitments={"plan": plan})


@toy(9000.0)
def shortfall_is_paid():
    """9,000 must be spent in June, on demand costs 7,200: 1,800 for nothing."""
    return problem(commitments={"agreement": promise(usd=9000.0, mandatory=True)})


@toy(7200.0)
def commitment_keeps_the_provider():
    """Another provider leases ten chips for 5,000, but 7,200 are promised to the cloud: leaving costs 12,200."""
    lease_elsewhere = lease(provider="rival")
    providers = {"cloud": {"kind": "neocloud"}, "rival": {"kind": "neocloud"}}
    agreement = promise(usd=7200.0, mandatory=True)
    return problem(offers={"lease": lease_elsewhere}, providers=providers, commitments={"agreement": agreement})


@toy(6000.0)
def commitment_is_taken_for_its_discount():
    """20 % off: 5,760 and 240 that lack of 6,000; without it 7,200."""
    return problem(commitments={"agreement": promise(usd=6000.0, discount=off(0.2))})


@toy(7200.0)
def discount_needs_its_commitment():
    """20 % off would be 5,760, but 8,000 are promised for it: not taken."""
    return problem(commitments={"agreement": promise(usd=8000.0, discount=off(0.2))})


@toy(14640.0)
def discount_is_not_waived_to_spend_sooner():
    """12,000 for June and July at half price: 3,600, then 3,720 and the 4,680 that lack: 8,400, over July's budget of
    8,000. Paying list in June would leave less for July. Without it 7,200 and 7,440.
    """
    agreement = promise(months=2, usd=12000.0, discount=off(0.5))
    finance = {"budget_usd": {"2026-07": 8000.0}}
    return problem(months=2, commitments={"agreement": agreement}, finance=finance)


@toy(22080.0)
def no_use_is_made_up_to_spend_sooner():
    """Ten chips for 1,000 in August need an agreement of 15,640 for June and July, where 14,640 are used: 1,000 lack at
    the end of July, 8,440 in all, over its budget of 8,000. 440 spent in June on requests that nobody sends would mend
    that, and cost 16,640. Without it 7,200 and twice 7,440.
    """
    return problem(
        months=3,
        offers={"lease": lease(usd_per_month=1000.0, start={"earliest": "2026-08"})},
        commitments={"agreement": promise(months=2, usd=15640.0)},
        groups=[{"requires": "agreement", "offer": "lease"}],
        finance={"budget_usd": {"2026-07": 8000.0}},
    )


@toy(14640.0)
def what_is_left_to_spend_is_owed():
    """12,000 for June and July at half price: after June 12,000 - 3,600 = 8,400 are owed, over the cap of 8,000."""
    agreement = promise(months=2, usd=12000.0, discount=off(0.5))
    finance = {"obligations_max_usd": 8000.0}
    return problem(months=2, commitments={"agreement": agreement}, finance=finance)


@toy(10000.0)
def interval_beyond_the_horizon_counts_by_its_months():
    """120,000 over twelve months, of which the horizon has one: 10,000, of which 7,200 are used."""
    return problem(commitments={"agreement": promise(months=12, usd=120000.0, mandatory=True)})


@toy(120000.0)
def all_that_is_promised_is_charged():
    """The same with `terminal: none`: 10,000, and 110,000 that no deal fills after the horizon."""
    agreement = promise(months=12, usd=120000.0, mandatory=True)
    return problem(commitments={"agreement": agreement}, finance={"terminal": "none"})


@toy(4000.0)
def price_that_needs_a_commitment():
    """Ten chips for 2,000 need an agreement of 4,000, of which they fill half: 4,000; on demand 7,200."""
    return problem(
        offers={"lease": lease(usd_per_month=2000.0)},
        commitments={"agreement": promise(usd=4000.0)},
        groups=[{"requires": "agreement", "offer": "lease"}],
    )


@toy(9000.0)
def savings_plan_fills_an_agreement():
    """4 USD an hour at 20 % off: 2,880 and 3,600 at list count both toward 9,000: 2,520 lack."""
    commitments = {
        "plan": promise("use_it_or_lose_it", usd_per_hour=4.0, discount=off(0.2), mandatory=True),
        "agreement": promise(usd=9000.0, mandatory=True),
    }
    return problem(commitments=commitments)


@toy(8144.0)
def energy_is_paid_for_what_is_delivered():
    """1,000 a month; half of 10 chips of 1 kW in June at 0.5 USD a kWh, 5 x 720 x 0.5 = 1,800, all of them in July at
    0.1, 10 x 744 x 0.1 = 744; the other five of June on demand, 3,600.
    """
    price = {"usd_per_kwh": {"2026-06": 0.5, "2026-07": 0.1}}
    offer = lease(10.0, 1000.0, months=2, ramp=[0.5, 1.0], start={"latest": "2026-06"}, power_price=price)
    return problem(months=2, offers={"lease": offer})


@toy(6800.0)
def energy_of_the_facility():
    """8 kW of IT and 1.25 kW for each of them are 10 kW: 10 x 720 x 0.25 = 1,800 beside the fee of 5,000, though half
    of the 20 chips stand idle.
    """
    offer = lease(20.0, power_mw=0.008, power_price={"usd_per_kwh": 0.25, "pue": 1.25})
    return problem(offers={"lease": offer})


def _two_grids(
    clean_usd: float, clean_kg_per_kwh: float, offers: dict, demand: dict | None = None, **policy: Any
) -> dict[str, Any]:
    """On-demand chips of 1 kW here, at 0.5 kg of CO2 a kWh, and afar on a cleaner grid."""
    regions = {
        "here": {"latitude": 0.0, "longitude": 0.0, "carbon_kg_per_kwh": 0.5},
        "afar": {"latitude": 1.0, "longitude": 1.0, "carbon_kg_per_kwh": clean_kg_per_kwh},
    }
    toy = problem(offers=offers, demand=demand, regions=regions, policy=policy)
    elastic = {"usd_per_accelerator_hour": clean_usd, "max_accelerators": 1000}
    toy["offers"]["clean"] = {**toy["offers"]["on-demand"], "region": "afar", "elastic": elastic}
    return toy


@toy(9700.0)
def carbon_is_capped():
    """A chip here emits 0.36 tonnes in June, at work on demand or leased, and none afar at 2 USD an hour. 1.8 tonnes
    are five of them: five leased for 2,500 and five afar, 7,200. Ten leased for 2,600 would emit 3.6.
    """
    offers = {"five": lease(5.0, 2500.0), "ten": lease(10.0, 2600.0)}
    return _two_grids(2.0, 0.0, offers, carbon_tonnes_max={2026: 1.8})


@toy(8660.0)
def carbon_has_a_price():
    """1,000 USD a tonne: on demand a chip costs 720 + 360 here, and 900 + 72 afar, at 0.1 kg a kWh. Five are leased
    here for 2,000 + 1,800; five afar are 4,860.
    """
    return _two_grids(1.25, 0.1, {"lease": lease(5.0, 2000.0)}, carbon_usd_per_tonne=1000.0)


@toy(10800.0)
def carbon_counts_the_mean():
    """Burst 2: 1.8 tonnes are five chips here at work, ten provisioned, for 3,600; as many afar for 7,200."""
    return _two_grids(2.0, 0.0, {}, {"peak_to_mean": 2.0}, carbon_tonnes_max={2026: 1.8})


def futures(reveal: str, **effects: dict[str, Any]) -> dict[str, Any]:
    """Equally likely scenarios that part in a month, each with its effects."""
    scenarios = {name: {"probability": 1 / len(effects), **effect} for name, effect in effects.items()}
    return {"reveal": {reveal: [[name] for name in effects]}, "scenarios": scenarios}


@toy(5000.0)
def two_equal_futures_are_one():
    """The lease of 5,000 in both, at one half each."""
    scenarios = {"heads": {"probability": 0.5}, "tails": {"probability": 0.5}}
    return problem(offers={"lease": lease()}, uncertainty={"scenarios": scenarios})


@toy(8720.0)
def nothing_is_signed_on_a_future_not_known():
    """Ten chips for two months at 2,500 serve the base case. In July demand doubles, or not, one half each.

    Ten chips more for July at 5,000 would have to be signed in June, for both: dearer than 7,440 on demand in one of
    them, 3,720 expected. 5,000 + 3,720 = 8,720; who knew in June would pay 5,000 + 2,500.
    """
    offers = {
        "base": lease(10.0, 2500.0, months=2, start={"latest": "2026-06"}),
        "more": lease(10.0, 5000.0, start={"earliest": "2026-07", "lead_months": 1}),
    }
    return problem(2, offers, uncertainty=futures("2026-07", calm={}, boom={"demand": {"chat": 2.0}}))


@toy(20000.0)
def dear_futures_count_for_themselves():
    """The same, and the mean of the dearest half of the futures counts once more. Without the lease 8,720 are expected
    and 12,440 are paid in the dear one, 21,160; with it 10,000 in both, 20,000.
    """
    risk = {"cvar_level": 0.5, "weight": 1.0}
    return nothing_is_signed_on_a_future_not_known() | {"policy": {"risk": risk}}


@toy(7500.0)
def what_can_wait_is_signed_in_the_future_that_needs_it():
    """The same without a lead: 5,000 + 5,000 / 2."""
    toy = nothing_is_signed_on_a_future_not_known()
    toy["offers"]["more"]["start"] = {"earliest": "2026-07"}
    return toy


@toy(12440.0)
def loss_ends_delivery_and_fees_but_not_the_prepayment():
    """Three months at 2,000, half prepaid: 3,000 in June, then 1,000 a month. In one of two futures the seller fails in
    July: July and August are bought on demand, 7,440 each, and 4,000 are paid; else 6,000.

    (6,000 + 4,000 + 14,880) / 2 = 12,440; on demand 22,080.
    """
    offer = lease(10.0, 2000.0, months=3, prepay=0.5, start={"latest": "2026-06"})
    return problem(
        3, {"lease": offer}, uncertainty=futures("2026-07", well={}, fails={"lose": {"cloud-x": "2026-07"}})
    ) | {
        "providers": {"cloud": {"kind": "neocloud"}, "cloud-x": {"kind": "neocloud"}},
        "offers": {"on-demand": problem()["offers"]["on-demand"], "lease": {**offer, "provider": "cloud-x"}},
    }


@toy(11080.0)
def delay_moves_delivery_and_fees():
    """Signed in June for July, two months at 2,000 of which one half is prepaid. In one of two futures it is a month
    late: July is bought on demand at 7,440, and August is the first of its months; September is past the horizon.

    On time: 2,000 in June, 1,000 a month: 4,000 in all, and the horizon has it whole. Late: the same 4,000, of which
    the horizon has half the accelerator-months: 2,000 (rate 0), and 7,440. June is 7,200 on demand in both.
    7,200 + (4,000 + 2,000 + 7,440) / 2 = 13,920, less 7,200 that a lease of June saves: 4,360, so 11,080.
    """
    late = lease(
        10.0, 2000.0, months=2, prepay=0.5, start={"earliest": "2026-07", "latest": "2026-07", "lead_months": 1}
    )
    june = lease(10.0, 4360.0, start={"latest": "2026-06"})
    scenarios = futures("2026-07", punctual={}, late={"delay_months": {"late": 1}})
    return problem(3, {"late": late, "june": june}, uncertainty=scenarios)


@toy(6000.0)
def notice_ends_a_contract():
    """Three months at 5,000; demand is there in June only. Notice in June ends it in July for a tenth of what is left,
    1,000; on demand June costs 7,200.
    """
    offer = lease(
        months=3, start={"latest": "2026-06"}, cancel={"by": "buyer", "notice_months": 1, "fee_fraction": 0.1}
    )
    demand = {"requests_per_s": {"2026-06": 10.0, "2026-07": 0.0, "2026-08": 0.0}}
    return problem(3, {"lease": offer}) | {"workloads": {"chat": {**chat(), "demand": demand}}}


@toy(9000.0)
def renewal_at_its_own_price():
    """One month at 5,000 and the next at 0.8 of that; July on demand costs 7,440."""
    return problem(2, {"lease": lease(start={"latest": "2026-06"}, renewal={"months": 1, "factor": 0.8})})


@toy(14300.0)
def option_is_bought_before_it_is_called():
    """Ten chips for two months at 5,000; July asks for twenty. An option of 300 brings ten more for 4,000, on demand
    they cost 7,440. 10,000 + 300 + 4,000 = 14,300.
    """
    right = {
        "premium_usd": 300.0,
        "months": 1,
        "usd_per_month": 4000.0,
        "exercise": {"after_months": 1, "until_months": 1},
    }
    offer = lease(months=2, start={"latest": "2026-06"}, expansion=right)
    demand = {"requests_per_s": {"2026-06": 10.0, "2026-07": 20.0}}
    return problem(2, {"lease": offer}) | {"workloads": {"chat": {**chat(), "demand": demand}}}


@toy(4200.0)
def what_is_not_needed_is_let():
    """Twenty chips at 6,000, ten of which serve. The market takes five at half of 1 USD: 5 x 720 x 0.5 = 1,800."""
    offer = lease(20.0, 6000.0, sublease={"fraction": 0.5, "max_accelerators": 5.0})
    forward = {"chip": [{"month": "2026-06", "usd_per_accelerator_hour": 1.0}]}
    return problem(1, {"lease": offer}, forward=forward)


@toy(6140.0)
def tail_at_the_forward_curve():
    """Two months at 4,000 for a horizon of one: 8,000, less ten chips x 744 h x 0.5 USD x 0.5 = 1,860 for July."""
    forward = {"chip": [{"month": "2026-06", "usd_per_accelerator_hour": 0.5}]}
    finance = {"terminal": "market", "salvage_fraction": 0.5}
    return problem(1, {"lease": lease(10.0, 4000.0, months=2)}, forward=forward, finance=finance)


@toy(6500.0)
def waiting_for_the_forward_curve_to_fall():
    """June on demand costs 7,200, the lease 5,000. In July the market asks 0.2 USD by the curve: with a mark-up of one
    half, ten chips x 744 h x 0.3 = 2,232; the two-month lease of June at 4,000 a month is 8,000.

    A one-month lease of June at 4,268 and the market in July: 4,268 + 2,232 = 6,500.
    """
    points = {"2026-06": 0.6, "2026-07": 0.2}
    forward = {"chip": [{"month": month, "usd_per_accelerator_hour": usd} for month, usd in points.items()]}
    offers = {
        "long": lease(10.0, 4000.0, months=2, start={"latest": "2026-06"}),
        "june": lease(10.0, 4268.0, start={"latest": "2026-06"}),
        "later": lease(10.0, None, forward_factor=1.5, start={"earliest": "2026-07"}),
    }
    return problem(2, offers, forward=forward)


@toy(8840.0)
def seller_gives_notice():
    """Three months at 2,000, half prepaid; the seller may leave a month after its notice, for a tenth of what is left.

    In one of two futures it gives notice in July: August is bought on demand, 7,440. It gives back the 1,000 prepaid
    for August and pays a tenth of the 1,000 that would be billed: 6,000 - 1,000 - 1,000 - 100 + 7,440 = 11,340, and
    6,000 else. Both cost 8,670 expected; a signing fee of 170 makes it 8,840.
    """
    cancel = {"by": "seller", "notice_months": 1, "fee_fraction": 0.1}
    offer = lease(10.0, 2000.0, months=3, prepay=0.5, start={"latest": "2026-06"}, cancel=cancel, signing_fee_usd=170.0)
    scenarios = futures("2026-07", stays={}, leaves={"recall": {"lease": "2026-07"}})
    return problem(3, {"lease": offer}, uncertainty=scenarios)


@toy(8220.0)
def a_break_clause_is_worth_what_it_saves_in_the_future_that_needs_it():
    """Two months at 6,000 with a month's notice. In one of two futures nobody asks for anything in July.

    Held to the end 12,000; on demand 7,200 + 7,440 / 2 = 10,920. Notice must be given in June, before July is known,
    so the clause is of no use: a lease of June at 4,500 and July on demand, 3,720 expected.
    """
    offer = lease(10.0, 6000.0, months=2, start={"latest": "2026-06"}, cancel={"by": "buyer", "notice_months": 1})
    june = lease(10.0, 4500.0, start={"latest": "2026-06"})
    scenarios = futures("2026-07", busy={}, idle={"demand": {"chat": 1e-12}})
    return problem(2, {"lease": offer, "june": june}, uncertainty=scenarios)


@toy(9000.0)
def notice_in_the_future_that_needs_it():
    """Two months at 5,000 that end at once on notice, for 0.6 of what is left. Where July is busy 10,000; where it is
    idle 5,000 + 3,000. 9,000 expected; on demand 7,200 + 7,440 / 2 = 10,920.
    """
    cancel = {"by": "buyer", "fee_fraction": 0.6}
    offer = lease(months=2, start={"latest": "2026-06"}, cancel=cancel)
    return problem(2, {"lease": offer}, uncertainty=futures("2026-07", busy={}, idle={"demand": {"chat": 1e-12}}))


@toy(3024.0)
def what_brings_less_than_it_costs_is_not_served():
    """A request/s worth 0.0003 USD brings 0.0003 x 3,600 = 1.08 USD an hour, a chip costs 1: 720 h x 10 x (1 - 1.08)
    = -576. At 0.0001 it brings 0.36: not served. 5 requests/s without a value must be served: 3,600.
    """
    idle, must = chat(20.0, value_usd_per_request=0.0001), chat(5.0)
    return several(chat=chat(value_usd_per_request=0.0003), idle=idle, must=must)


@toy(-576.0)
def value_falls_from_month_to_month():
    """A request worth 0.0003 USD brings 0.08 USD more than it costs an hour in June; at 0.0001 in July it brings 0.64
    less than a chip-hour costs, and is not served: 720 x 10 x (1 - 1.08).
    """
    return problem(2, demand={"value_usd_per_request": {"2026-01": 0.0003, "2026-07": 0.0001}})


@toy(-1159.6039603960396)
def batch_work_brings_its_value_where_it_is_done():
    """Chips are there from July on, at 1 % a month: the 7,200 chip-hours of June wait for the 7,440 of July.

    An hour brings 1.08 and costs 1, both in July: 14,640 x (1 - 1.08) / 1.01.
    """
    document = several(chat=batch(within_days=40, value_usd_per_request=0.0003))
    document["offers"]["on-demand"]["start"] = {"earliest": "2026-07"}
    finance = {"discounting": {"rate": 0.12, "basis": "nominal"}}
    return {**document, "horizon": {"start": "2026-06", "months": 2}, "finance": finance}


@toy(4608.0)
def what_is_worth_least_is_shed_first():
    """Ten chips, 7,200, for 8 requests/s at a penalty of 0.001 USD and 6 worth 0.0005: two of these are served: they
    bring 2 x 0.0005 x 3,600 x 720 = 2,592.
    """
    document = several(chat=chat(8.0, unserved_usd_per_request=0.001), evals=chat(6.0, value_usd_per_request=0.0005))
    document["offers"]["on-demand"]["elastic"]["max_accelerators"] = 10
    return document


def several(**workloads: dict[str, Any]) -> dict[str, Any]:
    """Workloads of which a chip serves one request per second, by name."""
    rates = [{"accelerator": "chip", "workload": w, "requests_per_s_per_accelerator": 1.0} for w in workloads]
    return problem(workloads=workloads, throughput={"rates": rates})


@toy(18640.0)
def port_pays_off():
    """A chip of another family at half the price, once a port of 4,000 USD and a month is done: June 7,200, then 3,720
    twice. Without it 7,200 + 2 x 7,440 = 22,080; begun in July 7,200 + 7,440 + 3,720 + 4,000 = 22,360.
    """
    return to_port(3, {"usd": 4000.0, "months": 1})


@toy(14640.0)
def port_saves_less_than_it_costs():
    """The same for two months: 7,200 + 7,440 without it, 7,200 + 3,720 + 4,000 with it."""
    return to_port(2, {"usd": 4000.0, "months": 1})


@toy(11040.0)
def port_that_is_done_costs_nothing():
    """The cheap chip from the first day: half of 7,200 + 7,440 + 7,440."""
    return to_port(3, {"done": True})


@toy(25960.0)
def port_is_paid_month_by_month():
    """Two months of 2,000 each, then 3,720 and 3,600: 7,200 + 7,440 + 4,000 + 7,320. A budget of 9,200 for June bears
    half of it and not all; begun in July it would save 3,600 in September and cost more.
    """
    document = to_port(4, {"usd": 4000.0, "months": 2})
    return {**document, "finance": {"budget_usd": {"2026-06": 9200.0}}}


@toy(37444.0)
def port_waits_for_the_future_that_needs_it():
    """10 requests/s in June, then 1 or 30, equally likely. A port of 14,000 that begins in July where it is busy halves
    August and September there, 22,320 and 21,600: 7,200 + 2,208 / 2 + (22,320 + 14,000 + 11,160 + 10,800) / 2.
    Begun in June for both: 7,200 + 14,000 + 1,104 / 2 + 33,120 / 2 = 38,312; never 41,424.
    """
    document = to_port(4, {"usd": 14000.0, "months": 1})
    calm, busy = {"demand": {"chat": 0.1}}, {"demand": {"chat": 3.0}}
    return {**document, "uncertainty": futures("2026-07", calm=calm, busy=busy)}


def to_port(months: int, port: dict[str, Any]) -> dict[str, Any]:
    """On-demand chips at 1 USD, and chips of another family, `neuron`, at 0.5, to which `llm` has a port."""
    elastic = {"usd_per_accelerator_hour": 0.5, "max_accelerators": 1000}
    cheap = {"provider": "cloud", "region": "here", "accelerator": "trn", "elastic": elastic, "source": "toy"}
    document = problem(months, {"cheap": cheap}, ports={"llm": {"neuron": {"source": "toy", **port}}})
    document["accelerators"] = {"chip": CHIP, "trn": {**CHIP, "family": "neuron"}}
    rate = {"accelerator": "trn", "workload": "chat", "requests_per_s_per_accelerator": 1.0}
    document["throughput"]["rates"].append(rate)
    return document


def rivals(*offers: dict[str, Any], months: int = 1, **keys: Any) -> dict[str, Any]:
    """Offers `left` and `right` of providers of that name, beside the on-demand chips of the cloud."""
    names = ("left", "right", "third")[: len(offers)]
    providers = {name: {"kind": "neocloud"} for name in ("cloud", *names)}
    sold = {name: {**offer, "provider": name} for name, offer in zip(names, offers, strict=True)}
    return problem(months, sold, **{"providers": providers, **keys})


@toy(4500.0)
def half_of_the_power_is_with_another():
    """Blocks of five chips at 2,000 and at 2,500, two of each on sale: one of each. Two of the cheaper cost 4,000."""
    left, right = (lease(5.0, usd, blocks={"max": 2}) for usd in (2000.0, 2500.0))
    return rivals(left, right, policy={"provider_share_max": {"mw": 0.5}})


@toy(4500.0)
def half_of_the_power_is_of_another_family():
    """The same of one seller: five chips of CUDA for 2,000, and five of XLA for 2,500."""
    toy = problem(offers={"left": lease(5.0, 2000.0, blocks={"max": 2}), "right": lease(usd_per_month=2500.0)})
    toy["accelerators"]["other"] = {**CHIP, "family": "xla"}
    toy["offers"]["right"]["accelerators"] = {"other": 5.0}
    toy["throughput"]["rates"].append(
        {"accelerator": "other", "workload": "chat", "requests_per_s_per_accelerator": 1.0}
    )
    return {**toy, "policy": {"family_share_max": {"cuda": 0.5}}}


@toy(5000.0)
def most_of_the_spend_is_with_others():
    """At most 60 % of what is paid may go to one. Five chips at 2,000 and five at 3,000: 5,000, of which the second has
    60 %. Both blocks of the first would cost 4,000, all of it to one; five chips on demand beside one block are 3,600
    of 5,600, above 64 %.
    """
    left, right = lease(5.0, 2000.0, blocks={"max": 2}), lease(5.0, 3000.0)
    return rivals(left, right, policy={"provider_share_max": {"spend": 0.6}})


@toy(6880.0)
def some_is_served_by_others():
    """Ten chips leased for 4,000 may serve six of the ten requests/s: 4 x 720 on demand."""
    return rivals(lease(10.0, 4000.0), policy={"provider_share_max": {"served": 0.6}})


@toy(11000.0)
def two_sellers_from_july_on():
    """Ten chips at 4,000 a month for June and July serve all. In July five more at 3,000 stand idle: chips on demand
    are no second seller. From June on it would be 14,000.
    """
    left = lease(10.0, 4000.0, months=2, start={"latest": "2026-06"})
    right = lease(5.0, 3000.0, repeat="one_at_a_time")
    return rivals(left, right, months=2, policy={"providers_min": {"at_least": 2, "from": "2026-07"}})


@toy(5600.0)
def two_who_may_not_both_be_there():
    """Five chips at 2,000 of each of two sellers, of which one may be there: 2,000 + 5 x 720."""
    return rivals(lease(5.0, 2000.0), lease(5.0, 2000.0), groups=[{"at_most": 1, "providers": ["left", "right"]}])


def training(chip_hours: float, least: float = 1.0, most: float = 1000.0, **keys: Any) -> dict[str, Any]:
    """A training run of so many chip-hours: half of 1e15 FLOP/s for 3,600 s are 1.8e18 FLOP."""
    scale = {"min": least, "max": most}
    return {"kind": "training", "model": "llm", "flops": chip_hours * 1.8e18, "mfu": 0.5, "accelerators": scale, **keys}


def to_train(months: int, run: dict[str, Any], offers: dict | None = None, **keys: Any) -> dict[str, Any]:
    """A document with a training run and no other workload."""
    return problem(months, offers, workloads={"run": run}, throughput={}, **keys)


@toy(5000.0)
def training_fills_a_lease():
    """7,200 chip-hours are ten chips in June: on demand 7,200, leased 5,000."""
    return to_train(1, training(7200.0), {"lease": lease()})


@toy(4800.0)
def training_takes_the_same_chips_all_day():
    """Chat wants ten chips from noon on, and the run five all day long: 3,600 chip-hours. A lease of ten costs 3,000.

    The run takes half of the lease; of chat, five chips are leased and five on demand, 360 hours: 3,000 + 1,800. On its
    idle mornings alone the lease would have done the run for nothing.
    """
    workloads = {"chat": chat(5.0, shape=[0.0] * 12 + [2.0] * 12), "run": training(3600.0)}
    return problem(1, {"lease": lease(10.0, 3000.0)}, workloads=workloads, day={"blocks": 2})


@toy(9000.0)
def training_holds_one_place():
    """14,400 chip-hours in June are twenty chips in one place: 9,000. Two times ten would cost 4,000, and are of no
    use, also for a run that may begin twice.
    """
    offers = {"one": lease(10.0, 2000.0), "other": lease(10.0, 2000.0), "both": lease(20.0, 9000.0)}
    return to_train(1, training(14400.0, pauses_max=1), offers)


@toy(4000.0)
def training_takes_enough_at_a_time():
    """7,200 chip-hours in two months, on ten chips at least. Blocks of five at 1,000 a month: two for two months; one
    would have done it in 1,464 hours.
    """
    offer = lease(5.0, 1000.0, months=2, blocks={"min": 1, "max": 2}, start={"latest": "2026-06"})
    return to_train(2, training(7200.0, least=10.0), {"lease": offer})


@toy(5400.0)
def training_takes_no_more_than_it_can_use():
    """7,200 chip-hours on five chips at most. On demand a chip-hour costs 0.5 USD in June: 5 x 720 x 0.5 = 1,800 for
    half of them; the other half costs 3,600 in July.
    """
    toy = to_train(2, training(7200.0, most=5.0))
    toy["offers"]["on-demand"]["elastic"]["usd_per_accelerator_hour"] = {"2026-06": 0.5, "2026-07": 1.0}
    return toy


@toy(10800.0)
def goodput_falls_with_size():
    """9,000 useful chip-hours in June are 12.5 chips. Ten do all their work, twenty three quarters: each beyond ten
    half. Fifteen chips on demand.
    """
    points = [{"accelerators": 10.0, "factor": 1.0}, {"accelerators": 20.0, "factor": 0.75}]
    return to_train(1, training(9000.0, goodput=points))


@toy(4000.0)
def lateness_has_a_price():
    """7,200 chip-hours by the end of June: on demand 7,200. In July a lease does it for 3,000, a month late for
    1,000.
    """
    run = training(7200.0, window={"deadline": "2026-06"}, lateness_usd_per_month=1000.0)
    return to_train(2, run, {"july": lease(10.0, 3000.0, start={"earliest": "2026-07"})})


@toy(5720.0)
def training_goes_on_without_a_pause():
    """14,400 chip-hours in three months, five to ten chips. Leases of June and August at 1,000 could do them; between
    them it needs five chips on demand, 3,720.
    """
    offers = {
        "june": lease(10.0, 1000.0, start={"latest": "2026-06"}),
        "august": lease(10.0, 1000.0, start={"earliest": "2026-08"}),
    }
    return to_train(3, training(14400.0, least=5.0, most=10.0), offers)


@toy(2000.0)
def training_pauses_where_it_may():
    """The same with one pause: the two leases are enough."""
    toy = training_goes_on_without_a_pause()
    toy["workloads"]["run"]["pauses_max"] = 1
    return toy


@toy(2000.0)
def training_moves_on_without_a_pause():
    """14,400 chip-hours: ten chips in one place in June, and in another in July, at 1,000 each."""
    offers = {
        "june": lease(10.0, 1000.0, start={"latest": "2026-06"}),
        "july": lease(10.0, 1000.0, start={"earliest": "2026-07"}),
    }
    return to_train(2, training(14400.0), offers)


@toy(6120.0)
def training_waits_for_the_price():
    """7,200 chip-hours by the end of July. On demand a chip-hour costs 1 USD in June; in July 0.5 or 1.2, with the same
    chance: 0.85 expected, also for those who find it dear then.
    """
    prices = futures("2026-07", cheap={"price": {"on-demand": 0.5}}, dear={"price": {"on-demand": 1.2}})
    return to_train(2, training(7200.0), uncertainty=prices)


@toy(8166.3676416)
def tokens_are_six_flop_per_parameter():
    """2.7e11 tokens in sequences of 8,192: 6 x (8e9 parameters + 32 layers x 4,096 wide x 8,192) = 5.4442450944e10 FLOP
    each, 1.4699461755e22 in all: at 1.8e18 the chip-hour 8,166.37 of them on demand.
    """
    run = {**training(1.0), "tokens": 2.7e11}
    del run["flops"]
    return to_train(1, run)


@toy(14400.0)
def training_slows_down_with_size():
    """8 to 32 chips that nobody measured: 8 with 8e9 parameters reach 1.14 x (8 / 70)^0.239 = 67.9 % of 1e15 FLOP/s,
    and 32 4^-0.166 = 79.4 % of that. What 20 chips do in June, half of both on the line between them: 14,400
    chip-hours. At the speed of 8 it would take 16.7 chips.
    """
    few = 1e15 * 1.14 * (8 / 70) ** 0.239
    run = training(1.0, 8.0, 32.0, flops=720 * 3600 * 0.5 * (8 * few + 32 * few * 4**-0.166))
    del run["mfu"]
    return to_train(1, run)


PLAIN = {**LLM, "parameters": 1e10, "active_parameters": 1e10, "linear_layers": 32, "state_bytes": 1.0}
"""without a core of attention: 6e10 FLOP a token"""


def learning(chip_hours: float, **keys: Any) -> dict[str, Any]:
    """Reinforcement learning of so many chip-hours, and as many to generate: 5,000 tokens that are learnt from twice
    are 6e14 FLOP, a chip-second at 60 % of 1e15; a chip generates one rollout a second."""
    request = {"input_tokens": 4000.0, "output_tokens": 1000.0}
    run = {"kind": "rl", "model": "plain", "rollouts": 3600 * chip_hours, "request": request, "mfu": 0.6}
    return {**run, "updates_per_rollout": 2.0, "accelerators": {"max": 1000.0}, **keys}


def to_learn(months: int, run: dict[str, Any], offers: dict | None = None, **keys: Any) -> dict[str, Any]:
    """A document with reinforcement learning `rl`, beside no other workload unless `keys` say so."""
    rates = [
        {"accelerator": "chip", "workload": name, "requests_per_s_per_accelerator": 1.0}
        for name in ("rl.rollouts", *(name for name in keys.get("workloads", {}) if name == "chat"))
    ]
    workloads = {"rl": run, **keys.pop("workloads", {})}
    models = {"llm": LLM, "plain": PLAIN}
    return problem(months, offers, workloads=workloads, models=models, throughput={"rates": rates}, **keys)


@toy(12200.0)
def rollouts_are_generated_beside_updates():
    """7,200 chip-hours of updates fill a lease of ten chips in June, 5,000; their rollouts take ten more on demand."""
    return to_learn(1, learning(7200.0), {"lease": lease()})


@toy(7920.0)
def rollouts_are_not_kept():
    """7,200 chip-hours of each by the end of July. Old chips far away generate, at 0.1 USD in June and 1 in July; ten
    chips that learn are leased in July for 3,000, in June they cost 7,200 on demand. All in June: 7,200 + 720. To
    generate in June and learn in July would be 3,720, but July learns from its own rollouts only: 3,000 + 7,200.
    """
    toy = to_learn(2, learning(7200.0), {"july": lease(10.0, 3000.0, start={"earliest": "2026-07"})})
    toy["throughput"]["rates"][0]["requests_per_s_per_accelerator"] = 0.001
    return with_old_chips(toy, {"2026-06": 0.1, "2026-07": 1.0}, 1.0)


@toy(7880.0)
def old_chips_far_away_generate():
    """Ten leased chips learn, 5,000. Old ones far away at 0.2 USD generate half as fast: 14,400 chip-hours are 2,880.
    To learn there would take a thousand times as many chips as here.
    """
    return with_old_chips(to_learn(1, learning(7200.0), {"lease": lease()}), 0.2, 0.5)


def with_old_chips(toy: dict[str, Any], usd_per_hour: Any, rollouts_per_s: float) -> dict[str, Any]:
    """Chips on demand on the other side of the earth that generate, but hardly learn."""
    toy["regions"]["far"] = {"latitude": 0.0, "longitude": 180.0}
    toy["accelerators"]["old"] = {**CHIP, "bf16_tflops": 1.0}
    elastic = {"usd_per_accelerator_hour": usd_per_hour, "max_accelerators": 1000}
    toy["offers"]["far"] = {"provider": "cloud", "region": "far", "accelerator": "old", "elastic": elastic}
    toy["offers"]["far"]["source"] = "toy"
    rate = {"accelerator": "old", "workload": "rl.rollouts", "requests_per_s_per_accelerator": rollouts_per_s}
    toy["throughput"]["rates"].append(rate)
    return toy


@toy(6600.0)
def rollouts_fill_idle_mornings():
    """Chat wants ten chips from noon on, which are leased for 3,000. In the mornings they generate 3,600 chip-hours of
    rollouts; the updates take five chips on demand all day long, 3,600.
    """
    workloads = {"chat": chat(5.0, shape=[0.0] * 12 + [2.0] * 12)}
    return to_learn(1, learning(3600.0), {"lease": lease(10.0, 3000.0)}, workloads=workloads, day={"blocks": 2})


@toy(23520.0)
def no_rollouts_are_made_up_to_spend_sooner():
    """As `no_use_is_made_up_to_spend_sooner`, with 720 chip-hours of updates and of rollouts in June, 1,440, that the
    agreement asks for too: 440 spent in June on rollouts in vain would mend what lacks at the end of July.
    """
    toy, agreed = to_learn(3, learning(720.0)), no_use_is_made_up_to_spend_sooner()
    toy["workloads"] |= agreed["workloads"]
    toy["workloads"]["rl"] |= {"accelerators": {"max": 1.0}, "window": {"deadline": "2026-06"}}
    toy["throughput"]["rates"] += agreed["throughput"]["rates"]
    kept = {key: agreed[key] for key in ("offers", "commitments", "groups", "finance")}
    kept["commitments"]["agreement"]["usd"] += 1440.0
    return toy | kept


@toy(12240.0)
def reinforcement_waits_for_the_price():
    """7,200 chip-hours of each by the end of July. On demand a chip-hour costs 1 USD in June; in July 0.5 or 1.2, with
    the same chance: 0.85 expected.
    """
    prices = futures("2026-07", cheap={"price": {"on-demand": 0.5}}, dear={"price": {"on-demand": 1.2}})
    return to_learn(2, learning(7200.0), uncertainty=prices)


@toy(7120.0)
def half_survives_the_loss_of_a_seller():
    """Ten chips at 3,000 serve June. Half must survive the loss of their seller, who sells on demand too: five chips of
    another at 4,120. Those and five on demand, 7,720, would do as well.
    """
    return two_sellers(keep=0.5)


@toy(7720.0)
def what_is_bought_by_use_survives_up_to_its_limit():
    """Without the lease: five chips signed at 4,120 and five on demand at 3,600 of the other. Ten on demand, 7,200,
    would be cheaper, and nothing would be left of them.
    """
    document = two_sellers(keep=0.5)
    del document["offers"]["lease"]
    return document


@toy(14920.0)
def loss_of_a_family_needs_the_port():
    """July: the port that saves 3,720 and costs 4,000 is made all the same, since half must survive without `cuda`."""
    rule = {"lose_any": "family", "keep": 0.5, "workloads": ["chat"], "from": "2026-07"}
    return {**to_port(2, {"usd": 4000.0, "months": 1}), "policy": {"resilience": rule}}


def two_sellers(keep: float, **keys: Any) -> dict[str, Any]:
    """Ten chips of `cloud` in a block at 3,000, five of `other` at 4,120, and on-demand chips of `cloud`."""
    offers = {"lease": lease(10.0, 3000.0), "spare": lease(5.0, 4120.0, provider="other")}
    providers = {"cloud": {"kind": "neocloud"}, "other": {"kind": "neocloud"}}
    rule = {"lose_any": "provider", "keep": keep, "workloads": ["chat"]}
    return problem(offers=offers, providers=providers, policy={"resilience": rule}, **keys)


@toy(7948.8)
def answers_that_grow_longer():
    """100 output tokens at 1 USD per million, twice as many from July on: 10 requests/s x 3,600 s x 0.0001 USD x 720 h
    and 0.0002 x 744 h: 2,592 + 5,356.8.
    """
    api = {"models": ["llm"], "usd_per_million_input_tokens": 0.0, "usd_per_million_output_tokens": 1.0}
    api |= {"max_requests_per_s": 100.0, "ttft_ms": 100.0, "tpot_ms": 10.0}
    request = {"input_tokens": 1000.0, "output_tokens": 100.0, "reasoning_multiplier": {"2026-06": 1.0, "2026-07": 2.0}}
    offers = {"api": {"provider": "cloud", "region": "here", "api": api, "source": "toy", "free": True}}
    document = problem(2, demand={"request": request}, throughput={})
    return {**document, "offers": offers}


def keeping(usd_per_change: float, *deals: tuple[str, str, int, int]) -> dict[str, Any]:
    """A policy that keeps deals of an earlier plan: offer, start, months and blocks of each."""
    names = ("offer", "start", "months", "blocks")
    plan = [{**dict(zip(names, deal, strict=True)), "signing": deal[1]} for deal in deals]
    return {"keep_plan": {"plan": plan, "usd_per_change": usd_per_change}}


@toy(5000.0)
def the_earlier_plan_is_kept():
    """The earlier plan signs the lease of 5,000. Another costs 4,800 now, but not to sign the one, and to sign the
    other, are two changes at 150 each.
    """
    offers = {"planned": lease(), "other": lease(usd_per_month=4800.0)}
    return problem(offers=offers, policy=keeping(150.0, ("planned", "2026-06", 1, 1)))


@toy(5600.0)
def one_block_more_is_a_change():
    """One block of five chips at 2,000, as planned, and 5 x 720 on demand. Two blocks: 4,000, and a change of 2,000."""
    offers = {"lease": lease(5.0, 2000.0, blocks={"max": 2})}
    return problem(offers=offers, policy=keeping(2000.0, ("lease", "2026-06", 1, 1)))


@toy(14640.0)
def what_is_owed_does_not_know_who_fails():
    """Two months at 3,000 from a seller that fails in July: 3,000 and 7,440 on demand. But after June July's fee is
    owed, 3,000, over the cap of 2,500, whatever becomes of the seller: on demand 7,200 + 7,440.
    """
    scenario = {"fails": {"probability": 1.0, "lose": {"lease": "2026-07"}}}
    offer = lease(10.0, 3000.0, months=2, start={"latest": "2026-06"})
    finance = {"obligations_max_usd": 2500.0}
    return problem(2, {"lease": offer}, uncertainty={"scenarios": scenario}, finance=finance)


def of_whom(spend: float, elsewhere: float, third: float | None = None, **keys: Any) -> dict[str, Any]:
    """Ten chips of `left` at 4,000, which alone serves chat, and a share of spend for each; what stands idle beside it:
    chips of the cloud at `elsewhere`, and of a `right` at `third`.
    """
    rivals_to_it = [lease(10.0, 4000.0), *([] if third is None else [lease(10.0, third)])]
    document = rivals(*rivals_to_it, policy={"provider_share_max": {"spend": spend}}, **keys)
    document["workloads"]["chat"] |= {"allow": {"providers": ["left"]}}
    document["offers"]["idle"] = lease(10.0, elsewhere)
    return document


@toy(7000.0)
def no_chips_are_held_to_raise_a_share():
    """Left is paid 4,000, of at least 6,666.67. The run needs one chip of the cloud, 720: it does not hold 3.7 of them
    to spend 2,666.67, but takes one of the idle ten, 3,000.
    """
    document = of_whom(0.6, 3000.0)
    document["workloads"]["run"] = training(720.0, allow={"providers": ["cloud"]})
    return document


@toy(8200.0)
def no_hours_are_paid_beyond_use_to_raise_a_share():
    """Left may have 52 %, so 3,692.31 go to others: the idle ten for 4,200, of which one serves code. Ten chips by the
    hour, 3,600 owed and 720 of 3,600 hours used, do not bill another 92.31 that nobody uses. Nothing is on demand.
    """
    document = and_code(of_whom(0.52, 4200.0), 1.0)
    del document["offers"]["on-demand"]
    document["offers"]["hourly"] = lease(10.0, None, usd_per_accelerator_hour=1.0, take_or_pay=0.5)
    return document


@toy(8200.0)
def no_more_is_paid_for_nothing_than_lacks():
    """3,000 are promised to the cloud, and 3,692.31 must go to others than left: the idle ten for 4,200, which serve
    code and keep the promise. With code on demand, 720, 2,280 lack: 692.31 more for nothing would cost less.
    """
    document = of_whom(0.52, 4200.0, commitments={"agreement": promise(usd=3000.0, mandatory=True)})
    return and_code(document, 1.0)


@toy(8080.0)
def what_is_prepaid_is_drawn_before_list_is_paid():
    """4 USD an hour at 20 % off, 2,880, cover the five chips of code on demand. Left has 4,000 of 6,880; the cloud does
    not get another 1,120 at list for what is covered, but right 1,200 for ten that stand idle.
    """
    plan = promise("use_it_or_lose_it", usd_per_hour=4.0, discount=off(0.2), mandatory=True)
    document = of_whom(0.5, 9999.0, 1200.0, commitments={"plan": plan})
    return and_code(document, 5.0)


def and_code(document: dict[str, Any], requests_per_s: float) -> dict[str, Any]:
    """The document with a second workload, which the cloud alone serves."""
    code = chat(requests_per_s, allow={"providers": ["cloud"]})
    rates = [{"accelerator": "chip", "workload": w, "requests_per_s_per_accelerator": 1.0} for w in ("chat", "code")]
    return {**document, "workloads": {**document["workloads"], "code": code}, "throughput": {"rates": rates}}
