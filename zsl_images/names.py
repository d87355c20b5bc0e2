"""Names of classes: which two mean the same class, and which can be shown and written."""

from __future__ import annotations

import json
import re
import unicodedata
import warnings
from collections.abc import Iterable, Sequence

from zsl_images.errors import ClassTableError, ClassTableWarning, listed

_BLANKS = re.compile(r"[\s_-]+")
_DIRECTIONS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
)
"""Marks that turn the direction of what follows, and the byte order mark."""

_HIDDEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories of control characters, halves of characters, and breaks of lines."""


def key_of(name: str) -> str:
    """What two spellings of a class have in common.

    They may differ in blanks, underscores and hyphens, in capital letters, and in the Unicode form of
    an accent (one character, or a letter and an accent as in the names of folders on a Mac).

    >>> key_of("Grizzly Bear"), key_of("grizzly_bear")
    ('grizzly_bear', 'grizzly_bear')
    """
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
    return _BLANKS.sub("_", folded.strip())


def matched(given: Iterable[str], known: Sequence[str], what: str) -> dict[str, str]:
    """Which of the known names each given name means; names that are not known are left out.

    An exact match comes first; see `key_of` for the others, which give one warning.

    Args:
        given: Names to look up.
        known: Names as they are to be written.
        what: Whose names are known, for the messages, such as "the class table".

    Returns:
        Given name → known name.

    Raises:
        ClassTableError: Two given names mean one known name, or one means two.

    Warns:
        ClassTableWarning: Some names are spelt differently.
    """
    exact, alike = set(known), _by_key(known)
    found: dict[str, str] = {}
    given_for: dict[str, str] = {}
    for name in dict.fromkeys(given):
        same = [name] if name in exact else alike.get(key_of(name), [])
        if not same:
            continue
        if len(same) > 1:
            raise ClassTableError(
                f"{name!r} may be {same[0]!r} or {same[1]!r} of {what}; write it like one of the two"
            )
        other = given_for.setdefault(same[0], name)
        if other != name:
            raise ClassTableError(
                f"{other!r} and {name!r} both mean {same[0]!r} of {what}; keep one of the two"
            )
        found[name] = same[0]
    if respelt := [f"{name} ({other})" for name, other in found.items() if name != other]:
        warnings.warn(
            f"names spelt in another way than those of {what} are taken for them: "
            f"{listed(respelt, limit=3)}",
            ClassTableWarning,
            stacklevel=3,
        )
    return found


def spelling_of(name: str, known: Sequence[str], what: str) -> str:
    """The known name that a name means; for the arguments and warnings see `matched`.

    Raises:
        ClassTableError: It means none, or two.
    """
    found = matched([name], known, what)
    if not found:
        raise ClassTableError(f"not in {what}: {listed([name], known)}")
    return found[name]


def in_both(given: Iterable[str], known: Sequence[str]) -> list[str]:
    """The given names that mean a known one, with its spelling where that differs."""
    alike = _by_key(known)
    names = ((name, alike[key_of(name)]) for name in given if key_of(name) in alike)
    return [name if name in same else f"{name} ({same[0]})" for name, same in names]


def hidden_character(name: str, allowed: str = "") -> str | None:
    """The first character of a name that cannot be shown, such as a line break; None if all can.

    Args:
        name: Name of a class or an attribute.
        allowed: Characters that are allowed nevertheless.
    """
    return next((char for char in name if _is_hidden(char) and char not in allowed), None)


def described(char: str) -> str:
    r"""A character that cannot be shown, in words: `a line break (\n)`."""
    kinds = {"\n": "a line break", "\r": "a line break", "\t": "a tab", "\0": "a NUL"}
    kind = "a direction mark" if char in _DIRECTIONS else "a control character"
    return f"{kinds.get(char, kind)} ({_escaped(char)})"


def printable(text: str, allowed: str = "") -> str:
    r"""Text that is safe on a terminal: characters that cannot be shown are escaped, as in `\x1b`.

    Args:
        text: Text that may hold names from anywhere.
        allowed: Characters that are kept, such as line breaks in a message.

    >>> print(printable("a" + chr(27) + "[31m"))
    a\x1b[31m
    """
    return "".join(
        _escaped(char) if _is_hidden(char) and char not in allowed else char for char in text
    )


def json_of(value: object, indent: int | None = None) -> str:
    """A value as JSON that is safe on a terminal; letters stay as they are."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    is_safe = {char: char == "\n" or not _is_hidden(char) for char in set(text)}
    return "".join(char if is_safe[char] else json.dumps(char)[1:-1] for char in text)


def shortened(text: str, width: int) -> str:
    """Text of at most `width` characters; of a longer path the middle is left out.

    Its name stays, and the folder that it is in if there is room.

    >>> shortened("/a/long/path/to/photo.jpg", 18)
    '/a/lo.../photo.jpg'
    """
    if len(text) <= width:
        return text
    kept = max(width - 3, 2)
    *_, parent, last = 0, 0, *(match.start() for match in re.finditer(r"[/\\]", text))
    with_folder = len(text) - parent
    if kept // 2 <= with_folder <= kept - 3:
        end = with_folder
    else:
        end = min(max(len(text) - last, kept // 2), kept - kept // 4)
    return f"{text[: kept - end]}...{text[len(text) - end :]}"


def _by_key(known: Iterable[str]) -> dict[str, list[str]]:
    by_key: dict[str, list[str]] = {}
    for name in known:
        by_key.setdefault(key_of(name), []).append(name)
    return by_key


def _is_hidden(char: str) -> bool:
    return char in _DIRECTIONS or unicodedata.category(char) in _HIDDEN


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
