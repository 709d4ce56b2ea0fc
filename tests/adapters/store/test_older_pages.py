"""One page of the database replaced by its own earlier version: every page is whole, and SQLCipher
opens it without a word.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.domain.audit import Alarm
from drscreen.domain.errors import DrscreenError
from drscreen.domain.image import Laterality
from drscreen.domain.notice import NoticePolicy, Purpose
from drscreen.domain.notice_text import NoticeText
from drscreen.domain.patient import Channel, Patient
from drscreen.domain.permissions import Action
from drscreen.domain.plugin_choice import PluginChoice
from drscreen.domain.users import Role, User
from tests.adapters.store.samples import MONDAY, PASSWORD, referred, unlocked

PAGE = 4096
BOTH = frozenset({Channel.SMS, Channel.EMAIL})
NUMBER = "+4530111111"


def first_state(home: Path) -> None:
    """Everybody may, and everybody has agreed."""
    opened = unlocked(home)
    with opened.transaction(Action.MANAGE_ACCOUNTS) as records:
        records.add_user(User("mal", Role.ADMINISTRATOR), PASSWORD)
        records.add_user(User("tess", Role.TECHNICIAN), PASSWORD)
        for mrn in ("A-17", "B-2", "C-3"):
            records.add_patient(Patient(mrn, "Ørsted", phone=NUMBER, consent=BOTH))
        records.save_photograph("C-3", Laterality.OD, b"x", referred(b"x"), recorded_at=MONDAY)
        records.notices.set_policy(NoticePolicy(region="DK"))
        records.notices.set_text(NoticeText(Purpose.COME_BACK, Channel.SMS, "da", "Kom igen."))
        records.notices.set_notifier_settings("smtp", {"host": "old.example.org"})
        records.notices.choose_plugin(PluginChoice("pigeon", "1.0", "ab" * 32, "Nora", MONDAY))
        records.set_idle_minutes(60)
    opened.close()


def second_state(home: Path) -> None:
    """Rights are taken away and consents withdrawn."""
    opened = unlocked(home)
    with opened.transaction(Action.MANAGE_ACCOUNTS) as records:
        records.set_role("mal", Role.TECHNICIAN)
        records.remove_user("tess")
        found = records.find_patient("A-17")
        assert found is not None
        records.change_patient(replace(found, consent=frozenset()))
        records.notices.opt_out(Channel.SMS, NUMBER)
        records.notices.set_policy(NoticePolicy(region="DK", on=False))
        records.notices.set_text(NoticeText(Purpose.COME_BACK, Channel.SMS, "da", "Ring."))
        records.notices.set_notifier_settings("smtp", {"host": "new.example.org"})
        records.notices.revoke_plugin("pigeon")
        records.set_idle_minutes(5)
        records.erase_patient("C-3")
    opened.close()


def served(opened: SqlCipherOpenStore) -> list[str]:
    """What of the first state is still true for whoever asks."""
    with opened.transaction(Action.MANAGE_ACCOUNTS) as records:
        roles = {user.name: user.role for user in records.users()}
        patient = records.find_patient("A-17")
        told = {
            "role": roles.get("mal") is not Role.TECHNICIAN,
            "removed": "tess" in roles,
            "consent": patient is None or patient.consent != frozenset(),
            "opt-out": not records.notices.opted_out(Channel.SMS, NUMBER),
            "policy": records.notices.policy().on,
            "text": [text.body for text in records.notices.texts()] != ["Ring."],
            "notifier": records.notices.notifier_settings("smtp")["host"] != "new.example.org",
            "plugin": bool(records.notices.plugin_choices()),
            "idle": records.idle_minutes() > 10,
            "erased": records.find_patient("C-3") is not None,
        }
    return [name for name, old in told.items() if old]


def differing(before: Path, after: Path) -> list[int]:
    one, other = before.read_bytes(), after.read_bytes()
    return [
        start
        for start in range(0, min(len(one), len(other)), PAGE)
        if one[start : start + PAGE] != other[start : start + PAGE]
    ]


def test_any_older_page_is_told_or_without_effect(home: Path, tmp_path: Path) -> None:
    first_state(home)
    database = home / "store" / "records.db"
    older = tmp_path / "older.db"
    shutil.copy(database, older)
    second_state(home)
    assert not (home / "store" / "records.db-wal").exists()
    assert outcome(shutil.copytree(home, tmp_path / "untouched")) == ([], [])
    pages = differing(older, database)
    assert len(pages) > 20
    alarmed = []
    for start in pages:
        trial = tmp_path / f"page {start // PAGE}"
        shutil.copytree(home, trial)
        with (trial / "store" / "records.db").open("r+b") as file:
            file.seek(start)
            file.write(older.read_bytes()[start : start + PAGE])
        told, still = outcome(trial)
        print(start // PAGE, told, still)
        assert told or not still, f"page {start // PAGE}: {still}"
        alarmed += told
    assert Alarm.ROWS_BEHIND in alarmed


def outcome(home: Path) -> tuple[list[str], list[str]]:
    """What was said, and what of the first state was still served."""
    try:
        opened = unlocked(home)
    except DrscreenError as error:
        return [error.code], []
    try:
        told = [event.details["alarm"] for event in opened.alarms]
        # Somebody was removed, and the key is still theirs.
        told = [alarm for alarm in told if alarm != Alarm.KEY_CHANGE_DUE]
        told += [problem.fault for problem in opened.verify_audit().problems]
        return told, served(opened)
    except DrscreenError as error:
        return [error.code], []
    finally:
        opened.close()
