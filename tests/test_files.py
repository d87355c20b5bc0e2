from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from zsl_images.errors import OutputError
from zsl_images.files import (
    at_home,
    cache_folder,
    check_writable,
    copy_times_and_mode,
    hidden_beside,
    is_offline,
    left_beside,
    make_folder,
    path_of_text,
    path_text,
    replacing,
    shortened,
)


def write_half(path: Path) -> None:
    """Fail in the middle of writing."""
    with replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError


def test_a_file_takes_the_place_of_the_earlier_one_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "result.txt"
    path.write_text("earlier")
    with pytest.raises(RuntimeError):
        write_half(path)
    assert path.read_text() == "earlier"
    with replacing(path) as temporary:
        temporary.write_text("whole")
        assert path.read_text() == "earlier"
    assert path.read_text() == "whole"
    assert [entry.name for entry in tmp_path.iterdir()] == ["result.txt"]


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_a_result_has_the_mode_of_any_new_file(tmp_path: Path, umask: int) -> None:
    code = """
import os, pathlib, sys
from zsl_images.files import at_home, cache_folder, path_of_text, path_text, replacing
os.umask(int(sys.argv[1]))
pathlib.Path("ordinary.txt").touch()
with replacing("result.txt") as temporary:
    temporary.write_text("whole")
with replacing("private.txt", keep_mode=True) as temporary:
    temporary.write_text("whole")
with replacing("replaced.txt") as temporary:  # as safetensors writes
    pathlib.Path("other.txt").touch(0o600)
    pathlib.Path("other.txt").rename(temporary)
"""
    subprocess.run([sys.executable, "-c", code, str(umask)], cwd=tmp_path, check=True)
    modes = {path.stem: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    expected = 0o666 & ~umask
    assert modes.pop("private") == 0o600
    assert modes == dict.fromkeys(("ordinary", "result", "replaced"), expected)


def test_the_body_may_set_the_mode(tmp_path: Path) -> None:
    path = tmp_path / "result.txt"
    with replacing(path, keep_mode=True) as temporary:
        temporary.chmod(0o640)
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_replaced_file_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "result.txt"
    path.touch(0o600)
    with replacing(path) as temporary:
        temporary.write_text("whole")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("whole", 0o600)


def test_a_link_stays_and_the_file_behind_it_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "big").mkdir()
    link, behind = tmp_path / "result.txt", tmp_path / "big" / "behind.txt"
    link.symlink_to(behind)
    for text in ("new", "replaced"):
        with replacing(link) as temporary:
            temporary.write_text(text)
        assert link.is_symlink()
        assert behind.read_text() == text
    assert list(behind.parent.iterdir()) == [behind]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_devices_and_pipes_are_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path(os.devnull)):
        with pytest.raises(OutputError, match="is a device or pipe"), replacing(path):
            pass
        with pytest.raises(OutputError, match="is a device or pipe"):
            check_writable(path)


def test_a_write_protected_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "result.txt"
    path.write_text("earlier")
    path.chmod(0o444)
    monkeypatch.setattr(os, "access", lambda *_: False)  # the superuser may write everywhere
    with pytest.raises(OutputError, match="is write-protected"), replacing(path):
        pass
    with pytest.raises(OutputError, match="is write-protected"):
        check_writable(path)
    assert path.read_text() == "earlier"


def test_a_place_that_cannot_be_written_is_found_before_the_work(tmp_path: Path) -> None:
    check_writable(tmp_path / "new.txt")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OutputError, match="cannot write"):
        check_writable(tmp_path / "none" / "new.txt")
    with pytest.raises(OutputError, match="is a folder"):
        check_writable(tmp_path)
    with pytest.raises(OutputError, match="is a folder"), replacing(tmp_path):
        pass
    with pytest.raises(OutputError, match="cannot write"), replacing(tmp_path / "none" / "new.txt"):
        pass
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot make the folder"):
        make_folder(tmp_path / "file" / "below")


