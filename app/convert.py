"""A network written as one ONNX file for another program or an older runtime."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from app.answers import Answer
from profiler.errors import BadInput

if TYPE_CHECKING:
    from profiler.network import Network


def convert(network: Network, out: Path, opset: int | None = None, ir_version: int | None = None) -> Answer:
    """Write it, in an opset and IR version no newer than those asked for (None: its own; the IR that came with the
    opset); what was done to it. Nothing is written when it has no exact form there.

    Raises BadInput, and Failed when the disk is full.
    """
    from profiler.network import save
    from profiler.opset import IR_OF_OPSET, lowering

    wanted = network.opset if opset is None else opset
    usual = IR_OF_OPSET.get(wanted, network.model.ir_version) if opset is not None else network.model.ir_version
    made = lowering(_with_its_recipe(network), wanted, usual if ir_version is None else ir_version)
    save(made.network, out)
    return {
        "out": str(out),
        "file_bytes": out.stat().st_size,
        "opset": made.network.opset,
        "ir_version": made.network.model.ir_version,
        "rewritten": list(made.rewritten),
        "formulas": list(made.formulas),
    }


def _with_its_recipe(network: Network) -> Network:
    """How its input is made goes with it, unless that was only guessed."""
    from app.networks import with_recipe_inside

    recipe = network.input_recipe
    return network if recipe is None or recipe.source == "guessed" else with_recipe_inside(network)


def runtime_opset(name: str) -> int:
    """The newest opset that a release of ONNX Runtime loads: `1.10` is 15. Raises BadInput on a release not known."""
    from profiler.opset import OPSET_OF_RUNTIME

    release = ".".join(name.lower().removeprefix("onnxruntime").strip("-= ").split(".")[:2])
    if release not in OPSET_OF_RUNTIME:
        raise BadInput(
            f"What ONNX Runtime “{name}” loads is not known.",
            fix=f"Known are {', '.join(OPSET_OF_RUNTIME)}. For another, give --opset.",
        )
    return OPSET_OF_RUNTIME[release]
