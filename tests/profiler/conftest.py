"""Networks for the tests, written as ONNX text."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import onnx_ir as ir
import pytest
from onnx import numpy_helper

from profiler.network import Network

HEAD = '<ir_version: 8, opset_import: ["" : {opset}, "own" : 1]>\n'


def proto_of(text: str, opset: int = 13, **weights: np.ndarray) -> onnx.ModelProto:
    proto = onnx.parser.parse_model(HEAD.format(opset=opset) + text)
    proto.graph.initializer.extend(numpy_helper.from_array(values, name) for name, values in weights.items())
    return proto


@pytest.fixture(scope="session")
def make_proto() -> Callable[..., onnx.ModelProto]:
    return proto_of


@pytest.fixture(scope="session")
def make() -> Callable[..., Network]:
    """`make("g (float[1,4] x) => (float[1,2] y) { … }", w=array)` is a Network."""

    def build(text: str, opset: int = 13, **weights: np.ndarray) -> Network:
        return Network.from_model(ir.from_proto(proto_of(text, opset, **weights)), name="written")

    return build


@pytest.fixture(scope="session")
def shared() -> Path:
    """Reference data beside the repository, where there is any."""
    default = Path(__file__).parents[3] / "shared"
    folder = Path(os.environ.get("NETBONSAI_SHARED", default))
    if not (folder / "reference").is_dir():
        pytest.skip("no reference data beside the repository")
    return folder
