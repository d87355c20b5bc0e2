from __future__ import annotations

import errno

import pytest

from zsl_images.errors import OutputError
from zsl_images.labelling.export_failures import Failures


def test_failures_become_an_error_at_the_end_if_nobody_takes_them() -> None:
    done = []

    def work() -> None:
        with Failures.taken_by(None) as failures:
            with failures.at("a", "cannot copy a"):
                raise PermissionError(errno.EACCES, "No")
            done.append("b")

    with pytest.raises(OutputError, match=r"cannot copy a: No$"):
        work()
    assert done == ["b"]


def test_failures_are_taken_with_their_photos() -> None:
    with Failures.taken_by(Failures()) as failures, failures.at("a", "cannot copy a"):
        raise OutputError("cannot write a") from OSError(errno.ENAMETOOLONG, "Too long")
    assert [(one.path, one.reason) for one in failures] == [("a", "cannot copy a: Too long")]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "Full"), NotImplementedError("No links")])
def test_what_every_photo_would_meet_ends_the_work(error: Exception) -> None:
    with pytest.raises(OutputError, match=r"Full|No links"), Failures().at("a", "cannot link a"):
        raise error
