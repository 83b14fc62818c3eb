"""Weights that others trained, on images that others drew: the accuracy that another implementation gives."""

import os
from pathlib import Path

import pytest

from compressors.data import open_data
from compressors.evaluate import evaluate
from profiler import formats
from profiler.network import save
from profiler.progress import drain


@pytest.fixture
def data():
    """Weights and images beside the repository, where there are any."""
    folder = Path(os.environ.get("NETBONSAI_SHARED", Path(__file__).parents[3] / "shared")) / "data"
    if not (folder / "weights").is_dir() or not (folder / "cifar10-jpeg.zip").is_file():
        pytest.skip("no weights and images beside the repository")
    return folder


@pytest.mark.slow
def test_resnet_20_on_cifar_10(data, tmp_path):
    """81 % ± 1 of 10,000 JPEG images; the pixels from before compression would give the published 91.7 %."""
    network = formats.read(data / "weights" / "resnet20-12fca82f.th")
    save(network, tmp_path / "net.onnx")
    images = open_data(str(data / "cifar10-jpeg.zip")).split("test")
    assert len(images) == 10_000
    found = drain(evaluate(tmp_path / "net.onnx", network.input_recipe, images))
    assert found.accuracy == pytest.approx(0.81, abs=0.01)
