"""USD per million tokens by offer and workload, at full use: a yardstick beside the plan, not part of it."""

from __future__ import annotations

from dataclasses import dataclass

from ..instance.months import Month
from ..instance.pools import block_accelerators, block_power_mw, delivered_shares, facility_kw, pools
from ..instance.prices import price_in
from ..instance.schema import Elastic, Instance, Offer, Term, Tiers, TokenApi
from .rates import ServingRate, Work, tokens_per_request
from .table import RateTable

HOURS_PER_MONTH = 730.5
"""a twelfth of 365.25 days"""


@dataclass(frozen=True)
class TokenPrice:
    """What a million tokens, input and output, cost from one pool for one workload that it can serve."""

    pool: str
    offer: str
    workload: str
    basis: str
    """where the price comes from: which term, elastic or the API's tokens"""
    usd_per_accelerator_hour: float | None
    """per usable accelerator; None for a token API"""
    tokens_per_s: float
    """per accelerator, first month"""
    usd_per_million_tokens: float
    """input and output together"""
    usd_per_million_input_tokens: float | None
    usd_per_million_output_tokens: float | None
    """the accelerators' time split by what it is spent on; None where a rate does not say"""


def usd_per_million_tokens(instance: Instance, table: RateTable) -> list[TokenPrice]:
    """One row per pool, workload that it can serve and basis of its price, in the order of the file.

        USD per million tokens        = 1e6 x USD per usable accelerator-hour / (3600 x tokens per second)
        USD per million input tokens  = the same of the input tokens alone, for the share of time that reads prompts

    The price of a term is all its fees at full use, signed for the first start (ramp, prices by month, fee factors,
    escalator, minimum and energy paid apart included; the mean price of the most blocks, where there are tiers; months
    of 730.5 hours; what is paid for signing and discounting left out) over the accelerator-hours usable in it. Mixed
    blocks spread the fee evenly over their accelerators. Contracts in force are sunk.
    """
    rows = []
    for pool in pools(instance):
        offer = instance.offers.get(pool.supply)
        for key, workload in instance.workloads.items():
            rate = table[pool.id, key]
            if offer is not None and rate.eligible:
                rows += [
                    TokenPrice(pool.id, pool.supply, key, basis, hourly, rate.tokens_per_s, *per_million)
                    for basis, hourly, per_million in _prices(instance, offer, workload, rate)
                ]
    return rows


def _prices(
    instance: Instance, offer: Offer, workload: Work, rate: ServingRate
) -> list[tuple[str, float | None, tuple[float, float | None, float | None]]]:
    """(basis, USD per usable accelerator-hour, USD per million tokens: all, input, output) of every way to pay."""
    if offer.api is not None:
        api = offer.api
        separately = api.usd_per_million_input_tokens, api.usd_per_million_output_tokens
        return [("tokens of the API", None, (_api_usd_per_million(api, workload), *separately))]
    if offer.elastic is not None:
        hourly = [(offer.elastic.market, _elastic_usd_per_hour(instance, offer.elastic))]
    else:
        hourly = [
            (f"{term.months} months, mean of the term", term_usd_per_hour(instance, offer, term))
            for term in offer.terms
        ]
    return [(basis, usd, _split(1e6 * usd / (3600 * rate.tokens_per_s), workload, rate)) for basis, usd in hourly]


def _split(per_million: float, workload: Work, rate: ServingRate) -> tuple[float, float | None, float | None]:
    """The price of a million tokens, and of a million of each kind."""
    if rate.prefill_share is None:
        return per_million, None, None
    share = workload.request.input_tokens / tokens_per_request(workload)
    return per_million, per_million * rate.prefill_share / share, per_million * (1 - rate.prefill_share) / (1 - share)


def term_usd_per_hour(instance: Instance, offer: Offer, term: Term) -> float:
    """Fixed fees and energy of the term per usable accelerator-hour of it, undiscounted."""
    count = sum(block_accelerators(instance, offer).values())
    start = offer.start.earliest if offer.start.earliest is not None else instance.horizon.start
    tier = _mean_factor(term.tiers, offer.blocks.max)
    paid = hours = 0.0
    for month, share in enumerate(delivered_shares(offer, term.months)):
        if term.usd_per_month is not None:
            price, quantity = term.usd_per_month, 1.0
        elif term.usd_per_accelerator_hour is not None:
            price, quantity = term.usd_per_accelerator_hour, count * share * HOURS_PER_MONTH
        else:
            price, quantity = term.usd_per_mw_month or 0.0, block_power_mw(instance, offer) * share
        fee = (price_in(price, start + month) or 0.0) * quantity * tier
        fee *= _last_holds(term.fee_factor, month) * (1 + term.escalator_per_year) ** (month // 12)
        paid += max(fee, term.minimum_usd_per_month)
        paid += _energy_usd_per_hour(instance, offer, start + month) * share * HOURS_PER_MONTH
        hours += count * share * HOURS_PER_MONTH * offer.availability
    return paid / hours if hours else float("inf")


def _energy_usd_per_hour(instance: Instance, offer: Offer, month: Month) -> float:
    """Energy of one whole block, where it is paid for apart."""
    if offer.power_price is None:
        return 0.0
    return facility_kw(instance, offer) * (price_in(offer.power_price.usd_per_kwh, month) or 0.0)


def _mean_factor(tiers: Tiers | None, blocks: int) -> float:
    """Price of so many blocks over that of as many at factor 1."""
    if tiers is None:
        return 1.0
    reached = [step for step in tiers.steps if step.from_blocks <= blocks]
    if tiers.kind == "all_units":
        return reached[-1].factor
    ends = [step.from_blocks - 1 for step in reached[1:]] + [blocks]
    return sum(step.factor * (end - step.from_blocks + 1) for step, end in zip(reached, ends, strict=True)) / blocks


def _last_holds(values: list[float], month: int) -> float:
    """Value of a list by month of the term: its last holds; 1 if there is none."""
    return values[min(month, len(values) - 1)] if values else 1.0


def _elastic_usd_per_hour(instance: Instance, elastic: Elastic) -> float:
    """The price in the first month of the horizon."""
    return price_in(elastic.usd_per_accelerator_hour, instance.horizon.start) or 0.0


def _api_usd_per_million(api: TokenApi, workload: Work) -> float:
    output = workload.request.output_tokens * workload.request.reasoning_multiplier
    paid = workload.request.input_tokens * api.usd_per_million_input_tokens + output * api.usd_per_million_output_tokens
    return paid / tokens_per_request(workload)
