from __future__ import annotations

import json
import unicodedata
import warnings

import pytest

from zsl_images.errors import ClassTableError, ClassTableWarning
from zsl_images.names import (
    described,
    hidden_character,
    in_both,
    json_of,
    key_of,
    matched,
    printable,
    shortened,
    spelling_of,
)


@pytest.mark.parametrize("other", ["Polar bear", "polar-bear", "POLAR_BEAR", " polar  bear "])
def test_spellings_of_one_name_have_one_key(other: str) -> None:
    assert key_of(other) == key_of("polar_bear")


def test_accents_may_be_composed_or_not_and_other_letters_differ() -> None:
    assert key_of(unicodedata.normalize("NFD", "Königstiger")) == key_of("königstiger")
    assert key_of("Konigstiger") != key_of("Königstiger")
    assert key_of("polarbear") != key_of("polar_bear")


def test_other_spellings_are_matched_and_told_of_once() -> None:
    with pytest.warns(
        ClassTableWarning, match=r"^names spelt .*the head.*: Wolf \(wolf\), sea lion \(sea-lion\)$"
    ) as w:
        found = matched(["Wolf", "fox", "sea lion", "emu"], ["wolf", "fox", "sea-lion"], "the head")
    assert len(w) == 1
    assert found == {"Wolf": "wolf", "fox": "fox", "sea lion": "sea-lion"}
    with warnings.catch_warnings(action="error"):
        assert matched(["fox", "fox"], ["fox"], "the head") == {"fox": "fox"}


def test_one_name_is_looked_up_or_refused() -> None:
    with pytest.warns(ClassTableWarning, match=r"Wolf \(wolf\)"):
        assert spelling_of("Wolf", ["wolf"], "the table") == "wolf"
    with pytest.raises(ClassTableError, match=r"not in the table: wulf \(did you mean wolf\?\)"):
        spelling_of("wulf", ["wolf"], "the table")


def test_an_exact_match_comes_first() -> None:
    assert matched(["a", "A"], ["A", "a"], "the head") == {"a": "a", "A": "A"}


@pytest.mark.parametrize(
    ("given", "known", "message"),
    [
        (["Wolf", "wolf"], ["wolf"], "'Wolf' and 'wolf' both mean 'wolf' of the head"),
        (["sea lion"], ["sea_lion", "sea-lion"], "'sea lion' may be 'sea_lion' or 'sea-lion'"),
    ],
)
def test_two_names_never_match_one(given: list[str], known: list[str], message: str) -> None:
    with pytest.raises(ClassTableError, match=message):
        matched(given, known, "the head")


def test_names_in_both_show_the_other_spelling() -> None:
    assert in_both(["Wolf", "fox", "emu"], ["wolf", "fox"]) == ["Wolf (wolf)", "fox"]


@pytest.mark.parametrize(
    ("char", "words"),
    [
        ("\n", r"a line break (\n)"),
        ("\r", r"a line break (\r)"),
        ("\0", r"a NUL (\x00)"),
        ("\x1b", r"a control character (\x1b)"),
        ("\u202e", r"a direction mark (\u202e)"),
        ("\udcff", r"a control character (\udcff)"),
    ],
)
def test_what_cannot_be_shown_is_found_and_escaped(char: str, words: str) -> None:
    name = f"ti{char}ger"
    assert hidden_character(name) == char
    assert described(char) == words
    assert hidden_character(printable(name)) is None
    assert hidden_character(name, allowed=char) is None
    assert printable(name, allowed=char) == name


def test_names_in_any_script_are_left_alone() -> None:
    for name in ("Königstiger", "虎", "ببر", "тигр", ":tiger:", "🐅"):
        assert hidden_character(name) is None
        assert printable(name) == name


@pytest.mark.parametrize("path", ["photo.jpg", "a/b/photo.jpg", "/a/folder/of/folders/photo.jpg"])
def test_short_paths_stay_and_long_ones_keep_their_start_and_their_name(path: str) -> None:
    assert shortened(path, len(path)) == path
    short = shortened(f"photos/{'of/' * 30}{path}", 30)
    assert len(short) == 30
    assert short.startswith("photos/of")
    assert short.endswith("/photo.jpg")


def test_the_folder_of_a_photo_is_kept_if_there_is_room() -> None:
    path = "/home/kim/2024-05-12 Serengeti/card2/100CANON/IMG_0001.JPG"
    assert shortened(path, 28) == "/ho.../100CANON/IMG_0001.JPG"
    assert shortened(path.replace("/", "\\"), 28) == "\\ho...\\100CANON\\IMG_0001.JPG"
    assert shortened(path, 27) == "/home/kim/2.../IMG_0001.JPG"


def test_a_long_name_is_shortened_too() -> None:
    assert shortened("photos/" + "x" * 90 + "1.jpg", 20) == "phot...xxxxxxxx1.jpg"


def test_json_is_safe_on_a_terminal_and_says_the_same() -> None:
    row = {"path": "é\x1b[31m\u202e\x85\n\u2028.jpg", "n": [1.5, None]}
    text = json_of(row)
    assert json.loads(text) == row
    assert "é" in text
    assert printable(text) == text
    assert json.loads(json_of(row, indent=2)) == row
