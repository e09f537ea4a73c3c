"""Fits the efficiencies that ship to public measurements, or reports how well such fits predict what they did not see.

    bin/fit [--data DIRECTORY]            writes src/offtake/throughput/efficiencies.yaml
    bin/fit --report [--data DIRECTORY]   prints the accuracy as Markdown, by hardware and model

The directory holds measured.csv (aggregated and disaggregated serving points with their origin), accelerators.csv
(rental prices) and is not part of the project. Both take a few minutes of one core: every figure is of points that were
left out of the fit that predicts them.
"""

from __future__ import annotations

import argparse
import itertools
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from offtake.instance import catalogue
from offtake.instance.schema import Accelerator, Efficiencies, LanguageModel, MeasuredPair, Request, Sigma
from offtake.throughput import accuracy, calibration, cases, efficiency, search

CHECKOUT = Path(__file__).resolve().parent.parent
DATA = CHECKOUT.parent / "shared" / "data" / "throughput"
SHIPPED = CHECKOUT / "src" / "offtake" / "throughput" / "efficiencies.yaml"
MODELS = {
    "dsr1": "deepseek-r1",
    "gptoss": "gpt-oss-120b",
    "kimik25": "kimi-k2.5",
    "llama70b": "llama-3.1-70b",
    "llama8b": "llama-3.1-8b",
    "m25": "minimax-m2.5",
    "qwen235b": "qwen3-235b",
    "qwen32b": "qwen3-32b",
}
"""name in the measurements -> id in the catalogue, of models measured without speculation"""
ENGINES = {"trt": "trtllm"}
"""two names of TensorRT-LLM"""
NOT_FITTED = ("gb200",)
"""its aggregated points are of one dense model and several times slower than the same generation, unexplained; they are
predicted in the report all the same"""
NOT_AGGREGATED = ("gb200", "gb300")
"""measured only with prompts and answers apart, which is not fitted but makes their pairs known"""
SIBLINGS = {
    "gh200": "h100",
    "gb200": "b200",
    "gb300": "b300",
    "vr200": "b300",
    "mi455x": "mi355x",
    "deepseek-v3": "deepseek-r1",
    "kimi-k2": "kimi-k2.5",
    "minimax-m2": "minimax-m2.5",
} | dict(h100="h200", h200="h100", b200="b300", b300="b200", mi300x="mi325x", mi325x="mi300x")
"""what stands in for what was not fitted: the same or the nearest generation of a chip, the same architecture of a
model"""
SIGMAS = {"pair": "curve", "model": "model", "vendor": "vendor"}
"""what is left out to tell what a rate is worth, by what was measured"""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--data", type=Path, default=DATA, help=f"directory of the measurements; default {DATA}")
    arguments.add_argument("--report", action="store_true", help="print the accuracy instead of writing the fit")
    chosen = arguments.parse_args()
    points = read_points(chosen.data / "measured.csv")
    if chosen.report:
        for line in report(points, chosen.data):
            print(line, flush=True)
    else:
        SHIPPED.write_text(efficiency.text(shipped(points, chosen.data)), encoding="utf-8")


def known() -> accuracy.Catalogue:
    accelerators = {key: Accelerator.model_validate(entry) for key, entry in catalogue.accelerators().items()}
    return accelerators, {key: LanguageModel.model_validate(entry) for key, entry in catalogue.models().items()}


def read_points(path: Path) -> pd.DataFrame:
    """Aggregated points without speculation, in the columns of a calibration.

    Lengths are the mean of what was sent (0.9 of the nominal ones in random tests); a point without a precision is of
    released 16-bit weights.
    """
    raw = pd.read_csv(path)
    raw = raw[~raw.disagg & (raw.spec == "none") & raw.model.isin(MODELS)]
    return columns(raw).reset_index(drop=True)


def columns(raw: pd.DataFrame) -> pd.DataFrame:
    """Measurements in the columns of a calibration."""
    named = {
        "accelerator": raw.hw,
        "model": raw.model.map(MODELS),
        "precision": raw.prec.fillna("bf16"),
        "engine": raw.backend.replace(ENGINES),
        "date": raw.date,
        "input_tokens": raw.isl * raw.lenfrac,
        "output_tokens": raw.osl * raw.lenfrac,
        "concurrency": raw.conc,
        "accelerators": raw.gpus,
        "data_parallel": raw.dpattn > 0,
        "expert_parallel": raw.ep > 1,
        "ttft_ms": raw.ttft_ms,
        "tpot_ms": raw.tpot_ms,
        "tokens_per_s_per_accelerator": raw.tput_gpu,
    }
    return pd.DataFrame(named)[calibration.COLUMNS]


