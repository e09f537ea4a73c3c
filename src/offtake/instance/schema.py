"""What a user may write: the classes that validate an instance file and generate its JSON Schema.

Every key says its unit. Keys that no class here knows are errors; keys that the format names but this
version does not act on are listed in `NOT_YET` and refused by name, never ignored. Rules that need
more than one key of one object (ids that must exist, dates that must fit) live in `checks.py`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    WithJsonSchema,
)

from .months import Month

ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
Id = Annotated[str, StringConstraints(pattern=ID_PATTERN, max_length=80)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Penalty = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
MOST_REQUESTS_PER_S = 1_000_000_000
RequestRate = Annotated[float, Field(gt=0, le=MOST_REQUESTS_PER_S, allow_inf_nan=False)]
RequestRateOrNone = Annotated[float, Field(ge=0, le=MOST_REQUESTS_PER_S, allow_inf_nan=False)]
Usd = Annotated[float, Field(ge=0, le=10_000_000_000_000, allow_inf_nan=False)]
PositiveUsd = Annotated[float, Field(gt=0, le=10_000_000_000_000, allow_inf_nan=False)]
Megawatts = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
Accelerators = Annotated[float, Field(gt=0, le=1_000_000_000, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Discount = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
PositiveShare = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
Year = Annotated[int, Field(ge=2000, le=2200)]


def _year_or_month(key: Any) -> Any:
    """A key of a budget is a calendar year (an integer) or a month (`YYYY-MM`)."""
    return int(key) if isinstance(key, str) and key.isdigit() else key


YearKey = Annotated[
    Year,
    BeforeValidator(_year_or_month),
    WithJsonSchema({"type": "string", "pattern": r"^2[01]\d\d$"}),
]
YearOrMonth = Annotated[
    Year | Month,
    BeforeValidator(_year_or_month),
    WithJsonSchema({"type": "string", "pattern": r"^2[01]\d\d(-(0[1-9]|1[0-2]))?$"}),
]
Family = Literal["cuda", "rocm", "xla", "neuron", "lpu"]
Factor = Literal["memory", "decode", "prefill", "layer", "first_token", "request", "latency", "queue", "cache"]
Constant = Literal[
    "memory_share", "decode_share", "prefill_share", "attention_share", "link_share", "collective_s", "dense_layer_s",
    "moe_layer_s", "latent_layer_s", "step_s", "sequence_s", "request_s", "first_token_s", "prefill_latency",
    "prefill_queue", "prefill_burst", "expert_imbalance", "cache_share", "rank_imbalance",
    "usable_share", "reserve_bytes",
]  # fmt: skip
Date = Annotated[str, StringConstraints(pattern=r"^20\d\d-(0[1-9]|1[0-2])(-[0-3]\d)?$")]
SoftwareGain = Annotated[float, Field(ge=1, le=10)]


class Keys(BaseModel):
    """Base of every class here: unknown keys are errors, values are never coerced from text."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, str_strip_whitespace=True)


class Sourced(Keys):
    """An object whose figures carry where they come from."""

    source: str | None = Field(None, description="where the figures come from, with their date")
    assumed: list[str] = Field([], description="keys that the source does not give")
    confidence: Literal["A", "B", "C"] | None = Field(None, description="A datasheet or filing, B press, C inferred")


class Step(Keys):
    count: Count = Field(description="how many periods of this length")
    months: Annotated[int, Field(ge=1, le=12)] = Field(description="months of each period")


class Horizon(Keys):
    """The months that are planned, and the periods in which workloads are dispatched."""

    start: Month = Field(description="the first month")
    months: Annotated[int, Field(ge=1, le=240)] = Field(description="how many months are planned")
    steps: list[Step] | None = Field(None, description="dispatch periods; default: every month")


class Day(Keys):
    """How finely the day is resolved."""

    blocks: Literal[1, 2, 3, 4, 6, 8, 12, 24] = Field(1, description="blocks of the UTC day")


class Discounting(Keys):
    rate: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = Field(description="per year; 0.10 is ten percent")
    basis: Literal["effective", "nominal"] = Field("effective", description="nominal: rate / 12 each month")
    timing: Literal["start", "mid", "end"] = Field("start", description="where in its month a payment falls")


class Finance(Keys):
    """Discounting, budgets, balance and obligations."""

    discounting: Discounting = Field(Discounting(rate=0.0), description="present values; default: none")
    terminal: Literal["pro_rata", "none", "market"] = Field(
        "pro_rata", description="how a term that outlives the horizon is charged; market needs salvage_fraction"
    )
    salvage_fraction: PositiveShare | None = Field(
        None, description="of the forward curve: what capacity left after the horizon is worth, with terminal: market"
    )
    budget_usd: dict[YearOrMonth, NonNegative] = Field({}, description="cash out, per calendar year or per month")
    funding_usd: dict[Month, NonNegative] = Field({}, description="increments as they arrive")
    other_cash_usd: dict[Month, Finite] = Field({}, description="signed, per month, last value holds")
    cash_min_usd: NonNegative = Field(0.0, description="least balance at any month end; needs funding_usd")
    obligations_max_usd: NonNegative | None = Field(None, description="undiscounted, non-cancellable, at any month end")
    debt_usd: Positive | None = Field(None, description="adjusted debt that the obligations are compared with")
    fiscal_year_start: Annotated[int, Field(ge=1, le=12)] = Field(
        1, description="month in which the fiscal year begins: 1 is January"
    )


class Region(Sourced):
    """Where capacity stands or requests come from."""

    latitude: Annotated[float, Field(ge=-90, le=90)] = Field(description="degrees north")
    longitude: Annotated[float, Field(ge=-180, le=180)] = Field(description="degrees east")
    cloud: str | None = Field(None, description="who runs it")
    name: str | None = Field(None, description="city or state")
    carbon_kg_per_kwh: NonNegative | None = Field(None, description="CO2 of its grid, or of what is bought from it")


