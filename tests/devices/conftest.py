"""Small networks as files, for real measurements."""

from pathlib import Path

import numpy as np
import onnx
import psutil
import pytest
from onnx import TensorProto, helper, numpy_helper

from profiler import zoo
from profiler.network import Network, save
from profiler.trace import Outline, outline


@pytest.fixture(autouse=True)
def _no_boards(tmp_path, monkeypatch) -> None:
    """An address book of the test's own, and none of the user's boards."""
    monkeypatch.setenv("NETBONSAI_CONFIG", str(tmp_path / "config"))


@pytest.fixture
def temporary(tmp_path, monkeypatch) -> Path:
    """The folder in which temporary folders are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.fixture
def children():
    """Lists the living processes that this one started since the test began, and theirs."""
    before = set(psutil.Process().children(recursive=True))

    def living() -> list[psutil.Process]:
        found = set(psutil.Process().children(recursive=True)) - before
        return [child for child in found if child.status() != psutil.STATUS_ZOMBIE]

    return living


@pytest.fixture(scope="session")
def lenet() -> Network:
    return zoo.build("LeNet-5")


@pytest.fixture(scope="session")
def lenet_file(lenet, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("networks") / "LeNet-5.onnx"
    save(lenet, path)
    return path


@pytest.fixture(scope="session")
def lenet_outline(lenet) -> Outline:
    return outline(lenet)


@pytest.fixture
def still_meter(tmp_path) -> str:
    """The root of a machine whose energy counter stands still: enough to see which runs are metered."""
    package = tmp_path / "machine" / "sys" / "class" / "powercap" / "intel-rapl:0"
    package.mkdir(parents=True)
    for name, text in {"name": "package-0", "max_energy_range_uj": "9000000", "energy_uj": "5"}.items():
        (package / name).write_text(f"{text}\n")
    return str(tmp_path / "machine")


@pytest.fixture
def relu_file(tmp_path):
    """Makes a file of one Relu on an input of the given shape and type."""

    def make(shape, kind=TensorProto.FLOAT, opset=13, op="Relu") -> Path:
        x = helper.make_tensor_value_info("x", kind, shape)
        y = helper.make_tensor_value_info("y", kind, None)
        graph = helper.make_graph([helper.make_node(op, ["x"], ["y"], name="relu1")], "tiny", [x], [y])
        path = tmp_path / "relu.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), path)
        return path

    return make


@pytest.fixture
def gemm_chain(tmp_path):
    """Makes a file of `count` equal fully connected layers of `width`."""

    def make(count: int, width: int = 64) -> Path:
        weights = [numpy_helper.from_array(np.eye(width, dtype=np.float32), f"w{i}") for i in range(count)]
        nodes = [helper.make_node("MatMul", [f"x{i}", f"w{i}"], [f"x{i + 1}"], name=f"fc{i}") for i in range(count)]
        x = helper.make_tensor_value_info("x0", TensorProto.FLOAT, ["N", width])
        y = helper.make_tensor_value_info(f"x{count}", TensorProto.FLOAT, ["N", width])
        graph = helper.make_graph(nodes, "chain", [x], [y], weights)
        path = tmp_path / f"chain-{count}.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
        return path

    return make
