"""Write a map of backbone classes without those that a data set has, and without their kinds.

    python tests/benchmarks/strict_map.py SET MAP OUT

SET is a folder in the layout xlsa17, and MAP a table with the columns `class` and `kind_of`. With OUT,
`zsl benchmark SET --backbone-classes OUT` learns from no class that the data set has, seen or unseen.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from zsl_images.classes.class_map import ClassMap
from zsl_images.classes.sheets import Sheet, line_of
from zsl_images.evaluation.xlsa17 import read_xlsa17


def main() -> None:
    """Write the map."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    for name in ("set", "map", "out"):
        parser.add_argument(name, type=Path)
    arguments = parser.parse_args()
    sheet = Sheet.read(arguments.map, "class,index")
    kept = ClassMap.read(arguments.map).without(read_xlsa17(arguments.set).table.names)
    lines = {entry.line for entry in kept.entries} | {sheet.rows[0][0]}
    rows = [line_of(cells) for line, cells in sheet.rows if line in lines]
    arguments.out.write_text("\n".join(rows) + "\n", encoding="utf-8")
    print(f"{arguments.out}: {len(kept.entries)} classes")


if __name__ == "__main__":
    main()