class Network(Keys):
    """Round trips and egress between regions, where the default does not do."""

    round_trip_ms: dict[Id, dict[Id, NonNegative]] = Field({}, description="from supply region to workload region")
    egress_usd_per_million_tokens: dict[Id, dict[Id, Usd]] = Field(
        {}, description="from supply region to workload region, on output tokens"
    )
    path_factor: Annotated[float, Field(ge=1, le=5)] = Field(1.5, description="fibre route over great circle")
    overhead_ms: NonNegative = Field(3.0, description="added to every round trip")


class Accelerator(Sourced):
    """One accelerator as the throughput core sees it. All peaks are dense."""

    family: Family = Field(description="software family; what runs on one runs on all of it")
    bf16_tflops: Positive = Field(description="dense peak, 1e12 FLOP/s")
    fp8_tflops: Positive | None = Field(None, description="dense peak; absent: no such arithmetic")
    fp4_tflops: Positive | None = Field(None, description="dense peak; absent: no such arithmetic")
    int8_tflops: Positive | None = Field(
        None, description="dense peak of 8-bit integers, 1e12 op/s; 8-bit weights use it where there is no fp8"
    )
    memory_gb: Positive = Field(description="1e9 bytes that the driver gives")
    memory_tb_s: Positive = Field(description="memory bandwidth, 1e12 bytes/s")
    link_gb_s: Positive = Field(description="scale-up link, one way, per accelerator")
    domain: Count = Field(description="accelerators that one scale-up domain joins")
    scale_out_gb_s: Positive = Field(
        50.0, description="network between domains, one way, per accelerator; default: 400 Gbit/s"
    )
    all_in_kw: Positive = Field(description="per accelerator with its share of the server and cooling")
    name: str | None = Field(None, description="as the vendor calls it")


class LanguageModel(Sourced):
    """A model to be served, as the throughput core sees it."""

    parameters: Positive = Field(description="all of them, experts and embeddings included")
    active_parameters: Positive = Field(
        description="those that compute one token: with the output head, without the table of input embeddings"
    )
    layers: Count = Field(description="mixers (attention or linear), each with its feed-forward part")
    moe_layers: Count | None = Field(None, description="layers with routed experts; default: all, if there are experts")
    hidden_size: Count = Field(description="width of the residual stream")
    vocabulary: Count | None = Field(
        None, description="tokens that the output head tells apart; default: no head apart"
    )
    heads: Count | None = Field(None, description="query heads; default: hidden_size / head_dim")
    head_dim: Count = Field(128, description="size of one query head")
    experts: Annotated[int, Field(ge=0)] = Field(0, description="routed experts per layer; 0: a dense model")
    experts_per_token: Annotated[int, Field(ge=0)] = Field(0, description="routed experts that compute one token")
    expert_parameters: Positive | None = Field(None, description="all routed experts together; default: inferred")
    shared_experts: Annotated[int, Field(ge=0)] = Field(
        0, description="per layer with routed experts, in sizes of a routed one; no part of expert_parameters"
    )
    attention_parameters: Positive | None = Field(
        None, description="projections of all mixers, linear ones included; default: inferred from heads and sizes"
    )
    attention: Literal["gqa", "mla"] = Field("gqa", description="mla: a compressed KV cache, the same for all heads")
    attention_layers: Count | None = Field(
        None, description="layers that see the whole context; default: all but window_layers and linear_layers"
    )
    kv_heads: Count | None = Field(None, description="bounds how far tensor parallelism splits the KV cache")
    kv_bytes_per_token: Positive = Field(description="over all attention_layers, in kv_precision")
    kv_precision: Literal["bf16", "fp8"] = Field("bf16", description="of the KV cache as counted here")
    qk_head_dim: Count | None = Field(
        None, description="size of a query head while reading a prompt; default: head_dim, with mla 192"
    )
    v_head_dim: Count | None = Field(
        None, description="size of a value head while reading a prompt; default: head_dim, with mla 128"
    )
    sparse_tokens: Count | None = Field(
        None, description="tokens that a query attends to after an index picked them; default: the whole context"
    )
    index_dimensions: Count | None = Field(
        None, description="index heads x their size: multiply-adds per layer, query and token of context"
    )
    index_bytes_per_token: Positive | None = Field(
        None,
        description="of the index over all attention_layers, beside kv_bytes_per_token; every step reads all of it",
    )
    window_tokens: Count | None = Field(None, description="tokens that a layer with a sliding window sees")
    window_layers: Annotated[int, Field(ge=0)] = Field(0, description="layers with a sliding window")
    window_bytes_per_token: Positive | None = Field(
        None, description="KV cache over all window_layers, for each token of the window"
    )
    linear_layers: Annotated[int, Field(ge=0)] = Field(
        0, description="layers with a state of constant size instead of a KV cache"
    )
    state_bytes: Positive | None = Field(
        None, description="per request over all linear_layers; every step reads and writes it"
    )
    draft_layers: Annotated[int, Field(ge=0)] = Field(
        0, description="layers released for multi-token prediction, no part of the parameters"
    )
    precision: Literal["bf16", "fp8", "fp4", "int4"] = Field(
        "fp8", description="of the weights; int4: 4-bit weights that are computed in bf16"
    )
    dense_precision: Literal["bf16", "fp8", "fp4"] | None = Field(
        None, description="of the weights that are not routed experts; default: as precision"
    )
    name: str | None = Field(None, description="as its maker calls it")


Multiplier = Annotated[float, Field(ge=1, allow_inf_nan=False)]


class Request(Keys):
    """The mean request of a workload."""

    input_tokens: Positive = Field(description="mean of a request")
    output_tokens: Positive = Field(description="mean of a request, reasoning not included")
    reasoning_multiplier: Multiplier | Annotated[dict[Month, Multiplier], Field(min_length=1)] = Field(
        1.0, description="times output_tokens; or by month, the last value holds"
    )
    prefix_cache_hit: Annotated[float, Field(ge=0, lt=1)] = Field(0.0, description="share of input tokens not computed")


class ServiceLevel(Keys):
    """Latency that must hold on average."""

    ttft_ms: Positive = Field(description="time to first token, network round trip included")
    tpot_ms: Positive = Field(description="time per output token after the first")


ByHour = Annotated[list[NonNegative], Field(min_length=24, max_length=24)]
RatesByHour = Annotated[list[RequestRateOrNone], Field(min_length=24, max_length=24)]
Growth = Annotated[float, Field(gt=0, le=100)]


