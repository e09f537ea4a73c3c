"""Everything that the rules look at: the instance and the plan's decisions, worked out once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import offtake.throughput
from offtake.instance.months import Month
from offtake.instance.network import egress_usd_per_million_tokens
from offtake.instance.pools import Pool, pools
from offtake.instance.schema import Instance, Offer

from .calendar import Calendar
from .claim import Claim, ClaimedDeal
from .contracts import Contract, contract_in_force, signed_deal
from .decisions import Decisions, Known
from .demand import Demand, demand_of
from .numbers import ZERO, exact, price_in
from .promises import Promise, can_be_taken, promise

SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class Books:
    """One plan opened against its instance. What cannot be priced is left out, and found by a rule."""

    instance: Instance
    claim: Claim

    @cached_property
    def calendar(self) -> Calendar:
        return Calendar.of(self.instance)

    @cached_property
    def pools(self) -> dict[str, Pool]:
        return {pool.id: pool for pool in pools(self.instance)}

    @cached_property
    def demand(self) -> dict[str, Demand]:
        return {key: demand_of(self.instance, self.calendar, key) for key in self.instance.workloads}

    @cached_property
    def serving_rates(self) -> offtake.throughput.RateTable:
        return offtake.throughput.rate_table(self.instance)

    # --- what the plan decides

    def offered(self, deal: ClaimedDeal) -> bool:
        """Whether the deal is a term of an offer that starts within the horizon: the rest cannot be priced."""
        offer = self.instance.offers.get(deal.offer)
        return (
            offer is not None
            and 0 <= deal.term < len(offer.terms)
            and deal.node == 0
            and 0 <= deal.start - self.calendar.start < len(self.calendar.months)
        )

    @cached_property
    def deals(self) -> dict[int, Contract]:
        """Signed deals by their position in the plan's table."""
        return {
            position: signed_deal(self.instance, deal.offer, deal.term, deal.start, deal.blocks)
            for position, deal in enumerate(self.claim.deals)
            if self.offered(deal)
        }

    @cached_property
    def contracts(self) -> dict[int | str, Contract]:
        """Signed deals by position, then contracts in force by id."""
        in_force = {key: contract_in_force(self.instance, key, signed) for key, signed in self.instance.signed.items()}
        return {**self.deals, **in_force}

    @cached_property
    def decisions(self) -> Decisions:
        feeds = {
            key: [f"{contract.supply_id}/{name}" for name in contract.counts]
            for key, contract in self.contracts.items()
        }
        takable = [key for key, each in self.instance.commitments.items() if can_be_taken(each, self.calendar)]
        return Known(self.calendar, self.pools, self.instance.workloads, feeds, takable).sort_out(self.claim)

    @cached_property
    def promises(self) -> dict[str, Promise]:
        """Spend commitments that are taken, in the order of the instance."""
        taken = {row.commitment for row in self.decisions.committed}
        return {key: promise(self.instance, self.calendar, key) for key in self.instance.commitments if key in taken}

    # --- what follows from it

    def pool_contracts(self, pool: str) -> dict[int | str, Contract]:
        """Contracts that feed a pool."""
        supply = self.pools[pool].supply
        return {key: contract for key, contract in self.contracts.items() if contract.supply_id == supply}

    def rate(self, pool: str, workload: str, period: int) -> Decimal:
        """R: requests/s per accelerator throughout the period; 0 for a pair that is not eligible, 1 for an API."""
        return self._rates[pool, workload][period]

    @cached_property
    def _rates(self) -> dict[tuple[str, str], list[Decimal]]:
        found = {}
        for pair in {(row.pool, row.workload): None for row in self.decisions.serve}:
            serving = self.serving_rates[pair]
            monthly = [exact(rate) if serving.eligible else ZERO for rate in serving.requests_per_s]
            found[pair] = [
                min(monthly[month - self.calendar.start] for month in months) for months in self.calendar.periods
            ]
        return found

    @cached_property
    def served(self) -> dict[tuple[str, int, int], Decimal]:
        """Requests/s provisioned, by workload, period and block, unserved demand included."""
        found: dict[tuple[str, int, int], Decimal] = defaultdict(lambda: ZERO)
        for pool, workload, period, block, _, amount in self.decisions.serve:
            found[workload, period, block] += amount * self.rate(pool, workload, period)
        for workload, period, block, _, amount in self.decisions.unserved:
            found[workload, period, block] += amount
        return found

    @cached_property
    def used(self) -> dict[tuple[str, int, int], Decimal]:
        """Accelerators (requests/s for an API) in use at peak, by pool, period and block."""
        found: dict[tuple[str, int, int], Decimal] = defaultdict(lambda: ZERO)
        for pool, _, period, block, _, amount in self.decisions.serve:
            found[pool, period, block] += amount
        return found

    @cached_property
    def mean_use(self) -> dict[tuple[str, str, int], Decimal]:
        """Accelerators (requests/s for an API) at work on average, by pool, workload and period: what is paid for."""
        found: dict[tuple[str, str, int], Decimal] = defaultdict(lambda: ZERO)
        for pool, workload, period, block, _, amount in self.decisions.serve:
            share = self.demand[workload].mean_share(period, block)
            found[pool, workload, period] += self.calendar.block_share * share * amount
        return found

    @cached_property
    def list_usd(self) -> dict[tuple[str, Month, int], Decimal]:
        """What use costs at list prices, by pool, month and block: elastic price and tokens."""
        found: dict[tuple[str, Month, int], Decimal] = defaultdict(lambda: ZERO)
        for pool, workload, period, block, _, amount in self.decisions.serve:
            share = self.calendar.block_share * self.demand[workload].mean_share(period, block) * amount
            tokens = SECONDS_PER_HOUR * self.rate(pool, workload, period) * self.tokens_per_request(pool, workload)
            for month in self.calendar.periods[period]:
                found[pool, month, block] += share * month.hours * (self.elastic_price(pool, month) + tokens)
        return found

    @cached_property
    def covered(self) -> dict[tuple[str, str, Month, int], Decimal]:
        """USD at list prices drawn from a commitment, by commitment, pool, month and block."""
        start = self.calendar.start
        return {(key, pool, start + month, block): usd for key, pool, month, block, _, usd in self.decisions.covered}

    @cached_property
    def used_hours(self) -> dict[tuple[str, int], Decimal]:
        """Accelerator-hours at work, by pool and period."""
        found: dict[tuple[str, int], Decimal] = defaultdict(lambda: ZERO)
        for (pool, _, period), use in self.mean_use.items():
            found[pool, period] += self.calendar.hours(period) * use
        return found

    def mean_requests(self, workload: str, period: int, block: int, rate: Decimal) -> Decimal:
        """Requests in a block over the period, for a rate of those to provision for."""
        seconds = self.calendar.hours(period) * self.calendar.block_share * SECONDS_PER_HOUR
        return seconds * self.demand[workload].mean_share(period, block) * rate

    @cached_property
    def beyond_hours(self) -> dict[tuple[int | str, str, int], Decimal]:
        """Accelerator-hours beyond the take-or-pay share, by contract, pool and period."""
        return {(key, pool, period): hours for key, pool, period, _, hours in self.decisions.beyond}

    def limit(self, pool: str, period: int) -> Decimal | None:
        """Accelerators (requests/s for an API) that the pool offers without signing; None if it needs a contract."""
        offer = self.instance.offers.get(self.pools[pool].supply)
        if not isinstance(offer, Offer) or (offer.elastic is None and offer.api is None):
            return None
        most = exact(offer.elastic.max_accelerators if offer.elastic else offer.api.max_requests_per_s)
        first, last = offer.start.earliest, offer.start.latest
        months = self.calendar.periods[period]
        there = (first is None or months[0] >= first) and (last is None or months[-1] <= last)
        return most * exact(offer.availability) if there else ZERO

    # --- emissions

    def intensity(self, region: str) -> Decimal:
        """Kilograms of CO2 per kilowatt-hour; 0 where the instance does not say."""
        return exact(self.instance.regions[region].carbon_kg_per_kwh or 0)

    def tonnes(self, contract: Contract, month: Month) -> Decimal:
        """CO2 of all that a contract has in service in the month, at work or idle."""
        return contract.energy_kwh(month) * self.intensity(contract.supply.region) / 1000

    def elastic_tonnes(self, month: Month) -> Decimal:
        """CO2 of the accelerators without a contract that are at work on average in the month."""
        period = next(t for t, months in enumerate(self.calendar.periods) if month in months)
        total = ZERO
        for (pool, _, t), use in self.mean_use.items():
            place = self.pools[pool]
            if t == period and place.accelerator is not None and self.limit(pool, t) is not None:
                kw = exact(self.instance.accelerators[place.accelerator].all_in_kw)
                total += use * kw * month.hours * self.intensity(place.region) / 1000
        return total

    def all_tonnes(self, month: Month) -> Decimal:
        """CO2 of contracts in service and of elastic use."""
        return sum((self.tonnes(contract, month) for contract in self.contracts.values()), self.elastic_tonnes(month))

    # --- unit prices

    def elastic_price(self, pool: str, month: Month) -> Decimal:
        """USD per accelerator-hour of a pool that needs no signing; 0 for the others."""
        offer = self.instance.offers.get(self.pools[pool].supply)
        return price_in(offer.elastic.usd_per_accelerator_hour, month) if offer and offer.elastic else ZERO

    def egress_per_request(self, pool: str, workload_id: str) -> Decimal:
        """USD per request for its output tokens on their way to the workload's region."""
        workload = self.instance.workloads[workload_id]
        price = egress_usd_per_million_tokens(self.instance, self.pools[pool].region, workload.region)
        return exact(price) * self._output_tokens(workload_id) / 10**6

    def tokens_per_request(self, pool: str, workload_id: str) -> Decimal:
        """USD per request that a token API bills; 0 for accelerators."""
        offer = self.instance.offers.get(self.pools[pool].supply)
        if offer is None or offer.api is None:
            return ZERO
        read = exact(self.instance.workloads[workload_id].request.input_tokens)
        written = self._output_tokens(workload_id)
        bill = read * exact(offer.api.usd_per_million_input_tokens) + written * exact(
            offer.api.usd_per_million_output_tokens
        )
        return bill / 10**6

    def _output_tokens(self, workload_id: str) -> Decimal:
        request = self.instance.workloads[workload_id].request
        return exact(request.output_tokens) * exact(request.reasoning_multiplier)
