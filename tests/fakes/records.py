"""The records of the store in memory, and the state that they change."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime

from drscreen.adapters.store.folding import day_or_year, folded
from drscreen.adapters.store.likeness import is_like
from drscreen.adapters.store.rows import searched
from drscreen.domain.audit import AuditEvent, AuditHead, AuditKind
from drscreen.domain.backup import BackupPlan
from drscreen.domain.conflict import StoreConflict
from drscreen.domain.errors import (
    AccountRemoved,
    PatientExists,
    PatientUnknown,
    StoreDamaged,
    UserExists,
    UserUnknown,
)
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Exam, ExamToReview, Patient, PatientSummary, PhotographRecord
from drscreen.domain.referral import Outcome
from drscreen.domain.screening import ModelInfo, SaveTo, ScreeningResult
from drscreen.domain.signature import NetworkConsent
from drscreen.domain.users import Role, User
from tests.fakes.networks import FakeNetworks
from tests.fakes.notices import FakeNotices, NoticesState

_GRAVEST_FIRST = (
    Outcome.REFER_URGENT,
    Outcome.REFER,
    Outcome.HUMAN_REVIEW,
    Outcome.INCOMPLETE,
    Outcome.NO_REFERRAL,
)


@dataclass
class State:
    """Everything stored. The values are immutable, so a copy of the dictionaries is a snapshot."""

    clinic: str
    users: dict[str, tuple[User, str]] = field(default_factory=dict)
    patients: dict[str, Patient] = field(default_factory=dict)
    exams: dict[tuple[str, date], str] = field(default_factory=dict)
    photographs: dict[str, tuple[PhotographRecord, bytes]] = field(default_factory=dict)
    events: list[AuditEvent] = field(default_factory=list)
    removed: set[str] = field(default_factory=set)
    recovery: str = ""
    idle_minutes: int = 10
    thumbnails: dict[str, bytes] = field(default_factory=dict)
    plan: BackupPlan = field(default_factory=BackupPlan)
    reviewed: frozenset[str] = frozenset()
    outbox: NoticesState = field(default_factory=NoticesState)
    consents: dict[str, NetworkConsent] = field(default_factory=dict)
    networks_used: dict[str, ModelInfo] = field(default_factory=dict)

    def copy(self) -> State:
        return State(
            self.clinic,
            dict(self.users),
            dict(self.patients),
            dict(self.exams),
            dict(self.photographs),
            list(self.events),
            set(self.removed),
            self.recovery,
            self.idle_minutes,
            dict(self.thumbnails),
            self.plan,
            self.reviewed,
            self.outbox.copy(),
            dict(self.consents),
            dict(self.networks_used),
        )


class FakeRecords:
    """`Records` over dictionaries."""

    def __init__(self, state: State, user: User, now: Callable[[], datetime]) -> None:
        self._state = state
        self._user = user
        self._now = now
        self.networks = FakeNetworks(
            state.consents, state.networks_used, user.name, now, self._note
        )
        self.notices = FakeNotices(state.outbox, state.patients, self._note_of, now)

    def add_patient(self, patient: Patient) -> Patient:
        if patient.mrn in self._state.patients:
            raise PatientExists("There is a patient with that number already.")
        self._note(AuditKind.CREATED, _pseudonym(patient.mrn))
        return self._keep(replace(patient, version=1))

    def change_patient(self, patient: Patient) -> Patient:
        stored = self._known(patient.mrn)
        if stored.version != patient.version:
            raise StoreConflict("Somebody else changed this patient's record meanwhile.", stored)
        names = [
            field.name
            for field in fields(Patient)
            if getattr(stored, field.name) != getattr(patient, field.name)
        ]
        self._note(AuditKind.CHANGED, _pseudonym(patient.mrn), fields=" ".join(names))
        return self._keep(replace(patient, version=patient.version + 1))

    def find_patient(self, mrn: str) -> Patient | None:
        return self._state.patients.get(mrn)

    def find_patients(self, mrns: Collection[str]) -> Mapping[str, Patient]:
        return {mrn: self._state.patients[mrn] for mrn in mrns if mrn in self._state.patients}

    def search_patients(self, text: str, offset: int, limit: int) -> list[PatientSummary]:
        rows = [self._summary(patient) for patient in self._matching(text)]
        rows.sort(key=lambda row: row.patient.mrn)
        rows.sort(key=lambda row: row.last_exam or date.min, reverse=True)
        return rows[offset : offset + limit]

    def count_patients(self, text: str) -> int:
        return len(self._matching(text))

    def similar_patients(self, text: str, limit: int) -> list[PatientSummary]:
        typed = [word for word in folded(text).split() if len(word) >= 4]
        found = [
            self._summary(patient)
            for patient in self._state.patients.values()
            if typed
            and all(any(is_like(word, own) for own in searched(patient).split()) for word in typed)
        ]
        return found[:limit]

    def exams_to_review(self, offset: int, limit: int) -> list[ExamToReview]:
        waiting = [
            ExamToReview(exam.id, patient, exam.day, exam.outcome)
            for patient in self._state.patients.values()
            for exam in self.exams(patient.mrn)
            if exam.id not in self._state.reviewed
        ]
        waiting.sort(key=lambda exam: exam.day, reverse=True)
        waiting.sort(key=lambda exam: _GRAVEST_FIRST.index(exam.outcome))
        return waiting[offset : offset + limit]

    def mark_reviewed(self, exam_id: str) -> None:
        self._state.reviewed = self._state.reviewed | {exam_id}

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
        self._known(mrn)
        if recorded_at.tzinfo is None:
            raise ValueError("a moment without a time zone")
        if hashlib.sha256(data).hexdigest() != result.sha256:
            raise ValueError("the result is that of another photograph")
        self.networks.note_use(result.model)
        exam = self._state.exams.setdefault((mrn, recorded_at.date()), str(uuid.uuid4()))
        record = PhotographRecord(
            id=str(uuid.uuid4()),
            exam_id=exam,
            eye=eye,
            sha256=result.sha256,
            media_type=result.media_type,
            width=result.width,
            height=result.height,
            taken=recorded_at.astimezone(UTC),
            quality=result.quality,
            grading=result.grading,
            decision=result.decision,
            model=result.model,
            operating_point=result.operating_point,
            recorded_by=self._user.name,
            is_drawing=is_drawing,
        )
        self._state.photographs[record.id] = (record, data)
        self._state.reviewed = self._state.reviewed - {exam}
        network = result.model.title
        self._note(AuditKind.GRADED, _pseudonym(mrn), photograph=record.id, network=network)
        return record

    def where_recorded(self, sha256: str) -> frozenset[SaveTo]:
        return frozenset(
            SaveTo(mrn, one.eye)
            for mrn, _day in self._state.exams
            for exam in self.exams(mrn)
            for one in exam.photographs
            if one.sha256 == sha256
        )

    def exams(self, mrn: str) -> list[Exam]:
        return [
            Exam(exam, mrn, day, tuple(self._newest_first(exam)))
            for (number, day), exam in sorted(
                self._state.exams.items(), key=lambda item: item[0][1], reverse=True
            )
            if number == mrn
        ]

    def find_photograph(self, photograph_id: str) -> PhotographRecord | None:
        record, _data = self._state.photographs.get(photograph_id, (None, b""))
        return record

    def photograph_bytes(self, photograph_id: str) -> bytes:
        if photograph_id not in self._state.photographs:
            raise StoreDamaged("The photograph is not in the records.")
        return self._state.photographs[photograph_id][1]

    def thumbnail(self, photograph_id: str) -> bytes | None:
        self.photograph_bytes(photograph_id)
        return self._state.thumbnails.get(photograph_id)

    def keep_thumbnail(self, photograph_id: str, data: bytes) -> None:
        self.photograph_bytes(photograph_id)
        self._state.thumbnails[photograph_id] = data

    def add_user(self, user: User, password: str) -> None:
        if user.name.casefold() in self._state.users.keys() | self._state.removed:
            raise UserExists("There is, or was, a user of that name already.")
        self._state.users[user.name.casefold()] = (user, password)
        self._note(AuditKind.USER_ADDED, user.name, role=user.role.value)

    def set_role(self, user_name: str, role: Role) -> None:
        user, password = self._account(user_name)
        self._state.users[user.name.casefold()] = (replace(user, role=role), password)
        self._note(AuditKind.ROLE_CHANGED, user.name, role=role.value)

    def set_password(self, user_name: str, password: str) -> None:
        user, _old = self._account(user_name)
        self._state.users[user.name.casefold()] = (user, password)
        self._note(AuditKind.PASSWORD_CHANGED, user.name)

    def current(self, user: User) -> User:
        """The account as it is now."""
        if user.name.casefold() not in self._state.users:
            raise AccountRemoved("Your account was removed.")
        return self._state.users[user.name.casefold()][0]

    def is_password(self, user_name: str, password: str) -> bool:
        return self._account(user_name)[1] == password

    def remove_user(self, user_name: str) -> None:
        user, _password = self._account(user_name)
        del self._state.users[user.name.casefold()]
        self._state.removed.add(user.name.casefold())
        self._note(AuditKind.USER_REMOVED, user.name)

    def set_recovery_code(self, code: str) -> None:
        self._state.recovery = code
        self._note(AuditKind.RECOVERY_CODE_MADE)

    def has_recovery_code(self) -> bool:
        return bool(self._state.recovery)

    def idle_minutes(self) -> int:
        return self._state.idle_minutes

    def set_idle_minutes(self, minutes: int) -> None:
        self._state.idle_minutes = minutes
        self._note(AuditKind.SETTING_CHANGED, "idle_minutes", value=str(minutes))

    def _account(self, user_name: str) -> tuple[User, str]:
        try:
            return self._state.users[user_name.casefold()]
        except KeyError:
            raise UserUnknown("There is no account of that name.") from None

    def users(self) -> list[User]:
        return [user for _name, (user, _password) in sorted(self._state.users.items())]

    def count_photographs(self) -> int:
        return len(self._state.photographs)

    def note(
        self,
        kind: AuditKind,
        mrn: str | None = None,
        details: Mapping[str, str] | None = None,
    ) -> None:
        self._note(kind, "" if mrn is None else self.audit_subject(mrn), **(details or {}))

    def audit_events(
        self, after: int, limit: int, kinds: frozenset[str] = frozenset()
    ) -> list[AuditEvent]:
        found = [e for e in self._state.events if e.sequence > after]
        return [e for e in found if not kinds or e.kind in kinds][:limit]

    def audit_head(self) -> AuditHead | None:
        events = self._state.events
        return AuditHead(len(events), "00" * 32) if events else None

    def audit_subject(self, mrn: str) -> str:
        return _pseudonym(self._known(mrn).mrn)

    def _note(self, kind: AuditKind, subject: str = "", **details: str) -> None:
        number = len(self._state.events) + 1
        self._state.events.append(
            AuditEvent(number, self._now(), self._user.name, kind, subject, details)
        )

    def _note_of(self, kind: AuditKind, mrn: str | None, **details: str) -> None:
        self._note(kind, "" if mrn is None else self.audit_subject(mrn), **details)

    def erase_patient(self, mrn: str) -> int:
        pseudonym = self.audit_subject(mrn)
        exams = {exam for (number, _day), exam in self._state.exams.items() if number == mrn}
        kept = {k: v for k, v in self._state.photographs.items() if v[0].exam_id not in exams}
        count = len(self._state.photographs) - len(kept)
        self._state.photographs = kept
        self._state.exams = {k: v for k, v in self._state.exams.items() if k[0] != mrn}
        self._state.outbox.forget(mrn)
        del self._state.patients[mrn]
        self._note(AuditKind.ERASED, pseudonym, photographs=str(count))
        return count

    def backup_plan(self) -> BackupPlan:
        return self._state.plan

    def set_backup_plan(self, plan: BackupPlan) -> None:
        self._state.plan = replace(plan, last=self._state.plan.last)

    def note_backup(self, moment: datetime) -> None:
        self._state.plan = replace(self._state.plan, last=moment)

    def _keep(self, patient: Patient) -> Patient:
        self._state.patients[patient.mrn] = patient
        return patient

    def _known(self, mrn: str) -> Patient:
        patient = self._state.patients.get(mrn)
        if patient is None:
            raise PatientUnknown("There is no patient with that number.")
        return patient

    def _newest_first(self, exam: str) -> list[PhotographRecord]:
        last_saved_first = reversed(self._state.photographs.values())
        records = [record for record, _data in last_saved_first if record.exam_id == exam]
        return sorted(records, key=lambda record: record.taken, reverse=True)

    def _matching(self, text: str) -> list[Patient]:
        words = folded(text).split()
        return [
            patient
            for patient in self._state.patients.values()
            if all(_holds(searched(patient), word) for word in words)
        ]

    def _summary(self, patient: Patient) -> PatientSummary:
        exams = self.exams(patient.mrn)
        photographs = [photograph for exam in exams for photograph in exam.photographs]
        return PatientSummary(
            patient=patient,
            photographs=len(photographs),
            last_exam=exams[0].day if exams else None,
            last_outcome=exams[0].outcome if exams else None,
        )


def _pseudonym(mrn: str) -> str:
    return hashlib.sha256(mrn.encode()).hexdigest()[:32]


def _holds(text: str, word: str) -> bool:
    born = day_or_year(word)
    return word in text or (born is not None and born in text)
