"""What holds for the whole house: the agent's grammar, the set-up's words, and what the wheel carries."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

HOUSE = Path(__file__).parents[1]
AGENT = HOUSE / "devices" / "agent.py"
SET_UP = HOUSE / ".ci" / "set-up"
STANDARD_IN_3_4 = {
    "gc", "json", "math", "os", "platform", "random", "re", "select", "shutil", "signal", "subprocess", "sys",
    "tempfile", "threading", "time", "traceback",
}  # fmt: skip


def agent_tree() -> ast.Module:
    return ast.parse(AGENT.read_text(encoding="utf-8"), feature_version=(3, 4))


def test_the_agent_keeps_the_grammar_of_python_3_4():
    """`feature_version` refuses f-strings, types of variables, `async` and 1_000; the rest is looked for here."""
    for node in ast.walk(agent_tree()):
        line = f"line {getattr(node, 'lineno', '?')}"
        assert not isinstance(node, ast.NamedExpr | ast.JoinedStr | ast.AnnAssign), line
        if isinstance(node, ast.List | ast.Tuple | ast.Set) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            assert not any(isinstance(item, ast.Starred) for item in node.elts), f"{line}: [*a] needs 3.5"
        if isinstance(node, ast.Dict):
            assert None not in node.keys, f"{line}: {{**a}} needs 3.5"
        if isinstance(node, ast.Call):
            assert sum(isinstance(item, ast.Starred) for item in node.args) <= 1, f"{line}: f(*a, *b) needs 3.5"
            assert sum(word.arg is None for word in node.keywords) <= 1, f"{line}: f(**a, **b) needs 3.5"
        if isinstance(node, ast.FunctionDef):
            assert not node.args.posonlyargs, f"{line}: positional-only parameters need 3.8"


def test_the_agent_imports_only_the_standard_library_of_python_3_4_to_start_with():
    imported = [node for node in agent_tree().body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in imported if isinstance(node, ast.Import) for alias in node.names}
    assert all(isinstance(node, ast.Import) for node in imported)
    assert names <= STANDARD_IN_3_4


def least_python(path: Path) -> str:
    """What vermin says of a file, by its tables of what each release added to the language and its library."""
    vermin = [str(Path(sys.executable).with_name("vermin")), "--target=3.4-", "--no-tips", "--violations", str(path)]
    said = subprocess.run(vermin, capture_output=True, text=True, check=False)
    return "" if said.returncode == 0 else said.stdout


def test_the_agent_uses_nothing_that_came_after_python_3_4(tmp_path):
    assert least_python(AGENT) == ""
    newer = tmp_path / "newer.py"
    newer.write_text("import subprocess\nsubprocess.run(['ls'])\n")  # came with 3.5
    assert "subprocess.run" in least_python(newer)


@pytest.fixture
def bare(tmp_path):
    """A machine with only the few commands that the set-up begins with, and the folder for more."""
    for name in ("bash", "dirname", "id", "uname", "env"):
        found = shutil.which(name)
        assert found
        (tmp_path / name).symlink_to(found)
    return tmp_path


def set_up(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a copy of the set-up, in a house of its own that has nothing yet."""
    house = folder / "house"
    (house / ".ci").mkdir(parents=True)
    script = shutil.copy(SET_UP, house / ".ci")
    return subprocess.run([script, "program"], env={"PATH": str(folder)}, capture_output=True, text=True)


def test_the_set_up_says_which_python_is_missing(bare):
    done = set_up(bare)
    assert done.returncode != 0
    assert "Python 3.11 or newer" in done.stderr
    assert "apt-get install python3 python3-venv" in done.stderr


def test_the_set_up_says_when_python_cannot_make_environments(bare):
    python = bare / "python3.11"
    python.write_text(f'#!{bare}/bash\ncase "$2" in *ensurepip*) exit 1;; esac\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    done = set_up(bare)
    assert done.returncode != 0
    assert f"apt-get install python{sys.version_info[0]}.{sys.version_info[1]}-venv" in done.stderr


def test_the_set_up_installs_a_torch_that_the_program_accepts():
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text())["project"]
    [asked] = [line for line in SET_UP.read_text().splitlines() if line.startswith("TORCH=")]
    [accepted] = [Requirement(each) for each in project["dependencies"] if Requirement(each).name == "torch"]
    [pinned] = Requirement(asked.split('"')[1]).specifier
    assert pinned.operator == "=="
    assert pinned.version in accepted.specifier


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(HOUSE)]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    [path] = folder.glob("*.whl")
    return path


def test_the_wheel_carries_every_file_of_the_rooms_and_of_assets(wheel):
    rooms = ("app", "assets", "compressors", "devices", "profiler")
    listed = subprocess.run(["git", "ls-files", "-z", *rooms], cwd=HOUSE, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("this is not a git checkout, so what belongs to the house is not known")
    tracked = {name for name in listed.stdout.split("\0") if name and (HOUSE / name).is_file()}
    carried = set(zipfile.ZipFile(wheel).namelist())
    assert tracked - carried == set()
    assert {"devices/agent.py", "assets/networks/LeNet-5-digits.onnx"} <= carried
    assert not any(name.startswith("tests/") for name in carried)


def test_the_wheel_runs_from_another_folder(wheel, tmp_path):
    """Unpacked elsewhere, with this Python's libraries: the command is there and finds the demo network."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "unpacked")
    [entry_points] = (tmp_path / "unpacked").glob("*.dist-info/entry_points.txt")
    assert "netbonsai = app.__main__:main" in entry_points.read_text()
    command = [sys.executable, "-c", "import sys; from app.__main__ import main; sys.exit(main())"]
    command += ["inspect", "zoo:LeNet-5-digits", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "unpacked")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert '"params"' in done.stdout
