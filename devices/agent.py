"""The one file that runs on a device: it runs a network there, measures it, and says so in JSON lines.

It is the same file on this computer and on a board, so it keeps the grammar and the library of Python 3.4, imports
engines only when they are asked for, and needs nothing else of NetBonsai. The request is one JSON line on standard
input (or the first argument); each line it prints is one message, an object with a "type":

    hello     facts (cpu, cores, memory_mb, ...) and engines {name: version}
    progress  fraction (0 to 1), text, figures {name: number}
    sample    source, samples [[seconds, what the source of power read, what the board did], ...]; see Monitor
    latencies ms: end-to-end milliseconds of the runs since the last such message; together they are the profile's
    events    a part of onnxruntime's own trace of the profiled pass, after its warm-up
    layers    layers [[name, kind, [microseconds of each run]], ...]: a part of OpenCV's
    output    tool, kind, text: a file that trtexec wrote, or what caffe printed, as it is
    point     batch, threads, latencies_ms or refused: a part of a sweep's point, or why it cannot be measured
    result    what else was asked for: raw numbers, nothing derived
    error     kind ("bad_input" or "failed"), what, where, fix, evidence; nothing follows it

Commands: "hello"; "profile" (network, shapes, runs, warmup, batch, threads, engine, seed, folder, meter,
marker, root, energy_seconds, precision, and for engines that do not know them inputs: of each network its
[[name, sizes, type], ...]); "compare" (networks, shapes, rounds, and the same settings); "sweep" (network, batches,
thread_counts, and the same settings); "watch" (meter, root): samples and nothing else.
When standard input closes, whoever asked is gone: the agent removes its folder and ends.
"""
# pyright: basic, reportOptionalMemberAccess=false, reportOptionalOperand=false, reportOptionalIterable=false
# pyright: reportMissingImports=false
# Strict checking wants annotations that Python 3.4 cannot read: nobody can say here what is None until it begins.

import gc
import json
import math
import os
import platform
import random
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

TELL_EVERY = 0.2  # seconds between two progress messages
BEAT_EVERY = 2.0  # and while a program is silent
LOAD_WINDOW = 0.3  # seconds over which the machine's load is read
IDLE_WINDOW = 1.0  # seconds over which the idle power is read
SETTLE = 0.4  # seconds before it, in which what ran last dies away
ENERGY_WINDOW = 2.0  # seconds the network runs while its energy is read
LEAD = 0.4  # seconds it runs before and after that window
WINDOW_SAMPLES = 10  # that should fall into such a window; it is longer where a source is slow
LONGEST_WINDOW = 20.0
METER_PERIOD = 0.097  # seconds between two readings: a tenth would march in step with what happens every second
WATCH_BEAT = 1.0  # seconds between two looks at the monitor while nothing else goes on
CLOCKS_READ = 8  # groups of cores whose clocks are read with each sample
STREAM_PATIENCE = 3.0  # seconds for a program that tells power to say its first line, or to end
SOURCE_PATIENCE = 15.0  # seconds for a source of power to be found
LONGEST_LINE = 4096  # bytes of such a line that are kept
SAMPLES_IN_A_LINE = 2
MARKER_BURST = 2.0  # seconds of load that an external meter is to see, three times
MARKER_PAUSES = (2.0, 2.0, 4.0)  # seconds before each: unequal, so that the bursts fit a recording in one place only
OUTSIDE_PERIOD = 1.0  # seconds between two samples of a slow external meter
JTOP_SOCKET = "/run/jtop.sock"
BLOCK_SECONDS = 0.02  # least time of one network's turn in a comparison
BLOCK_RUNS = 200  # most runs in such a turn
WARM_TURN = 2  # runs before each turn that are not counted
EVENTS_IN_A_LINE = 2000
LAYERS_IN_A_LINE = 100
SHOWN_WORDS = 300  # characters of an engine's own words
KEPT_LINES = 40  # of what a program printed, for when it fails
CPU, TENSORRT = "CPUExecutionProvider", "TensorrtExecutionProvider"  # onnxruntime's own names
TRTEXEC_FOLDERS = ["/usr/src/tensorrt/bin"]
CAFFE_FOLDERS = ["/usr/local/caffe/build/tools", os.path.expanduser("~/caffe/build/tools")]
GPU_FILES = ["/dev/nvidia0", "/dev/nvhost-gpu", "/dev/nvgpu"]


class Refused(Exception):
    """Ends the agent with an error message; `kind` says whose fault it is."""

    def __init__(self, kind, what, where="", fix="", evidence=""):
        Exception.__init__(self, what)
        self.message = {"type": "error", "kind": kind, "what": what, "where": where, "fix": fix, "evidence": evidence}


class Voice:
    """Writes messages. Owns the real standard output; what libraries print there goes to standard error instead."""

    def __init__(self):
        sys.stdout.flush()
        self.out = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)
        self.told, self.latest = 0.0, None
        self.one_at_a_time = threading.Lock()  # the monitor speaks from a thread of its own

    def say(self, message):
        line = json.dumps(message) + "\n"
        with self.one_at_a_time:
            self.out.write(line)
            self.out.flush()

    def tell(self, fraction, text, figures=None):
        """Progress, now."""
        self.told = time.monotonic()
        self.latest = {"type": "progress", "fraction": fraction, "text": text, "figures": figures or {}}
        self.say(self.latest)

    def due(self):
        """True when the last progress is old enough for another."""
        return time.monotonic() - self.told >= TELL_EVERY

    def beat(self):
        """The last progress once more after a while, so that a silent program is not taken for a broken line."""
        if self.latest and time.monotonic() - self.told >= BEAT_EVERY:
            self.told = time.monotonic()
            self.say(self.latest)


# --- the machine --------------------------------------------------------------------------------------------


def text_of(path):
    """A small file's text, stripped, or "" where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "replace").strip().strip("\0")
    except (IOError, OSError):
        return ""


def field(text, name):
    """The value of the first line "name : value", or ""."""
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon and key.strip() == name:
            return value.strip()
    return ""


def memory_mb(root=""):
    kilobytes = field(text_of(root + "/proc/meminfo"), "MemTotal").split()
    if kilobytes and kilobytes[0].isdigit():
        return int(kilobytes[0]) * 1024 / 1e6
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e6
    except (ValueError, OSError, AttributeError):
        return None


def cores():
    """Processor cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count()


def system_name(root=""):
    for line in text_of(root + "/etc/os-release").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip('"') + ", " + platform.system() + " " + platform.release()
    return platform.system() + " " + platform.release()


def device_tree(root, name):
    """An entry of the device tree, by which a board says what it is; "" on machines that have none."""
    folders = ("/sys/firmware/devicetree/base/", "/proc/device-tree/")
    texts = [text_of(root + folder + name) for folder in folders]
    return (texts[0] or texts[1]).replace("\0", " ")


# By the chip's name in the device tree: what the board is called where its model says only a code name, and its GPU.
CHIPS = {
    "tegra124": ("Jetson TK1", "GK20A (Kepler)"),
    "tegra210": ("", "GM20B (Maxwell)"),  # Jetson TX1, or Nano
    "tegra186": ("Jetson TX2", "GP10B (Pascal)"),
    "tegra194": ("Jetson Xavier", "GV11B (Volta)"),
    "tegra234": ("Jetson Orin", "GA10B (Ampere)"),
}


def chip_of(root):
    compatible = device_tree(root, "compatible")
    return ([chip for chip in sorted(CHIPS) if chip in compatible] + [""])[0]


def model_of(root):
    told = device_tree(root, "model") or text_of(root + "/sys/class/dmi/id/product_name")
    name = CHIPS.get(chip_of(root), ("", ""))[0]
    return "%s (%s)" % (name, told) if name and "jetson " not in told.lower() else told


def gpu_of(root):
    """The GPU's name: a Jetson's by its chip, another machine's as NVIDIA's driver tells it."""
    top = root + "/proc/driver/nvidia/gpus"
    for name in names_in(top):
        model = field(text_of(top + "/" + name + "/information"), "Model")
        if model:
            return model
    return CHIPS.get(chip_of(root), ("", ""))[1]


def l4t_of(root):
    """NVIDIA's release of Linux for Tegra, as "32.7.1"."""
    found = re.match(r"# R(\d+) \(release\), REVISION: ([\d.]+)", text_of(root + "/etc/nv_tegra_release"))
    return "%s.%s" % found.groups() if found else ""


def cuda_of(root):
    """The version of CUDA that is installed; "" where none is found. Since 11 it is told in JSON."""
    found = re.search(r"CUDA Version ([\d.]+)", text_of(root + "/usr/local/cuda/version.txt"))
    if found:
        return found.group(1)
    try:
        return str(json.loads(text_of(root + "/usr/local/cuda/version.json"))["cuda"]["version"])
    except (ValueError, KeyError, TypeError):
        return ""


