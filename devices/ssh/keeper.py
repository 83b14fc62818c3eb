"""Runs on a board for as long as the line to it lasts: keeps a private folder there, and clears up when the line ends.

It is sent with the command that starts it, so that nothing has to be there before; Python 3.4's grammar and library.
Its argument is a JSON object: "silence" (seconds without a word after which the line counts as broken: the other side
says a line every few seconds) and "drop" (folders of this user that a broken line left). It says where the folder is as
one JSON line, and answers each command with one:

    end FOLDER      end every process that works in FOLDER, one of those inside
    remove FOLDER   the same, and remove it

Processes are known by NETBONSAI_FOLDER in their environment, which their children inherit: a hanging engine, and what
an engine started, are found whatever they do with sessions and groups. Clocks of the board are not relied on.
"""
# pyright: basic
# Strict checking wants annotations that Python 3.4 cannot read.

import fcntl
import json
import os
import platform
import select
import shutil
import signal
import sys
import tempfile
import time

PREFIX = "netbonsai-line-"
LOCK = "keeper"
MARK = b"NETBONSAI_FOLDER="
LONGEST_WORD = 10000


def workers(folder):
    """Processes of this user whose environment names `folder` or a folder in it."""
    found = []
    wanted = MARK + os.fsencode(folder)
    for name in os.listdir("/proc") if os.path.isdir("/proc") else []:
        try:
            if not name.isdigit() or int(name) == os.getpid():
                continue
            with open("/proc/%s/environ" % name, "rb") as file:
                for word in file.read().split(b"\0"):
                    if word == wanted or word.startswith(wanted + b"/"):
                        found.append(int(name))
        except (IOError, OSError):  # it ended, or is not ours
            pass
    return found


def end(folder):
    """Kill what works in `folder`, and what that starts meanwhile."""
    for _ in range(50):
        there = workers(folder)
        if not there:
            return
        for process in there:
            try:
                os.kill(process, signal.SIGKILL)
            except OSError:
                pass
        time.sleep(0.02)


def clear(folder):
    """End what works there and remove it."""
    end(folder)
    for _ in range(10):
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.exists(folder):
            return
        time.sleep(0.05)


def lock(folder):
    """The open lock of a folder, or None where its keeper lives."""
    handle = os.open(os.path.join(folder, LOCK), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (IOError, OSError):
        os.close(handle)
        return None
    return handle


def make():
    """(a new folder, its lock). It gets its name once it is locked, so that nobody takes it for a left one."""
    hidden = tempfile.mkdtemp(prefix="." + PREFIX)
    handle = lock(hidden) or 0  # nobody else knows this folder: it is free
    os.write(handle, str(os.getpid()).encode())
    folder = os.path.join(os.path.dirname(hidden), os.path.basename(hidden)[1:])
    os.rename(hidden, folder)
    return folder, handle


def is_ours(folder):
    name = os.path.basename(folder)
    try:
        there = os.lstat(folder)
    except OSError:
        return False
    return (
        name.startswith(PREFIX) and there.st_uid == os.getuid() and os.path.isdir(folder) and not os.path.islink(folder)
    )


def sweep(beside, drop):
    """Clear what lines before this one left: folders whose keeper is gone, and those of `drop` with their keepers."""
    root = os.path.dirname(beside)
    for folder in [os.path.join(root, name) for name in os.listdir(root)] + drop:
        if folder == beside or not is_ours(folder):
            continue
        handle = lock(folder)
        if handle is None and folder in drop:
            with open(os.path.join(folder, LOCK)) as file:
                keeper = file.read().strip()
            if keeper.isdigit():
                os.kill(int(keeper), signal.SIGKILL)  # it holds the lock: the number is its own
                clear(folder)
        elif handle is not None:
            clear(folder)
            os.close(handle)


def say(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def obey(line, folder):
    word, _, name = line.decode("utf-8", "surrogateescape").partition(" ")
    inside = os.path.join(folder, os.path.basename(name))
    if word in ("end", "remove") and name:
        (end if word == "end" else clear)(inside)
        say({"done": word, "name": name})


def watch(folder, silence):
    """Do as told until nothing more is said, or nobody says anything."""
    rest = b""
    while select.select([0], [], [], silence)[0]:
        part = os.read(0, 4096)
        if not part:
            return
        rest = (rest + part)[-LONGEST_WORD:]
        while b"\n" in rest:
            line, _, rest = rest.partition(b"\n")
            obey(line, folder)


def main():
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN if number == signal.SIGPIPE else lambda *_: sys.exit(1))
    asked = json.loads(sys.argv[1])
    try:
        folder, handle = make()
    except (IOError, OSError) as problem:
        say({"problem": str(problem), "errno": problem.errno})
        return
    try:
        sweep(folder, asked["drop"])
        say({"folder": folder, "python": platform.python_version(), "machine": platform.machine()})
        watch(folder, asked["silence"])
    finally:
        clear(folder)
        os.close(handle)


if __name__ == "__main__":
    main()
