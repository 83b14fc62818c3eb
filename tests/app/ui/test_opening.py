"""Studies opened in the background, what is dropped, and what is remembered."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint

from app.facts import StudyNamed
from app.ui import drop, remember
from app.ui.desk import Desk
from app.ui.drop import DropTargets
from app.ui.studies import Studies, free_folder


@pytest.fixture
def studies(qapp, tmp_path: Path, workers):
    made = Studies(Desk(), tmp_path / "studies")
    made._workers = workers
    yield made
    made.close()


def test_the_first_start_opens_the_demo(studies: Studies, qtbot, workers, tmp_path: Path):
    with qtbot.waitSignal(studies.opened, timeout=5000):
        studies.begin()
    workbench = studies.desk.workbench
    assert workbench.folder == tmp_path / "studies" / "demo"
    assert workbench.study.name == "Demo: LeNet-5"
    assert [(function, settings.get("path")) for _, _, function, settings in workers.started] == [
        ("app.pipeline:open_network", "zoo:LeNet-5-digits")
    ]
    waiting = [(job.kind, job.state) for job in workbench.jobs]
    assert waiting == [("open", "running"), ("data", "waiting")]


def test_later_starts_open_the_last_study_with_what_was_selected(studies: Studies, qtbot, facts, workers, tmp_path):
    with qtbot.waitSignal(studies.opened, timeout=5000):
        studies.open(tmp_path / "mine", lambda wb: wb.record(*facts, undoable=False))
    desk = studies.desk
    qtbot.waitUntil(lambda: "B" in desk.study.candidates)
    desk.select_candidate("B")
    desk.select_layer("fc1")
    desk.set_convention("ops")
    studies.close()
    again = Studies(Desk(), tmp_path / "studies")
    again._workers = workers
    with qtbot.waitSignal(again.opened, timeout=5000):
        again.begin()
    assert again.desk.workbench.folder == tmp_path / "mine"
    assert (again.desk.candidate, again.desk.layer, again.desk.convention) == ("B", "fc1", "ops")
    again.close()


def test_a_study_that_cannot_be_opened_is_told(studies: Studies, qtbot, tmp_path: Path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "study.sqlite").write_text("this is no database, but long enough to be looked at" * 100)
    with qtbot.waitSignal(studies.failed, timeout=5000) as heard:
        studies.open(tmp_path / "bad")
    assert "study.sqlite" in str(heard.args[0])
    assert studies.desk.workbench is None


def test_a_new_study_has_its_name_and_a_folder_of_its_own(studies: Studies, qtbot, tmp_path: Path):
    (tmp_path / "studies" / "AlexNet").mkdir(parents=True)
    with qtbot.waitSignal(studies.opened, timeout=5000):
        studies.new_with("zoo:AlexNet")
    assert studies.desk.workbench.folder == tmp_path / "studies" / "AlexNet-2"
    qtbot.waitUntil(lambda: studies.desk.study.name == "AlexNet")


def test_a_copy_holds_the_same_study(studies: Studies, qtbot, tmp_path: Path):
    with qtbot.waitSignal(studies.opened, timeout=5000):
        studies.open(tmp_path / "one", lambda wb: wb.record(StudyNamed("Named")))
    studies.save_copy(tmp_path / "two")
    with qtbot.waitSignal(studies.opened, timeout=5000):
        studies.open(tmp_path / "two")
    assert studies.desk.study.name == "Named"
    assert remember.recent() == [tmp_path / "two", tmp_path / "one"]


def test_folder_names_are_safe(tmp_path: Path):
    assert free_folder(tmp_path, "a/b: c?").name == "a-b-c"
    assert free_folder(tmp_path, "…").name == "study"
    assert free_folder(tmp_path, "..").name == "study"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("n.onnx", "network"),
        ("N.ONNX", "network"),
        ("n.pt2", "network"),
        ("w.safetensors", "network"),
        ("deploy.prototxt", "network"),
        ("r.toml", "recipe"),
        ("d.zip", "data"),
        ("d.npz", "data"),
        ("study.sqlite", "study"),
        ("trtexec.json", "profile"),
        ("caffe.log", "profile"),
        ("benchncnn.TXT", "profile"),
        ("meter.csv", "meter"),
        ("x.doc", "unknown"),
        ("README", "unknown"),
    ],
)
def test_what_a_file_is(tmp_path: Path, name, kind):
    assert drop.what_is(tmp_path / name) == kind


def test_a_folder_is_a_study_or_data(tmp_path: Path):
    assert drop.what_is(tmp_path) == "data"
    (tmp_path / "study.sqlite").touch()
    assert drop.what_is(tmp_path) == "study"


def test_unknown_endings_are_named():
    assert drop.unknown_words(Path("a.doc")).startswith("NetBonsai does not know .doc. It opens .onnx")


def test_targets_are_shown_before_release_and_the_one_under_the_pointer_is_meant(qtbot, tmp_path: Path):
    from PySide6.QtWidgets import QWidget

    host = QWidget()
    qtbot.addWidget(host)
    host.resize(1000, 600)
    host.show()
    targets = DropTargets(host)
    heard = []
    targets.dropped.connect(lambda key, path: heard.append((key, path.name)))
    path = tmp_path / "n.onnx"
    targets.offer([path], QPoint(1, 1))
    assert targets.isVisible()
    assert len(targets.rects()) == 2
    targets.release(targets.rects()[1].center())
    assert heard == [("add", "n.onnx")]
    assert not targets.isVisible()
    targets.offer([path], QPoint(1, 1))
    targets.release(QPoint(1, 1))
    assert heard[-1] == ("new_study", "n.onnx")


def test_forgotten_folders_are_not_recent(tmp_path: Path):
    (tmp_path / "a").mkdir()
    remember.keep_recent(tmp_path / "a")
    remember.keep_recent(tmp_path / "gone")
    assert remember.recent() == [tmp_path / "a"]


FIRST_PAINT = """
import sys, tempfile
from PySide6.QtCore import QSettings
QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, tempfile.mkdtemp())
from app.ui import main
app = main.application()
desk = main.Desk()
window = main.Window(desk, main.Studies(desk))
window.show()
app.processEvents()
window.grab()
print(*sorted({name.partition(".")[0] for name in sys.modules} & set(sys.argv[1:])))
"""


def test_the_frame_is_painted_before_anything_heavy_is_loaded():
    import os
    import subprocess
    import sys

    heavy = ["torch", "onnx", "onnx_ir", "onnxruntime", "pyqtgraph", "scipy", "jinja2"]
    ran = subprocess.run(
        [sys.executable, "-c", FIRST_PAINT, *heavy], capture_output=True, text=True, env=os.environ, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == []
