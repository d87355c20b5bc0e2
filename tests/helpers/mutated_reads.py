"""Reads damaged copies of files in a process of its own, which a reader may take down.

    python mutated_reads.py READER COUNT FIRST SAMPLE...

reads each sample as it is, and so many damaged copies of it, and writes one line of JSON per copy that
was read in another way than it should: its job and what happened. The number of each job is told
beforehand on stderr, for the case that it ends the process; FIRST is the job to begin with.
"""

from __future__ import annotations

import json
import random
import resource
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from mutations import damaged, garbled, with_other_header, with_other_values

from zsl_images.errors import (
    BackboneError,
    ClassTableError,
    DataError,
    HeadError,
    ImageError,
    TextEncoderError,
)

CPU_SECONDS = 5
MEMORY = {"photo": 2**31}
"""Bytes that reading one file may take; a picture may have 178 million pixels."""

OTHER_MEMORY = 2**28
UNIT = 1 if sys.platform == "darwin" else 1024
Damage = Callable[[bytes, random.Random], bytes]


def refused(constant: str) -> None:
    raise ValueError(f"{constant} in JSON")


def photo(path: Path) -> None:
    from zsl_images.features.photos import read_image

    picture = read_image(path, 448)
    assert picture.mode == "RGB"


def head(path: Path) -> None:
    """A head that can be read can also answer, in finite numbers, and be shown and saved."""
    from zsl_images.head.feature_classifier import FeatureClassifier
    from zsl_images.head.head_file import load_head

    found = load_head(path)
    classifier = FeatureClassifier.of(found)
    features = np.random.default_rng(0).random((3, found.config.feature_dim), np.float32)
    for prediction in classifier.label_features(features).predictions():
        json.dumps(prediction.to_dict(), allow_nan=False)
        assert all(0 <= one.probability <= 1 for one in prediction.top)
    repr((found, classifier, classifier.fingerprint(), found.backbone.fingerprint))
    {name: f"{value:6.1%}" for name, value in found.calibration.metrics.items()}
    classifier.save(path.with_name("saved.safetensors"))


def table(path: Path) -> None:
    from zsl_images.classes.attribute_sheets import AttributeSheet
    from zsl_images.classes.checks import table_findings
    from zsl_images.classes.class_table import ClassTable

    table_findings(AttributeSheet.read(path))
    found = ClassTable.read(path)
    assert np.isfinite(found.attributes).all()
    found.write(path.with_name("written.csv"))
    again = ClassTable.read(path.with_name("written.csv"))
    assert (again.names, again.attribute_names) == (found.names, found.attribute_names)


def taxonomy(path: Path) -> None:
    from zsl_images.classes.taxonomy import Taxonomy

    found = Taxonomy.read(path)
    names = list(found.lineages)
    for label in found.of(names)(np.full(len(names), 1 / len(names))):
        assert 0 <= label.probability <= 1


def class_map(path: Path) -> None:
    from zsl_images.classes.class_map import ClassMap

    found = ClassMap.read(path)
    found.indices(lambda text: int(text) if text.isascii() and text.isdecimal() else None, "a backbone")


def glossary(path: Path) -> None:
    from zsl_images.classes.class_table import ClassTable
    from zsl_images.classes.glossary import glossary_of

    beside = path.with_name("some.csv")
    beside.write_text("class,stripes,horns\nzebra,1,0\ncow,0,1\n")
    path.replace(path.with_name("some-attributes.csv"))
    glossary_of(ClassTable.read(beside), beside)


def descriptions(path: Path) -> None:
    from zsl_images.classes.descriptions import TextEncoder, read_descriptions

    encoder = TextEncoder("words/1", "ab" * 32, lambda texts: np.ones((len(texts), 3), np.float32))
    read_descriptions(path, encoder)


def labels(path: Path) -> None:
    """Rows that can be read can be written, in every form, and read again."""
    from zsl_images.labelling.exports import write_coco, write_label_studio
    from zsl_images.labelling.label_files import own_columns_of, read_labels, write_labels
    from zsl_images.report.label_report import write_label_report

    own = own_columns_of(path)
    tables = list(read_labels(path, with_own=True))
    rows = sum(map(len, tables))
    for form in ("csv", "jsonl", "parquet"):
        if own.names and form == "jsonl" and path.suffix != ".jsonl":
            continue
        out = path.with_name(f"out.{form}")
        write_labels(tables, out, own)
        assert sum(map(len, read_labels(out))) == rows
    write_coco(path, path.with_name("coco.json"), ["red"])
    write_label_studio(path, path.with_name("tasks.json"))
    for name in ("coco.json", "tasks.json"):
        json.loads(path.with_name(name).read_text(), parse_constant=refused)
    write_label_report(path, path.with_name("report.html"))


