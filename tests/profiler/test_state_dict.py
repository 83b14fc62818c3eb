"""Weights without a network: every container that PyTorch people pass around, and what they must not do."""

import json
import os
import struct
import zipfile
from argparse import Namespace
from collections import OrderedDict

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from profiler import formats, zoo
from profiler.breakdown import breakdown
from profiler.errors import BadInput
from profiler.formats import architectures
from profiler.formats.architectures import UnknownArchitecture
from profiler.mapped import MappedTensor
from profiler.network import save

LEGACY = {"_use_new_zipfile_serialization": False}


class LeNet(nn.Module):
    """The built-in LeNet-5 as its source has it: the names of its layers are the program's."""

    def __init__(self, names=("conv1", "conv2", "fc1", "fc2"), classes=10):
        super().__init__()
        self.names = names
        layers = (nn.Conv2d(1, 20, 5), nn.Conv2d(20, 50, 5), nn.Linear(800, 500), nn.Linear(500, classes))
        for name, layer in zip(names, layers, strict=True):
            setattr(self, name, layer)

    def forward(self, x):
        conv1, conv2, fc1, fc2 = (getattr(self, name) for name in self.names)
        x = torch.max_pool2d(conv1(x), 2, 2)
        x = torch.max_pool2d(conv2(x), 2, 2)
        return torch.softmax(fc2(torch.relu(fc1(torch.flatten(x, 1)))), 1)


@pytest.fixture(scope="module")
def lenet():
    torch.manual_seed(1)
    return LeNet().eval()


@pytest.fixture
def save_dict(tmp_path):
    def write(value, name="net.pth", **how):
        torch.save(value, tmp_path / name, **how)
        return tmp_path / name

    return write


def as_safetensors(tensors, path, **header):
    """The format by hand, as its documentation has it."""
    kinds = {"float32": "F32", "float16": "F16", "int64": "I64", "bfloat16": "BF16"}
    described, values, at = dict(header), b"", 0
    for name in sorted(tensors):  # as the format's own library orders them
        tensor = tensors[name].contiguous()
        kind = kinds[str(tensor.dtype).removeprefix("torch.")]
        raw = tensor.view(torch.uint8).numpy().tobytes() if tensor.dim() else tensor.numpy().tobytes()
        described[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [at, at + len(raw)]}
        values, at = values + raw, at + len(raw)
    text = json.dumps(described).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + values)
    return path


def same_as_torch(network, module, tmp_path, tolerance=1e-5):
    save(network, tmp_path / "out.onnx")
    x = torch.randn(3, 1, 28, 28)
    session = onnxruntime.InferenceSession(tmp_path / "out.onnx")
    (found,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    with torch.no_grad():
        np.testing.assert_allclose(found, module(x).numpy(), atol=tolerance)


def refusal(path, architecture=None):
    with pytest.raises(BadInput) as raised:
        formats.read(path, architecture=architecture)
    return str(raised.value)


# ------------------------------------------------------------------------------- opened


@pytest.mark.parametrize("how", [{}, LEGACY], ids=["zip", "legacy"])
def test_what_torch_saves_computes_what_torch_computes(lenet, save_dict, tmp_path, how):
    network = formats.read(save_dict(lenet.state_dict(), **how))
    assert network.name == "net"
    assert network.input_recipe == zoo.build("LeNet-5").input_recipe
    same_as_torch(network, lenet, tmp_path)


def test_safetensors_computes_what_torch_computes(lenet, tmp_path):
    path = as_safetensors(lenet.state_dict(), tmp_path / "n.safetensors", __metadata__={"format": "pt"})
    same_as_torch(formats.read(path), lenet, tmp_path)


def test_what_the_safetensors_library_writes(lenet, tmp_path):
    library = pytest.importorskip("safetensors.torch")
    library.save_file(lenet.state_dict(), tmp_path / "n.safetensors")
    same_as_torch(formats.read(tmp_path / "n.safetensors"), lenet, tmp_path)


@pytest.mark.parametrize("how", [{}, LEGACY], ids=["zip", "legacy"])
def test_weights_stay_in_the_file(lenet, save_dict, how):
    network = formats.read(save_dict(lenet.state_dict(), **how))
    tensor = network.model.graph.initializers["fc1.weight"].const_value
    assert isinstance(tensor, MappedTensor)
    np.testing.assert_array_equal(network.weight("fc1.weight"), lenet.fc1.weight.detach().numpy())


def test_a_file_that_changes_meanwhile_is_not_read_on(lenet, save_dict):
    path = save_dict(lenet.state_dict())
    network = formats.read(path)
    os.truncate(path, 1000)
    with pytest.raises(BadInput, match="was changed by another program"):
        network.weight("fc1.weight")


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("how", [{}, LEGACY], ids=["zip", "legacy"])
def test_other_sizes_of_number_become_float32(lenet, save_dict, kind, how):
    changed = {name: tensor.to(kind) for name, tensor in lenet.state_dict().items()}
    network = formats.read(save_dict(changed, **how))
    found = network.weight("conv2.weight")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, changed["conv2.weight"].float().numpy())


