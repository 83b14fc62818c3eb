"""Reading a network, from a file or by the name of a built-in one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from profiler import zoo
from profiler.errors import BadInput
from profiler.formats.input_recipe_file import beside, guessed, read_recipe
from profiler.formats.onnx import read_onnx
from profiler.network import Network
from profiler.shapes import Dims

ZOO_PREFIX = "zoo:"
Reader = Callable[[Path, str | None], Network]


def _onnx(path: Path, _architecture: str | None) -> Network:
    return read_onnx(path)


def _caffe(path: Path, _architecture: str | None) -> Network:
    from profiler.formats.caffe import read_caffe

    return read_caffe(path)


def _torch(path: Path, architecture: str | None) -> Network:
    """By what is in it: the endings of torch's files say little."""
    from profiler.formats.state_dict import read_state_dict
    from profiler.formats.torch_archive import is_program

    if is_program(path):
        from profiler.formats.torch_export import read_pt2

        return read_pt2(path)
    return read_state_dict(path, architecture)


READERS: Mapping[str, Reader] = {
    ".onnx": _onnx,
    **dict.fromkeys((".pt2", ".pth", ".pt", ".th", ".bin", ".ckpt", ".safetensors"), _torch),
    **dict.fromkeys((".prototxt", ".caffemodel"), _caffe),
}
ENDINGS = "ONNX (.onnx), PyTorch (.pt2, .pth, .safetensors) and Caffe (.prototxt, .caffemodel)"


def read(
    source: str | Path,
    *,
    input_shapes: Mapping[str, Sequence[int]] | None = None,
    preprocess: Path | None = None,
    architecture: str | None = None,
) -> Network:
    """The network that `source` names: `zoo:NAME` (whatever its case) or a path.

    `architecture` names the built-in network that weights alone belong to; files that hold a graph need none.
    Its input recipe is, in this order: `preprocess` (a TOML file); one beside the file (`NAME.toml`, `NAME.onnx.toml`);
    the one in its metadata; one guessed from the input's shape. Raises BadInput.
    """
    text = str(source)
    in_zoo = text.lower().startswith(ZOO_PREFIX)
    built_in = zoo.build(text[len(ZOO_PREFIX) :].strip()) if in_zoo else None
    network = built_in or _read_file(Path(source), architecture)
    return _with_recipe(network.with_input_shapes(input_shapes or {}), preprocess)


def open_sizes(source: str | Path, architecture: str | None = None) -> Mapping[str, Dims]:
    """The inputs whose sizes must be asked for, as Network.open_sizes has them. Raises BadInput.

    An exported program is only looked at, not translated: that takes seconds.
    """
    path = Path(source)
    if READERS.get(path.suffix.lower()) is _torch and path.is_file():
        from profiler.formats.torch_archive import is_program

        if is_program(path):
            from profiler.formats import torch_export

            return torch_export.open_sizes(path)
    return read(source, architecture=architecture).open_sizes()


def read_stored(path: Path) -> Network:
    """An ONNX file that the program keeps under a name of its own, without an ending. Raises BadInput."""
    return _with_recipe(read_onnx(path), None)


def is_converted(source: str) -> bool:
    """Whether a file has to be made an ONNX network first: a study then keeps what was made of it, at once."""
    return not source.lower().startswith(ZOO_PREFIX) and Path(source).suffix.lower() != ".onnx"


def _read_file(path: Path, architecture: str | None) -> Network:
    if not path.exists():
        hint = f"For the built-in network, write zoo:{path}." if _is_zoo_name(str(path)) else "Check the path."
        raise BadInput(f"There is no file “{path}”.", fix=hint)
    if path.is_dir():
        raise BadInput(f"“{path}” is a folder.", fix="Give the network’s file, for example one that ends in .onnx.")
    reader = READERS.get(path.suffix.lower()) or _by_content(path)
    if reader is None:
        packed = path.suffix.lower() == ".nbz"
        raise BadInput(
            f"“{path.name}” could not be opened.",
            f"NetBonsai does not know {path.suffix or 'files without an ending'}.",
            f"Unpack it first: netbonsai unpack {path.name} -o net.onnx." if packed else f"It opens {ENDINGS}.",
        )
    return reader(path, architecture)


def _by_content(path: Path) -> Reader | None:
    """Torch's files come under any ending: model_best.pth.tar, last.ckpt.bak."""
    from profiler.formats.torch_archive import is_of_torch

    return _torch if is_of_torch(path) else None


def _is_zoo_name(text: str) -> bool:
    return text.lower() in {name.lower() for name in zoo.ZOO}


def _with_recipe(network: Network, preprocess: Path | None) -> Network:
    chosen = preprocess if preprocess is not None else beside(network.path)
    if chosen is not None:
        source = "--preprocess" if preprocess is not None else chosen.name
        return network.with_input_recipe(read_recipe(chosen, source))
    if network.input_recipe is None:
        caffe = network.path is not None and READERS.get(network.path.suffix.lower()) is _caffe
        return network.with_guessed_recipe(guessed(network.inputs, caffe=caffe))
    return network
