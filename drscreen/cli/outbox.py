"""`drscreen outbox`: what patients are told; `drscreen notify`: what sends it, set up and tried."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from drscreen.bootstrap import Workstation
from drscreen.cli.app import (
    Home,
    MrnFile,
    PasswordFile,
    app,
    failures_told,
    read_mrn,
    read_private,
    readable,
    say,
    signed_in,
)
from drscreen.cli.output import DataTable, print_json_line, print_table
from drscreen.domain.errors import InvalidInput, NotifierUnusable
from drscreen.domain.notice import Notice, NoticeState, Purpose
from drscreen.domain.notifier import Receipt, ReceiptState, SettingKind
from drscreen.domain.opt_out import AskedBy, AskedHow, OptOut, Wish
from drscreen.domain.patient import Channel
from drscreen.domain.store_ports import OpenStore
from drscreen.domain.text_file import text_of

outbox = typer.Typer(no_args_is_help=True, help="Notices to patients: seen, sent, mended.")
notify = typer.Typer(no_args_is_help=True, help="What sends notices: set up and tried.")
app.add_typer(outbox, name="outbox")
app.add_typer(notify, name="notify")

User = Annotated[str, typer.Option(help="Who does it.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
NoticeId = Annotated[str, typer.Argument(metavar="ID", help="As `outbox list` names it.")]

#: What a person reads of a receipt that has no sentence of its own.
_SAID = {
    ReceiptState.ACCEPTED: "The service has it and will deliver it.",
    ReceiptState.DELIVERED: "It was delivered.",
    ReceiptState.REFUSED: "The service refused it.",
    ReceiptState.DEFERRED: "It could not be sent now.",
    ReceiptState.UNKNOWN: "No answer came: it may arrive or not.",
    ReceiptState.ABSENT: "The service does not have it.",
}
_ON_ITS_WAY = (NoticeState.PENDING, NoticeState.SENDING, NoticeState.SENT, NoticeState.UNKNOWN)


@contextmanager
def _opened(
    home: Path | None, user: str, password_file: str | None
) -> Iterator[tuple[Workstation, OpenStore]]:
    workstation = Workstation(home)
    with failures_told(), closing(signed_in(workstation, user, password_file)) as store:
        yield workstation, store


@outbox.command("list")
def list_notices(
    user: User,
    state: Annotated[
        list[NoticeState] | None, typer.Option(help="Only these; may be given several times.")
    ] = None,
    mrn: Annotated[str, typer.Option(help="Only this patient's; better --mrn-file.")] = "",
    mrn_file: MrnFile = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 100,
    as_json: Json = False,
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """What patients were told and are to be told, and why not where they were not."""
    with _opened(home, user, password_file) as (workstation, store):
        service = workstation.outbox(store)
        if mrn or mrn_file:
            notices = list(service.of_patient(read_mrn(mrn, mrn_file), limit))
        else:
            page = service.page(tuple(state or ()), 0, limit)
            notices = [row.notice for row in page.rows]
            if page.clock_was_set_back:
                say("The clock of this computer is behind the newest notice: was it set back?")
            say(", ".join(f"{count} {name}" for name, count in page.counts.items()) or "Empty.")
    if as_json:
        for notice in notices:
            print_json_line(_object(notice))
        return
    # Whole, for the other commands want it so.
    table = DataTable()
    table.column("id", whole=36)
    for heading in ("patient", "what", "by", "state", "why"):
        table.column(heading)
    for n in notices:
        table.row(n.id, n.mrn, n.purpose, n.channel, n.state, n.sentence)
    print_table(table)


@outbox.command()
def send(
    user: User,
    wait: Annotated[
        float, typer.Option(min=0, help="Go on for so many seconds while something waits.")
    ] = 0,
    as_json: Json = False,
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Send what is due and ask about what was sent, until nothing is due."""
    with _opened(home, user, password_file) as (workstation, store):
        service, box = workstation.delivery(store), workstation.outbox(store)
        end = time.monotonic() + wait
        while True:
            step = service.step()
            if step.did:
                continue
            left = end - time.monotonic()
            if left <= 0 or not any(box.page().counts.get(state) for state in _ON_ITS_WAY):
                break
            time.sleep(min(step.wait, left))
        for sender in service.senders():
            if sender.hindrance is not None:
                say(f"{sender.channel}: {sender.sentence}")
        counts = {str(state): count for state, count in box.page().counts.items()}
    if as_json:
        print_json_line(counts)
    else:
        say(", ".join(f"{count} {name}" for name, count in counts.items()) or "Empty.")


