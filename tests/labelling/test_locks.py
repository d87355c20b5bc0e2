from __future__ import annotations

import errno
from pathlib import Path

import filelock
import pytest

from zsl_images.errors import OutputError, OutputWarning
from zsl_images.labelling.locks import locked


def test_one_at_a_time_by_whatever_path(tmp_path: Path) -> None:
    target, link = tmp_path / "labels.csv", tmp_path / "link.csv"
    link.symlink_to(target)
    for one, other in ((target, target), (target, link), (link, target)):
        with locked(one):
            with pytest.raises(OutputError, match="another run is writing"), locked(other):
                pass
            assert (tmp_path / ".labels.csv.lock").exists()  # the refused one leaves it
    assert list(tmp_path.iterdir()) == [link]


NO_LOCKS = [OSError(code, "no") for code in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)]


@pytest.mark.parametrize("error", [*NO_LOCKS, NotImplementedError("no flock")])
def test_a_drive_without_locks_is_written_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def acquire(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(filelock.FileLock, "acquire", acquire)
    with pytest.warns(OutputWarning, match="put it on a local disk"), locked(tmp_path / "labels.csv"):
        pass


def test_a_place_that_cannot_hold_a_lock_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot lock"), locked(tmp_path / "file" / "labels.csv"):
        pass
