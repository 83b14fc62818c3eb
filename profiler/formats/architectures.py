"""Which built-in network a list of named weights belongs to: by names and shapes, else by shapes in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from profiler import zoo
from profiler.errors import BadInput
from profiler.layer import operator_name
from profiler.network import Network
from profiler.operators import WEIGHT_INPUTS

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]
FEW = 3  # names listed of those that do not fit
HEADS = ("Conv", "Gemm")  # their weight and bias have the outputs as their first axis


class UnknownArchitecture(BadInput):
    """Weights that no built-in network has, or several have. `candidates` may be named instead: nearest first.

    `code`: lines of Python that write the network with its architecture.
    """

    def __init__(
        self, what: str, where: str = "", fix: str = "", candidates: Sequence[str] = (), code: str = ""
    ) -> None:
        super().__init__(what, where, fix)
        self.candidates, self.code = tuple(candidates), code


@dataclass(frozen=True)
class Architecture:
    """A built-in network: its weights in the graph's order, and those of its last layer, whose outputs may differ."""

    name: str
    weights: Shapes
    head: frozenset[str]


@dataclass(frozen=True)
class Fit:
    """How stored weights lie on an architecture. `pairs`: its weight → the stored one. None of the rest: it fits."""

    architecture: Architecture
    pairs: Mapping[str, str]
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    misshaped: tuple[str, ...] = ()  # each in words: fc.weight is 10 × 64 and not 100 × 64
    other_outputs: bool = False

    @property
    def fits(self) -> bool:
        return not (self.missing or self.unexpected or self.misshaped)

    def words(self) -> str:
        """2 of its 97 weights are missing: a and b. 1 tensor is not one of its own: c."""
        parts: list[str] = []
        if self.missing:
            parts.append(f"{len(self.missing)} of its {len(self.architecture.weights)} weights are missing: ")
            parts[-1] += _some(self.missing)
        if self.unexpected:
            are = "tensor is not one of its own" if len(self.unexpected) == 1 else "tensors are not its own"
            parts.append(f"{len(self.unexpected)} {are}: {_some(self.unexpected)}")
        if self.misshaped:
            have = "weight has another shape" if len(self.misshaped) == 1 else "weights have other shapes"
            parts.append(f"{len(self.misshaped)} {have}: {_some(self.misshaped)}")
        return " ".join(f"{part}." for part in parts)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return ", ".join(name[:80] for name in names[:FEW]) + more


@cache
def architecture(name: str) -> Architecture:
    """The built-in network of this name. Raises BadInput listing the names."""
    network = zoo.build(name)
    weights = _weights(network)
    return Architecture(network.name, weights, _head(network, weights))


def known() -> tuple[Architecture, ...]:
    """Every built-in network but those that are another one with weights of its own."""
    return tuple(architecture(entry.name) for entry in zoo.ZOO.values() if not entry.trained)


def _weights(network: Network) -> dict[str, Shape]:
    """The initializers that layers read as their weights: not the sizes and bounds that a graph stores beside them."""
    read = {
        node.inputs[position]
        for node in network.model.graph
        for position in WEIGHT_INPUTS.get(operator_name(node), ())
        if position < len(node.inputs)
    }
    shapes = {name: shape for name, (shape, dtype) in network.weights().items() if dtype.kind == "f"}
    return {name: shapes[name] for name, value in network.model.graph.initializers.items() if value in read}


def _head(network: Network, weights: Shapes) -> frozenset[str]:
    last = next((n for n in reversed(network.model.graph) if any(v and v.name in weights for v in n.inputs)), None)
    if (
        last is None
        or last.op_type not in HEADS
        or (last.op_type == "Gemm" and not last.attributes.get_int("transB", 0))
    ):
        return frozenset()
    return frozenset(value.name for value in last.inputs[1:3] if value is not None and value.name) & weights.keys()


def fitted(stored: Shapes, name: str, ordered: bool) -> Fit:
    """How these weights lie on the architecture that was named; `ordered`: their order is the modules' own.

    Raises BadInput on a name that does not exist.
    """
    known_one = architecture(zoo.entry(name).name)
    fit = by_name(stored, known_one)
    if fit.fits:
        return fit
    return (by_order(stored, known_one) if ordered else None) or fit


def recognised(stored: Shapes, ordered: bool) -> Fit | tuple[Fit, ...]:
    """The one architecture that has these weights, or those that do not differ in them: none, or several.

    The first way that finds any decides: the same names and shapes; the same but for the number of outputs; the same
    shapes in the same order, which says little of one layer and much of twenty.
    """
    all_known = known()
    ways: list[Callable[[Architecture], Fit | None]] = [lambda a: by_name(stored, a)]
    if ordered:
        ways.append(lambda a: by_order(stored, a))
    for way in ways:
        found = [fit for each in all_known if (fit := way(each)) is not None and fit.fits]
        exact = [fit for fit in found if not fit.other_outputs]
        if exact or found:
            chosen = exact or found
            return chosen[0] if len(chosen) == 1 else tuple(chosen)
    return ()


def nearest(stored: Shapes) -> list[Fit]:
    """Every architecture, those first that share most names and shapes with these weights."""
    fits = [by_name(stored, each) for each in known()]
    return sorted(fits, key=lambda fit: -_likeness(stored, fit.architecture))


def likeness(stored: Shapes, fit: Fit) -> float:
    """The share of names and shapes in common, 0 to 1."""
    return _likeness(stored, fit.architecture)


def _likeness(stored: Shapes, of: Architecture) -> float:
    both = set(stored.items()) & set(of.weights.items())
    return len(both) / max(len(stored), len(of.weights), 1)


def by_name(stored: Shapes, of: Architecture) -> Fit:
    """Each weight by its name."""
    missing = tuple(name for name in of.weights if name not in stored)
    unexpected = tuple(name for name in stored if name not in of.weights)
    differ = [name for name, shape in of.weights.items() if name in stored and stored[name] != shape]
    other = bool(differ) and _other_outputs([(of.weights[n], stored[n]) for n in differ], differ, of)
    misshaped = (
        () if other else tuple(f"{n} is {_written(stored[n])} and not {_written(of.weights[n])}" for n in differ)
    )
    pairs = {name: name for name in of.weights if name in stored}
    return Fit(of, pairs, missing, unexpected, misshaped, other)


def by_order(stored: Shapes, of: Architecture) -> Fit | None:
    """The first weight of one is the first of the other, and so on; None where a shape or the kind differs."""
    if len(stored) != len(of.weights):
        return None
    pairs = dict(zip(of.weights, stored, strict=True))
    if any(_kind(mine) != _kind(theirs) for mine, theirs in pairs.items()):
        return None
    differ = [mine for mine, theirs in pairs.items() if of.weights[mine] != stored[theirs]]
    if differ and not _other_outputs([(of.weights[n], stored[pairs[n]]) for n in differ], differ, of):
        return None
    return Fit(of, pairs, other_outputs=bool(differ))


def _kind(name: str) -> str:
    """`weight` of `layer1.0.bn1.weight`: what keeps a bias from standing in for a running mean."""
    return name.rpartition(".")[2]


def _other_outputs(shapes: Iterable[tuple[Shape, Shape]], names: Sequence[str], of: Architecture) -> bool:
    """Only the last layer differs, in how many outputs it has: weights trained on other classes."""
    outputs = {theirs[0] if len(theirs) == len(mine) and theirs[1:] == mine[1:] else 0 for mine, theirs in shapes}
    return frozenset(names) == of.head and len(outputs) == 1 and min(outputs) > 0


def _written(shape: Shape) -> str:
    return " × ".join(str(size) for size in shape) or "one number"
