"""Caffe networks: a prototxt says what the layers are, a .caffemodel beside it has the weights.

Caffe takes pictures as blue, green, red, from 0 to 255 less a mean: neither file says so.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import onnx_ir as ir

from profiler import malformed, shapes
from profiler.errors import BadInput
from profiler.formats.caffe_graph import BatchMixed, Graph
from profiler.formats.caffe_layers import LAYERS, batch_norm, scales_channels
from profiler.formats.caffe_net import Layer, Net, read_net
from profiler.formats.caffe_text import Fault, parse, shortened
from profiler.formats.caffe_weights import Blob, read_weights
from profiler.network import Network

RANDOM_WEIGHTS_KEY = "netbonsai.random_weights"  # in the metadata: names of layers, as a JSON list
LARGEST_TEXT = 4 << 20  # bytes; the prototxt of ResNet-152 has 150,000
TEXT, WEIGHTS = ".prototxt", ".caffemodel"
Stored = Mapping[str, Sequence[Blob]]


def read_caffe(path: Path) -> Network:
    """The network in a prototxt or a .caffemodel; the other of the two is looked for beside it.

    Layers that only serve training are left out, and the batch is open unless a layer needs its size. Weights that no
    file has are random, made when they are asked for: `random_weights` names their layers. Raises BadInput naming the
    file, the layer, its type and its line.
    """
    text = path if path.suffix.lower() != WEIGHTS else _description_of(path)
    weights = path if path.suffix.lower() == WEIGHTS else _weights_of(path)
    stored: Stored = {}
    if weights is not None:
        with _naming(weights):
            stored = read_weights(weights)
    with malformed.told(f"“{text.name}” could not be opened."), _naming(text):
        net = read_net(parse(_content(text)))
        graph, model = _translated(net, stored)
        if weights is not None and not graph.used and (weights == path or weights.stem == path.stem):
            raise Fault(f"“{weights.name}” has no weights for any of its layers.", "Give the two that belong together.")
        shapes.infer(model, strict=True)
    made_up = graph.without_file()
    if made_up:
        model.metadata_props[RANDOM_WEIGHTS_KEY] = json.dumps(made_up)
    return Network.from_model(model, name=net.name or path.stem, path=path)


def random_weights(network: Network) -> tuple[str, ...]:
    """The layers of a network read from Caffe whose weights no file gave."""
    return tuple(json.loads(network.model.metadata_props.get(RANDOM_WEIGHTS_KEY, "[]")))


@contextmanager
def _naming(path: Path) -> Generator[None, None, None]:
    """A fault in this file, told to the user."""
    what = f"“{path.name}” could not be opened."
    try:
        yield
    except Fault as fault:
        raise BadInput(what, fault.reason[:1].upper() + fault.reason[1:], fault.fix) from fault
    except OSError as error:
        raise BadInput(what, f"{path}: {error.strerror or error}.", "Check the path and its rights.") from error


def _content(path: Path) -> str:
    if path.stat().st_size > LARGEST_TEXT:
        raise Fault(f"It has more than {LARGEST_TEXT:,} bytes, too many for a network’s description.")
    data = path.read_bytes()
    if not data.strip():
        raise Fault("It is empty.", "Download it again.")
    if data.startswith(b"version https://git-lfs"):
        raise Fault("It is a Git LFS pointer, not the network itself.", "Run git lfs pull.")
    if b"\0" in data:
        raise Fault("It is not a text.", "Give the prototxt; weights end in .caffemodel.")
    return data.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n")


def _neighbours(path: Path, suffix: str) -> list[Path]:
    """Files in its folder that end so, by name."""
    try:
        return sorted(other for other in path.parent.iterdir() if other.suffix.lower() == suffix and other.is_file())
    except OSError:
        return []


def _weights_of(path: Path) -> Path | None:
    """The .caffemodel of the same name, else the only one there, unless it belongs to another prototxt."""
    found = _neighbours(path, WEIGHTS)
    same = [other for other in found if other.stem == path.stem]
    if same or len(found) != 1:
        return same[0] if same else None
    taken = any(other.stem == found[0].stem for other in _neighbours(path, TEXT))
    return None if taken else found[0]


def _description_of(path: Path) -> Path:
    """The prototxt of the same name, else deploy.prototxt, else the only one there that is not a solver’s."""
    if not path.is_file():
        raise BadInput(f"There is no file “{path}”.", fix="Check the path.")
    found = _neighbours(path, TEXT)
    for fits in (path.stem, "deploy"):
        for other in found:
            if other.stem == fits:
                return other
    left = [other for other in found if "solver" not in other.stem.lower()]
    if len(left) == 1:
        return left[0]
    names = ", ".join(f"“{other.name}”" for other in left[:5])
    raise BadInput(
        f"“{path.name}” could not be opened.",
        f"It has a network’s weights, and which prototxt beside it has the layers is not clear: {names}."
        if left
        else "It has a network’s weights; the layers are in a prototxt, and there is none beside it.",
        f"Put the right one beside it as “{path.stem}{TEXT}”.",
    )


def _translated(net: Net, stored: Stored) -> tuple[Graph, ir.Model]:
    """With an open batch, and where a layer does not keep its pictures apart with the batch as it is written."""
    try:
        return _built(Graph(net, stored, open_batch=True), net)
    except BatchMixed:
        return _built(Graph(net, stored, open_batch=False), net)


def _built(graph: Graph, net: Net) -> tuple[Graph, ir.Model]:
    readers = Counter(blob for layer in net.layers for blob in layer.bottoms)
    place = 0
    while place < len(net.layers):
        graph.silence(net.unused.get(place, ()))
        layer, following = net.layers[place], net.layers[place + 1 : place + 2]
        translate = LAYERS.get(layer.type)
        try:
            if translate is None:
                raise _unknown(layer)
            if following and _goes_with(layer, following[0], readers):
                _normalise(graph, layer, following[0])
                place += 1
            else:
                step = graph.step(layer)
                made = translate(step)
                step.done()
                graph.give(layer, layer.tops, [made] if isinstance(made, ir.Value) else made)
        except Fault as fault:
            raise Fault(f"{layer}: {fault.reason}", fault.fix) from fault
        place += 1
    graph.silence(net.unused.get(place, ()))
    return graph, graph.finish()


def _unknown(layer: Layer) -> Fault:
    return Fault(
        f"its type “{shortened(layer.type)}” is not known." if layer.type else "it has no type.",
        "Take out the layers from there on, or convert the network to ONNX where it was made.",
    )


def _goes_with(layer: Layer, other: Layer, readers: Mapping[str, int]) -> bool:
    """A Scale behind a BatchNorm, and nothing else reads what lies between them."""
    if layer.type != "BatchNorm" or other.type != "Scale" or other.bottoms != layer.tops or len(other.tops) != 1:
        return False
    alone = other.tops == layer.tops or readers[layer.tops[0]] == 1
    return alone and scales_channels(other)


def _normalise(graph: Graph, layer: Layer, scale: Layer) -> None:
    """Both as the one node that ONNX has for them, named as the BatchNorm; the scale’s weights keep its own name."""
    step, other = graph.step(layer), graph.step(scale)
    made = batch_norm(step, other)
    step.done()
    other.done()
    graph.give(layer, scale.tops, [made])
