import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from app.errors import WorkspaceBusyError, WorkspaceError
from app.services.workspace import Workspace, process_started, same_process


def test_opening_makes_the_folder_and_keeps_what_is_in_it(tmp_path):
    path = tmp_path / "deep" / "er"
    first = Workspace.open(path)
    with first.store.write() as tx:
        tx.meta.set("colour", "green")
    first.close()
    again = Workspace.open(path, create=False)
    with again.store.read() as tx:
        assert tx.meta.get("colour") == "green"
    again.close()


def test_the_project_is_called_after_its_folder(tmp_path):
    for path, name in ((tmp_path / "birds", "birds"), (tmp_path / "fish" / "workspace", "fish")):
        ws = Workspace.open(path)
        assert ws.project == name
        ws.close()


def test_a_missing_workspace_is_told(tmp_path):
    with pytest.raises(WorkspaceError, match=r"there is no workspace in .*: import a folder first"):
        Workspace.open(tmp_path / "none", create=False)
    assert not (tmp_path / "none").exists()


def test_a_file_is_no_workspace(tmp_path):
    (tmp_path / "x").write_text("")
    with pytest.raises(WorkspaceError, match="is a file, a workspace is a folder"):
        Workspace.open(tmp_path / "x")
    with pytest.raises(WorkspaceError, match="cannot be created"):
        Workspace.open(tmp_path / "x" / "y")


def test_no_permission_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everywhere
    with pytest.raises(WorkspaceError, match="no permission to write in the workspace"):
        Workspace.open(tmp_path)


def test_one_app_at_a_time(tmp_path):
    first = Workspace.open(tmp_path)
    holder = (
        "import sys, pathlib; from app.services.workspace import Workspace\n"
        "ws = Workspace.open(pathlib.Path(sys.argv[1]))\n"
        "with ws.lock(7861):\n    print('held', flush=True); sys.stdin.read()\nws.close()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", holder, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout.readline() == "held\n"
        sentence = rf"open in another app \(process {child.pid}, http://localhost:7861\)"
        with pytest.raises(WorkspaceBusyError, match=sentence), first.lock():
            pytest.fail("the lock was given twice")
        child.kill()
        child.wait()
        with first.lock(), first.store.read() as tx:  # a dead app's lock is taken over
            assert json.loads(tx.meta.get("app"))["pid"] == os.getpid()
    with first.store.read() as tx:
        assert tx.meta.get("app") is None
    first.close()


def test_a_process_is_told_from_a_later_one_with_its_number():
    started = process_started(os.getpid())
    assert same_process(os.getpid(), started)
    assert not same_process(os.getpid(), started - 0.01)
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        pass
    assert process_started(child.pid) is None


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="elsewhere starts are told by the clock")
def test_setting_the_clock_makes_no_process_another_one(monkeypatch):
    started = process_started(os.getpid())
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: 1.0)
    assert process_started(os.getpid()) == started


def test_where_the_system_does_not_tell_the_clock_does(monkeypatch):
    monkeypatch.setattr(Path, "read_text", lambda *_: (_ for _ in ()).throw(FileNotFoundError))
    assert process_started(os.getpid()) == psutil.Process().create_time()
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        pass
    assert process_started(child.pid) is None
