"""`Records` over one session: what may be done inside one transaction."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, time
from itertools import groupby

from sqlalchemy import desc, select
from sqlalchemy.orm import Session

from drscreen.adapters.store import review, rows, search
from drscreen.adapters.store.accounts import Accounts
from drscreen.adapters.store.audit import AuditTrail, events, head_of
from drscreen.adapters.store.erasure import erase
from drscreen.adapters.store.networks import SqlNetworks
from drscreen.adapters.store.notices import SqlNotices
from drscreen.adapters.store.seals import RowSeals
from drscreen.adapters.store.tables import (
    ClinicRow,
    ExamRow,
    GradingRow,
    PatientRow,
    PhotographRow,
    UserRow,
)
from drscreen.adapters.store.vault import Stored, Vault
from drscreen.domain.audit import AuditEvent, AuditHead, AuditKind
from drscreen.domain.backup import BackupPlan
from drscreen.domain.conflict import StoreConflict
from drscreen.domain.errors import (
    PatientExists,
    PatientUnknown,
    StoreDamaged,
)
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Exam, ExamToReview, Patient, PatientSummary, PhotographRecord
from drscreen.domain.screening import SaveTo, ScreeningResult
from drscreen.domain.users import Role, User


class SqlRecords:
    """`drscreen.domain.ports.Records`. One thread; of no use after its transaction.

    The transaction holds the write lock from its beginning, so what was looked up here cannot
    change before it is written. `undo` is run by the transaction where it does not commit.
    """

    def __init__(
        self,
        session: Session,
        *,
        vault: Vault,
        accounts: Accounts,
        user: User,
        now: Callable[[], datetime],
        undo: ExitStack,
        audit: AuditTrail,
        seals: RowSeals,
    ) -> None:
        self._session = session
        self._vault = vault
        self._accounts = accounts
        self._user = user
        self._now = now
        self._undo = undo
        self._audit = audit
        #: The outbox, in the same transaction.
        self.notices = SqlNotices(session, now=now, audit=audit, seals=seals)
        #: Consents to unsigned networks, in the same transaction.
        self.networks = SqlNetworks(session, audit, user.name, now)
        self.saved_photographs = 0
        #: Files of the vault that nothing names once this transaction is committed.
        self.erased_files: list[str] = []
        self.erased = False

    # --- patients ----------------------------------------------------------------------------

    def add_patient(self, patient: Patient) -> Patient:
        """Store a new patient (version 1). Raises `PatientExists`."""
        if self._patient_row(patient.mrn) is not None:
            raise PatientExists("There is a patient with that number already.")
        moment = self._now()
        row = PatientRow(version=1, created=moment, changed=moment)
        rows.fill_patient(row, patient)
        self._session.add(row)
        self._session.flush()
        self._audit.note(AuditKind.CREATED, row.pseudonym)
        return rows.patient_of(row)

    def change_patient(self, patient: Patient) -> Patient:
        """Replace the patient of that number. Raises `PatientUnknown` or `StoreConflict`."""
        row = self._known_patient(patient.mrn)
        if row.version != patient.version:
            raise StoreConflict(
                "Somebody else changed this patient's record meanwhile.", rows.patient_of(row)
            )
        before = rows.patient_of(row)
        rows.fill_patient(row, patient)
        row.version += 1
        row.changed = self._now()
        self._session.flush()
        changed = rows.changed_fields(before, rows.patient_of(row))
        self._audit.note(AuditKind.CHANGED, row.pseudonym, fields=" ".join(changed))
        return rows.patient_of(row)

    def find_patient(self, mrn: str) -> Patient | None:
        """The patient of that number."""
        row = self._patient_row(mrn)
        return None if row is None else rows.patient_of(row)

    def find_patients(self, mrns: Collection[str]) -> Mapping[str, Patient]:
        """Those of these numbers that there are, in one query."""
        found = self._session.scalars(select(PatientRow).where(PatientRow.mrn.in_(mrns)))
        return {row.mrn: rows.patient_of(row) for row in found}

    def erase_patient(self, mrn: str) -> int:
        """Remove a patient with everything recorded; see the port."""
        row = self._known_patient(mrn)
        names = erase(self._session, row.id)
        self.erased_files += names
        self.erased = True
        self._audit.note(AuditKind.ERASED, row.pseudonym, photographs=str(len(names)))
        self._session.expunge(row)
        return len(names)

    def search_patients(self, text: str, offset: int, limit: int) -> list[PatientSummary]:
        """A page of the patients that match; see the port."""
        return search.page(self._session, text, offset, limit)

    def count_patients(self, text: str) -> int:
        """How many patients match."""
        return search.count_matching(self._session, text)

    def similar_patients(self, text: str, limit: int) -> list[PatientSummary]:
        """Patients whose number or names are like what was typed; see the port."""
        return search.like(self._session, text, limit)

    def exams_to_review(self, offset: int, limit: int) -> list[ExamToReview]:
        """A page of the exams that wait for a clinician; see the port."""
        return review.queue(self._session, offset, limit)

    def mark_reviewed(self, exam_id: str) -> None:
        """A clinician has looked at an exam; see the port."""
        pseudonym = review.mark_reviewed(self._session, exam_id, self._now())
        if pseudonym is not None:
            self._audit.note(AuditKind.SIGNED, pseudonym, exam=exam_id)

    # --- photographs -------------------------------------------------------------------------

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
        """Record a screened photograph; see the port.

        A result whose hash is not that of `data`, or a moment without a time zone, is a
        programming error (`ValueError`): it would put a grade beside the wrong photograph.
        """
        patient = self._known_patient(mrn)
        if recorded_at.tzinfo is None:
            raise ValueError("a moment without a time zone")
        if hashlib.sha256(data).hexdigest() != result.sha256:
            raise ValueError("the result is that of another photograph")
        exam = self._exam_on(patient, recorded_at)
        photograph_id = str(uuid.uuid4())
        stored = self._vault.write(photograph_id, result.sha256, data, self._audit.before())
        self._undo.callback(self._vault.remove, stored.name)
        photograph = PhotographRow(
            uuid=photograph_id,
            exam_id=exam.id,
            eye=eye.value,
            sha256=result.sha256,
            media_type=result.media_type,
            width=result.width,
            height=result.height,
            taken=recorded_at.astimezone(UTC),
            is_drawing=is_drawing,
            recorded_by=self._user.name,
            vault_name=stored.name,
            sealed_key=stored.sealed_key,
        )
        self._session.add(photograph)
        self._session.flush()
        self.networks.note_use(result.model, photograph.taken)
        found = rows.grading_row(result)
        found.photograph_id = photograph.id
        found.graded = photograph.taken
        self._session.add(found)
        self._session.flush()
        review.photograph_added(self._session, exam)
        self._session.flush()
        self._audit.note(
            AuditKind.GRADED,
            patient.pseudonym,
            photograph=photograph_id,
            network=result.model.title,
        )
        self.saved_photographs += 1
        return rows.photograph_of(photograph, found, exam)

    def where_recorded(self, sha256: str) -> frozenset[SaveTo]:
        """For whom, and as which eye, a file of that hash is recorded."""
        query = (
            select(PatientRow.mrn, PhotographRow.eye)
            .join(ExamRow, PhotographRow.exam_id == ExamRow.id)
            .join(PatientRow, ExamRow.patient_id == PatientRow.id)
            .where(PhotographRow.sha256 == sha256)
        )
        return frozenset(
            SaveTo(row.mrn, Laterality(row.eye)) for row in self._session.execute(query)
        )

    def exams(self, mrn: str) -> list[Exam]:
        """All exams of a patient with their photographs, newest first."""
        query = (
            select(ExamRow, PhotographRow, GradingRow)
            .join(PatientRow, ExamRow.patient_id == PatientRow.id)
            .join(PhotographRow, PhotographRow.exam_id == ExamRow.id)
            .join(GradingRow, GradingRow.photograph_id == PhotographRow.id)
            .where(PatientRow.mrn == mrn)
            .order_by(desc(ExamRow.day), desc(PhotographRow.taken), desc(PhotographRow.id))
        )
        by_exam = groupby(self._session.execute(query), key=lambda found: found[0])
        return [
            Exam(
                id=exam.uuid,
                mrn=mrn,
                day=exam.day,
                photographs=tuple(
                    rows.photograph_of(photograph, grading, exam)
                    for _exam, photograph, grading in found
                ),
            )
            for exam, found in by_exam
        ]

    def find_photograph(self, photograph_id: str) -> PhotographRecord | None:
        """One recorded photograph."""
        found = self._session.execute(
            select(PhotographRow, GradingRow, ExamRow)
            .join(GradingRow, GradingRow.photograph_id == PhotographRow.id)
            .join(ExamRow, PhotographRow.exam_id == ExamRow.id)
            .where(PhotographRow.uuid == photograph_id)
        ).one_or_none()
        return None if found is None else rows.photograph_of(*found)

    def photograph_bytes(self, photograph_id: str) -> bytes:
        """The original file's bytes, seal and hash checked. Raises `StoreDamaged`."""
        return self._vault.read(self._stored(photograph_id))

    def thumbnail(self, photograph_id: str) -> bytes | None:
        """The small picture that was kept of a photograph. Raises `StoreDamaged`."""
        return self._vault.read_thumbnail(self._stored(photograph_id))

    def keep_thumbnail(self, photograph_id: str, data: bytes) -> None:
        """Keep a small picture of a photograph, encrypted. Raises `StoreDamaged`."""
        self._vault.write_thumbnail(self._stored(photograph_id), data)

    # --- accounts ----------------------------------------------------------------------------

    def add_user(self, user: User, password: str) -> None:
        """A new account and its key envelope. Raises `UserExists`."""
        self._accounts.add(self._session, user, password, self._now(), self._undo)
        self._audit.note(AuditKind.USER_ADDED, user.name, role=user.role.value)

    def users(self) -> list[User]:
        """All accounts by name, without the removed ones."""
        there = select(UserRow).where(UserRow.removed.is_(None)).order_by(UserRow.account)
        return [rows.user_of(row) for row in self._session.scalars(there)]

    def set_role(self, user_name: str, role: Role) -> None:
        """Give an account another role. Raises `UserUnknown`."""
        row = self._accounts.set_role(self._session, user_name, role)
        self._audit.note(AuditKind.ROLE_CHANGED, row.name, role=role.value)

    def set_password(self, user_name: str, password: str) -> None:
        """Replace an account's envelope. Raises `UserUnknown`."""
        row = self._accounts.set_password(self._session, user_name, password, self._undo)
        self._audit.note(AuditKind.PASSWORD_CHANGED, row.name)

    def remove_user(self, user_name: str) -> None:
        """Let nobody in under that name any more. Raises `UserUnknown`."""
        row = self._accounts.remove(self._session, user_name, self._now(), self._undo)
        self._audit.note(AuditKind.USER_REMOVED, row.name)

    def set_recovery_code(self, code: str) -> None:
        """Replace the recovery code."""
        self._accounts.set_recovery_code(self._session, code, self._undo)
        self._audit.note(AuditKind.RECOVERY_CODE_MADE)

    def has_recovery_code(self) -> bool:
        """Whether there is one."""
        return self._accounts.has_recovery_code()

    def idle_minutes(self) -> int:
        """After how many minutes without a person the window locks; 0 is never."""
        return self._clinic_row().idle_minutes

    def set_idle_minutes(self, minutes: int) -> None:
        """Change that for everybody."""
        self._clinic_row().idle_minutes = minutes
        self._audit.note(AuditKind.SETTING_CHANGED, "idle_minutes", value=str(minutes))
        self._session.flush()

    # --- the audit chain ---------------------------------------------------------------------

    def note(
        self,
        kind: AuditKind,
        mrn: str | None = None,
        details: Mapping[str, str] | None = None,
    ) -> None:
        """Add an event, about a patient where one is named. Raises `PatientUnknown`."""
        subject = "" if mrn is None else self._known_patient(mrn).pseudonym
        self._audit.note(kind, subject, **(details or {}))

    def audit_events(
        self, after: int, limit: int, kinds: frozenset[str] = frozenset()
    ) -> list[AuditEvent]:
        """A page of the chain; see the port."""
        return events(self._session, after, limit, kinds)

    def audit_head(self) -> AuditHead | None:
        """The newest link."""
        return head_of(self._session)

    def audit_subject(self, mrn: str) -> str:
        """The pseudonym of a patient. Raises `PatientUnknown`."""
        return self._known_patient(mrn).pseudonym

    # --- backups -----------------------------------------------------------------------------

    def backup_plan(self) -> BackupPlan:
        """Where and when backups are made."""
        row = self._session.scalars(select(ClinicRow)).one()
        return BackupPlan(
            row.backup_folder,
            time.fromisoformat(row.backup_at),
            row.backup_keep,
            row.backup_last,
        )

    def set_backup_plan(self, plan: BackupPlan) -> None:
        """Change it; `last` stays as it is."""
        row = self._session.scalars(select(ClinicRow)).one()
        row.backup_folder = plan.folder
        row.backup_at = plan.at.isoformat("minutes")
        row.backup_keep = plan.keep
        self._audit.note(AuditKind.SETTING_CHANGED, setting="backup_plan")

    def note_backup(self, moment: datetime) -> None:
        """A backup has succeeded."""
        self._session.scalars(select(ClinicRow)).one().backup_last = moment
        self._audit.note(AuditKind.BACKED_UP, made=moment.astimezone(UTC).isoformat())

    # --- inside ------------------------------------------------------------------------------

    def _clinic_row(self) -> ClinicRow:
        return self._session.scalars(select(ClinicRow)).one()

    def _patient_row(self, mrn: str) -> PatientRow | None:
        return self._session.scalars(select(PatientRow).where(PatientRow.mrn == mrn)).one_or_none()

    def _known_patient(self, mrn: str) -> PatientRow:
        row = self._patient_row(mrn)
        if row is None:
            raise PatientUnknown("There is no patient with that number.")
        return row

    def _stored(self, photograph_id: str) -> Stored:
        row = self._session.scalars(
            select(PhotographRow).where(PhotographRow.uuid == photograph_id)
        ).one_or_none()
        if row is None:
            raise StoreDamaged("The photograph is not in the records.")
        return rows.stored_of(row)

    def _exam_on(self, patient: PatientRow, moment: datetime) -> ExamRow:
        day = moment.date()
        exam = self._session.scalars(
            select(ExamRow).where(ExamRow.patient_id == patient.id, ExamRow.day == day)
        ).one_or_none()
        if exam is None:
            exam = ExamRow(uuid=str(uuid.uuid4()), patient_id=patient.id, day=day)
            self._session.add(exam)
            self._session.flush()
        return exam
