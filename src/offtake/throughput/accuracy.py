"""How far predictions are from measurements that the fit did not see, and whether they rank hardware rightly."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from ..instance.schema import Accelerator, Efficiencies, LanguageModel
from . import calibration, roofline
from .curves import along_curve

QUANTITIES = ["tokens/s", "TPOT", "TTFT"]
TARGETS_TOKENS_PER_S = (20, 30, 50, 75, 100)
"""interactivity, 1 / TPOT, at which best throughputs are compared"""
_CONCURRENCY = 2 ** (np.arange(0, 45) / 4)
"""a quarter of an octave apart"""
_SETTLING = 30
"""halvings of the distance to the batch that feeds itself"""
_CELL = ["model", "input_tokens", "output_tokens", "target"]

Catalogue = tuple[dict[str, Accelerator], dict[str, LanguageModel]]


def left_out(
    points: pd.DataFrame,
    groups: pd.Series,
    catalogue: Catalogue,
    trained: Callable[[pd.DataFrame], pd.DataFrame],
    siblings: dict[str, str],
) -> tuple[np.ndarray, dict[object, Efficiencies]]:
    """Predictions [3, point], each by a fit without the points of its group, and these fits.

    `trained`: those of the remaining points that are fitted. `siblings`: what stands in for what was left out.
    """
    predicted, fits = np.full((3, len(points)), np.nan), {}
    for group in sorted(groups.unique()):
        rows = (groups == group).to_numpy()
        fits[group] = calibration.fit(trained(points[~rows]), *catalogue).model_copy(update={"siblings": siblings})
        predicted[:, rows] = prediction(points[rows], fits[group], catalogue)
    return predicted, fits


def prediction(points: pd.DataFrame, efficiencies: Efficiencies, catalogue: Catalogue) -> np.ndarray:
    """Logarithms [3, point] of tokens/s per accelerator, TPOT and TTFT, with software of the points' days."""
    swept = calibration.sweep(points, *catalogue, efficiencies.software_gain_per_year, efficiencies.calibrated)
    return calibration.predict(swept, calibration.rows_of(points, efficiencies))


def separate_prediction(points: pd.DataFrame, efficiencies: Efficiencies, catalogue: Catalogue) -> np.ndarray:
    """Logarithms [2, point] of tokens/s per accelerator and TPOT where prompts and answers are on separate engines.

    `points`: as of a calibration, with `accelerators` of all engines together and prefill_engines,
    prefill_accelerators, decode_engines and decode_accelerators: how many, and of how many each. As many requests are
    answered at once as the prefilling engines supply, and all `concurrency` of them if they are fast.
    """
    read, answer = (points.assign(accelerators=points[f"{side}_accelerators"]) for side in ("prefill", "decode"))
    gains, today = efficiencies.software_gain_per_year, efficiencies.calibrated
    reading, answering = (calibration.sweep(side, *catalogue, gains, today) for side in (read, answer))
    fitted = calibration.aged(calibration.rows_of(points, efficiencies), answering.ageing)
    occupied = roofline.prefill_s(reading.case, fitted, reading.shape) + fitted.request_s / reading.shape.ranks
    supplied = points.prefill_engines.to_numpy(float) / occupied
    first_s = fitted.first_token_s + fitted.prefill_latency * occupied
    engines, case = points.decode_engines.to_numpy(float), answering.case
    batch = answering.concurrency / engines
    for _ in range(_SETTLING):
        step = roofline.decode_step_s(case, fitted, answering.shape, batch)
        served = np.minimum(answering.concurrency / (case.output * step + first_s), supplied)
        batch = (batch + np.maximum(served * case.output * step / engines, 1.0)) / 2
    tokens = served * (case.input + case.output) / points.accelerators.to_numpy(float)
    return np.log([tokens, step])


def curve_names(points: pd.DataFrame) -> pd.Series:
    """The curve of every point, as one word."""
    return points[calibration.CURVE].astype(str).agg("|".join, axis=1)


