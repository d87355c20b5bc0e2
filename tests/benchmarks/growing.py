"""Measure what it helps to add classes to a trained head, to promote them, and to adapt to a folder.

    python tests/benchmarks/growing.py PHOTOS CLASSES.csv [--choose] [--adapt] [--backbone-classes MAP]

PHOTOS has one folder of photos per class (`all` of `photo_folders.py`), CLASSES.csv a row for each of
them and for the unseen classes. The classes HELD_OUT are left out of training and added afterwards; a
fifth of the photos of the other classes is held out too. With --choose, five folds of the other classes
are held out instead; every setting of `GrowConfig` and `AdaptConfig` was chosen on these. With
--backbone-classes, heads also learn from the backbone's own classes, but neither from those held out
nor from their kinds. --max-seen-loss sets how much seen accuracy the default seen penalty may cost.

Figures are per-class top-1 in per cent, means over seeds or folds. `u` and `s` are the accuracies on
the added classes and on those learned from photos, with all classes as candidates and the head's own
seen penalty. `T` is the accuracy on the added classes as the only candidates.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zsl_images.classes.class_table import ClassTable
from zsl_images.defaults import MAX_SEEN_LOSS
from zsl_images.errors import DataError
from zsl_images.features.backbones import load_backbone
from zsl_images.features.extraction import labelled_features
from zsl_images.head.add_classes import add_classes
from zsl_images.head.edit_classes import promote_classes
from zsl_images.head.fit import train_on_features
from zsl_images.head.head import Head
from zsl_images.head.row_classes import RowClasses
from zsl_images.head.transductive import AdaptConfig, adapt_head
from zsl_images.metrics import mean_per_class_accuracy

HELD_OUT = (
    *("bee", "black_bear", "boar", "cougar", "coyote", "goat"),
    *("kangaroo", "lobster", "pigeon", "shrimp", "squid", "wombat"),
)
"""Twelve classes of `animals_extra`; nothing was chosen on them."""


@dataclass(frozen=True, eq=False)
class Trial:
    """A head that never saw the classes `new`, and rows to measure on."""

    head: Head
    new: ClassTable
    features: npt.NDArray[np.float32]
    names: npt.NDArray[np.str_]
    train: npt.NDArray[np.int64]
    seen: npt.NDArray[np.int64]
    unseen: npt.NDArray[np.int64]
    seed: int

    def accuracy(self, head: Head, rows: npt.NDArray[np.int64], only: Sequence[str] = ()) -> float:
        """Per-class top-1 of rows, in per cent."""
        table = head.table.select(only or head.table.names)
        scores = head.scores(
            table, self.features[rows]
        ) - head.calibration.seen_penalty * head.penalised(table)
        predicted = scores.argmax(1)
        labels = np.array([table.names.index(name) for name in self.names[rows]])
        return 100 * mean_per_class_accuracy(labels, predicted)

    def of_class(self, name: str) -> npt.NDArray[np.int64]:
        """The rows of a class."""
        return np.flatnonzero(self.names == name)

    def figures(self, head: Head) -> dict[str, float]:
        """u, s, T and how far s fell."""
        before, seen = self.accuracy(self.head, self.seen), self.accuracy(head, self.seen)
        return {
            "u": self.accuracy(head, self.unseen),
            "s": seen,
            "s lost": before - seen,
            "T": self.accuracy(head, self.unseen, self.new.names),
        }


def trials(arguments: argparse.Namespace) -> Iterator[Trial]:
    """One trial per seed or per fold."""
    table, backbone = ClassTable.read(arguments.classes), load_backbone()
    found, names = labelled_features(arguments.photos, table.names, backbone)
    known_map = arguments.backbone_classes
    backbone_rows = RowClasses.read(known_map, table, backbone) if known_map else None
    labels = table.rows_of(names)
    names = np.array(table.names)[labels]
    others = [name for name in dict.fromkeys(names.tolist()) if name not in HELD_OUT]
    shuffled = np.random.default_rng(5).permutation(others).tolist()
    groups = (
        [shuffled[fold::5] for fold in range(5)] if arguments.choose else [HELD_OUT] * arguments.seeds
    )
    for seed, group in enumerate(groups):
        is_known = np.isin(names, [name for name in others if name not in group])
        is_held_out = np.random.default_rng(seed).random(len(names)) < 0.2
        rows = np.flatnonzero(is_known & ~is_held_out)
        kept = table.select([name for name in table.names if name not in {*group, *HELD_OUT}])
        row_of = {name: row for row, name in enumerate(kept.names)}
        known = np.array([row_of[name] for name in names[rows].tolist()])
        head = train_on_features(
            found.features[rows],
            known,
            kept,
            rows=backbone_rows and backbone_rows.without({*group, *HELD_OUT}),
            seed=seed,
            max_seen_loss=arguments.max_seen_loss,
        )
        yield Trial(
            head,
            table.select(sorted(group)),
            found.features,
            names,
            rows,
            np.flatnonzero(is_known & is_held_out),
            np.flatnonzero(np.isin(names, group)),
            seed,
        )


def grown(trial: Trial) -> Iterator[tuple[str, dict[str, float]]]:
    """Rows of `add-classes` and `promote`."""
    known = trial.features[trial.train], trial.names[trial.train].tolist()
    ways = {"at once": {}, "--learn": {"learn": True}, "--learn --photos": {"known": known}}
    for what, way in ways.items():
        way = {**way, "learn": bool(way), "seed": trial.seed}
        start = time.perf_counter()
        head = add_classes(trial.head, trial.new, **way)
        seconds = time.perf_counter() - start
        yield f"all, {what}", {**trial.figures(head), "seconds": seconds}
        alone = []
        for name in trial.new.names:
            head = add_classes(trial.head, trial.new.select([name]), **way)
            one = replace(trial, new=trial.new.select([name]), unseen=trial.of_class(name))
            alone.append(one.figures(head))
            yield f"{name} alone, {what}", alone[-1]
        yield (
            f"each alone, {what}",
            {key: mean([f[key] for f in alone]) for key in ("u", "s", "s lost")},
        )
    at_once = add_classes(trial.head, trial.new)
    for count in (1, 3, 5, 10):
        generator = np.random.default_rng(trial.seed)
        given, left = [], []
        for name in trial.new.names:
            rows = generator.permutation(trial.of_class(name))
            given.extend(rows[:count])
            left.extend(rows[10:] if len(rows) > 12 else rows[count:])
        head = promote_classes(at_once, trial.features[given], trial.names[given].tolist())
        rest = replace(trial, unseen=np.array(left))
        yield f"all promoted, photos per class: {count}", rest.figures(head)


def adapted(trial: Trial) -> Iterator[tuple[str, dict[str, float]]]:
    """Rows of `adapt`; the folder has photos of added classes and of seen ones."""
    generator = np.random.default_rng(trial.seed)
    rare = set(generator.permutation(trial.new.names)[: len(trial.new) // 2].tolist())
    start = add_classes(trial.head, trial.new)
    narrow = replace(start, table=start.table.select([*start.table.seen_names, *trial.new.names]))
    for mix in ("balanced", "4:1"):
        rows = []
        for name in trial.new.names:
            of_class = generator.permutation(trial.of_class(name))
            is_rare = mix == "4:1" and name in rare
            rows.extend(of_class[: max(1, len(of_class) // 4)] if is_rare else of_class)
        here = replace(trial, unseen=np.array(rows))
        folder = trial.features[np.concatenate([here.unseen, here.seen])]
        for which, head in (("", start), (", classes of the folder as candidates", narrow)):
            for penalty in (head.calibration.seen_penalty, head.calibration.balanced_seen_penalty):
                kind = ", balanced γ" if penalty == head.calibration.balanced_seen_penalty else ""
                before = head
                after, report = adapt_head(before, folder)
                for what, which_head in (("before", before), ("after", after)):
                    shown = which_head.with_seen_penalty(penalty)
                    base = replace(here, head=trial.head.with_seen_penalty(penalty))
                    yield f"{mix}{which}{kind}: {what}", base.figures(shown)
            yield f"{mix}{which}: agreement", {"u": 100 * report.agreement}


def shared(trial: Trial) -> Iterator[tuple[str, dict[str, float]]]:
    """Rows of `adapt` for folders of which only a share shows unseen classes, adapted in any case."""
    generator = np.random.default_rng(trial.seed)
    whole = add_classes(trial.head, trial.new)
    for count in (1, 4, len(trial.new)):
        new = trial.new.names[:count]
        head = replace(whole, table=whole.table.select([*whole.table.seen_names, *new]))
        of_new = generator.permutation(trial.unseen[np.isin(trial.names[trial.unseen], new)])
        for share in (0.0, 0.05, 0.1, 0.2, 0.3):
            unseen = of_new[: round(share / (1 - share) * len(trial.seen))]
            folder = np.concatenate([trial.seen, unseen])
            photos, names = trial.features[folder], trial.names[folder]
            is_refused = False
            try:
                adapt_head(head, photos)
            except DataError:
                is_refused = True
            any_folder = AdaptConfig(least_unseen=0, least_ratio=0, least_agreement=0)
            after, _ = adapt_head(head, photos, any_folder)
            figures = {
                what: 100 * float(np.mean(labelled(one, photos) == names))
                for what, one in (("before", head), ("after", after))
            }
            what = f"{count} unseen classes in {share:.0%} of the photos: all labels"
            yield what, {**figures, "refused": 100.0 * is_refused}


def labelled(head: Head, features: npt.NDArray[np.float32]) -> npt.NDArray[np.str_]:
    """Label of each row, with the head's own seen penalty."""
    scores = head.scores(head.table, features) - head.calibration.seen_penalty * head.table.is_seen
    return np.array(head.table.names)[scores.argmax(1)]


def mean(values: Sequence[float]) -> float:
    """The mean."""
    return float(np.mean(values))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("classes", type=Path)
    parser.add_argument("--choose", action="store_true", help="folds of the other classes")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--adapt", action="store_true", help="rows of `adapt` alone")
    parser.add_argument("--backbone-classes", help="map of the backbone's own classes")
    parser.add_argument("--max-seen-loss", type=float, default=MAX_SEEN_LOSS)
    arguments = parser.parse_args()
    found: dict[str, list[dict[str, float]]] = {}
    for trial in trials(arguments):
        rows = () if arguments.adapt else grown(trial)
        for what, figures in (*rows, *adapted(trial), *shared(trial)):
            found.setdefault(what, []).append(figures)
    for what, runs in found.items():
        shown = [f"{key} {mean([run[key] for run in runs]):5.1f}" for key in runs[0]]
        print(f"{what:<68}{'  '.join(shown)}")


if __name__ == "__main__":
    main()
