"""A network's manifest as bytes: read strictly, or not at all.

Python's own reader of JSON takes NaN, numbers that are infinite, and a name twice, of which the
last counts. Here each of these is refused, before anybody looks at what is said.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from typing import Any

#: Ours take 31 kB, most of it figures; a thousand figures more would fit.
MANIFEST_BYTES = 2_000_000
#: Ours are five levels deep.
_DEPTH = 20
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')


def manifest_hash(manifest: Mapping[str, Any]) -> str:
    """sha256 over the manifest without its own hash, in canonical JSON."""
    rest = {key: value for key, value in manifest.items() if key != "manifest_sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def read_manifest(data: bytes) -> dict[str, Any]:
    """What the bytes say: one JSON object with the hash of itself. Raises `ValueError`."""
    if len(data) > MANIFEST_BYTES:
        raise ValueError("a manifest too long")
    if _depth(data) > _DEPTH:
        raise ValueError("a manifest too deep")
    manifest = json.loads(
        data.decode("utf-8"),
        object_pairs_hook=_without_doubles,
        parse_constant=_no_number,
        parse_float=_finite,
        parse_int=_whole,
    )
    if not isinstance(manifest, dict) or manifest.get("manifest_sha256") != manifest_hash(manifest):
        raise ValueError("a manifest without its own hash")
    return manifest


def _depth(data: bytes) -> int:
    """How deep its brackets are nested; known before anything recursive reads them."""
    deep = deepest = 0
    for byte in _STRING.sub(b"", data):
        if byte in b"[{":
            deep += 1
            deepest = max(deepest, deep)
        elif byte in b"]}":
            deep -= 1
    return deepest


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice in a manifest")
    return found


def _no_number(text: str) -> float:
    raise ValueError(f"{text} in a manifest")


def _whole(text: str) -> int:
    """At most 18 digits; more do not become a float wherever one is made of them."""
    if len(text) > 19:
        raise ValueError("a number too large in a manifest")
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number without end in a manifest")
    return value
