from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import zsl_images
from zsl_images.arguments import check_path, count, number
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import ClassTableError, DataError, ZSLError


@pytest.mark.parametrize("value", [0, 1, 0.5, np.float32(0.5), np.int64(1), Fraction(1, 2)])
def test_every_real_number_in_the_range_is_taken(value: object) -> None:
    assert number("share", value, 0, 1) == pytest.approx(float(value))


@pytest.mark.parametrize("value", [3, -0.1, math.nan, math.inf, "0.5", None, True, [0.5], np.zeros(2)])
def test_other_numbers_and_other_things_are_refused(value: object) -> None:
    with pytest.raises(DataError, match=r"^share is .*, expected 0 to 1$"):
        number("share", value, 0, 1)


def test_without_a_range_any_finite_number_is_taken() -> None:
    assert number("penalty", -1e9) == -1e9
    with pytest.raises(DataError, match="penalty is inf, expected a finite number"):
        number("penalty", math.inf)


def test_counts_are_whole() -> None:
    assert count("top_k", np.int64(3)) == 3
    for value in (0, -1, 1.5, "3", None, True, math.nan):
        with pytest.raises(DataError, match=r"^top_k is .*, expected a whole number, 1 or more$"):
            count("top_k", value)
    assert count("seed", 2**63 - 1, least=0) == 2**63 - 1
    with pytest.raises(DataError, match=r"seed is 9223372036854775808, .* below 2\*\*63"):
        count("seed", 2**63, least=0)


def test_what_is_no_path_is_named_in_short() -> None:
    check_path("a table", Path("a"), ClassTableError)
    check_path("a table", "a", ClassTableError)
    with pytest.raises(ClassTableError, match=r"^3 of type int, expected a table$"):
        check_path("a table", 3, ClassTableError)
    with pytest.raises(ClassTableError, match=r"^\[0, 1, .{1,30}\.\.\. of type list"):
        check_path("a table", list(range(1000)), ClassTableError)


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        (zsl_images.label, (5, "l.csv")),
        (zsl_images.label, (".", 5)),
        (zsl_images.label, ([5], "l.csv")),
        (zsl_images.label, ("other", "l.csv", 5)),
        (zsl_images.relabel, (5, "l.csv")),
        (zsl_images.evaluate, (5,)),
        (zsl_images.promote, (5,)),
        (zsl_images.adapt, (5,)),
    ],
)
def test_a_wrong_argument_is_an_error_of_ours_at_the_call(
    trained: ZeroShotClassifier, call: Callable[..., object], arguments: tuple[object, ...]
) -> None:
    extra = {"features": arguments[2]} if len(arguments) > 2 else {}
    with pytest.raises(ZSLError, match="5 of type int, expected"):
        call(trained, *arguments[:2], **extra)
    with pytest.raises(ZSLError, match="classifier is 'awa2', expected a"):
        call("awa2", *arguments[:2], **extra)


@pytest.mark.parametrize(
    "call",
    [
        zsl_images.ClassTable.read,
        zsl_images.Taxonomy.read,
        zsl_images.check_classes,
        partial(zsl_images.check_classes, "awa2.csv"),
        partial(zsl_images.train, table="awa2.csv"),
        zsl_images.load_backbone,
        lambda value: zsl_images.Outputs(copy=value),
    ],
)
def test_what_is_no_path_is_an_error_of_ours(call: Callable[[int], object]) -> None:
    with pytest.raises(ZSLError, match="5"):
        call(5)
