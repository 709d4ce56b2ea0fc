"""What a patient is to be told, composed and queued in the transaction of what happened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from drscreen.domain.errors import NoticeUnknown, PatientUnknown, ReminderTooSoon
from drscreen.domain.notice import (
    REMINDERS,
    Notice,
    NoticeDraft,
    NoticePolicy,
    NoticeState,
    Purpose,
    Reason,
    next_allowed,
)
from drscreen.domain.notice_ports import Addresses
from drscreen.domain.notice_text import PERSONAL, NoticeText, Placeholder, fill
from drscreen.domain.opt_out import OptOut
from drscreen.domain.patient import Channel, Exam, Patient
from drscreen.domain.referral import Decision
from drscreen.domain.store_ports import Records

#: Which channel is tried first where a patient agreed to several.
_ORDER = (Channel.SMS, Channel.EMAIL)
_FALLBACK_LANGUAGE = "en"
#: As many of a patient's newest notices are looked at for one that told the same.
_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Announcer:
    """Composes notices. Only inside a transaction of a service that somebody may use.

    `texts` are those that come with drscreen; the clinic's own go before them.
    """

    addresses: Addresses
    texts: tuple[NoticeText, ...]
    clinic: str

    def exam_changed(self, records: Records, mrn: str, exam_id: str, now: datetime) -> None:
        """A photograph was added to an exam: its patient is to hear of the result, or that a
        photograph must be taken again; whichever the exam says by then, once.
        """
        policy = records.notices.policy()
        patient = records.find_patient(mrn)
        exam = next((exam for exam in records.exams(mrn) if exam.id == exam_id), None)
        if not policy.on or patient is None or exam is None:
            return
        purpose = _purpose_of(exam)
        records.notices.supersede(exam_id, purpose)
        if any(_told(notice, purpose, exam_id) for notice in _newest(records, mrn)):
            return
        hold = timedelta(minutes=policy.hold_minutes)
        occasion = _Occasion(patient, purpose, exam_id, exam.day, now, now + hold)
        records.notices.queue(self._draft(records, occasion))

    def remind(
        self, records: Records, mrn: str, purpose: Purpose, now: datetime, appointment: str = ""
    ) -> Notice:
        """Queue a reminder. Raises `PatientUnknown`, or `ReminderTooSoon` within the interval."""
        if purpose not in REMINDERS:
            raise ValueError("a result is told when there is one")
        patient = records.find_patient(mrn)
        if patient is None:
            raise PatientUnknown("There is no patient with that number.")
        days = records.notices.policy().reminder_days
        for notice in _newest(records, mrn):
            recent = notice.created > now - timedelta(days=days)
            if notice.purpose is purpose and recent and _may_arrive(notice):
                raise ReminderTooSoon(
                    f"The patient was reminded on {notice.created.date()}; "
                    f"once in {days} days is enough."
                )
        about = f"{records.audit_subject(mrn)}:{now.date()}"
        occasion = _Occasion(patient, purpose, about, now.date(), now, now, appointment)
        return records.notices.queue(self._draft(records, occasion))

    def again(self, records: Records, notice: Notice, now: datetime) -> Notice:
        """Queue a notice that did not arrive once more, by what the record says today.

        Raises `NoticeUnknown` where it is being sent or was.
        """
        occasion = _again(records, notice, now)
        anew = None
        if occasion is not None:
            # What may have been taken already stays on its channel, in its words.
            draft = self._draft(records, occasion, (notice.channel,) if notice.attempts else _ORDER)
            if notice.attempts:
                draft = replace(draft, body=notice.body, subject=notice.subject)
            anew = records.notices.redraft(notice.id, draft)
        if anew is None:
            raise NoticeUnknown("This notice cannot be sent again.")
        return anew

    def fall_back(self, records: Records, notice: Notice, now: datetime) -> None:
        """A notice was refused for good: try the other channel, where the patient agreed to it."""
        others = tuple(channel for channel in _ORDER if channel is not notice.channel)
        occasion = _again(records, notice, now)
        if occasion is None or not occasion.patient.consent & set(others):
            return
        draft = self._draft(records, occasion, others)
        if draft.state is NoticeState.PENDING:
            records.notices.queue(draft)

    def hindrance(self, records: Records, notice: Notice) -> Reason | None:
        """Why a queued notice may not go out as it is, by what the record says now."""
        patient = records.find_patient(notice.mrn)
        if patient is None or notice.channel not in patient.consent:
            return Reason.NO_CONSENT
        policy = records.notices.policy()
        address, reason = self._reachable(records, patient, notice.channel, policy)
        if reason is None and address != notice.address:
            return Reason.ADDRESS_CHANGED
        return reason

    def opted_out(self, records: Records, patient: Patient) -> tuple[OptOut, ...]:
        """On which channels somebody at the patient's address asked for no more messages."""
        policy, found = records.notices.policy(), []
        for channel in _ORDER:
            typed = patient.phone if channel is Channel.SMS else patient.email
            # A number of a country that is not written to can have been one that was.
            address = self.addresses.check(channel, typed, policy).address
            since = records.notices.opted_out_since(channel, address) if address else None
            if since is not None:
                others = records.notices.patients_at(channel, address)
                mine = any(
                    (notice.channel, notice.address) == (channel, address)
                    for notice in _newest(records, patient.mrn)
                )
                found.append(OptOut(channel, address, since, others - int(mine)))
        return tuple(found)

    def allowed_from(
        self, channel: Channel, address: str, policy: NoticePolicy, moment: datetime
    ) -> datetime:
        """`moment`, or when the quiet hours end where the patient is."""
        zone = self.addresses.zone(channel, address) or moment.tzinfo
        return moment if zone is None else next_allowed(moment, zone, policy)

    def text_for(
        self, own: Iterable[NoticeText], purpose: Purpose, channel: Channel, language: str
    ) -> NoticeText:
        """The template for a patient: the clinic's own before ours, and of the languages the one
        asked for, that without its region, or English.
        """
        known = {
            (text.language.casefold(), text.purpose, text.channel): text
            for text in (*self.texts, *own)
        }
        for tag in (language, language.partition("-")[0], _FALLBACK_LANGUAGE):
            text = known.get((tag.casefold(), purpose, channel))
            if text is not None:
                return text
        raise LookupError(f"no text for {purpose} by {channel}")

    def values(
        self, patient: Patient, policy: NoticePolicy, visit: date, appointment: str = ""
    ) -> dict[Placeholder, str]:
        """What the placeholders stand for; nothing personal unless the policy allows it."""
        values = {
            Placeholder.CLINIC: self.clinic,
            Placeholder.CLINIC_PHONE: policy.clinic_phone,
            Placeholder.VISIT: visit.isoformat(),
            Placeholder.APPOINTMENT: appointment,
            Placeholder.GIVEN_NAME: patient.given_name,
            Placeholder.FAMILY_NAME: patient.family_name,
            Placeholder.MRN: patient.mrn,
        }
        if not policy.allow_personal:
            for placeholder in PERSONAL:
                del values[placeholder]
        return values

    def _draft(
        self, records: Records, occasion: _Occasion, among: tuple[Channel, ...] = _ORDER
    ) -> NoticeDraft:
        """On the first channel that is agreed to and has an address; else why there is none."""
        patient, policy = occasion.patient, records.notices.policy()
        channel, address = among[0], ""
        hindrance: Reason | None = Reason.NO_CONSENT
        for candidate in (channel for channel in among if channel in patient.consent):
            found, reason = self._reachable(records, patient, candidate, policy)
            if reason is None or hindrance is Reason.NO_CONSENT:
                channel, address, hindrance = candidate, found, reason
            if reason is None:
                break
        text = self.text_for(records.notices.texts(), occasion.purpose, channel, patient.language)
        values = self.values(patient, policy, occasion.visit, occasion.appointment)
        draft = NoticeDraft(
            mrn=patient.mrn,
            purpose=occasion.purpose,
            channel=channel,
            about=occasion.about,
            address=address,
            language=text.language,
            subject=fill(text.subject, values),
            body=fill(text.body, values),
            due=self.allowed_from(channel, address, policy, occasion.start),
            expires=occasion.now + timedelta(days=policy.expire_days),
        )
        if hindrance is None:
            return draft
        unwanted = hindrance in (Reason.NO_CONSENT, Reason.OPTED_OUT)
        return replace(
            draft,
            state=NoticeState.CANCELLED if unwanted else NoticeState.FAILED,
            reason=hindrance,
            sentence=hindrance.sentence,
        )

    def _reachable(
        self, records: Records, patient: Patient, channel: Channel, policy: NoticePolicy
    ) -> tuple[str, Reason | None]:
        typed = patient.phone if channel is Channel.SMS else patient.email
        checked = self.addresses.check(channel, typed, policy)
        if checked.reason is None and records.notices.opted_out(channel, checked.address):
            return checked.address, Reason.OPTED_OUT
        return checked.address, checked.reason


