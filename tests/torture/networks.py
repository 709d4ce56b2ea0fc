"""One bit flipped at a random place of a network's folder: never read as whole."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

from drscreen.adapters.imaging.quality_network import TENSORS, QualityNetwork
from drscreen.adapters.model.bundle import read_bundle
from drscreen.adapters.model.signature import TrustedKeys
from drscreen.adapters.system import paths
from drscreen.domain.errors import BundleError, QualityNetworkDamaged
from tests.torture.forked import Tally

_CHECK = TrustedKeys(paths.trusted_keys()).check


def networks(place: Path, count: int, chance: random.Random) -> list[Tally]:
    """`count` flips in each file of every network that comes with the program."""
    found = [_flipped(folder, place, count, chance, _read) for folder in _bundles()]
    gate = paths.quality_network().parent
    return [*found, _flipped(gate, place, count, chance, _read_gate)]


def _bundles() -> list[Path]:
    return sorted(folder for folder in paths.bundles().iterdir() if folder.is_dir())


def _read(folder: Path) -> None:
    read_bundle(folder, _CHECK)


def _read_gate(folder: Path) -> None:
    QualityNetwork.read(folder / TENSORS, _CHECK)


def _flipped(
    folder: Path,
    place: Path,
    count: int,
    chance: random.Random,
    read: Callable[[Path], None],
) -> Tally:
    tally = Tally(f"a network's flipped bit: {folder.name}")
    copy = Path(shutil.copytree(folder, place / folder.name))
    for file in sorted(copy.iterdir()):
        for _ in range(count):
            where, bit = chance.randrange(file.stat().st_size), 1 << chance.randrange(8)
            tally.runs += 1
            _flip(file, where, bit)
            try:
                read(copy)
                tally.faults.append(f"{file.name}, byte {where}, bit {bit}: read as whole")
            except (BundleError, QualityNetworkDamaged):
                tally.reported += 1
            _flip(file, where, bit)
    read(copy)
    return tally


def _flip(file: Path, where: int, bit: int) -> None:
    with file.open("r+b") as opened:
        opened.seek(where)
        (byte,) = opened.read(1)
        opened.seek(where)
        opened.write(bytes([byte ^ bit]))