def test_values_that_do_not_lie_in_order(lenet, save_dict):
    changed = {
        name: tensor.contiguous(memory_format=torch.channels_last) if tensor.dim() == 4 else tensor
        for name, tensor in lenet.state_dict().items()
    }
    changed["fc1.weight"] = lenet.fc1.weight.detach().t().contiguous().t()
    network = formats.read(save_dict(changed))
    for name, tensor in lenet.state_dict().items():
        np.testing.assert_array_equal(network.weight(name), tensor.numpy())


def test_parts_of_one_storage(lenet, save_dict):
    """Each weight is a view at its own offset."""
    sizes = {name: tensor.shape for name, tensor in lenet.state_dict().items()}
    flat = torch.cat([tensor.reshape(-1) for tensor in lenet.state_dict().values()])
    parts = flat.split([int(np.prod(shape)) for shape in sizes.values()])
    views = {name: part.view(shape) for (name, shape), part in zip(sizes.items(), parts, strict=True)}
    network = formats.read(save_dict(views))
    np.testing.assert_array_equal(network.weight("fc2.bias"), lenet.fc2.bias.detach().numpy())


WRAPPED = [
    lambda d: {"state_dict": d, "epoch": 3, "best_prec1": 91.7},
    lambda d: {"model": d, "optimizer": {"state": {0: {"step": 1}}, "param_groups": []}, "args": Namespace(lr=0.1)},
    lambda d: {"model_state_dict": d, "lr": np.float64(0.1), "shape": torch.Size([1]), "device": torch.device("cpu")},
    lambda d: {"net": d},
    lambda d: {"ema": {"module": d}},
    lambda d: OrderedDict(anything=d),
    lambda d: {"optimizer": {"state": torch.zeros(3)}, "state_dict": d},
]


@pytest.mark.parametrize("wrap", WRAPPED)
@pytest.mark.parametrize("how", [{}, LEGACY], ids=["zip", "legacy"])
def test_what_is_around_the_weights_is_taken_off(lenet, save_dict, wrap, how):
    network = formats.read(save_dict(wrap(lenet.state_dict()), **how))
    np.testing.assert_array_equal(network.weight("conv1.bias"), lenet.conv1.bias.detach().numpy())


@pytest.mark.parametrize("prefix", ["module.", "model.", "_orig_mod.", "backbone.", "module._orig_mod.model."])
def test_what_is_before_every_name_is_taken_off(lenet, save_dict, prefix):
    changed = {prefix + name: tensor for name, tensor in lenet.state_dict().items()}
    assert "conv1.weight" in formats.read(save_dict(changed)).weights()


def test_parameters_as_well_as_tensors(lenet, save_dict):
    assert formats.read(save_dict(dict(lenet.named_parameters()))).weights()