def power_mode(root):
    """A Jetson's power mode by name, else the governor of the first processor, else ""."""
    found = re.search(r"NV Power Mode: *(\S+)", said_by("nvpmodel", "-q") if not root else "")
    if found:
        return found.group(1)
    told = re.search(r"pmode:(\d+)", text_of(root + "/var/lib/nvpmodel/status"))
    if told:
        number = int(told.group(1))
        names = re.findall(r"POWER_MODEL +ID=(\d+) +NAME=(\S+)", text_of(root + "/etc/nvpmodel.conf"))
        return {int(each): name for each, name in names}.get(number, "mode %d" % number)
    governor = text_of(root + "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    return "governor " + governor if governor else ""


def said_by(program, argument):
    """What a program of the board prints at once; "" where it is not there, fails, or takes more than two seconds."""
    try:
        said = subprocess.check_output([program, argument], stderr=subprocess.STDOUT, timeout=2)
        return said.decode("utf-8", "replace")
    except (OSError, subprocess.SubprocessError):
        return ""


def span(folders, low, high):
    """(lowest, highest) in GHz over the folders of clocks, or None; files tell kHz, those of a GPU Hz."""
    found = []
    for folder in folders:
        numbers_there = [text_of(folder + "/" + low), text_of(folder + "/" + high)]
        if not all(text.isdigit() for text in numbers_there):
            return None
        found.append([int(text) / (1e9 if low == "min_freq" else 1e6) for text in numbers_there])
    return (min(pair[0] for pair in found), max(pair[1] for pair in found)) if found else None


def clock_spans(root):
    """What the processor's and the GPU's clocks may do now: [("", span), ("GPU ", span)], where they are told."""
    gpu = gpu_folder(root)
    spans = [
        ("", span(cpu_folders(root, 256), "scaling_min_freq", "scaling_max_freq")),
        ("GPU ", span([gpu] if gpu else [], "min_freq", "max_freq")),
    ]
    return [(name, found) for name, found in spans if found]


def clocks(root=""):
    """The ranges of the clocks in words, or the processor's present speed, or ""."""
    spans = clock_spans(root)
    if spans:
        ranges = [(name, "%.2f" % low, " to %.2f" % high if high > low else "") for name, (low, high) in spans]
        return ", ".join(name + low + high + " GHz" for name, low, high in ranges)
    present = re.match(r"\d+(\.\d+)?$", field(text_of(root + "/proc/cpuinfo"), "cpu MHz"))
    return "%.2f GHz" % (float(present.group(0)) / 1000) if present else ""


def clocks_locked(root):
    """True where every clock is held at one speed, as jetson_clocks does; None where no clock is told."""
    folders = cpu_folders(root, 256)
    pairs = [(folder, "scaling_min_freq", "scaling_max_freq") for folder in folders]
    if gpu_folder(root):
        pairs.append((gpu_folder(root), "min_freq", "max_freq"))
    spans = [span([folder], low, high) for folder, low, high in pairs]
    if not spans or None in spans:
        return None
    return all(each[0] == each[1] for each in spans if each)


def throttling(root):
    """What slows the machine down now, in words; "" where nothing that is known does."""
    found = []
    top = root + "/sys/class/thermal"
    for name in names_in(top):
        kind, state = text_of(top + "/" + name + "/type"), text_of(top + "/" + name + "/cur_state")
        slowing = any(word in kind.lower() for word in ("balanced", "throttle", "cpufreq", "devfreq", "processor"))
        if name.startswith("cooling_device") and slowing and state.isdigit() and int(state) > 0:
            found.append(kind)
    return ", ".join((["heat (%s)" % ", ".join(sorted(set(found)))] if found else []) + overcurrent(root))


def overcurrent(root):
    """The rails of an INA3221 that draw more than the board allows, each in words."""
    top, found = root + "/sys/class/hwmon", []
    for folder in [top + "/" + name for name in names_in(top)]:
        for name in names_in(folder):
            if re.match(r"curr\d+_(crit|max)_alarm$", name) and text_of(folder + "/" + name) == "1":
                channel = re.search(r"\d+", name).group(0)
                found.append("too much current on " + (text_of(folder + "/in%s_label" % channel) or "a rail"))
    return sorted(set(found))


def throttle_counts(root):
    """How often the machine was slowed down since it started, by what; only what is counted there."""
    counts = {}
    cpu = root + "/sys/devices/system/cpu"
    cores_there = [name for name in names_in(cpu) if name[:3] == "cpu" and name[3:].isdigit()]
    heat = [text_of("%s/%s/thermal_throttle/core_throttle_count" % (cpu, name)) for name in cores_there]
    counts["heat"] = max([int(text) for text in heat if text.isdigit()] + [0])
    top = root + "/sys/class/hwmon"
    events = [top + "/" + name + "/" + each for name in names_in(top) for each in names_in(top + "/" + name)]
    current = [text_of(path) for path in events if re.search(r"/oc\d+_event_cnt$", path)]
    counts["too much current"] = sum(int(text) for text in current if text.isdigit())
    return counts


def facts(root=""):
    cpuinfo = text_of(root + "/proc/cpuinfo")
    return {
        "model": model_of(root),
        "cpu": field(cpuinfo, "model name") or field(cpuinfo, "Hardware") or platform.processor() or platform.machine(),
        "cores": cores(),
        "memory_mb": memory_mb(root),
        "system": system_name(root),
        "python": platform.python_version(),
        "power_mode": power_mode(root),
        "clocks": clocks(root),
        "clocks_locked": clocks_locked(root),
        "gpu": gpu_of(root),
        "l4t": l4t_of(root),
        "cuda": cuda_of(root),
        "meters": meters(root),
        "throttling": throttling(root),
    }


def cpu_folders(root, most=CLOCKS_READ):
    """Where the clocks of the processor are told: one folder for each group of cores that has one clock."""
    top = root + "/sys/devices/system/cpu"
    policies = [top + "/cpufreq/" + name for name in names_in(top + "/cpufreq") if name.startswith("policy")]
    alone = [top + "/" + name + "/cpufreq" for name in names_in(top) if name[:3] == "cpu" and name[3:].isdigit()]
    return (policies or [folder for folder in alone if os.path.isdir(folder)])[:most]


def gpu_folder(root):
    """Where the clock of a Jetson's GPU is told, or ""."""
    top = root + "/sys/class/devfreq"
    for name in names_in(top):
        if any(word in name for word in ("gpu", "gk20a", "gm20b", "gp10b", "gv11b", "ga10b")):
            return top + "/" + name
    return ""


def ticks(path="/proc/stat"):
    """(busy, all) processor time since the machine started, in ticks of all cores, or None where /proc has none."""
    fields = quick(path).split("\n")[0].split()[1:9]
    if len(fields) < 5 or not all(field.isdigit() for field in fields):
        return None
    values = [int(field) for field in fields]
    return sum(values) - values[3] - values[4], sum(values)  # the fourth is idle, the fifth waits for a disk


def busy_share(before, after):
    """Share of all cores at work between two readings of `ticks`, 0 to 1; None where it is not known."""
    if before is None or after is None or after[1] <= before[1]:
        return None
    return (after[0] - before[0]) / float(after[1] - before[1])


def machine_load(seconds=LOAD_WINDOW):
    before = ticks()
    time.sleep(seconds)
    return busy_share(before, ticks())


def private_kilobytes(smaps):
    """Sum of the private pages in the text of /proc/PID/smaps or smaps_rollup."""
    private = ("Private_Clean:", "Private_Dirty:")
    return sum(int(line.split()[1]) for line in smaps.splitlines() if line.startswith(private))


def private_mb(pid=0):
    """Megabytes that are this process's own (USS), or another's, or None where they cannot be read."""
    folder = "/proc/%s" % (pid or "self")
    smaps = text_of(folder + "/smaps_rollup") or text_of(folder + "/smaps")
    if smaps:
        return private_kilobytes(smaps) * 1024 / 1e6 or None  # a process that is ending has given everything back
    try:
        import psutil

        return psutil.Process(pid or None).memory_full_info().uss / 1e6
    except Exception:  # no psutil, or a system that does not tell: not measured
        return None


# --- the monitor: power and load, sampled while a network runs ----------------------------------------------
# Nothing is turned into watts here: samples are sent as they were read, and devices/power/ says what they mean.


def quick(path):
    """A file of /sys or /proc, as cheaply as Python can read it; "" where it cannot be read. For many a second."""
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return ""
    try:
        return os.read(file, 4096).decode("utf-8", "replace").strip()
    except OSError:  # a rail that is switched off answers with an error
        return ""
    finally:
        os.close(file)


def names_in(folder):
    """What lies in a folder, sorted; nothing where it cannot be read."""
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def thread_seconds():
    """Processor time of the calling thread, or None where the system does not tell."""
    try:
        return time.clock_gettime(time.CLOCK_THREAD_CPUTIME_ID)
    except (AttributeError, OSError):
        return None


def process_seconds(pid):
    """Processor time of another process in seconds, or None: fields 14 and 15 of its stat, after its "(name)"."""
    fields = quick("/proc/%d/stat" % pid).rpartition(")")[2].split()
    if len(fields) < 13:
        return None
    return (int(fields[11]) + int(fields[12])) / float(os.sysconf("SC_CLK_TCK"))


class Rapl:
    """The energy counters of x86 processor packages. A raw sample: {package: [microjoules, where they wrap]}."""

    name, paced, period = "rapl", True, METER_PERIOD

    def __init__(self, root):
        self.zones, self.unreadable = [], []
        top = root + "/sys/class/powercap"
        for zone in names_in(top):
            folder = top + "/" + zone
            whole = zone.startswith("intel-rapl:") and zone.count(":") == 1  # intel-rapl:0:0 is a part of one
            label = text_of(folder + "/name")
            if whole and label.startswith("package"):
                if text_of(folder + "/energy_uj"):
                    self.zones.append((label, folder + "/energy_uj", text_of(folder + "/max_energy_range_uj")))
                else:
                    self.unreadable.append(folder + "/energy_uj")

    def there(self):
        return bool(self.zones)

    def begin(self):
        pass

    def read(self):
        return {label: [quick(path), wraps] for label, path, wraps in self.zones}

    def end(self):
        pass

    def cost(self):
        return 0.0


class Ina3221:
    """The power monitors of a Jetson, through the kernel. A raw sample: {rail: "mW" or "mV mA"}.

    Two drivers show them: L4T's own to R32 (iio: rail_name_0, in_power0_input) and hwmon since R34 (in1_label,
    in1_input, curr1_input). NVIDIA, Jetson Linux Developer Guide, "Software-Based Power Consumption Modeling".
    """

    name, paced, period = "ina3221", True, METER_PERIOD

    def __init__(self, root):
        self.rails, self.unreadable = [], []
        top = root + "/sys/bus/i2c/devices"
        for device in names_in(top):
            if "ina3221" in text_of(top + "/" + device + "/name"):
                for folder in self._folders(top + "/" + device):
                    self._find(folder)

    @staticmethod
    def _folders(device):
        found = [device + "/" + name for name in names_in(device) if name.startswith("iio:device")]
        hwmon = device + "/hwmon"
        return found + [hwmon + "/" + name for name in names_in(hwmon)]

    def _find(self, folder):
        for name in names_in(folder):
            channel = "".join(letter for letter in name if letter.isdigit())
            if name.startswith("rail_name_"):
                whole = folder + "/in_power%s_input" % channel
                parts = [folder + "/in_voltage%s_input" % channel, folder + "/in_current%s_input" % channel]
                self._add(text_of(folder + "/" + name), [whole] if text_of(whole) else parts)
            elif name.startswith("in") and name.endswith("_label"):
                parts = [folder + "/in%s_input" % channel, folder + "/curr%s_input" % channel]
                self._add(text_of(folder + "/" + name), parts)

    def _add(self, rail, paths):
        if not rail or rail == "NC" or rail.startswith("sum of"):
            return  # nothing is connected there, or it is no rail but a sum of shunt voltages
        if not all(os.path.isfile(path) for path in paths):
            return
        if not all(os.access(path, os.R_OK) for path in paths):
            self.unreadable.append(paths[0])
            return
        same = sum(known == rail or known.startswith(rail + " (") for known, _ in self.rails)
        self.rails.append((rail if not same else "%s (%d)" % (rail, same + 1), paths))

    def there(self):
        return bool(self.rails)

    def begin(self):
        pass

    def read(self):
        return {rail: " ".join(quick(path) for path in paths) for rail, paths in self.rails}

    def end(self):
        pass

    def cost(self):
        return 0.0


class Tegrastats:
    """NVIDIA's tegrastats, as a child process. A raw sample: its line. The one on a TK1 has no rails."""

    name, paced, period = "tegrastats", False, METER_PERIOD
    rail = re.compile(r"(^| )[A-Z][A-Z0-9_]* \d+(mW)?/\d+(mW)?( |$)")

    def __init__(self, root):
        self.unreadable, self.child, self.stream, self.rest, self.spent = [], None, None, b"", None
        folders = os.environ.get("PATH", "").split(os.pathsep) + ["/usr/bin", os.path.expanduser("~")]
        folders += ["/home/ubuntu", "/home/nvidia"]  # where releases before R28 put it
        paths = [root + folder + "/tegrastats" for folder in folders if folder.startswith("/")]
        self.program = ([path for path in paths if os.access(path, os.X_OK)] + [""])[0]

    def there(self):
        return bool(self.program)

    def begin(self):
        """The first line decides: without rails there is no power in it."""
        for arguments in (["--interval", "%d" % (METER_PERIOD * 1000)], []):  # the oldest know no arguments
            self._start(arguments)
            try:
                line = self.read()
            except ValueError:
                line = None
            self.period = METER_PERIOD if arguments else 1.0
            if line is not None and "RAM" in line:
                break
            self.end()
        else:
            raise ValueError("tegrastats (%s) printed no line within %g s." % (self.program, STREAM_PATIENCE))
        if not self.rail.search(line):
            self.end()
            raise ValueError("tegrastats (%s) tells no rails here." % self.program)

    def _start(self, arguments):
        nowhere = open(os.devnull, "r+b")
        self.child = subprocess.Popen(
            [self.program] + arguments, stdin=nowhere, stdout=subprocess.PIPE, stderr=nowhere, bufsize=0
        )
        nowhere.close()
        self.stream, self.rest = self.child.stdout, b""

    def read(self):
        """The next whole line, waited for; None at its end. Of more than LONGEST_LINE bytes only the end is kept."""
        until = time.monotonic() + STREAM_PATIENCE
        while b"\n" not in self.rest:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.stream.fileno()], [], [], left)[0]:
                raise ValueError("it said nothing for %g s" % STREAM_PATIENCE)
            part = os.read(self.stream.fileno(), 4096)
            if not part:
                return None
            self.rest = self.rest[-LONGEST_LINE:] + part
        line, _, self.rest = self.rest.partition(b"\n")
        return line[:LONGEST_LINE].decode("utf-8", "replace").strip()

    def end(self):
        if self.child is None:
            return
        try:
            self.child.kill()
        except OSError:
            pass  # it has ended
        try:
            usage = os.wait4(self.child.pid, 0)[2]
            self.spent = usage.ru_utime + usage.ru_stime
        except OSError:
            self.spent = None
        self.child.returncode = 0  # waited for here, so that what it used is known
        self.child = None

    def cost(self):
        return self.spent