class Demand(Keys):
    """Mean request rate. Either requests_per_s (a rate with or without growth, or a table by month, whose
    months may be lists of 24 rates by UTC hour) or a CSV beside the instance."""

    requests_per_s: RequestRate | dict[Month, RequestRateOrNone | RatesByHour] | None = Field(
        None, description="mean over the day: in the first month, or for every month"
    )
    file: str | None = Field(None, description="CSV with the columns month, requests_per_s, and hour_utc if by hour")
    growth_per_year: Growth | dict[YearKey, Growth] = Field(
        1.0, description="a factor: 2.5 is +150 % a year; or by calendar year, the last value holds"
    )
    doubling_months: Positive | None = Field(None, description="months in which it doubles, instead of growth_per_year")
    shape: str | ByHour = Field(
        "flat", description="built-in daily shape by local hour, or 24 factors by UTC hour; scaled to mean 1"
    )
    peak_to_mean: Annotated[float, Field(ge=1, le=100)] = Field(1.0, description="burst over the mean of the block")
    arrival_cv: Annotated[float, Field(ge=0, le=100)] = Field(
        1.0,
        description="coefficient of variation of the time between requests: 1 for a Poisson stream; idle headroom "
        "keeps the wait for an engine inside the TTFT target",
    )


class Allow(Keys):
    """Only (allow) or never (deny) these."""

    providers: list[Id] | None = Field(None, description="ids of providers")
    regions: list[Id] | None = Field(None, description="ids of supply regions")
    accelerators: list[Id] | None = Field(None, description="ids of accelerators")


class Served(Keys):
    """What interactive and batch workloads share."""

    model: Id | Annotated[dict[Id, PositiveShare], Field(min_length=1)] = Field(
        description="id of the model that serves it; or the share of the requests that is asked of each of several"
    )
    region: Id = Field(description="where its requests come from")
    request: Request = Field(description="the mean request")
    demand: Demand = Field(description="how many requests, and when")
    headroom: Annotated[float, Field(ge=1, le=10)] = Field(1.0, description="the planner's margin on the peak")
    unserved_usd_per_request: Penalty | None = Field(
        None, description="penalty; absent, and no value either: must be served"
    )
    value_usd_per_request: Penalty | dict[Month, Penalty] | None = Field(
        None,
        description="what a served request brings: with it the plan maximises the margin; or by month, the last value "
        "holds",
    )
    allow: Allow = Field(Allow(), description="serve it from these only")
    deny: Allow = Field(Allow(), description="never serve it from these")


class Interactive(Served):
    """Requests that somebody waits for."""

    kind: Literal["interactive"] = Field(description="interactive or batch")
    slo: ServiceLevel = Field(description="latency that must hold")


class Batch(Served):
    """Requests that may wait."""

    kind: Literal["batch"] = Field(description="interactive or batch")
    within_days: Annotated[float, Field(ge=1, le=366)] = Field(1, description="days that work may wait")


class RunWindow(Keys):
    """When a training run may work. Its months begin and end with dispatch periods."""

    earliest: Month | None = Field(None, description="first month; default: that of the horizon")
    deadline: Month | None = Field(None, description="month at whose end it is done; default: the last of the horizon")


class Scale(Keys):
    """How many usable accelerators of one pool a training run takes, whenever it works."""

    min: Accelerators = Field(1.0, description="fewest accelerators at a time")
    max: Accelerators = Field(description="most accelerators at a time")


class Goodput(Keys):
    """A point of useful work by cluster size: failures, restarts and stragglers take the rest."""

    accelerators: Positive = Field(description="at work together")
    factor: PositiveShare = Field(description="useful share of their throughput")


class Learning(Keys):
    """What training and reinforcement learning share: they learn on one pool at a time, as much of it all day long."""

    model: Id = Field(description="id of the model that it trains")
    window: RunWindow = Field(RunWindow(), description="when it may work, and when it is to be done")
    accelerators: Scale = Field(description="how large it runs")
    mfu: PositiveShare | None = Field(
        None,
        description="share of the dense bf16 peak that it reaches at any size, before goodput; default: as measured, "
        "by accelerator, active parameters and number of accelerators",
    )
    goodput: list[Goodput] = Field(
        [], description="useful work by cluster size: straight lines from none through the points; default: all"
    )
    pauses_max: Annotated[int, Field(ge=0, le=1000)] = Field(
        0, description="how often it may stop and go on later; a move to another pool between periods is no pause"
    )
    lateness_usd_per_month: PositiveUsd | None = Field(
        None, description="for every month after the deadline that begins with it unfinished; absent: never late"
    )
    allow: Allow = Field(Allow(), description="train it on these only")
    deny: Allow = Field(Allow(), description="never train it on these")


class Training(Learning):
    """A training run: so much arithmetic by a deadline."""

    kind: Literal["training"] = Field(description="interactive, batch, training or rl")
    tokens: Positive | None = Field(
        None, description="to learn from: 6 FLOP each per active parameter, and those of attention"
    )
    sequence_tokens: Positive = Field(
        8192, description="of a training sequence, all of which its tokens attend to; says nothing beside flops"
    )
    flops: Positive | None = Field(None, description="floating-point operations of the whole run, instead of tokens")


class Rollout(Keys):
    """The mean rollout of reinforcement learning. All of its tokens are learnt from."""

    input_tokens: Positive = Field(description="of its prompt")
    output_tokens: Positive = Field(description="that are generated, reasoning included")
    prefix_cache_hit: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0, description="share of input tokens not computed: of 8 answers to a prompt 7 find it read"
    )


class Reinforcement(Learning):
    """Reinforcement learning: rollouts are generated anywhere, and learnt from in the same period on one pool."""

    kind: Literal["rl"] = Field(description="interactive, batch, training or rl")
    rollouts: Positive = Field(description="generated in all; each is one request")
    request: Rollout = Field(description="the mean rollout")
    updates_per_rollout: Annotated[float, Field(gt=0, le=1000)] = Field(
        1.0, description="how often each rollout is learnt from; below 1 if some are left out"
    )