@pytest.mark.parametrize("name", ["net.pt", "net.th", "net.bin", "net.ckpt", "model_best.pth.tar", "weights"])
def test_endings_say_little(lenet, save_dict, name):
    assert formats.read(save_dict(lenet.state_dict(), name)).weights()


def test_batch_norms_clock_is_no_weight(save_dict):
    resnet = zoo.build("ResNet-8")
    shapes = {name: torch.rand(shape) for name, (shape, dtype) in resnet.weights().items() if dtype.kind == "f"}
    shapes["norm1.num_batches_tracked"] = torch.tensor(7)
    assert breakdown(formats.read(save_dict(shapes))).totals() == breakdown(resnet).totals()


# --------------------------------------------------------------------- which network it is


def test_other_names_in_the_same_order(save_dict, tmp_path):
    torch.manual_seed(2)
    module = LeNet(("first", "second", "third", "last")).eval()
    network = formats.read(save_dict(module.state_dict()))
    assert set(network.weights()) >= {"conv1.weight", "fc2.bias"}
    same_as_torch(network, module, tmp_path)


def test_an_order_by_the_alphabet_says_nothing(tmp_path):
    module = LeNet(("d", "c", "b", "a"))
    path = as_safetensors(module.state_dict(), tmp_path / "n.safetensors")
    assert "The architecture of “n.safetensors” is not known." in refusal(path)
    assert "“n.safetensors” does not fit LeNet-5." in refusal(path, "LeNet-5")


def test_trained_on_other_classes(save_dict, tmp_path):
    module = LeNet(classes=7).eval()
    network = formats.read(save_dict(module.state_dict()))
    assert network.model.graph.outputs[0].shape[1] == 7
    assert network.input_recipe.classes == ()
    same_as_torch(network, module, tmp_path)


def test_the_user_names_it_in_whatever_case(lenet, save_dict):
    assert formats.read(save_dict(lenet.state_dict()), architecture="lenet-5").weights()
    assert "There is no built-in network “LeNet-9”" in refusal(save_dict(lenet.state_dict()), "LeNet-9")


def test_missing_unexpected_and_misshaped_weights_are_named(lenet, save_dict):
    broken = dict(lenet.state_dict())
    del broken["conv1.bias"], broken["fc1.bias"]
    broken["extra.weight"] = torch.zeros(2, 2)
    broken["conv2.weight"] = torch.zeros(50, 20, 3, 3)
    message = refusal(save_dict(broken), "LeNet-5")
    assert "2 of its 8 weights are missing: conv1.bias, fc1.bias." in message
    assert "1 tensor is not one of its own: extra.weight." in message
    assert "1 weight has another shape: conv2.weight is 50 × 20 × 3 × 3 and not 50 × 20 × 5 × 5." in message


def test_the_wrong_name_is_put_right(lenet, save_dict):
    with pytest.raises(UnknownArchitecture) as raised:
        formats.read(save_dict(lenet.state_dict()), architecture="ResNet-8")
    assert "Its weights are those of LeNet-5." in str(raised.value)
    assert raised.value.candidates == ("LeNet-5",)


def test_an_unknown_architecture_is_answered_with_the_lines_that_export_it(save_dict, tmp_path):
    path = save_dict({"a.weight": torch.zeros(4, 5, 3, 3), "a.bias": torch.zeros(4)}, "mine.pth")
    with pytest.raises(UnknownArchitecture) as raised:
        formats.read(path)
    assert "not known" in str(raised.value)
    assert raised.value.candidates[0] in zoo.ZOO
    code = raised.value.code
    assert code in raised.value.fix
    compile(code, "lines", "exec")
    assert 'torch.load("mine.pth", weights_only=True)' in code
    assert "torch.randn(2, 5, 224, 224)" in code
    assert 'torch.export.save(program, "mine.pt2")' in code


