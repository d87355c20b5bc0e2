from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zsl_images.errors import OutputError
from zsl_images.labelling.export_failures import Failures
from zsl_images.labelling.label_files import write_labels
from zsl_images.labelling.label_schema import SCHEMA
from zsl_images.labelling.sidecars import Companions, bring_sidecars, write_sidecars

DC_SUBJECT = (
    "{http://purl.org/dc/elements/1.1/}subject/{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Bag/"
    "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li"
)


def test_sidecars_hold_the_label_and_spare_those_of_others(labels: Path, tmp_path: Path) -> None:
    other = tmp_path / "b" / "1.jpg.xmp"
    other.write_text("<x:xmpmeta xmlns:x='adobe:ns:meta/' x:xmptk='darktable'/>")
    assert write_sidecars(labels) == 1
    assert "darktable" in other.read_text()
    assert not (tmp_path / "b" / "2.jpg.xmp").exists()
    for name, keyword in (("a/1.jpg", "lion"), ("b/3.jpg", "../cat & <dog>")):
        root = ElementTree.parse(tmp_path / f"{name}.xmp").getroot()
        assert [item.text for item in root.iterfind(f".//{DC_SUBJECT}")] == [keyword]
    before = (tmp_path / "a" / "1.jpg.xmp").read_text()
    assert write_sidecars(labels) == 1
    assert (tmp_path / "a" / "1.jpg.xmp").read_text() == before


def test_other_programs_read_the_sidecars(labels: Path, tmp_path: Path) -> None:
    pyexiv2 = pytest.importorskip("pyexiv2")
    write_sidecars(labels)
    with pyexiv2.Image(str(tmp_path / "a" / "1.jpg.xmp")) as sidecar:
        assert sidecar.read_xmp()["Xmp.dc.subject"] == ["lion"]


def test_sidecars_that_someone_changed_stay_and_stale_ones_go(labels: Path, tmp_path: Path) -> None:
    write_sidecars(labels)
    changed, stale = tmp_path / "a" / "1.jpg.xmp", tmp_path / "b" / "1.jpg.xmp"
    changed.write_text(changed.read_text().replace("</rdf:Bag>", "<rdf:li>mine</rdf:li></rdf:Bag>"))
    rows = [row | {"label": None} for row in pq.read_table(labels).to_pylist()]
    write_labels([pa.Table.from_pylist(rows, SCHEMA)], labels)
    assert write_sidecars(labels) == 1
    assert "mine" in changed.read_text()
    assert not stale.exists()


def test_one_sidecar_that_cannot_be_written_stops_no_others(tmp_path: Path) -> None:
    names = ["a.jpg", "x" * 250 + ".jpg", "z.jpg"]
    for name in names:
        (tmp_path / name).touch()
    rows = [{"path": str(tmp_path / name), "label": "lion"} for name in names]
    write_labels([pa.Table.from_pylist(rows, SCHEMA)], tmp_path / "labels.csv")
    with pytest.raises(OutputError, match="File name too long"):
        write_sidecars(tmp_path / "labels.csv")
    failures = Failures()
    assert write_sidecars(tmp_path / "labels.csv", failures) == 0
    assert [failure.path for failure in failures] == [rows[1]["path"]]
    assert {path.name for path in tmp_path.glob("*.xmp")} == {"a.jpg.xmp", "z.jpg.xmp"}


@pytest.mark.parametrize(
    ("beside", "sidecars", "others"),
    [
        (["b.jpg.xmp"], ["b.jpg.xmp"], 0),
        (["b.xmp"], ["b.xmp"], 0),
        (["b.jpg.XMP", "b.xmp", "b.json", "b.jpg.json"], ["b.jpg.XMP", "b.xmp"], 2),
        (["b.png", "b.xmp", "b.jpg.xmp"], ["b.jpg.xmp"], 1),
        (["bb.xmp", "c.jpg.xmp"], [], 0),
    ],
)
def test_a_sidecar_belongs_to_one_photo(
    tmp_path: Path, beside: list[str], sidecars: list[str], others: int
) -> None:
    for name in ("b.jpg", *beside):
        (tmp_path / name).touch()
    found, left = Companions().of(tmp_path / "b.jpg")
    assert (sorted(path.name for path in found), left) == (sorted(sidecars), others)
    assert Companions().of(tmp_path / "none" / "b.jpg") == ([], 0)


@pytest.mark.parametrize("how", ["move", "copy", "link"])
def test_sidecars_go_with_their_photo_and_replace_no_others(tmp_path: Path, how: str) -> None:
    photo, target = tmp_path / "b.jpg", tmp_path / "lion" / "b-1.jpg"
    target.parent.mkdir()
    for path in (photo, target):
        path.touch()
    for name in ("b.jpg.xmp", "b.xmp"):
        (tmp_path / name).write_text(name)
    (target.parent / "b-1.xmp").write_text("earlier")
    assert bring_sidecars(Companions(), photo, target, how) == 1  # type: ignore[arg-type]
    assert (target.parent / "b-1.jpg.xmp").read_text() == "b.jpg.xmp"
    assert (target.parent / "b-1.xmp").read_text() == "earlier"
    assert (tmp_path / "b.jpg.xmp").exists() == (how != "move")
    assert (tmp_path / "b.xmp").exists()


def test_a_sidecar_is_valid_whatever_the_label_is(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    row = {"path": str(tmp_path / "a.jpg"), "size": 1, "mtime": 1, "label": "a\x1b[2J\0 & <b>"}
    write_labels([pa.Table.from_pylist([row], SCHEMA)], tmp_path / "labels.parquet")
    write_sidecars(tmp_path / "labels.parquet")
    written = ElementTree.parse(tmp_path / "a.jpg.xmp")
    assert [item.text for item in written.iter() if item.tag.endswith("li")] == [r"a\x1b[2J\x00 & <b>"]
