"""`python -m tests.torture --kills 200 --flips 200 --full 50`: the table of docs/reliability.md."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.torture.copies import torn
from tests.torture.disks import full, read_only
from tests.torture.flips import flips
from tests.torture.foreign import foreign
from tests.torture.forked import Tally
from tests.torture.guesses import guesses
from tests.torture.kills import SCENARIOS as KILLS
from tests.torture.networks import networks
from tests.torture.older import older
from tests.torture.outbox import outbox
from tests.torture.photographs import photographs
from tests.torture.restored import restored
from tests.torture.stale import stale

SCENARIOS = {
    **KILLS,
    "notices": outbox,
    "restored": restored,
    "guesses": guesses,
    "stale": stale,
}
ALTERED = {
    "flips": flips,
    "networks": networks,
    "older": older,
    "photographs": photographs,
    "torn": torn,
    "foreign": foreign,
}
KINDS = [*SCENARIOS, *ALTERED, "disks"]


def main() -> int:
    """Print a row for each scenario as it ends; exit status 1 where anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="kills in each scenario")
    parser.add_argument("--flips", type=int, default=40, help="pieces of each kind altered")
    parser.add_argument("--full", type=int, default=10, help="times that the disk is filled")
    parser.add_argument("--seed", type=int, default=20261125)
    parser.add_argument("--only", choices=KINDS, action="append")
    asked = parser.parse_args()
    wanted = asked.only or KINDS
    chance = random.Random(asked.seed)
    print("| what | runs | acknowledged | reported | without effect | lost or wrong | seconds |")
    print("|---|---|---|---|---|---|---|")
    faults = 0
    for name in wanted:
        with tempfile.TemporaryDirectory() as folder:
            place, started = Path(folder), time.monotonic()
            if name in SCENARIOS:
                faults += _print(SCENARIOS[name](place, asked.kills, chance), started)
            elif name in ALTERED:
                for tally in ALTERED[name](place, asked.flips, chance):
                    faults += _print(tally, started)
            else:
                faults += _disks(place, asked.full, chance, started)
    return min(faults, 1)


def _disks(place: Path, count: int, chance: random.Random, started: float) -> int:
    try:
        return _print(full(place / "full", count, chance), started) + _print(
            read_only(place / "read-only"), started
        )
    except PermissionError as error:
        print(f"full and read-only disk: not tried, {error}", file=sys.stderr)
        return 0


def _print(tally: Tally, started: float) -> int:
    seconds = time.monotonic() - started
    print(
        f"| {tally.scenario} | {tally.runs} | {tally.acknowledged} | {tally.reported} "
        f"| {tally.harmless} | {len(tally.faults)} | {seconds:.0f} |",
        flush=True,
    )
    for fault in tally.faults[:20]:
        print("  ", fault, file=sys.stderr)
    return len(tally.faults)


if __name__ == "__main__":
    sys.exit(main())