@outbox.command()
def retry(
    user: User,
    notice_id: NoticeId,
    as_json: Json = False,
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Queue one again that failed, was cancelled, or of which nobody knows."""
    with _opened(home, user, password_file) as (workstation, store):
        _tell(workstation.outbox(store).retry(notice_id), as_json=as_json)


@outbox.command()
def cancel(
    user: User,
    notice_id: NoticeId,
    as_json: Json = False,
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Let one rest for good."""
    with _opened(home, user, password_file) as (workstation, store):
        _tell(workstation.outbox(store).cancel(notice_id), as_json=as_json)


@outbox.command()
def reconcile(
    user: User,
    as_json: Json = False,
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Ask the services at once about all that was sent or may have been; what is due goes out."""
    with _opened(home, user, password_file) as (workstation, store):
        asked = workstation.outbox(store).ask_now()
        service = workstation.delivery(store)
        while service.step().did:
            pass
        counts = workstation.outbox(store).page().counts
        unknown = counts.get(NoticeState.UNKNOWN, 0)
    if as_json:
        print_json_line({"asked": asked, "unknown": unknown})
    else:
        say(f"Asked about {asked}; of {unknown} nobody knows yet.")


@outbox.command()
def remind(
    user: User,
    purpose: Annotated[Purpose, typer.Option(help="come_back or appointment_due.")],
    mrn: Annotated[str, typer.Option(help="The patient's number; better --mrn-file.")] = "",
    mrn_file: MrnFile = None,
    appointment: Annotated[str, typer.Option(help="When and where, in a few words.")] = "",
    as_json: Json = False,
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Queue a reminder to a patient."""
    if purpose not in (Purpose.COME_BACK, Purpose.APPOINTMENT_DUE):
        raise typer.BadParameter("A reminder is come_back or appointment_due.")
    with _opened(home, user, password_file) as (workstation, store):
        number = read_mrn(mrn, mrn_file)
        _tell(workstation.outbox(store).remind(number, purpose, appointment), as_json=as_json)


@outbox.command("write-again")
def write_again(
    user: User,
    mrn: Annotated[str, typer.Option(help="The patient's number.")],
    channel: Annotated[Channel, typer.Option(help="sms or email.")],
    by: Annotated[AskedBy, typer.Option(help="Who asked for it.")],
    how: Annotated[AskedHow, typer.Option(help="How they said so.")],
    day: Annotated[
        datetime, typer.Option("--day", formats=["%Y-%m-%d"], help="On which day; as 2026-05-12.")
    ],
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """A patient who asked for no more messages wants them again, and said so.

    It is noted who asked, how and when, and the consent is given anew.
    """
    with _opened(home, user, password_file) as (workstation, store):
        wish = Wish(by, how, day.date())
        lifted = workstation.outbox(store).write_again(mrn, channel, wish)
    say(_lifted(lifted))


def _lifted(lifted: OptOut) -> str:
    words = "Messages can go out again."
    if lifted.others:
        words += f" Other patients share this address ({lifted.others}): to them too."
    if lifted.channel is Channel.SMS:
        words += (
            " The service may hold the STOP itself: a notice is refused with that reason then, "
            "until the patient sends START from their phone."
        )
    return words


@notify.command("set")
def set_notifier(
    user: User,
    name: Annotated[str, typer.Argument(help="The notifier, as `drscreen plugin list` names it.")],
    values: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE...", help="What is to be set.")
    ] = None,
    secrets: Annotated[
        Path | None,
        typer.Option(help="File with a line KEY=VALUE for each secret."),
    ] = None,
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Set a notifier up. Secrets come from a file or are asked for, never from the command line,
    where every process could read them.
    """
    given = _pairs(values or [])
    with _opened(home, user, password_file) as (workstation, store):
        service = workstation.notice_settings(store)
        there = service.notifiers()
        known = [s for s in there if s.found.info and s.found.info.name == name]
        if not known or known[0].found.info is None:
            waits = [s.found for s in there if s.found.offer and s.found.offer.notifier == name]
            if waits and waits[0].waits_for_choice:
                command = f"drscreen plugin choose {name}"
                raise NotifierUnusable(f"{waits[0].problem} `{command}` does it.")
            raise NotifierUnusable("There is no notifier of that name.")
        schema = known[0].found.info.settings
        secret = {setting.key for setting in schema if setting.kind is SettingKind.SECRET}
        unknown = given.keys() - {setting.key for setting in schema}
        if unknown:
            raise InvalidInput(f"{name} has no setting {', '.join(sorted(unknown))}.")
        if given.keys() & secret:
            raise InvalidInput("Secrets are read from a file: --secrets FILE.")
        kept = dict(known[0].shown) | given
        if secrets is not None:
            kept |= _pairs(_lines(secrets))
        problems = service.set_notifier(name, kept)
    for problem in problems:
        say(f"{problem.key}: {problem.sentence}" if problem.key else problem.sentence)
    if any(problem.hinders for problem in problems):
        raise typer.Exit(1)
    say("Set.")


@notify.command()
def test(
    user: User,
    channel: Annotated[Channel, typer.Option(help="sms or email.")],
    to: Annotated[str, typer.Option(help="Your own number or address; better --to-file.")] = "",
    to_file: Annotated[
        str | None,
        typer.Option(
            help="File whose first line is the number or address; '-' is standard input, the line "
            "after the password."
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="The notifier, where several could.")] = "",
    as_json: Json = False,
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Send a few words to somebody here, once, and say what the service made of it."""
    with _opened(home, user, password_file) as (workstation, store):
        address = read_private(to, to_file, "Number or address", "--to")
        receipt = workstation.notice_settings(store).send_test(channel, address, name)
    if as_json:
        print_json_line({"state": receipt.state, "reason": receipt.reason})
    say(_words(receipt))
    if receipt.state not in (ReceiptState.ACCEPTED, ReceiptState.DELIVERED):
        raise typer.Exit(1)


def _words(receipt: Receipt) -> str:
    said = receipt.sentence or _SAID[receipt.state]
    return f"{said} [{receipt.reason}]" if receipt.reason else said


def _tell(notice: Notice, *, as_json: bool) -> None:
    if as_json:
        print_json_line(_object(notice))
    else:
        say(f"{notice.id}: {notice.state}. {notice.sentence}".strip())


def _object(notice: Notice) -> dict[str, Any]:
    moments = {
        name: None if moment is None else moment.isoformat()
        for name, moment in (
            ("created", notice.created),
            ("due", notice.due),
            ("attempted", notice.attempted),
            ("expires", notice.expires),
        )
    }
    return {
        "id": notice.id,
        "mrn": notice.mrn,
        "purpose": notice.purpose,
        "channel": notice.channel,
        "state": notice.state,
        "reason": notice.reason,
        "sentence": notice.sentence,
        "attempts": notice.attempts,
        "notifier": notice.notifier,
        "reference": notice.reference,
        **moments,
    }


def _pairs(lines: list[str]) -> dict[str, str]:
    pairs = {}
    for line in lines:
        key, equals, value = line.partition("=")
        if not equals:
            raise typer.BadParameter("Settings are given as KEY=VALUE.")
        pairs[key.strip()] = value
    return pairs


def _lines(path: Path) -> list[str]:
    with readable("The file of secrets") as said:
        text = text_of(path.read_bytes(), said)
    return [line for line in text.split("\n") if line.strip()]
