"""Label photos with ONNX Runtime and NumPy alone: label_with_onnx.py head.onnx classes.csv pixels.npy

`zsl export` writes head.onnx. pixels.npy holds photos, uint8 (B, 3, H, W), cropped and resized as
`preprocessing` in the file says. classes.csv has a class per line, in any number: class,attribute,...
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime


def main(file: str, classes: str, photos: str) -> None:
    """Print a label and its probability per photo."""
    session = onnxruntime.InferenceSession(file)
    about = json.loads(session.get_modelmeta().custom_metadata_map["zsl_images"])
    with Path(classes).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    inputs = {
        "pixels": np.load(photos),
        "attributes": np.float32([[row[name] for name in about["attributes"]] for row in rows]),
        "is_seen": np.array([row["class"] in about["seen"] for row in rows]),
        "is_penalised": np.array([row["class"] in about["penalised"] for row in rows]),
    }
    (probabilities,) = session.run(["probabilities"], inputs)
    for row, likeliest in zip(probabilities, probabilities.argmax(axis=1), strict=True):
        print(f"{rows[likeliest]['class']},{row[likeliest]:.4f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