def test_the_lines_do_what_they_say(save_dict, tmp_path, monkeypatch):
    """In the user's own program, beside the file; what they write is opened."""
    monkeypatch.chdir(tmp_path)
    odd = nn.Sequential(OrderedDict(a=nn.Conv2d(5, 4, 3)))
    with pytest.raises(UnknownArchitecture) as raised:
        formats.read(save_dict(odd.state_dict(), "mine.pth"))
    exec(raised.value.code, {"YourNetwork": lambda: odd})
    assert formats.open_sizes(tmp_path / "mine.pt2") == {}


def test_the_nearest_is_named_where_much_is_alike(lenet, save_dict):
    almost = {**lenet.state_dict(), "fc3.bias": torch.zeros(3)}
    assert "LeNet-5 comes nearest: 1 tensor is not one of its own: fc3.bias." in refusal(save_dict(almost))


def test_several_candidates_are_listed(lenet, save_dict, monkeypatch):
    twin = zoo.ZooEntry(**{**vars(zoo.ZOO["LeNet-5"]), "name": "Twin"})
    monkeypatch.setattr(zoo, "ZOO", {"LeNet-5": zoo.ZOO["LeNet-5"], "Twin": twin})
    monkeypatch.setattr(architectures, "known", lambda: tuple(map(twins, ("LeNet-5", "Twin"))))
    with pytest.raises(UnknownArchitecture, match="fits several architectures: LeNet-5 and Twin") as raised:
        formats.read(save_dict(lenet.state_dict()))
    assert raised.value.candidates == ("LeNet-5", "Twin")


def twins(name):
    real = architectures.architecture("LeNet-5")
    return architectures.Architecture(name, real.weights, real.head)


# ------------------------------------------------------------------------------- refused


