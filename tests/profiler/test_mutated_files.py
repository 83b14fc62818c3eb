"""Real files, damaged in every way: each opens, counts and can be written again, or is refused with a message.

They are opened in a process of their own, so that a crash shows, and memory and time are really measured. A deeper run:
NETBONSAI_MUTATIONS=20000 python -m pytest tests/profiler/test_mutated_files.py
"""

import json
import os
import selectors
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from onnx import numpy_helper

from profiler import zoo
from profiler.network import save
from tests.profiler.conftest import proto_of
from tests.profiler.models import nested_functions, opset_network, residual_network, scan
from tests.profiler.mutation import KINDS, mutated, parsed, written

EXAMPLES = int(os.environ.get("NETBONSAI_MUTATIONS", "120"))
TIMES, CONSTANT = 3, 8_000_000  # bytes a file may take: three times itself, and what a small graph takes in Python
SECONDS = 10
# Memory that is freed goes back to the system, so that the next case cannot hide in what the last one left
GIVES_BACK = {"PYTHONMALLOC": "malloc", "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
WORKER = Path(__file__).with_name("opening_worker.py")
BRANCHES = (
    "g (bool c, float[N,3,8,8] x) => (float[N,4,6,6] y) { one = Constant <value = int64 {3}> ()"
    " y = If (c) <then_branch = a () => (float[n,m,h,w] p) { q = Conv (x, v)  p = Relu (q) },"
    " else_branch = b () => (float[n,m,h,w] r) { s = Conv (x, v)"
    " r = Loop (one, c, s) <body = l (int64 i, bool go, float[n,m,h,w] t) => (bool on, float[n,m,h,w] u)"
    " { on = Identity (go)  u = Relu (t) }> }>  }"
)
PLUMBED = (
    "g (float[N,6,4] x) => (float[a,b,c] y) {"
    " s = Shape (x)  n = Gather (s, zero)  u = Unsqueeze (n, first)  t = Concat <axis = 0> (u, minus, minus)"
    " ones = ConstantOfShape <value = int64[1] {1}> (three)  m = Mul (ones, minus)  e = Equal (t, m)"
    " z = Where (e, ones, t)  k = Expand (token, z)  h = Concat <axis = 1> (k, x)  y = MatMul (h, w) }"
)


class Files(dict):
    """Files by name, told in one word where a test failed."""

    def __repr__(self):
        return "files"


def numbers(*values):
    return np.array(values, np.int64)


def corpus(folder):
    """Real files of every kind, by name."""
    protos = {
        "branches": proto_of(BRANCHES, v=np.ones((4, 3, 3, 3), np.float32)),
        "functions": nested_functions(),
        "opset-7": opset_network(7),
        "newest": opset_network(onnx.defs.onnx_opset_version()),
        "plumbing": proto_of(
            PLUMBED, zero=np.array(0), first=numbers(0), minus=numbers(-1), three=numbers(3),
            token=np.zeros((1, 1, 4), np.float32), w=np.zeros((4, 5), np.float32),
        ),
        "residual": residual_network(),
        "scan": scan(1),
    }  # fmt: skip
    sparse = proto_of("g (float[1,64] x) => (float[1,32] y) { y = MatMul (x, w) }")
    sparse.graph.sparse_initializer.add(
        values=numpy_helper.from_array(np.ones(2, np.float32), "w"),
        indices=numpy_helper.from_array(numbers(3, 2000), "where"),
        dims=[64, 32],
    )
    protos["sparse"] = sparse
    files = Files((name, proto.SerializeToString()) for name, proto in protos.items())
    for name in ("LeNet-5", "ResNet-20", "SqueezeNet-1.1"):
        save(zoo.build(name), folder / f"{name}.onnx")
        files[name] = (folder / f"{name}.onnx").read_bytes()
    return files


class Worker:
    """The other process; begun again after a crash, so that the damage can be made smaller."""

    def __init__(self, warm):
        self._warm = warm
        self._process = None

    def open(self, path):
        """What opening the file took, or raises AssertionError when the process died or hung."""
        process = self._process or self._begin()
        process.stdin.write(f"{path}\n")
        process.stdin.flush()
        with selectors.DefaultSelector() as waiting:
            waiting.register(process.stdout, selectors.EVENT_READ)
            answered = waiting.select(6 * SECONDS)
        line = process.stdout.readline() if answered else ""
        if not line:
            self.close()
            raise AssertionError("it hung" if not answered else f"the process died: {process.returncode}")
        return json.loads(line)

    def _begin(self):
        self._process = subprocess.Popen(
            [sys.executable, str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | GIVES_BACK,
        )
        self._process.stdin.write(" ".join(map(str, self._warm)) + "\n")
        return self._process

    def close(self):
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def worker(files, tmp_path_factory):
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("this system does not show what a process takes")
    folder = tmp_path_factory.mktemp("warm")
    warm = []
    for name, data in files.items():
        warm.append(folder / f"{name}.onnx")
        warm[-1].write_bytes(data)
    started = Worker(warm)
    yield started
    started.close()


def test_mutating_nothing_changes_nothing(files):
    """The tree of parts is the file."""
    for data in files.values():
        assert written(parsed(data)) == data


def test_undamaged_files_stay_within_bounds(files, worker, tmp_path):
    for name, data in files.items():
        path = tmp_path / "whole.onnx"
        path.write_bytes(data)
        found = worker.open(path)
        assert found["outcome"] == "", name
        assert found["grown_bytes"] <= TIMES * len(data) + CONSTANT, name


numbers_drawn = st.integers(0, 2**32)
damages = st.lists(st.tuples(st.sampled_from(KINDS), numbers_drawn, numbers_drawn), min_size=1, max_size=4)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data(), damage=damages)
def test_damaged_files_are_opened_or_refused(files, worker, tmp_path, data, damage):
    """No crash, nothing but a message, at most three times the file and a constant, and never long."""
    name = data.draw(st.sampled_from(sorted(files)))
    content = mutated(files[name], damage)
    path = tmp_path / "damaged.onnx"
    path.write_bytes(content)
    kept = os.environ.get("NETBONSAI_MUTATIONS_KEPT")
    started = time.perf_counter()
    found = worker.open(path)
    if kept:  # a long run keeps what it saw, a line a case
        with Path(kept).open("a") as log:
            log.write(json.dumps({"name": name, "bytes": len(content), **found, "damage": damage}) + "\n")
    assert found["refused"] or not found["outcome"], found["outcome"]
    assert found["grown_bytes"] <= TIMES * len(content) + CONSTANT
    assert found["seconds"] <= SECONDS, time.perf_counter() - started