class Jtop:
    """The service of jetson-stats, through its own library. A raw sample: what it says, less what nobody reads."""

    name, paced, period = "jtop", False, METER_PERIOD
    kinds = ("user", "nice", "system", "idle")

    def __init__(self, _root):
        self.unreadable, self.client, self.threads, self.service = [], None, [], []
        self.spent = None

    def there(self):
        """Without importing it, which takes long: is the library here, and does its service listen?"""
        try:
            import importlib.util

            return importlib.util.find_spec("jtop") is not None and os.access(JTOP_SOCKET, os.W_OK)
        except Exception:  # a broken install is absent
            return False

    def begin(self):
        import jtop

        before = set(names_in("/proc/self/task"))
        self.client = jtop.jtop(interval=METER_PERIOD)
        # Its own ok() gives up for good when nothing came for three intervals, as happens on a busy board.
        self.fresh, self.seen = threading.Event(), None
        self.client.attach(lambda _client: self.fresh.set())
        self.client.start()
        self.period = self.client.interval  # the service's own, where another client came first
        self.hardware = self.client.board  # waits until the library has looked around, which takes processor time
        self.threads = sorted(set(names_in("/proc/self/task")) - before)
        self.service = [pid for pid in processes() if "jtop" in command_of(pid) and not same_group(pid)]
        self.before = self._costs()

    def _costs(self):
        """Processor time so far of each of the library's threads here, and of each process of the service."""
        found = {}
        for thread in self.threads:
            fields = quick("/proc/self/task/%s/schedstat" % thread).split()
            if fields and fields[0].isdigit():
                found[thread] = int(fields[0]) / 1e9
        for pid in self.service:
            seconds = process_seconds(pid)
            if seconds is not None:
                found[pid] = seconds
        return found

    def read(self):
        if not self._wait():
            return None
        power, memory, cpu = self.client.power, self.client.memory, self.client.cpu
        cores = [one for one in cpu.get("cpu", []) if one.get("online", True)]
        return {
            "tot": numbers(power.get("tot", {})),
            "rail": {name: numbers(values) for name, values in power.get("rail", {}).items()},
            "ram": numbers(memory.get("RAM", {})),
            # of each core: jtop 4.3.2 takes its total's difference to the last difference, not to the last count; and
            # it says 0 % of everything for a core whose counters have not moved since it looked last
            "cpu_idle": [one.get("idle") for one in cores if any(one.get(kind) for kind in self.kinds)],
            "cpu_khz": [one.get("freq", {}).get("cur") for one in cores],
            "gpu": [
                numbers({"load": one.get("status", {}).get("load"), "khz": one.get("freq", {}).get("cur")})
                for one in dict(self.client.gpu).values()
            ],
            "temperature": numbers({name: value.get("temp") for name, value in self.client.temperature.items()}),
            "processes": [[line[0], line[8]] for line in self.client.processes if same_group(line[0])],
            "interval": self.client.interval,
        }

    def _wait(self):
        """Until the service has told something new; False where it ended. Raises when it says nothing for long."""
        until = time.monotonic() + STREAM_PATIENCE
        while time.monotonic() < until:
            if self.fresh.wait(METER_PERIOD):
                self.fresh.clear()
                before, self.seen = self.seen, self.client.uptime  # the same again where the service was late
                if self.seen != before:
                    return True
            elif not self.client.is_alive():
                return self.client.ok(spin=True)  # raises what ended it
        raise ValueError("it said nothing for %g s" % STREAM_PATIENCE)

    def end(self):
        if self.client is not None:
            after = self._costs()
            both = [key for key in after if key in self.before]
            if any(key in self.service for key in both):  # else nothing is known of the service
                self.spent = sum(after[key] - self.before[key] for key in both)
            self.client.close()
            self.client = None

    def cost(self):
        return self.spent


SOURCES = [Jtop, Tegrastats, Ina3221, Rapl]  # in order of trust


def numbers(values):
    """Of a dictionary, the numbers and the name. NaN and the like, which JSON has not, go as text, to be refused."""
    kept = {}
    for key, value in values.items():
        if isinstance(value, float) and not math.isfinite(value):
            kept[key] = str(value)
        elif key == "name" or isinstance(value, (int, float)):
            kept[key] = value
    return kept


def processes():
    return [int(name) for name in names_in("/proc") if name.isdigit()]


def command_of(pid):
    return quick("/proc/%d/cmdline" % pid).replace("\0", " ")


def same_group(pid):
    """Is it this agent, or a program that it started?"""
    try:
        return os.getpgid(int(pid)) == os.getpgrp()
    except (OSError, ValueError):
        return False


def meters(root):
    """The names of the sources of power that can be read here, the most trusted first."""
    silent = chip_of(root) == "tegra124"  # a TK1 measures none of its rails
    found = [source for source in SOURCES if source(root).there()]
    return [source.name for source in found if not (silent and source is Tegrastats)]


