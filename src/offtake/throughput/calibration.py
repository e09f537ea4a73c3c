"""Measured points -> efficiencies: the constants of the roofline and their factors, by bounded robust least squares.

Everything is fitted at once in logarithms: tokens/s per accelerator, TPOT and TTFT of every point against the constants
x the factors of the point's accelerator, model, engine and pair. Factors are drawn towards 1 and constants towards
their priors, so that what few points tell stays close to what all points tell. Of a configuration that was measured
again only the newest point is fitted; how much it gained meanwhile tells the rate at which the software of its family
improves, and by that rate overheads were larger on older days: the constants are those of the newest day.
"""

from __future__ import annotations

import copy
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from ..instance.schema import Accelerator, Efficiencies, LanguageModel, MeasuredPair, Request, Sigma
from . import cases, efficiency, roofline
from .efficiency import FACTORS, Fitted

COLUMNS = [
    "accelerator",
    "model",
    "precision",
    "engine",
    "date",
    "input_tokens",
    "output_tokens",
    "concurrency",
    "accelerators",
    "data_parallel",
    "expert_parallel",
    "ttft_ms",
    "tpot_ms",
    "tokens_per_s_per_accelerator",
]
"""of a table of points: one aggregated engine of `accelerators` without speculation, `concurrency` requests at once in
closed loop; engine and date may be empty; data_parallel and expert_parallel are true or false"""
CURVE = [
    "accelerator",
    "model",
    "precision",
    "engine",
    "input_tokens",
    "output_tokens",
    "accelerators",
    "data_parallel",
    "expert_parallel",
]
"""points that agree in these and differ in concurrency are one curve, on whatever day they were measured"""

PRIOR = {
    "memory_share": (0.65, 0.225),
    "decode_share": (0.30, 0.3),
    "prefill_share": (0.55, 0.225),
    "attention_share": (0.30, 0.3),
    "link_share": (0.40, 0.375),
    "collective_s": (1.0e-5, 0.375),
    "dense_layer_s": (4.5e-5, 0.375),
    "moe_layer_s": (7.0e-5, 0.375),
    "latent_layer_s": (3.0e-5, 0.45),
    "step_s": (5.0e-5, 0.45),
    "sequence_s": (1.0e-6, 0.75),
    "request_s": (0.008, 0.45),
    "first_token_s": (0.08, 0.375),
    "prefill_latency": (1.4, 0.3),
    "prefill_queue": (0.12, 0.6),
    "prefill_burst": (0.02, 0.75),
    "expert_imbalance": (1.1, 0.05),
    "cache_share": (1.0, 0.1),
}
"""constant -> (where it is drawn to, standard deviation of its logarithm): shares that serving engines reach and delays
that profilers show"""
GIVEN = {"rank_imbalance": 1.4, "usable_share": 0.92, "reserve_bytes": 3.5e9}
"""not fitted: how long ranks wait for the one with the longest prompt, by the 117 points of DeepSeek-R1 with
data-parallel attention on separate engines (tokens/s 14 % too high with it, 23 % without); what vLLM, SGLang and
TensorRT-LLM take of the memory, and what they keep for buffers"""
SPREAD = {
    "accelerators": dict.fromkeys(("memory", "decode", "prefill", "layer", "first_token", "request", "latency"), 0.35),
    "models": {"memory": 0.25, "prefill": 0.25, "layer": 0.25, "first_token": 0.4, "latency": 0.4},
    "engines": {"memory": 0.2, "prefill": 0.25, "layer": 0.25, "first_token": 0.5, "request": 0.5}
    | {"latency": 0.5, "queue": 0.5, "cache": 0.4},
    "pairs": {"memory": 0.2, "prefill": 0.2, "layer": 0.2, "first_token": 0.3, "latency": 0.3},
}
"""standard deviation of the logarithm of a factor, by what it belongs to"""
WIDEST = 3.0
"""bounds: constants stay within so many standard deviations of their prior, factors too"""
WEIGHT = (1.0, 0.6, 0.5)
"""of a residual in tokens/s, TPOT and TTFT"""
DISBELIEF = 0.5
"""weight of the priors against the points: neighbours on a curve are not independent"""
ROBUST = 0.15
"""log error from which a point counts by its size, no longer by its square"""
_AGEING = ("dense_layer_s", "moe_layer_s", "latent_layer_s", "collective_s")
"""the overheads that software shrinks"""
_UNDATED_YEARS = 0.9
"""age of a point without a date, and the most that one counts"""
_AGAIN_YEARS = 1 / 12
"""from which on a repeated measurement tells a rate"""
_STEP = 1e-4


