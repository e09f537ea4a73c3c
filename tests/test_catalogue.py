"""The shipped facts: valid, sourced, dense, and in agreement with the sizes that they follow from."""

from itertools import pairwise
from pathlib import Path

import pytest

from offtake.instance import catalogue, catalogue_page
from offtake.instance.measured.names import Names
from offtake.instance.schema import Accelerator, LanguageModel, Region
from offtake.instance.yaml12 import Table

SPARSE_HEADLINES = {
    "a10g": {"bf16_tflops": 140, "int8_tflops": 280},
    "l4": {"bf16_tflops": 242, "fp8_tflops": 485},
    "a100": {"bf16_tflops": 624, "int8_tflops": 1248},
    "a100-40gb": {"bf16_tflops": 624, "int8_tflops": 1248},
    "h800": {"bf16_tflops": 1979, "fp8_tflops": 3958},
    "l40s": {"bf16_tflops": 733, "fp8_tflops": 1466},
    "h100": {"bf16_tflops": 1979, "fp8_tflops": 3958},
    "h200": {"bf16_tflops": 1979, "fp8_tflops": 3958},
    "gh200": {"bf16_tflops": 1979, "fp8_tflops": 3958},
    "b200": {"bf16_tflops": 4500, "fp8_tflops": 9000, "fp4_tflops": 18000},
    "b300": {"bf16_tflops": 4500, "fp8_tflops": 9000, "fp4_tflops": 18000},
    "gb200": {"bf16_tflops": 5000, "fp8_tflops": 10000, "fp4_tflops": 20000},
    "gb300": {"bf16_tflops": 5000, "fp8_tflops": 10000, "fp4_tflops": 20000},
    "vr200": {"bf16_tflops": 8000, "fp8_tflops": 35000, "fp4_tflops": 50000},
    "mi300x": {"bf16_tflops": 2615, "fp8_tflops": 5230},
    "mi325x": {"bf16_tflops": 2615, "fp8_tflops": 5230},
    "mi355x": {"bf16_tflops": 5033, "fp8_tflops": 10066, "fp4_tflops": 20132},
    "mi455x": {"bf16_tflops": 20000, "fp8_tflops": 40000, "fp4_tflops": 80000},
    "trainium2": {"bf16_tflops": 2563, "fp8_tflops": 2563},
    "trainium3": {"bf16_tflops": 2517},
}
"""vendors' figures with structured sparsity (or adaptive compression, vr200), which no serving engine reaches; vr200's
and MI455X's others are what a doubled figure would be"""

OTHER_RATIOS = {
    ("vr200", "bf16_tflops", "fp8_tflops"): 4.375,
    ("trainium3", "bf16_tflops", "fp8_tflops"): 3.75,
    ("tpu-v5p", "bf16_tflops", "fp8_tflops"): 1,
    ("tpu-v6e", "bf16_tflops", "fp8_tflops"): 1,
    ("groq-lpu", "bf16_tflops", "int8_tflops"): 3.99,
    ("b300", "fp8_tflops", "fp4_tflops"): 3,
    ("gb300", "fp8_tflops", "fp4_tflops"): 3,
    ("trainium3", "fp8_tflops", "fp4_tflops"): 1,
}
"""narrower over wider, where half the bits are not twice the rate"""
SPARSE_HARDWARE = ("cuda", "rocm", "neuron")
"""families whose vendors also state peaks with structured sparsity"""

UNITS = {
    "a10g": (80, 512, 1.71),
    "l4": (58, 1024, 2.04),
    "l40s": (142, 1024, 2.52),
    "a100": (108, 2048, 1.41),
    "h100": (132, 4096, 1.83),
    "b200": (148, 8192, 1.965),
    "mi300x": (304, 2048, 2.1),
    "mi325x": (304, 2048, 2.1),
    "mi355x": (256, 4096, 2.4),
    "tpu-v5e": (4, 2 * 128 * 128, 1.5),
    "tpu-v5p": (8, 2 * 128 * 128, 1.75),
    "tpu-v6e": (2, 2 * 2 * 256 * 256, 1.75),
}
"""multiprocessors, compute units or matrix units; dense bf16 FLOP of one in a clock; boost clock, GHz (whitepapers)"""

