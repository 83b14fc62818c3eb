"""What a battery gives: hours and inferences, from a measured profile, watt-hours and how often the network runs."""

from __future__ import annotations

from dataclasses import dataclass

from app import words
from profiler.errors import BadInput
from profiler.measurement import Profile

HOUR = 3600.0  # seconds
FULL = 1.0005  # a duty of 100 % as people type it


@dataclass(frozen=True)
class Battery:
    """How long a battery lasts at a duty, and every figure that this follows from.

    Power is that of the rail which was measured, idle included. `duty` is the share of the time in which the network
    runs, 0 to 1. `inferences` and `per_hour` count runs of the network; a run has `batch` images.
    """

    watt_hours: float
    per_hour: float
    hours: float
    inferences: float
    mean_watts: float
    idle_watts: float
    energy_mj: float
    duty: float
    batch: int
    rail: str
    source: str
    imported: bool

    @property
    def images(self) -> float:
        return self.inferences * self.batch

    @property
    def formula(self) -> str:
        """The arithmetic with its numbers: 4.00 W + 96.0 mJ × 3,600 ÷ 3,600 s = 4.10 W; 10 Wh ÷ 4.10 W = 2.44 h."""
        idle, mean = f"{words.significant(self.idle_watts)} W", f"{words.significant(self.mean_watts)} W"
        often = words.exact(round(self.per_hour))
        runs = f"{words.millijoules(self.energy_mj)} × {often} ÷ 3,600 s"
        return (
            f"{idle} idle + {runs} = {mean}; {words.significant(self.watt_hours)} Wh ÷ {mean} = "
            f"{words.significant(self.hours)} h"
        )


def battery(profile: Profile, watt_hours: float, per_hour: float | None = None) -> Battery | None:
    """How long `watt_hours` last when the network runs `per_hour` times an hour; None of it: without a pause.

    With P_idle the idle power in watts, E the energy of one inference above idle in joules and n the inferences an
    hour, the mean power is P = P_idle + E · n ÷ 3600: the device idles between inferences, and that counts. Then

        hours = Wh ÷ P        inferences = hours · n

    Without a pause n is 3600 s ÷ (run window ÷ inferences in it). The battery is taken to give all it is rated for,
    and everything that hangs on it to be on the measured rail. None where energy was not measured. Raises BadInput
    on a capacity that is none, and on a pace that the device cannot keep.
    """
    power = profile.power
    if power is None or power.energy_mj is None:
        return None
    if not 0 < watt_hours < float("inf"):
        raise BadInput("A battery has more than 0 watt-hours.", fix="Its label says how many: volts × ampere-hours.")
    most = HOUR * power.inferences / (power.run_stop - power.run_start)
    pace = most if per_hour is None else per_hour
    if not 0 <= pace <= most * FULL:  # also what is no number
        raise BadInput(
            f"{pace:,.0f} inferences an hour cannot be met.".replace("-", words.MINUS),
            f"This device runs the network at most {words.exact(int(most))} times an hour.",
            f"Give a number from 0 to {words.exact(int(most))}.",
        )
    mean = power.baseline_watts + power.energy_mj / 1000 * pace / HOUR
    if mean <= 0:
        return None
    hours = watt_hours / mean
    return Battery(
        watt_hours=watt_hours,
        per_hour=pace,
        hours=hours,
        inferences=hours * pace,
        mean_watts=mean,
        idle_watts=power.baseline_watts,
        energy_mj=power.energy_mj,
        duty=min(pace / most, 1.0),
        batch=profile.settings.batch,
        rail=power.rail,
        source=power.source,
        imported=bool(profile.imported or power.imported),
    )
