"""Exported programs: what they compute and what they are called, and that nothing in a hostile one is run."""

import json
import os
import zipfile

import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from profiler import formats
from profiler.breakdown import breakdown
from profiler.errors import BadInput
from profiler.mapped import MappedTensor
from profiler.network import save

MODEL, WEIGHTS = "models/model.json", "data/weights/model_weights_config.json"


class Block(nn.Module):
    """Convolution and BatchNorm, squeeze and excitation, and a shortcut."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False)
        self.bn = nn.BatchNorm2d(8)
        self.squeeze = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 2, 1), nn.ReLU(), nn.Conv2d(2, 8, 1))
        self.act = nn.Hardswish()

    def forward(self, x):
        y = self.bn(self.conv(x))
        return self.act(y * torch.sigmoid(self.squeeze(y)) + x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2)
        self.layers = nn.Sequential(Block(), Block())
        self.pool = nn.AvgPool2d(2, ceil_mode=True)
        self.drop = nn.Dropout()
        self.fc = nn.Linear(16, 5)

    def forward(self, picture):
        x = self.pool(self.layers(torch.relu(self.stem(picture))))
        x = torch.cat([x, x.neg()], 1).mean((2, 3))
        return torch.log_softmax(self.fc(self.drop(x)), 1)


def exported(module, shape, path, **dynamic):
    shapes = ({axis: torch.export.Dim(name, min=8 if axis > 1 else 1, max=512) for name, axis in dynamic.items()},)
    program = torch.export.export(module, (torch.randn(shape),), dynamic_shapes=shapes if dynamic else None)
    torch.export.save(program, path)
    return path


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(3)
    module = Net()
    for each in module.modules():
        if isinstance(each, nn.BatchNorm2d):
            nn.init.uniform_(each.running_mean)
            nn.init.uniform_(each.running_var, 0.5, 2)
    return module.eval()


@pytest.fixture(scope="module")
def program(net, tmp_path_factory):
    return exported(net, (2, 3, 32, 32), tmp_path_factory.mktemp("pt2") / "net.pt2", batch=0)


@pytest.fixture(scope="module")
def network(program):
    return formats.read(program)


# ----------------------------------------------------------------------------- what it is


def test_it_computes_what_torch_computes_for_any_batch(net, network, tmp_path):
    save(network, tmp_path / "out.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "out.onnx")
    for batch in (1, 5):
        x = torch.randn(batch, 3, 32, 32)
        (found,) = session.run(None, {"picture": x.numpy()})
        with torch.no_grad():
            np.testing.assert_allclose(found, net(x).numpy(), atol=1e-5)


def test_it_is_named_after_its_file_and_takes_any_batch(network):
    assert network.name == "net"
    assert network.inputs == {"picture": ("N", 3, 32, 32)}
    assert not network.open_sizes()
    assert (network.opset, network.model.ir_version) == (18, 8)


def test_parameters_keep_their_names_and_values(net, network):
    expected = {name: value for name, value in net.state_dict().items() if not name.endswith("num_batches_tracked")}
    assert expected.keys() <= network.weights().keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(network.weight(name), value.numpy())
        assert isinstance(network.model.graph.initializers[name].const_value, MappedTensor)
    assert not [
        n for n, (_, kind) in network.weights().items() if kind.kind == "f" and np.prod(_) > 4 and n not in expected
    ]


def test_layers_are_named_after_their_modules(network):
    called = {node.name: node.op_type for node in network.model.graph}
    assert called["stem"] == called["layers.0.conv"] == called["layers.1.squeeze.3"] == "Conv"
    assert called["layers.0.bn"] == "BatchNormalization"
    assert called["layers.0.squeeze.0"] == "GlobalAveragePool"
    assert called["layers.0.act"] == "HardSwish"
    assert called["layers.0.add"] == "Add"
    assert called["pool"] == "AveragePool"
    assert called["fc"] == "Gemm"


def test_it_counts_as_its_layers_do(network):
    """stem 15·15·3·3·3·8; each block 15·15·3·3·8 and 8·2 + 2·8 on one pixel; fc 16·5."""
    assert breakdown(network).totals().macs == 225 * 216 + 2 * (225 * 72 + 32) + 80
    assert breakdown(network).layer("layers.0.conv").bias_adds == 0


def test_nothing_of_the_source_stays_in_it(network, tmp_path):
    save(network, tmp_path / "out.onnx")
    content = (tmp_path / "out.onnx").read_bytes()
    assert b"test_torch_export" not in content
    assert b"site-packages" not in content


def test_open_sizes_are_asked_for_without_torch(tmp_path):
    path = exported(nn.Conv2d(3, 4, 3), (2, 3, 32, 32), tmp_path / "c.pt2", batch=0, high=2, wide=3)
    assert formats.open_sizes(path) == {"input": ("?", 3, "?", "?")}


def test_the_ending_does_not_matter(program, tmp_path):
    (tmp_path / "n.pth").write_bytes(program.read_bytes())
    assert formats.open_sizes(tmp_path / "n.pth") == {}


# ------------------------------------------------------------------------------- refused


def edited(program, folder, place, change):
    """The archive with one of its descriptions changed."""
    path = folder / "evil.pt2"
    with zipfile.ZipFile(program) as old, zipfile.ZipFile(path, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename.endswith(place):
                value = json.loads(content)
                content = json.dumps(change(value) or value).encode()
            new.writestr(entry.filename, content)
    return path


def refusal(path):
    with pytest.raises(BadInput) as raised:
        formats.read(path)
    return str(raised.value)


def graph_of(value):
    return value["graph_module"]["graph"]


def expression(text):
    def change(value):
        for meta in graph_of(value)["tensor_values"].values():
            for size in meta["sizes"]:
                if "as_expr" in size:
                    size["as_expr"]["expr_str"] = text

    return change


def renamed(value, name):
    graph_of(value)["inputs"][-1]["as_tensor"]["name"] = name


def operator(target):
    return lambda value: graph_of(value)["nodes"][0].update(target=target)


HOSTILE = [
    (MODEL, expression("__import__('os').system('touch made')"), "expr_str"),
    (MODEL, expression("Symbol('s0').__class__"), "expr_str"),
    (MODEL, expression("[].append(1)"), "expr_str"),
    (MODEL, expression("Pow(Integer(9), Pow(Integer(9), Integer(999)))"), "expr_str"),
    (MODEL, expression("9**99999999"), "expr_str"),
    (MODEL, lambda v: renamed(v, "x=__import__('os').system('touch made')"), "Its name “x=__import__"),
    (MODEL, lambda v: renamed(v, {"a": 1}), "Its name is not what torch writes there"),
    (MODEL, operator("torch.os.system"), "It has the operator torch.os.system"),
    (MODEL, operator("torch.ops.aten.from_file.default"), "It has the operator torch.ops.aten.from_file.default"),
    (MODEL, operator("torch.utils.cpp_extension.load"), "torch.utils.cpp_extension.load"),
    (MODEL, operator("#evil:thing"), "It has the operator #evil:thing"),
    (MODEL, lambda v: graph_of(v)["nodes"][1]["inputs"][0].update(arg={"as_string": "made"}), "is given a text"),
    (MODEL, lambda v: graph_of(v)["nodes"][0]["inputs"][0].update(name="x=1, y"), "Its name “x=1, y”"),
    (MODEL, lambda v: graph_of(v)["tensor_values"].update({"a b": {}}), "It has the name “a b”"),
    (
        MODEL,
        lambda v: v["graph_module"]["module_call_graph"][0]["signature"].update(forward_arg_names=["x=exec('1')"]),
        "forward_arg_names",
    ),
    (
        MODEL,
        lambda v: v["graph_module"]["module_call_graph"][0]["signature"].update(in_spec='[1, {"type": "os.x"}]'),
        "in_spec",
    ),
    (MODEL, lambda v: graph_of(v)["nodes"][0]["inputs"][0].update(arg={"as_custom_obj": {"name": "a"}}), "pickled"),
    (WEIGHTS, lambda v: v["config"]["fc.weight"].update(use_pickle=True), "pickled objects"),
    (WEIGHTS, lambda v: v["config"]["fc.weight"].update(path_name="../../x"), "Its path_name"),
    (WEIGHTS, lambda v: v["config"]["fc.weight"].update(path_name="nowhere"), "damaged"),
    (
        WEIGHTS,
        lambda v: v["config"]["fc.weight"]["tensor_meta"].update(sizes=[{"as_int": 1 << 40}], strides=[{"as_int": 0}]),
        "Its weight fc.weight claims 1,099,511,627,776 values",
    ),
    (WEIGHTS, lambda v: v["config"]["fc.weight"]["tensor_meta"].update(dtype=99), "of a kind that is not read here"),
    (MODEL, lambda v: {"graph_module": v}, "damaged"),
    (MODEL, lambda _: [1], "damaged"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "change", "words"), HOSTILE)
def test_hostile_programs_are_refused_before_torch_sees_them(program, tmp_path, monkeypatch, place, change, words):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(torch.export, "load", lambda *_: pytest.fail("torch was asked to load it"))
    message = refusal(edited(program, tmp_path, place, change))
    assert "“evil.pt2” could not be opened." in message
    assert words in message
    assert not (tmp_path / "made").exists()


def test_code_that_is_not_needed_is_left_out(program, tmp_path, monkeypatch):
    """Guards, stack traces, example inputs and compiled parts: none of them reaches torch."""
    seen = []
    monkeypatch.setattr(torch.export, "load", lambda path: seen.append(zipfile.ZipFile(path)) or 1 / 0)

    def change(value):
        value["guards_code"] = ["exec('1')"]
        graph_of(value)["nodes"][0]["metadata"]["stack_trace"] = "evil()"
        value["graph_module"]["metadata"] = {"custom": "evil()"}

    path = edited(program, tmp_path, MODEL, change)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("net/data/aotinductor/model/evil.so", b"evil")
        archive.writestr("net/extra/evil.py", b"evil")
    assert "cannot load it: division by zero" in refusal(path)
    names = seen[0].namelist()
    assert not [name for name in names if "evil" in name]
    written = json.loads(seen[0].read(next(name for name in names if name.endswith(MODEL))))
    assert written["guards_code"] == []
    assert "evil" not in json.dumps(written)
    assert seen[0].read(next(name for name in names if "sample_inputs" in name)) == b""


def test_training_mode_is_refused(tmp_path):
    path = exported(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).train(), (2, 1, 8, 8), tmp_path / "t.pt2")
    message = refusal(path)
    assert "exported in training mode" in message
    assert "model.eval()" in message


def test_an_operator_that_onnx_has_not_is_named(tmp_path):
    class Odd(nn.Module):
        def forward(self, x):
            return torch.linalg.svd(x)[1]

    message = refusal(exported(Odd(), (4, 4), tmp_path / "odd.pt2"))
    assert "torch cannot write its operator aten._linalg_svd as ONNX" in message


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_cut_short(program, tmp_path, kept):
    (tmp_path / "n.pt2").write_bytes(program.read_bytes())
    os.truncate(tmp_path / "n.pt2", int(program.stat().st_size * kept))
    assert "cut short" in refusal(tmp_path / "n.pt2")


def test_what_is_no_program(tmp_path):
    (tmp_path / "n.pt2").write_bytes(b"hello" * 100)
    assert "“n.pt2” could not be opened." in refusal(tmp_path / "n.pt2")
    with zipfile.ZipFile(tmp_path / "o.pt2", "w") as archive:
        archive.writestr("version", "8.1")
        archive.writestr("serialized_exported_program.json", "{}")
    assert "torch 2.7 or older" in refusal(tmp_path / "o.pt2")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    edits=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=5)), min_size=1, max_size=4
    )
)
def test_damaged_programs_are_refused_or_looked_at(program, tmp_path, edits):
    content = bytearray(program.read_bytes())
    for place, new in edits:
        at = int(place * len(content))
        content[at : at + len(new)] = new
    (tmp_path / "m.pt2").write_bytes(content)
    try:
        formats.open_sizes(tmp_path / "m.pt2")
    except BadInput as refused:
        assert "m.pt2" in str(refused)  # noqa: PT017 - either is right
