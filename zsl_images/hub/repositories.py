"""Repositories of a model hub, each with one head: its file and its card.

The hub is Hugging Face's, or another one that $HF_ENDPOINT names.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from zsl_images.arguments import check_path
from zsl_images.errors import HeadError, OutputError
from zsl_images.files import at_home, is_offline, make_folder, replacing
from zsl_images.head.head import Head
from zsl_images.head.head_file import save_head
from zsl_images.head.shipped_heads import head_path, shipped_heads
from zsl_images.hub.cards import card_of

HEAD_FILE, CARD_FILE = "head.safetensors", "README.md"
"""Names of the two files in a repository."""

_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


def find_head(name: str | os.PathLike[str], revision: str | None = None) -> Path:
    """The head file that a name means; one on the hub is downloaded into the hub's own cache.

    Args:
        name: `USER/NAME` on the hub, a folder that `write_repository` has written, a head file, or the
            name of a shipped head. What is on this machine comes first.
        revision: Branch, tag or commit on the hub. Default: its main branch.

    Raises:
        HeadError: There is no such head, or it cannot be downloaded.
    """
    check_path("a folder, a head file, or USER/NAME on the hub", name, HeadError)
    path = at_home(name)
    if path.is_dir():
        if not (path / HEAD_FILE).is_file():
            raise HeadError(
                f"{path} holds no {HEAD_FILE}; expected a folder written by save_pretrained"
            )
        return path / HEAD_FILE
    is_remote = isinstance(name, str) and _REPOSITORY.fullmatch(name) and name not in shipped_heads()
    if path.is_file() or not is_remote:
        return head_path(path)
    return _downloaded(str(name), revision)


def _downloaded(repository: str, revision: str | None) -> Path:
    import huggingface_hub

    endpoint = os.environ.get("HF_ENDPOINT")
    try:
        return Path(
            huggingface_hub.HfApi(endpoint=endpoint).hf_hub_download(
                repository, HEAD_FILE, revision=revision, local_files_only=is_offline()
            )
        )
    except Exception as error:  # the hub's client raises errors of several libraries
        cache = huggingface_hub.constants.HF_HUB_CACHE
        reason = "downloads are switched off" if is_offline() else _first_line(error)
        raise HeadError(
            f"cannot get the head {repository}: its {HEAD_FILE} is not in {cache} and cannot be "
            f"downloaded ({reason}); check the name, log in if it is private, or give a local folder"
        ) from error


def write_repository(
    head: Head, folder: str | os.PathLike[str], name: str | None = None, licence: str | None = None
) -> Path:
    """Write a head and its card into a folder, which is made if it does not exist.

    Args:
        head: The head.
        folder: Folder; its earlier head and card are replaced.
        name: Name in the card. Default: that of the folder.
        licence: See `card_of`.

    Raises:
        OutputError: They cannot be written.
    """
    folder = make_folder(at_home(folder))
    file = folder / HEAD_FILE
    save_head(head, file)
    with replacing(folder / CARD_FILE) as temporary:
        temporary.write_text(card_of(head, file, name or folder.name, licence), "utf-8")
    return folder


def upload(
    head: Head, repository: str, *, is_private: bool, licence: str | None, message: str | None
) -> str:
    """Upload a head and its card to the hub; a repository that does not exist yet is made.

    Args:
        head: The head.
        repository: `USER/NAME`.
        is_private: Whether a new repository is private.
        licence: See `card_of`.
        message: Message of the commit.

    Returns:
        Address of the commit.

    Raises:
        OutputError: Uploads are switched off, refused, or fail; or the name is none.
    """
    if not isinstance(repository, str) or not _REPOSITORY.fullmatch(repository):
        raise OutputError(f"{repository!r} names no repository; expected USER/NAME")
    if is_offline():
        raise OutputError(
            f"cannot upload to {repository}: ZSL_OFFLINE or HF_HUB_OFFLINE forbids it; unset them, or "
            "write a local folder with save_pretrained"
        )
    import huggingface_hub

    api = huggingface_hub.HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
    with tempfile.TemporaryDirectory() as temporary:
        folder = write_repository(head, temporary, repository, licence)
        try:
            api.create_repo(repository, private=is_private, exist_ok=True)
            commit = api.upload_folder(
                repo_id=repository,
                folder_path=folder,
                commit_message=message or "Upload a head of zsl_images",
            )
        except Exception as error:  # the hub's client raises errors of several libraries
            raise OutputError(
                f"cannot upload to {repository} ({_first_line(error)}); log in with `hf auth login`, "
                "and check that you may write there"
            ) from error
    return str(commit.commit_url)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
