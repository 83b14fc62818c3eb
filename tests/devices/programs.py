"""Small programs in the place of those that no machine here has: `trtexec` and `caffe`.

They understand the options that the agent gives and print what the real ones print. Lines, files and numbers are of
the form of the real ones' sources: TensorRT 8 samples/common/sampleReporting.cpp, sampleOptions.cpp and
samples/trtexec/trtexec.cpp; BVLC Caffe tools/caffe.cpp. What the layers are called follows recorded output:
“Reformatting CopyNode for Input Tensor 0 to Conv_0 + Relu_1” (NVIDIA/TensorRT issue 1293, TensorRT 8.0).
Nothing here was seen on a graphics processor.
"""

import sys
from pathlib import Path

TRTEXEC = r'''#!@python@
import json, os, sys, time

VERSION, KNOWS_LAYER_INFO = "@version@", @layer_info@
options = dict(word[2:].partition("=")[::2] for word in sys.argv[1:])
with open("@record@", "a") as record:
    record.write(json.dumps(sys.argv[1:]) + "\n")
print("&&&& RUNNING TensorRT.trtexec [TensorRT v%s] # %s" % (VERSION, " ".join(sys.argv)), flush=True)

KNOWN = """--onnx --saveEngine --loadEngine --buildOnly --shapes --fp16 --int8 --noTF32 --iterations --warmUp --duration
--exportTimes --dumpProfile --exportProfile""".split() + (["--exportLayerInfo"] if KNOWS_LAYER_INFO else [])
if "help" in options:
    print("=== Model Options ===")
    for known in KNOWN:
        print("  %s=<value>   Does what it says" % known)
    sys.exit(0)
unknown = [word for word in options if "--" + word not in KNOWN]
if unknown:
    print("[11/22/2026-10:00:00] [E] Unknown option: --%s" % unknown[0])
    print("&&&& FAILED TensorRT.trtexec [TensorRT v%s]" % VERSION)
    sys.exit(1)
if "onnx" in options:
    if b"Frobnicate" in open(options["onnx"], "rb").read():
        print("[11/22/2026-10:00:00] [E] [TRT] ModelImporter.cpp:735: Failed to parse ONNX model from file")
        print("[11/22/2026-10:00:00] [E] Engine set up failed")
        sys.exit(1)
    print("[11/22/2026-10:00:00] [I] Engine built in 12.5 sec.")
    with open(options["saveEngine"], "w") as plan:
        plan.write("engine")
    sys.exit(0)
assert open(options["loadEngine"]).read() == "engine"
print("[11/22/2026-10:00:00] [I] Starting inference", flush=True)
count, until = int(options["iterations"]), time.time() + float(options["duration"])
done = 0
while done < count or time.time() < until:
    time.sleep(@sleep@)
    done += 1
print("[11/22/2026-10:00:00] [I] Warmup completed 0 queries over 0 ms", flush=True)
print("[11/22/2026-10:00:00] [I] Timing trace has %d queries over 0.1 s" % done)


def write(path, lines):
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")


if "exportTimes" in options and not ("exportProfile" in options and not @times_with_profile@):
    one = ('{ "startEnqMs" : 0.1, "endEnqMs" : 0.2, "startH2dMs" : 0, "endH2dMs" : 0.25, "startComputeMs" : 0.25'
           ', "endComputeMs" : 2.25, "startD2hMs" : 2.25, "endD2hMs" : 2.375, "h2dMs" : 0.25, "computeMs" : 2'
           ', "d2hMs" : 0.125, "latencyMs" : %s, "endToEndMs" : 4.5 }')
    runs = [("  " if run == 0 else ", ") + one % (2.375 + run) for run in range(done)]
    write(options["exportTimes"], ["["] + runs + ["]"])
if "exportProfile" in options:
    rows = [("Reformatting CopyNode for Input Tensor 0 to conv1", 4), ("conv1", 100), ("pool1", 20), ("conv2", 200),
            ("pool2", 10), ("fc1 + relu1", 300), ("reshape_after_fc1", 2), ("fc2", 30), ('a "quoted" \\ name', 1),
            ("prob", 5)]
    lines = ["[", '  { "count" : %d }' % done]
    for name, us in rows:
        middle = ', "medianMs" : %g' % (us / 1000.0) if KNOWS_LAYER_INFO == "8.4" else ""
        lines.append(', { "name" : "%s", "timeMs" : %g, "averageMs" : %g%s, "percentage" : 10 }'
                     % (name, us * done / 1000.0, us / 1000.0, middle))
    write(options["exportProfile"], lines + ["]"])
if "exportLayerInfo" in options:
    write(options["exportLayerInfo"], ['{"Layers": ["conv1", "fc1 + relu1"],', '"Bindings": ["input", "prob_out"]}'])
print("&&&& PASSED TensorRT.trtexec [TensorRT v%s]" % VERSION)
'''

CAFFE = r"""#!@python@
import json, os, re, sys

with open("@record@", "a") as record:
    record.write(json.dumps(sys.argv[1:] + [os.environ["OPENBLAS_NUM_THREADS"]]) + "\n")
if sys.argv[1] == "--version":
    print("caffe version 1.0.0\nDebug build (NDEBUG not #defined)")
    sys.exit(0)
options = dict(word[1:].partition("=")[::2] for word in sys.argv[2:])
text = open(options["model"]).read()
layers = re.findall(r'layer \{\s+name: "([^"]*)"', text)
batch = int(re.search(r"dim: (\d+)", text).group(1))


def say(line, number=1):
    print("I1122 10:00:00.00000%d  4075 caffe.cpp:4%02d] %s" % (number % 10, number, line), flush=True)


say("Use GPU with device ID 0" if "gpu" in options else "Use CPU.")
say("*** Benchmark begins ***")
say("Testing for %s iterations." % options["iterations"])
say("Average time per layer: ")
for number, layer in enumerate(layers):
    say("%10s\tforward: %g ms." % (layer, 0.125 * (number + 1) * batch), 4)
    say("%10s\tbackward: %g ms." % (layer, 9), 7)
say("Average Forward pass: %g ms." % (12.9396 * batch))
say("Average Backward pass: 35.2972 ms.")
say("Average Forward-Backward: 48.4081 ms.")
say("Total Time: 2420.4 ms.")
say("*** Benchmark ends ***")
"""


def trtexec(
    folder: Path, version: str = "8201", *, layer_info: str = "8.2", sleep: float = 0.0, times_with_profile: bool = True
) -> Path:
    """A `trtexec` in `folder`; what it was called with is in `folder`/calls. `layer_info` "": the one of 8.0."""
    return _program(
        folder, "trtexec", TRTEXEC, version=version, layer_info=repr(layer_info), sleep=str(sleep),
        times_with_profile=repr(times_with_profile),
    )  # fmt: skip


def caffe(folder: Path) -> Path:
    """A `caffe` that knows `--version` and `time`, and times the layers of the prototxt it is given."""
    return _program(folder, "caffe", CAFFE)


def _program(folder: Path, name: str, text: str, **values: str) -> Path:
    folder.mkdir(exist_ok=True)
    for key, value in {"python": sys.executable, "record": str(folder / "calls"), **values}.items():
        text = text.replace(f"@{key}@", value)
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return path
