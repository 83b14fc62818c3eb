"""Conversations with agents that behave and agents that don't. Each agent is a small script of the test's own."""

import json
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from devices.session import Session, environment, lower_first
from devices.shell import KEPT_HERE, LocalShell
from profiler.errors import BadInput, Failed
from profiler.progress import drain

PRELUDE = "import json, os, sys, time\nrequest = json.loads(sys.stdin.readline())\n"
RESULT = "print(json.dumps({'type': 'result', 'value': 42}), flush=True)\n"


@pytest.fixture
def session(tmp_path, temporary):
    def make(script: str, *, prelude: str = PRELUDE) -> Session:
        path = tmp_path / "agent.py"
        path.write_text(prelude + script)
        return Session(LocalShell(), "This computer", agent=path)

    return make


def test_the_answer_comes_back_and_nothing_is_left(session, temporary, children):
    messages = drain(session(RESULT).ask({"command": "hello"}))
    assert messages == [{"type": "result", "value": 42}]
    assert children() == []
    assert list(temporary.iterdir()) == []


def test_the_agent_gets_the_request_with_the_files_and_a_folder_of_its_own(session, tmp_path):
    script = "request['empty'] = os.listdir(request['folder'])\nprint(json.dumps({'type': 'result', 'got': request}))\n"
    one, two = tmp_path / "one.onnx", tmp_path / "two.onnx"
    [message] = drain(session(script).ask({"command": "x", "threads": 1}, network=one, networks=[one, two]))
    got = message["got"]
    assert (got["command"], got["threads"], got["empty"]) == ("x", 1, [])
    assert (got["network"], got["networks"]) == (str(one), [str(one), str(two)])


def test_the_environment_is_the_agents_own(session, monkeypatch):
    monkeypatch.setenv("MKL_NUM_THREADS", "7")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    script = "print(json.dumps({'type': 'result', 'environment': dict(os.environ)}))\n"
    [message] = drain(session(script).ask({"threads": 3}))
    assert message["environment"]["OMP_NUM_THREADS"] == "3"
    assert set(message["environment"]) <= {*environment(3, ""), *KEPT_HERE}
    assert message["environment"]["PATH"] == os.environ["PATH"]
    assert not Path(message["environment"]["TMPDIR"]).exists()  # a folder of its own, gone by now
    assert "MKL_NUM_THREADS" not in message["environment"]


def test_progress_is_passed_on(session):
    script = (
        "print(json.dumps({'type': 'progress', 'fraction': 0.5, 'text': 'Half', 'figures': {'ms': 2}}), flush=True)\n"
    )
    seen = []
    drain(session(script + RESULT).ask({}), seen.append)
    assert any(step.fraction == 0.5 and step.text == "Half" and step.figures == {"ms": 2} for step in seen)


def test_a_silent_agent_still_makes_progress_and_can_be_ended_by_waiting(session, tmp_path):
    script = f"while not os.path.exists({str(tmp_path / 'go')!r}): time.sleep(0.01)\n"
    job = session(script + RESULT).ask({})
    texts = [next(job).text for _ in range(4)]
    assert texts == ["Starting on this computer"] * 4
    (tmp_path / "go").touch()
    assert drain(job)[-1]["value"] == 42


def test_a_long_line_arrives_whole(session):
    script = "print(json.dumps({'type': 'result', 'long': 'x' * 3000000}), flush=True)\n"
    [message] = drain(session(script).ask({}))
    assert len(message["long"]) == 3_000_000


def test_cancelling_ends_the_agent_and_all_it_started(session, temporary, tmp_path, children):
    started = tmp_path / "started"
    script = (
        "import subprocess\nchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(started)!r}, 'w').close()\ntime.sleep(600)\n"
    )
    job = session(script).ask({})
    while not started.exists():
        next(job)
    family = children()
    assert len(family) == 2
    job.close()
    _, alive = psutil.wait_procs(family, timeout=5)
    assert alive == []
    assert list(temporary.iterdir()) == []


def test_an_agent_that_ends_is_not_waited_for_in_vain_and_takes_its_children_with_it(session, children):
    """A child that holds the pipe open: as a program that an engine started and that hangs."""
    script = "import subprocess\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    assert drain(session(script + RESULT).ask({}))[-1]["value"] == 42
    assert children() == []