class Board:
    """What a Linux machine is doing: load, memory, temperature and clocks, from files that all may read."""

    hot = ("cpu", "gpu", "x86_pkg_temp", "k10temp", "soc")

    def __init__(self, root):
        self.stat, self.meminfo = root + "/proc/stat", root + "/proc/meminfo"
        self.before = ticks(self.stat)
        thermal = root + "/sys/class/thermal"
        zones = [thermal + "/" + name for name in names_in(thermal) if name.startswith("thermal_zone")]
        zones = zones or [
            root + "/sys/devices/virtual/thermal/" + name
            for name in names_in(root + "/sys/devices/virtual/thermal")
            if name.startswith("thermal_zone")
        ]
        kinds = [(zone, text_of(zone + "/type").lower()) for zone in zones]
        self.heat = [zone + "/temp" for zone, kind in kinds if any(word in kind for word in self.hot)]
        self.cpu = cpu_folders(root)
        self.gpu = gpu_folder(root)

    def read(self):
        """Raw, but for the processors' load, which is a difference between two readings."""
        now = ticks(self.stat)
        load, self.before = busy_share(self.before, now), now
        return {
            "cpu_load": load,
            "memory": {
                line.partition(":")[0]: line.partition(":")[2].split()[0]
                for line in quick(self.meminfo).splitlines()
                if line.startswith(("Mem", "Buffers:", "Cached:", "NvMapMemUsed:"))
            },
            "temperature": [quick(path) for path in self.heat],
            "cpu_khz": [quick(folder + "/scaling_cur_freq") for folder in self.cpu],
            "gpu_hz": quick(self.gpu + "/cur_freq") if self.gpu else "",
            "gpu_load": quick(self.gpu + "/device/load") if self.gpu else "",
        }


class Monitor:
    """Samples power and load in a thread of its own, from `begin` to `end`, and says the samples as they come.

        monitor = Monitor(voice, request)     reads nothing yet; request["meter"] "" takes the most trusted source
        monitor.begin()
        monitor.idle()                        a window in which nothing of ours runs: before and after; the first
                                              has three bursts of load before it with request["marker"]
        start = monitor.mark(); ...; monitor.run(start, monitor.mark(), inferences)
        monitor.idle()
        report = monitor.end()

    `begin` comes back at once; `idle` and `ready` wait until a source of power has been found, or none. `metered` says
    afterwards whether energy can be measured: by that source, or outside by a meter that sees the marker.
    Each sample is [seconds since begin, what the source read, what `Board` read]; the report has the windows and
    what monitoring cost. Where no source of power is found the board is watched all the same.
    """

    def __init__(self, voice, request):
        self.voice, self.root = voice, request.get("root") or ""
        self.wanted, self.marker = request.get("meter") or "", bool(request.get("marker"))
        if self.wanted not in [""] + [source.name for source in SOURCES]:
            names = ", ".join(source.name for source in SOURCES)
            raise Refused("bad_input", "There is no meter named “%s”." % self.wanted, "", "Meters: %s." % names)
        self.source = self.board = self.thread = self.cpu = None
        self.trying = ""
        self.found, self.stopped = threading.Event(), threading.Event()
        self.problems, self.unreadable = [], []
        self.idles, self.runs, self.bursts = [], [], []
        self.waiting, self.gpu_memory_kb, self.latest, self.period = [], None, None, METER_PERIOD

    def begin(self):
        self.board, self.slowed = Board(self.root), throttle_counts(self.root)
        self.origin, self.epoch = time.monotonic(), time.time()
        self.thread = threading.Thread(target=self._sample)
        self.thread.daemon = True
        self.thread.start()

    def ready(self):
        """Wait until a source of power has been found, or none; True where energy can be measured."""
        if not self.found.wait(SOURCE_PATIENCE):
            self.problems.append([self.trying, "it did not start within %g s" % SOURCE_PATIENCE])
            self.found.set()
        return self.metered

    @property
    def metered(self):
        return self.source is not None or self.marker

    def _choose(self):
        """The first source that starts, or None; why the others do not is kept."""
        for kind in SOURCES:
            source = kind(self.root)
            self.unreadable += source.unreadable
            if self.wanted not in ("", kind.name):
                continue
            if not source.there():
                if self.wanted:
                    self.problems.append([kind.name, "it is not there"])
                continue
            try:
                self.trying = kind.name
                source.begin()
                self.period = source.period
                return source
            except Exception as problem:  # a library of the board's, or a program: the next source is tried
                self.problems.append([kind.name, str(problem) or type(problem).__name__])
        return None

    def _sample(self):
        source = self.source = self._choose()
        self.found.set()
        start, due = thread_seconds(), time.monotonic()
        while not self.stopped.is_set():
            asked = time.monotonic()
            raw = self._read(source)
            read = time.monotonic()
            if raw is None:  # the meter has ended; what the board does can still be told
                self._flush(source)
                source = None
                continue
            middle_of_it = (asked + read) / 2 if source is None or source.paced else read
            if self.latest is not None:
                self.period += (read - self.latest - self.period) / 4  # a running mean
            self.latest = read
            self.waiting.append([round(middle_of_it - self.origin, 4), raw, self.board.read()])
            if len(self.waiting) >= SAMPLES_IN_A_LINE:
                self._flush(source)
            self.cpu = None if start is None else thread_seconds() - start
            if source is None or source.paced:
                due = max(due + METER_PERIOD, time.monotonic())
                self.stopped.wait(due - time.monotonic())

        self._flush(source)

    def _read(self, source):
        """One reading; None, with the reason kept, where the source has ended: that never ends the measurement."""
        try:
            raw, problem = source.read() if source else {}, "it ended"
        except Exception as failure:
            raw, problem = None, str(failure) or type(failure).__name__
        if raw is None and not self.stopped.is_set():
            self.problems.append([source.name, problem])
        return raw

    def _flush(self, source):
        waiting, self.waiting = self.waiting, []
        if waiting:
            self.voice.say({"type": "sample", "source": source.name if source else "", "samples": waiting})

    def _burst(self):
        """Load that an external meter sees: all cores busy three times."""
        for pause in MARKER_PAUSES:
            time.sleep(pause)
            start = self.mark()
            busy_cores(MARKER_BURST)
            self.bursts.append([start, self.mark()])
        time.sleep(MARKER_BURST)

    def idle(self, seconds=None):
        """Sleep, and note the window as idle; at once where nothing measures energy."""
        if not self.ready():
            return
        if self.marker and not self.bursts:
            self._burst()
        time.sleep(SETTLE)
        start = self.mark()
        time.sleep(self.long_enough(IDLE_WINDOW) if seconds is None else seconds)
        self.idles.append([start, self.mark()])

    def long_enough(self, seconds):
        """`seconds`, or more where the source says so little that too few samples would fall into a window."""
        period = max(self.period, OUTSIDE_PERIOD) if self.marker else self.period
        return min(max(seconds, WINDOW_SAMPLES * period), max(seconds, LONGEST_WINDOW))

    def mark(self):
        """Seconds since `begin`."""
        return time.monotonic() - self.origin

    def run(self, start, stop, inferences):
        """Note a window in which the network ran without pause; call it while the network is still loaded."""
        self.runs.append([start, stop, inferences])
        self.gpu_memory_kb = nvmap_kilobytes(self.root)

    def _throttled(self):
        """What slowed the machine down since `begin`, as counted there, or slows it down now."""
        after = throttle_counts(self.root)
        counted = ["%s (%d times)" % (what, after[what] - times) for what, times in sorted(self.slowed.items())]
        grown = [text for text in counted if not text.endswith("(0 times)")]
        now = throttling(self.root)
        return ", ".join(grown + ([now] if now else []))

    def end(self):
        """Stop, and report; see the class."""
        self.ready()
        seconds = self.mark()
        self.stopped.set()
        if self.source and not self.source.paced:
            self.source.end()  # its thread waits in a read, which this ends
        self.thread.join(STREAM_PATIENCE)
        if self.source and self.source.paced:
            self.source.end()
        return {
            "source": self.source.name if self.source else "",
            "idle": self.idles,
            "runs": self.runs,
            "marker": self.bursts,
            "epoch": self.epoch,
            "seconds": seconds,
            "cpu_s": self.cpu,
            "source_cpu_s": self.source.cost() if self.source else 0.0,
            "gpu_memory_kb": self.gpu_memory_kb,
            "throttled": self._throttled(),
            "problems": self.problems,
            "unreadable": self.unreadable,
        }


def busy_cores(seconds):
    """All cores at work for so long, in children that do nothing else."""
    until = time.monotonic() + seconds
    children = []
    for _ in range(max(1, (cores() or 1) - 1)):
        child = os.fork()
        if child == 0:
            while time.monotonic() < until:
                pass
            os._exit(0)
        children.append(child)
    while time.monotonic() < until:
        pass
    for child in children:
        os.waitpid(child, 0)


def watch(voice, request):
    """Samples until whoever asked closes standard input, which ends this process; nothing runs."""
    gc.enable()  # this may take hours
    monitor = Monitor(voice, request)
    monitor.begin()
    monitor.ready()
    voice.tell(0.0, "Watching")
    while monitor.thread.is_alive():
        monitor.thread.join(WATCH_BEAT)
        voice.beat()
    raise Refused("failed", "The agent stopped watching.", fix="Start again.")


