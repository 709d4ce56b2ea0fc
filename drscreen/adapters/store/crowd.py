"""An invented crowd for measurements: patients, exams and gradings by the hundred thousand.

Rows are written as drscreen would write them, without photographs behind them. Names are random
syllables; nobody is meant.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, insert, text

from drscreen.adapters.store import audit, review
from drscreen.adapters.store.folding import search_text
from drscreen.adapters.store.tables import AuditRow, ExamRow, GradingRow, PatientRow, PhotographRow
from drscreen.domain.audit import AuditHead, AuditKind
from drscreen.domain.image import Laterality
from drscreen.domain.referral import Decision

EXAMS_EACH = 5
PHOTOGRAPHS_EACH = 2
_FIRST = ("mül", "schmi", "ørs", "oka", "bo", "tana", "gar", "ngu", "iva", "kowal", "smi", "ah")
_MIDDLE = ("ler", "dt", "te", "for", "se", "ka", "cia", "yen", "no", "ska", "th", "med", "ri", "lo")
_LAST = ("", "", "son", "sen", "berg", "stein", "ova", "ini", "ez", "wala", "dottir", "oğlu")
_GIVEN = ("Anna", "Zoë", "Ada", "Kofi", "Mei", "José", "Иван", "Leila", "Omar", "Priya", "Änne")
_PAGE = 2000
_DECISIONS = (Decision.NO_REFERRAL,) * 6 + (
    Decision.REFER,
    Decision.REFER_URGENT,
    Decision.HUMAN_REVIEW,
    Decision.REPEAT_PHOTOGRAPH,
)
_START = date(2016, 1, 4)


def add_crowd(connection: Connection, patients: int, seed: int = 1) -> None:
    """Add that many patients, each with 5 exams of 2 photographs, within the transaction."""
    chance = random.Random(seed)  # noqa: S311 - invented people, no secrets
    for first in range(0, patients, _PAGE):
        page = range(first, min(first + _PAGE, patients))
        connection.execute(insert(PatientRow), [_patient(n, chance) for n in page])
        exams, photographs, gradings = _recorded(page, chance)
        for table, found in (
            (ExamRow, exams),
            (PhotographRow, photographs),
            (GradingRow, gradings),
        ):
            connection.execute(insert(table), found)
    connection.execute(text("ANALYZE"))


def add_events(
    connection: Connection, chain: audit.AuditChain, count: int, last: AuditHead
) -> AuditHead:
    """Chain that many events behind `last`; the new head."""
    previous = bytes.fromhex(last.mac)
    moment = datetime(2026, 3, 2, tzinfo=UTC).isoformat(timespec="microseconds")
    for first in range(0, count, _PAGE):
        found = []
        for n in range(first, min(first + _PAGE, count)):
            sequence = last.sequence + 1 + n
            said = (moment, "nurse", AuditKind.VIEWED.value, f"{n:032x}", "{}")
            mac = audit.link_code(chain.key, previous, sequence, *said)
            names = ("moment", "actor", "kind", "subject", "details")
            found.append(
                {**dict(zip(names, said, strict=True)), "sequence": sequence}
                | {"previous": previous, "mac": mac}
            )
            previous = mac
        connection.execute(insert(AuditRow), found)
    return AuditHead(last.sequence + count, previous.hex())


def _patient(number: int, chance: random.Random) -> dict[str, object]:
    family = "".join(map(chance.choice, (_FIRST, _MIDDLE, _LAST))).title()
    given, mrn = chance.choice(_GIVEN), f"P{number:06d}"
    born = date(1940 + chance.randrange(50), 1 + chance.randrange(12), 15)
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    return {
        "id": number + 1,
        "mrn": mrn,
        "family_name": family,
        "given_name": given,
        "search": search_text(mrn, (family, given), born),
        "birth_date": born,
        "sex": "unknown",
        "phone": f"+49 555 {number:06d}",
        "email": "",
        "language": "en",
        "consent_sms": False,
        "consent_email": False,
        "version": 1,
        "created": moment,
        "changed": moment,
        "pseudonym": secrets.token_hex(16),
    }


def _recorded(
    page: range, chance: random.Random
) -> tuple[list[dict[str, object]], list[dict[str, object]], list[dict[str, object]]]:
    exams: list[dict[str, object]] = []
    photographs: list[dict[str, object]] = []
    gradings: list[dict[str, object]] = []
    for number in page:
        first = _START + timedelta(days=chance.randrange(1500))
        for n in range(EXAMS_EACH):
            exam = number * EXAMS_EACH + n
            day = first + timedelta(days=n * 365 + chance.randrange(300))
            decisions = [chance.choice(_DECISIONS) for _ in range(PHOTOGRAPHS_EACH)]
            exams.append(
                {
                    "id": exam + 1,
                    "uuid": f"e{exam:031x}",
                    "patient_id": number + 1,
                    "day": day,
                    "urgency": review.urgency(zip(Laterality, decisions, strict=True)),
                    "reviewed": None if n == EXAMS_EACH - 1 else datetime(2026, 3, 2, tzinfo=UTC),
                }
            )
            for photograph, grading in _photographs(exam, day, decisions):
                photographs.append(photograph)
                gradings.append(grading)
    return exams, photographs, gradings


def _photographs(
    exam: int, day: date, decisions: list[Decision]
) -> Iterator[tuple[dict[str, object], dict[str, object]]]:
    taken = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    for n, (eye, decision) in enumerate(zip(Laterality, decisions, strict=True)):
        number = exam * PHOTOGRAPHS_EACH + n + 1
        photograph = {
            "id": number,
            "uuid": f"{number:032x}",
            "exam_id": exam + 1,
            "eye": eye.value,
            "sha256": f"{number:064x}",
            "media_type": "image/jpeg",
            "width": 3000,
            "height": 2000,
            "taken": taken,
            "is_drawing": True,
            "recorded_by": "nurse",
            "vault_name": f"{number:032x}",
            "sealed_key": bytes(60),
        }
        yield photograph, _grading(number, decision, taken)


def _grading(number: int, decision: Decision, taken: datetime) -> dict[str, object]:
    gradable = decision is not Decision.REPEAT_PHOTOGRAPH
    share = 0.2 if gradable else None
    return {
        "photograph_id": number,
        "gradable": gradable,
        "quality_score": 0.8,
        "quality_reasons": "" if gradable else "too_dark",
        "grade": 2 if gradable else None,
        **{f"probability_{grade}": share for grade in range(5)},
        "referable_probability": share,
        "vision_threatening_probability": share,
        "referable": True if gradable else None,
        "decision": decision.value,
        "model_name": "crowd",
        "model_version": "1",
        "model_sha256": "00" * 32,
        "threshold_referable": 0.5,
        "threshold_abstain_low": 0.4,
        "threshold_abstain_high": 0.6,
        "threshold_vision_threatening": 0.7,
        "graded": taken,
    }
