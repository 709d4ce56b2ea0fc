"""The words a person reads for what the domain knows, and the tone each is shown in.

Dates and numbers go through the locale; nothing here decides anything clinical.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum

from PySide6.QtCore import QCoreApplication, QDate, QLocale, QTime

from drscreen.domain.audit import Alarm
from drscreen.domain.grading import Grade, Grading
from drscreen.domain.image import Laterality
from drscreen.domain.patient import Patient, Sex, age_on
from drscreen.domain.permissions import ALLOWED, Action
from drscreen.domain.quality import RETAKE_TIPS, QualityReason
from drscreen.domain.referral import Decision, Outcome
from drscreen.domain.screening import ModelInfo, Stage
from drscreen.domain.signature import Signer
from drscreen.domain.unclean_end import UncleanEnd
from drscreen.domain.users import Role


class Tone(StrEnum):
    """A severity as shown: the value is the colour's token; each has a shape of its own."""

    NONE = "grade_0"
    MILD = "grade_1"
    MODERATE = "grade_2"
    SEVERE = "grade_3"
    PROLIFERATIVE = "grade_4"
    UNGRADABLE = "ungradable"


_DECISION_TONES = {
    Decision.NO_REFERRAL: Tone.NONE,
    Decision.HUMAN_REVIEW: Tone.MILD,
    Decision.REFER: Tone.MODERATE,
    Decision.REFER_URGENT: Tone.PROLIFERATIVE,
    Decision.REPEAT_PHOTOGRAPH: Tone.UNGRADABLE,
}
_OUTCOME_TONES = {
    Outcome.NO_REFERRAL: Tone.NONE,
    Outcome.HUMAN_REVIEW: Tone.MILD,
    Outcome.REFER: Tone.MODERATE,
    Outcome.REFER_URGENT: Tone.PROLIFERATIVE,
    Outcome.INCOMPLETE: Tone.UNGRADABLE,
}


def tr(text: str) -> str:
    """`text` in the person's language."""
    return QCoreApplication.translate("wording", text)


def network_name(model: ModelInfo) -> str:
    """A network with its version, and what has to be said of its signature."""
    words = f"{model.name} {model.version}"
    if model.signer is Signer.DEVELOPMENT:
        return tr("{0} (development signature)").format(words)
    if model.signer is not Signer.NOBODY:
        return words
    if model.allowed_by:
        return tr("{0} (unsigned network, allowed by {1})").format(words, model.allowed_by)
    return tr("{0} (unsigned network)").format(words)


def network_text(model: ModelInfo) -> str:
    """The same, where nothing else says that it is a network."""
    return tr("Network {0}").format(network_name(model))


def grade_tone(grading: Grading | None) -> Tone:
    """The tone of a grading; none means not gradable."""
    return Tone.UNGRADABLE if grading is None else Tone(f"grade_{int(grading.grade)}")


def grade_text(grading: Grading | None) -> str:
    """The grade in words."""
    return tr("Not gradable") if grading is None else tr(grading.grade.title)


def grade_title(grade: Grade) -> str:
    """The scale's name of a grade."""
    return tr(grade.title)


def decision_tone(decision: Decision) -> Tone:
    """The tone of a decision."""
    return _DECISION_TONES[decision]


def decision_text(decision: Decision) -> str:
    """A decision in a word or two."""
    return {
        Decision.NO_REFERRAL: tr("No referral"),
        Decision.REFER: tr("Refer"),
        Decision.REFER_URGENT: tr("Refer urgently"),
        Decision.HUMAN_REVIEW: tr("Human grader needed"),
        Decision.REPEAT_PHOTOGRAPH: tr("Take again"),
    }[decision]


def decision_sentence(decision: Decision) -> str:
    """What the decision asks people to do."""
    return {
        Decision.NO_REFERRAL: tr("The program proposes no referral for this eye."),
        Decision.REFER: tr("The program proposes referral to an eye clinic."),
        Decision.REFER_URGENT: tr("The program proposes urgent referral to an eye clinic."),
        Decision.HUMAN_REVIEW: tr(
            "The program does not decide this one: show the photograph to a human grader."
        ),
        Decision.REPEAT_PHOTOGRAPH: tr(
            "This photograph was not graded. Take it again, or refer if it cannot be better."
        ),
    }[decision]


def outcome_tone(outcome: Outcome) -> Tone:
    """The tone of a patient's outcome."""
    return _OUTCOME_TONES[outcome]


def outcome_text(outcome: Outcome) -> str:
    """A patient's outcome in words."""
    return {
        Outcome.NO_REFERRAL: tr("No referral"),
        Outcome.REFER: tr("Refer"),
        Outcome.REFER_URGENT: tr("Refer urgently"),
        Outcome.HUMAN_REVIEW: tr("Human grader needed"),
        Outcome.INCOMPLETE: tr("Incomplete: repeat or refer"),
    }[outcome]


def eye_text(eye: Laterality) -> str:
    """Which eye, with the code that graders use."""
    return tr("OD, right eye") if eye is Laterality.OD else tr("OS, left eye")


def stage_text(stage: Stage) -> str:
    """What is being done to a photograph."""
    return {
        Stage.READING: tr("Reading the file"),
        Stage.DECODING: tr("Decoding the picture"),
        Stage.QUALITY: tr("Checking the quality"),
        Stage.PREDICTING: tr("Grading"),
        Stage.SAVING: tr("Saving"),
    }[stage]


