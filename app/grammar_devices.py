"""The commands about devices, as they are said: what can be measured on, what is measured there, what it means."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from app.grammar_parts import command, engine, how, measured, network, number, power, whole, wholes

DEVICE = "cpu (this computer) or a name"


def profile(commands: Any) -> None:
    made = command(commands, "profile", "Time, memory and power on a device, layer by layer.", "measure:profile")
    network(made)
    made.add_argument("--device", action="append", metavar="D",
                      help=f"{DEVICE}; may be repeated: different boards are measured at once")  # fmt: skip
    how(made)
    power(made)
    measured(made)


def sweep(commands: Any) -> None:
    made = command(commands, "sweep", "Latency and throughput against batch size and threads.", "sweeps:sweep")
    network(made)
    made.add_argument("--device", default="cpu", metavar="D", help=DEVICE)
    made.add_argument("--batches", type=wholes(1), default=[1, 2, 4, 8, 16], metavar="N,N…", help="(1,2,4,8,16)")
    made.add_argument("--threads", type=wholes(1), default=[1], metavar="N,N…", help="threads of the engine (1)")
    made.add_argument("--runs", type=whole(1), default=20, metavar="N", help="timed runs of each (20)")
    made.add_argument("--warmup", type=whole(0), default=5, metavar="N", help="runs before them (5)")
    engine(made)
    measured(made)


def import_profile(commands: Any) -> None:
    made = command(
        commands, "import-profile", "What another tool measured, as a profile of a device.", "imported:import_profile"
    )
    network(made)
    made.add_argument("files", nargs="+", metavar="FILE",
                      help="of ONNX Runtime, trtexec (two belong together), caffe time or benchncnn")  # fmt: skip
    made.add_argument("--device", required=True, metavar="NAME", help="the device that it was measured on")
    measured(made)


def meter(commands: Any) -> None:
    made = command(commands, "meter", "An external meter’s CSV beside a profile: its energy.", "imported:meter")
    network(made)
    made.add_argument("readings", metavar="FILE.csv", help="time and watts (or volts and amperes)")
    made.add_argument("--device", required=True, metavar="D", help="the device whose newest profile it belongs to")
    made.add_argument("--offset", type=float, metavar="S",
                      help="added to the file’s seconds to give the profile’s (found by the marker)")  # fmt: skip
    measured(made)


def battery(commands: Any) -> None:
    made = command(commands, "battery", "How long a battery lasts, and how many inferences it gives.", "road:battery")
    network(made)
    made.add_argument("--device", default="cpu", metavar="D", help=DEVICE)
    made.add_argument("--watt-hours", type=number(0), required=True, metavar="WH", help="what the battery holds")
    made.add_argument("--per-hour", type=number(0), metavar="N", help="inferences an hour (without a pause)")
    how(made)
    power(made)
    measured(made)


def boards(commands: Any) -> None:
    made = command(
        commands, "boards", "Boards by price, peak and bandwidth; with a study, one candidate on each.", "road:boards"
    )
    made.add_argument("folder", nargs="?", metavar="STUDY", help="the study’s folder; without it, what is printed")
    made.add_argument("--candidate", default="A", metavar="LETTER", help="which candidate (A)")


def devices(commands: Any) -> None:
    group: ArgumentParser = commands.add_parser("devices", help="The devices that can be measured on.")
    inner = group.add_subparsers(dest="what", metavar="list|add|test|remove|watch", required=True)
    command(inner, "list", "The devices that can be measured on; no board is contacted.", "boards:devices_list")
    add(inner)
    made = command(inner, "test", "Reach for a board step by step, and say what was found.", "boards:devices_test")
    made.add_argument("name", metavar="NAME")
    trust(made)
    made = command(inner, "remove", "Take a board out of the address book.", "boards:devices_remove")
    made.add_argument("name", metavar="NAME")
    made = command(inner, "watch", "A device’s power, load and temperature as they are now.", "boards:devices_watch")
    made.add_argument("name", metavar="NAME")
    made.add_argument("--seconds", type=number(0.1), metavar="S", help="how long (until Ctrl+C; with --json 5)")


def add(inner: Any) -> None:
    made = command(
        inner, "add", "Reach for a board over SSH, and write it into the address book.", "boards:devices_add"
    )
    made.add_argument("name", metavar="NAME", help="what it shall be called here")
    made.add_argument("host", metavar="[USER@]HOST", help="its address, or a name of ~/.ssh/config")
    made.add_argument("--port", type=whole(1), metavar="N")
    made.add_argument("--key", default="", metavar="FILE", help="the private key (those of ~/.ssh and of the agent)")
    made.add_argument("--jump", default="", metavar="[USER@]HOST", help="a host to go through")
    made.add_argument("--python", default="python3", metavar="PATH", help="which Python runs there (python3)")
    made.add_argument("--title", default="", metavar="TEXT", help="what people read")
    made.add_argument("--kind", default="", metavar="BOARD", help="which of boards it is, where it does not say")
    made.add_argument("--legacy", action="store_true", help="for OpenSSH 6.6, as on a Jetson TK1")
    kept = made.add_mutually_exclusive_group()
    kept.add_argument("--password", action="store_true", help="log in with a password, asked for each time")
    kept.add_argument("--keyring", action="store_true", help="… kept in the system’s keyring")
    made.add_argument("--no-contact", action="store_true", help="only write the address down")
    trust(made)


def trust(made: ArgumentParser) -> None:
    made.add_argument("--trust", default="", metavar="SHA256:…",
                      help="the fingerprint to expect at the first contact, where nobody can be asked")  # fmt: skip
