"""Exported PyTorch programs (`.pt2`, torch.export.save) as ONNX, by torch's own exporter.

The archive is first rewritten with only what is known to be harmless (see torch_program), then loaded with
torch.export.load and translated with torch.onnx.export. Parameters keep their names, layers get the names of their
modules, BatchNorm stays a layer of its own, an open batch stays open. Weights of 32 bits are mapped from the file.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=false
# torch and onnxscript are only partly typed; what comes out of them is checked by the tests.

from __future__ import annotations

import logging
import re
import tempfile
import warnings
import zipfile
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec
import onnx_ir as ir

from profiler import malformed
from profiler.errors import BadInput
from profiler.formats.exported_graph import tidied
from profiler.formats.stored_tensor import NotThere, StoredTensor, checked
from profiler.formats.torch_archive import OLD_PROGRAM
from profiler.formats.torch_program import ProgramTrouble, TrainingMode, cleaned, decoded
from profiler.formats.torch_zip import Entry, ZipTrouble, entries
from profiler.mapped import MappedFile
from profiler.network import Network
from profiler.shapes import Dims

OPSET, IR_VERSION = 18, 8  # the exporter's own opset: older ones it reaches by conversion; and the IR that goes with it
DTYPES: Mapping[int, str] = {
    1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16", 7: "float32", 8: "float64",
    12: "bool", 13: "bfloat16",
}  # fmt: skip
PIECE = 1 << 22
AGAIN = "Export it again with torch.export.save, and open what that writes."
RECORDS = ("archive_format", "archive_version", ".data/version", "byteorder")


def read_pt2(path: Path) -> Network:
    """The network in an exported program. Takes seconds: torch is imported and the graph translated.

    Raises BadInput when the file is damaged, holds code or pickles, was exported in training mode, or has an operator
    that ONNX has not.
    """
    archive = _examined(path)
    with tempfile.TemporaryDirectory(prefix="netbonsai-") as folder:
        clean = Path(folder) / "clean.pt2"
        archive.write(clean)
        model = _translated(path, clean)
    with malformed.told(f"“{path.name}” could not be opened."):
        _map_weights(model, archive.weights)
        tidied(model, frozenset(archive.weights))
        model.ir_version = IR_VERSION
        return Network.from_model(model, name=path.stem, path=path)


def open_sizes(path: Path) -> dict[str, Dims]:
    """The inputs that have an open size other than the batch, as Network.open_sizes has them; torch is not needed."""
    return {
        name: shape for name, shape in _examined(path).inputs().items() if any(isinstance(s, str) for s in shape[1:])
    }


def _refused(path: Path, where: str, fix: str = AGAIN) -> BadInput:
    return BadInput(f"“{path.name}” could not be opened.", where, fix)


# ---------------------------------------------------------------------------- the archive


@dataclass(frozen=True)
class _Archive:
    """A program's parts, cleaned: `texts` are rewritten, `copied` are taken over byte for byte."""

    file: MappedFile
    program: dict[str, Any]
    texts: Mapping[str, bytes]
    copied: tuple[Entry, ...]
    weights: Mapping[str, StoredTensor]

    def write(self, path: Path) -> None:
        """A new archive with these parts."""
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as made:
            for name, text in self.texts.items():
                made.writestr(name, text)
            for entry in self.copied:
                with made.open(entry.name, "w", force_zip64=entry.size > 1 << 30) as part:
                    for start in range(entry.offset, entry.offset + entry.size, PIECE):
                        self.file.check()
                        part.write(self.file.data[start : min(start + PIECE, entry.offset + entry.size)])

    def inputs(self) -> dict[str, Dims]:
        """What a user feeds: names and shapes, an open size as `?`."""
        graph = self.program["graph_module"]["graph"]
        found: dict[str, Dims] = {}
        for spec in self.program["graph_module"]["signature"]["input_specs"]:
            name = spec.get("user_input", {}).get("arg", {}).get("as_tensor", {}).get("name")
            if name is not None:
                found[name] = tuple(size.get("as_int", "?") for size in graph["tensor_values"][name]["sizes"])
        return found


def _examined(path: Path) -> _Archive:
    try:
        file = MappedFile(path)
        archive = _parts(file, entries(file))
        archive.inputs()  # finds out whether the description is one
        return archive
    except TrainingMode as error:
        raise _refused(path, str(error), "Call model.eval() before torch.export.export.") from error
    except (ZipTrouble, ProgramTrouble) as error:
        raise _refused(path, str(error)) from error
    except (AttributeError, LookupError, TypeError) as error:
        raise _refused(path, "Its description is damaged.") from error
    except (OSError, ValueError) as error:
        raise _refused(path, f"It cannot be read: {error}.", "Download it again, or check its rights.") from error