def features(path: Path) -> None:
    """Features that can be read are finite."""
    from zsl_images.features.feature_files import facts_in, features_in, open_feature_files
    from zsl_images.features.photo_rows import stamps_in

    for rows in open_feature_files([path], "small").latest():
        assert np.isfinite(features_in(rows)).all()
        stamps_in(rows), facts_in(rows)


def photo_list(path: Path) -> None:
    from zsl_images.features.photo_lists import listed_paths

    for found in listed_paths(path):
        str(found)


def corrections(path: Path) -> None:
    from zsl_images.labelling.label_files import write_labels
    from zsl_images.labelling.label_schema import SCHEMA
    from zsl_images.web.gallery import Gallery

    path.replace(path.with_name("corrections.csv"))
    beside = path.with_name("labels.parquet")
    write_labels([SCHEMA.empty_table()], beside)
    assert list(Gallery(beside).export()) == []


def evaluation(path: Path) -> None:
    from zsl_images.report.evaluation_report import write_evaluation_report

    write_evaluation_report(path, path.with_name("report.html"))


def backbone_weights(path: Path) -> None:
    from zsl_images.features.backbone_weights import read_weights

    read_weights(path)


def copies(path: Path) -> None:
    from zsl_images.features.photo_rows import PhotoRows

    list(PhotoRows([path]).latest())


def catalogue_of(name: str) -> tuple[Callable[[Path], None], Damage, tuple[type[Exception], ...]]:
    """The reader of this name, the damage that its files get, and the errors that it declares."""
    return {
        "photo": (photo, damaged, (ImageError,)),
        "head": (head, with_other_header, (HeadError, DataError)),
        "table": (table, garbled, (ClassTableError,)),
        "taxonomy": (taxonomy, garbled, (ClassTableError,)),
        "class_map": (class_map, garbled, (ClassTableError,)),
        "glossary": (glossary, garbled, (ClassTableError,)),
        "descriptions": (descriptions, garbled, (ClassTableError, TextEncoderError)),
        "workbook": (table, damaged, (ClassTableError,)),
        "labels": (labels, garbled, (DataError,)),
        "labels_parquet": (labels, damaged, (DataError,)),
        "features": (features, damaged, (DataError,)),
        "copies": (copies, damaged, (DataError,)),
        "list": (photo_list, garbled, (DataError,)),
        "manifest": (photo_list, damaged, (DataError,)),
        "corrections": (corrections, garbled, (DataError,)),
        "evaluation": (evaluation, with_other_values, (DataError,)),
        "weights": (backbone_weights, damaged, (BackboneError,)),
    }[name]


def out_of_time(*_: Any) -> None:
    raise TimeoutError(f"more than {CPU_SECONDS} s of computing")


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT


def fault_of(name: str, path: Path, is_whole: bool) -> str:
    """What happened that should not have, when a file was read; empty if nothing did."""
    read, _, declared = catalogue_of(name)
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    try:
        read(path)
    except BaseException as error:
        told = f"{type(error).__name__}: {error}"[:400]
        return told if is_whole or not isinstance(error, declared) or not str(error) else ""
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return ""


def main(name: str, count: int, first: int, samples: list[Path]) -> None:
    damage, start = catalogue_of(name)[1], 0
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGPROF, out_of_time)
    with tempfile.TemporaryDirectory() as folder:
        for job in range(first, len(samples) * (count + 1)):
            print(job, file=sys.stderr, flush=True)
            sample, number = samples[job // (count + 1)], job % (count + 1)
            whole = sample.read_bytes()
            path = Path(folder) / f"mutated{sample.suffix}"
            path.write_bytes(damage(whole, random.Random(number)) if number else whole)
            fault = fault_of(name, path, is_whole=not number)
            if number and peak() - start > MEMORY.get(name, OTHER_MEMORY):
                fault = f"{(peak() - start) >> 20} MiB of memory"
            start = peak()
            if fault:
                print(json.dumps({"job": job, "sample": sample.name, "fault": fault}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), list(map(Path, sys.argv[4:])))