Workload = Annotated[Interactive | Batch | Training | Reinforcement, Field(discriminator="kind")]


class Provider(Keys):
    """Who sells."""

    kind: Literal["hyperscaler", "neocloud", "cluster", "tpu", "api"] = Field(description="what sort of seller it is")
    group: Id | None = Field(None, description="providers that stand or fall together")


class Blocks(Keys):
    """How many blocks of an offer may be taken."""

    min: Annotated[int, Field(ge=0)] = Field(
        1, description="of a signed deal; signing none is always allowed, so 0 means 1"
    )
    max: Count = Field(1, description="of a signed deal")


class Start(Keys):
    """When service may begin. The contract is signed lead_months before."""

    earliest: Month | None = Field(None, description="default: the first month that the lead allows")
    latest: Month | None = Field(None, description="default: the last month of the horizon")
    lead_months: Annotated[int, Field(ge=0, le=120)] = Field(0, description="months from signing to service")
    every_months: Annotated[int, Field(ge=1, le=12)] = Field(1, description="start months are this far apart")


class Payment(Keys):
    """A dated share of the fixed fees of a term. Exactly one of: at, after_months, month."""

    share: PositiveShare = Field(description="of the fixed fees of the term; all shares sum to 1")
    at: Literal["signing", "start"] | None = Field(None, description="when signed, or in the first service month")
    after_months: Annotated[int, Field(ge=0, le=600)] | None = Field(
        None, description="months after the first service month"
    )
    month: Month | None = Field(None, description="a calendar month; at signing, if that is later")


class TierStep(Keys):
    from_blocks: Count = Field(description="the first number of blocks of this step; the first step begins at 1")
    factor: Positive = Field(description="on the price: 0.9 is ten percent off")


class Tiers(Keys):
    """A price that depends on how many blocks one deal takes."""

    kind: Literal["all_units", "incremental"] = Field(
        description="all_units: the step that is reached prices every block; incremental: each block has its own step's"
    )
    steps: Annotated[list[TierStep], Field(min_length=1)] = Field(description="ascending; the last has no end")


class LetterOfCredit(Keys):
    """A bank's guarantee for one block, kept up through the term."""

    usd: PositiveUsd = Field(description="guaranteed, per block")
    fee_per_year: PositiveShare = Field(description="share of it that the bank bills a year, a twelfth each month")


class ServiceCredits(Keys):
    """What the seller gives back when less works than promised:

    credit = min(cap_fraction, credit_fraction x percentage points by which `availability` of the supply is below the
    promise) x fixed fee of the month.
    """

    availability: PositiveShare = Field(description="promised")
    credit_fraction: Share = Field(description="share of the month's fixed fee for each percentage point missed")
    cap_fraction: Share = Field(1.0, description="most that is given back of a month's fixed fee")


Price = Usd | dict[Month, Usd]


class Cancel(Keys):
    """A break clause: the first month without service is the month of the notice plus `notice_months`.

    Fees of later service are not due, except a share of them; a prepayment that is not used up stays with the seller,
    unless it is the seller who leaves: then it comes back, and the share is owed to the buyer.
    """

    by: Literal["buyer", "seller", "either"] = Field(description="who may give notice; the seller does in scenarios")
    after_months: Annotated[int, Field(ge=0, le=240)] = Field(
        0, description="full months of service before the first notice"
    )
    notice_months: Annotated[int, Field(ge=0, le=120)] = Field(
        0, description="months from the month of the notice to the first without service"
    )
    every_months: Annotated[int, Field(ge=1, le=12)] = Field(1, description="months of notice are this far apart")
    fee_fraction: Share = Field(
        0.0, description="share of the fixed fees not due any more, paid when it ends by who gave notice"
    )


class Term(Keys):
    """One way to pay. Exactly one price key."""

    months: Annotated[int, Field(ge=1, le=240)] = Field(
        description="length of the contract, from the first service month"
    )
    usd_per_month: Price | None = Field(None, description="per block; does not follow the ramp")
    usd_per_accelerator_hour: Price | None = Field(None, description="bills what is delivered")
    usd_per_mw_month: Price | None = Field(None, description="bills the megawatts delivered")
    forward_factor: Positive | None = Field(
        None,
        description="bills what is delivered, per accelerator-hour: this times the forward curve in the first service "
        "month, for the whole term",
    )
    fee_factor: list[NonNegative] = Field([], description="factor on the fee in months 1, 2, ... (last holds)")
    tiers: Tiers | None = Field(None, description="price factors by the number of blocks")
    take_or_pay: Share = Field(1.0, description="share that is paid whether used or not")
    minimum_usd_per_month: Usd = Field(0.0, description="least fixed fee of a block and month; counts as use")
    prepay: Share = Field(0.0, description="share of the term's fixed fees, paid at signing")
    drawdown: Literal["pro_rata", "first", "last"] = Field(
        "pro_rata", description="which fees the prepayment pays: a share of each, the first ones, or the last"
    )
    billing: Literal["advance", "arrears"] = Field(
        "advance", description="arrears: the fee of a month is due in the month after it"
    )
    payments: list[Payment] = Field([], description="dates on which the fixed fees are paid, instead of monthly")
    escalator_per_year: Annotated[float, Field(ge=-0.5, le=1)] = Field(0.0, description="on each anniversary")
    signing_fee_usd: Usd = Field(0.0, description="once, when signed, whatever the number of blocks")
    signing_credit_usd: Usd = Field(0.0, description="cash that comes in when signed, whatever the number of blocks")
    deposit_usd: Usd = Field(
        0.0, description="per block; paid at signing, refunded in the month after the term; not an obligation"
    )
    letter_of_credit: LetterOfCredit | None = Field(None, description="a bank's guarantee for one block")
    sla: ServiceCredits | None = Field(None, description="what comes back when less works than promised")
    cancel: Cancel | None = Field(None, description="who may end the contract before its term, and how")


class FollowOnPrice(Keys):
    """What service under an option costs. Exactly one price key."""

    usd_per_month: Price | None = Field(None, description="per block")
    usd_per_accelerator_hour: Price | None = Field(None, description="bills what is delivered")
    usd_per_mw_month: Price | None = Field(None, description="bills the megawatts delivered")
    factor: Positive | None = Field(None, description="on the price of the contract in its last month")


