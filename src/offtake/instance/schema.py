"""What a user may write: the classes that validate an instance file and generate its JSON Schema.

Every key says its unit. Keys that no class here knows are errors; keys that the format names but this
version does not act on are listed in `NOT_YET` and refused by name, never ignored. Rules that need
more than one key of one object (ids that must exist, dates that must fit) live in `checks.py`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

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

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
PositiveShare = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Year = Annotated[int, Field(ge=2000, le=2200)]


def _year_or_month(key: Any) -> Any:
    """A key of a budget is a calendar year (an integer) or a month (`YYYY-MM`)."""
    return int(key) if isinstance(key, str) and key.isdigit() else key


YearOrMonth = Annotated[
    Year | Month,
    BeforeValidator(_year_or_month),
    WithJsonSchema({"type": "string", "pattern": r"^2[01]\d\d(-(0[1-9]|1[0-2]))?$"}),
]
Family = Literal["cuda", "rocm", "xla", "neuron", "lpu"]


class Keys(BaseModel):
    """Base of every class here: unknown keys are errors, values are never coerced from text."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, str_strip_whitespace=True)


class Sourced(Keys):
    """An object whose figures carry where they come from."""

    source: str | None = Field(None, description="where the figures come from, with their date")
    assumed: list[str] = Field([], description="keys that the source does not give")
    confidence: Literal["A", "B", "C"] | None = Field(None, description="A datasheet or filing, B press, C inferred")


class Step(Keys):
    count: Count
    months: Annotated[int, Field(ge=1, le=12)]


class Horizon(Keys):
    start: Month
    months: Annotated[int, Field(ge=1, le=240)]
    steps: list[Step] | None = Field(None, description="dispatch periods; default: every month")


class Day(Keys):
    blocks: Literal[1, 2, 3, 4, 6, 8, 12, 24] = Field(1, description="blocks of the UTC day")


class Discounting(Keys):
    rate: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = Field(description="per year; 0.10 is ten percent")
    basis: Literal["effective", "nominal"] = "effective"
    timing: Literal["start", "mid", "end"] = Field("start", description="where in its month a payment falls")


class Finance(Keys):
    discounting: Discounting = Discounting(rate=0.0)
    terminal: Literal["pro_rata", "none"] = Field(
        "pro_rata", description="how a term that outlives the horizon is charged"
    )
    budget_usd: dict[YearOrMonth, NonNegative] = Field({}, description="cash out, per calendar year or per month")
    funding_usd: dict[Month, NonNegative] = Field({}, description="increments as they arrive")
    other_cash_usd: dict[Month, Finite] = Field({}, description="signed, per month, last value holds")
    cash_min_usd: NonNegative = Field(0.0, description="least balance at any month end; needs funding_usd")
    obligations_max_usd: NonNegative | None = Field(None, description="undiscounted, non-cancellable, at any month end")


class Region(Sourced):
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    cloud: str | None = None
    name: str | None = None


class Network(Keys):
    round_trip_ms: dict[Id, dict[Id, NonNegative]] = Field({}, description="from supply region to workload region")
    egress_usd_per_million_tokens: dict[Id, dict[Id, NonNegative]] = Field(
        {}, description="from supply region to workload region, on output tokens"
    )
    path_factor: Annotated[float, Field(ge=1, le=5)] = Field(1.5, description="fibre route over great circle")
    overhead_ms: NonNegative = Field(3.0, description="added to every round trip")


class Accelerator(Sourced):
    """One accelerator as the throughput core sees it. All peaks are dense."""

    family: Family
    bf16_tflops: Positive
    fp8_tflops: Positive | None = None
    fp4_tflops: Positive | None = None
    memory_gb: Positive = Field(description="1e9 bytes that the driver gives")
    memory_tb_s: Positive
    link_gb_s: Positive = Field(description="scale-up link, one way, per accelerator")
    domain: Count = Field(description="accelerators that one scale-up domain joins")
    all_in_kw: Positive = Field(description="per accelerator with its share of the server and cooling")
    name: str | None = None


class LanguageModel(Sourced):
    """A model to be served, as the throughput core sees it."""

    parameters: Positive
    active_parameters: Positive
    layers: Count
    moe_layers: Count | None = Field(None, description="layers with routed experts; default: all, if there are experts")
    hidden_size: Count
    heads: Count | None = Field(None, description="query heads; default: hidden_size / head_dim")
    head_dim: Count = Field(128, description="size of one query head")
    experts: Annotated[int, Field(ge=0)] = 0
    experts_per_token: Annotated[int, Field(ge=0)] = 0
    expert_parameters: Positive | None = Field(None, description="all routed experts together; default: inferred")
    attention: Literal["gqa", "mla"] = "gqa"
    kv_heads: Count | None = Field(None, description="bounds how far tensor parallelism splits the KV cache")
    kv_bytes_per_token: Positive = Field(description="over all layers")
    precision: Literal["bf16", "fp8", "fp4"] = Field("fp8", description="of the weights")
    name: str | None = None


