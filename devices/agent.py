"""The one file that runs on a device: it runs a network there, measures it, and says so in JSON lines.

It is the same file on this computer and on a board, so it keeps the grammar and the library of Python 3.4, imports
engines only when they are asked for, and needs nothing else of NetBonsai. The request is one JSON line on standard
input (or the first argument); each line it prints is one message, an object with a "type":

    hello     facts (cpu, cores, memory_mb, ...) and engines {name: version}
    progress  fraction (0 to 1), text, figures {name: number}
    events    a part of onnxruntime's own trace of the profiled pass, after its warm-up
    result    what was asked for: raw numbers, nothing derived
    error     kind ("bad_input" or "failed"), what, where, fix, evidence; nothing follows it

Commands: "hello"; "profile" (network, shapes, runs, warmup, batch, threads, engine, seed, folder, power_root,
energy_seconds); "compare" (networks, shapes, rounds, and the same settings).
When standard input closes, whoever asked is gone: the agent removes its folder and ends.
"""
# pyright: basic
# Strict checking wants annotations that Python 3.4 cannot read.

import gc
import json
import math
import os
import platform
import random
import shutil
import sys
import tempfile
import threading
import time
import traceback

TELL_EVERY = 0.2  # seconds between two progress messages
LOAD_WINDOW = 0.3  # seconds over which the machine's load is read
IDLE_WINDOW = 1.0  # seconds over which the idle power is read
ENERGY_WINDOW = 2.0  # seconds the network runs while its energy is read
METER_PERIOD = 0.1  # seconds between two readings of the meter
BLOCK_SECONDS = 0.02  # least time of one network's turn in a comparison
BLOCK_RUNS = 200  # most runs in such a turn
WARM_TURN = 2  # runs before each turn that are not counted
EVENTS_IN_A_LINE = 2000


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
        self.told = 0.0

    def say(self, message):
        self.out.write(json.dumps(message) + "\n")
        self.out.flush()

    def tell(self, fraction, text, figures=None):
        """Progress, now."""
        self.told = time.time()
        self.say({"type": "progress", "fraction": fraction, "text": text, "figures": figures or {}})

    def due(self):
        """True when the last progress is old enough for another."""
        return time.time() - self.told >= TELL_EVERY


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


def memory_mb():
    kilobytes = field(text_of("/proc/meminfo"), "MemTotal").split()
    if kilobytes:
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


def system_name():
    for line in text_of("/etc/os-release").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip('"') + ", " + platform.system() + " " + platform.release()
    return platform.system() + " " + platform.release()


def clocks():
    """The processor's clock range as the kernel tells it, or its present speed, or ""."""
    folder = "/sys/devices/system/cpu/cpu0/cpufreq/"
    low, high = text_of(folder + "cpuinfo_min_freq"), text_of(folder + "cpuinfo_max_freq")
    if low and high:
        return "%.2f to %.2f GHz" % (int(low) / 1e6, int(high) / 1e6)
    present = field(text_of("/proc/cpuinfo"), "cpu MHz")
    return "%.2f GHz" % (float(present) / 1000) if present else ""


def facts():
    cpuinfo = text_of("/proc/cpuinfo")
    governor = text_of("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    return {
        "model": text_of("/proc/device-tree/model") or text_of("/sys/class/dmi/id/product_name"),
        "cpu": field(cpuinfo, "model name") or field(cpuinfo, "Hardware") or platform.processor() or platform.machine(),
        "cores": cores(),
        "memory_mb": memory_mb(),
        "system": system_name(),
        "python": platform.python_version(),
        "power_mode": "governor " + governor if governor else "",
        "clocks": clocks(),
    }


def engines():
    """The engines that really load here, with their versions."""
    try:
        import onnxruntime
    except Exception:  # a broken install raises more than ImportError; it is absent either way
        return {}
    return {"onnxruntime": onnxruntime.__version__}


def ticks():
    """(busy, all) processor time since the machine started, in ticks of all cores, or None where /proc has none."""
    numbers = text_of("/proc/stat").split("\n")[0].split()[1:9]
    if len(numbers) < 5:
        return None
    values = [int(number) for number in numbers]
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


def private_mb():
    """Megabytes that are this process's own (USS), or None where they cannot be read."""
    smaps = text_of("/proc/self/smaps_rollup") or text_of("/proc/self/smaps")
    if smaps:
        return private_kilobytes(smaps) * 1024 / 1e6
    try:
        import psutil

        return psutil.Process().memory_full_info().uss / 1e6
    except Exception:  # no psutil, or a system that does not tell: not measured
        return None


# --- power: the counters of Linux's powercap tree (RAPL) ----------------------------------------------------


