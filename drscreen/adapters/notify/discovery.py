"""Which packages say that they bring a notifier. Nothing of theirs is loaded here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata

from drscreen.plugin_api import ENTRY_POINTS


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry point of a package. `load` runs the package's own code and may do anything."""

    package: str
    load: Callable[[], object]


def installed() -> list[Candidate]:
    """The entry points of `ENTRY_POINTS`, by package; the first of two copies of a package.

    Each distribution is read alone: `importlib.metadata.entry_points()` fails for all of them
    where one has damaged metadata.
    """
    found: dict[str, list[Candidate]] = {}
    for distribution in metadata.distributions():
        candidates = _candidates(distribution)
        if candidates:
            found.setdefault(candidates[0].package, candidates)
    return [one for package in sorted(found) for one in found[package]]


def _candidates(distribution: metadata.Distribution) -> list[Candidate]:
    try:
        entries = distribution.entry_points.select(group=ENTRY_POINTS)
        package = str(distribution.metadata["Name"]) if entries else ""
    except Exception:  # noqa: BLE001 - metadata of strangers, which break in many ways
        return []
    return [Candidate(package, entry.load) for entry in entries]
