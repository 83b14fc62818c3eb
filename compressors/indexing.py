"""Operators that look up, write to places, order and count, as functions of settings and inputs."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# torch is only partly typed; what comes out of it is checked by the tests.
# ruff: noqa: ARG001 - every function of the table takes the settings and all inputs, used or not

from collections.abc import Callable
from typing import Any

import torch

from compressors.operator_settings import Settings
from compressors.shaping import scalar, torch_type

Tensor = torch.Tensor


def gather(s: Settings, x: Tensor, index: Any) -> Tensor:
    axis = s.integer("axis") % x.dim()
    where = index if isinstance(index, Tensor) else torch.tensor(index)
    taken = x.index_select(axis, where.flatten().long() % x.shape[axis])
    return taken.reshape([*x.shape[:axis], *where.shape, *x.shape[axis + 1 :]])


def gather_elements(s: Settings, x: Tensor, index: Tensor) -> Tensor:
    axis = s.integer("axis") % x.dim()
    return torch.gather(x, axis, index.long() % x.shape[axis])


def gather_nd(s: Settings, x: Tensor, index: Tensor) -> Tensor:
    """The last axis of `index` is a place in x’s axes behind the `batch_dims` first."""
    shared = s.integer("batch_dims")
    places = index.long()
    batches = [torch.arange(size, device=x.device) for size in x.shape[:shared]]
    columns = [
        batch.reshape([-1 if axis == number else 1 for axis in range(places.dim() - 1)])
        for number, batch in enumerate(batches)
    ]
    return x[(*columns, *(places[..., n] for n in range(places.shape[-1])))]


SCATTERS = {"add": "sum", "mul": "prod", "max": "amax", "min": "amin"}


def scatter_elements(s: Settings, x: Tensor, index: Tensor, updates: Tensor) -> Tensor:
    axis = s.integer("axis") % x.dim()
    how, places = s.text("reduction", "none"), index.long() % x.shape[axis]
    if how == "none":
        return x.scatter(axis, places, updates)
    return x.scatter_reduce(axis, places, updates, SCATTERS[how])


def scatter_nd(s: Settings, x: Tensor, index: Tensor, updates: Tensor) -> Tensor:
    """The last axis of `index` is a place in x’s first axes; places given twice are reduced as `reduction` says."""
    known = index.shape[-1]
    sizes, rest = x.shape[:known], x.shape[known:]
    flat = torch.zeros(index.shape[:-1], dtype=torch.long, device=x.device)
    for number, size in enumerate(sizes):
        flat = flat * size + index[..., number].long() % size
    rows, values = x.reshape(-1, rest.numel()), updates.reshape(-1, rest.numel())
    places = flat.reshape(-1, 1).expand_as(values)
    how = s.text("reduction", "none")
    if how == "none":
        return rows.scatter(0, places, values).reshape(x.shape)
    return rows.scatter_reduce(0, places, values, SCATTERS[how]).reshape(x.shape)


def arg(how: Callable[..., Tensor]) -> Callable[[Settings, Tensor], Tensor]:
    """Where the largest or smallest value lies: the first place, or the last if `select_last_index` says so."""

    def found(s: Settings, x: Tensor) -> Tensor:
        axis, keep = s.integer("axis"), bool(s.integer("keepdims", 1))
        if not s.integer("select_last_index"):
            return how(x, axis, keep)
        return x.shape[axis] - 1 - how(x.flip(axis), axis, keep)

    return found


def top_k(s: Settings, x: Tensor, k: Any = None) -> tuple[Tensor, Tensor]:
    """Of equal values the one with the lower index comes first."""
    count = s.integer("k") if k is None else int(scalar(k, 0))
    axis, down = s.integer("axis", -1), bool(s.integer("largest", 1))
    values, places = torch.sort(x, dim=axis, descending=down, stable=True)
    return values.narrow(axis, 0, count), places.narrow(axis, 0, count)


def cumulative(how: Callable[..., Tensor], first: float) -> Callable[..., Tensor]:
    """Running sums or products; exclusive: without the value itself."""

    def running(s: Settings, x: Tensor, axis: Any) -> Tensor:
        along = int(scalar(axis, 0))
        x = x.flip(along) if s.integer("reverse") else x
        if s.integer("exclusive"):
            start = torch.full_like(x.narrow(along, 0, 1), first)
            x = torch.cat([start, x.narrow(along, 0, x.shape[along] - 1)], along)
        total = how(x, along).to(x.dtype)
        return total.flip(along) if s.integer("reverse") else total

    return running


def trilu(s: Settings, x: Tensor, k: Any = None) -> Tensor:
    diagonal = int(scalar(k, 0))
    return torch.triu(x, diagonal) if s.integer("upper", 1) else torch.tril(x, diagonal)


def non_zero(s: Settings, x: Tensor) -> Tensor:
    return torch.nonzero(x).t().contiguous()


def one_hot(s: Settings, index: Tensor, depth: Any, values: Tensor) -> Tensor:
    """`values` is what stands elsewhere, then what stands at the index; an index out of range stands nowhere."""
    size = int(scalar(depth, 0))
    places = index.long()
    places = torch.where(places < 0, places + size, places).unsqueeze(-1)
    hit = places == torch.arange(size, device=index.device)
    axis = s.integer("axis", -1)
    return torch.where(hit, values[1], values[0]).movedim(-1, axis if axis >= 0 else axis + index.dim() + 1)


def reverse_sequence(s: Settings, x: Tensor, lengths: Tensor) -> Tensor:
    return reversed_to(x, lengths, s.integer("time_axis"), s.integer("batch_axis", 1))


def reversed_to(x: Tensor, lengths: Tensor, time: int, batch: int) -> Tensor:
    """The first `lengths[b]` steps of each sequence back to front, the rest as they are."""
    steps = torch.arange(x.shape[time], device=x.device)[:, None]
    ends = lengths.long()[None, :]
    places = torch.where(steps < ends, ends - 1 - steps, steps)  # (time, batch)
    moved = x.movedim((time, batch), (0, 1))
    return moved[places, torch.arange(moved.shape[1], device=x.device)[None, :]].movedim((0, 1), (time, batch))


def eye_like(s: Settings, x: Tensor) -> Tensor:
    made = torch.zeros_like(x, dtype=torch_type(s.integer("dtype")) if "dtype" in s else None)
    made.diagonal(s.integer("k")).fill_(1)
    return made
