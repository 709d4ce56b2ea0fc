"""Ten thousand notices through the real notifiers to services on this machine that fail, by senders
that are killed: the figures of docs/reliability.md.

`python -m tests.torture.post --notices 10000 --kills 10 --seed 1`. Two senders work side by side,
as two workstations on one store would; a killed one is started again. One notice in ten goes by
mail. A mail server cannot be asked, so at the end a person asks the patients whose mails are
unknown, and sends again what they do not have. Ends with a Markdown table, and with status 1 where
anything was sent twice, lost, or told who the patient is.
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

from drscreen.adapters.notify.discovery import installed
from drscreen.adapters.notify.host import InstalledNotifiers
from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.adapters.system.clock import SystemClock
from drscreen.domain.notice import NoticePolicy, NoticeState, Purpose
from drscreen.domain.patient import Channel, Patient
from drscreen.domain.permissions import Action
from drscreen.domain.plugin_choice import PluginChoice
from drscreen.services.delivery import DeliveryService
from drscreen.services.outbox import OutboxService
from tests.adapters.store.samples import made_store, unlocked
from tests.fakes.notifiers import announcer
from tests.fakes.smtp import Fault, SmtpServer
from tests.fakes.twilio import StandIn, parse_faults

FAULTS = "429=0.015,500=0.005,500-taken=0.005,hang=0.005,hang-lost=0.005,drop=0.01,drop-lost=0.005"
MAIL_FAULTS = {
    Fault.GREYLIST: 0.01,
    Fault.BUSY: 0.005,
    Fault.DROP_AT_DATA: 0.01,
    Fault.DROP_LOST: 0.01,
    Fault.DROP_ACCEPTED: 0.01,
    Fault.HANG_ACCEPTED: 0.005,
}
#: What nobody who receives a message may read in it.
CANARIES = ("Canaryname", "CANARY", "grade", "moderate")
_SENDERS = 2
_AT_ONCE = 500
_MAIL_EACH = 10
#: The last ones wait for leases of killed senders; the pace is that of the others.
_MOST = 0.95
_NAMES = {Channel.SMS: "twilio", Channel.EMAIL: "email"}


class MailFaults:
    """What goes wrong with each mail, by chance, until `over`."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.met: Counter[str] = Counter()
        self.over = False

    def decide(self, _address: str) -> Fault:
        """For the mail server, on its thread."""
        weights = [*MAIL_FAULTS.values(), 1 - sum(MAIL_FAULTS.values())]
        fault = self._chance.choices([*MAIL_FAULTS, Fault.NONE], weights)[0]
        if self.over or fault is Fault.NONE:
            return Fault.NONE
        self.met[f"mail {fault}"] += 1
        return fault


@dataclass(frozen=True)
class Services:
    """What receives the notices, and what it does wrong."""

    twilio: StandIn
    mail: SmtpServer
    faults: MailFaults

    def accepted(self) -> Counter[str]:
        """How often each address was written to; each patient has one."""
        written = Counter(received.to for received in list(self.mail.received))
        for (address, _text), count in self.twilio.counts().items():
            written[address] += count
        return written

    def met(self) -> Counter[str]:
        """How often each fault happened."""
        return Counter(self.twilio.troubled) + self.faults.met

    def read(self) -> str:
        """Everything that somebody could read, mails decoded too."""
        mails = [f"{m.to} {m.mail} {m.mail.get_body(('plain',))}" for m in self.mail.received]
        return "\n".join([f"{sms.to} {sms.body}" for sms in self.twilio.messages()] + mails)


def deliver(home: Path) -> None:
    """Send until nothing is left to do by itself; the parent kills this."""
    opened = unlocked(home)
    service = DeliveryService(opened, SystemClock(), InstalledNotifiers(), announcer(opened))
    print("begun", flush=True)
    while _is_something_due(opened):
        step = service.step()
        if not step.did:
            time.sleep(min(step.wait, 1.0))
    opened.close()


def _is_something_due(opened: SqlCipherOpenStore) -> bool:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        return records.notices.next_due(_NAMES) is not None


