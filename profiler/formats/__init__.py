"""Reading a network, from a file or by the name of a built-in one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from profiler import zoo
from profiler.errors import BadInput
from profiler.formats.input_recipe_file import beside, guessed, read_recipe
from profiler.formats.onnx import read_onnx
from profiler.network import Network

READERS: Mapping[str, Callable[[Path], Network]] = {".onnx": read_onnx}
ZOO_PREFIX = "zoo:"


def read(
    source: str | Path,
    *,
    input_shapes: Mapping[str, Sequence[int]] | None = None,
    preprocess: Path | None = None,
) -> Network:
    """The network that `source` names: `zoo:NAME` (whatever its case) or a path.

    Its input recipe is, in this order: `preprocess` (a TOML file); one beside the file (`NAME.toml`, `NAME.onnx.toml`);
    the one in its metadata; one guessed from the input's shape. Raises BadInput.
    """
    text = str(source)
    in_zoo = text.lower().startswith(ZOO_PREFIX)
    network = zoo.build(text[len(ZOO_PREFIX) :].strip()) if in_zoo else _read_file(Path(source))
    return _with_recipe(network.with_input_shapes(input_shapes or {}), preprocess)


def read_stored(path: Path) -> Network:
    """An ONNX file that the program keeps under a name of its own, without an ending. Raises BadInput."""
    return _with_recipe(read_onnx(path), None)


def _read_file(path: Path) -> Network:
    if not path.exists():
        hint = f"For the built-in network, write zoo:{path}." if _is_zoo_name(str(path)) else "Check the path."
        raise BadInput(f"There is no file “{path}”.", fix=hint)
    if path.is_dir():
        raise BadInput(f"“{path}” is a folder.", fix="Give the network’s file, for example one that ends in .onnx.")
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        known = ", ".join(READERS)
        raise BadInput(
            f"“{path.name}” could not be opened.",
            f"NetBonsai does not know {path.suffix or 'files without an ending'}.",
            f"It opens {known}.",
        )
    return reader(path)


def _is_zoo_name(text: str) -> bool:
    return text.lower() in {name.lower() for name in zoo.ZOO}


def _with_recipe(network: Network, preprocess: Path | None) -> Network:
    chosen = preprocess if preprocess is not None else beside(network.path)
    if chosen is not None:
        source = "--preprocess" if preprocess is not None else chosen.name
        return network.with_input_recipe(read_recipe(chosen, source))
    if network.input_recipe is None:
        return network.with_guessed_recipe(guessed(network.inputs))
    return network
