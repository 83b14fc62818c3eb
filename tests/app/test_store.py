"""The study's file: what was recorded is there again, whole facts only, and nothing is opened that is not ours."""

import os
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from app.facts import FACTS, Goal, GoalSet, Hidden, JobEnded, JobStarted, Renamed, StudyNamed
from app.objects import digest_of, path_of, put_bytes, put_file
from app.store import FILE, FORMAT, Store, is_study
from profiler.errors import BadInput, Failed

ROOT = Path(__file__).parents[2]


def test_facts_come_back_in_their_order(tmp_path):
    facts = [StudyNamed("Digits"), GoalSet(Goal(accuracy=0.98)), Renamed("B", "Prune “fc” <8 %>"), GoalSet(None)]
    store = Store(tmp_path / "study")
    for fact in facts:
        store.record(fact)
    store.close()
    again = Store(tmp_path / "study")
    assert again.facts() == facts
    assert again.study().name == "Digits"
    assert again.study().goal is None
    again.close()
    assert is_study(tmp_path / "study")


def test_several_facts_are_one_transaction(tmp_path):
    store = Store(tmp_path)
    with pytest.raises(TypeError):
        store.record(StudyNamed("kept out"), object())  # the second cannot be written, so the first is not either
    store.record(StudyNamed("kept"))
    assert store.facts() == [StudyNamed("kept")]


def test_what_was_recorded_survives_a_kill(tmp_path):
    script = textwrap.dedent(f"""
        import os, sys
        sys.path.insert(0, {str(ROOT)!r})
        from pathlib import Path
        from app.store import Store
        from app.facts import Renamed
        store = Store(Path({str(tmp_path)!r}))
        for number in range(50):
            store.record(Renamed("A", str(number)))
            print(number, flush=True)
        os.kill(os.getpid(), 9)
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    said = len(done.stdout.split())
    assert said == 50
    assert [fact.title for fact in Store(tmp_path).facts()] == [str(n) for n in range(50)]


def test_a_study_from_a_newer_version_is_refused_and_left_alone(tmp_path):
    Store(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute(f"PRAGMA user_version = {FORMAT + 1}")
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(BadInput, match="newer NetBonsai") as refused:
        Store(tmp_path)
    assert str(tmp_path) in refused.value.what
    assert "Update" in refused.value.fix
    assert (tmp_path / FILE).read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to look at" * 40, b"\x00" * 4096])
def test_a_file_that_is_no_study_is_refused(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(BadInput, match="not a study"):
        Store(tmp_path)


def test_another_programs_database_is_refused(tmp_path):
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute("CREATE TABLE recipes_for_soup (name TEXT)")
    with pytest.raises(BadInput, match="another program"):
        Store(tmp_path)


def test_facts_of_a_later_program_are_passed_over(tmp_path):
    store = Store(tmp_path)
    store.record(StudyNamed("old"))
    store.close()
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute("INSERT INTO fact (at, kind, body) VALUES ('', 'FromTheFuture', '{}')")
        body = b'{"letter": "A", "hidden": true, "why": "a key of a later version"}'
        database.execute("INSERT INTO fact (at, kind, body) VALUES ('', 'Hidden', ?)", (body,))
    assert Store(tmp_path).facts() == [StudyNamed("old"), Hidden("A", True)]


def test_a_damaged_fact_is_named(tmp_path):
    store = Store(tmp_path)
    store.record(StudyNamed("fine"))
    store.close()
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute("UPDATE fact SET body = '{\"name\": 3}'")
    with pytest.raises(BadInput, match="Fact 1 "):
        Store(tmp_path).facts()


def test_a_full_disk_is_said_and_loses_nothing(tmp_path):
    store = Store(tmp_path)
    store.record(StudyNamed("before"))
    pages = store._database.execute("PRAGMA page_count").fetchone()[0]
    store._database.execute(f"PRAGMA max_page_count = {pages}")  # SQLite's own way of having no more room

    def fill():
        for _ in range(100):
            store.record(StudyNamed("x" * 2000))

    with pytest.raises(Failed, match="disk is full") as full:
        fill()
    assert "lost" in full.value.fix
    kept = store.facts()
    assert kept[0] == StudyNamed("before")
    assert all(fact.name == "x" * 2000 for fact in kept[1:])


def test_every_kind_of_fact_is_registered_under_its_name():
    assert all(kind.__name__ == name for name, kind in FACTS.items())
    assert {JobStarted, JobEnded} <= set(FACTS.values())


def test_objects_lie_under_the_hash_of_their_bytes(tmp_path):
    # SHA-256 of "abc": FIPS 180-2, appendix B.1
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert put_bytes(tmp_path, b"abc") == abc
    source = tmp_path / "in.bin"
    source.write_bytes(b"abc" * 1000)
    digest = put_file(tmp_path, source)
    assert path_of(tmp_path, digest).read_bytes() == b"abc" * 1000
    assert digest == digest_of(source)
    assert source.exists()
    put_file(tmp_path, source, move=True)
    assert not source.exists()
    assert not list(tmp_path.glob(".incoming*"))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to mount a small file system")
def test_a_full_disk_leaves_no_half_object(tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(small)], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        with pytest.raises(Failed, match="disk is full"):
            put_bytes(small, bytes(200_000))
        assert not list(small.iterdir())
    finally:
        subprocess.run(["umount", str(small)], check=False)


def test_a_copy_holds_everything(tmp_path):
    store = Store(tmp_path / "one")
    store.record(StudyNamed("first"))
    digest = put_bytes(store.objects, b"weights")
    store.save_copy(tmp_path / "two")
    copy = Store(tmp_path / "two")
    assert copy.facts() == store.facts()
    assert path_of(copy.objects, digest).read_bytes() == b"weights"
    with pytest.raises(BadInput, match="already holds a study"):
        store.save_copy(tmp_path / "two")
