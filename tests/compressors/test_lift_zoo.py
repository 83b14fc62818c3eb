"""The built-in networks as torch modules that learn: the same answers as ONNX Runtime's."""

import numpy as np
import onnxruntime as ort
import pytest
import torch

from compressors.lift import lift
from profiler import zoo
from profiler.network import save

QUICK = ("ResNet-20", "NIN", "FitNet-1", "FitNets-teacher", "SqueezeNet-1.1", "MobileNet-v1", "MobileNet-v3-small")
LONG = sorted(set(zoo.ZOO) - set(QUICK))


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in LONG)])
def test_lifted_networks_answer_the_same(name, tmp_path):
    network, path = zoo.build(name), tmp_path / "network.onnx"
    save(network, path)
    x = np.random.default_rng(0).standard_normal((2, *zoo.entry(name).input_shape), dtype=np.float32)
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {"input": x})
    with torch.no_grad():
        found = lift(network)(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())
    del session
    path.unlink()


def test_the_shortcut_of_option_a_has_nothing_to_learn():
    """ResNet-20's 269,722 parameters are all there is; slicing and padding add none."""
    assert sum(parameter.numel() for parameter in lift(zoo.build("ResNet-20")).parameters()) == 269_722
