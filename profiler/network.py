"""What a network is: an ONNX graph and how its input is made. A value: editing makes a new one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx_ir as ir

from profiler import shapes
from profiler.atomic import write_atomically
from profiler.errors import BadInput
from profiler.input_recipe import InputRecipe
from profiler.mapped import MappedFile
from profiler.plain import from_json, to_json
from profiler.serial import LARGEST_FILE, chunks, size_in_bytes

RECIPE_KEY = "netbonsai.input_recipe"  # in the file's metadata_props
PIECE = 1 << 22


class Network:
    """An `onnx_ir` model with its name, its file and its input recipe. Never change `model`: `edit()` gives a copy.

    `file` is the mapped file this network was read from, as long as it is exactly what that file says. `outline` is the
    model serialised less its large tensors, where reading has made it: shape inference may begin from it.
    """

    def __init__(
        self,
        model: ir.Model,
        *,
        name: str,
        path: Path | None = None,
        input_recipe: InputRecipe | None = None,
        file: MappedFile | None = None,
        outline: bytes | None = None,
    ) -> None:
        self.model = model
        self.name = name
        self.path = path
        self.input_recipe = input_recipe
        self.file = file
        self.outline = outline

    @classmethod
    def from_model(
        cls, model: ir.Model, *, name: str, path: Path | None = None, input_recipe: InputRecipe | None = None
    ) -> Network:
        """A network around a model that is handed over; unnamed nodes get names, the recipe goes into the metadata.

        Without `input_recipe`, the one in the model's metadata is used.
        """
        name_nodes(model)
        network = cls(model, name=name, path=path, input_recipe=recipe_in(model))
        return network if input_recipe is None else network.with_input_recipe(input_recipe)

    def __repr__(self) -> str:
        return f"Network({self.name!r}, {len(self.model.graph)} nodes)"

    @property
    def inputs(self) -> Mapping[str, tuple[int | str, ...]]:
        """The inputs a user feeds, with their shapes; an open size is its symbol (`?` without one)."""
        return {value.name or "": shapes.dims(value.shape) for value in shapes.real_inputs(self.model)}

    @property
    def opset(self) -> int:
        """The version of ONNX's own operators."""
        return self.model.opset_imports.get("", self.model.opset_imports.get("ai.onnx", 0))

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of the bytes that `save` writes. Reads every weight."""
        total = hashlib.sha256()
        for piece in self.pieces():
            total.update(piece)
        return total.hexdigest()

    def pieces(self) -> Iterator[bytes]:
        """The bytes of its file: those it was read from while nothing was changed, else the model, weights inline."""
        if self.file is None:
            yield from chunks(self.model)
            return
        for start in range(0, len(self.file), PIECE):
            self.file.check()
            yield self.file.data[start : start + PIECE]

    def weight(self, name: str) -> np.ndarray:
        """The values of an initializer (or of a Constant node's output), read-only. Raises KeyError on another name.

        It may be a view of a mapped file: aligned to nothing, and read from the disk when touched.
        """
        tensor = self._tensor(name)
        if tensor is None:
            raise KeyError(name)
        values = tensor.numpy().view()
        values.flags.writeable = False
        return values

    def weights(self) -> Mapping[str, tuple[tuple[int, ...], np.dtype[Any]]]:
        """Shape and type of every initializer. No value is read."""
        return {
            name: (tuple(value.const_value.shape.numpy()), np.dtype(value.const_value.dtype.numpy()))
            for name, value in self.model.graph.initializers.items()
            if value.const_value is not None
        }

    def _tensor(self, name: str) -> ir.TensorProtocol | None:
        value = self.model.graph.initializers.get(name)
        if value is not None:
            return value.const_value
        node = constant_node(self.model, name)
        return ir.convenience.get_const_tensor(node.outputs[0]) if node is not None else None

    def edit(self) -> ir.Model:
        """A copy that may be changed. Its tensors are shared with this network: replace them, never write into them."""
        return self.model.clone()

    def with_weights(self, changed: Mapping[str, np.ndarray]) -> Network:
        """The same graph with these weights replaced, in the type they had. New shapes are followed through the graph.

        Raises KeyError on a name that is no weight, BadInput when a new shape does not fit the graph.
        """
        model, reshaped = self.edit(), False
        for name, values in changed.items():
            reshaped = set_weight(model, name, values) or reshaped
        if reshaped:
            shapes.refresh(model)
        return self._with_model(model)

    def _with_model(self, model: ir.Model) -> Network:
        return Network(model, name=self.name, path=self.path, input_recipe=self.input_recipe)

    def with_input_recipe(self, recipe: InputRecipe) -> Network:
        """The same network with another input recipe, kept in the file's metadata."""
        if recipe == self.input_recipe:
            return self
        model = self.edit()
        model.metadata_props[RECIPE_KEY] = to_json(recipe).decode()
        return Network(model, name=self.name, path=self.path, input_recipe=recipe)

    def with_guessed_recipe(self, recipe: InputRecipe | None) -> Network:
        """The same network with a recipe that stands beside it: its file, and so its digest, stays what it was."""
        return Network(
            self.model, name=self.name, path=self.path, input_recipe=recipe, file=self.file, outline=self.outline
        )

    def named(self, name: str) -> Network:
        """The same network under another name, for people: its file stays what it was."""
        return Network(self.model, name=name, path=self.path, input_recipe=self.input_recipe, file=self.file)

    def open_sizes(self) -> Mapping[str, tuple[int | str, ...]]:
        """The inputs that have an unbound size other than the batch, with their shapes."""
        return {
            name: shape
            for name, shape in self.inputs.items()
            if shape == shapes.NO_RANK or any(isinstance(size, str) for size in shape[1:])
        }

    def with_input_shapes(self, given: Mapping[str, Sequence[int]]) -> Network:
        """Bind open sizes; the key "" is the first input. A batch of 1 leaves an open batch open.

        Raises BadInput naming the input when it does not exist or a size does not fit.
        """
        if not given:
            return self
        model = self.edit()
        changed = [_bind_input(model, name, tuple(shape)) for name, shape in given.items()]
        if not any(changed):
            return self
        shapes.refresh(model)
        return self._with_model(model)


def save(network: Network, path: Path) -> None:
    """Write the network as one ONNX file, weights inline: a temporary file beside it, on the disk, then renamed.

    Raises BadInput when the weights are more than an ONNX file holds or the folder is not there, Failed when the disk
    is full or refuses; nothing is left behind then, and a file that stood there stays.
    """
    size = size_in_bytes(network.model)
    if size > LARGEST_FILE:
        raise BadInput(
            f"“{network.name}” is too large for one ONNX file.",
            f"Its weights are {size:,} bytes; the format ends at {LARGEST_FILE:,}.",
        )
    write_atomically(path, network.pieces())


def constant_node(model: ir.Model, name: str) -> ir.Node | None:
    """The Constant node whose output has this name."""
    nodes = (node for node in model.graph if node.op_type == "Constant")
    return next((node for node in nodes if node.outputs[0].name == name), None)


def set_weight(model: ir.Model, name: str, values: np.ndarray) -> bool:
    """Replace an initializer (or Constant node) by `values`, in its type; True when the shape changed."""
    value = model.graph.initializers.get(name)
    if value is None:
        node = constant_node(model, name)
        if node is None:
            raise KeyError(name)
        value = _lift_constant(model, node)
    old = value.const_value
    assert old is not None
    tensor = ir.Tensor(np.ascontiguousarray(values, dtype=old.dtype.numpy()), dtype=old.dtype, name=name)
    reshaped = tuple(old.shape.numpy()) != tuple(tensor.shape.numpy())
    value.const_value, value.shape = tensor, ir.Shape(tensor.shape.numpy())
    return reshaped


def _lift_constant(model: ir.Model, node: ir.Node) -> ir.Value:
    old = node.outputs[0]
    tensor = ir.convenience.get_const_tensor(old)
    assert tensor is not None
    name, old.name = old.name, f"{old.name}.was"
    new = ir.Value(
        name=name, type=ir.TensorType(tensor.dtype), shape=ir.Shape(tensor.shape.numpy()), const_value=tensor
    )
    model.graph.register_initializer(new)
    ir.convenience.replace_all_uses_with(old, new, replace_graph_outputs=True)
    model.graph.remove(node, safe=True)
    return new


def name_nodes(model: ir.Model) -> None:
    """Give each node of the main graph a name of its own: unnamed ones `Op_index`, as ONNX Runtime names them too."""
    taken: set[str] = set()
    wanting: list[tuple[int, ir.Node]] = []
    for index, node in enumerate(model.graph):
        if node.name and node.name not in taken:
            taken.add(node.name)
        else:
            wanting.append((index, node))
    for index, node in wanting:
        name = base = f"{node.name or node.op_type}_{index}"
        count = 1
        while name in taken:
            count += 1
            name = f"{base}_{count}"
        node.name = name
        taken.add(name)


def recipe_in(model: ir.Model) -> InputRecipe | None:
    """The input recipe in a model's metadata; None when there is none, or it is not one."""
    text = model.metadata_props.get(RECIPE_KEY)
    if text is None:
        return None
    try:
        return from_json(text, InputRecipe)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None


def _bind_input(model: ir.Model, name: str, shape: tuple[int, ...]) -> bool:
    value = _input_named(model, name)
    old = shapes.dims(value.shape)
    if old == shapes.NO_RANK:
        _check_sizes(value.name or "", shape, shape)
        value.shape = ir.Shape(shape)
        return True
    _check_sizes(value.name or "", old, shape)
    batch = old[0] if isinstance(old[0], str) and shape[0] == 1 else shape[0]
    value.shape = ir.Shape([batch, *shape[1:]])
    bound = list(zip(old, shape, strict=True))[0 if batch == shape[0] else 1 :]
    sizes = {was: size for was, size in bound if isinstance(was, str) and was != shapes.UNNAMED}
    shapes.bind(model, sizes)
    return shapes.dims(value.shape) != old


def _input_named(model: ir.Model, name: str) -> ir.Value:
    inputs = shapes.real_inputs(model)
    if inputs and name == "":
        return inputs[0]
    for value in inputs:
        if value.name == name:
            return value
    names = ", ".join(f"“{value.name}”" for value in inputs) or "none"
    raise BadInput(f"The network has no input “{name}”.", fix=f"Its inputs are: {names}.")


def written(shape: Sequence[int | str]) -> str:
    """1 × 3 × H × W."""
    return " × ".join(str(size) for size in shape)


def _check_sizes(name: str, old: Sequence[int | str], new: tuple[int, ...]) -> None:
    fits = len(old) == len(new) and all(
        size >= 1 and (isinstance(was, str) or was == size) for was, size in zip(old, new, strict=True)
    )
    if not fits:
        raise BadInput(
            f"The size {written(new)} does not fit the input “{name}”.",
            f"It is {written(old)}.",
            "Give as many sizes as it has, and leave the fixed ones as they are.",
        )