class Renewal(FollowOnPrice):
    """The buyer's right to go on after the term, with what is not broken off. All of it is billed, month by month."""

    months: Annotated[int, Field(ge=1, le=240)] = Field(description="how much longer")
    notice_months: Annotated[int, Field(ge=0, le=120)] = Field(
        0, description="months before the end of the term by which the seller must know"
    )
    times: Annotated[int, Field(ge=1, le=10)] = Field(1, description="how often in a row")


class Exercise(Keys):
    """When an expansion may be called."""

    after_months: Annotated[int, Field(ge=0, le=240)] = Field(0, description="months after the first service month")
    until_months: Annotated[int, Field(ge=0, le=240)] = Field(
        description="months after the first service month: the last in which it may be called"
    )
    every_months: Annotated[int, Field(ge=1, le=12)] = Field(
        1, description="months in which it may be are this far apart"
    )


class Expansion(FollowOnPrice):
    """An option on more of the same, bought when the contract is signed. All of it is billed, month by month."""

    blocks_per_block: Positive = Field(1.0, description="blocks that the option is on, for each block of the contract")
    premium_usd: Usd = Field(0.0, description="for each block optioned, paid when the contract is signed")
    exercise: Exercise = Field(description="when it may be called")
    lead_months: Annotated[int, Field(ge=0, le=120)] = Field(0, description="months from the call to service")
    months: Annotated[int, Field(ge=1, le=240)] = Field(description="how long what is added runs")


class Sublease(Keys):
    """Capacity that is not needed may be let to others, a month at a time, for a share of the forward curve."""

    fraction: PositiveShare = Field(description="of the forward curve of the accelerator in the month")
    max_accelerators: Accelerators = Field(description="the most that the market takes of each type, at any time")


class Elastic(Keys):
    """Capacity without signing: pay for what is used."""

    usd_per_accelerator_hour: Price = Field(description="a price, or by month: last holds")
    max_accelerators: Accelerators = Field(description="how many can be had at once")
    market: Literal["on_demand", "spot"] = Field("on_demand", description="spot capacity can be taken away")


class TokenApi(Keys):
    """Tokens from somebody else's service, only for the models named."""

    models: list[Id] = Field(description="ids of the models that it serves")
    usd_per_million_input_tokens: Usd = Field(description="price of input")
    usd_per_million_output_tokens: Usd = Field(description="price of output, reasoning included")
    max_requests_per_s: RequestRate = Field(description="rate limit")
    ttft_ms: Positive = Field(description="without the network")
    tpot_ms: Positive = Field(description="time per output token after the first")


class PowerPrice(Keys):
    """Energy that the buyer pays for beside the fees, for all that is delivered, at work or idle:

    power of a block x share delivered x hours x usd_per_kwh x pue. It is owed only as it is drawn: no obligation.
    """

    usd_per_kwh: Price = Field(description="a price, or by month: last holds")
    pue: Annotated[float, Field(ge=1, le=3, allow_inf_nan=False)] = Field(
        1.0, description="power of the facility over that of its IT, for a power_mw that is of the IT alone"
    )


class Tranche(Keys):
    """A part of each block with a start of its own."""

    share: PositiveShare = Field(description="of the accelerators of a block")
    after_months: Annotated[int, Field(ge=0, le=240)] = Field(0, description="months after the first service month")
    months: Annotated[int, Field(ge=1, le=240)] | None = Field(None, description="how long; default: as the term")


class Supply(Sourced):
    """What offers and signed contracts share. Exactly one of: accelerators, mw, elastic, api."""

    provider: Id = Field(description="id of the seller")
    region: Id = Field(description="where the capacity stands")
    accelerators: dict[Id, Accelerators] = Field({}, description="accelerators of each type in one block")
    mw: Megawatts | None = Field(None, description="one block in megawatts of `accelerator`")
    accelerator: Id | None = Field(None, description="for mw and elastic")
    power_mw: Megawatts | None = Field(None, description="per block; default: accelerators x all_in_kw")
    power_price: PowerPrice | None = Field(None, description="energy, where it is paid for apart from the fees")
    availability: PositiveShare = Field(1.0, description="share of the accelerators that work at any time")
    ramp: list[Share] = Field([], description="share delivered in months 1, 2, ... (last holds); default 1")
    tranches: list[Tranche] = Field(
        [], description="delivery in parts, instead of ramp; in the fullest month the shares sum to 1"
    )
    renewal: Renewal | None = Field(None, description="the right to go on after the term")
    expansion: Expansion | None = Field(None, description="an option on more of the same")
    sublease: Sublease | None = Field(None, description="what is not needed may be let to others")
    free: bool = Field(False, description="a price of zero is meant")


class Offer(Supply):
    """What could be bought, and on which terms."""

    elastic: Elastic | None = Field(None, description="capacity without signing")
    api: TokenApi | None = Field(None, description="tokens from somebody else's service")
    blocks: Blocks = Field(Blocks(), description="how many blocks one deal may take")
    repeat: Literal["once", "one_at_a_time", "stack"] = Field(
        "once", description="one deal in all; one in service at a time; any number within blocks.max"
    )
    sign_by: Month | None = Field(None, description="the quote's expiry")
    start: Start = Field(Start(), description="when service may begin")
    terms: list[Term] = Field([], description="the ways to pay; each deal picks one")


class SignedContract(Supply):
    """A contract in force: its capacity is there, its cost is sunk, its cash and obligations count."""

    start: Month = Field(description="first service month; may lie before the horizon")
    blocks: Count = Field(1, description="how many were signed")
    term: Term = Field(description="how long, and what it costs")


class Window(Keys):
    """Months of a spend commitment."""

    start: Month = Field(description="its first month")
    months: Annotated[int, Field(ge=1, le=240)] = Field(description="how many months it runs")


class SpendDiscount(Keys):
    """What use costs less than its list price while a commitment is held."""

    offers: list[Id] | dict[Id, Discount] = Field(description="ids of offers bought by use, or a fraction for each")
    fraction: Discount | None = Field(None, description="of the list price; for a list of offers")


