from __future__ import annotations

import io
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NoReturn

import fsspec
import numpy as np
import pytest
from archives import png, write_images, write_shard
from drawing import draw

from zsl_images.errors import DataError, ImageError
from zsl_images.features.remote_photos import file_system_of, is_address, read_anywhere, stamp_anywhere
from zsl_images.features.stamps import stamp_of


@pytest.fixture
def address() -> str:
    """A photo in a store in memory."""
    data = io.BytesIO()
    draw("red", 0).save(data, "png")
    fsspec.filesystem("memory").pipe("/bucket/red.png", data.getvalue())
    return "memory://bucket/red.png"


def test_a_photo_at_an_address_is_the_same_as_on_disk(address: str, tmp_path: Path) -> None:
    draw("red", 0).save(tmp_path / "red.png")
    here = read_anywhere(str(tmp_path / "red.png"))
    np.testing.assert_array_equal(np.asarray(read_anywhere(address)), np.asarray(here))
    stamp = stamp_anywhere(address)
    assert (stamp.path, stamp.size) == (address, (tmp_path / "red.png").stat().st_size)
    assert stamp.mtime > 0
    assert stamp_anywhere(str(tmp_path / "red.png")) == stamp_of(tmp_path / "red.png")


def test_what_cannot_be_read_says_why(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImageError, match=r"memory://bucket/gone\.png: no such file"):
        read_anywhere("memory://bucket/gone.png")
    assert stamp_anywhere("memory://bucket/gone.png")[1:] == (0, 0)
    fsspec.filesystem("memory").pipe("/bucket/broken.png", b"broken")
    with pytest.raises(ImageError, match=r"memory://bucket/broken\.png: not an image"):
        read_anywhere("memory://bucket/broken.png")
    with pytest.raises(ImageError, match=r"nonsense://a\.png: cannot be opened .*nonsense"):
        read_anywhere("nonsense://a.png")

    def refused(*_: object, **__: object) -> NoReturn:
        raise PermissionError("The AWS Access Key Id you provided does not exist")

    monkeypatch.setattr(fsspec.core, "url_to_fs", refused)
    with pytest.raises(ImageError, match=r"refused \(The AWS Access .*\); check the credentials"):
        read_anywhere(address)
    assert stamp_anywhere(address)[1:] == (0, 0)


class _Refusing(BaseHTTPRequestHandler):
    """A store that knows no credentials."""

    def do_GET(self) -> None:
        text = b"<Error><Code>InvalidAccessKeyId</Code><Message>no such key</Message></Error>"
        self.send_response(403)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(text)

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        pass


def test_wrong_credentials_and_stores_out_of_reach_are_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "wrong")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        s3fs.S3FileSystem.clear_instance_cache()
        with pytest.raises(ImageError, match=r"s3://b/a\.jpg: refused .*check the credentials"):
            read_anywhere("s3://b/a.jpg")
        server.shutdown()
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(ImageError, match=r"s3://b/a\.jpg: cannot be opened \(Could not connect"):
        read_anywhere("s3://b/a.jpg")
    s3fs.S3FileSystem.clear_instance_cache()


def test_paths_are_no_addresses() -> None:
    assert is_address("s3://bucket/a.jpg")
    for path in ("/a.jpg", "a.jpg", r"C:\a.jpg", "C://a.jpg", Path("s3://b/a.jpg")):
        assert not is_address(path)


def test_photos_in_archives_at_addresses(tmp_path: Path) -> None:
    memory = fsspec.filesystem("memory")
    shard = write_shard(tmp_path / "a.tar", [png("red", 0), b"broken"])
    table = write_images(tmp_path / "b.parquet", [png("blue", 0), None])
    for archive in (shard, table):
        memory.pipe(f"/bucket/{archive.name}", archive.read_bytes())
    memory.pipe("/bucket/folder.tar/1.png", png("green", 0))
    for inside, colour in (("a.tar/000000.png", "red"), ("b.parquet/0", "blue")):
        picture = read_anywhere(f"memory://bucket/{inside}")
        np.testing.assert_array_equal(np.asarray(picture), np.asarray(draw(colour, 0)))
    np.testing.assert_array_equal(
        np.asarray(read_anywhere("memory://bucket/folder.tar/1.png")), np.asarray(draw("green", 0))
    )
    stamp = stamp_anywhere("memory://bucket/a.tar/000000.png")
    assert stamp.size == shard.stat().st_size
    assert stamp.mtime > 0
    for inside, message in (
        ("a.tar/000001.png", "not an image"),
        ("a.tar/9.png", "no such photo in the archive"),
        ("b.parquet/1", "the row has no image"),
        ("none.tar/1.png", "no such file"),
    ):
        with pytest.raises(ImageError, match=rf"memory://bucket/{inside}: .*{message}"):
            read_anywhere(f"memory://bucket/{inside}")


@pytest.mark.parametrize(("address", "extra"), [("gs://b/a.jpg", "gs"), ("s3://b/a.jpg", "s3")])
def test_a_missing_package_names_its_extra(
    address: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> NoReturn:
        raise ImportError("Please install it")

    monkeypatch.setattr(fsspec.core, "url_to_fs", refused)
    step = rf': cannot be opened \(Please install it\); run: pip install "zsl-images\[{extra}\]"'
    with pytest.raises(DataError, match=f"{address}{step}"):
        file_system_of(address)
    with pytest.raises(ImageError, match=f"^{address}{step}"):
        read_anywhere(address)
