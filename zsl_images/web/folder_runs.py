"""Folder runs: a folder is labelled in the background, one at a time, and its progress can be asked."""

from __future__ import annotations

from pathlib import Path
from threading import Lock, Thread

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import DataError, ZSLError
from zsl_images.features.photo_paths import find_images
from zsl_images.features.skipped_files import LeftOut
from zsl_images.labelling.label import label
from zsl_images.labelling.runs import Progress
from zsl_images.web.gallery import LABELS
from zsl_images.web.schemas import Run


class FolderRuns:
    """Labels folders, one at a time.

    Args:
        classifier: Labels the photos.
    """

    def __init__(self, classifier: ZeroShotClassifier) -> None:
        self._classifier, self._lock = classifier, Lock()
        self._thread: Thread | None = None
        self._is_stopping = False
        self.run = Run()

    def start(self, folder: Path, name: str) -> None:
        """Label a folder, or continue to.

        Args:
            folder: Folder with photos; the label file is written into it.
            name: What the folder is called in `run`.

        Raises:
            DataError: A folder is being labelled already.
        """
        with self._lock:
            if self.run.is_running:
                raise DataError(f"{self.run.path or 'the folder'} is being labelled; wait, or stop it")
            self.run = Run(path=name, is_running=True)
            self._is_stopping = False
            self._thread = Thread(target=self._work, args=(folder, self.run), daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Finish the photos in progress, and wait for that; the same folder can be continued."""
        self._is_stopping = True
        if self._thread is not None:
            self._thread.join()

    def _work(self, folder: Path, run: Run) -> None:
        def note(progress: Progress) -> None:
            run.done, run.failures = progress.done, progress.failures

        try:
            run.total = sum(1 for _ in find_images([folder], LeftOut()))
            label(
                self._classifier,
                folder,
                folder / LABELS,
                on_progress=note,
                should_stop=lambda: self._is_stopping,
            )
        except (ZSLError, OSError) as error:
            run.error = str(error)
        finally:
            run.is_running = False