def _parts(file: MappedFile, there: Mapping[str, Entry]) -> _Archive:
    if OLD_PROGRAM in there:
        raise ProgramTrouble("It was written by torch 2.7 or older, in a format that holds pickles.")
    models = [name for name in there if "/models/" in name and name.endswith(".json")]
    if len(models) != 1:
        raise ProgramTrouble(f"There are {len(models)} exported programs in it, where one is looked for.")
    root, _, name = models[0].rpartition("/models/")
    name = name.removesuffix(".json")

    def cleaned_json(place: str) -> Any:
        entry = there.get(place)
        if entry is None:
            raise ProgramTrouble(f"There is no {place} in it.")
        return cleaned(decoded(file.data[entry.offset : entry.offset + entry.size]))

    program = cleaned_json(models[0])
    texts = {models[0]: msgspec.json.encode(program), f"{root}/data/sample_inputs/{name}.pt": b""}
    copied = [there[f"{root}/{record}"] for record in RECORDS if f"{root}/{record}" in there]
    weights: dict[str, StoredTensor] = {}
    for kind in ("weights", "constants"):
        place = f"{root}/data/{kind}/{name}_{kind}_config.json"
        config = cleaned_json(place)
        texts[place] = msgspec.json.encode(config)
        used = {f"{root}/data/{kind}/{each['path_name']}" for each in config["config"].values()}
        copied += [there[each] for each in sorted(used)]
        for fqn, each in config["config"].items():
            weights[fqn] = _tensor(file, there[f"{root}/data/{kind}/{each['path_name']}"], fqn, each["tensor_meta"])
    return _Archive(file, program, texts, tuple(copied), weights)


def _tensor(file: MappedFile, entry: Entry, fqn: str, meta: Mapping[str, Any]) -> StoredTensor:
    """A weight at its place; torch would take the memory that it claims before it looks whether it is there."""
    dtype = DTYPES.get(meta["dtype"])
    if dtype is None or meta["layout"] != 7:
        raise ProgramTrouble(f"Its weight {fqn} is of a kind that is not read here.")
    sizes, strides = (tuple(int(size["as_int"]) for size in meta[key]) for key in ("sizes", "strides"))
    first = int(meta["storage_offset"]["as_int"])
    try:
        return checked(file, (entry.offset, entry.size), dtype, first, sizes, strides)
    except NotThere as error:
        raise ProgramTrouble(f"Its weight {fqn} {error}.") from error


# ------------------------------------------------------------------------------- torch


@contextmanager
def _quietly() -> Generator[None]:
    """The exporter tells everyone that torchvision is not installed."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript", "torch._export")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _translated(path: Path, clean: Path) -> ir.Model:
    """The program as torch.onnx.export makes it; nothing is fused, so that every layer and weight keeps its name."""
    import torch

    with _quietly():
        try:
            program = torch.export.load(str(clean))
        except Exception as error:  # whatever its reader comes upon in a damaged description
            raise _refused(path, f"torch {torch.__version__} cannot load it: {_reason(error)}.") from error
        try:
            made: Any = torch.onnx.export(program, (), dynamo=True, opset_version=OPSET, optimize=False, verbose=False)
        except Exception as error:
            where = f"torch cannot write {_what(error)} as ONNX: {_reason(error)}."
            raise _refused(path, where, "Replace that part of the network, or export it to ONNX yourself.") from error
    return cast("ir.Model", made.model)


def _what(error: BaseException) -> str:
    """The operator that the exporter stumbled over, where it says."""
    found = re.search(r"OpOverload\(op='([\w.]+)'", _reason(error))
    return f"its operator {found.group(1)}" if found else "it"


def _reason(error: BaseException) -> str:
    """The innermost error's first line that is not only a heading."""
    root = error
    while (deeper := root.__cause__ or root.__context__) is not None:
        root = deeper
    lines = (line.strip(" .") for line in str(root).splitlines())
    return next((line for line in lines if line), type(root).__name__)[:300]


def _map_weights(model: ir.Model, weights: Mapping[str, StoredTensor]) -> None:
    """Torch's copies of 32-bit weights are let go for views of the file."""
    for name, value in _initializers(model):
        stored = weights.get(name)
        tensor = value.const_value
        if stored is None or tensor is None or stored.dtype != "float32" or not stored.in_order:
            continue
        if tensor.dtype == ir.DataType.FLOAT and tuple(tensor.shape.numpy()) == stored.shape:
            value.const_value = stored.tensor(name)


def _initializers(model: ir.Model) -> Iterable[tuple[str, ir.Value]]:
    return list(model.graph.initializers.items())