def test_any_path_can_be_written_as_text() -> None:
    assert path_text(Path("löwe.jpg")) == "löwe.jpg"
    assert path_text(os.fsdecode(b"a\xff.jpg")) == "a\\xff.jpg"


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("Yes", True), ("0", False), ("", False)])
def test_either_variable_forbids_downloads(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: bool
) -> None:
    for name in ("ZSL_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.setenv("ZSL_OFFLINE", "")
        monkeypatch.setenv("HF_HUB_OFFLINE", "")
        monkeypatch.setenv(name, value)
        assert is_offline() is expected


def test_a_name_that_is_not_utf8_is_found_again(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9 \xff.jpg"))
    assert path_text(path) == f"{tmp_path}/caf\\xe9 \\xff.jpg"
    assert path_text(path).encode()  # any file can hold it
    assert path_of_text(path_text(path)) == path
    assert path_text("half a pair \ud800") == "half a pair \\ud800"
    assert path_of_text("plain ü.jpg") == Path("plain ü.jpg")


def test_a_name_that_holds_a_backslash_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "a\\xe9.jpg"
    path.touch()
    assert path_of_text(path_text(path)) == path


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("ZSL_CACHE", "~/cache")
    assert cache_folder() == at_home("~/cache") == tmp_path / "cache"
    assert at_home("a/~") == Path("a/~")


@pytest.mark.parametrize("name", ["x" * 251 + ".jpg", "日" * 83 + ".jpg", "x" * 255])
def test_the_longest_names_can_be_written(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with replacing(path) as temporary:
        temporary.write_text("whole")
    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_run_left_is_found_and_nothing_else(tmp_path: Path) -> None:
    names = ["labels.csv", "labels.csv.csv", "x" * 251 + ".csv", "x" * 250 + "y.csv"]
    left = {name: hidden_beside(tmp_path / name, ".part") for name in names}
    for path in left.values():
        path.touch()
    for name, path in left.items():
        assert list(left_beside(tmp_path / name, ".part")) == [path]


def test_a_name_is_cut_within_its_stem_and_two_stay_two() -> None:
    assert shortened("photo.jpg", room=200) == "photo.jpg"
    one, other = (shortened("ü" * 130 + end + ".jpg", room=9) for end in "ab")
    assert one != other
    for name in (one, other):
        assert name.endswith(".jpg")
        assert len(name.encode()) <= 246


def test_a_file_system_without_modes_and_times_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    for path in (source, target):
        path.touch(0o640)
    target.chmod(0o600)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    with monkeypatch.context() as patched:
        patched.setattr(os, "utime", refuse)
        copy_times_and_mode(source, target)
        assert target.stat().st_mode & 0o777 == 0o640
        patched.setattr(os, "chmod", refuse)
        copy_times_and_mode(source, target)
        with replacing(target) as temporary:
            temporary.write_text("whole")
    assert target.read_text() == "whole"


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="no such streams on this system")
def test_the_files_behind_streams_are_not_replaced(tmp_path: Path) -> None:
    code = """
import os, sys
from zsl_images.errors import OutputError
from zsl_images.files import check_writable, replacing
os.symlink("/dev/stdout", "link")
for path in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"):
    for write in (check_writable, lambda path: replacing(path).__enter__()):
        try:
            write(path)
        except OutputError as error:
            assert "is a stream" in str(error), error
        else:
            raise AssertionError(path)
"""
    with (tmp_path / "log.txt").open("w") as log:
        log.write("earlier")
        log.flush()
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, stdout=log, check=True)
    assert (tmp_path / "log.txt").read_text() == "earlier"


def test_what_killed_runs_left_is_removed_before_the_work(tmp_path: Path) -> None:
    old, new, other = (tmp_path / f".{name}.part" for name in ("h.csv.1", "h.csv.2", "h.csv.x.3"))
    for left in (old, new, other):
        left.touch()
    for left in (old, other):
        os.utime(left, (1, 1))
    check_writable(tmp_path / "h.csv")
    assert sorted(tmp_path.iterdir()) == [new, other]  # of a run at work, and of another file


KILLED = """
import os, signal, sys
from zsl_images.files import replacing
with replacing(sys.argv[1]) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no such locks")
def test_what_a_killed_process_left_goes_with_the_next_write_at_once(tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    subprocess.run([sys.executable, "-c", KILLED, str(out)], check=False)
    (left,) = tmp_path.iterdir()
    assert left.read_text() == "half"
    with replacing(out) as temporary:
        temporary.write_text("whole")
        assert [path.read_text() for path in tmp_path.iterdir()] == ["whole"]
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]


def test_two_writes_of_one_file_do_not_disturb_each_other(tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    with replacing(out) as first, replacing(out) as second:
        first.write_text("first")
        second.write_text("second")
        assert first != second
    assert out.read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]


def test_a_private_file_is_private_while_it_is_written(tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    out.touch(0o600)
    with replacing(out) as first, replacing(out) as second:
        for path in (first, second):
            assert path.stat().st_mode & 0o077 == 0
            assert path.suffix == ".part"
    os.fstat(1)  # no stream of this process was closed


def test_the_cache_is_where_the_user_wants_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZSL_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
    monkeypatch.delenv("ZSL_CACHE")
    assert cache_folder().name == "zsl_images"


def test_a_folder_and_its_parents_are_made_or_it_is_said_why_not(tmp_path: Path) -> None:
    assert make_folder(tmp_path / "a" / "b").is_dir()
    assert make_folder(tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot make the folder .*file/x: Not a directory"):
        make_folder(tmp_path / "file" / "x")