def prepare(home: Path, notices: int, twilio: dict[str, str], mail_port: int) -> None:
    """A clinic that has that many people to remind."""
    made_store(home)
    opened = unlocked(home)
    policy = NoticePolicy(
        region="BR", quiet_from=time_of_day(0), quiet_until=time_of_day(0), expire_days=1
    )
    words, now = announcer(opened), SystemClock().now()
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.notices.set_policy(policy)
        for offer in {one.offer for one in installed() if one.offer.notifier in _NAMES.values()}:
            records.notices.choose_plugin(
                PluginChoice(offer.package, offer.version, offer.digest, "Nora", now)
            )
        records.notices.set_notifier_settings("twilio", twilio | {"timeout_seconds": "1"})
        mail = {"host": "localhost", "port": str(mail_port), "security": "none", "timeout": "1"}
        records.notices.set_notifier_settings("email", mail | {"sender": "clinic@example.org"})
    for start in range(0, notices, _AT_ONCE):
        with opened.transaction(Action.EDIT_PATIENTS) as records:
            for number in range(start, min(start + _AT_ONCE, notices)):
                channel = Channel.EMAIL if number % _MAIL_EACH == 0 else Channel.SMS
                patient = Patient(
                    f"CANARY-{number}",
                    "Canaryname",
                    "Canaryname",
                    phone=f"+55119{80_000_000 + number}",
                    email=f"p{number}@example.org",
                    consent=frozenset({channel}),
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
    chance, faults = random.Random(seed), MailFaults(seed)
    with (
        tempfile.TemporaryDirectory() as folder,
        StandIn(troubles=parse_faults(FAULTS), seed=seed, deliver_after=2.0) as twilio,
        SmtpServer(decide=faults.decide) as mail,
    ):
        home = Path(folder) / "home"
        prepare(home, notices, twilio.settings(), mail.port)
        services = Services(twilio, mail, faults)
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
            if not most_after and len(services.accepted()) >= _MOST * notices:
                most_after = time.monotonic() - started
        post.wait()
        print(f"senders killed {killed} times; {_MOST:.0%} accepted after {most_after:.0f} s,")
        print(f"nothing left to do by itself after {time.monotonic() - started:.0f} s")
        faults.over = True
        return _report(home, services, notices, _decide_by_hand(home, mail))


def _decide_by_hand(home: Path, mail: SmtpServer) -> int:
    """What a person does with mails of which nobody knows; returns how many there were."""
    there = {received.to for received in mail.received}
    opened = unlocked(home)
    outbox = OutboxService(opened, SystemClock(), announcer(opened))
    unknown = [row.notice for row in outbox.page((NoticeState.UNKNOWN,), 0, 10_000).rows]
    for notice in unknown:
        if notice.address in there:
            outbox.cancel(notice.id)
        else:
            outbox.retry(notice.id)
    opened.close()
    deliver(home)
    return len(unknown)


def _report(home: Path, services: Services, notices: int, left: int) -> int:
    accepted, met = services.accepted(), services.met()
    twice = sum(1 for count in accepted.values() if count > 1)
    opened = unlocked(home)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        states = dict(records.notices.counts())
        rows = records.notices.page((), 0, notices + 1)
    opened.close()
    again = sum(1 for row in rows if row.attempts > 1)
    lost = notices - len(rows) + sum(1 for row in rows if row.address not in accepted)
    read = services.read()
    canaries = sum(read.casefold().count(canary.casefold()) for canary in CANARIES)
    undecided = sum(
        states.get(state, 0)
        for state in (NoticeState.PENDING, NoticeState.SENDING, NoticeState.UNKNOWN)
    )
    print(
        "| notices | faults met | tried again | accepted once | left to a person "
        "| twice | lost | canaries |"
    )
    print("|---|---|---|---|---|---|---|---|")
    print(
        f"| {notices} | {met.total()} | {again} | {len(accepted) - twice} | {left} "
        f"| {twice} | {lost} | {canaries} |"
    )
    print(f"states {json.dumps(states)}; faults {json.dumps(met)}")
    return twice + lost + canaries + undecided


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