class Sweep(NamedTuple):
    """Points as the roofline takes them; arrays [point]."""

    case: cases.Case
    shape: roofline.Shape
    concurrency: np.ndarray
    ageing: np.ndarray
    """logarithm of what the age of the software adds to overheads"""


class Effect(NamedTuple):
    """One unknown beside the constants: it multiplies some of them for some points."""

    group: str
    name: str
    factor: str
    constants: tuple[int, ...]
    rows: np.ndarray
    """[point] of those that it is about 1, else 0"""
    spread: float


def fit(
    points: pd.DataFrame,
    accelerators: dict[str, Accelerator],
    models: dict[str, LanguageModel],
    around: Efficiencies | None = None,
) -> Efficiencies:
    """The efficiencies that explain the points best.

    `points`: COLUMNS. `around`: efficiencies to start from; their constants stay, and factors are drawn towards theirs.
    Without it constants are fitted too, and `sigma` is zero: only points left out can tell it (`accuracy`). Raises
    ValueError if there is no point.
    """
    if points.empty:
        raise ValueError("there is no point to fit")
    gains = software_gain_per_year(points, accelerators)
    points, start = newest(points), around or _blank()
    known = effects(points, constants=around is None)
    today = max([*points.date.dropna(), start.calibrated])
    swept = sweep(points, accelerators, models, start.software_gain_per_year | gains, today)
    solution = _solve(swept, np.log(rows_of(points, start))[: len(PRIOR)], observed(points), known)
    families = sorted({accelerators[name].family for name in points.accelerator} | set(start.families))
    return start.model_copy(
        update=_written(points, known, np.exp(solution), start)
        | {
            "calibrated": today,
            "source": f"{len(points)} points",
            "software_gain_per_year": start.software_gain_per_year | gains,
            "families": families,
        }
    )


def _blank() -> Efficiencies:
    """The priors."""
    constants = {name: value for name, (value, _) in PRIOR.items()} | GIVEN
    return Efficiencies(
        calibrated="2000-01", source="priors", constants=constants, sigma=Sigma(pair=0.0, model=0.0, vendor=0.0)
    )


def newest(points: pd.DataFrame) -> pd.DataFrame:
    """Of every configuration the newest point; one without a date counts as the oldest."""
    ordered = points.sort_values("date", na_position="first", kind="stable")
    return ordered.drop_duplicates([*CURVE, "concurrency"], keep="last").sort_index().reset_index(drop=True)


def software_gain_per_year(points: pd.DataFrame, accelerators: dict[str, Accelerator]) -> dict[str, float]:
    """By software family, the factor on tokens/s per year of configurations that were measured again: the median of
    those at least a month apart, not under 1. Families without any have no entry."""
    dated = points.dropna(subset="date").assign(date=pd.to_datetime(points.date, format="mixed")).sort_values("date")
    again = dated.groupby([*CURVE, "concurrency"], dropna=False)
    first, last = again.first(), again.last()
    years = (last.date - first.date).dt.days / 365.25
    grown = np.log(last.tokens_per_s_per_accelerator / first.tokens_per_s_per_accelerator)
    gain = grown / years.where(years > 0)
    family = first.index.get_level_values("accelerator").map(lambda name: accelerators[name].family)
    median = gain[years >= _AGAIN_YEARS].groupby(family[years >= _AGAIN_YEARS]).median()
    return {name: _short(max(float(np.exp(value)), 1.0)) for name, value in median.items()}


