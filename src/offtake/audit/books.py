"""Everything that the rules look at: the instance and the plan's decisions, worked out once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

import offtake.throughput
from offtake.instance.months import Month
from offtake.instance.network import egress_usd_per_million_tokens
from offtake.instance.pools import Pool, pools, supplies
from offtake.instance.scenarios import lost, price_factor
from offtake.instance.schema import Instance, Offer, Port
from offtake.instance.workloads import runs, served

from .calendar import Calendar
from .claim import Claim
from .contracts import Contract
from .decisions import Decisions, Known
from .deeds import Register
from .demand import Demand, demand_of
from .follow_ons import Break, Deed
from .forward import usd_per_hour
from .numbers import ONE, ZERO, exact, price_in
from .promises import Promise, can_be_taken, promise

SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class Books:
    """One plan opened against its instance. What cannot be priced is left out, and found by a rule."""

    instance: Instance
    claim: Claim
    same_rates: Books | None = None
    """books of another future, whose serving rates are the same"""

    @cached_property
    def calendar(self) -> Calendar:
        return Calendar.of(self.instance)

    @cached_property
    def pools(self) -> dict[str, Pool]:
        return {pool.id: pool for pool in pools(self.instance)}

    @cached_property
    def demand(self) -> dict[str, Demand]:
        """Of the workloads that bring requests."""
        return {key: demand_of(self.instance, self.calendar, key) for key in served(self.instance)}

    def mean_share(self, workload: str, period: int, block: int) -> Decimal:
        """What is paid for, over what is provisioned: all of what a training run takes."""
        return self.demand[workload].mean_share(period, block) if workload in self.demand else ONE

    @cached_property
    def serving_rates(self) -> offtake.throughput.RateTable:
        if self.same_rates is not None:
            return self.same_rates.serving_rates
        return offtake.throughput.rate_table(self.instance)

    # --- what the plan decides

    @cached_property
    def register(self) -> Register:
        return Register(self.instance, self.calendar, self.claim.deals)

    @property
    def deeds(self) -> dict[int, Deed]:
        """Sound rows of the table of deals by their position."""
        return self.register.deeds

    @cached_property
    def deals(self) -> dict[int, Contract]:
        """Those that deliver."""
        return {position: deed for position, deed in self.deeds.items() if isinstance(deed, Contract)}

    @cached_property
    def roots(self) -> dict[int, Contract]:
        """Those that follow no other."""
        return {position: deal for position, deal in self.deals.items() if not deal.right}

    @cached_property
    def contracts(self) -> dict[int | str, Contract]:
        """All that deliver, then contracts in force by id: all of their blocks, as signed."""
        return {**self.deals, **self.register.in_force}

    def breaks(self, key: int | str) -> list[Break]:
        """What is broken off a contract."""
        return [deed for row, deed in self.deeds.items() if isinstance(deed, Break) and self.follows(row) == key]

    def follows(self, row: int) -> int | str | None:
        return self.claim.deals[row].follows

    @cached_property
    def legs(self) -> dict[int | str, list[Contract]]:
        """How the blocks of each contract go: those that run on, then those that are broken off."""
        return {key: _legs(contract, self.breaks(key)) for key, contract in self.contracts.items()}

    @cached_property
    def all_legs(self) -> list[Contract]:
        return [leg for legs in self.legs.values() for leg in legs]

    @cached_property
    def decisions(self) -> Decisions:
        feeds = {
            key: [f"{contract.supply_id}/{name}" for name in contract.counts]
            for key, contract in self.contracts.items()
        }
        takable = [key for key, each in self.instance.commitments.items() if can_be_taken(each, self.calendar)]
        known = Known(
            self.calendar,
            self.pools,
            self.instance.workloads,
            feeds,
            takable,
            list(self.asked_ports),
            list(self.losses),
            list(runs(self.instance)),
            list(self.demand),
        )
        return known.sort_out(self.claim)

    @cached_property
    def losses(self) -> dict[str, list[str]]:
        """What may be lost at once -> the pools that are lost with it."""
        found: dict[str, list[str]] = {}
        rule = self.instance.policy.resilience
        for key, pool in self.pools.items() if rule is not None else ():
            group = self.instance.providers[pool.provider].group or pool.provider
            family = self.instance.accelerators[pool.accelerator].family if pool.accelerator is not None else None
            name = {"provider": group, "site": pool.region, "family": family}[rule.lose_any]
            if name is not None:
                found.setdefault(name, []).append(key)
        return found

    @cached_property
    def asked_ports(self) -> dict[tuple[str, str], Port]:
        """(model, family) -> what is not ported yet."""
        stated = self.instance.ports.items()
        return {(m, family): port for m, ports in stated for family, port in ports.items() if not port.done}

    @cached_property
    def ported(self) -> dict[tuple[str, str], Month]:
        """(model, family) -> the month in which the port begins; the first, if there are several."""
        rows = sorted(self.decisions.ported, key=lambda row: -row.month)
        return {(row.model, row.family): self.calendar.start + row.month for row in rows}

    def is_ported(self, pool: str, workload: str, period: int) -> bool:
        """Whether a pool waits for no port when the period begins."""
        asked = self.port_of(pool, workload)
        if asked is None:
            return True
        begins = self.ported.get(asked)
        return begins is not None and begins + self.asked_ports[asked].months <= self.calendar.periods[period][0]

    def port_of(self, pool: str, workload: str) -> tuple[str, str] | None:
        """(model, family) of the port that a pool waits for before it serves a workload."""
        accelerator = self.pools[pool].accelerator
        if accelerator is None:
            return None
        asked = self.instance.workloads[workload].model, self.instance.accelerators[accelerator].family
        return asked if asked in self.asked_ports else None

    @cached_property
    def promises(self) -> dict[str, Promise]:
        """Spend commitments that are taken, in the order of the instance."""
        taken = {row.commitment for row in self.decisions.committed}
        return {key: promise(self.instance, self.calendar, key) for key in self.instance.commitments if key in taken}

    # --- what follows from it

    def pool_legs(self, pool: str) -> dict[int | str, list[Contract]]:
        """Contracts that feed a pool, in legs."""
        supply = self.pools[pool].supply
        return {key: legs for key, legs in self.legs.items() if legs[0].supply_id == supply}

    def rate(self, pool: str, workload: str, period: int) -> Decimal:
        """R: requests/s per accelerator throughout the period; 0 for a pair that is not eligible, 1 for an API; FLOP/s
        for a training run."""
        return self._rates[pool, workload][period]

    @cached_property
    def _rates(self) -> dict[tuple[str, str], list[Decimal]]:
        found = {}
        for pair in {(row.pool, row.workload): None for row in (*self.decisions.serve, *self.decisions.rerouted)}:
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
        for slot, amount in self.refused.items():
            found[slot] += amount
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
            share = self.mean_share(workload, period, block)
            found[pool, workload, period] += self.calendar.block_share * share * amount
        return found

    @cached_property
    def list_usd(self) -> dict[tuple[str, Month, int], Decimal]:
        """What use costs at list prices, by pool, month and block: elastic price and tokens."""
        found: dict[tuple[str, Month, int], Decimal] = defaultdict(lambda: ZERO)
        for pool, workload, period, block, _, amount in self.decisions.serve:
            share = self.calendar.block_share * self.mean_share(workload, period, block) * amount
            requests_per_hour = SECONDS_PER_HOUR * self.rate(pool, workload, period)
            for month in self.calendar.periods[period]:
                tokens = requests_per_hour * self.tokens_per_request(pool, workload, month)
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

    @cached_property
    def let(self) -> dict[tuple[str, int], Decimal]:
        """Accelerators let to others, by pool and period."""
        return {(pool, period): amount for pool, period, _, amount in self.decisions.sublet}

    def mean_requests(self, workload: str, period: int, block: int, rate: Decimal) -> Decimal:
        """Requests in a block over the period, for a rate of those to provision for."""
        seconds = self.calendar.hours(period) * self.calendar.block_share * SECONDS_PER_HOUR
        return seconds * self.demand[workload].mean_share(period, block) * rate

    @cached_property
    def served_requests(self) -> dict[tuple[str, int], Decimal]:
        """Requests served by workload and period: interactive ones asked for and not left unserved, batch work where
        it is done."""
        found: dict[tuple[str, int], Decimal] = defaultdict(lambda: ZERO)
        for workload, demand in self.demand.items():
            batch = demand.waiting_periods is not None
            for period, row in enumerate(demand.provision):
                for block, asked in enumerate(row):
                    refused = self.refused.get((workload, period, block), ZERO)
                    rate = (self.served.get((workload, period, block), ZERO) if batch else asked) - refused
                    found[workload, period] += self.mean_requests(workload, period, block, rate)
        return dict(found)

    @cached_property
    def refused(self) -> dict[tuple[str, int, int], Decimal]:
        """Requests/s provisioned for nobody, by workload, period and block."""
        found: dict[tuple[str, int, int], Decimal] = defaultdict(lambda: ZERO)
        for workload, period, block, _, amount in self.decisions.unserved:
            found[workload, period, block] += amount
        return found

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
        there = self.stands(self.pools[pool].supply, self.calendar.periods[period])
        return most * exact(offer.availability) if there else ZERO

    def stands(self, key: str, months: list[Month]) -> bool:
        """Whether what is bought without signing is on offer throughout the months, and its seller there."""
        offer = self.instance.offers[key]
        first, last, gone = offer.start.earliest, offer.start.latest, lost(self.instance, offer.provider, key)
        begun = first is None or months[0] >= first
        return begun and (last is None or months[-1] <= last) and (gone is None or months[-1] < gone)

    # --- emissions

    def intensity(self, region: str) -> Decimal:
        """Kilograms of CO2 per kilowatt-hour; 0 where the instance does not say."""
        return exact(self.instance.regions[region].carbon_kg_per_kwh or 0)

    def tonnes(self, contract: Contract, month: Month) -> Decimal:
        """CO2 of all that a contract has in service in the month, at work or idle."""
        return contract.energy_kwh(month) * self.intensity(contract.supply.region) / 1000

    def elastic_tonnes(self, month: Month) -> Decimal:
        """CO2 of the accelerators without a contract that are at work on average in the month."""
        period = self.calendar.period_of(month)
        total = ZERO
        for (pool, _, t), use in self.mean_use.items():
            place = self.pools[pool]
            if t == period and place.accelerator is not None and self.limit(pool, t) is not None:
                kw = exact(self.instance.accelerators[place.accelerator].all_in_kw)
                total += use * kw * month.hours * self.intensity(place.region) / 1000
        return total

    def all_tonnes(self, month: Month) -> Decimal:
        """CO2 of contracts in service and of elastic use."""
        return sum((self.tonnes(leg, month) for leg in self.all_legs), self.elastic_tonnes(month))

    # --- unit prices

    def elastic_price(self, pool: str, month: Month) -> Decimal:
        """USD per accelerator-hour of a pool that needs no signing; 0 for the others."""
        place = self.pools[pool]
        offer = self.instance.offers.get(place.supply)
        if offer is None or offer.elastic is None:
            return ZERO
        return self.price_factor(place.supply, month) * price_in(offer.elastic.usd_per_accelerator_hour, month)

    def price_factor(self, offer: str, month: Month) -> Decimal:
        """Factor of the scenario on what is paid by use."""
        return exact(price_factor(self.instance, self.instance.offers[offer].provider, offer, month))

    def sublease_usd(self, pool: str, month: Month) -> Decimal:
        """What an accelerator-hour brings that is let to others; 0 where it may not be."""
        place = self.pools[pool]
        market = supplies(self.instance)[place.supply].sublease
        if market is None or place.accelerator is None:
            return ZERO
        return exact(market.fraction) * usd_per_hour(self.instance, place.accelerator, month)

    def egress_per_request(self, pool: str, workload_id: str, month: Month) -> Decimal:
        """USD per request for its output tokens on their way to the workload's region."""
        workload = self.instance.workloads[workload_id]
        if workload_id not in self.demand:
            return ZERO
        price = egress_usd_per_million_tokens(self.instance, self.pools[pool].region, workload.region)
        return exact(price) * self._output_tokens(workload_id, month) / 10**6

    def tokens_per_request(self, pool: str, workload_id: str, month: Month) -> Decimal:
        """USD per request that a token API bills in a month; 0 for accelerators."""
        offer = self.instance.offers.get(self.pools[pool].supply)
        if offer is None or offer.api is None or workload_id not in self.demand:
            return ZERO
        read = exact(self.instance.workloads[workload_id].request.input_tokens)
        written = self._output_tokens(workload_id, month)
        bill = read * exact(offer.api.usd_per_million_input_tokens) + written * exact(
            offer.api.usd_per_million_output_tokens
        )
        return self.price_factor(self.pools[pool].supply, month) * bill / 10**6

    def all_tokens(self, workload_id: str, month: Month) -> Decimal:
        """Tokens of one request in a month, read and written."""
        read = exact(self.instance.workloads[workload_id].request.input_tokens)
        return read + self._output_tokens(workload_id, month)

    def _output_tokens(self, workload_id: str, month: Month) -> Decimal:
        request = self.instance.workloads[workload_id].request
        return exact(request.output_tokens) * price_in(request.reasoning_multiplier, month)


def _legs(contract: Contract, breaks: list[Break]) -> list[Contract]:
    """What is paid once goes with the first blocks that there are; what the first tiers cost runs on with none."""
    off = [each.leaving for each in breaks]
    left = contract.blocks - sum((leg.blocks for leg in off), ZERO)
    if not off or left:
        return [replace(contract, blocks=left) if off else contract, *off]
    tiers = [replace(contract, blocks=ZERO, whole=False)] if contract.ladder else []
    return [replace(off[0], whole=contract.whole), *off[1:], *tiers]
