"""A recipe on another network: settings of layers that are not there are taken out, and said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from compressors.method import find, knobs
from compressors.methods.layers import weighted
from profiler.breakdown import Breakdown


def strangers(steps: Sequence[Mapping[str, Any]], network: Breakdown) -> tuple[str, ...]:
    """The layers that steps name and the network has not, each once."""
    there = weighted(network)
    named = (name for step in steps for knob in _by_name(step) for name in cast("Sequence[str]", step[knob]))
    return tuple(dict.fromkeys(name for name in named if name not in there))


def fitted(steps: Sequence[Mapping[str, Any]], network: Breakdown) -> list[dict[str, Any]]:
    """The steps without what they say of layers that are not there. A step that picked none but such ones works on all
    layers; a table that is empty then leaves every layer the common value."""
    there = weighted(network)
    return [{**step, **{knob: _kept(step[knob], there) for knob in _by_name(step)}} for step in steps]


def _by_name(step: Mapping[str, Any]) -> list[str]:
    """Its settings that name layers."""
    kinds = ("layers", "per_layer", "values")
    return [knob.name for knob in knobs(find(step["method"])) if knob.kind in kinds and knob.name in step]


def _kept(value: Any, there: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {name: held for name, held in cast("Mapping[str, Any]", value).items() if name in there}
    return tuple(name for name in cast("Sequence[str]", value) if name in there)
