"""Sort a collection of animal photos into folders for training and measuring heads.

    python tests/benchmarks/photo_folders.py DATA OUT [--bench DIR]

DATA holds `animals/CLASS/*.jpg`, `animals_extra/CLASS/*.jpg` and `attributes/{awa2,animals_extra}.csv`.
OUT receives links to the photos, `classes.csv` with all classes, and `shipped.csv` with them and those
of imagenet-animals.csv that are no kind of them, so that an animal has one name:

    all      every photo: what the shipped head learns from
    most     four fifths of the photos of each class, and
    fifth    the rest of them; of the classes of `animals` alone also in
    fifth-awa2
    NAME-trainval, NAME-test, NAME-test_seen, NAME-test_unseen, NAME.csv, NAME-seen.csv
             the split of a benchmark (`--bench`) made from these photos
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from zsl_images.classes.class_map import ClassMap
from zsl_images.classes.class_table import ClassTable
from zsl_images.evaluation.xlsa17 import read_image_files, read_xlsa17
from zsl_images.features.photo_paths import find_labelled_images
from zsl_images.names import matched


def main() -> None:
    """Make the folders."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--bench", type=Path, help="folder with res101.mat and att_splits.mat")
    arguments = parser.parse_args()
    data, out = arguments.data.resolve(), arguments.out
    out.mkdir(parents=True, exist_ok=True)
    tables = [
        ClassTable.read(data / "attributes" / f"{name}.csv") for name in ("awa2", "animals_extra")
    ]
    table = tables[0].joined(tables[1])
    table.write(out / "classes.csv")
    with_rows(table).write(out / "shipped.csv")
    if arguments.bench:
        bench = read_xlsa17(arguments.bench)
        files = read_image_files(arguments.bench)
        table.select(bench.table.names).write(out / f"{bench.name}.csv")
        table.select(bench.table.seen_names).write(out / f"{bench.name}-seen.csv")
        parts = {name: bench.rows[name] for name in ("trainval", "test_seen", "test_unseen")}
        parts["test"] = np.concatenate([parts["test_seen"], parts["test_unseen"]])
        for name, rows in parts.items():
            link((data / files[row] for row in rows), out / f"{bench.name}-{name}")
        return
    generator = np.random.default_rng(0)
    for folder in ("animals", "animals_extra"):
        for paths in find_labelled_images(data / folder).values():
            link(paths, out / "all")
            left_out = generator.permutation(len(paths)) < round(len(paths) / 5)
            fifth = [path for path, is_out in zip(paths, left_out, strict=True) if is_out]
            link(fifth, out / "fifth")
            if folder == "animals":
                link(fifth, out / "fifth-awa2")
            link((p for p, is_out in zip(paths, left_out, strict=True) if not is_out), out / "most")


def with_rows(table: ClassTable) -> ClassTable:
    """A table with the shipped animals that the backbone knows, less kinds of classes in the table."""
    known = ClassMap.read("imagenet-animals.csv")
    same = matched(known.names, table.names, "the class table")
    known = known.renamed(same).without(table.names)
    described = ClassTable.read("imagenet-animals.csv").aligned_to(table.attribute_names)
    return table.joined(described.select(known.names))


def link(paths: Iterable[Path], folder: Path) -> None:
    """Link photos into one folder per class, named like the folder that they are in."""
    for path in paths:
        target = folder / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.symlink_to(path)


if __name__ == "__main__":
    main()
