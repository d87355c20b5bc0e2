"""A session leaves the process of its user as it was."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from drawing import COLOURS, UNSEEN, draw

CODE = """
import csv, os, sys, warnings
# Other packages add filters of their own when they are imported.
import openvino, PIL.Image, pyarrow, scipy.io, sklearn.metrics, timm, torch, torchvision

def state():
    umask = os.umask(0)
    os.umask(umask)
    return {
        "warnings": list(warnings.filters),
        "umask": umask,
        "cells": csv.field_size_limit(),
        "pixels": PIL.Image.MAX_IMAGE_PIXELS,
        "threads": torch.get_num_threads(),
        "random": torch.initial_seed(),
        "grad": torch.is_grad_enabled(),
        "smallest": sys.float_info.min / 2,  # 0 if denormals are flushed
    }

def forbidden(mask):
    raise AssertionError("the umask is also that of all other threads")

os.umask(0o027)
before = state()
umask, os.umask = os.umask, forbidden

import zsl_images
for name in zsl_images.__all__:
    getattr(zsl_images, name)
from zsl_images.labelling.label_files import read_labels

table = zsl_images.ClassTable.read("classes.csv")
classifier = zsl_images.train("photos", table, folds=0, cache="features.parquet").classifier
classifier.save("head.safetensors")
classifier = zsl_images.ZeroShotClassifier.load("head.safetensors")
photo = next(os.scandir("photos/red")).path
classifier.predict(photo)
assert zsl_images.label(classifier, [photo], "labels.csv").is_complete
assert zsl_images.label(classifier, [photo], "labels.csv").kept == 1
assert len(list(read_labels("labels.csv"))) == 1
os.umask = umask
after = state()
assert before == after, [(key, before[key], after[key]) for key in before if before[key] != after[key]]
"""


def test_a_session_leaves_the_process_as_it_was(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    (tmp_path / "classes.csv").write_text(
        "class,red,green,blue\n"
        + "".join(f"{name},{r},{g},{b}\n" for name, (r, g, b) in COLOURS.items())
    )
    for colour in set(COLOURS) - set(UNSEEN):
        (tmp_path / "photos" / colour).mkdir(parents=True)
        for seed in range(4):
            draw(colour, seed).save(tmp_path / "photos" / colour / f"{seed}.png")
    result = subprocess.run(
        [sys.executable, "-c", CODE], cwd=tmp_path, env=os.environ, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
