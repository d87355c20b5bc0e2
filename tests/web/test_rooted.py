"""Nothing outside of the root is reached, by dots, by absolute paths or by links."""

from __future__ import annotations

from pathlib import Path

import pytest

from zsl_images.errors import DataError
from zsl_images.web.rooted import Root


@pytest.fixture
def root(tmp_path: Path) -> Root:
    """A root with a folder, a hidden one, and links inside and outside."""
    for name in ("root/a/b", "root/.hidden", "outside", "root-beside"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "outside" / "secret.txt").write_text("secret")
    (tmp_path / "root" / "away").symlink_to(tmp_path / "outside")
    (tmp_path / "root" / "within").symlink_to(tmp_path / "root" / "a")
    return Root(tmp_path / "root")


@pytest.mark.parametrize("path", ["", "a", "a/b", "a/../a", "within", "within/b"])
def test_folders_inside_are_found(root: Root, path: str) -> None:
    assert root.folder_inside(path).is_relative_to(root.folder)


@pytest.mark.parametrize(
    "path", ["..", "a/../../outside", "away", "away/secret.txt", "/etc", "../root-beside", "a\0b"]
)
def test_whatever_leads_outside_is_refused(root: Root, path: str) -> None:
    with pytest.raises(DataError, match=r"outside|no path"):
        root.inside(path)
    with pytest.raises(DataError):
        root.folder_inside(path)


def test_folders_are_listed_without_hidden_ones_and_those_elsewhere(root: Root) -> None:
    assert root.folders_in("") == ["a", "within"]
    assert root.folders_in("a") == ["a/b"]
    with pytest.raises(DataError, match="no folder"):
        root.folders_in("gone")


def test_a_root_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no folder"):
        Root(tmp_path / "gone")
