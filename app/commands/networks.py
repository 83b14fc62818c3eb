"""Commands about networks as they are: inspect, zoo, pack and unpack. `inspect` runs no network and loads no engine."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app import words
from app.answers import inspected
from app.commands.say import Say
from profiler.breakdown import CONVENTION_NAMES, KIND_NAMES, KINDS, Breakdown, Convention, LayerCost, operations
from profiler.errors import BadInput

if TYPE_CHECKING:
    from profiler.network import Network

Shapes = Mapping[str, Sequence[int]]


def input_shapes(given: Sequence[str] | None) -> dict[str, list[int]]:
    """`1x3x224x224`, or `NAME=1x3x224x224`, as many as there are inputs; a bare one is the first input's."""
    shapes: dict[str, list[int]] = {}
    for text in given or ():
        name, _, sizes = text.rpartition("=")
        try:
            shape = [int(size) for size in sizes.lower().replace("×", "x").split("x")]
        except ValueError:
            shape = []
        if not shape or min(shape) < 1:
            raise BadInput(f"“{text}” is no input size.", fix="Write it as 1x3x224x224, or NAME=1x3x224x224.")
        shapes[name] = shape
    return shapes


def named_network(args: Namespace) -> Network:
    """The network that the command names, with the sizes and the architecture it gives."""
    from profiler import formats

    return formats.read(args.network, input_shapes=input_shapes(args.input), architecture=args.architecture)


def inspect(args: Namespace, say: Say) -> None:
    """Where the parameters and operations are."""
    from profiler.breakdown import breakdown

    found = breakdown(named_network(args))
    say.answer(inspected(found))
    _say_layers(found, args.convention, say)


def _say_layers(found: Breakdown, convention: Convention, say: Say) -> None:
    say.line(f"{found.network} · input {words.inputs(found.inputs)} · {words.plural(len(found.layers), 'layer')}")
    say.line()
    head = ("Layer", "Operator", "Output", "Parameters", CONVENTION_NAMES[convention], "Weights", "Activation")
    say.table(head, [_layer_row(layer, convention) for layer in found.layers], left=2)
    say.line()
    head = ("Total", "Parameters", "", CONVENTION_NAMES[convention], "")
    say.table(head, _total_rows(found, convention))
    for layer in found.layers:
        if layer.note:
            say.line(f"{layer.name}: {layer.note}")
    if found.unknown_ops:
        say.line(f"Not counted: {', '.join(found.unknown_ops)}. Totals leave them out.")


def _layer_row(layer: LayerCost, convention: Convention) -> tuple[str, ...]:
    return (
        layer.name,
        layer.op,
        words.shape(layer.output_shape),
        _count(layer.params),
        _count(operations(layer.macs, layer.bias_adds, convention)),
        words.megabytes(layer.weight_bytes) if layer.weight_bytes != 0 else words.does_not_apply,
        words.megabytes(layer.activation_bytes) if layer.activation_bytes is not None else "not known",
    )


def _count(value: int | None) -> str:
    if value is None:
        return "not known"
    return words.exact(value) if value else words.does_not_apply


def _total_rows(found: Breakdown, convention: Convention) -> list[tuple[str, ...]]:
    whole = found.totals()
    all_operations = operations(whole.macs, whole.bias_adds, convention) or 0
    rows = [("All", words.exact(whole.params), "", words.exact(all_operations), "")]
    for kind in KINDS:
        part = found.totals(kind)
        count = operations(part.macs, part.bias_adds, convention) or 0
        shares = [words.percent(v / t) if t else "" for v, t in ((part.params, whole.params), (count, all_operations))]
        rows.append((KIND_NAMES[kind], words.exact(part.params), shares[0], words.exact(count), shares[1]))
    return rows


def zoo(args: Namespace, say: Say) -> None:
    """The built-in networks."""
    from profiler.zoo import ZOO

    del args
    entries = list(ZOO.values())
    say.answer(
        {
            "networks": [
                {
                    "name": e.name,
                    "title": e.title,
                    "family": e.family,
                    "source": e.source,
                    "input_shape": e.input_shape,
                    "trained": e.trained,
                }
                for e in entries
            ]
        }
    )
    rows = [
        (f"zoo:{e.name}", e.title, words.shape(e.input_shape, batch=True), "trained" if e.trained else "random weights")
        for e in entries
    ]
    say.table(("Network", "What it is", "Input", "Weights"), rows, left=4)


def unpack(args: Namespace, say: Say) -> None:
    """A packed file as the ONNX file that was packed."""
    from compressors.packing import unpack as read
    from profiler.network import save

    path, out = Path(args.packed), checked_out(args.out, ".onnx")
    if not path.is_file():
        raise BadInput(f"There is no file “{path}”.", fix="Check the path.")
    network = read(path)
    save(network, out)
    say.answer({"out": str(out), "digest": network.digest, "file_bytes": out.stat().st_size})
    say.line(f"{out}: {words.bytes_in_full(out.stat().st_size)}")


def checked_out(text: str, suffix: str) -> Path:
    """Where a result goes, before any work is done for it. Raises BadInput when it cannot go there."""
    path = Path(text).expanduser()
    if path.suffix.lower() != suffix:
        raise BadInput(
            f"“{path.name}” does not end in {suffix}.", fix=f"Give a name such as {path.stem or 'out'}{suffix}."
        )
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise BadInput(
            f"“{path}” cannot be written.", "Its folder is not there." * (not path.is_dir()), "Make it first."
        )
    return path


def copy_out(source: Path, target: Path) -> None:
    """A copy of one of the study's objects under a name of its own, complete or not at all."""
    from profiler.atomic import write_atomically

    with source.open("rb") as file:
        write_atomically(target, iter(lambda: file.read(1 << 20), b""))