def sweep(
    points: pd.DataFrame,
    accelerators: dict[str, Accelerator],
    models: dict[str, LanguageModel],
    gains: dict[str, float],
    today: str,
) -> Sweep:
    """The points as cases and shapes. One case per distinct accelerator, model, precision and lengths.

    `gains`: factor per year of each software family, on overheads of software of the points' days, before `today`.
    """
    keys = ["accelerator", "model", "precision", "input_tokens", "output_tokens"]
    distinct = points[keys].drop_duplicates()
    rows = points[keys].astype(object).merge(distinct.astype(object).reset_index(drop=True).reset_index(), how="left")
    made = []
    for accelerator, model, precision, length, answer in distinct.itertuples(index=False):
        size = Request(input_tokens=length, output_tokens=answer)
        held = models[model].model_copy(update={"precision": precision})
        made.append(cases.make_case(accelerators[accelerator], held, size))
    table = np.array(made, dtype=float)[rows["index"].to_numpy(int)].T
    split = points.accelerators.to_numpy(float), points.data_parallel.to_numpy(bool)
    shape = roofline.Shape(*split, points.expert_parallel.to_numpy(bool))
    rate = points.accelerator.map(lambda name: gains.get(accelerators[name].family, 1.0)).to_numpy(float)
    return Sweep(cases.Case(*table), shape, points.concurrency.to_numpy(float), np.log(rate) * age_years(points, today))


def observed(points: pd.DataFrame) -> np.ndarray:
    """Logarithms [3, point] of tokens/s per accelerator, TPOT in s and TTFT in s."""
    return np.log([points.tokens_per_s_per_accelerator, points.tpot_ms / 1e3, points.ttft_ms / 1e3])


def predict(points: Sweep, fitted: Fitted) -> np.ndarray:
    """The same three as the roofline has them: requests that memory does not hold wait for a place."""
    fitted = aged(fitted, points.ageing)
    largest = np.maximum(roofline.largest_batch(points.case, fitted, points.shape), 1)
    batch = np.minimum(points.concurrency, largest)
    at = roofline.operate(points.case, fitted, points.shape, batch)
    waiting = (points.concurrency / batch - 1) * batch / (at.requests_per_s * points.shape.t)
    tokens = at.requests_per_s * (points.case.input + points.case.output)
    return np.log([tokens, at.tpot_s, at.ttft_s + waiting])


def aged(fitted: Fitted, ageing: np.ndarray) -> Fitted:
    """The constants with the overheads of older software."""
    return fitted._replace(**{name: getattr(fitted, name) * np.exp(ageing) for name in _AGEING})


def rows_of(points: pd.DataFrame, efficiencies: Efficiencies) -> Fitted:
    """The efficiencies of every point [point], by the names of its accelerator, model and engine."""
    keys = ["accelerator", "model", "precision", "engine"]
    table = np.empty((len(points), len(Fitted._fields)))
    for names, rows in points[keys].fillna("").groupby(keys, sort=False).indices.items():
        table[rows] = efficiency.fitted(efficiencies, *names)
    return Fitted(*table.T)


def age_years(points: pd.DataFrame, today: str) -> np.ndarray:
    """Years before `today` [point]."""
    age = (pd.Timestamp(today) - pd.to_datetime(points.date, format="mixed")).dt.days / 365.25
    return np.clip(age.fillna(_UNDATED_YEARS).to_numpy(float), 0.0, _UNDATED_YEARS)