def nvmap_kilobytes(root):
    """GPU memory of this agent and what it started, as the kernel's debug files tell root alone; None elsewhere."""
    folder = root + "/sys/kernel/debug/nvmap/iovmm/"
    text = text_of(folder + "clients") or text_of(folder + "maps")
    found = None
    for line in text.splitlines():
        fields = line.split()  # user  process  pid  size in kilobytes
        if len(fields) == 4 and fields[2].isdigit() and fields[3][:-1].isdigit() and same_group(fields[2]):
            found = (found or 0) + int(fields[3][:-1]) * {"K": 1, "M": 1024}.get(fields[3][-1], 0)
    return found


# --- engines ------------------------------------------------------------------------------------------------
#
# An engine has `name`, `version()` ("" or an error where it does not work here) and `load(request, path)`, which gives
# a network:
#     runs(warmup, count)       milliseconds of each run, None for one that only warms up; a program tells them late
#     busy(least, seconds, now) runs without pause: start and stop by the clock `now`, and how many runs there were;
#                               None where the engine cannot do only that
#     memory()                  megabytes that are its process's own, after loading and now
#     close()                   gives its memory back
#     late                      True where `runs` tells nothing before all of them are over
# `split(voice, request, path)` measures it by layer, says what it found ("events", "layers" or "output") and returns
# the end-to-end milliseconds of those runs.


class Loaded:
    """A network that lives in this process; a kind of engine adds `run()`."""

    late = False

    def __init__(self):
        self.after_load = private_mb()

    def run(self):
        raise NotImplementedError

    def runs(self, warmup, count):
        for number in range(warmup + count):
            start = time.perf_counter()
            self.run()
            spent = (time.perf_counter() - start) * 1000
            yield spent if number >= warmup else None

    def busy(self, least, seconds, now):
        """It runs already when the window opens and still when it has closed: meters lag, and what they tell at the
        edges would be a mixture of idling and running."""
        self._go_on(0, LEAD)
        start = now()
        done = self._go_on(least, seconds)
        stop = now()
        self._go_on(0, LEAD)
        return start, stop, done

    def _go_on(self, least, seconds):
        done, until = 0, time.monotonic() + seconds
        while done < least or time.monotonic() < until:
            self.run()
            done += 1
        return done

    def memory(self):
        return self.after_load, private_mb()


# A network of one Identity, serialised: input x and output y, 1 number each; opset 13, format 7.
IDENTITY = (
    b'\x08\x07:3\n\x10\n\x01x\x12\x01y"\x08Identity\x12\x01gZ\r\n\x01x\x12\x08\n\x06\x08\x01\x12\x02\n\x00'
    b"b\r\n\x01y\x12\x08\n\x06\x08\x01\x12\x02\n\x00B\x04\n\x00\x10\r"
)


class OnnxRuntime:
    """onnxruntime, on the processor or with the provider of a graphics processor."""

    def __init__(self, name, provider):
        self.name, self.provider = name, provider

    def version(self):
        import onnxruntime

        return onnxruntime.__version__ if self._works(onnxruntime) else ""

    def _works(self, onnxruntime):
        """True when a session really gets the provider: that it is listed only says that it was built in."""
        if self.provider == CPU:
            return True
        if self.provider not in onnxruntime.get_available_providers():
            return False
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(IDENTITY, options, providers=[self.provider])
        return self.provider in session.get_providers()

    def module(self):
        try:
            import onnxruntime
        except Exception as problem:
            raise Refused(
                "failed",
                "This device’s Python (%s) has no onnxruntime that loads." % sys.executable,
                fix="Install it there: %s -m pip install onnxruntime" % sys.executable,
                evidence=str(problem),
            ) from None
        if self.provider != CPU and self.provider not in onnxruntime.get_available_providers():
            raise Refused(
                "bad_input",
                "This device’s onnxruntime %s was built without “%s”." % (onnxruntime.__version__, self.provider),
                "",
                "Install a build for its graphics processor there, or take the engine “onnxruntime”.",
            )
        return onnxruntime

    def load(self, request, path, trace=None):
        """A network with random inputs; `trace` is the prefix of the profile file where one is wanted."""
        onnxruntime = self.module()
        session = self._session(onnxruntime, request, path, trace)
        wanted = [(each.name, each.shape, each.type) for each in session.get_inputs()]
        return OnnxSession(session, made_up(wanted, request))

    def _session(self, onnxruntime, request, path, trace):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = request["threads"]
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.log_severity_level = 3
        if trace:
            options.enable_profiling = True
            options.profile_file_prefix = trace
        check_there(path)
        try:
            session = onnxruntime.InferenceSession(path, options, **self._providers(request))
        except Exception as problem:
            raise cannot_load(
                "onnxruntime " + onnxruntime.__version__,
                path,
                problem,
                "Export the network with operators and an opset that it knows, or install a newer onnxruntime there.",
            ) from None
        if self.provider not in session.get_providers():
            raise Refused(
                "failed",
                "onnxruntime %s did not get “%s” and would have run on the processor."
                % (onnxruntime.__version__, self.provider),
                fix="Check that CUDA, cuDNN and TensorRT there are those that this onnxruntime was built for.",
            )
        return session

    def _providers(self, request):
        """What the session is made with. TensorRT alone converts to another precision."""
        precision = request.get("precision", "fp32")
        if self.provider == TENSORRT and precision == "fp16":
            return {
                "providers": [TENSORRT, "CUDAExecutionProvider"],
                "provider_options": [{"trt_fp16_enable": "1"}, {}],
            }
        only_fp32(self.name, precision)
        if self.provider == TENSORRT:  # it hands what it cannot do to CUDA
            return {"providers": [TENSORRT, "CUDAExecutionProvider"]}
        return {"providers": [self.provider]}

    def split(self, voice, request, path):
        """The same runs under onnxruntime's profiler; says its events."""
        voice.tell(0.6, "Loading the network for the split by layer")
        network = self.load(request, path, trace=os.path.join(request["folder"], "trace"))
        latencies = repeat(voice, network, request["warmup"], request["runs"], ", by layer", 0.65, 0.9)
        written = network.session.end_profiling()
        with open(written) as file:
            trace = json.load(file)
        os.remove(written)
        events = kernel_events(trace, request["warmup"])
        for first in range(0, len(events), EVENTS_IN_A_LINE):
            voice.say({"type": "events", "events": events[first : first + EVENTS_IN_A_LINE]})
        return latencies


class OnnxSession(Loaded):
    def __init__(self, session, feeds):
        self.session, self.feeds = session, feeds
        Loaded.__init__(self)

    def run(self):
        self.session.run(None, self.feeds)

    def close(self):
        self.session = None


def kernel_events(trace, warmup):
    """Of onnxruntime's trace: the runs and the kernels after the first `warmup` runs, without what nobody reads."""
    starts = sorted(event["ts"] for event in trace if event.get("name") == "model_run")
    first = starts[warmup] if warmup < len(starts) else 0
    kept = []
    for event in trace:
        name = event.get("name", "")
        if event.get("ts", -1) < first or not (name == "model_run" or name.endswith("_kernel_time")):
            continue
        found = event.get("args", {})
        said = {key: event[key] for key in ("cat", "name", "tid", "ts", "dur") if key in event}
        said["args"] = {key: found[key] for key in ("op_name", "node_index", "provider") if key in found}
        kept.append(said)
    return kept


class OpenCv:
    """OpenCV's dnn module, on the processor or, where it was built for it, on CUDA."""

    def __init__(self, name, cuda):
        self.name, self.cuda = name, cuda

    def version(self):
        import cv2

        return cv2.__version__ if hasattr(cv2, "dnn") and self._works(cv2) else ""

    def _works(self, cv2):
        """It reads ONNX from 3.4.2 on; CUDA came to it with 4.2."""
        if not hasattr(cv2.dnn, "readNetFromONNX"):
            return False
        if not self.cuda:
            return True
        found = getattr(cv2.dnn, "DNN_BACKEND_CUDA", None)
        return found is not None and cv2.dnn.DNN_TARGET_CUDA in cv2.dnn.getAvailableTargets(found)

    def load(self, request, path):
        try:
            import cv2
        except Exception as problem:
            raise Refused(
                "failed",
                "This device’s Python (%s) has no OpenCV that loads." % sys.executable,
                fix="Install it there: apt-get install python3-opencv, or %s -m pip install opencv-python-headless"
                % sys.executable,
                evidence=str(problem),
            ) from None
        if not self._works(cv2):
            raise Refused(
                "bad_input",
                "This device’s OpenCV %s %s."
                % (cv2.__version__, "has no CUDA that works" if self.cuda else "cannot read ONNX: 3.4.2 is the first"),
                "",
                "Install another build there, or take another engine.",
            )
        check_there(path)
        cv2.setNumThreads(request["threads"])
        try:
            net = cv2.dnn.readNetFromONNX(path)
            self._aim(cv2, net, request.get("precision", "fp32"))
            return OpenCvNet(cv2, net, made_up(declared_inputs(request, path), request))
        except cv2.error as problem:
            fix = "Export the network with operators that it knows, or install a newer OpenCV there."
            said = str(problem).partition(": error: ")[2] or problem  # behind the place in OpenCV's own sources
            raise cannot_load("OpenCV " + cv2.__version__, path, said, fix) from None

    def _aim(self, cv2, net, precision):
        if self.cuda and precision == "fp16":
            net.setPreferableBackend(cv2.dnn.DNN_BACKEND_CUDA)
            net.setPreferableTarget(cv2.dnn.DNN_TARGET_CUDA_FP16)
            return
        only_fp32(self.name, precision)
        if self.cuda:
            net.setPreferableBackend(cv2.dnn.DNN_BACKEND_CUDA)
            net.setPreferableTarget(cv2.dnn.DNN_TARGET_CUDA)
        else:
            net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
            net.setPreferableTarget(cv2.dnn.DNN_TARGET_CPU)

    def split(self, voice, request, path):
        """OpenCV times its layers in every run: what it measured is read after each."""
        voice.tell(0.6, "Loading the network for the split by layer")
        network = self.load(request, path)
        layers = [[name, kind, []] for name, kind in network.layers()]

        def read():
            for number, spent in enumerate(network.microseconds()):
                layers[number][2].append(spent)

        latencies = repeat(voice, network, request["warmup"], request["runs"], ", by layer", 0.65, 0.9, each=read)
        for first in range(0, len(layers), LAYERS_IN_A_LINE):
            voice.say({"type": "layers", "layers": layers[first : first + LAYERS_IN_A_LINE]})
        return latencies


