"""Ten thousand notices through the real notifiers to services on this machine that fail, by senders
that are killed: the figures of docs/reliability.md.

`python -m tests.torture.post --notices 10000 --kills 10 --seed 1`. Two senders work side by side,
as two workstations on one store would; a killed one is started again. Ends with a Markdown table,
and with status 1 where anything was sent twice, lost, or told who the patient is.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import time as time_of_day
from pathlib import Path

from drscreen.adapters.notify.host import InstalledNotifiers
from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.adapters.system.clock import SystemClock
from drscreen.domain.notice import NoticePolicy, NoticeState, Purpose
from drscreen.domain.patient import Channel, Patient
from drscreen.services.delivery import DeliveryService
from tests.adapters.store.samples import made_store, unlocked
from tests.fakes.notifiers import announcer
from tests.fakes.twilio import StandIn, parse_faults

FAULTS = "429=0.015,500=0.005,500-taken=0.005,hang=0.005,hang-lost=0.005,drop=0.01,drop-lost=0.005"
#: What nobody who receives a message may read in it.
CANARIES = ("Canaryname", "CANARY", "grade", "moderate")
_SENDERS = 2
#: The last ones wait for leases of killed senders; the pace is that of the others.
_MOST = 0.95
_AT_ONCE = 500
_WAITING = (NoticeState.PENDING, NoticeState.SENDING, NoticeState.SENT, NoticeState.UNKNOWN)


def deliver(home: Path) -> None:
    """Send until nothing waits any more; the parent kills this."""
    opened = unlocked(home)
    service = DeliveryService(opened, SystemClock(), InstalledNotifiers(), announcer(opened))
    print("begun", flush=True)
    while _counts(opened, _WAITING):
        step = service.step()
        if not step.did:
            time.sleep(min(step.wait, 1.0))
    opened.close()


def prepare(home: Path, notices: int, settings: dict[str, str]) -> None:
    """A clinic that has that many people to remind."""
    made_store(home)
    opened = unlocked(home)
    policy = NoticePolicy(
        region="BR", quiet_from=time_of_day(0), quiet_until=time_of_day(0), expire_days=1
    )
    words, now = announcer(opened), SystemClock().now()
    with opened.transaction() as records:
        records.notices.set_policy(policy)
        records.notices.set_notifier_settings("twilio", settings | {"timeout_seconds": "1"})
    for start in range(0, notices, _AT_ONCE):
        with opened.transaction() as records:
            for number in range(start, min(start + _AT_ONCE, notices)):
                patient = Patient(
                    f"CANARY-{number}",
                    "Canaryname",
                    "Canaryname",
                    phone=f"+55119{80_000_000 + number}",
                    consent=frozenset({Channel.SMS}),
                )
                records.add_patient(patient)
                words.remind(records, patient.mrn, Purpose.COME_BACK, now)
    opened.close()


@dataclass
class Post:
    """Senders at work on a store, killed and started again."""

    home: Path
    senders: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self) -> None:
        """One more sender, at work when this returns."""
        command = [sys.executable, "-m", "tests.torture.post", "--deliver", str(self.home)]
        sender = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        if sender.stdout is None or sender.stdout.readline() != "begun\n":
            raise RuntimeError("the sender did not begin")
        self.senders.append(sender)

    def kill(self, chance: random.Random) -> bool:
        """SIGKILL one and start another; False where it had done its work already."""
        sender = self.senders.pop(chance.randrange(len(self.senders)))
        was_at_work = sender.poll() is None
        sender.kill()
        sender.wait()
        self.start()
        return was_at_work

    def wait(self) -> None:
        """Until every sender has ended by itself."""
        for sender in self.senders:
            if sender.wait() != 0:
                raise RuntimeError("a sender failed by itself")


def measure(notices: int, kills: int, seed: int) -> int:
    """Run it, print the table, return how many faults there were."""
    chance = random.Random(seed)
    with (
        tempfile.TemporaryDirectory() as folder,
        StandIn(troubles=parse_faults(FAULTS), seed=seed, deliver_after=2.0) as twilio,
    ):
        home = Path(folder) / "home"
        prepare(home, notices, twilio.settings())
        post, started = Post(home), time.monotonic()
        for _ in range(_SENDERS):
            post.start()
        killed = 0
        while killed < kills:
            time.sleep(chance.uniform(2, 20) * min(1.0, notices / 2000))
            if not post.kill(chance):
                break
            killed += 1
        most_after = 0.0
        while any(sender.poll() is None for sender in post.senders):
            time.sleep(0.5)
            if not most_after and len(twilio.counts()) >= _MOST * notices:
                most_after = time.monotonic() - started
        post.wait()
        print(f"senders killed {killed} times; {_MOST:.0%} accepted after {most_after:.0f} s,")
        print(f"all known to have arrived after {time.monotonic() - started:.0f} s")
        return _report(home, twilio, notices)


def _report(home: Path, twilio: StandIn, notices: int) -> int:
    accepted = twilio.counts()
    twice = sum(1 for count in accepted.values() if count > 1)
    opened = unlocked(home)
    with opened.transaction() as records:
        states = dict(records.notices.counts())
        rows = records.notices.page((), 0, notices + 1)
    again = sum(1 for row in rows if row.attempts > 1)
    lost = notices - len(rows) + sum(1 for row in rows if (row.address, row.body) not in accepted)
    read = "\n".join(f"{sms.to} {sms.body}" for sms in twilio.messages())
    canaries = sum(read.casefold().count(canary.casefold()) for canary in CANARIES)
    unresolved = sum(states.get(state, 0) for state in _WAITING)
    opened.close()
    print("| notices | faults met | attempted again | delivered | twice | lost | canaries |")
    print("|---|---|---|---|---|---|---|")
    print(
        f"| {notices} | {sum(twilio.troubled.values())} | {again} "
        f"| {states.get(NoticeState.DELIVERED, 0)} | {twice} | {lost} | {canaries} |"
    )
    print(f"states {json.dumps(states)}; faults {json.dumps(Counter(twilio.troubled))}")
    return twice + lost + canaries + unresolved


def _counts(opened: SqlCipherOpenStore, states: tuple[NoticeState, ...]) -> int:
    with opened.transaction() as records:
        counts = records.notices.counts()
    return sum(counts.get(state, 0) for state in states)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notices", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--deliver", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.deliver:
        deliver(asked.deliver)
        return 0
    return min(measure(asked.notices, asked.kills, asked.seed), 1)


if __name__ == "__main__":
    sys.exit(main())
