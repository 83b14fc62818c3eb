"""A training run's last finished epoch, kept in one file."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false, reportUnknownParameterType=false
# torch is only partly typed; what comes out of it is checked by the tests.

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from profiler.atomic import write_atomically

FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """The states of module and optimizer after `len(rows)` epochs, and a row for each."""

    module: Mapping[str, Any]
    optimizer: dict[str, Any]
    rows: list[dict[str, float]]


def fingerprint(module: nn.Module, settings: object) -> str:
    """What tells this run from any other: the weights it starts from and its settings."""
    digest = hashlib.sha256(repr(settings).encode())
    for name, tensor in module.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().contiguous().numpy().tobytes())
    return digest.hexdigest()


def save(path: Path, run: str, checkpoint: Checkpoint) -> None:
    """Write it whole, then rename: a crash leaves the last one. Raises Failed when the disk is full or refuses."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = io.BytesIO()
    torch.save({"format": FORMAT, "run": run, **vars(checkpoint)}, content)
    write_atomically(path, [content.getvalue()])


def load(path: Path, run: str) -> Checkpoint | str:
    """The checkpoint of this run, or one sentence that says why there is none."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 - a damaged file fails in torch in many ways; none may end the run
        return f"the checkpoint is damaged ({type(error).__name__})."
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        return "the checkpoint is of another version."
    if content.get("run") != run:
        return "the checkpoint is of another run."
    return Checkpoint(content["module"], content["optimizer"], content["rows"])