class OpenCvNet(Loaded):
    def __init__(self, cv2, net, feeds):
        self.cv2, self.net, self.feeds = cv2, net, feeds
        self.outputs = net.getUnconnectedOutLayersNames()
        self.run()  # it is built with the first run, which says what it cannot do
        Loaded.__init__(self)

    def run(self):
        for name, values in self.feeds.items():
            self.net.setInput(values, name)
        self.net.forward(self.outputs)

    def layers(self):
        """(name, kind) of each layer, in the order of its times."""
        return [(name, self.net.getLayer(self.net.getLayerId(name)).type) for name in self.net.getLayerNames()]

    def microseconds(self):
        _, ticks = self.net.getPerfProfile()
        scale = 1e6 / self.cv2.getTickFrequency()
        return [float(each) * scale for each in ticks.reshape(-1)]

    def close(self):
        self.net = None


class Program:
    """A program that measures by itself, run as a child of this process."""

    def __init__(self, command, threads):
        check_runs(command[0])
        environment = dict(os.environ)
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            environment[name] = str(threads)
        nowhere = open(os.devnull, "rb")
        self.child = subprocess.Popen(
            command,
            stdin=nowhere,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            env=environment,
            preexec_fn=dies_with_its_parent(),
        )
        nowhere.close()
        self.last = []  # of its lines, for when it fails

    def lines(self, beat):
        """Each line as it comes; `beat` is called now and then while there is none."""
        output, rest = self.child.stdout.fileno(), b""
        while True:
            if not select.select([output], [], [], TELL_EVERY)[0]:
                beat()
                continue
            part = os.read(output, 65536)
            lines = (rest + part).split(b"\n")
            rest = lines.pop() if part else b""
            for line in lines:
                text = line.decode("utf-8", "replace").rstrip("\r")
                self.last = (self.last + [text])[-KEPT_LINES:]
                yield text
            if not part:
                return

    def memory(self):
        return private_mb(self.child.pid)

    def end(self):
        """Its exit status, once it has ended."""
        status = self.child.wait()
        self.child.stdout.close()
        return status


def run_program(command, threads=1, each=None, beat=None, fix=""):
    """Run it to its end, with `each(program, line)` on every line. Raises Refused with its last words when it fails."""
    name, program = os.path.basename(command[0]), Program(command, threads)
    for line in program.lines(beat or (lambda: None)):
        if each:
            each(program, line)
    status = program.end()
    if status:
        raise Refused(
            "failed",
            "%s ended with %s." % (name, "signal %d" % -status if status < 0 else "exit status %d" % status),
            words_of_failure(program.last),
            "It may have run out of memory: measure a smaller batch." if status == -9 else fix,
            "\n".join([" ".join(command)] + program.last),
        )


def words_of_failure(lines):
    """The lines in which a program says what is wrong, without their time and mark, else its last one."""
    said = [line for line in lines if re.search(r"\[E\]|^F\d{4} |[Ee]rror|not found|No such", line)]
    plain = [re.sub(r"^(\[[^\]]*\] )+|^F\d{4} [^\]]*\] ", "", line).strip() for line in (said[:3] or lines[-1:])]
    return "It says: %s." % "; ".join(plain)[:SHOWN_WORDS].rstrip(".") if plain else ""


def check_runs(path):
    if not (os.path.isfile(path) and os.access(path, os.X_OK)):
        raise Refused("failed", "“%s” is not a program that can be run here." % path)


def dies_with_its_parent():
    """What a child does first so that Linux ends it with this process, however that ends; None elsewhere."""
    try:
        import ctypes

        prctl = ctypes.CDLL(None).prctl
    except Exception:
        return None
    return lambda: prctl(1, signal.SIGKILL)  # 1: PR_SET_PDEATHSIG


def which(program, folders=()):
    """The path of a program on PATH or in one of `folders`, or ""."""
    for folder in os.environ.get("PATH", "").split(os.pathsep) + list(folders):
        path = os.path.join(folder, program)
        if folder and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return ""


