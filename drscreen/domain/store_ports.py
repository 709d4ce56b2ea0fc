"""The encrypted records as the services use them, as Protocols."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from drscreen.domain.audit import AuditEvent, AuditHead, AuditKind, AuditReport
from drscreen.domain.backup import BackupCheck, BackupPlan, BackupReport
from drscreen.domain.image import Laterality
from drscreen.domain.integrity import IntegrityReport
from drscreen.domain.notice_ports import Notices
from drscreen.domain.patient import Exam, ExamToReview, Patient, PatientSummary, PhotographRecord
from drscreen.domain.permissions import Action
from drscreen.domain.screening import ModelInfo, SaveTo, ScreeningResult
from drscreen.domain.sign_in import Proof
from drscreen.domain.signature import NetworkConsent
from drscreen.domain.users import Role, User


class Networks(Protocol):
    """Who answers for networks that nobody signed, inside a transaction."""

    def consents(self) -> list[NetworkConsent]:
        """The unsigned networks that may be used, by name and version."""
        ...

    def consent(self, sha256: str) -> NetworkConsent | None:
        """An administrator's word for the unsigned network with that manifest."""
        ...

    def allow(self, network: ModelInfo) -> NetworkConsent:
        """Give that word, in the name of whoever is signed in; noted in the audit log."""
        ...

    def refuse(self, sha256: str) -> None:
        """Take it back; noted in the audit log. Nothing happens where there is none."""
        ...


