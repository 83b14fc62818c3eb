"""What a job’s worker needs to know: the settings it was asked with, completed by what the study knows now."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.jobs import JobView
from app.study import Candidate, Study
from profiler.errors import BadInput
from profiler.plain import to_json, to_plain


def completed(view: JobView, asked: Mapping[str, Any], study: Study, folder: Path, objects: Path) -> dict[str, Any]:
    """The settings of a job of the study in `folder`. Raises BadInput on a candidate that is not there."""
    settings: dict[str, Any] = {**asked, "letter": view.letter, "objects": str(objects), "folder": str(folder)}
    if study.data is not None:
        settings.setdefault("data", study.data.data)
    if view.kind == "compress":
        parent = _candidate(study, asked["parent"])
        steps = [step for step in asked["steps"] if step.get("enabled", True)]
        settings |= {"source": parent.source, "steps": steps, "input_recipe": to_plain(parent.input_recipe)}
        settings["file_name"] = f"{Path(_file_name(study)).stem}-{view.letter}.onnx"
        settings["checkpoints"] = str(_checkpoints(folder, settings))
    elif view.kind == "compare":
        chosen = [_candidate(study, letter) for letter in asked["letters"]]
        settings["networks"] = [{"letter": c.letter, "source": c.source} for c in chosen]
    elif view.kind in ("evaluate", "activity", "pack", "profile"):
        candidate = _candidate(study, view.letter)
        settings |= {"source": candidate.source, "input_recipe": to_plain(candidate.input_recipe)}
        settings["name"] = candidate.breakdown.network
    return settings


def _file_name(study: Study) -> str:
    return study.baseline.file_name if study.baseline is not None else "network"


def _candidate(study: Study, letter: str) -> Candidate:
    if letter not in study.candidates:
        known = ", ".join(study.candidates) or "none yet"
        raise BadInput(f"There is no candidate {letter} in this study.", fix=f"There are: {known}.")
    return study.candidates[letter]


def _checkpoints(folder: Path, settings: Mapping[str, Any]) -> Path:
    """The same work finds the same checkpoints, whichever job does it."""
    same = {key: settings.get(key) for key in ("source", "steps", "seed", "data")}
    return folder / "checkpoints" / hashlib.sha256(to_json(same)).hexdigest()[:16]
