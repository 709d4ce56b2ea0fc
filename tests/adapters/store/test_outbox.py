"""What only the encrypted outbox can show: two senders at once, the disk, an erasure."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from drscreen.adapters.store import engine
from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.adapters.store.shelf import Shelf
from drscreen.domain.errors import StoreDamaged, StoreError
from drscreen.domain.notice import NoticePolicy, NoticeState
from drscreen.domain.notice_text import NoticeText
from drscreen.domain.patient import Channel
from drscreen.domain.permissions import Action
from tests.adapters.store.outbox import ADA, BEN, DRAFT, SENDERS, leased, queued, settled
from tests.adapters.store.outbox import SENT as ACCEPTED
from tests.adapters.store.samples import MONDAY, unlocked
from tests.adapters.store.test_erasure import everything
from tests.shared_data import ROOT

#: Leases until there is nothing left, and says what it got.
LEASING = """
import sys
from pathlib import Path
from drscreen.domain.permissions import Action
from tests.adapters.store.outbox import SENDERS
from tests.adapters.store.samples import MONDAY, unlocked
opened = unlocked(Path(sys.argv[1]))
while True:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        notice = records.notices.lease(MONDAY, SENDERS)
    if notice is None:
        break
    print(notice.about, notice.attempts)
opened.close()
"""
SECRETS = {"api_key": "canary-key", "api_secret": "canary-secret"}
CANARIES = [b"+4555501017", b"canary body", b"canary-key", b"canary-secret", b"canary template"]


@pytest.fixture
def clinic(opened: SqlCipherOpenStore) -> SqlCipherOpenStore:
    """The fresh store with two patients."""
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_patient(ADA)
        records.add_patient(BEN)
    return opened


def fill(opened: SqlCipherOpenStore) -> None:
    """Canaries in every table of the outbox."""
    queued(opened, replace(DRAFT, address="+4555501017", body="Canary body"))
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.notices.opt_out(Channel.SMS, "+4555501017")
        records.notices.set_policy(NoticePolicy(clinic_phone="+4555501017"))
        records.notices.set_text(NoticeText(DRAFT.purpose, DRAFT.channel, "en", "Canary template"))
        records.notices.set_notifier_settings("twilio", SECRETS)


def test_processes_never_lease_the_same_notice(home: Path, clinic: SqlCipherOpenStore) -> None:
    queued(clinic, *(replace(DRAFT, about=f"{n}") for n in range(60)))
    running = [
        subprocess.Popen(
            [sys.executable, "-c", LEASING, str(home)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    lines: list[str] = []
    for process in running:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        lines += out.splitlines()
    assert sorted(lines) == sorted(f"{n} 1" for n in range(60))


def test_threads_never_lease_the_same_notice(clinic: SqlCipherOpenStore) -> None:
    queued(clinic, *(replace(DRAFT, about=f"{n}") for n in range(40)))

    def work(_number: int) -> list[str]:
        return [leased(clinic).about for _ in range(10)]

    with ThreadPoolExecutor(4) as pool:
        got = [about for abouts in pool.map(work, range(4), timeout=60) for about in abouts]
    assert sorted(got) == sorted(f"{n}" for n in range(40))
    with clinic.transaction(Action.EDIT_PATIENTS) as records:
        assert records.notices.lease(MONDAY, SENDERS) is None


def test_nobody_leases_while_another_is_at_it(
    home: Path, clinic: SqlCipherOpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lease is looked for under the write lock, so that no two find the same."""
    queued(clinic, DRAFT)
    other = unlocked(home)
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 50)
    with clinic.transaction(Action.EDIT_PATIENTS) as records:
        assert records.notices.lease(MONDAY, SENDERS) is not None
        with pytest.raises(StoreError), other.transaction(Action.EDIT_PATIENTS):
            pass
    with other.transaction(Action.EDIT_PATIENTS) as records:
        assert records.notices.lease(MONDAY, SENDERS) is None
    other.close()