class Records(Protocol):
    """The records inside ONE transaction; not for use after it ended, nor by another thread."""

    @property
    def notices(self) -> Notices:
        """The outbox, in the same transaction."""
        ...

    @property
    def networks(self) -> Networks:
        """Consents to unsigned networks, in the same transaction."""
        ...

    def add_patient(self, patient: Patient) -> Patient:
        """Store a new patient (version 1). Raises `PatientExists`."""
        ...

    def change_patient(self, patient: Patient) -> Patient:
        """Replace the patient of that number; `version` must be the stored one.

        Raises `PatientUnknown`, or `StoreConflict` with the record as it stands now.
        """
        ...

    def find_patient(self, mrn: str) -> Patient | None:
        """The patient of that number."""
        ...

    def find_patients(self, mrns: Collection[str]) -> Mapping[str, Patient]:
        """Those of these numbers that there are, by number; some hundreds at most."""
        ...

    def search_patients(self, text: str, offset: int, limit: int) -> list[PatientSummary]:
        """A page of patients whose number or names hold each word of `text`, case ignored.

        Newest exam first, then by number. An empty text matches all.
        """
        ...

    def count_patients(self, text: str) -> int:
        """How many patients `search_patients` would page through."""
        ...

    def similar_patients(self, text: str, limit: int) -> list[PatientSummary]:
        """Patients whose number or names are like every word typed, the likest first: a letter
        wrong, missing, too many or exchanged with its neighbour, two in a word of eight and more.
        """
        ...

    def exams_to_review(self, offset: int, limit: int) -> list[ExamToReview]:
        """A page of the exams that no clinician has looked at since their last photograph.

        The gravest outcome first, then the newest day.
        """
        ...

    def mark_reviewed(self, exam_id: str) -> None:
        """A clinician has looked at all of the exam; noted in the audit log. Nothing happens where
        it was not waiting.
        """
        ...

    def save_photograph(
        self,
        mrn: str,
        eye: Laterality,
        data: bytes,
        result: ScreeningResult,
        *,
        recorded_at: datetime,
        is_drawing: bool = False,
    ) -> PhotographRecord:
        """Put the photograph's own bytes into the vault and its result into today's exam.

        The exam is that of the patient on `recorded_at`'s day, made where there is none. The file
        is on the disk, encrypted, before its row is committed. Another network than the last one's
        is noted in the audit log, and an older one of the same name raises an alarm. Raises
        `PatientUnknown`, `StoreFull`.
        """
        ...

    def where_recorded(self, sha256: str) -> frozenset[SaveTo]:
        """For whom, and as which eye, a file of that hash is recorded."""
        ...

    def exams(self, mrn: str) -> list[Exam]:
        """All exams of a patient with their photographs, newest first."""
        ...

    def find_photograph(self, photograph_id: str) -> PhotographRecord | None:
        """One recorded photograph."""
        ...

    def photograph_bytes(self, photograph_id: str) -> bytes:
        """The original file's bytes, hash checked. Raises `StoreDamaged`."""
        ...

    def thumbnail(self, photograph_id: str) -> bytes | None:
        """The small picture that was kept; None where there is none. Raises `StoreDamaged`."""
        ...

    def keep_thumbnail(self, photograph_id: str, data: bytes) -> None:
        """Keep a small picture of a photograph, encrypted; where the disk has no room, none.

        Raises `StoreDamaged` where there is no such photograph.
        """
        ...

    def add_user(self, user: User, password: str) -> None:
        """A new account and its key envelope. Raises `UserExists`."""
        ...

    def users(self) -> list[User]:
        """All accounts by name, without the removed ones."""
        ...

    def set_role(self, user_name: str, role: Role) -> None:
        """Give an account another role, from its next sign-in on. Raises `UserUnknown`."""
        ...

    def set_password(self, user_name: str, password: str) -> None:
        """Replace an account's password; nothing else is encrypted anew. Raises `UserUnknown`."""
        ...

    def remove_user(self, user_name: str) -> None:
        """Let nobody in under that name any more; it is never given again. Raises `UserUnknown`.

        Whoever had the data key keeps it: change it afterwards (`OpenStore.change_data_key`).
        """
        ...

    def set_recovery_code(self, code: str) -> None:
        """Make `code`, as `domain.recovery` writes it, the only one that recovers."""
        ...

    def has_recovery_code(self) -> bool:
        """Whether there is one."""
        ...

    def idle_minutes(self) -> int:
        """After how many minutes without a person the window locks; 0 was never once."""
        ...

    def set_idle_minutes(self, minutes: int) -> None:
        """Change that for everybody."""
        ...

    def note(
        self,
        kind: AuditKind,
        mrn: str | None = None,
        details: Mapping[str, str] | None = None,
    ) -> None:
        """Add an event to the audit chain, by whoever is signed in, about a patient where one is
        named (by pseudonym). What the methods above change they note themselves.

        Raises `PatientUnknown`.
        """
        ...

    def audit_events(
        self, after: int, limit: int, kinds: frozenset[str] = frozenset()
    ) -> list[AuditEvent]:
        """At most `limit` events behind sequence `after`, in order; of these kinds where named."""
        ...

    def audit_head(self) -> AuditHead | None:
        """The newest event's place and code; None before the first."""
        ...

    def audit_subject(self, mrn: str) -> str:
        """The pseudonym under which the audit chain knows a patient. Raises `PatientUnknown`."""
        ...

    def erase_patient(self, mrn: str) -> int:
        """Remove a patient with everything recorded, and forget the photographs' keys.

        Returns how many photographs there were; their files go once it is committed. The audit
        log keeps the pseudonym. Raises `PatientUnknown`.
        """
        ...

    def backup_plan(self) -> BackupPlan:
        """Where and when the program makes backups by itself."""
        ...

    def set_backup_plan(self, plan: BackupPlan) -> None:
        """Change it; `last` stays as it is."""
        ...

    def note_backup(self, moment: datetime) -> None:
        """A backup has succeeded at that moment."""
        ...


