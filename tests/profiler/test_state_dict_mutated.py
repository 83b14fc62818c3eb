"""Files of weights with a few bytes changed: they open, or they are refused by name; none takes more than a few times
its size."""

import io
import json
import struct
import tracemalloc

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiler import formats, zoo
from profiler.breakdown import breakdown
from profiler.errors import BadInput
from profiler.formats import architectures

SLACK = 4_000_000  # a built-in network is made, whatever the file


def tensors():
    """LeNet-5's weights, in the half precision that makes the smallest file."""
    shapes = {name: shape for name, (shape, _) in zoo.build("LeNet-5").weights().items()}
    return {name: torch.zeros(shape, dtype=torch.float16) for name, shape in shapes.items()}


def as_bytes(**how):
    made = io.BytesIO()
    torch.save({"state_dict": tensors(), "epoch": 3}, made, **how)
    return made.getvalue()


def as_safetensors():
    described, at = {"__metadata__": {"format": "pt"}}, 0
    for name, tensor in tensors().items():
        described[name] = {"dtype": "F16", "shape": list(tensor.shape), "data_offsets": [at, at + 2 * tensor.numel()]}
        at += 2 * tensor.numel()
    text = json.dumps(described).encode()
    return struct.pack("<Q", len(text)) + text + bytes(at)


@pytest.fixture(scope="module")
def good():
    made = {
        "zip": as_bytes(),
        "legacy": as_bytes(_use_new_zipfile_serialization=False),
        "safetensors": as_safetensors(),
    }
    architectures.known()  # made once, and not of the file
    return made


# Where the descriptions are: the directory of a zip stands at the end, everything else at the start.
PLACES = {
    "zip": (st.integers(0, 1400) | st.integers(-1200, -1)),
    "legacy": st.integers(0, 2200),
    "safetensors": st.integers(0, 900),
}
CHANGES = st.tuples(st.sampled_from(["put", "cut", "insert", "repeat"]), st.binary(min_size=1, max_size=6))


def changed(content, edits):
    for at, (kind, new) in edits:
        at %= len(content)
        if kind == "put":
            content = content[:at] + new + content[at + len(new) :]
        elif kind == "cut":
            content = content[:at] + content[at + len(new) :]
        elif kind == "insert":
            content = content[:at] + new + content[at:]
        else:
            content = content[:at] + content[at : at + 40] * 2 + content[at + 40 :]
    return content


@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_only_refusals_come_out(good, tmp_path, kind, data):
    edits = data.draw(st.lists(st.tuples(PLACES[kind], CHANGES), min_size=1, max_size=4))
    content = changed(good[kind], edits)
    path = tmp_path / ("net.safetensors" if kind == "safetensors" else "net.pth")
    path.write_bytes(content)
    tracemalloc.start()
    try:
        network = formats.read(path)
        breakdown(network)
        for name in network.weights():
            network.weight(name).sum()
    except BadInput as refusal:
        assert "net." in str(refusal)  # noqa: PT017 - either is right
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 3 * len(content) + SLACK


def pickled(*steps):
    """A file from before the zip whose object is made by these instructions."""
    head = as_bytes(_use_new_zipfile_serialization=False)
    body = b"\x80\x02" + b"".join(steps)
    at = 0
    import pickletools

    stream = io.BytesIO(head)
    for _ in range(3):
        at = [place for _, _, place in pickletools.genops(stream)][-1] + 1
        stream.seek(at)
    return head[:at] + body + b"\x80\x02]."


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([b"}", b"(", b"X\x01\x00\x00\x00a" * 3, b"u."], "Its pickle is damaged"),
        ([b"r\xff\xff\xff\xff."], "Its pickle is damaged"),  # a memo of four thousand million places
        ([b"Nr\xff\xff\xff\xff0}."], "no weights"),
        ([b"cbuiltins\nbytearray\nJ\x00\x00\x00\x7f\x85R."], "asks for builtins.bytearray"),
        ([b"cbuiltins\neval\nX\x03\x00\x00\x001+1\x85R."], "asks for builtins.eval"),
        ([b"\x8c\x05posix\x8c\x06system\x93."], "asks for posix.system"),
        ([b"(iposix\nsystem\n."], "the instruction INST"),
        ([b"}q\x00X\x01\x00\x00\x00ah\x00s."], "no weights"),  # a dictionary that holds itself
        ([b"}q\x00(", *(b"X\x02\x00\x00\x00%02dh\x00" % n for n in range(100)), b"u."], "too long"),
        ([b")" + b"\x85" * 1000 + b"}" + b"."], "no weights"),
        ([b"(" * 2_000_000 + b"."], "nested too deeply"),
        ([b"]" * 1_000_000 + b"."], "too long"),
        ([b"X\xff\xff\xff\x7f."], "Its pickle is damaged"),
        ([b"ctorch._utils\n_rebuild_tensor_v2\n(K\x01K\x01))tR."], "Its tensors are damaged"),
        ([b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000NJ\xff\xff\xff\xfftQ."], "storages are"),
    ],
)  # fmt: skip
def test_hostile_pickles(tmp_path, steps, words):
    path = tmp_path / "net.pth"
    path.write_bytes(pickled(*steps))
    tracemalloc.start()
    try:
        with pytest.raises(BadInput) as raised:
            formats.read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert words in str(raised.value)
    assert peak < 200_000_000