class Evil:
    """Unpickled, it would make a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("how", [{}, LEGACY], ids=["zip", "legacy"])
@pytest.mark.parametrize("wrap", [lambda evil: evil, lambda evil: {"state_dict": {"w": torch.zeros(2)}, "x": [evil]}])
def test_a_pickled_program_is_refused_by_name_and_not_run(save_dict, tmp_path, how, wrap):
    path = save_dict(wrap(Evil(tmp_path / "made")), **how)
    message = refusal(path)
    assert "It is a pickled program, not only weights: it asks for posix.system. Nothing of it was run." in message
    assert "torch.save(model.state_dict()" in message
    assert not (tmp_path / "made").exists()


def test_a_plain_pickle_is_refused_too(tmp_path):
    import pickle

    (tmp_path / "n.pth").write_bytes(pickle.dumps(Evil(tmp_path / "made")))
    assert "neither what torch.save writes nor a safetensors file" in refusal(tmp_path / "n.pth")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("how", [{}, LEGACY], ids=["zip", "legacy"])
def test_a_whole_network_is_refused_by_name(save_dict, how):
    message = refusal(save_dict(nn.Sequential(nn.Linear(2, 2)), **how))
    assert "a whole pickled network, not only weights: it asks for torch.nn.modules.container.Sequential" in message
    assert "torch.export.save" in message


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_is_refused_by_name(tmp_path):
    torch.jit.save(torch.jit.script(nn.Sequential(nn.Linear(2, 2))), str(tmp_path / "s.pt"))
    message = refusal(tmp_path / "s.pt")
    assert "It is a TorchScript program." in message
    assert "torch.export.export" in message


def test_no_weights(save_dict):
    assert "There are no weights in it, only “epoch”, “note”." in refusal(save_dict({"epoch": 3, "note": "x"}))
    assert "It holds no weights." in refusal(save_dict([torch.zeros(3)]))


def test_quantised_weights_are_named(lenet, save_dict):
    changed = {**lenet.state_dict(), "fc1.weight": torch.zeros(500, 800, dtype=torch.int8)}
    assert "Its tensor “fc1.weight” is int8" in refusal(save_dict(changed))


@pytest.mark.parametrize("how", [{}, LEGACY], ids=["zip", "legacy"])
def test_a_terabyte_of_four_bytes_is_refused(save_dict, how):
    huge = torch.zeros(1).expand(1 << 20, 1 << 18)
    message = refusal(save_dict({"a.weight": huge}, **how))
    assert "“a.weight” claims 274,877,906,944 values, and its storage has 1" in message


@pytest.mark.parametrize("how", [{}, LEGACY], ids=["zip", "legacy"])
@pytest.mark.parametrize("kept", [0.02, 0.3, 0.9, 0.9999])
def test_cut_short(lenet, save_dict, how, kept):
    path = save_dict(lenet.state_dict(), **how)
    os.truncate(path, int(path.stat().st_size * kept))
    assert "cut short" in refusal(path)


def test_compressed_entries_are_refused_unread(lenet, save_dict, tmp_path):
    with zipfile.ZipFile(save_dict(lenet.state_dict())) as old, zipfile.ZipFile(tmp_path / "z.pth", "w") as new:
        for entry in old.infolist():
            new.writestr(entry.filename, old.read(entry), zipfile.ZIP_DEFLATED)
    assert "is compressed, which torch never does to weights" in refusal(tmp_path / "z.pth")


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (
            b'{"a": {"dtype": "F32", "shape": [1099511627776], "data_offsets": [0, 4]}}',
            "claims 1,099,511,627,776 values",
        ),
        (b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 400]}}', "lies beyond the end"),
        (b'{"a": {"dtype": "F32", "shape": [-1, -1], "data_offsets": [0, 4]}}', "impossible shape"),
        (b'{"a": {"dtype": "F9", "shape": [1], "data_offsets": [0, 4]}}', "has the type F9"),
        (b'{"a": {"dtype": "F32", "shape": [1]}}', "Its header is damaged"),
        (b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}", "Its header is damaged"),
        (b'{"a": 1', "Its header is damaged"),
        (
            b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]},'
            b' "b": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}',
            "claim more bytes than the file has",
        ),
    ],
)
def test_damaged_safetensors(tmp_path, header, words):
    path = tmp_path / "n.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    assert words in refusal(path)


def test_a_header_longer_than_the_file(tmp_path):
    (tmp_path / "n.safetensors").write_bytes(struct.pack("<Q", 1 << 60) + b"{}")
    assert "“n.safetensors” could not be opened." in refusal(tmp_path / "n.safetensors")


def test_what_is_opened_is_said(tmp_path):
    (tmp_path / "a.xyz").write_bytes(b"hello")
    assert "It opens ONNX (.onnx), PyTorch (.pt2, .pth, .safetensors) and Caffe" in refusal(tmp_path / "a.xyz")
    (tmp_path / "a.nbz").write_bytes(b"hello")
    assert "netbonsai unpack a.nbz" in refusal(tmp_path / "a.nbz")
    (tmp_path / "a.pth").write_bytes(b"")
    assert "It is empty." in refusal(tmp_path / "a.pth")


# ---------------------------------------------------------- others' weights, where there are any


@pytest.mark.parametrize(
    ("file", "name", "params"),
    [("resnet20-12fca82f.th", "ResNet-20", 269_722), ("resnet56-4bfd9763.th", "ResNet-56", 853_018)],
)
def test_published_weights_are_recognised(shared, file, name, params):
    """Parameters as published with them: 0.27 M and 0.85 M; BatchNorm's statistics apart."""
    path = shared / "data" / "weights" / file
    network = formats.read(path)
    assert breakdown(network).totals().macs == breakdown(zoo.build(name)).totals().macs
    learnt = sum(
        int(np.prod(s))
        for n, (s, d) in network.weights().items()
        if d.kind == "f" and ".running_" not in n and n in weights_of(path)
    )
    assert learnt == params


def weights_of(path):
    stored = torch.load(path, weights_only=True, map_location="cpu")["state_dict"]
    return {name.removeprefix("module.") for name in stored}
