"""State dicts: the weights of a network without its architecture, which is a built-in one, named or recognised.

`.pth`, `.pt`, `.th` and `.bin` as torch.save writes them, and `.safetensors`. Nothing of a file is run (see
`torch_pickle`), and the weights are mapped, not copied; those of 16 and 64 bits become 32 when they are looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import onnx_ir as ir

from profiler import shapes, zoo
from profiler.errors import BadInput
from profiler.formats import safetensors, torch_saved, torch_zip
from profiler.formats.architectures import Fit, UnknownArchitecture, fitted, likeness, nearest, recognised
from profiler.formats.stored_tensor import StoredTensor
from profiler.formats.torch_pickle import PickledProgram, PickleTrouble
from profiler.mapped import MappedFile
from profiler.network import Network

WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "ema", "state_dict_ema", "model_ema", "module", "network")
PREFIXES = ("module.", "model.", "_orig_mod.", "backbone.", "net.", "network.")
UNCOUNTED = "num_batches_tracked"  # BatchNorm's own clock: no part of what it computes
ALIKE = 0.5  # of names and shapes in common, to say which network comes nearest
EXPORT = """\
import torch
model = YourNetwork()  # the class that these weights belong to
model.load_state_dict(torch.load("{file}", weights_only=True))
example = (torch.randn(2, {channels}, 224, 224),)  # two images of the size it takes
batch = torch.export.Dim("batch")
program = torch.export.export(model.eval(), example, dynamic_shapes=({{0: batch}},))
torch.export.save(program, "{stem}.pt2")"""
HOW = "Export it where its program is, and open what that writes:"


def read_state_dict(path: Path, architecture: str | None = None) -> Network:
    """The built-in network `architecture` with the weights in a file; without a name, the one that they fit.

    Raises UnknownArchitecture when none or several fit, or not the one that was named: it lists the tensors that are
    missing, too many or of another shape. BadInput when the file is damaged or is a program.
    """
    file = _map(path)
    stored, ordered = _weights(file)
    found = {name: tensor.shape for name, tensor in stored.items()}
    fit = fitted(found, architecture, ordered) if architecture else recognised(found, ordered)
    if isinstance(fit, tuple):
        raise _unknown(file, stored, fit)
    if not fit.fits:
        raise _misnamed(file, stored, fit, recognised(found, ordered))
    return _network(path, stored, fit)


def refused(path: Path, where: str, fix: str) -> BadInput:
    return BadInput(f"“{path.name}” could not be opened.", where, fix)


def _map(path: Path) -> MappedFile:
    try:
        if path.stat().st_size == 0:
            raise refused(path, "It is empty.", "Download or save it again.")
        return MappedFile(path)
    except OSError as error:
        raise refused(path, f"{path}: {error.strerror or error}.", "Check the path and its rights.") from error


# ----------------------------------------------------------------------------- the file


def _weights(file: MappedFile) -> tuple[dict[str, StoredTensor], bool]:
    """The weights by their names, prefixes off; whether their order is the modules' own."""
    start, again = file.data[:64], "Download or save it again."
    try:
        if safetensors.looks_like(start, len(file)):
            found, ordered = cast("dict[str, Any]", safetensors.tensors(file)), False
        elif start[:4] == torch_zip.MAGIC:
            _check_script(file)
            found, ordered = torch_saved.read_zip(file), True
        elif torch_saved.is_legacy(start):
            found, ordered = torch_saved.read_legacy(file), True
        else:
            raise refused(file.path, "It is neither what torch.save writes nor a safetensors file.", again)
    except PickledProgram as error:
        raise _program(file, error) from error
    except (safetensors.SafetensorsTrouble, PickleTrouble) as error:
        raise refused(file.path, str(error), again) from error
    return _bare(file.path, found), ordered


def _check_script(file: MappedFile) -> None:
    """TorchScript looks like a state dict from outside: a zip with data.pkl."""
    try:
        found = torch_zip.names(file)
    except torch_zip.ZipTrouble as error:
        raise refused(file.path, str(error), "Download or save it again.") from error
    if any(name.endswith(("constants.pkl", "bytecode.pkl")) or "/code/" in name for name in found):
        raise refused(
            file.path,
            "It is a TorchScript program.",
            f"{HOW}\n{EXPORT.format(file='weights.pth', channels=3, stem='net')}",
        )


def _program(file: MappedFile, error: PickledProgram) -> BadInput:
    code = EXPORT.format(file="weights.pth", channels=3, stem=file.path.stem)
    network = error.asked.startswith(("torch.nn.", "__main__.", "torchvision.", "timm.", "models."))
    kind = "a whole pickled network" if network else "a pickled program"
    where = f"It is {kind}, not only weights: it asks for {error.asked}. Nothing of it was run."
    save = 'Save its weights alone, with torch.save(model.state_dict(), "weights.pth"), or export it:'
    return refused(file.path, where, f"{save}\n{code}")