WIDTHS = {
    "llama-3.1-8b": (0, 14336),
    "llama-3.1-70b": (0, 28672),
    "llama-3.1-405b": (0, 53248),
    "deepseek-v3": (2048, 18432),
    "deepseek-r1": (2048, 18432),
    "deepseek-v3.2": (2048, 18432),
    "kimi-k2": (2048, 18432),
    "kimi-k2.5": (2048, 18432),
    "qwen3-32b": (0, 25600),
    "qwen3-235b": (1536, 0),
    "qwen3.5-397b": (1024, 0),
    "gpt-oss-120b": (2880, 0),
    "glm-5": (2048, 12288),
    "minimax-m2": (1536, 0),
    "minimax-m2.5": (1536, 0),
}
"""width of a routed expert and of a dense feed-forward part (config.json: moe_intermediate_size, intermediate_size)"""

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
    chips = "a10g a100 a100-40gb l40s h100 h200 gh200 b200 b300 gb200 gb300 vr200 mi300x mi325x mi355x mi455x"
    chips += " tpu-v5e tpu-v5p tpu-v6e tpu7x tpu8t tpu8i trainium2 trainium3 groq-lpu"
    assert set(chips.split()) <= set(catalogue.accelerators())
    models = "llama-3.1-8b llama-3.1-70b llama-3.1-405b deepseek-r1 deepseek-v3 kimi-k2.5 qwen3-32b qwen3-235b"
    models += " qwen3.5-397b gpt-oss-120b glm-5 nemotron-3-super minimax-m2.5 frontier-large frontier-small"
    assert set(models.split()) <= set(catalogue.models())


def sparse(key, entry):
    """Whether a peak of the entry reaches a known sparse headline, or stands in no known ratio to the wider one."""
    headlines = SPARSE_HEADLINES.get(key, {})
    if any(entry.get(precision, 0) >= 0.99 * headline for precision, headline in headlines.items()):
        return True
    peaks = [name for name in ("bf16_tflops", "fp8_tflops", "int8_tflops", "fp4_tflops") if name in entry]
    return any(
        abs(entry[narrow] / entry[wide] / OTHER_RATIOS.get((key, wide, narrow), 2) - 1) > 0.03
        for wide, narrow in pairwise(peaks)
    )


@pytest.mark.parametrize("key", catalogue.accelerators())
def test_peaks_are_dense(key):
    """A figure at or above the sparse headline of its precision (H100: 1979 bf16, 3958 fp8) is not a dense peak, and
    half the bits are twice the rate. Doubling any one peak, or all of them, is found wherever vendors quote sparsity.
    """
    entry = catalogue.accelerators()[key]
    assert not sparse(key, entry)
    peaks = [name for name in entry if name.endswith("_tflops")]
    if entry["family"] in SPARSE_HARDWARE:
        assert set(SPARSE_HEADLINES[key]) <= set(peaks), "add its sparse headlines"
        together = (
            [peaks] if entry["family"] != "neuron" else []
        )  # AWS's sparse figures are of bf16 alone, or all alike
        for doubled in (*([name] for name in peaks), *together):
            assert sparse(key, {**entry, **{name: 2 * entry[name] for name in doubled}}), f"{key}: twice {doubled}"


@pytest.mark.parametrize("key", UNITS)
def test_peaks_follow_from_units_and_clock(key):
    """H100: 132 multiprocessors x 4096 FLOP x 1.83 GHz = 989 TFLOP/s; with sparsity it would be twice that."""
    units, flop, ghz = UNITS[key]
    assert catalogue.accelerators()[key]["bf16_tflops"] == pytest.approx(units * flop * ghz / 1e3, rel=0.06)


def test_eight_bit_peaks_are_not_stated_twice():
    """int8 stands in for 8-bit arithmetic where there is no fp8; both would leave open which one counts."""
    for key, entry in catalogue.accelerators().items():
        assert not ("fp8_tflops" in entry and "int8_tflops" in entry), key


def test_narrower_formats_are_no_slower():
    """8 bits are at least as fast as bf16, fp4 at least as fast as fp8, wherever they exist."""
    for key, entry in catalogue.accelerators().items():
        names = ("bf16_tflops", "fp8_tflops", "int8_tflops", "fp4_tflops")
        peaks = [entry[name] for name in names if name in entry]
        assert peaks == sorted(peaks), key


@pytest.mark.parametrize("key", WIDTHS)
def test_parameters_follow_from_the_architecture(key):
    """Experts 3 h w each; all = experts + shared + dense layers + attention + 2 V h; active = without one V h and the
    experts not used. DeepSeek-V3: 58 x 256 x 3 x 7168 x 2048 = 653.9e9 in experts, 671e9 in all, 36.6e9 active.
    """
    width, dense_width = WIDTHS[key]
    model = LanguageModel.model_validate(catalogue.models()[key])
    moe_layers = model.moe_layers or 0
    expert = 3 * model.hidden_size * width
    routed, head = moe_layers * model.experts * expert, model.vocabulary * model.hidden_size
    always = (
        model.attention_parameters
        + moe_layers * (model.shared_experts * expert + model.experts * model.hidden_size)
        + (model.layers - moe_layers) * 3 * model.hidden_size * dense_width
    )
    assert (model.expert_parameters or 0) == pytest.approx(routed, rel=1e-3)
    assert model.parameters == pytest.approx(routed + always + 2 * head, rel=1e-3)
    used = routed * model.experts_per_token / model.experts if model.experts else 0
    assert model.active_parameters == pytest.approx(used + always + head, rel=2e-3)