class Request(Keys):
    input_tokens: Positive
    output_tokens: Positive
    reasoning_multiplier: Annotated[float, Field(ge=1, allow_inf_nan=False)] = Field(
        1.0, description="times output_tokens"
    )
    prefix_cache_hit: Annotated[float, Field(ge=0, lt=1)] = Field(0.0, description="share of input tokens not computed")


class ServiceLevel(Keys):
    """Latency that must hold on average."""

    ttft_ms: Positive = Field(description="time to first token, network round trip included")
    tpot_ms: Positive = Field(description="time per output token after the first")


class Demand(Keys):
    """Mean request rate. Either requests_per_s (with or without growth) or a CSV beside the instance."""

    requests_per_s: Positive | dict[Month, NonNegative] | None = Field(
        None, description="mean over the day: in the first month, or for every month"
    )
    file: str | None = Field(None, description="CSV with the columns month, requests_per_s")
    growth_per_year: Annotated[float, Field(gt=0, le=100)] = Field(1.0, description="a factor: 2.5 is +150 % a year")
    shape: str | Annotated[list[NonNegative], Field(min_length=24, max_length=24)] = Field(
        "flat", description="built-in daily shape by local hour, or 24 factors by UTC hour; scaled to mean 1"
    )
    peak_to_mean: Annotated[float, Field(ge=1, le=100)] = Field(1.0, description="burst over the mean of the block")


class Allow(Keys):
    """Only (allow) or never (deny) these."""

    providers: list[Id] | None = None
    regions: list[Id] | None = None
    accelerators: list[Id] | None = None


class Served(Keys):
    """What interactive and batch workloads share."""

    model: Id
    region: Id
    request: Request
    demand: Demand
    headroom: Annotated[float, Field(ge=1, le=10)] = Field(1.0, description="the planner's margin on the peak")
    unserved_usd_per_request: Positive | None = Field(None, description="absent: must be served")
    allow: Allow = Allow()
    deny: Allow = Allow()


class Interactive(Served):
    kind: Literal["interactive"]
    slo: ServiceLevel


class Batch(Served):
    kind: Literal["batch"]
    within_days: Annotated[float, Field(ge=1, le=366)] = 1


Workload = Annotated[Interactive | Batch, Field(discriminator="kind")]


class Provider(Keys):
    kind: Literal["hyperscaler", "neocloud", "cluster", "tpu", "api"]
    group: Id | None = Field(None, description="providers that stand or fall together")


class Blocks(Keys):
    min: Annotated[int, Field(ge=0)] = Field(
        1, description="of a signed deal; signing none is always allowed, so 0 means 1"
    )
    max: Count = 1


class Start(Keys):
    """When service may begin. The contract is signed lead_months before."""

    earliest: Month | None = Field(None, description="default: the first month that the lead allows")
    latest: Month | None = Field(None, description="default: the last month of the horizon")
    lead_months: Annotated[int, Field(ge=0, le=120)] = 0
    every_months: Annotated[int, Field(ge=1, le=12)] = Field(1, description="start months are this far apart")


class Term(Keys):
    """One way to pay. Exactly one price key."""

    months: Annotated[int, Field(ge=1, le=240)]
    usd_per_month: NonNegative | None = Field(None, description="per block; does not follow the ramp")
    usd_per_accelerator_hour: NonNegative | None = Field(None, description="bills what is delivered")
    usd_per_mw_month: NonNegative | None = Field(None, description="bills the megawatts delivered")
    fee_factor: list[NonNegative] = Field([], description="factor on the fee in months 1, 2, ... (last holds)")
    take_or_pay: Share = Field(1.0, description="share that is paid whether used or not")
    prepay: Share = Field(0.0, description="share of the term's fixed fees, paid at signing, drawn pro rata")
    escalator_per_year: Annotated[float, Field(ge=-0.5, le=1)] = Field(0.0, description="on each anniversary")
    signing_fee_usd: NonNegative = Field(0.0, description="once, when signed, whatever the number of blocks")


class Elastic(Keys):
    """Capacity without signing: pay for what is used."""

    usd_per_accelerator_hour: NonNegative | dict[Month, NonNegative] = Field(
        description="a price, or by month: last holds"
    )
    max_accelerators: Positive
    market: Literal["on_demand", "spot"] = "on_demand"


class TokenApi(Keys):
    """Tokens from somebody else's service, only for the models named."""

    models: list[Id]
    usd_per_million_input_tokens: NonNegative
    usd_per_million_output_tokens: NonNegative
    max_requests_per_s: Positive
    ttft_ms: Positive = Field(description="without the network")
    tpot_ms: Positive


