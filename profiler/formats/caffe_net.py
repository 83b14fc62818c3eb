"""Which layers and inputs a prototxt comes to when the network is used: what only serves training is left out.

Caffe has one file form for training, testing and use. Here its state is phase TEST, level 0, stage “deploy”.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from profiler.formats.caffe_text import Fault, Message, shortened

LARGEST = 2**31 - 1  # values in one blob, as in Caffe
MOST_AXES = 32  # of a blob, as in Caffe
MOST_LAYERS = 10_000  # the largest published networks have some four thousand
STAGE = "deploy"
FLATTENS = "Convert it with upgrade_net_proto_text, which comes with Caffe."
ASK_DEPLOY = "Give the deploy.prototxt that belongs to it."

# The types of Caffe's older form, `layers { type: CONVOLUTION }`, that are not merely written otherwise.
_OLDER = {
    "ABSVAL": "AbsVal",
    "ARGMAX": "ArgMax",
    "BNLL": "BNLL",
    "ELTWISE": "Eltwise",
    "HDF5_DATA": "HDF5Data",
    "HDF5_OUTPUT": "HDF5Output",
    "IM2COL": "Im2col",
    "LRN": "LRN",
    "MVN": "MVN",
    "RELU": "ReLU",
    "SIGMOID_CROSS_ENTROPY_LOSS": "SigmoidCrossEntropyLoss",
    "SOFTMAX_LOSS": "SoftmaxWithLoss",
    "TANH": "TanH",
}
DATA = frozenset(("AnnotatedData", "Data", "HDF5Data", "ImageData", "MemoryData", "WindowData"))
MEASURES = frozenset(("Accuracy", "HDF5Output", "Silence"))
LOSSES = frozenset(
    (
        "ContrastiveLoss",
        "EuclideanLoss",
        "HingeLoss",
        "InfogainLoss",
        "MultinomialLogisticLoss",
        "SigmoidCrossEntropyLoss",
        "SoftmaxWithLoss",
    )
)
# What is left of a loss when nobody knows the right answer.
WITHOUT_LABELS = {"SigmoidCrossEntropyLoss": "Sigmoid", "SoftmaxWithLoss": "Softmax"}


@dataclass(frozen=True)
class Layer:
    """One layer as it is written."""

    name: str
    type: str
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]
    settings: Message = field(repr=False)

    @property
    def line(self) -> int:
        return self.settings.line

    def __str__(self) -> str:
        kind = f"{shortened(self.type)}, " if self.type else ""
        return f"Layer “{shortened(self.name)}” ({kind}line {self.line})"

    def shared(self, index: int) -> str:
        """The name under which its blob of this index is shared with other layers; empty when it is not."""
        named = self.settings.entries.get("param", [])
        if index >= len(named):
            return ""
        given = named[index]
        return given.text("name") if isinstance(given, Message) else given.text


@dataclass(frozen=True)
class Net:
    """What is to be built. `inputs`: shapes as written, batch first.

    `unused`: blobs that are no results although nothing reads them, by how many layers stand before that is so.
    """

    name: str
    inputs: dict[str, tuple[int, ...]]
    layers: tuple[Layer, ...]
    unused: Mapping[int, Sequence[str]]


def read_net(root: Message) -> Net:
    """What a prototxt describes. Raises Fault naming the layer and its line."""
    older, newer = root.messages("layers"), root.messages("layer")
    if older and newer:
        raise Fault(
            f"Line {newer[0].line} begins a “layer”, line {older[0].line} a “layers”: Caffe’s new form and its old one."
        )
    if not older and not newer:
        raise Fault("There is no layer in it.", "Give the prototxt that describes the network, not a solver’s.")
    layers = [_layer(message, old=bool(older)) for message in older or newer]
    inputs = _inputs(root)
    chosen = _Chosen(inputs)
    for layer in layers:
        if _included(layer):
            chosen.take(layer)
    if not chosen.inputs:
        raise Fault("It does not say what goes in.", ASK_DEPLOY)
    if len(chosen.layers) > MOST_LAYERS:
        raise Fault(f"It has {len(chosen.layers):,} layers, more than {MOST_LAYERS:,}.")
    sizes = {name: _sizes(name, shape) for name, shape in chosen.inputs.items()}
    return Net(" ".join(root.text("name").split())[:120], sizes, tuple(chosen.layers), chosen.unused())


def _layer(message: Message, old: bool) -> Layer:
    if old and "layer" in message:
        raise Fault(f"Line {message.line}: the layer is written in Caffe’s oldest form.", FLATTENS)
    written = message.text("type")
    kind = _OLDER.get(written, "".join(part.capitalize() for part in written.split("_"))) if old else written
    bottoms, tops = tuple(message.texts("bottom")), tuple(message.texts("top"))
    return Layer(message.text("name"), kind, bottoms, tops, message)


def _included(layer: Layer) -> bool:
    include, exclude = layer.settings.messages("include"), layer.settings.messages("exclude")
    if include:
        return any(_meets(rule) for rule in include)
    return not any(_meets(rule) for rule in exclude)


def _meets(rule: Message) -> bool:
    if "phase" in rule and rule.choice("phase", {"TRAIN": 0, "TEST": 1}) != "TEST":
        return False
    if rule.integer("min_level", 0) > 0 or rule.integer("max_level", 0) < 0:
        return False
    return all(stage == STAGE for stage in rule.texts("stage")) and STAGE not in rule.texts("not_stage")


def _inputs(root: Message) -> dict[str, tuple[int, ...]]:
    """Inputs written outside any layer: `input`, with `input_shape` or four times `input_dim`."""
    names, shapes = root.texts("input"), [tuple(shape.integers("dim")) for shape in root.messages("input_shape")]
    if not shapes:
        flat = root.integers("input_dim")
        shapes = [tuple(flat[at : at + 4]) for at in range(0, len(flat), 4)]
    if len(shapes) == 1:
        shapes *= len(names)
    if len(names) != len(shapes):
        raise Fault(f"It names {len(names)} inputs and gives the sizes of {len(shapes)}.")
    return dict(zip(names, shapes, strict=True))


def _sizes(name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    total = 1
    for size in shape:
        total *= size
        if size < 1 or total > LARGEST or len(shape) > MOST_AXES:
            raise Fault(f"The sizes of its input “{shortened(name)}”, {written(shape)}, are not possible.")
    if not shape:
        raise Fault(f"The sizes of its input “{shortened(name)}” are not given.", "Write them into the prototxt.")
    return shape


def written(shape: tuple[int | str, ...]) -> str:
    return " × ".join(str(size) for size in shape[:8])


class _Chosen:
    """Goes through the layers in order and keeps those that compute something without the right answers."""

    def __init__(self, inputs: dict[str, tuple[int, ...]]) -> None:
        self.inputs = inputs
        self.layers: list[Layer] = []
        self.labels: set[str] = set()
        self.silent: list[tuple[int, str]] = []
        self.heads: list[tuple[int, str, float]] = []  # what each loss reads or becomes, and the loss's weight

    def unused(self) -> dict[int, list[str]]:
        heaviest = max((weight for _, _, weight in self.heads), default=0.0)
        lesser = [(place, blob) for place, blob, weight in self.heads if weight < heaviest]
        found: dict[int, list[str]] = {}
        for place, blob in (*self.silent, *lesser):
            found.setdefault(place, []).append(blob)
        return found

    def take(self, layer: Layer) -> None:
        if layer.type == "Input":
            self.declare(layer)
        elif layer.type in DATA or (layer.type == "DummyData" and not layer.bottoms):
            self.feed(layer)
        elif layer.bottoms and all(blob in self.labels for blob in layer.bottoms):
            self.labels.update(layer.tops)
        elif layer.type in MEASURES:
            if layer.type == "Silence":
                self.silent.extend((len(self.layers), blob) for blob in layer.bottoms)
        elif layer.type in LOSSES and layer.bottoms:
            self.end(layer)
        else:
            self.labels.difference_update(layer.tops)
            self.layers.append(layer)

    def declare(self, layer: Layer) -> None:
        """An Input layer: a shape for each top, or one for all."""
        shapes = [tuple(shape.integers("dim")) for shape in layer.settings.message("input_param").messages("shape")]
        if len(shapes) not in (1, len(layer.tops)):
            raise Fault(f"{layer} gives {len(shapes)} sizes for {len(layer.tops)} inputs.")
        self.inputs.update(zip(layer.tops, shapes * (len(layer.tops) if len(shapes) == 1 else 1), strict=True))

    def feed(self, layer: Layer) -> None:
        """Pictures from a database become an input; the labels beside them go."""
        if not layer.tops:
            raise Fault(f"{layer} makes nothing.")
        if layer.type == "DummyData":
            self.inputs.update(zip(layer.tops, _dummy_shapes(layer), strict=True))
            return
        self.inputs[layer.tops[0]] = _data_shape(layer)
        self.labels.update(layer.tops[1:])

    def end(self, layer: Layer) -> None:
        """A loss: what it compares with the labels is the network's result. A lighter loss is a help for training."""
        weights = layer.settings.numbers("loss_weight")
        result, weight = layer.bottoms[0], weights[0] if weights else 1.0
        kind = WITHOUT_LABELS.get(layer.type)
        if kind is not None and not any(other.type == kind and result in other.bottoms for other in self.layers):
            top = layer.tops[0] if layer.tops else layer.name
            self.layers.append(Layer(layer.name, kind, (result,), (top,), layer.settings))
            result = top
        self.heads.append((len(self.layers), result, weight))