@dataclass(frozen=True, slots=True)
class _Occasion:
    """Why a patient is to hear something, and from when on."""

    patient: Patient
    purpose: Purpose
    about: str
    visit: date
    now: datetime
    start: datetime
    appointment: str = ""


def _purpose_of(exam: Exam) -> Purpose:
    """A photographed eye without any that could be graded has to be photographed again."""
    eyes = {photograph.eye for photograph in exam.photographs}
    graded = {
        photograph.eye
        for photograph in exam.photographs
        if photograph.decision is not Decision.REPEAT_PHOTOGRAPH
    }
    return Purpose.RESULT_READY if eyes == graded else Purpose.REPEAT_PHOTOGRAPH


def _again(records: Records, notice: Notice, now: datetime) -> _Occasion | None:
    patient = records.find_patient(notice.mrn)
    if patient is None:
        return None
    day = notice.created.date()
    return _Occasion(patient, notice.purpose, notice.about, day, now, now)


def _newest(records: Records, mrn: str) -> list[Notice]:
    return records.notices.of_patient(mrn, _LOOKED_AT)


def _may_arrive(notice: Notice) -> bool:
    return notice.state not in (NoticeState.FAILED, NoticeState.CANCELLED)


def _told(notice: Notice, purpose: Purpose, about: str) -> bool:
    """Whether a notice says that already, or may have said it."""
    same = notice.purpose is purpose and notice.about == about
    return same and notice.attempts > 0 and _may_arrive(notice)
