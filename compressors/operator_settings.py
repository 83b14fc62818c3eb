"""A node's attributes, as the functions that carry operators out read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import onnx_ir as ir


@dataclass(frozen=True)
class Settings:
    """Attributes by name, and the opset that says what they mean."""

    values: Mapping[str, Any]
    opset: int

    @classmethod
    def of(cls, node: ir.Node, opset: int) -> Settings:
        """The attributes of a node; tensors become arrays. Subgraphs are left out."""
        return cls({name: _plain(attribute.value) for name, attribute in node.attributes.items()}, opset)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def integer(self, name: str, default: int = 0) -> int:
        return int(self.values.get(name, default))

    def number(self, name: str, default: float) -> float:
        return float(self.values.get(name, default))

    def integers(self, name: str, default: Sequence[int] | None = None) -> list[int]:
        """A list of whole numbers. Raises KeyError where it is neither given nor has a default."""
        found = self.values[name] if default is None else self.values.get(name, default)
        return [int(value) for value in found]

    def text(self, name: str, default: str) -> str:
        return str(self.values.get(name, default))

    def array(self, name: str) -> np.ndarray | None:
        return self.values.get(name)


def _plain(value: Any) -> Any:
    return np.array(value.numpy()) if hasattr(value, "numpy") else value


def listed(numbers: Any) -> list[int] | None:
    """Whole numbers that came as a tensor, an array or a list; None where none were given."""
    if numbers is None:
        return None
    return [int(number) for number in (numbers.flatten().tolist() if hasattr(numbers, "flatten") else numbers)]


def axes_of(s: Settings, given: Any, rank: int) -> list[int] | None:
    """Axes from 0 on: an attribute in older opsets and an input in newer ones. None where they are left out."""
    if given is None and "axes" not in s:
        return None
    axes = s.integers("axes") if given is None else listed(given) or []
    return [axis + rank if axis < 0 else axis for axis in axes]