class Meter:
    """Reads the energy counters of the processor packages, ten times a second while it is started."""

    def __init__(self, root):
        self.zones = []
        self.unreadable = []
        self.samples = []
        self.stopped = threading.Event()
        self.thread = None
        self.start = time.time()
        for zone in sorted(os.listdir(root)) if os.path.isdir(root) else []:
            folder = os.path.join(root, zone)
            whole = zone.startswith("intel-rapl:") and zone.count(":") == 1  # intel-rapl:0:0 is a part of one
            if whole and text_of(folder + "/name").startswith("package"):
                readable = text_of(folder + "/energy_uj") and text_of(folder + "/max_energy_range_uj")
                (self.zones if readable else self.unreadable).append(folder)

    def read(self):
        """One reading, kept; returns its time in seconds since the meter was made."""
        counters = [int(text_of(folder + "/energy_uj")) for folder in self.zones]
        self.samples.append([time.time() - self.start, counters])
        return self.samples[-1][0]

    def begin(self):
        self.stopped.clear()
        self.thread = threading.Thread(target=self._sample)
        self.thread.daemon = True
        now = self.read()
        self.thread.start()
        return now

    def _sample(self):
        while not self.stopped.wait(METER_PERIOD):
            self.read()

    def end(self):
        self.stopped.set()
        if self.thread:
            self.thread.join()
        return self.read()

    def report(self, idle, run, inferences):
        return {
            "source": "rapl",
            "zones": [
                {"name": text_of(folder + "/name"), "range_uj": int(text_of(folder + "/max_energy_range_uj"))}
                for folder in self.zones
            ],
            "samples": self.samples,
            "idle": idle,
            "run": run,
            "inferences": inferences,
        }


def idle_power(meter):
    """[start, stop] of a window in which nothing of ours runs, or None without a meter."""
    if not meter.zones:
        return None
    start = meter.begin()
    time.sleep(IDLE_WINDOW)
    return [start, meter.end()]


def energy_of(meter, idle, session, feeds, runs, seconds):
    """Run without pause for `seconds` (and at least `runs` times) while the meter reads; its report, or None."""
    if not meter.zones:
        return None
    start, done = meter.begin(), 0
    until = time.time() + seconds
    while done < runs or time.time() < until:
        session.run(None, feeds)
        done += 1
    return meter.report(idle, [start, meter.end()], done)


# --- running a network with onnxruntime ---------------------------------------------------------------------


def onnxruntime_or_refuse(engine):
    if engine != "onnxruntime":
        raise Refused("bad_input", "There is no engine named “%s” here." % engine, "", "Engines: onnxruntime.")
    try:
        import onnxruntime
    except Exception as problem:
        raise Refused(
            "failed",
            "This device’s Python (%s) has no onnxruntime that loads." % sys.executable,
            fix="Install it there: %s -m pip install onnxruntime" % sys.executable,
            evidence=str(problem),
        ) from None
    return onnxruntime


def load(onnxruntime, request, path, trace=None):
    """A session on the file at `path`; `trace` is the prefix of the profile file where one is wanted."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = request["threads"]
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3
    if trace:
        options.enable_profiling = True
        options.profile_file_prefix = trace
    if not os.path.isfile(path):
        raise Refused("bad_input", "“%s” is not there." % path, "", "Check the path.")
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as problem:
        raise Refused(
            "bad_input",
            "onnxruntime %s cannot load “%s”." % (onnxruntime.__version__, os.path.basename(path)),
            "It says: %s" % problem,
            "Export the network with operators and an opset that it knows, or install a newer onnxruntime there.",
        ) from None


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


def inputs_for(session, request):
    import numpy

    source = numpy.random.RandomState(request.get("seed", 0))
    feeds = {}
    for wanted in session.get_inputs():
        given = (request.get("shapes") or {}).get(wanted.name)
        shape = full_shape(wanted.name, wanted.shape, given, request["batch"])
        feeds[wanted.name] = random_input(numpy, source, wanted.name, wanted.type, shape)
    return feeds


def timed(session, feeds):
    """One run, in milliseconds."""
    start = time.perf_counter()
    session.run(None, feeds)
    return (time.perf_counter() - start) * 1000


def repeat(voice, session, feeds, times, text, start, stop):
    """`times` timed runs in milliseconds, with progress from `start` to `stop` between two runs."""
    latencies = []
    for done in range(times):
        latencies.append(timed(session, feeds))
        if voice.due():
            fraction = start + (stop - start) * (done + 1) / times
            voice.tell(fraction, text % (done + 1, times), {"latency_ms": latencies[-1]})
    return latencies


# --- commands -----------------------------------------------------------------------------------------------


def profile(voice, request):
    onnxruntime = onnxruntime_or_refuse(request["engine"])
    voice.tell(0.0, "Reading the machine’s load")
    before = machine_load()
    meter = Meter(request.get("power_root") or "/sys/class/powercap")
    idle = idle_power(meter)
    voice.tell(0.05, "Loading the network")
    session = load(onnxruntime, request, request["network"])
    feeds = inputs_for(session, request)
    after_load = private_mb()
    repeat(voice, session, feeds, request["warmup"], "Warm-up %d of %d", 0.1, 0.15)
    latencies = repeat(voice, session, feeds, request["runs"], "Run %d of %d", 0.15, 0.55)
    after_run = private_mb()
    if idle:
        voice.tell(0.55, "Reading the power meter")
    power = energy_of(meter, idle, session, feeds, request["runs"], request.get("energy_seconds", ENERGY_WINDOW))
    session = None  # its memory goes back before the second session takes as much
    profiled = profiled_pass(voice, onnxruntime, request, feeds)
    voice.tell(0.95, "Reading the machine’s load")
    return {
        "latencies_ms": latencies,
        "profiled_ms": profiled,
        "memory_mb": {"after_load": after_load, "after_run": after_run},
        "load": {"before": before, "after": machine_load()},
        "power": power,
        "power_unreadable": meter.unreadable,
    }


def profiled_pass(voice, onnxruntime, request, feeds):
    """The same runs under onnxruntime's profiler; says its events, and returns the end-to-end milliseconds."""
    voice.tell(0.6, "Loading the network for the split by layer")
    session = load(onnxruntime, request, request["network"], trace=os.path.join(request["folder"], "trace"))
    repeat(voice, session, feeds, request["warmup"], "Warm-up %d of %d, by layer", 0.65, 0.7)
    latencies = repeat(voice, session, feeds, request["runs"], "Run %d of %d, by layer", 0.7, 0.9)
    path = session.end_profiling()
    with open(path) as file:
        trace = json.load(file)
    os.remove(path)
    events = kernel_events(trace, request["warmup"])
    for first in range(0, len(events), EVENTS_IN_A_LINE):
        voice.say({"type": "events", "events": events[first : first + EVENTS_IN_A_LINE]})
    return latencies


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
        said["args"] = {key: found[key] for key in ("op_name", "node_index") if key in found}
        kept.append(said)
    return kept


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