class Commitment(Sourced):
    """Spend promised to a provider, whatever is used: a cloud agreement, a savings plan. Exactly one price key.

    What counts is what is paid for good for eligible offers, contracts in force and prepaid commitments, in the month
    in which it is paid: not deposits, letters of credit and power.
    """

    provider: Id = Field(description="to whom it is promised")
    usd: PositiveUsd | None = Field(None, description="over the whole window, split evenly over its months")
    usd_per_hour: PositiveUsd | None = Field(
        None, description="in every hour of the window; what an hour leaves is lost"
    )
    window: Window = Field(description="when it runs")
    interval_months: Annotated[int, Field(ge=1, le=240)] | None = Field(
        None, description="months that are settled together, with `usd`; default: the whole window"
    )
    settlement: Literal["true_up", "use_it_or_lose_it"] = Field(
        description="true_up: what an interval lacks is paid in its last month; use_it_or_lose_it: paid month by "
        "month, and use is drawn from it"
    )
    eligible: list[Id] | None = Field(
        None, description="ids of what counts; default: all that the settlement can count of the provider"
    )
    discount: SpendDiscount | None = Field(None, description="on what is bought by use, while it is held")
    mandatory: bool = Field(False, description="already signed, or must be; default: taken if it pays")


class Port(Sourced):
    """A model brought to a software family, on which it can then be served. Either usd and months, or done."""

    usd: PositiveUsd | None = Field(None, description="what it costs in all, spread evenly over its months")
    months: Annotated[int, Field(ge=1, le=120)] | None = Field(
        None, description="from its start until the family may serve the model"
    )
    done: bool = Field(False, description="the model runs on the family already")


class AtMost(Keys):
    """At most so many of these offers."""

    at_most: Annotated[int, Field(ge=0)] = Field(description="how many of the offers may be signed")
    offers: Annotated[list[Id], Field(min_length=1)] = Field(description="ids of offers and commitments")


class AtMostOfProviders(Keys):
    """At most so many of these sellers: two who may not both be in one portfolio."""

    at_most: Annotated[int, Field(ge=0)] = Field(description="how many of the providers may be there")
    providers: Annotated[list[Id], Field(min_length=1)] = Field(
        description="ids of providers; one is there with a deal, a contract in force or a commitment, not by use alone"
    )


class AtLeast(Keys):
    """At least so many of these offers."""

    at_least: Count = Field(description="how many of the offers must be signed")
    offers: Annotated[list[Id], Field(min_length=1)] = Field(description="ids of offers and commitments")


class Requires(Keys):
    """One offer only with another."""

    requires: Id = Field(description="offer or commitment that must be signed too")
    offer: Id = Field(description="the offer that needs the other")


class Exclusive(Keys):
    """None of these while that one runs."""

    exclusive: Id = Field(description="id of the offer or contract in force that wants to be alone")
    offers: Annotated[list[Id], Field(min_length=1)] = Field(
        description="ids of offers and contracts in force: none is in service in a month in which that one is"
    )
    until: Month | None = Field(None, description="the first month in which it no longer holds; default: always")


def _rule(group: Any) -> str | None:
    """Which rule a group states: the key that is there and in no other rule."""
    has = group.__contains__ if isinstance(group, dict) else lambda key: hasattr(group, key)
    if has("at_most") and has("providers"):
        return "at_most providers rule"
    return next((f"{key} rule" for key in ("at_most", "at_least", "requires", "exclusive") if has(key)), None)


Group = Annotated[
    Annotated[AtMost, Tag("at_most rule")]
    | Annotated[AtMostOfProviders, Tag("at_most providers rule")]
    | Annotated[AtLeast, Tag("at_least rule")]
    | Annotated[Requires, Tag("requires rule")]
    | Annotated[Exclusive, Tag("exclusive rule")],
    Discriminator(_rule),
]


class Since(Keys):
    """A rule that holds from a month on."""

    since: Month | None = Field(None, alias="from", description="the first month that counts; default: from the start")


class ProviderShares(Since):
    """What any one group of providers may have at most; a provider without a group is one of its own."""

    mw: PositiveShare | None = Field(
        None, description="of the MW of deals and contracts in force in service, in each month"
    )
    spend: PositiveShare | None = Field(
        None,
        description="of what sellers are paid in the horizon, in all, undiscounted and when it is paid: fees, use, "
        "egress, contracts in force, spend commitments and what lacks of them, less credits; no deposits, letters of "
        "credit, energy paid apart and income from subletting. What nobody needs is not paid to change a share",
    )
    served: PositiveShare | None = Field(None, description="of the requests served, on the mean, in each period")


class FamilyShares(Since):
    """What an accelerator family may have at most of the MW of deals and contracts in force in service, in each month.

    The MW of a block of several accelerators are shared by their number and all-in power.
    """

    cuda: PositiveShare | None = Field(None, description="share of the MW in service")
    rocm: PositiveShare | None = Field(None, description="share of the MW in service")
    xla: PositiveShare | None = Field(None, description="share of the MW in service")
    neuron: PositiveShare | None = Field(None, description="share of the MW in service")
    lpu: PositiveShare | None = Field(None, description="share of the MW in service")

    @property
    def shares(self) -> dict[str, float]:
        """Family -> its largest share, of those that are limited."""
        stated = {family: getattr(self, family) for family in get_args(Family)}
        return {family: share for family, share in stated.items() if share is not None}


class ProvidersMin(Since):
    """How many groups of providers must have capacity in service."""

    at_least: Count = Field(description="groups with a deal or a contract in force in service, in each month")


class Resilience(Since):
    """What is still served, without delay, when any one seller, site or accelerator family is lost.

    Kept is a share of the rate to provision for, in every block, on contracts that are left and on what is bought by
    use, up to its limits. Other workloads may be dropped meanwhile.
    """

    lose_any: Literal["provider", "site", "family"] = Field(
        description="provider: with its group; site: all of a region; family: all accelerators of a software family"
    )
    keep: PositiveShare = Field(description="share of the rate to provision for")
    workloads: Annotated[list[Id], Field(min_length=1)] = Field(description="ids of interactive workloads")