def test_a_killed_agent_is_a_failure_that_keeps_its_last_words(session):
    script = "sys.stderr.write('out of luck'); sys.stderr.flush()\nos.kill(os.getpid(), 9)\n"
    with pytest.raises(Failed, match="killed by signal 9") as caught:
        drain(session(script).ask({}))
    assert caught.value.evidence == "out of luck"
    assert "memory" in caught.value.fix


def test_an_agent_that_ends_badly_says_with_which_status(session):
    with pytest.raises(Failed, match="exit status 5"):
        drain(session("sys.exit(5)\n").ask({}))


def test_an_agent_that_ends_well_without_a_word_is_a_failure(session):
    with pytest.raises(Failed, match="exit status 0"):
        drain(session("").ask({}))


def test_an_agent_that_never_reads_is_a_failure_not_a_broken_pipe(session):
    with pytest.raises(Failed, match="exit status 6"):
        drain(session("", prelude="import os; os._exit(6)\n").ask({"long": "x" * 300_000}))


@pytest.mark.parametrize("line", ["Segmentation violation", "[1, 2]", '{"kind": "hello"}', '{"type": "progress"}', "7"])
def test_a_line_that_is_no_message_is_quoted(session, line, children):
    with pytest.raises(Failed) as caught:
        drain(session(f"print({line!r}, flush=True)\n" + RESULT).ask({}))
    assert f"“{line}”" in caught.value.what
    assert children() == []


@pytest.mark.parametrize(("kind", "error"), [("bad_input", BadInput), ("failed", Failed)])
def test_the_agents_own_errors_are_raised(session, kind, error, children):
    message = {"type": "error", "kind": kind, "what": "What.", "where": "Where.", "fix": "Fix.", "evidence": "Trace"}
    with pytest.raises(error, match=r"What\. Where\. Fix\."):
        drain(session(f"print({json.dumps(message)!r}, flush=True)\ntime.sleep(600)\n").ask({}))
    assert children() == []


def test_a_python_that_is_not_there(tmp_path):
    with pytest.raises(Failed, match="does not start here"):
        drain(Session(LocalShell(), "This computer", python=(str(tmp_path / "python3"),)).ask({"command": "hello"}))


def test_what_libraries_print_does_not_reach_the_messages(tmp_path):
    """The real agent, beside an onnxruntime that prints on standard output from Python and from below it."""
    from devices.session import AGENT

    agent = tmp_path / "agent.py"
    agent.write_bytes(AGENT.read_bytes())
    (tmp_path / "onnxruntime.py").write_text(
        "import os\nprint('noise')\nos.write(1, b'more\\n')\n__version__ = '9.9'\n"
    )
    session = Session(LocalShell(), "This computer", python=(sys.executable, "-S"), agent=agent)
    [hello] = drain(session.ask({"command": "hello"}))
    assert hello["engines"] == {"onnxruntime": "9.9"}


def test_when_the_asker_is_killed_the_agent_ends_too(tmp_path):
    """The real agent, waiting in an onnxruntime that never loads, asked by a process that is then killed."""
    from devices.session import AGENT

    agent = tmp_path / "agent.py"
    agent.write_bytes(AGENT.read_bytes())
    (tmp_path / "onnxruntime.py").write_text(
        "import os, time\n"
        f"with open({str(tmp_path / 'new')!r}, 'w') as file: file.write(str(os.getpid()))\n"
        f"os.rename({str(tmp_path / 'new')!r}, {str(tmp_path / 'pid')!r})\n"
        "time.sleep(600)\n"
    )
    asker = (
        "from pathlib import Path\nfrom devices.session import Session\nfrom devices.shell import LocalShell\n"
        f"session = Session(LocalShell(), 'It', python=({sys.executable!r}, '-S'), agent=Path({str(agent)!r}))\n"
        "for step in session.ask({'command': 'hello'}): pass\n"
    )
    house = Path(__file__).parents[2]
    process = psutil.Popen([sys.executable, "-c", asker], cwd=house, env={**os.environ, "PYTHONPATH": str(house)})
    while not (tmp_path / "pid").exists():
        assert process.poll() is None
    there = psutil.Process(int((tmp_path / "pid").read_text()))
    process.send_signal(signal.SIGKILL)
    process.wait()
    there.wait(timeout=10)
    assert not there.is_running()


@pytest.mark.parametrize(
    ("title", "inside"), [("This computer", "this computer"), ("TX2 in the lab", "TX2 in the lab"), ("", "")]
)
def test_a_title_inside_a_sentence(title, inside):
    assert lower_first(title) == inside