def read_separate(path: Path) -> pd.DataFrame:
    """Points of DeepSeek-R1 with prompts and answers on separate engines, without speculation; nothing is fitted to
    them."""
    raw = pd.read_csv(path)
    raw = raw[raw.disagg & (raw.spec == "none") & (raw.model == "dsr1") & (raw.n_pf > 0)]
    engines = {"dynamo-trt": "trtllm", "dynamo-sglang": "sglang", "mori-sglang": "sglang"}
    prefill, decode = raw.pf_workers.clip(lower=1), raw.dec_workers.clip(lower=1)
    return columns(raw).assign(
        engine=raw.backend.map(engines),
        prefill_engines=prefill,
        prefill_accelerators=raw.n_pf / prefill,
        decode_engines=decode,
        decode_accelerators=raw.n_dec / decode,
    )


def disaggregated_pairs(path: Path) -> dict[str, dict[str, dict[str, MeasuredPair]]]:
    """Accelerators that were measured only with prompts and answers apart: known pairs without factors of their own."""
    raw = pd.read_csv(path)
    raw = raw[raw.disagg & raw.model.isin(MODELS) & raw.hw.isin(NOT_AGGREGATED)]
    found: dict[str, dict[str, dict[str, MeasuredPair]]] = {}
    for (accelerator, model, precision), rows in raw.groupby(["hw", "model", "prec"]):
        found.setdefault(accelerator, {}).setdefault(MODELS[model], {})[precision] = MeasuredPair(points=len(rows))
    return found


def fitted(points: pd.DataFrame) -> pd.DataFrame:
    return points[~points.accelerator.isin(NOT_FITTED)]


def tests(points: pd.DataFrame) -> dict[str, tuple[np.ndarray, pd.Series, dict[object, Efficiencies]]]:
    """Predictions of what was left out, the groups and the fits: curves, models, accelerators, vendors."""
    families = points.accelerator.map(lambda name: known()[0][name].family)
    groups = {"curve": accuracy.folds(points), "model": points.model, "accelerator": points.accelerator}
    found = {}
    for name, group in (groups | {"vendor": families}).items():
        found[name] = (*accuracy.left_out(points, group, known(), fitted, SIBLINGS), group)
    return {name: (predicted, group, fits) for name, (predicted, fits, group) in found.items()}


def shipped(points: pd.DataFrame, data: Path) -> Efficiencies:
    """The fit to all points, with what points left out tell of its worth."""
    current = calibration.newest(points)
    seen, left = calibration.observed(current), tests(current)
    sigma = Sigma(**{key: sigma_at_targets(current, *left[test][1:]) for key, test in SIGMAS.items()})
    middle, p90 = accuracy.errors(left["curve"][0][0], seen[0])
    fit = calibration.fit(fitted(points), *known())
    source = (
        f"Fitted by bin/fit on {len(calibration.newest(fitted(points)))} aggregated points without speculation "
        f"({points.date.min()} to {points.date.max()}): NVIDIA aiconfigurator silicon sample (Apache-2.0) and "
        f"InferenceX result rows. Error of tokens/s per accelerator on curves left out: median {100 * middle:.1f} %, "
        f"90th percentile {100 * p90:.0f} %."
    )
    pairs = disaggregated_pairs(data / "measured.csv") | fit.pairs
    return fit.model_copy(update={"source": source, "siblings": SIBLINGS, "pairs": pairs, "sigma": sigma})


def sigma_at_targets(points: pd.DataFrame, groups: pd.Series, fits: dict[object, Efficiencies]) -> float:
    """Log sigma of the best throughput at a target, which is what a plan rests on: of the software family with the
    larger one, if families were left out, else of all."""
    best = accuracy.at_targets(points, groups, fits, known())
    family = best.accelerator.map(lambda name: known()[0][name].family)
    parts = [best[family == name] for name in fits] if set(fits) == set(family) else [best]
    return round(max(accuracy.log_sigma(np.log(part.predicted), np.log(part.measured)) for part in parts), 2)