class Risk(Keys):
    """How much the dearest futures count beside the mean: mean_weight E[cost] + weight CVaR(cost) is least.

    CVaR is the mean cost of the dearest 1 - cvar_level of the futures, by their probabilities.
    """

    mean_weight: PositiveShare = Field(1.0, description="on the expected cost; more than 0")
    cvar_level: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = Field(
        0.9, description="share of the futures that is not counted among the dearest: 0.9 counts the dearest tenth"
    )
    weight: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] = Field(
        description="on the mean of the dearest futures"
    )


class KeptDeal(Keys):
    """One deal of an earlier plan."""

    offer: Id = Field(description="id of the offer; one that is gone counts as a change")
    start: Month = Field(description="its first service month")
    signing: Month = Field(description="when it is signed; what is signed before the horizon is no decision any more")
    months: Annotated[int, Field(ge=1, le=240)] = Field(description="of its term")
    blocks: Count = Field(description="how many")


class KeepPlan(Keys):
    """What it costs to sign something else than an earlier plan does, so that plans do not jump about."""

    plan: str | list[KeptDeal] = Field(description="file of an earlier plan beside this one; once read, its deals")
    usd_per_change: PositiveUsd = Field(
        description="for each deal (offer, start and months) with other blocks than there, or that is not there; in "
        "the cost, but no cash"
    )


class Policy(Keys):
    """Limits on the portfolio as a whole."""

    power_mw_max: Positive | None = Field(
        None, description="MW of all deals and contracts in force in service, in any month of the horizon"
    )
    site_power_mw_max: dict[Id, Positive] = Field({}, description="the same of what stands in one region, by region")
    carbon_tonnes_max: dict[YearKey, NonNegative] = Field(
        {}, description="CO2 of the months of the horizon in a calendar year, by year"
    )
    carbon_usd_per_tonne: PositiveUsd | None = Field(
        None, description="price on CO2 inside the horizon: in the cost, but no cash"
    )
    provider_share_max: ProviderShares | None = Field(
        None, description="most that any one group of providers may have: of mw, spend or served"
    )
    family_share_max: FamilyShares | None = Field(
        None, description="most that an accelerator family may have of the MW in service, by family"
    )
    keep_plan: KeepPlan | None = Field(None, description="price on signing something else than an earlier plan")
    providers_min: Count | ProvidersMin | None = Field(
        None, description="least number of groups of providers with capacity in service, in any month"
    )
    resilience: Resilience | None = Field(None, description="what must be served when something large is lost")
    risk: Risk | None = Field(None, description="how much the dearest of several futures count; default: not more")


class ForwardPoint(Keys):
    """One point of a forward curve: straight lines between the points, level before the first and after the last."""

    month: Month = Field(description="calendar month")
    usd_per_accelerator_hour: PositiveUsd = Field(description="what capacity is expected to cost then")


EffectFactor = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
Effect = EffectFactor | dict[Month, EffectFactor]
Delay = Annotated[int, Field(ge=1, le=120)]


class Scenario(Keys):
    """One future. What it changes, it changes from the month in which `reveal` tells it from the others on, or from
    later months if they are stated (the last value holds)."""

    probability: PositiveShare = Field(description="of all scenarios together: 1")
    demand: dict[Id, Effect] = Field({}, description="factor on the demand of a workload")
    price: dict[Id, Effect] = Field(
        {},
        description="factor on the prices of a provider or an offer: of contracts signed, and of use, from then on",
    )
    forward: dict[Id, Effect] = Field({}, description="factor on the forward curve of an accelerator")
    delay_months: dict[Id, Delay | dict[Month, Delay]] = Field(
        {},
        description="of a provider, an offer or a contract in force: moves delivery, periodic fees and the end of what "
        "has not begun by then, not what is paid at signing",
    )
    lose: dict[Id, Month] = Field(
        {},
        description="a provider, an offer or a contract in force: the first month without delivery and fees; what is "
        "prepaid and not used up, and deposits, are lost",
    )
    recall: dict[Id, Month] = Field(
        {}, description="an offer or a contract in force: the month in which the seller gives notice under its clause"
    )


class Uncertainty(Keys):
    """Several futures, and when they part. Decisions before the parting are the same in all of them."""

    reveal: dict[Month, list[Annotated[list[Id], Field(min_length=1)]]] = Field(
        {},
        description="by month, the first of a dispatch period: groups of scenarios that nothing tells apart yet; "
        "scenarios that are not named stay together as they were",
    )
    scenarios: Annotated[dict[Id, Scenario], Field(min_length=1)] = Field(description="the futures, by name")


class Rate(Sourced):
    """A measured rate. Bypasses the roofline."""

    accelerator: Id = Field(description="id of the accelerator")
    workload: Id = Field(description="id of the workload")
    requests_per_s_per_accelerator: RequestRate = Field(description="sustained, within the latency wanted")


class MeasuredRow(Keys):
    """One measured operating point of an engine."""

    accelerator: Id = Field(description="id of the accelerator")
    model: Id = Field(description="id of the model")
    input_tokens: Positive = Field(description="of each request")
    output_tokens: Positive = Field(description="of each request")
    ttft_ms: Positive = Field(description="without the network")
    tpot_ms: Positive = Field(description="time per output token after the first")
    tokens_per_s_per_accelerator: Positive = Field(
        description="input and output tokens together, over all accelerators that took part"
    )
    precision: Literal["bf16", "fp8", "fp4", "int4", "int8"] | None = Field(None, description="of the weights")
    concurrency: Positive | None = Field(None, description="requests at once in the whole deployment")
    accelerators: Positive | None = Field(None, description="of the whole deployment, prefill and decode together")
    parallelism: str | None = Field(None, description="how they share the work, in the words of the source")
    engine: str | None = Field(None, description="serving engine and its version")
    date: Date | None = Field(None, description="when it was measured: YYYY-MM or YYYY-MM-DD")
    source: str | None = Field(None, description="where the row comes from, with its date")
    speculative: bool = Field(False, description="some tokens were drafted and then checked")
    estimated: bool = Field(False, description="a tool predicted it, nobody measured it")


