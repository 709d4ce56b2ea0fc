"""Older pieces put back: whole in themselves, of an earlier moment. Told, or without effect."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from pathlib import Path

from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.domain.errors import DrscreenError, SignInFailed
from drscreen.domain.image import Laterality
from drscreen.domain.notice import NoticePolicy
from drscreen.domain.patient import Channel, Patient
from drscreen.domain.permissions import Action
from drscreen.domain.users import Role, User
from tests.adapters.store.samples import MONDAY, made_store, referred, store_at, unlocked
from tests.torture.forked import Tally

_PAGE = 4096
_SESSIONS = 6
_BOTH = frozenset({Channel.SMS, Channel.EMAIL})
_FILES = ("records.db", "audit.head", "keys.json", "keys.json.bak", "attempts.json", "vault")


def older(place: Path, count: int, chance: random.Random) -> list[Tally]:
    """`count` times any set of a store's files, and `count` times any one page of its database,
    replaced by its state of some sessions before.
    """
    home = place / "home"
    moments = _sessions(home, place)
    untouched = Tally("nothing put back")
    _judge(_copied(home), "nothing", untouched)
    if untouched.reported or untouched.faults:
        raise RuntimeError(f"said before anything was put back: {untouched}")
    return [_files(home, moments, count, chance), _pages(home, moments, count, chance)]


def _sessions(home: Path, place: Path) -> list[Path]:
    """The store as it was after each session but the last, in which all that could change did."""
    made_store(home)
    opened = unlocked(home)
    with opened.transaction(Action.MANAGE_ACCOUNTS) as records:
        records.add_user(User("tess", Role.ADMINISTRATOR), _password(0))
        for n in range(150):
            records.add_patient(Patient(f"P{n}", phone=f"+45301111{n:02}", consent=_BOTH))
    opened.close()
    moments = []
    for n in range(1, _SESSIONS):
        moments.append(shutil.copytree(home / "store", place / f"moment {n}"))
        _session(home, n)
    return moments


def _session(home: Path, n: int) -> None:
    opened = unlocked(home)
    data = str(n).encode() * 5000
    with opened.transaction(Action.MANAGE_ACCOUNTS) as records:
        records.set_role("tess", Role.CLINICIAN if n % 2 else Role.TECHNICIAN)
        records.set_password("tess", _password(n))
        found = records.find_patient(f"P{n}")
        if found is not None:
            records.change_patient(replace(found, consent=frozenset()))
        records.notices.opt_out(Channel.SMS, f"+45302222{n:02}")
        records.notices.set_policy(NoticePolicy(region="DK", hold_minutes=n, on=n < 2))
        records.set_idle_minutes(20 - n)
        records.save_photograph("P100", Laterality.OD, data, referred(data), recorded_at=MONDAY)
    opened.close()


def _files(home: Path, moments: list[Path], count: int, chance: random.Random) -> Tally:
    tally = Tally("older files put back")
    while tally.runs < count:
        tally.runs += 1
        moment = chance.choice(moments)
        names = chance.sample(_FILES, chance.randint(1, len(_FILES)))
        trial = _copied(home)
        for name in names:
            target = trial / "store" / name
            if target.is_dir():
                shutil.rmtree(target)
                shutil.copytree(moment / name, target)
            else:
                shutil.copy(moment / name, target)
        _judge(trial, f"{moment.name}: {sorted(names)}", tally)
        if "records.db" not in names and (opening := _let_in(trial)):
            tally.faults.append(f"{moment.name}: {sorted(names)}: {opening} opened")
    return tally


def _pages(home: Path, moments: list[Path], count: int, chance: random.Random) -> Tally:
    tally = Tally("one older page of the database put back")
    now = (home / "store" / "records.db").read_bytes()
    while tally.runs < count:
        moment = chance.choice(moments)
        before = (moment / "records.db").read_bytes()
        start = chance.randrange(min(len(now), len(before)) // _PAGE) * _PAGE
        if now[start : start + _PAGE] == before[start : start + _PAGE]:
            continue
        tally.runs += 1
        trial = _copied(home)
        with (trial / "store" / "records.db").open("r+b") as file:
            file.seek(start)
            file.write(before[start : start + _PAGE])
        _judge(trial, f"{moment.name}: page {start // _PAGE}", tally)
    return tally


def _copied(home: Path) -> Path:
    trial = home.with_name("trial")
    shutil.rmtree(trial, ignore_errors=True)
    return Path(shutil.copytree(home, trial))


def _judge(home: Path, what: str, tally: Tally) -> None:
    """Whether it was said; where not, everything must be as it is today."""
    try:
        opened = unlocked(home)
    except DrscreenError:
        tally.reported += 1
        return
    try:
        if opened.alarms or opened.verify_audit().faults or _check(opened):
            tally.reported += 1
        elif served := [*_served(opened), *_let_in(home)]:
            tally.faults.append(f"{what}: silent, and served {served}")
        else:
            tally.harmless += 1
    except DrscreenError:
        tally.reported += 1
    finally:
        opened.close()


def _check(opened: SqlCipherOpenStore) -> bool:
    report = opened.check_photographs()
    return bool(report.problems or report.findings)


def _served(opened: SqlCipherOpenStore) -> list[str]:
    last = _SESSIONS - 1
    with opened.transaction(Action.MANAGE_ACCOUNTS) as records:
        roles = {user.name: user.role for user in records.users()}
        patients = [records.find_patient(f"P{n}") for n in range(1, _SESSIONS)]
        told = {
            "role": roles["tess"] is (Role.CLINICIAN if last % 2 else Role.TECHNICIAN),
            "consents": all(one is not None and not one.consent for one in patients),
            "opt-outs": all(
                records.notices.opted_out(Channel.SMS, f"+45302222{n:02}")
                for n in range(1, _SESSIONS)
            ),
            "policy": records.notices.policy().hold_minutes == last,
            "idle lock": records.idle_minutes() == 20 - last,
            "photographs": sum(len(one.photographs) for one in records.exams("P100")) == last,
        }
    return [name for name, right in told.items() if not right]


def _let_in(home: Path) -> list[str]:
    """Passwords of before that open something."""
    found = []
    for n in range(_SESSIONS - 1):
        try:
            store_at(home).open("tess", _password(n)).close()
        except SignInFailed:
            continue
        except DrscreenError:
            continue
        found.append(f"password {n}")
    return found


def _password(n: int) -> str:
    return f"password number {n} of tess"
