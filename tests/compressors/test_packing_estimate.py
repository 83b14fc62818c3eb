"""The predicted size of a tensor against its real one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import assets
from compressors.packing import estimate, pack
from compressors.packing.choosing import chosen
from compressors.packing.codebooks import order_of
from compressors.packing.forms import encode
from compressors.packing.stream import Stream
from compressors.sharing import cluster
from profiler.formats import read
from profiler.progress import drain


def real_size(weight: np.ndarray) -> float:
    """Bytes in the file, without the entry in the table."""
    words = np.ascontiguousarray(weight).reshape(-1).view(f"<u{weight.itemsize}")
    form, matrix = drain(chosen(words, words.size // len(weight), order_of(weight.dtype.name.upper()), by_value=True))
    part = encode(form, matrix, Stream(), len)
    while True:
        try:
            next(part)
        except StopIteration as end:
            return end.value.total


def pruned(weight: np.ndarray, kept: int) -> np.ndarray:
    result = weight.copy().reshape(-1)
    result[np.argsort(np.abs(result))[: result.size - kept]] = 0
    return result.reshape(weight.shape)


SHARES = [1.0, 0.9, 0.5, 0.08, 0.02]


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("law", ["normal", "laplace"])
@pytest.mark.parametrize("scale", [0.005, 0.05])
def test_within_five_per_cent_on_alexnets_fc6(share: float, law: str, scale: float):
    """Each of its 4096 rows of 9216 is stored like the others, so 24 of them stand for all."""
    weight = (getattr(np.random.default_rng(1), law)(size=(24, 9216)) * scale).astype(np.float32)
    kept = int(weight.size * share)
    assert estimate(kept, weight.size, weight.shape) == pytest.approx(real_size(pruned(weight, kept)), rel=0.05)


@pytest.mark.parametrize("share", SHARES)
def test_within_five_per_cent_on_the_trained_fc1_of_lenet(share: float):
    weight = read("zoo:LeNet-5-digits").weight("fc1.weight")
    kept = int(weight.size * share)
    assert estimate(kept, weight.size, weight.shape) == pytest.approx(real_size(pruned(weight, kept)), rel=0.05)


def test_a_whole_network_pruned_layer_by_layer(tmp_path: Path):
    given = read(assets.path("networks/LeNet-5-digits.onnx"))
    changed = {
        name: pruned(given.weight(name), given.weight(name).size // 10) for name in given.weights() if "weight" in name
    }
    summary = drain(pack(given.with_weights(changed), tmp_path / "n.nbz"))
    rows = [row for row in summary.layers if row.name in changed]
    predicted = sum(
        estimate(given.weight(r.name).size // 10, given.weight(r.name).size, given.weight(r.name).shape) for r in rows
    )
    assert predicted == pytest.approx(sum(row.packed for row in rows), rel=0.05)


@pytest.mark.parametrize(("dtype", "law"), [("float16", "normal"), ("float64", "normal")])
def test_other_floats(dtype: str, law: Any):
    weight = (np.random.default_rng(2).normal(size=(100, 400)) * 0.03).astype(dtype)
    for kept in (40_000, 4_000):
        real = real_size(pruned(weight, kept))
        assert estimate(kept, weight.size, weight.shape, dtype) == pytest.approx(real, rel=0.1)


@pytest.mark.parametrize("share", [1.0, 0.5, 0.2, 0.08, 0.02])
@pytest.mark.parametrize("law", ["normal", "laplace"])
@pytest.mark.parametrize("bits", [1, 3, 5])
def test_shared_weights(bits: int, law: str, share: float):
    weight = (getattr(np.random.default_rng(6), law)(size=(150, 800)) * 0.03).astype(np.float32)
    kept = int(weight.size * share)
    shared = drain(cluster(pruned(weight, kept), 1 << bits)).values
    assert estimate(kept, weight.size, weight.shape, bits=bits) == pytest.approx(real_size(shared), rel=0.07)


@pytest.mark.parametrize("bits", [2, 4, 6])
def test_shared_weights_of_the_trained_fc1_of_lenet(bits: int):
    weight = read("zoo:LeNet-5-digits").weight("fc1.weight")
    shared = drain(cluster(pruned(weight, 32_000), 1 << bits)).values
    assert estimate(32_000, weight.size, weight.shape, bits=bits) == pytest.approx(real_size(shared), rel=0.1)


def test_noise_of_whole_numbers():
    weight = np.random.default_rng(3).integers(-127, 0, (100, 100), np.int8) * np.random.default_rng(4).choice(
        np.int8([-1, 1]), (100, 100)
    )
    assert estimate(10_000, 10_000, (100, 100), "int8") == pytest.approx(real_size(weight), rel=0.05)


def test_it_rises_with_what_stays():
    sizes = [estimate(kept, 400_000, (500, 800)) for kept in range(0, 400_001, 1000)]
    assert sizes == sorted(sizes)
    assert sizes[0] < 100


@pytest.mark.parametrize(("kept", "total", "shape"), [(0, 0, (0, 5)), (1, 1, ()), (0, 1, (1,))])
def test_edges(kept: int, total: int, shape: tuple[int, ...]):
    assert 0 <= estimate(kept, total, shape) < 100


def test_more_than_all_can_not_stay():
    with pytest.raises(ValueError, match="6 of 5"):
        estimate(6, 5, (5,))
