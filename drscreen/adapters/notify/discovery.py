"""Which packages say that they bring a notifier, and what their files hash to.

Nothing of theirs is loaded here: metadata are read as text, and modules are looked for by their
name without being imported. What an installed package can make the interpreter do before drscreen
begins (`.pth` files, `sitecustomize`) is out of reach from here.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata, util
from pathlib import Path

from drscreen.domain.plugin_choice import PluginOffer
from drscreen.plugin_api import ENTRY_POINTS
from drscreen.regular_files import open_regular

_PACKAGE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?")
_NOTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VERSION = re.compile(r"[A-Za-z0-9.+!_-]{1,40}")
_MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*(\s*:\s*[A-Za-z_][\w.]*)?")
#: A notifier is small; more is somebody else's folder, or meant to keep us reading.
_MOST_FILES = 5000
_MOST_BYTES = 500 * 2**20
#: Written by the interpreter and by pip, and not the same after each installation.
_NOT_ITS_OWN = frozenset({"RECORD", "INSTALLER", "REQUESTED"})


class Uncountable(Exception):
    """The files of a package cannot be hashed: too many, too large, or unreadable."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry point of a package. `value` is what a process of its own is to load.

    `digest_now` hashes the files as they are at that moment; raises `Uncountable`. `problem` says
    in a sentence why it cannot be chosen at all, or is empty.
    """

    offer: PluginOffer
    value: str
    digest_now: Callable[[], str] = field(repr=False)
    problem: str = ""


def installed() -> list[Candidate]:
    """The entry points of `ENTRY_POINTS`, by package; the first of two copies of a package, which
    is the one that the interpreter imports.

    Each distribution is read alone: `importlib.metadata.entry_points()` fails for all of them
    where one has damaged metadata.
    """
    found: dict[str, list[Candidate]] = {}
    for distribution in metadata.distributions():
        candidates = _candidates(distribution)
        if candidates:
            found.setdefault(candidates[0].offer.package, candidates)
    return [one for package in sorted(found) for one in found[package]]


def _candidates(distribution: metadata.Distribution) -> list[Candidate]:
    try:
        entries = [
            entry
            for entry in distribution.entry_points.select(group=ENTRY_POINTS)
            if _NOTIFIER.fullmatch(entry.name) and _MODULE.fullmatch(entry.value)
        ]
        package = re.sub(r"[-_.]+", "-", str(distribution.metadata["Name"])).lower()
        version = str(distribution.version)
    except Exception:  # noqa: BLE001 - metadata of strangers, which break in many ways
        return []
    if not entries or not _PACKAGE.fullmatch(package):
        return []
    version = version if _VERSION.fullmatch(version) else "?"
    modules = sorted({re.split(r"[.:\s]", entry.value)[0] for entry in entries})

    def digest_now() -> str:
        return _digest(distribution, modules)

    digest, problem = "", ""
    try:
        digest = digest_now()
    except Uncountable:
        problem = "Its files cannot all be read, so it cannot be chosen. Install it again."
    return [
        Candidate(
            PluginOffer(package, version, entry.name, digest), entry.value, digest_now, problem
        )
        for entry in entries
    ]


def _digest(distribution: metadata.Distribution, modules: list[str]) -> str:
    """SHA-256 over the names and contents of all that the package's record lists, and of the
    folders that its modules are imported from, wherever those are: an editable installation's
    sources, or another copy that comes first. Compiled files are left out, as the interpreter
    writes them.
    """
    whole = hashlib.sha256()
    counted = 0
    try:
        entries = distribution.read_text("entry_points.txt") or ""
        whole.update(hashlib.sha256(entries.encode()).digest())
        for label, path in sorted(_files(distribution, modules)):
            part = hashlib.sha256()
            counted += _read_into(part, path, _MOST_BYTES - counted)
            whole.update(label.encode(errors="surrogatepass") + b"\0" + part.digest())
    except (OSError, ValueError, ImportError, AttributeError) as error:
        raise Uncountable from error
    if getattr(sys, "frozen", False):
        # Its modules lie inside of the program itself.
        whole.update(_program())
    return whole.hexdigest()


def _files(distribution: metadata.Distribution, modules: list[str]) -> set[tuple[str, Path]]:
    found: set[tuple[str, Path]] = set()
    for listed in distribution.files or []:
        path = Path(str(distribution.locate_file(listed)))
        if listed.name not in _NOT_ITS_OWN and _is_source(path) and path.is_file():
            found.add((f"record/{listed}", path))
    for module in modules:
        for label, path in _module_files(module):
            found.add((f"module/{label}", path))
            if len(found) > _MOST_FILES:
                raise Uncountable
    return found


def _module_files(module: str) -> Iterator[tuple[str, Path]]:
    """Where a top-level module would be imported from; it is not imported."""
    spec = util.find_spec(module)
    if spec is None:
        return
    if spec.submodule_search_locations is None:
        if spec.origin and Path(spec.origin).is_file():
            yield module, Path(spec.origin)
        return
    for folder in spec.submodule_search_locations:
        for here, folders, names in os.walk(folder, followlinks=True):
            folders[:] = [name for name in folders if name != "__pycache__"]
            for name in names:
                path = Path(here, name)
                if path.is_file():
                    yield f"{module}/{path.relative_to(folder).as_posix()}", path


def _is_source(path: Path) -> bool:
    return "__pycache__" not in path.parts


def _read_into(part: hashlib._Hash, path: Path, room: int) -> int:
    """Hash a file; how large it is."""
    read = 0
    with open_regular(path, through_links=True) as file:
        if os.fstat(file.fileno()).st_size > room:
            raise Uncountable
        while block := file.read(1 << 20):
            read += len(block)
            if read > room:
                raise Uncountable
            part.update(block)
    return read


@cache
def _program() -> bytes:
    whole = hashlib.sha256()
    _read_into(whole, Path(sys.executable), sys.maxsize)
    return whole.digest()