def _data_shape(layer: Layer) -> tuple[int, ...]:
    """What a data layer says of its pictures: enough only when it crops them. Colour unless it says grey."""
    settings = layer.settings
    memory = settings.message("memory_data_param")
    if layer.type == "MemoryData" and "channels" in memory:
        return (1, memory.integer("channels", 0), memory.integer("height", 0), memory.integer("width", 0))
    transform, own = settings.message("transform_param"), next(_own(settings), Message(layer.line))
    size = transform.integer("crop_size", 0) or own.integer("crop_size", 0)
    height, width = size or own.integer("new_height", 0), size or own.integer("new_width", 0)
    if not height or not width:
        raise Fault(f"{layer} takes its pictures from a database, so their size is not in the file.", ASK_DEPLOY)
    grey = transform.flag("force_gray", False) or not own.flag("is_color", True)
    return (1, 1 if grey else 3, height, width)


def _own(settings: Message) -> Iterator[Message]:
    for name in ("data_param", "image_data_param", "window_data_param"):
        yield from settings.messages(name)


def _dummy_shapes(layer: Layer) -> list[tuple[int, ...]]:
    own = layer.settings.message("dummy_data_param")
    shapes = [tuple(shape.integers("dim")) for shape in own.messages("shape")]
    if not shapes:
        old = (own.integers(size) for size in ("num", "channels", "height", "width"))
        shapes = list(zip(*old, strict=False))
    if len(shapes) == 1:
        shapes *= len(layer.tops)
    if len(shapes) != len(layer.tops):
        raise Fault(f"{layer} gives {len(shapes)} sizes for {len(layer.tops)} inputs.")
    return shapes
