"""The data folder: where it is, what it takes in, and that only one run holds it."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from petra.engine.folder import DataFolder, RunsAlreadyError


@pytest.fixture
def document(tmp_path, monkeypatch):
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    path = tmp_path / "plants" / "tank.yaml"
    path.parent.mkdir()
    path.write_text("scan_time_ms: 10\n")
    return path


def test_it_is_beside_the_document_or_where_somebody_says(document, tmp_path, monkeypatch):
    assert DataFolder(document).path == document.parent / "tank.data"
    monkeypatch.setenv("STATE_DIRECTORY", f"{tmp_path}/state:{tmp_path}/other")
    assert DataFolder(document).path == tmp_path / "state"
    assert DataFolder(document, "kept").path == document.parent / "kept"
    assert DataFolder(document, str(tmp_path / "far")).path == tmp_path / "far"


def test_what_earlier_versions_kept_beside_the_document_is_taken_in(document):
    for name in ("tank.retain.json", "tank.commands.jsonl", "tank.commands.jsonl.1"):
        document.with_name(name).write_text(name)
    folder = DataFolder(document)
    assert folder.prepare()
    assert folder.retained.read_text() == "tank.retain.json"
    assert folder.commands.read_text() == "tank.commands.jsonl"
    assert (folder.path / "commands.jsonl.1").read_text() == "tank.commands.jsonl.1"
    document.with_name("tank.retain.json").write_text("of an old version that was run once more")
    assert folder.prepare()
    assert folder.retained.read_text() == "tank.retain.json"  # what is newer is not overwritten


def test_the_lock_outlives_an_editor_that_replaces_the_document(document):
    with DataFolder(document).locked():
        fresh = document.with_name("fresh")
        fresh.write_text("scan_time_ms: 20\n")
        fresh.replace(document)
        with pytest.raises(RunsAlreadyError, match=r"tank\.yaml runs already"), DataFolder(document).locked():
            pass
    with DataFolder(document).locked():
        pass


def test_the_same_file_by_another_name_is_the_same_plant(document):
    other = document.with_name("other.yaml")
    os.link(document, other)
    with DataFolder(document).locked(), pytest.raises(RunsAlreadyError), DataFolder(other).locked():
        pass


def test_a_lock_that_is_not_had_leaves_nothing_locked(document):
    """The second run held the document's lock already when the folder's was refused."""
    held = DataFolder(document)
    with held.locked():
        fresh = document.with_name("fresh")
        fresh.write_text("scan_time_ms: 20\n")
        fresh.replace(document)
        with pytest.raises(RunsAlreadyError), DataFolder(document).locked():
            pass
        with document.open() as free:
            fcntl.flock(free, fcntl.LOCK_EX | fcntl.LOCK_NB)  # nobody holds the document itself


@pytest.mark.parametrize("first", [False, True])
def test_another_data_folder_does_not_make_it_another_plant(document, monkeypatch, first):
    """The service has $STATE_DIRECTORY, whoever runs it by hand has not; and the document was replaced."""
    folders = [DataFolder(document), DataFolder(document, "elsewhere")]
    one, other = folders[::-1] if first else folders
    with one.locked():
        fresh = document.with_name("fresh")
        fresh.write_text("scan_time_ms: 20\n")
        fresh.replace(document)
        with pytest.raises(RunsAlreadyError), other.locked():
            pass


def test_the_lock_says_which_process_runs_the_plant(document):
    folder = DataFolder(document)
    with folder.locked():
        assert (folder.path / "lock").read_text() == f"{os.getpid()}\n"
        said = f"locked by process {os.getpid()}"
        with pytest.raises(RunsAlreadyError, match=said), DataFolder(document).locked():
            pass
    assert (folder.path / "lock").read_text() == "", "another process may have the number by now"


def test_without_a_folder_there_is_still_the_lock_of_the_document(document, caplog):
    document.with_name("tank.data").write_text("a file is in the way")
    with DataFolder(document).locked():
        assert "nothing can be kept in" in caplog.text
        with pytest.raises(RunsAlreadyError), DataFolder(document).locked():
            pass


def edit(document) -> None:
    """Replace a document, as `sed -i` and editors do."""
    fresh = document.with_name("fresh")
    fresh.write_text("scan_time_ms: 20\n")
    fresh.replace(document)


@pytest.mark.parametrize("by_link", [True, False], ids=["first by the link", "first by its own name"])
@pytest.mark.parametrize("edited", [True, False], ids=["edited", "as it was"])
def test_a_link_to_a_document_is_the_same_plant(document, by_link, edited):
    link = document.with_name("current.yaml")
    link.symlink_to(document.name)
    first, second = (link, document) if by_link else (document, link)
    with DataFolder(first).locked():
        if edited:
            edit(document)
        with pytest.raises(RunsAlreadyError), DataFolder(second).locked():
            pass
    with DataFolder(second).locked():
        pass


def test_a_link_to_the_folder_of_a_document_is_the_same_plant(document, tmp_path):
    (tmp_path / "link").symlink_to(document.parent)
    other = tmp_path / "link" / document.name
    with DataFolder(other).locked():
        edit(document)
        with pytest.raises(RunsAlreadyError), DataFolder(document).locked():
            pass


def test_a_link_that_is_switched_while_it_runs_is_followed(document):
    """A reload reads where it leads to by then, and nobody else may run that."""
    link, other = document.with_name("current.yaml"), document.with_name("other.yaml")
    other.write_text("scan_time_ms: 10\n")
    link.symlink_to(document.name)
    folder = DataFolder(link)
    with folder.locked():
        with DataFolder(other).locked():
            link.unlink()
            link.symlink_to(other.name)
            with pytest.raises(RunsAlreadyError):
                folder.follow()
        folder.follow()
        with pytest.raises(RunsAlreadyError), DataFolder(other).locked():
            pass


def test_a_link_that_leads_to_itself_is_no_endless_work(document):
    loop = document.with_name("loop.yaml")
    loop.symlink_to("loop.yaml")
    with DataFolder(loop).locked():
        pass


def test_a_disk_that_is_full_keeps_no_plant_from_running(document, monkeypatch, caplog):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("petra.engine.folder.os.write", full)
    with DataFolder(document).locked():
        assert "the number of this process cannot be written" in caplog.text
        with pytest.raises(RunsAlreadyError), DataFolder(document).locked():
            pass


def test_two_documents_with_one_folder_do_not_use_what_the_other_retains(document, tmp_path, caplog):
    other = document.with_name("other.yaml")
    other.write_text("scan_time_ms: 10\n")
    first, second = (DataFolder(each, str(tmp_path / "shared")) for each in (document, other))
    with first.locked():
        first.retained.write_text("of the first")
    with first.locked():
        assert first.retained.read_text() == "of the first"
    with second.locked():
        assert not second.retained.exists()
        assert f"was the data folder of {document}: what that one retains is not used" in caplog.text
        second.retained.write_text("of the second")
    with first.locked():
        assert first.retained.read_text() == "of the first"
    document.unlink()
    with second.locked():
        assert second.retained.read_text() == "of the second"


def test_a_link_to_a_document_uses_what_the_document_retains(document, tmp_path):
    link = document.with_name("current.yaml")
    link.symlink_to(document.name)
    with DataFolder(document, str(tmp_path / "kept")).locked():
        DataFolder(document, str(tmp_path / "kept")).retained.write_text("what it knows")
    with DataFolder(link, str(tmp_path / "kept")).locked():
        assert DataFolder(link, str(tmp_path / "kept")).retained.read_text() == "what it knows"


def test_a_document_that_is_moved_with_its_folder_keeps_what_it_retains(document, tmp_path):
    with DataFolder(document).locked():
        DataFolder(document).retained.write_text("what it knows")
    document.parent.rename(tmp_path / "moved")
    moved = DataFolder(tmp_path / "moved" / document.name)
    with moved.locked():
        assert moved.retained.read_text() == "what it knows"


@pytest.mark.parametrize("is_fixed", [False, True], ids=["moved", "copied"])
def test_old_files_are_taken_over_on_another_disk_or_from_a_read_only_folder(document, monkeypatch, is_fixed):
    """A rename cannot do either."""
    old = document.with_name("tank.retain.json")
    old.write_text("what it knows")
    if is_fixed:

        def refuse(path):
            raise OSError(errno.EROFS, "Read-only file system", str(path))

        monkeypatch.setattr("petra.engine.folder.Path.unlink", refuse)
    folder = DataFolder(document, "/dev/shm/petra-test-disk" if Path("/dev/shm").is_dir() else "elsewhere")
    try:
        with folder.locked():
            assert folder.retained.read_text() == "what it knows"
            assert old.exists() == is_fixed
    finally:
        shutil.rmtree(folder.path)


def test_old_files_of_a_second_document_are_not_lost_in_a_shared_folder(document, tmp_path):
    other = document.with_name("other.yaml")
    other.write_text("scan_time_ms: 10\n")
    other.with_name("other.retain.json").write_text("of the other")
    first, second = (DataFolder(each, str(tmp_path / "shared")) for each in (document, other))
    with first.locked():
        first.retained.write_text("of the first")
    with second.locked():
        assert second.retained.read_text() == "of the other"


def test_the_channel_is_in_the_folder_unless_its_path_is_too_long(document, tmp_path, monkeypatch):
    runtime = Path(tempfile.mkdtemp(prefix="petra-test-"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    try:
        near, far = (
            DataFolder(document, str(runtime / "kept")),
            DataFolder(document, str(tmp_path / ("x" * 110))),
        )
        for folder in (near, far):
            folder.prepare()
        assert near.channel == near.path / "channel.sock"
        assert list(near.path.iterdir()) == [], "what was tried is removed"
        assert far.channel.parent == runtime / "petra"
        monkeypatch.setattr("petra.plant.runtime._takes_sockets", lambda _: False)
        assert near.channel.parent == runtime / "petra"
        assert near.channel != far.channel
    finally:
        shutil.rmtree(runtime)


def test_the_refusal_names_who_holds_the_lock_and_not_itself(document, tmp_path):
    """Also when the second start has a data folder of its own."""
    code = """
import sys
from petra.engine.folder import DataFolder
with DataFolder(sys.argv[1], sys.argv[2]).locked():
    print("held", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(document), str(tmp_path / "first")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(RunsAlreadyError) as refused, DataFolder(document, tmp_path / "second").locked():
            pass
        holder.stdin.close()
    number = str(refused.value).partition(" by process ")[2].rstrip(")")
    assert number in ("", str(holder.pid))