def test_parameters_of_nemotron():
    """40 layers of 512 experts of 2 x 1024 x 2688 = 112.7e9; 8 shared of their size; 40 Mamba-2 mixers of
    4096 x (2 x 8192 + 2 x 1024 + 128) + 8192 x 4096; 8 of attention; 2 x 131072 x 4096; latent projections, routers.
    """
    model = LanguageModel.model_validate(catalogue.models()["nemotron-3-super"])
    routed, expert = 40 * 512 * 2 * 1024 * 2688, 2 * 1024 * 2688
    mixers = 40 * (4096 * (2 * 8192 + 2 * 1024 + 128) + 8192 * 4096) + 8 * 4096 * 128 * (2 * 32 + 2 * 2)
    always = mixers + 40 * (8 * expert + 2 * 4096 * 1024 + 512 * 4096)
    head = 131072 * 4096
    assert model.expert_parameters == pytest.approx(routed, rel=1e-3)
    assert model.attention_parameters == pytest.approx(mixers, rel=1e-3)
    assert model.parameters == pytest.approx(routed + always + 2 * head, rel=1e-3)
    assert model.active_parameters == pytest.approx(routed * 22 / 512 + always + head, rel=2e-3)


@pytest.mark.parametrize("key", catalogue.models())
def test_caches_follow_from_the_layers(key):
    """Per layer and token: 2 x KV heads x head size, latent 512 + 64, each x bytes; an index 128 + 4.

    Where only some layers see the whole context, every layer is counted once.
    """
    model = LanguageModel.model_validate(catalogue.models()[key])
    size = {"bf16": 2, "fp8": 1}[model.kv_precision]
    each = 512 + 64 if model.attention == "mla" else 2 * model.kv_heads * model.head_dim
    seeing = model.attention_layers or model.layers
    assert model.kv_bytes_per_token == each * size * seeing
    assert (model.index_bytes_per_token or 0) == ((128 + 4) * seeing if model.sparse_tokens else 0)
    assert (model.window_bytes_per_token or 0) == each * size * model.window_layers
    if model.attention_layers is not None:
        assert model.attention_layers + model.window_layers + model.linear_layers == model.layers


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


def test_the_page_of_the_catalogue_is_up_to_date():
    """Written by `python -m offtake.instance.catalogue_page > instances/CATALOGUE.md`."""
    page = Path(__file__).parents[1] / "instances" / "CATALOGUE.md"
    assert page.read_text(encoding="utf-8") == catalogue_page.text()


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("deepseek-ai/DeepSeek-R1-0528", "deepseek-r1"),
        ("nvidia/DeepSeek-R1-0528-FP4-V2", "deepseek-r1"),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", "DeepSeek-R1-Distill-Qwen-32B"),
        ("dsr1", "deepseek-r1"),
        ("DeepSeek-V3.2-Exp", "deepseek-v3.2"),
        ("meta-llama/Llama-3.3-70B-Instruct", "llama-3.1-70b"),
        ("amd/Llama-3.1-405B-Instruct-FP8-KV", "llama-3.1-405b"),
        ("QWEN3_32B", "qwen3-32b"),
        ("Qwen/Qwen3-30B-A3B", "Qwen3-30B-A3B"),
        ("openai/gpt-oss-120b", "gpt-oss-120b"),
        ("kimik2.5", "kimi-k2.5"),
        ("nvidia/Kimi-K2.5-NVFP4", "kimi-k2.5"),
        ("MiniMaxAI/MiniMax-M2.5", "minimax-m2.5"),
    ],
)
def test_names_of_models_elsewhere(name, id):
    """Owner, date and number format are dropped; a distilled or smaller model is another one."""
    assert Names(Table()).model(name) == id


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("h200_sxm", "h200"),
        ("A100-80GB", "a100"),
        ("A100-40GB", "a100-40gb"),
        ("mi300x-amds_1", "mi300x"),
        ("gb200_nvl72", "gb200"),
        ("A10G", "a10g"),
        ("H100-NVL", "H100-NVL"),
        ("h100_pcie", "h100_pcie"),
    ],
)
def test_names_of_accelerators_elsewhere(name, id):
    """What follows the id is dropped, unless it makes it another chip."""
    assert Names(Table()).accelerator(name) == id
