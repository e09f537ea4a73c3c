"""The shipped facts: valid, sourced, dense."""

import pytest

from offtake.instance import catalogue
from offtake.instance.schema import Accelerator, LanguageModel, Region
from offtake.throughput import efficiency

SPARSE_HEADLINES = {
    "a100": {"bf16_tflops": 624},
    "l40s": {"bf16_tflops": 733, "fp8_tflops": 1466},
    "h100": {"bf16_tflops": 1979, "fp8_tflops": 3958},
    "h200": {"bf16_tflops": 1979, "fp8_tflops": 3958},
    "gh200": {"bf16_tflops": 1979, "fp8_tflops": 3958},
    "b200": {"bf16_tflops": 4500, "fp8_tflops": 9000, "fp4_tflops": 18000},
    "b300": {"bf16_tflops": 4500, "fp8_tflops": 9000, "fp4_tflops": 18000},
    "gb200": {"bf16_tflops": 5000, "fp8_tflops": 10000, "fp4_tflops": 20000},
    "gb300": {"bf16_tflops": 5000, "fp8_tflops": 10000, "fp4_tflops": 20000},
    "vr200": {"fp4_tflops": 50000},
    "mi300x": {"bf16_tflops": 2615, "fp8_tflops": 5230},
    "mi325x": {"bf16_tflops": 2615, "fp8_tflops": 5230},
    "mi355x": {"bf16_tflops": 5033, "fp8_tflops": 10066, "fp4_tflops": 20132},
    "trainium2": {"bf16_tflops": 2668, "fp8_tflops": 5200},
    "trainium3": {"bf16_tflops": 2684, "fp8_tflops": 10068},
}
"""vendors' figures with structured sparsity (or adaptive compression, vr200), which no serving engine reaches"""

ENTRIES = [
    (schema, key, entry)
    for schema, entries in (
        (Region, catalogue.regions()),
        (Accelerator, catalogue.accelerators()),
        (LanguageModel, catalogue.models()),
    )
    for key, entry in entries.items()
]


@pytest.mark.parametrize(("schema", "key", "entry"), ENTRIES, ids=[key for _, key, _ in ENTRIES])
def test_every_entry_is_valid_and_sourced(schema, key, entry):
    """An entry is what a user could write; source, confidence and a four-digit year are there; assumed names keys."""
    valid = schema.model_validate(entry)
    assert valid.source and valid.confidence in ("A", "B", "C")
    assert "20" in valid.source
    assert set(valid.assumed) <= set(entry), f"{key}: assumed names a key that is not given"


def test_the_catalogue_covers_the_market():
    """At least sixty regions, the ids that the format's examples use, and the chips and models of 2024 to 2026."""
    assert len(catalogue.regions()) >= 60
    used = {"us-east", "eu-west", "memphis", "aws-us-east-1", "azure-eastus", "gcp-us-central1"}
    assert used <= set(catalogue.regions())
    assert len(catalogue.accelerators()) >= 20 and len(catalogue.models()) >= 10


@pytest.mark.parametrize("key", SPARSE_HEADLINES)
def test_peaks_are_dense(key):
    """A figure at or above the sparse headline of its precision (H100: 1979 bf16, 3958 fp8) is not a dense peak."""
    entry = catalogue.accelerators()[key]
    for precision, headline in SPARSE_HEADLINES[key].items():
        assert entry[precision] < 0.99 * headline, f"{key}.{precision} looks like the sparse figure"


def test_narrower_formats_are_no_slower():
    """fp8 is at least as fast as bf16, fp4 at least as fast as fp8, wherever they exist."""
    for key, entry in catalogue.accelerators().items():
        peaks = [entry[name] for name in ("bf16_tflops", "fp8_tflops", "fp4_tflops") if name in entry]
        assert peaks == sorted(peaks), key


def test_expert_parameters_agree_with_the_totals():
    """Experts + what every token uses cannot exceed all parameters: X + active - X k/E <= total + 2 % of rounding."""
    for key, entry in catalogue.models().items():
        if "expert_parameters" in entry:
            share = entry["experts_per_token"] / entry["experts"]
            needed = entry["expert_parameters"] * (1 - share) + entry["active_parameters"]
            assert needed <= 1.02 * entry["parameters"], key
            assert needed >= 0.95 * entry["parameters"], key


def test_kv_cache_of_known_architectures():
    """Llama 3.1 70B: 2 x 8 heads x 128 x 2 bytes x 80 layers; DeepSeek-R1: (512 + 64) x 2 bytes x 61 layers."""
    models = catalogue.models()
    assert models["llama-3.1-70b"]["kv_bytes_per_token"] == 2 * 8 * 128 * 2 * 80
    assert models["deepseek-r1"]["kv_bytes_per_token"] == (512 + 64) * 2 * 61


def test_shapes_are_days_with_mean_one():
    for key, entry in catalogue.shapes().items():
        assert len(entry["factors"]) == 24, key
        assert sum(entry["factors"]) == pytest.approx(24, abs=1e-9), key
        assert min(entry["factors"]) > 0 and entry["source"] and entry["confidence"], key


def test_code_peaks_harder_than_conversation():
    """The trace's one robust finding: coding follows office hours, conversation is spread over the day."""
    peak = {key: max(entry["factors"]) for key, entry in catalogue.shapes().items()}
    assert peak["flat"] == 1 < peak["conversation"] < 1.5 < peak["code"] < 2.5


def test_efficiencies_name_catalogue_entries():
    """A misspelt accelerator or model there would silently fall back to the prior."""
    table = efficiency.table()
    named = [name for names in table["measured_pairs"].values() for name in names]
    assert set(table["accelerators"]) | set(named) <= set(catalogue.accelerators())
    assert set(table["measured_pairs"]) <= set(catalogue.models())
    families = {entry["family"] for entry in catalogue.accelerators().values()}
    assert set(table["memory"]["reserve_gb"]) == families