def tip_text(reason: QualityReason) -> str:
    """How to take the photograph better."""
    return tr(RETAKE_TIPS[reason])


def sex_text(sex: Sex) -> str:
    """Administrative sex in a word."""
    return {
        Sex.FEMALE: tr("Female"),
        Sex.MALE: tr("Male"),
        Sex.OTHER: tr("Other"),
        Sex.UNKNOWN: tr("Not stated"),
    }[sex]


def role_text(role: Role) -> str:
    """What a person is in the clinic."""
    return {
        Role.TECHNICIAN: tr("Technician"),
        Role.CLINICIAN: tr("Clinician"),
        Role.ADMINISTRATOR: tr("Administrator"),
    }[role]


def not_permitted_text(action: Action) -> str:
    """Why something is not for whoever is signed in."""
    roles = [role_text(role) for role in Role if role in ALLOWED[action]]
    return tr("Only for: {0}. Your account may not {1}.").format(", ".join(roles), tr(action.value))


def reentry_text(action: Action) -> str:
    """Why the password is asked for once more."""
    return tr("To {0}, type your own password once more.").format(tr(action.value))


def alarm_texts(codes: Iterable[str]) -> tuple[str, str, str]:
    """What is wrong with the records, each thing once, the gravest first; and what to do."""
    told = set(codes)
    known = [alarm for alarm in Alarm if alarm.value in told]
    words = [tr(alarm.sentence) for alarm in known] or [tr("Something is wrong with the records.")]
    if known and set(known) <= {Alarm.DISK_FULL, Alarm.DISK_UNWRITABLE}:
        return " ".join(words), "", ""
    return (
        " ".join(words),
        tr("It is noted in the audit log."),
        tr("Tell the administrator, who can verify the audit log in Settings."),
    )


def unclean_end_texts(ends: Iterable[UncleanEnd]) -> tuple[str, str, str]:
    """That the program ended as nobody wished, what was kept, and what to do about the rest."""
    told = list(ends)
    left = sum(end.unrecorded for end in told)
    crashed = any(end.fault for end in told)
    advice = [tr("No photograph was waiting.")]
    if left == 1:
        advice = [tr("1 photograph was on the list: add it again if it is not in the records.")]
    elif left:
        again = tr("{0} photographs were on the list: add those again that are not in the records.")
        advice = [again.format(QLocale().toString(left))]
    if crashed:
        advice.append(tr("Where it happened is in the log; 'drscreen support-bundle' packs it."))
    return (
        tr("drscreen ended unexpectedly the last time."),
        tr("Everything that was recorded is kept."),
        " ".join(advice),
    )


def patient_title(patient: Patient) -> str:
    """The patient's name, or that it is not known yet."""
    return patient.display_name or tr("Name not recorded")


def patient_line(patient: Patient) -> str:
    """Number, birth date and sex in one line."""
    born = born_text(patient) or tr("not recorded")
    # Non-breaking: a patient number that wraps is misread.
    return tr("Number\u00a0{0}   ·   Born {1}   ·   {2}").format(
        patient.mrn, born, sex_text(patient.sex)
    )


def born_text(patient: Patient) -> str:
    """Day of birth, or the estimated year, marked as one; empty where neither is known."""
    if patient.birth_date is not None:
        return day_text(patient.birth_date)
    return "" if patient.birth_year is None else about_text(patient.birth_year)


def about_text(year: int) -> str:
    """A year that is an estimate."""
    return tr("about {0}").format(year)


def day_text(day: date) -> str:
    """A calendar day as the locale writes it, always with the four digits of its year."""
    locale = QLocale()
    return locale.toString(QDate(day.year, day.month, day.day), day_format(locale))


def day_format(locale: QLocale) -> str:
    """Qt's format of a day in digits: the locale's own, with the whole year."""
    if locale.language() == QLocale.Language.C:
        # A machine without a language set: ISO 8601 is at least read the same way by everybody.
        return "yyyy-MM-dd"
    return re.sub("y+", "yyyy", locale.dateFormat(QLocale.FormatType.ShortFormat))


def age_text(born: date) -> str:
    """How old somebody born on that day is today."""
    today = QDate.currentDate()
    years = age_on(date(today.year(), today.month(), today.day()), born)
    return tr("Age {0}").format(QLocale().toString(years))


def estimated_age_text(year: int) -> str:
    """About how old somebody is whose year of birth is an estimate."""
    years = QDate.currentDate().year() - year
    return tr("Age about {0}; the year is an estimate").format(QLocale().toString(years))


def time_text(moment: datetime) -> str:
    """The time of day here, as the locale writes it."""
    here = moment.astimezone()
    return QLocale().toString(QTime(here.hour, here.minute), QLocale.FormatType.ShortFormat)


def moment_text(moment: datetime) -> str:
    """Day and time of day here."""
    return f"{day_text(moment.astimezone().date())} {time_text(moment)}"


def percent_text(share: float) -> str:
    """0 to 1 as a percentage with one decimal, never rounded up to certainty."""
    shown = min(share, 0.999) if share < 1.0 else share
    return f"{QLocale().toString(100.0 * shown, 'f', 1)} %"


def seconds_text(seconds: float) -> str:
    """A duration with one decimal."""
    return tr("{0} s").format(QLocale().toString(seconds, "f", 1))