class Supply(Sourced):
    """What offers and signed contracts share. Exactly one of: accelerators, mw, elastic, api."""

    provider: Id
    region: Id
    accelerators: dict[Id, Positive] = Field({}, description="accelerators of each type in one block")
    mw: Positive | None = Field(None, description="one block in megawatts of `accelerator`")
    accelerator: Id | None = Field(None, description="for mw and elastic")
    power_mw: Positive | None = Field(None, description="per block; default: accelerators x all_in_kw")
    availability: PositiveShare = 1.0
    ramp: list[Share] = Field([], description="share delivered in months 1, 2, ... (last holds); default 1")
    free: bool = Field(False, description="a price of zero is meant")


class Offer(Supply):
    elastic: Elastic | None = None
    api: TokenApi | None = None
    blocks: Blocks = Blocks()
    repeat: Literal["once", "one_at_a_time", "stack"] = "once"
    sign_by: Month | None = Field(None, description="the quote's expiry")
    start: Start = Start()
    terms: list[Term] = []


class SignedContract(Supply):
    """A contract in force: its capacity is there, its cost is sunk, its cash and obligations count."""

    start: Month = Field(description="first service month; may lie before the horizon")
    blocks: Count = 1
    term: Term


class AtMost(Keys):
    at_most: Annotated[int, Field(ge=0)]
    offers: Annotated[list[Id], Field(min_length=1)]


class AtLeast(Keys):
    at_least: Count
    offers: Annotated[list[Id], Field(min_length=1)]


class Requires(Keys):
    requires: Id = Field(description="must be signed too")
    offer: Id


def _rule(group: Any) -> str | None:
    """Which rule a group states: the key that is there and in no other rule."""
    if isinstance(group, dict):
        return next((key for key in ("at_most", "at_least", "requires") if key in group), None)
    return next((key for key in ("at_most", "at_least", "requires") if hasattr(group, key)), None)


Group = Annotated[
    Annotated[AtMost, Tag("at_most")] | Annotated[AtLeast, Tag("at_least")] | Annotated[Requires, Tag("requires")],
    Discriminator(_rule),
]


class Rate(Sourced):
    """A measured rate. Bypasses the roofline."""

    accelerator: Id
    workload: Id
    requests_per_s_per_accelerator: Positive


class MeasuredRow(Keys):
    """One measured operating point of an engine."""

    accelerator: Id
    model: Id
    input_tokens: Positive
    output_tokens: Positive
    ttft_ms: Positive = Field(description="without the network")
    tpot_ms: Positive
    tokens_per_s_per_accelerator: Positive = Field(description="input and output tokens together")


class Throughput(Keys):
    rates: list[Rate] = []
    measured: str | list[MeasuredRow] = Field(
        [], description="CSV file with the columns of a measured row; once read, its rows"
    )
    software_gain_per_year: dict[Family, Annotated[float, Field(ge=1, le=10)]] = Field(
        {}, description="factor by accelerator family: same chip, better software"
    )


class Instance(Keys):
    """One procurement problem, complete: catalogue entries that it refers to are spelled out in it."""

    format: Literal["offtake/1"]
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    horizon: Horizon
    day: Day = Day()
    finance: Finance = Finance()
    regions: dict[Id, Region] = {}
    network: Network = Network()
    accelerators: dict[Id, Accelerator] = {}
    models: dict[Id, LanguageModel] = {}
    workloads: Annotated[dict[Id, Workload], Field(min_length=1)]
    providers: dict[Id, Provider] = {}
    offers: dict[Id, Offer] = {}
    signed: dict[Id, SignedContract] = {}
    groups: list[Group] = []
    throughput: Throughput = Throughput()


NOT_YET: dict[str, str] = {
    "forward": "forward price curves",
    "commitments": "spend commitments",
    "policy": "portfolio rules",
    "uncertainty": "scenarios",
    "workloads.*.value_usd_per_request": "margin objectives",
    "workloads.*.slo.percentile": "latency percentiles",
    "workloads.*.tokens": "training runs",
    "workloads.*.flops": "training runs",
    "workloads.*.window": "training runs",
    "workloads.*.accelerators": "training runs",
    "offers.*.terms.*.cancel": "break clauses",
    "signed.*.term.cancel": "break clauses",
    "offers.*.tiers": "volume tiers",
    "offers.*.renewal": "renewal options",
    "offers.*.expansion": "expansion options",
    "finance.debt_usd": "ratios to debt",
}
"""Keys of the format that this version refuses by name: path pattern -> what is missing."""

NOT_YET_VALUES: dict[str, dict[str, str]] = {
    "finance.terminal": {"market": "terminal values from a forward curve"},
    "workloads.*.kind": {"training": "training runs"},
    "workloads.*.model": {"{}": "workloads that share several models"},
}
"""Values that this version refuses by name: path pattern -> value ({} for any mapping) -> what is missing."""