def compare(voice, request):
    """The networks in turn, in this one process; the median of each turn, by network and round."""
    onnxruntime = onnxruntime_or_refuse(request["engine"])
    voice.tell(0.0, "Reading the machine’s load")
    before = machine_load()
    counts = [turn_length(voice, onnxruntime, request, path) for path in request["networks"]]
    medians = [[] for _ in counts]
    for number in range(request["rounds"]):
        for index, median in one_round(voice, onnxruntime, request, counts, number):
            medians[index].append(median)
    voice.tell(0.97, "Reading the machine’s load")
    return {"rounds_ms": medians, "runs_in_a_turn": counts, "load": {"before": before, "after": machine_load()}}


def turn_length(voice, onnxruntime, request, path):
    """How many runs a turn of this network has: warm it up and see how long it takes."""
    voice.tell(0.02, "Loading “%s”" % os.path.basename(path))
    session = load(onnxruntime, request, path)
    feeds = inputs_for(session, request)
    latencies = repeat(voice, session, feeds, request["warmup"] + 1, "Warm-up %d of %d", 0.05, 0.1)
    least = int(math.ceil(request["runs"] / float(request["rounds"])))
    return runs_in_a_turn(middle(latencies[-5:]), least)


def one_round(voice, onnxruntime, request, counts, number):
    """[(network's index, its median)]. The networks are loaded anew for each round.

    Where the parts of a network happen to lie in memory makes it faster or slower, by up to a percent, for as long as
    it stays loaded. Left alone that is no noise, which more rounds would even out, but a false difference.
    """
    scatter = [bytearray(random.randrange(1 << 16)) for _ in range(16)]
    order = turn(list(range(len(counts))), number)
    runners = []
    for index in order:
        session = load(onnxruntime, request, request["networks"][index])
        runners.append((index, session, inputs_for(session, request)))
    share = 0.85 / request["rounds"]
    text = "Round %d of %d" % (number + 1, request["rounds"]) + ", run %d of %d"
    medians = []
    for index, session, feeds in runners:
        for _ in range(min(WARM_TURN, request["warmup"])):
            session.run(None, feeds)
        start = 0.1 + share * (number + len(medians) / len(runners))
        latencies = repeat(voice, session, feeds, counts[index], text, start, start + share / len(runners))
        medians.append((index, middle(latencies)))
    del scatter
    return medians


# --- the conversation ---------------------------------------------------------------------------------------


def end_with_the_asker(folder):
    """End this process when standard input closes: whoever asked was killed, or the line to the board broke."""
    while os.read(0, 4096):
        pass
    shutil.rmtree(folder, ignore_errors=True)
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
        voice.say({"type": "hello", "facts": facts(), "engines": engines()})
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


COMMANDS = {"profile": profile, "compare": compare}


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
