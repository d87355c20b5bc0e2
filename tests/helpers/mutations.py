"""Damage: bytes, texts and headers changed at random, as disks, networks and attackers change them."""

from __future__ import annotations

import json
import random
import struct
from typing import Any

NUMBERS = (0, 1, 2, 5, 6, 14, 15, 17, 127, 255, 2**16, 2**20, 2**31 - 1, 2**31, 2**32 - 1)
"""Types of elements, and sizes that a reader may believe."""

TEXTS = (
    *("", " ", "-1", "0", "1e999", "-1e999", "nan", "NaN", "inf", "9" * 400, "1,5", "1.5", "TRUE"),
    *("\0", "\r", "\n", "\r\n", '"', '""', "'", ";", "\t", ",", "=1+1", "\ufeff", "\u202e", "\x1b[2J"),
    *("null", "{", "[", "[[", "]", "}", "é", "\ud800", "x" * 5000, "path", "label", "sep=;", "\\xff"),
)
"""What may stand in place of a cell or between two."""

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63), 10**30, 0.5, -0.5, 1e-320, 1e308),
    *(float("nan"), float("inf"), "", "x", "\0", "\x1b[2J", "dense", [], {}, [None], [0], ["x"]),
    *([[]], {"x": 1}, [1, "x"], "9" * 400),
)
"""What may stand in place of a value of JSON."""


def damaged(whole: bytes, chance: random.Random) -> bytes:
    """A file with some bytes changed, often near its start, or a part cut, zeroed or repeated."""
    data = bytearray(whole)
    for _ in range(chance.choice((1, 1, 1, 2, 8))):
        place = chance.randrange(chance.choice((min(1024, len(data)), len(data))))
        length = chance.choice((1, 4, 64))
        kind = chance.randrange(6)
        if kind == 0:
            data[place] ^= 1 << chance.randrange(8)
        elif kind == 1:
            data[place] = chance.randrange(256)
        elif kind == 2:
            place -= place % 4
            order = chance.choice(("little", "big"))
            data[place : place + 4] = chance.choice(NUMBERS).to_bytes(4, order)
        elif kind == 3:
            data[place : place + length] = bytes(length)
        elif kind == 4:
            data[place:place] = data[place : place + length]
        else:
            del data[place : chance.choice((place + length, len(data)))]
        data = data or bytearray(whole)
    return bytes(data)


def garbled(whole: bytes, chance: random.Random) -> bytes:
    """A text with cells replaced or added, or its bytes damaged."""
    if chance.random() < 0.3:
        return damaged(whole, chance)
    text = whole.decode()
    for _ in range(chance.choice((1, 1, 2, 8))):
        places = [at for at, char in enumerate(text) if char in ',;\t\n":{}[]'] or [0]
        first, other = sorted(chance.choices(places, k=2))
        new = chance.choice(TEXTS)
        if chance.random() < 0.5:
            end = places[min(places.index(first) + 1, len(places) - 1)]
            text = text[: first + 1] + new + text[max(end, first + 1) :]
        elif chance.random() < 0.5:
            text = text[:first] + new + text[first:]
        else:
            text = text[:first] + text[other:] if chance.random() < 0.5 else text + text[first:other]
    return text.encode("utf-8", "surrogatepass")


def replaced(value: Any, chance: random.Random) -> Any:
    """JSON with one of its values, keys or items replaced, dropped or repeated."""
    holders: list[tuple[Any, Any]] = []
    pending = [value]
    while pending:
        holder = pending.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        holders += [(holder, key) for key in keys]
        pending += [holder[key] for key in keys if isinstance(holder[key], dict | list)]
    by_holder: dict[int, list[tuple[Any, Any]]] = {}
    for holder, key in holders:
        by_holder.setdefault(id(holder), []).append((holder, key))
    holder, key = chance.choice(chance.choice(list(by_holder.values())))
    kind = chance.randrange(8)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, list):
        holder.insert(key, holder[key])
    elif kind == 2 and isinstance(holder, dict):
        holder[chance.choice(("x", "", "\0"))] = holder.pop(key)
    else:
        holder[key] = chance.choice(VALUES)
    return value


def with_other_header(whole: bytes, chance: random.Random) -> bytes:
    """A head file with a value of one of its headers replaced, or its bytes damaged."""
    if chance.random() < 0.3:
        return damaged(whole, chance)
    (size,) = struct.unpack("<Q", whole[:8])
    outer = json.loads(whole[8 : 8 + size])
    if chance.random() < 0.15:
        outer = replaced(outer, chance)
    else:
        inner = json.loads(outer["__metadata__"]["zsl_images"])
        for _ in range(chance.choice((1, 1, 3))):
            inner = replaced(inner, chance)
        outer["__metadata__"]["zsl_images"] = json.dumps(inner)
    header = json.dumps(outer).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + whole[8 + size :]


def with_other_values(whole: bytes, chance: random.Random) -> bytes:
    """A file of JSON with some of its values replaced, or its text garbled."""
    if chance.random() < 0.3:
        return garbled(whole, chance)
    content = json.loads(whole)
    for _ in range(chance.choice((1, 1, 3))):
        content = replaced(content, chance)
    return json.dumps(content).encode()