class MeasuredPair(Keys):
    """An accelerator and a model that were measured together, with weights of one precision."""

    points: Count = Field(description="measured points behind it")
    engine: str | None = Field(None, description="serving engine of most of them")
    factors: dict[Factor, Positive] = Field({}, description="on the constants, beside those of its two")


class Sigma(Keys):
    """Standard deviation of the log error of a modelled rate, by what was measured."""

    pair: NonNegative = Field(description="this accelerator with this model")
    model: NonNegative = Field(description="its software family, not this pair")
    vendor: NonNegative = Field(description="nothing of its software family")


class Efficiencies(Keys):
    """How much of a datasheet software turns into tokens: what a calibration writes."""

    calibrated: Date = Field(description="of the newest measurement; rates are those of software of that day")
    source: str = Field(description="what was fitted, and how well")
    constants: Annotated[dict[Constant, Positive], Field(min_length=21)] = Field(
        description="of all software: shares of the datasheet, seconds, bytes; all 21 of them"
    )
    accelerators: dict[Id, dict[Factor, Positive]] = Field({}, description="factors on the constants")
    models: dict[Id, dict[Factor, Positive]] = Field({}, description="factors on the constants")
    engines: dict[Id, dict[Factor, Positive]] = Field({}, description="factors on the constants")
    pairs: dict[Id, dict[Id, dict[Id, MeasuredPair]]] = Field({}, description="by accelerator, model and precision")
    siblings: dict[Id, Id] = Field({}, description="what stands in for an accelerator or model that was not fitted")
    families: list[Family] = Field([], description="software families that were measured")
    software_gain_per_year: dict[Family, Positive] = Field(
        {}, description="by how much overheads of steps shrank in a year, as measured; no forecast"
    )
    sigma: Sigma = Field(description="what a modelled rate is worth")


class MeasuredFile(Keys):
    """A file of measurements, and what it does not say of itself."""

    file: str = Field(description="beside the instance: CSV with the columns of a measured row, or a tool's results")
    model: Id | None = Field(None, description="id of the model of all its rows; default: as the file says")
    input_tokens: list[Positive] | None = Field(None, description="of a Melange profile: length of each of its rows")
    output_tokens: list[Positive] | None = Field(
        None, description="of a Melange profile: length of each of its columns"
    )
    ttft_ms: Positive | None = Field(None, description="of a Melange profile: within which it was made")
    tpot_ms: Positive | None = Field(None, description="of a Melange profile: within which it was made")
    accelerators: Count | None = Field(None, description="of a Melange profile: in each machine; default: 1")


def _row_or_file(entry: Any) -> str:
    """Which of the two a measured entry is: only a file has the key `file`."""
    is_file = "file" in entry if isinstance(entry, dict) else isinstance(entry, MeasuredFile)
    return "measured file" if is_file else "measured row"


Measured = Annotated[
    Annotated[MeasuredRow, Tag("measured row")] | Annotated[MeasuredFile, Tag("measured file")],
    Discriminator(_row_or_file),
]


class Throughput(Keys):
    """What is measured beats what is modelled."""

    rates: list[Rate] = Field([], description="given rates; they bypass the model of the throughput")
    measured: str | list[Measured] = Field(
        [], description="a file of measurements, or a list of rows and of files; once read, rows alone"
    )
    efficiencies: str | Efficiencies | None = Field(
        None, description="file that a calibration wrote; once read, what it holds; default: the shipped one"
    )
    software_gain_per_year: dict[Family, SoftwareGain | Annotated[list[SoftwareGain], Field(min_length=1)]] = Field(
        {},
        description="factor by accelerator family: same chip, better software; a list: in the first year of the "
        "horizon, the second, ... (last holds)",
    )
    factor: dict[Id, Positive] = Field(
        {}, description="on the serving rates of an accelerator, given and measured ones too: what if it were slower"
    )
    speculation: bool = Field(False, description="models with draft_layers draft tokens and check them")
    disaggregated: bool = Field(False, description="prompts and answers on separate engines, where that is faster")


class Instance(Keys):
    """One procurement problem, complete: catalogue entries that it refers to are spelled out in it."""

    format: Literal["offtake/1"] = Field(description="version of this format")
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        description="what this problem is called"
    )
    horizon: Horizon = Field(description="the months that are planned")
    day: Day = Field(Day(), description="how finely the day is resolved")
    finance: Finance = Field(Finance(), description="discounting, budgets, balance, obligations")
    forward: dict[Id, Annotated[list[ForwardPoint], Field(min_length=1)]] = Field(
        {}, description="by accelerator: what capacity will cost; for offers to come, subleases and terminal values"
    )
    regions: dict[Id, Region] = Field({}, description="adds to the catalogue, or overrides keys of its entries")
    network: Network = Field(Network(), description="round trips and egress that differ from the default")
    accelerators: dict[Id, Accelerator] = Field(
        {}, description="adds to the catalogue, or overrides keys of its entries"
    )
    models: dict[Id, LanguageModel] = Field({}, description="adds to the catalogue, or overrides keys of its entries")
    workloads: Annotated[dict[Id, Workload], Field(min_length=1)] = Field(description="what must be served")
    providers: dict[Id, Provider] = Field({}, description="the sellers of the offers")
    offers: dict[Id, Offer] = Field({}, description="what could be bought")
    signed: dict[Id, SignedContract] = Field({}, description="contracts in force")
    commitments: dict[Id, Commitment] = Field({}, description="spend promised to providers")
    ports: dict[Id, dict[Family, Port]] = Field(
        {}, description="by model and software family: what must be ported first; what is not stated runs already"
    )
    groups: list[Group] = Field([], description="which offers go together")
    policy: Policy = Field(Policy(), description="limits on the portfolio as a whole")
    uncertainty: Uncertainty | None = Field(None, description="several futures; default: one")
    throughput: Throughput = Field(Throughput(), description="measurements and software gains")


NOT_YET: dict[str, str] = {
    "workloads.*.slo.percentile": "latency percentiles",
}
"""Keys of the format that this version refuses by name: path pattern -> what is missing."""
