"""Licences of everything that is installed with drscreen: `python -m tests.meta.licences`.

What ships under Apache-2.0 may bring nothing whose licence would bind the whole (GPL, AGPL), and
nothing whose licence nobody has read.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution

OURS = ("drscreen", "drscreen-notify-twilio", "drscreen-notify-email")
#: SPDX identifiers that may be used and passed on with a notice. MPL-2.0 binds its own files only.
ACCEPTED = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSL-1.0",
        "CC0-1.0",
        "ISC",
        "MIT",
        "MIT-0",
        "MIT-CMU",
        "MPL-2.0",
        "PSF-2.0",
        "Unlicense",
        "Zlib",
    }
)
#: LGPL, each for a reason: its files lie in the program's folder, unchanged, and can be replaced.
LESSER = {
    "pyside6-essentials": "the window; there is no other Qt for Python under a freer licence",
    "shiboken6": "a part of PySide6",
    "fpdf2": "patients' papers in every script; nothing freer shapes and orders text",
}
#: What packages say in other words, or not at all, and what their licence files say.
READ = {
    "sqlcipher3": "Zlib",
    "pypdfium2": "BSD-3-Clause AND Apache-2.0",
    "torchvision": "BSD-3-Clause",
    "protobuf": "BSD-3-Clause",
    "charset-normalizer": "MIT",
    "uharfbuzz": "Apache-2.0",
}
_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def licence(found: Distribution) -> str:
    """As an SPDX expression; empty where it is not known."""
    name = plain(found.name)
    if name in READ:
        return READ[name]
    said = _said(found, "License-Expression")
    if said:
        return said
    told = found.metadata.get_all("Classifier") or ()
    kinds = [c.rpartition(" :: ")[2] for c in told if re.match("License :: .* :: ", c)]
    # One that this does not know (the GPL has several) is not made good by another that it does.
    if kinds:
        return " AND ".join(sorted(_CLASSIFIERS.get(kind, kind) for kind in kinds))
    return _said(found, "License")


def _said(found: Distribution, field: str) -> str:
    return found.metadata[field].strip() if field in found.metadata else ""


def is_accepted(name: str, expression: str) -> bool:
    """Whether the licence may come along; `OR` leaves the choice, `AND` does not."""
    words = re.split(r"(\(|\)|\bAND\b|\bOR\b)", expression)
    rest = [word.strip() for word in words if word.strip()]
    accepted = _any_of(name, rest)
    return accepted and not rest


def _any_of(name: str, rest: list[str]) -> bool:
    accepted = _all_of(name, rest)
    while rest[:1] == ["OR"]:
        rest.pop(0)
        accepted = _all_of(name, rest) or accepted
    return accepted


def _all_of(name: str, rest: list[str]) -> bool:
    accepted = _one(name, rest)
    while rest[:1] == ["AND"]:
        rest.pop(0)
        accepted = _one(name, rest) and accepted
    return accepted


def _one(name: str, rest: list[str]) -> bool:
    word = rest.pop(0) if rest else ""
    if word != "(":
        return word in ACCEPTED or (word.startswith("LGPL-") and name in LESSER)
    accepted = _any_of(name, rest)
    return rest[:1] == [")"] and bool(rest.pop(0)) and accepted


def plain(name: str) -> str:
    """A distribution's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed() -> Iterator[Distribution]:
    """Everything that drscreen asks for, directly or not, tests' needs too, and is installed."""
    waiting, seen = list(OURS), set(OURS)
    while waiting:
        try:
            found = distribution(waiting.pop())
        except PackageNotFoundError:
            continue  # of another system, or an extra that was not asked for
        if plain(found.name) not in OURS:
            yield found
        for requirement in found.requires or ():
            name = _NAME.match(requirement)
            if name is not None and plain(name[0]) not in seen:
                seen.add(plain(name[0]))
                waiting.append(plain(name[0]))


def refused() -> list[str]:
    """A line for each distribution that may not come along."""
    found = sorted((plain(one.name), licence(one)) for one in installed())
    return [
        f"{name}: {expression[:80] or 'no licence is named'}"
        for name, expression in found
        if not is_accepted(name, expression)
    ]


if __name__ == "__main__":
    for one in sorted(installed(), key=lambda found: plain(found.name)):
        print(f"{plain(one.name)}: {licence(one)[:80]}")
    sys.exit("\n".join(["Refused:", *lines]) if (lines := refused()) else 0)
