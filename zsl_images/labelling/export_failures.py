"""Export failures: photos that cannot be exported, while the others go on."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from zsl_images.errors import OutputError, listed
from zsl_images.results import Failure

_OF_THE_PLACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ENOSYS, errno.EOPNOTSUPP})
"""Errors that every further photo would meet too."""


class Failures(list[Failure]):
    """Photos that cannot be exported, and why; an error of the place as a whole is raised."""

    @classmethod
    @contextmanager
    def taken_by(cls, failures: Failures | None) -> Iterator[Failures]:
        """The failures to add to: those given, or new ones that become an error at the end.

        Raises:
            OutputError: There were new ones.
        """
        taken = failures if failures is not None else cls()
        yield taken
        if failures is None and taken:
            raise OutputError(listed([failure.reason for failure in taken], limit=3))

    @contextmanager
    def at(self, path: str, what: str) -> Iterator[None]:
        """Note an error of the body as a failure of one photo.

        Args:
            path: The photo.
            what: What cannot be done, to begin the message with.

        Raises:
            OutputError: The error is about the place, such as a full disk.
        """
        try:
            yield
        except (OSError, NotImplementedError) as error:
            cause = error.__cause__ if isinstance(error, OutputError) else error
            code = getattr(cause, "errno", None)
            reason = getattr(cause, "strerror", None) or str(error)
            if code in _OF_THE_PLACE or isinstance(error, NotImplementedError):
                raise OutputError(f"{what}: {reason}") from error
            self.append(Failure(path, f"{what}: {reason}"))