class OpenStore(Protocol):
    """A store unlocked by a user. Threads may share it; each opens its own transactions."""

    @property
    def user(self) -> User:
        """Who unlocked it."""
        ...

    @property
    def clinic(self) -> str:
        """The clinic's name, given when the store was made."""
        ...

    @property
    def alarms(self) -> tuple[AuditEvent, ...]:
        """What was wrong with the store, since an administrator last verified the audit chain."""
        ...

    @property
    def is_read_only(self) -> bool:
        """Whether nothing can be saved now, because the disk is full or cannot be written: all
        writing raises `StoreFull` or `StoreUnwritable`, and what is looked at is not noted.
        """
        ...

    def require(self, action: Action) -> None:
        """Raise `NotPermitted` or `AccountRemoved` where whoever unlocked it may not do that now.

        By what the account's row says at this moment; another window may have changed it. Waits
        for nobody, and promises nothing of the next moment: each act is judged again in its own
        transaction.
        """
        ...

    def reenter(self, action: Action, password: str) -> Proof:
        """Whoever unlocked it types the password once more, for a dangerous act. Raises as
        `require`, and `PasswordWrong`, `SignInThrottled`, a `StoreError`.

        Counted, slowed down and told like a try to sign in; takes as long as one.
        """
        ...

    def verify_audit(
        self, printed: AuditHead | None = None, step: Callable[[int], None] = ...
    ) -> AuditReport:
        """Check every link of the audit chain, its anchor, and a head that was kept on paper.

        `step` hears how many links were checked. People may go on working. Raises as
        `transaction(Action.READ_AUDIT)`.
        """
        ...

    def transaction(
        self, action: Action, proof: Proof | None = None
    ) -> AbstractContextManager[Records]:
        """All or nothing: committed when the block ends, rolled back where it raises.

        The account's row is read in this very transaction, before anything else. Raises
        `NotPermitted` where its role does not allow `action`, `AccountRemoved` where it is gone,
        and for an action in `NEEDS_PASSWORD` `PasswordNeeded` where `proof` is not a fresh one of
        `reenter`'s for it; without one, where the sign-in is not as fresh.
        """
        ...

    def check_photographs(
        self, step: Callable[[], None] = ..., backups: Path | None = None
    ) -> IntegrityReport:
        """Read the database, the audit log and every recorded photograph, and name those that
        cannot be shown; those that a folder of backups has whole are fetched back from there.

        Others may go on working meanwhile. `step` is called after each photograph. Files that no
        record names are put aside. Raises as `transaction(Action.CHECK_STORE)`, a `StoreError`,
        and a `BackupError`.
        """
        ...

    def check_backup(self, folder: Path, *, every_byte: bool = False) -> BackupCheck:
        """Look at this store's newest backup in a folder: its manifest, database and key file by
        content, the photographs by size, or by content too.

        Raises as `transaction(Action.CHECK_STORE)`, and a `BackupError`.
        """
        ...

    def back_up(
        self,
        folder: Path,
        keep: int,
        step: Callable[[], None] = ...,
        action: Action = Action.BACK_UP,
    ) -> BackupReport:
        """Make a backup in that folder, read it back, and keep the newest `keep` of them.

        Raises as `transaction(action)`, which is `LET_BACKUPS_RUN` for the planned one.

        Others may go on working meanwhile. `step` is called after each photograph, and may raise
        to end it: there is a whole backup then or none. Raises a `BackupError` or `StoreError`.
        """
        ...

    def change_data_key(self, action: Action = ..., proof: Proof | None = None) -> None:
        """Encrypt the records under a new data key, sealed for everybody who may sign in.

        Nobody else may have them open. A kill at any moment leaves records that open, under the
        old or the new key. Raises as `transaction(action, proof)`, where `action` is what it is a
        part of, `CHANGE_DATA_KEY` where nothing is said; and `KeyChangeRefused`, `StoreFull`: the
        old key is in use then.
        """
        ...

    def close(self) -> None:
        """Drop the keys and close every connection. Idempotent."""
        ...


class Store(Protocol):
    """The encrypted store of one home folder."""

    def exists(self) -> bool:
        """Whether a store was made here."""
        ...

    def create(self, clinic: str, user: str, display_name: str, role: Role, password: str) -> None:
        """Make the store with its first account. Raises `StoreExists`, `StoreUnwritable`.

        Nothing half-made is left behind where it fails.
        """
        ...

    def open(self, user: str, password: str) -> OpenStore:
        """Unlock. Raises `StoreMissing`, `SignInFailed`, `SignInThrottled`, `StoreForeign`,
        `StoreDamaged`, `StoreNewer`.
        """
        ...

    def recover(self, code: str, user: str, password: str) -> OpenStore:
        """Give an account a new password by the recovery code, and unlock.

        Raises as `open`, and `UserUnknown`.
        """
        ...
