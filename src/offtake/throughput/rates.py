"""The answer for one pool and one workload, and what every way to it shares."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..instance.network import round_trip_ms
from ..instance.pools import Pool
from ..instance.reinforcement import Rollouts
from ..instance.schema import Batch, Instance, Interactive

Work = Interactive | Batch | Rollouts


@dataclass(frozen=True, eq=False)
class ServingRate:
    """What one accelerator of a pool does for one workload inside its latency target."""

    eligible: bool
    reason: str = ""
    """if not eligible: one sentence with the limit and by how much it is missed"""
    requests_per_s: np.ndarray = field(default_factory=lambda: np.zeros(0))
    """[month of the horizon] per accelerator; 1 for a token API; 0 if not eligible; FLOP/s for a training run"""
    tokens_per_s: float = 0.0
    """input and output tokens per accelerator in the first month (API: tokens of one request)"""
    ttft_ms: float | None = None
    """mean, network round trip included; None where a given rate says nothing about it"""
    tpot_ms: float | None = None
    tensor_parallel: int | None = None
    """modelled only: accelerators of one engine (the one that answers)"""
    batch: int | None = None
    """modelled only: requests at once in one engine"""
    source: str = "modelled"
    """modelled, measured, estimated (rows of a tool that measured nothing), given or api"""
    cited: str | None = None
    """given or measured only: where the rate comes from, in the words of the instance"""
    derate: float = 1.0
    """<= 1, already in the rates: what the model's uncertainty takes off"""
    sigma: float | None = None
    """modelled only: standard deviation of the log error of the rate before the derate"""
    calibrated: str | None = None
    """modelled only: day of the software whose speed it is"""
    data_parallel: bool = False
    """attention by request: every accelerator of the engine holds its own"""
    prefill_accelerators: int | None = None
    """of the engine that reads the prompts, where that is a separate one"""
    utilisation: float = 1.0
    """<= 1, already in the rates: how busy engines may be on average, for waits inside the TTFT target"""
    limit: str | None = None
    """modelled only: what keeps the batch from growing"""
    memory_gb: float | None = None
    """modelled only: weights and KV cache per accelerator that answers"""
    prefill_share: float | None = None
    """modelled only: share of the accelerators' time that reads prompts"""
    tokens_per_joule: float | None = None
    """tokens/s over the all-in power of the accelerator; None for a token API"""


def refused(instance: Instance, reason: str, source: str = "modelled") -> ServingRate:
    """A pair that cannot be served, with its reason."""
    return ServingRate(False, reason, np.zeros(instance.horizon.months), source=source)


def software_gain(instance: Instance, accelerator: str) -> np.ndarray:
    """Factor on the first month's rate [month of the horizon], by the gains per year of the accelerator's family.

    Within year y of the horizon it grows by the factor of that year, evenly in logarithms; the last one holds.
    """
    months = np.arange(instance.horizon.months)
    gains = instance.throughput.software_gain_per_year.get(instance.accelerators[accelerator].family, 1.0)
    by_year = np.array(gains if isinstance(gains, list) else [gains])
    yearly = np.log(by_year[np.minimum(months // 12, len(by_year) - 1)])
    return np.exp(np.concatenate([[0.0], np.cumsum(yearly)[:-1]]) / 12)


def tokens_per_request(workload: Work) -> float:
    """Input and output tokens, reasoning included."""
    return workload.request.input_tokens + workload.request.output_tokens * workload.request.reasoning_multiplier


def network_ms(instance: Instance, pool: Pool, workload: Work) -> float:
    """Round trip between a pool and the region of a workload; rollouts come from no region, and do not wait."""
    return 0.0 if isinstance(workload, Rollouts) else round_trip_ms(instance, pool.region, workload.region)


def missed_target(workload: Work, ttft_ms: float, tpot_ms: float, network_ms: float) -> str:
    """Which target these mean latencies miss, as a sentence; empty if none: only interactive work has targets."""
    if not isinstance(workload, Interactive):
        return ""
    slo = workload.slo
    if network_ms >= slo.ttft_ms:
        return network_alone(network_ms, slo.ttft_ms)
    if ttft_ms + network_ms > slo.ttft_ms:
        return (
            f"the first token takes {number(ttft_ms + network_ms, slo.ttft_ms)} ms, "
            f"{number(network_ms)} ms of it network; the target is {slo.ttft_ms:g} ms"
        )
    if tpot_ms > slo.tpot_ms:
        return f"a token takes {number(tpot_ms, slo.tpot_ms)} ms; the target is {slo.tpot_ms:g} ms"
    return ""


def network_alone(network_ms: float, target_ms: float) -> str:
    """The sentence for a round trip that leaves nothing of the TTFT target."""
    return f"network alone takes {number(network_ms)} ms of the {target_ms:g} ms TTFT target"


def number(value: float, unlike: float | None = None) -> str:
    """About three digits, without an exponent; more where it takes them to tell the value from `unlike`.

    >>> number(1250.4), number(7.204), number(30.0002, unlike=30)
    ('1250', '7.2', '30.0002')
    """
    decimals = 0 if value >= 100 else 1 if value >= 10 else 2
    while unlike is not None and decimals < 12 and round(value, decimals) == unlike:
        decimals += 1
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