def effects(points: pd.DataFrame, constants: bool) -> list[Effect]:
    """Every factor that the points could tell, after the constants themselves if these are asked for."""
    order, everywhere = list(PRIOR), np.ones(len(points))
    found = []
    if constants:
        found += [Effect("constants", key, "", (order.index(key),), everywhere, PRIOR[key][1]) for key in order]
    names = {"accelerators": points.accelerator, "models": points.model, "engines": points.engine}
    names["pairs"] = points.accelerator + "/" + points.model + "/" + points.precision
    for group, spreads in SPREAD.items():
        for name in sorted(names[group].dropna().unique()):
            rows = (names[group] == name).to_numpy(float)
            for factor, spread in spreads.items():
                multiplied = tuple(order.index(constant) for constant in FACTORS[factor])
                found.append(Effect(group, name, factor, multiplied, rows, spread))
    return found


def _solve(points: Sweep, start: np.ndarray, seen: np.ndarray, known: list[Effect]) -> np.ndarray:
    """Logarithm of every effect at the best fit. `start`: logarithms of the constants before [constant, point]."""
    spread = np.array([effect.spread for effect in known])
    weight, pull = np.repeat(WEIGHT, len(points.concurrency)), DISBELIEF / spread

    def logs(x: np.ndarray) -> np.ndarray:
        table = start.copy()
        for effect, value in zip(known, x, strict=True):
            table[list(effect.constants)] += value * effect.rows
        return table

    def residuals(x: np.ndarray) -> np.ndarray:
        return np.concatenate([weight * (predict(points, _fitted(logs(x))) - seen).ravel(), pull * x])

    def jacobian(x: np.ndarray) -> np.ndarray:
        return np.concatenate([weight[:, None] * _derivatives(points, logs(x), known), np.diag(pull)])

    bounds, centre = (-WIDEST * spread, WIDEST * spread), np.zeros(len(known))
    return least_squares(residuals, centre, jacobian, bounds, loss="soft_l1", f_scale=ROBUST, max_nfev=60).x


def _derivatives(points: Sweep, logs: np.ndarray, known: list[Effect]) -> np.ndarray:
    """Of all predictions by every effect: the sum of those by its constants, where it acts."""
    here, by_constant = predict(points, _fitted(logs)), []
    for row in range(len(logs)):
        moved = logs.copy()
        moved[row] += _STEP
        by_constant.append((predict(points, _fitted(moved)) - here) / _STEP)
    columns = [(sum(by_constant[row] for row in effect.constants) * effect.rows).ravel() for effect in known]
    return np.stack(columns, axis=1)


def _fitted(logs: np.ndarray) -> Fitted:
    return efficiency.bounded(Fitted(**dict(zip(PRIOR, np.exp(logs), strict=True)), **GIVEN))


def _written(points: pd.DataFrame, known: list[Effect], found: np.ndarray, start: Efficiencies) -> dict[str, object]:
    """Constants, factors and pairs, those of the start multiplied by what was found."""
    constants, pairs = dict(start.constants), copy.deepcopy(start.pairs)
    groups = {
        group: {key: dict(of) for key, of in getattr(start, group).items()} for group in SPREAD if group != "pairs"
    }
    for effect, value in zip(known, found, strict=True):
        if effect.group == "constants":
            constants[effect.name] = _short(constants[effect.name] * value)
        elif effect.group == "pairs":
            accelerator, model, precision = effect.name.split("/")
            same = pairs.setdefault(accelerator, {}).setdefault(model, {})
            pair = same.setdefault(precision, _pair(points[effect.rows > 0]))
            pair.factors[effect.factor] = _short(pair.factors.get(effect.factor, 1.0) * value)
        else:
            stand_in = groups[effect.group].get(start.siblings.get(effect.name, ""), {})
            factors = groups[effect.group].setdefault(effect.name, dict(stand_in))
            factors[effect.factor] = _short(factors.get(effect.factor, 1.0) * value)
    return {"constants": constants, "pairs": pairs, **groups}


def _pair(points: pd.DataFrame) -> MeasuredPair:
    """What so many points of one pair tell beside its factors."""
    engine = points.engine.mode()
    return MeasuredPair(points=len(points), engine=None if engine.empty else engine[0], factors={})


def _short(value: float) -> float:
    """Four digits: more would claim what no measurement tells."""
    return float(f"{value:.4g}")