def folds(points: pd.DataFrame, count: int = 5, seed: int = 0) -> pd.Series:
    """A fold for every point; whole curves fall into one."""
    names = curve_names(points)
    distinct = names.unique()
    fold = dict(zip(distinct, np.random.default_rng(seed).permutation(len(distinct)) % count, strict=True))
    return names.map(fold)


def errors(predicted: np.ndarray, seen: np.ndarray) -> tuple[float, float]:
    """Median and 90th percentile of |predicted / measured - 1|, both given as logarithms."""
    error = np.abs(np.exp(predicted - seen) - 1)
    return float(np.median(error)), float(np.quantile(error, 0.9))


def log_sigma(predicted: np.ndarray, seen: np.ndarray) -> float:
    """Standard deviation of the log error, by the share of 68 %: a few wild points do not set it."""
    return float(np.quantile(np.abs(predicted - seen), 0.6827))


def at_targets(
    points: pd.DataFrame, groups: pd.Series, fits: dict[object, Efficiencies], catalogue: Catalogue
) -> pd.DataFrame:
    """Best tokens/s per accelerator at every target of every accelerator, model, precision and lengths.

    Over the configurations that were measured on both sides of the target: `measured` joins a curve's points,
    `predicted` is the model at the concurrency that it takes to meet the target itself. Points whose first token takes
    longer than half of the answer queue outside the engine and are left out: nobody serves at a target there.
    """
    rows, inside = [], points[points.ttft_ms < points.output_tokens * points.tpot_ms / 2]
    for _, curve in inside.groupby(curve_names(inside), sort=True):
        measured = np.array([1e3 / curve.tpot_ms, curve.tokens_per_s_per_accelerator])
        fine = _finely(curve)
        tokens, tpot, _ = np.exp(prediction(fine, fits[groups[curve.index[0]]], catalogue))
        for target in TARGETS_TOKENS_PER_S:
            if measured[0].min() <= target <= measured[0].max():
                seen = along_curve(1 / measured[0], measured[1], np.array(1 / target))
                expected = along_curve(tpot, tokens, np.array(max(1 / target, tpot.min())))
                first = curve.iloc[0]
                rows.append([*(first[key] for key in ("accelerator", "precision", *_CELL[:3])), target, seen, expected])
    columns = ["accelerator", "precision", *_CELL, "measured", "predicted"]
    found = pd.DataFrame(rows, columns=columns).astype({"measured": float, "predicted": float})
    return found.groupby(["accelerator", "precision", *_CELL], dropna=False, as_index=False).max()


def _finely(curve: pd.DataFrame) -> pd.DataFrame:
    """The newest configuration of a curve at every concurrency up to twice the measured one."""
    last = curve.sort_values("date", na_position="first", kind="stable").tail(1)
    tried = np.searchsorted(_CONCURRENCY, 2 * curve.concurrency.max(), side="right")
    concurrency = _CONCURRENCY[:tried]
    return last.loc[last.index.repeat(len(concurrency))].assign(concurrency=concurrency)


def ranking(best: pd.DataFrame, usd_per_hour: dict[str, float] | None = None) -> pd.DataFrame:
    """By cell with at least three accelerators: Spearman correlation of predicted and measured order, and the share of
    the best that is lost by taking the predicted best. In tokens/s, or in tokens per dollar if prices are given."""
    rows = []
    per = best.assign(price=best.accelerator.map(usd_per_hour) if usd_per_hour else 1.0).dropna(subset="price")
    for cell, among in per.groupby(_CELL):
        seen = (among.measured / among.price).groupby(among.accelerator).max()
        expected = (among.predicted / among.price).groupby(among.accelerator).max()
        if len(seen) >= 3:
            correlation = float(spearmanr(seen, expected).statistic)
            rows.append([*cell, len(seen), correlation, 1 - seen[expected.idxmax()] / seen.max()])
    return pd.DataFrame(rows, columns=[*_CELL, "accelerators", "spearman", "regret"])