def test_disk_tells_nothing_of_the_outbox(home: Path, clinic: SqlCipherOpenStore) -> None:
    fill(clinic)
    notice = replace(DRAFT, about="exam 2", body="Canary body")
    queued(clinic, notice)
    assert settled(clinic, leased(clinic), ACCEPTED) is not None

    def on_disk() -> bytes:
        return b"".join(p.read_bytes() for p in home.rglob("*") if p.is_file()).lower()

    assert [word for word in CANARIES if word in on_disk()] == []
    # They are there to be found.
    plain = everything(home, clinic)
    assert [word for word in CANARIES if word not in plain] == []
    clinic.close()
    assert [word for word in CANARIES if word in on_disk()] == []


def test_secrets_that_were_replaced_are_gone(home: Path, clinic: SqlCipherOpenStore) -> None:
    fill(clinic)
    with clinic.transaction(Action.EDIT_PATIENTS) as records:
        records.notices.set_notifier_settings("twilio", {"api_key": "another"})
        shown = repr(records.notices.notifier_settings("twilio"))
    assert "another" not in shown
    with clinic._in_use() as inner:
        engine.checkpoint(inner.engine)
    plain = everything(home, clinic)
    assert b"another" in plain
    assert b"canary-secret" not in plain
    assert b"canary-key" not in plain


def test_nothing_of_an_erased_patient_is_left_in_the_outbox(
    home: Path, clinic: SqlCipherOpenStore
) -> None:
    queued(clinic, replace(DRAFT, address="+4555501017", body="Canary body"))
    queued(clinic, replace(DRAFT, mrn="B-2", about="exam 2"))
    with clinic.transaction(Action.EDIT_PATIENTS) as records:
        records.notices.opt_out(Channel.SMS, "+4555501017")
        records.erase_patient("A-17")
    plain = everything(home, clinic)
    assert b"canary body" not in plain
    assert b"+4555501017" not in plain
    assert DRAFT.address.encode() in plain
    with clinic._in_use() as inner, inner.engine.begin() as connection:
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []


def test_outbox_comes_through_a_backup_and_a_change_of_the_key(
    home: Path, clinic: SqlCipherOpenStore, tmp_path: Path
) -> None:
    fill(clinic)
    clinic.change_data_key()
    with clinic.transaction(Action.EDIT_PATIENTS) as records:
        before = records.notices.page((), 0, 10)
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    clinic.back_up(shelf, 3)
    again = tmp_path / "again"
    Shelf(shelf).restore("", again, without_damaged=False, step=lambda: None)
    restored = unlocked(again)
    with restored.transaction(Action.EDIT_PATIENTS) as records:
        after = records.notices.page((), 0, 10)
        assert [n.id for n in after] == [n.id for n in before]
        # What waited may have been sent since the backup was made.
        assert [n.state for n in after] == [
            NoticeState.UNKNOWN if n.state is NoticeState.PENDING else n.state for n in before
        ]
        assert dict(records.notices.notifier_settings("twilio")) == SECRETS
        assert records.notices.opted_out(Channel.SMS, "+4555501017")
    restored.close()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE notices SET state = 'eaten'",
        "UPDATE notice_settings SET value = '[]'",
        "UPDATE notice_settings SET value = '{'",
        """UPDATE notice_settings SET value = '{"quiet_from": 7}'""",
    ],
)
def test_what_the_program_does_not_know_is_said_and_not_guessed(
    clinic: SqlCipherOpenStore, damage: str
) -> None:
    fill(clinic)
    with clinic._in_use() as inner, inner.engine.begin() as connection:
        connection.execute(text(damage))
    with pytest.raises(StoreDamaged), clinic.transaction(Action.EDIT_PATIENTS) as records:
        records.notices.page((), 0, 10)
        records.notices.policy()


def test_setting_of_a_newer_program_is_left_alone(clinic: SqlCipherOpenStore) -> None:
    fill(clinic)
    told = """'{"region": "DK", "later": 1}'"""
    with clinic._in_use() as inner, inner.engine.begin() as connection:
        connection.execute(text(f"UPDATE notice_settings SET value = {told}"))
    with clinic.transaction(Action.EDIT_PATIENTS) as records:
        assert records.notices.policy() == NoticePolicy(region="DK")
        assert records.notices.counts() == {NoticeState.PENDING: 1}