def _bare(path: Path, found: Any) -> dict[str, StoredTensor]:
    """The weights themselves, out of what they are wrapped in."""
    holder = _holder(found, 4)
    if holder is None:
        keys = list(cast("dict[str, Any]", found))[:6] if isinstance(found, dict) else []
        listed = ", ".join(f"“{key[:40]}”" for key in keys)
        where = f"There are no weights in it, only {listed}." if listed else "It holds no weights."
        raise refused(path, where, "Save them with torch.save(model.state_dict(), …).")
    tensors = {
        name: value
        for name, value in holder.items()
        if isinstance(value, StoredTensor) and name.rpartition(".")[2] != UNCOUNTED
    }
    for name, tensor in tensors.items():
        if not tensor.is_real:
            where = f"Its tensor “{name[:80]}” is {tensor.dtype}: quantised weights are not read from a state dict."
            raise refused(path, where, "Export the network to ONNX with its scales.")
    return _without_prefix(tensors)


def _holder(found: Any, deep: int) -> dict[str, Any] | None:
    """The dictionary that holds the tensors: this one, or one inside, by the usual names first."""
    if not isinstance(found, dict) or deep == 0:
        return None
    inside = cast("dict[str, Any]", found)
    if any(isinstance(value, StoredTensor) for value in inside.values()):
        return inside
    order = sorted(inside, key=lambda key: WRAPPERS.index(key) if key in WRAPPERS else len(WRAPPERS))
    return next((found for key in order if (found := _holder(inside[key], deep - 1)) is not None), None)


def _without_prefix(tensors: dict[str, StoredTensor]) -> dict[str, StoredTensor]:
    """`module.` and the like, which wrappers put before every name, one after the other."""
    while tensors:
        common = next((p for p in PREFIXES if all(name.startswith(p) for name in tensors)), None)
        if common is None:
            break
        tensors = {name[len(common) :]: tensor for name, tensor in tensors.items()}
    return tensors


# -------------------------------------------------------------------------- the network


def _network(path: Path, stored: Mapping[str, StoredTensor], fit: Fit) -> Network:
    """The architecture with these weights in it."""
    built = zoo.build(fit.architecture.name)
    model = built.edit()
    for name, theirs in fit.pairs.items():
        value, tensor = model.graph.initializers[name], stored[theirs]
        value.const_value, value.shape = tensor.tensor(name), ir.Shape(tensor.shape)
    if fit.other_outputs:
        shapes.refresh(model)
    network = Network.from_model(model, name=path.stem, path=path)
    recipe = built.input_recipe
    if fit.other_outputs and recipe is not None and recipe.classes:
        network = network.with_input_recipe(replace(recipe, classes=()))
    return network


def _unknown(file: MappedFile, stored: Mapping[str, StoredTensor], found: tuple[Fit, ...]) -> UnknownArchitecture:
    path, code = file.path, _code(file, stored)
    if found:
        names = [fit.architecture.name for fit in found]
        listed = f"{', '.join(names[:-1])} and {names[-1]}"
        what = f"“{path.name}” fits several architectures: {listed}."
        fix = f"Name the one it is: --architecture {names[0]}."
        return UnknownArchitecture(what, "They have weights of the same names and shapes.", fix, names, code)
    own = {name: tensor.shape for name, tensor in stored.items()}
    near = nearest(own)
    where = f"It holds {len(stored)} weights, which are those of no built-in network."
    if near and likeness(own, near[0]) > ALIKE:
        where += f" {near[0].architecture.name} comes nearest: {near[0].words()}"
    fix = f"{HOW}\n{code}"
    names = [fit.architecture.name for fit in near]
    return UnknownArchitecture(f"The architecture of “{path.name}” is not known.", where, fix, names, code)


def _misnamed(
    file: MappedFile, stored: Mapping[str, StoredTensor], fit: Fit, better: Fit | tuple[Fit, ...]
) -> UnknownArchitecture:
    """Not the architecture that was named; perhaps it is known which it is."""
    what, code = f"“{file.path.name}” does not fit {fit.architecture.name}.", _code(file, stored)
    names = [each.architecture.name for each in nearest({name: tensor.shape for name, tensor in stored.items()})]
    if isinstance(better, Fit):
        name = better.architecture.name
        return UnknownArchitecture(what, f"Its weights are those of {name}.", f"Name {name}.", [name], code)
    return UnknownArchitecture(what, fit.words(), f"Name another architecture. {HOW}\n{code}", names, code)


def _code(file: MappedFile, stored: Mapping[str, StoredTensor]) -> str:
    """Lines to copy; the number of channels is the first kernel's."""
    first = next((tensor.shape for tensor in stored.values() if len(tensor.shape) == 4), (0, 3))
    return EXPORT.format(file=file.path.name, channels=first[1], stem=file.path.stem)
