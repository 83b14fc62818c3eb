"""What a job’s worker needs to know: the settings it was asked with, completed by what the study knows now."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.jobs import HERE, JobView
from app.study import Candidate, Study
from app.vault import Vault
from profiler.errors import BadInput
from profiler.measurement import DeviceFacts
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
        # where steps measure what they ask a device for
        settings["device"] = asked.get("device") or next(iter(asked.get("profile_on") or ()), HERE)
        settings["checkpoints"] = str(_checkpoints(folder, settings))
    elif view.kind == "compare":
        chosen = [_candidate(study, letter) for letter in asked["letters"]]
        settings["networks"] = [{"letter": c.letter, "source": c.source} for c in chosen]
    elif view.kind in ("evaluate", "activity", "pack", "profile", "sweep", "import", "meter"):
        candidate = _candidate(study, view.letter)
        settings |= {"source": candidate.source, "input_recipe": to_plain(candidate.input_recipe)}
        settings["name"] = candidate.breakdown.network
        settings["title"] = candidate.title
    if view.kind == "meter":
        settings["profile"] = profile_of(study, view.letter, asked["device"])
        if settings["profile"] is None:
            raise BadInput(
                f"{view.letter} has not run on {asked['device']}.",
                "There is nothing to lay the meter’s readings beside.",
                "Profile it there first, with the marker.",
            )
    return settings


def reaching(device: str, secrets: Vault) -> dict[str, Any]:
    """What a worker needs to reach a device. The secret goes to the worker and is recorded nowhere."""
    secret = secrets.get(device)
    return {"device": device} | ({} if secret is None else {"secret": secret})


def device_facts(study: Study, view: JobView) -> DeviceFacts | None:
    """What the device of a job that is done said of itself."""
    if view.kind == "profile":
        profile = study.candidates[view.letter].profiles.get(view.device)
        return profile.device if profile is not None else None
    if view.kind == "sweep":
        found = [fact.sweep.device for fact in study.sweeps if fact.device == view.device]
    else:
        found = [fact.comparison.device for fact in study.comparisons if fact.device == view.device]
    return found[-1] if found else None


def profile_of(study: Study, letter: str, device: str) -> dict[str, Any] | None:
    """The candidate's profile on a device as plain values; None where it has not run there."""
    candidate = study.candidates.get(letter)
    profile = candidate.profiles.get(device) if candidate is not None else None
    return None if profile is None else to_plain(profile)


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
    if settings.get("device", HERE) != HERE:  # what a step measured on one device says nothing of another
        same["device"] = settings["device"]
    return folder / "checkpoints" / hashlib.sha256(to_json(same)).hexdigest()[:16]