class TrtExec:
    """TensorRT's own `trtexec`: it converts the network to an engine, then runs that.

    Releases differ: 8.0 has no --exportLayerInfo, and --skipInference took the place of --buildOnly. What it knows is
    read from its --help.
    """

    name = "trtexec"

    def __init__(self, voice):
        self.voice, self.plans, self.known = voice, {}, None

    def program(self):
        return which("trtexec", TRTEXEC_FOLDERS)

    def help(self):
        """What it says of itself; "" where it is not there, or does not run because its libraries are missing."""
        if self.known is None:
            lines = []
            try:
                if self.program():
                    run_program([self.program(), "--help"], each=lambda _, line: lines.append(line))
            except (Refused, OSError):
                lines = []
            self.known = "\n".join(lines)
        return self.known

    def version(self):
        """From its first line: “&&&& RUNNING TensorRT.trtexec [TensorRT v8201] # …”."""
        found = re.search(r"\[TensorRT v(\d+)\]", self.help())
        if not found:
            return ""
        number = int(found.group(1))
        if number >= 100000:  # from 10.0 on, two figures for each part
            return "%d.%d.%d" % (number // 10000, number // 100 % 100, number % 100)
        return "%d.%d.%d" % (number // 1000, number // 100 % 10, number % 100)

    def load(self, request, path):
        if not self.help():
            fix = "It comes with TensorRT; it is looked for on PATH and in %s." % ", ".join(TRTEXEC_FOLDERS)
            raise Refused("failed", "There is no trtexec on this device that runs.", fix=fix)
        check_there(path)
        key = (path, request["batch"])
        if key not in self.plans:
            self.plans[key] = self._build(request, path)
        return TrtNetwork(self, request, path, self.plans[key])

    def _build(self, request, path):
        """Convert the network; the engine's file."""
        plan = os.path.join(request["folder"], "engine-%d.plan" % len(self.plans))
        build_only = "--skipInference" if self.has("--skipInference") else "--buildOnly"
        command = ["--onnx=" + path, "--saveEngine=" + plan, build_only] + self.shapes(request, path)
        precision = request.get("precision", "fp32")
        if precision != "fp32":
            command.append("--" + precision)
        elif self.has("--noTF32"):  # later graphics processors would round the factors
            command.append("--noTF32")
        if self.has("--profilingVerbosity"):
            command.append("--profilingVerbosity=detailed")
        self.run(command, request)
        return plan

    def has(self, option):
        return re.search(re.escape(option) + r"\b", self.help()) is not None

    def shapes(self, request, path):
        """The sizes of the inputs that the file leaves open; a file that leaves none open takes no such option."""
        wanted = []
        for name, declared, _ in declared_inputs(request, path):
            if not all(isinstance(size, int) and size > 0 for size in declared):
                sizes = full_shape(name, declared, (request.get("shapes") or {}).get(name), request["batch"])
                wanted.append(name + ":" + "x".join(str(size) for size in sizes))
            else:
                full_shape(name, declared, None, request["batch"])  # refuses another batch than the file's
        return ["--shapes=" + ",".join(wanted)] if wanted else []

    def run(self, options, request, each=None):
        command = [self.program()] + options
        run_program(command, request["threads"], each, self.voice.beat, "Measure it with another engine.")

    def split(self, voice, request, path):
        """A run of its own under TensorRT's profiler; says the files that trtexec wrote."""
        voice.tell(0.6, "Measuring by layer with trtexec")
        network = self.load(request, path)
        written = {"profile": os.path.join(request["folder"], "profile.json")}
        options = ["--dumpProfile", "--exportProfile=" + written["profile"]]
        if self.has("--exportLayerInfo"):
            written["layer_info"] = os.path.join(request["folder"], "layers.json")
            options.append("--exportLayerInfo=" + written["layer_info"])
        latencies = network.measure(request["warmup"] + request["runs"], options)[request["warmup"] :]
        for kind, file in sorted(written.items()):
            if os.path.isfile(file):
                voice.say({"type": "output", "tool": self.name, "kind": kind, "text": text_of(file)})
        return latencies


class TrtNetwork:
    """An engine's file. Each measurement is a process of its own."""

    late = True

    def __init__(self, engine, request, path, plan):
        self.engine, self.request, self.plan = engine, request, plan
        self.shapes = engine.shapes(request, path)
        self.own, self.window = (None, None), None

    def measure(self, count, options=(), seconds=0, now=time.monotonic):
        """Milliseconds of each inference: the copies there and back and the work between, by trtexec's own clock."""
        times = os.path.join(self.request["folder"], "times.json")
        marks, memory = [], []

        def watch(program, line):
            """Its timed loop lasts from the one line to whatever it says next."""
            if "Starting inference" in line or len(marks) == 1:
                marks.append(now())
                memory.append(program.memory())

        command = ["--loadEngine=" + self.plan, "--warmUp=0", "--iterations=%d" % count]
        command += ["--duration=%d" % math.ceil(seconds), "--exportTimes=" + times]
        self.engine.run(command + self.shapes + list(options), self.request, watch)
        if len(marks) == 2:
            self.window, self.own = tuple(marks), tuple(memory)
        return self._latencies(times)

    @staticmethod
    def _latencies(path):
        """Of the file of --exportTimes, which some releases do not write under the profiler."""
        if not os.path.isfile(path):
            return []
        with open(path) as file:
            found = [run["latencyMs"] for run in json.load(file)]
        os.remove(path)
        return found

    def runs(self, warmup, count):
        found = self.measure(warmup + count)
        if len(found) < warmup + count:
            raise Refused("failed", "trtexec told the times of %d runs out of %d." % (len(found), warmup + count))
        return found[-count:]

    def busy(self, least, seconds, now):
        done = len(self.measure(least, seconds=seconds, now=now))
        return self.window + (done,) if self.window and done else None

    def memory(self):
        """Of the trtexec that ran last."""
        return self.own

    def close(self):
        pass  # its process has ended


class Caffe:
    """Caffe's own `caffe time`, which fills a network with random weights and runs it forward and backward.

    It tells means only: of each layer, and of the whole way forward. What runs between two ways forward is the way
    back, so that no energy can be told either.
    """

    def __init__(self, voice, name, gpu):
        self.voice, self.name, self.gpu = voice, name, gpu

    def program(self):
        return which("caffe", CAFFE_FOLDERS)

    def version(self):
        """From “caffe version 1.0.0”. It does not say whether it was built for a graphics processor: ask for one."""
        lines = []
        if not self.program() or (self.gpu and not any(os.path.exists(path) for path in GPU_FILES)):
            return ""
        run_program([self.program(), "--version"], each=lambda _, line: lines.append(line))
        found = re.search(r"caffe version (\S+)", "\n".join(lines))
        return found.group(1) if found else "of unknown version"

    def load(self, request, path):
        if not self.program():
            fix = "It is looked for on PATH and in %s." % ", ".join(CAFFE_FOLDERS)
            raise Refused("failed", "There is no caffe on this device that runs.", fix=fix)
        only_fp32(self.name, request.get("precision", "fp32"))
        check_there(path)
        with open(path) as file:
            text = file.read()
        sized = os.path.join(request["folder"], "batch-%d.prototxt" % request["batch"])
        with open(sized, "w") as file:
            file.write(re.sub(r"dim: \d+ # batch", "dim: %d" % request["batch"], text))
        return CaffeNet(self, request, sized)

    def split(self, voice, request, path):
        """`caffe time` has told the layers already; what it printed is said."""
        network = self.load(request, path)
        network.measure(request["runs"])
        voice.say({"type": "output", "tool": "caffe", "kind": "time", "text": "\n".join(network.printed)})
        return []


class CaffeNet:
    late = True

    def __init__(self, engine, request, path):
        self.engine, self.request, self.path = engine, request, path
        self.printed, self.own = [], (None, None)

    def measure(self, count):
        """The mean milliseconds of the way forward."""
        printed, memory = [], []

        def watch(program, line):
            printed.append(line)
            if "Benchmark begins" in line or "Average time per layer" in line:
                memory.append(program.memory())

        command = [self.engine.program(), "time", "-model=" + self.path, "-iterations=%d" % count]
        if self.engine.gpu:
            command.append("-gpu=0")
        run_program(command, self.request["threads"], watch, self.engine.voice.beat, "Measure it with another engine.")
        self.printed = printed
        if len(memory) == 2:
            self.own = tuple(memory)
        found = re.search(r"Average Forward pass: ([\d.]+(?:e[-+]?\d+)?) ms", "\n".join(printed))
        if not found:
            said = "\n".join(printed[-KEPT_LINES:])
            raise Refused("failed", "caffe did not tell the time of the way forward.", evidence=said)
        return float(found.group(1))

    def runs(self, warmup, count):
        return [self.measure(count)]  # it runs the network once before it counts

    def busy(self, least, seconds, now):
        return None

    def memory(self):
        return self.own

    def close(self):
        pass


def all_engines(voice):
    return [
        OnnxRuntime("onnxruntime", CPU),
        OnnxRuntime("onnxruntime-cuda", "CUDAExecutionProvider"),
        OnnxRuntime("onnxruntime-tensorrt", TENSORRT),
        TrtExec(voice),
        OpenCv("opencv", False),
        OpenCv("opencv-cuda", True),
        Caffe(voice, "caffe", False),
        Caffe(voice, "caffe-gpu", True),
    ]


def engine_or_refuse(voice, request):
    known = all_engines(voice)
    for engine in known:
        if engine.name == request["engine"]:
            return engine
    names = ", ".join(engine.name for engine in known)
    raise Refused("bad_input", "There is no engine named “%s”." % request["engine"], "", "Engines: %s." % names)


def engines(voice, request):
    """Those that really work here, with their versions.

    Where the request names one, only that one is tried: another's library would take memory that is then measured.
    """
    wanted = request.get("engine")
    found = [(engine.name, version_of(engine)) for engine in all_engines(voice) if wanted in (None, engine.name)]
    return {name: version for name, version in found if version}


def version_of(engine):
    """Its version, or "" for one that is not there: a broken install may raise anything, and is absent either way."""
    try:
        return engine.version()
    except Exception:
        return ""


def check_there(path):
    if not os.path.isfile(path):
        raise Refused("bad_input", "“%s” is not there." % path, "", "Check the path.")


def cannot_load(engine, path, problem, fix):
    text = "It says: %s" % " ".join(str(problem).split())[:SHOWN_WORDS]
    return Refused("bad_input", "%s cannot load “%s”." % (engine, os.path.basename(path)), text, fix, str(problem))


def only_fp32(engine, precision):
    if precision != "fp32":
        raise Refused(
            "bad_input",
            "%s computes in what the file says; it does not convert to %s." % (engine, precision),
            "",
            "Take fp32, or the engine “trtexec”.",
        )


# --- what a network is fed ----------------------------------------------------------------------------------


def declared_inputs(request, path):
    """(name, sizes, type) of each input, as the asker read them from the file."""
    files = request.get("networks") or [request["network"]]
    return request["inputs"][files.index(path)]


def full_shape(name, declared, given, batch):
    """The input's shape: the file's own sizes, else the given ones; an open first size becomes the batch."""
    shape = list(declared)
    for axis, size in enumerate(shape):
        if isinstance(size, int) and size > 0:
            continue
        if axis == 0:
            shape[axis] = batch
        elif given and axis < len(given) and isinstance(given[axis], int):
            shape[axis] = given[axis]
        else:
            raise Refused(
                "bad_input",
                "The input “%s” has open sizes: %s." % (name, "×".join(str(size) for size in declared)),
                "",
                "Give them when the network is opened, for example --input %s=1x3x224x224." % name,
            )
    if batch > 1 and shape and shape[0] != batch:
        raise Refused(
            "bad_input",
            "A batch of %d was asked for, but the input “%s” is fixed at a batch of %s." % (batch, name, shape[0]),
            "",
            "Set the batch to %s, or export the network with an open batch." % shape[0],
        )
    return shape


def random_input(numpy, source, name, kind, shape):
    """Numbers like prepared images for real inputs; 0 and 1 for whole numbers, which are often indices."""
    real = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(double)": "float64"}
    whole = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "bool"]
    if kind in real:
        return numpy.asarray(source.standard_normal(shape)).astype(real[kind])
    if kind[7:-1] in whole:
        return numpy.asarray(source.randint(0, 2, shape)).astype(kind[7:-1])
    raise Refused("bad_input", "The input “%s” wants %s, which cannot be made up." % (name, kind))


def made_up(wanted, request):
    """Random values for inputs given as (name, sizes, type): {name: array}."""
    import numpy

    source = numpy.random.RandomState(request.get("seed", 0))
    feeds = {}
    for name, declared, kind in wanted:
        shape = full_shape(name, declared, (request.get("shapes") or {}).get(name), request["batch"])
        feeds[name] = random_input(numpy, source, name, kind, shape)
    return feeds


# --- commands -----------------------------------------------------------------------------------------------


def profile(voice, request):
    engine = engine_or_refuse(voice, request)
    voice.tell(0.0, "Reading the machine’s load")
    before = machine_load()
    monitor = Monitor(voice, request)
    monitor.begin()
    voice.tell(0.05, "Loading the network")
    network = engine.load(request, request["network"])
    metered = []

    def ready():
        """Between the warm-up and the runs: what looks for a meter must not disturb them."""
        metered.append(monitor.ready())
        metered.append(monitor.mark())

    latencies = repeat(voice, network, request["warmup"], request["runs"], "", 0.1, 0.55, ready=ready, said=True)
    stop, (after_load, after_run) = monitor.mark(), network.memory()
    if metered[0]:
        voice.tell(0.55, "Reading the power meter")
        monitor.idle()
        seconds = monitor.long_enough(request.get("energy_seconds", ENERGY_WINDOW))
        window = network.busy(request["runs"], seconds, monitor.mark)
        if window:
            monitor.run(*window)
        monitor.idle()
    else:
        monitor.run(metered[1], stop, len(latencies))
    watched = monitor.end()
    network.close()  # its memory goes back before the second network takes as much
    profiled = engine.split(voice, request, request["network"])
    voice.tell(0.95, "Reading the machine’s load")
    return {
        "profiled_ms": profiled,
        "memory_mb": {"after_load": after_load, "after_run": after_run},
        "load": {"before": before, "after": machine_load()},
        "monitor": watched,
    }


def repeat(voice, network, warmup, count, suffix, start, stop, ready=None, said=False, each=None):
    """`count` timed runs after `warmup` others, in milliseconds, with progress from `start` to `stop` between two.

    `ready` is called once before the first that counts, `each` after each of those. With `said` the asker hears of
    every run within half a second, so that a broken line loses nothing.
    """
    latencies, told = [], 0
    if ready and (network.late or not warmup):
        ready()
        ready = None
    for number, ms in enumerate(network.runs(warmup, count)):
        if ms is not None:
            latencies.append(ms)
            if each:
                each()
        if ready and number + 1 >= warmup:
            ready()
            ready = None
        if voice.due():
            if said and told < len(latencies):  # before they are told of: what was shown is never lost
                voice.say({"type": "latencies", "ms": latencies[told:]})
                told = len(latencies)
            text = "Run %d of %d" % (len(latencies), count) if latencies else "Warm-up %d of %d" % (number + 1, warmup)
            fraction = start + (stop - start) * (number + 1) / (warmup + count)
            voice.tell(fraction, text + suffix, {"latency_ms": latencies[-1]} if latencies else {})
    if said and told < len(latencies):
        voice.say({"type": "latencies", "ms": latencies[told:]})
    return latencies


def turn(order, number):
    """The order of round `number`: rotated each round and now and then reversed, so that no place favours one."""
    shift = number % len(order)
    rotated = order[shift:] + order[:shift]
    return rotated[::-1] if (number // len(order)) % 2 else rotated


def runs_in_a_turn(latency_ms, least):
    """Enough runs that a turn outlasts the machine's own short hiccups."""
    return max(least, min(BLOCK_RUNS, int(math.ceil(BLOCK_SECONDS * 1000 / max(latency_ms, 1e-6)))))


def middle(values):
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def lower_quartile(values):
    """What a quarter of the values stay below, linearly between two."""
    ordered = sorted(values)
    place = (len(ordered) - 1) / 4.0
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def compare(voice, request):
    """The networks in turn, in this one process; the lower quartile of each turn, by network and round."""
    engine = engine_or_refuse(voice, request)
    voice.tell(0.0, "Reading the machine’s load")
    before = machine_load()
    counts = [turn_length(voice, engine, request, path) for path in request["networks"]]
    quartiles = [[] for _ in counts]
    for number in range(request["rounds"]):
        for index, quartile in one_round(voice, engine, request, counts, number):
            quartiles[index].append(quartile)
    voice.tell(0.97, "Reading the machine’s load")
    return {"rounds_ms": quartiles, "runs_in_a_turn": counts, "load": {"before": before, "after": machine_load()}}


def turn_length(voice, engine, request, path):
    """How many runs a turn of this network has: warm it up and see how long it takes."""
    voice.tell(0.02, "Loading “%s”" % os.path.basename(path))
    network = engine.load(request, path)
    latencies = repeat(voice, network, request["warmup"], 5, "", 0.05, 0.1)
    network.close()
    least = int(math.ceil(request["runs"] / float(request["rounds"])))
    return runs_in_a_turn(middle(latencies), least)


def one_round(voice, engine, request, counts, number):
    """[(network's index, the lower quartile of its runs)]. The networks are loaded anew for each round.

    Whatever else the machine does only ever adds time, often for a good part of a turn: of its median too. What a
    quarter of the runs stay below varies less than half as much, and is as much the network's own.
    Where the parts of a network happen to lie in memory makes it faster or slower, by up to a percent, for as long as
    it stays loaded. Left alone that is no noise, which more rounds would even out, but a false difference.
    """
    scatter = [bytearray(random.randrange(1 << 16)) for _ in range(16)]
    order = turn(list(range(len(counts))), number)
    runners = [(index, engine.load(request, request["networks"][index])) for index in order]
    share = 0.85 / request["rounds"]
    text = ", round %d of %d" % (number + 1, request["rounds"])
    quartiles = []
    for index, network in runners:
        start = 0.1 + share * (number + len(quartiles) / float(len(runners)))
        warmup = min(WARM_TURN, request["warmup"])
        latencies = repeat(voice, network, warmup, counts[index], text, start, start + share / len(runners))
        quartiles.append((index, lower_quartile(latencies)))
    for _, network in runners:
        network.close()
    del scatter
    return quartiles


def sweep(voice, request):
    """One network at several batch sizes and numbers of threads: a "point" for each, in pieces as it is measured.

    Each point is measured in a process of its own, so that it finds memory as a first run would, and that the system
    may end one that wants too much without ending the rest.
    """
    engine_or_refuse(voice, request)
    voice.tell(0.0, "Reading the machine’s load")
    before = machine_load()
    points = [(batch, threads) for threads in request["thread_counts"] for batch in request["batches"]]
    for number, (batch, threads) in enumerate(points):
        voice.tell(0.02 + 0.93 * number / len(points), "Batch %d, %s" % (batch, in_threads(threads)))
        told, start = dict(request, batch=batch, threads=threads), number / float(len(points))
        refused = apart(voice, point, voice, told, start, 1.0 / len(points))
        if refused:
            voice.say({"type": "point", "batch": batch, "threads": threads, "refused": refused})
    voice.tell(0.97, "Reading the machine’s load")
    return {"load": {"before": before, "after": machine_load()}}


def in_threads(threads):
    return "%d thread%s" % (threads, "" if threads == 1 else "s")


def point(voice, request, start, share):
    """Measures one point and says it; "" or why it cannot be measured."""
    try:
        network = engine_or_refuse(voice, request).load(request, request["network"])
        suffix = ", batch %d, %s" % (request["batch"], in_threads(request["threads"]))
        fractions = 0.02 + 0.93 * start, 0.02 + 0.93 * (start + share)
        said = PointVoice(voice, request["batch"], request["threads"])
        repeat(said, network, request["warmup"], request["runs"], suffix, *fractions, said=True)
    except Refused as refusal:
        told = refusal.message
        return " ".join(part for part in (told["what"], told["where"], told["fix"]) if part)
    except MemoryError:
        return no_memory(request["batch"])
    except Exception as problem:  # an engine may raise anything: this point cannot be measured, the next may
        words = str(problem) or type(problem).__name__
        if re.search("alloc|memory", words, re.I):
            return no_memory(request["batch"])
        return "%s stopped. It says: %s" % (request["engine"], " ".join(words.split())[:SHOWN_WORDS])
    return ""


class PointVoice:
    """A voice whose latencies are those of one point."""

    def __init__(self, voice, batch, threads):
        self.voice, self.batch, self.threads = voice, batch, threads
        self.due, self.tell = voice.due, voice.tell

    def say(self, message):
        self.voice.say({"type": "point", "batch": self.batch, "threads": self.threads, "latencies_ms": message["ms"]})


def no_memory(batch):
    return "The device has not enough memory for a batch of %d." % batch


def apart(voice, measure, *arguments):
    """What `measure` returns (a text), run in a process of its own where the system can make one; it may end it."""
    if not hasattr(os, "fork"):
        return measure(*arguments)
    readable, writable = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(readable)
        ends = dies_with_its_parent()
        if ends:
            ends()
        try:
            os.write(writable, measure(*arguments).encode("utf-8")[:4000])
        finally:
            os._exit(0)
    os.close(writable)
    told, part = b"", b"."
    while part:
        if not select.select([readable], [], [], TELL_EVERY)[0]:
            voice.beat()
            continue
        part = os.read(readable, 4096)
        told += part
    os.close(readable)
    status = os.waitpid(pid, 0)[1]
    if os.WIFSIGNALED(status):
        signal_number = os.WTERMSIG(status)
        if signal_number == signal.SIGKILL:
            return "The system ended this point (signal 9): it had most likely not enough memory."
        return "The engine ended with signal %d." % signal_number
    return told.decode("utf-8", "replace")


# --- the conversation ---------------------------------------------------------------------------------------


def end_with_the_asker(folder):
    """End this process and what it started when standard input closes: whoever asked is gone, or the line broke."""
    while os.read(0, 4096):
        pass
    shutil.rmtree(folder, ignore_errors=True)
    if hasattr(os, "getpgrp") and os.getpgrp() == os.getpid():  # a group of its own, and no one else's
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(3)


def read_request():
    if len(sys.argv) > 1:
        return json.loads(sys.argv[1])
    line = b""
    while not line.endswith(b"\n"):  # unbuffered: the watch reads what follows
        part = os.read(0, 1)
        if not part:
            break
        line += part
    return json.loads(line.decode("utf-8"))


def answer(voice, request):
    command = request.get("command")
    request.setdefault("folder", None)
    own = request["folder"] is None
    request["folder"] = request["folder"] or tempfile.mkdtemp(prefix="netbonsai-")
    if len(sys.argv) == 1:
        watch = threading.Thread(target=end_with_the_asker, args=(request["folder"],))
        watch.daemon = True
        watch.start()
    try:
        found = {} if command == "watch" else engines(voice, request)  # which are loaded to see whether they load
        voice.say({"type": "hello", "facts": facts(request.get("root") or ""), "engines": found})
        gc.disable()
        if command in COMMANDS:
            message = COMMANDS[command](voice, request)
            message["type"] = "result"
            voice.say(message)
        elif command != "hello":
            raise Refused("failed", "The agent knows no command “%s”." % command)
    finally:
        if own:
            shutil.rmtree(request["folder"], ignore_errors=True)


COMMANDS = {"profile": profile, "compare": compare, "sweep": sweep, "watch": watch}


def main():
    voice = Voice()
    try:
        answer(voice, read_request())
        status = 0
    except Refused as refusal:
        voice.say(refusal.message)
        status = 2
    except MemoryError:
        voice.say(Refused("failed", "The device has not enough memory for this network.").message)
        status = 1
    except Exception as problem:  # whatever it is, the asker must hear of it
        message = "The measurement stopped: %s" % (str(problem) or type(problem).__name__)
        voice.say(Refused("failed", message, evidence=traceback.format_exc()).message)
        status = 1
    sys.stderr.flush()
    os._exit(status)  # at once: engines may hang while they are torn down


if __name__ == "__main__":
    main()
