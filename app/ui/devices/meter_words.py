"""Why there is no energy: what would be needed on this very device."""

from __future__ import annotations

from app.ui.devices.roster import HERE, device_title
from profiler.measurement import DeviceFacts, Profile

EXTERNAL = (
    "An external meter that writes time and watts as CSV can be laid beside a profile: see Imported; "
    "tick “Marker” in the settings first, so that the two can be aligned."
)
READ_BY_US = (
    "NetBonsai reads jtop (jetson-stats), tegrastats and the INA3221 sensors of Jetson boards, and the RAPL counters "
    "of x86 processors."
)
LOCKED_COUNTER = "energy meter, but only root may read it"  # how a profile's warning says so


def why_no_power(device: str, facts: DeviceFacts | None, profile: Profile | None) -> str:
    """What would be needed, in a few sentences. The most particular reason comes first."""
    if profile is not None and profile.imported and profile.power is None:
        return f"This profile was measured elsewhere, and has no power beside it. {EXTERNAL}"
    if profile is not None and profile.power is not None:
        return (
            f"{profile.power.source} gave {profile.power.samples} samples during the run, and energy needs two or "
            "more. Take more runs, so that the run lasts longer."
        )
    locked = next((w for w in (profile.load.warnings if profile else ()) if LOCKED_COUNTER in w), "")
    if locked:
        return f"{locked} Let a group that you are in read that file, or run NetBonsai where it may. {EXTERNAL}"
    if facts is None:
        return f"{device_title(device)} has not answered yet, so what meters it has is not known. {READ_BY_US}"
    if facts.meters:
        meters = ", ".join(facts.meters)
        return f"{_name(device)} has a meter now ({meters}), and this profile was taken without it. Profile again."
    if _is(facts, "tk1"):
        return f"The TK1 has no power sensor on its board. {EXTERNAL}"
    if facts.l4t or _is(facts, "jetson", "tegra"):
        return (
            f"No meter answered on {_name(device)}. Install jetson-stats there (sudo pip3 install -U jetson-stats), "
            "start it anew (sudo systemctl restart jtop), and test the connection again. tegrastats and the board’s "
            f"INA3221 sensors were tried too. {EXTERNAL}"
        )
    return f"No meter was found on {_name(device)}. {READ_BY_US} {EXTERNAL}"


def _name(device: str) -> str:
    return "this computer" if device == HERE else device


def _is(facts: DeviceFacts, *names: str) -> bool:
    said = f"{facts.model} {facts.cpu} {facts.gpu}".lower()
    return any(name in said for name in names)