def report(points: pd.DataFrame, data: Path) -> Iterator[str]:
    """Lines of Markdown."""
    current = calibration.newest(points)
    seen, began = calibration.observed(current), time.process_time()
    yield f"{len(current)} points (newest of {len(points)}), {accuracy.curve_names(current).nunique()} curves\n"
    left = tests(current)
    yield f"| left out | {' | '.join(accuracy.QUANTITIES)} |  (median / 90th percentile of the error)"
    yield "|---|---|---|---|"
    for name, (predicted, _, _) in left.items():
        yield row(name, predicted, seen)
    for key in ("accelerator", "model"):
        yield f"\n| {key} | points | curves left out: {', '.join(accuracy.QUANTITIES)} | {key} left out |"
        yield "|---|---|---|---|"
        for value in sorted(current[key].unique()):
            rows = (current[key] == value).to_numpy()
            cells = [row("", left[test][0][:, rows], seen[:, rows])[4:-2] for test in ("curve", key)]
            yield f"| {value} | {rows.sum()} | {' | '.join(cell.replace(' | ', ', ') for cell in cells)} |"
    for test in ("curve", "model"):
        yield from targets(current, data, test, *left[test])
    yield from separate(data)
    per_s, peak = sweep_speed()
    yield f"\nSpeed: {per_s / 1e6:.1f} million engines a second on one core, {peak / 1e6:.0f} MB at the peak"
    yield f"{time.process_time() - began:.0f} s of CPU"


def row(name: str, predicted: np.ndarray, seen: np.ndarray) -> str:
    cells = (accuracy.errors(*pair) for pair in zip(predicted, seen, strict=True))
    return f"| {name} | {' | '.join(f'{100 * middle:.1f} / {100 * p90:.0f} %' for middle, p90 in cells)} |"


def targets(
    points: pd.DataFrame, data: Path, test: str, _: np.ndarray, groups: pd.Series, fits: dict[object, Efficiencies]
) -> Iterator[str]:
    """Best throughput at fixed interactivity, and how it ranks accelerators."""
    best = accuracy.at_targets(points, groups, fits, known())
    middle, p90 = accuracy.errors(np.log(best.predicted), np.log(best.measured))
    yield f"\nBest tokens/s at fixed interactivity, {test} left out: {100 * middle:.1f} / {100 * p90:.0f} %"
    yield f"({len(best)} cells of accelerator, model, precision, lengths and 20, 30, 50, 75 or 100 tokens/s)"
    for name, usd in (("tokens/s", None), ("tokens per dollar", rental(data))):
        ranks = accuracy.ranking(best, usd)
        yield (
            f"Ranking in {name}: Spearman {ranks.spearman.mean():.2f} over {len(ranks)} cells of three accelerators or "
            f"more; taking the top choice loses {100 * ranks.regret.mean():.1f} % on average, "
            f"{100 * ranks.regret.max():.0f} % at most, right in {(ranks.regret < 1e-9).mean():.0%}"
        )


def separate(data: Path) -> Iterator[str]:
    """Prompts and answers on separate engines, predicted by the shipped fit to engines that do both."""
    points = read_separate(data / "measured.csv")
    predicted = accuracy.separate_prediction(points, efficiency.shipped(), known())
    cells = (accuracy.errors(*pair) for pair in zip(predicted, calibration.observed(points), strict=False))
    (tokens, tokens_p90), (tpot, tpot_p90) = cells
    yield (
        f"\nSeparate engines for prompts and answers, {len(points)} points, none fitted: tokens/s {100 * tokens:.0f} / "
        f"{100 * tokens_p90:.0f} %, TPOT {100 * tpot:.0f} / {100 * tpot_p90:.0f} %"
    )


def sweep_speed() -> tuple[float, float]:
    """(engines per second of CPU, bytes at the peak) over every accelerator x model x 9 sizes of requests, 64 cases
    together: operated, held against a latency target, and the wait of bursts taken off."""
    accelerators, models = known()
    sizes = [Request(input_tokens=i, output_tokens=o) for i in (500, 2000, 8000) for o in (100, 400, 1600)]
    triples = itertools.product(accelerators.values(), models.values(), sizes)
    made = [cases.make_case(*each) for each in triples]
    parts = [made[first : first + 64] for first in range(0, len(made), 64)]
    every = efficiency.fitted(efficiency.shipped(), "h100", "llama-3.1-70b", "fp8")
    stacked = [(cases.stack(part), efficiency.stack([every] * len(part))) for part in parts]

    def sweep() -> int:
        within = search.Target(*(np.full((1, 1, 1), value) for value in (2.0, 0.05, 1.0)))
        grids = (search.aggregated(*part, np.zeros((1, 1, 1), dtype=bool)) for part in stacked)
        return sum(search.usable(grid, within)[0].size for grid in grids)

    began = time.process_time()
    per_s = sweep() / (time.process_time() - began)
    tracemalloc.start()
    sweep()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return per_s, peak


def rental(data: Path) -> dict[str, float]:
    """USD per accelerator-hour, August 2026, by id in the catalogue."""
    raw = pd.read_csv(data / "accelerators.csv", comment="#")
    return dict(zip(raw.name.str.split().str[0].str.lower(), pd.to_numeric(raw.rent_2026_08), strict=True))


if __name__ == "__main__":
    main()
