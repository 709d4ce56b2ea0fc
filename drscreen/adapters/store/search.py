"""Finding patients by what somebody types: any part of number or names, case and accents aside, or
the year or day of birth.

Words of three letters and more are looked up in an index of every three letters in a row (FTS5,
trigrams); shorter ones are sought in an index that holds the list in its order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    column,
    desc,
    false,
    func,
    literal_column,
    select,
    table,
)
from sqlalchemy.orm import Session

from drscreen.adapters.store import rows
from drscreen.adapters.store.folding import day_or_year, folded
from drscreen.adapters.store.likeness import is_like
from drscreen.adapters.store.tables import ExamRow, GradingRow, PatientRow, PhotographRow
from drscreen.domain.image import Laterality
from drscreen.domain.patient import PatientSummary
from drscreen.domain.referral import Decision, exam_outcome

#: SQLite's expressions are at most 1000 deep. No number with names has this many words.
WORDS_MAX = 250
_GRAM = 3
#: Words shorter than this are not sought by likeness: everything is like them.
_LIKENESS_FROM = 4
#: Of a mistyped word, so many of its rarest three letters are looked up, and so many patients that
#: hold most of them are looked at.
_RAREST, _CANDIDATES = 5, 300

_words = table("patient_words", column("rowid"), column("rank"))


def page(session: Session, text: str, offset: int, limit: int) -> list[PatientSummary]:
    """A page of the patients that match.

    Newest exam first, then by number; patients without an exam come last.
    """
    wanted = (
        _matching(select(PatientRow.id), text)
        .order_by(desc(PatientRow.last_exam), PatientRow.mrn)
        .offset(offset)
        .limit(limit)
    )
    return _summaries(session, list(session.scalars(wanted)))


def count_matching(session: Session, text: str) -> int:
    """How many patients match."""
    return session.scalar(_matching(select(func.count()), text, counted=True)) or 0


def like(session: Session, text: str, limit: int) -> list[PatientSummary]:
    """Patients whose number or names are like every word typed, the likest first.

    A letter wrong, missing, doubled or exchanged with its neighbour is forgiven, two in a long
    word (`likeness`).
    """
    words = [word for word in _typed(text) if len(word) >= _LIKENESS_FROM]
    if not words or len(words) > WORDS_MAX:
        return []
    grams = _rarest(session, {gram for word in words for gram in _grams(word)})
    if not grams:
        return []
    candidates = session.execute(
        select(PatientRow.id, PatientRow.search)
        .join(_words, _words.c.rowid == PatientRow.id)
        .where(_match(" OR ".join(grams)))
        .order_by(_words.c.rank)
        .limit(_CANDIDATES)
    ).all()
    found = [
        row.id
        for row in candidates
        if all(any(is_like(word, own) for own in row.search.split()) for word in words)
    ]
    return _summaries(session, found[:limit])


def _matching(query: Select[Any], text: str, *, counted: bool = False) -> Select[Any]:
    """The query narrowed to the patients that hold every word."""
    words = _typed(text)
    if len(words) > WORDS_MAX:
        return query.select_from(PatientRow).where(false())
    long = [word for word in words if len(word) >= _GRAM and "\0" not in word]
    short = [word for word in words if word not in long]
    # instr, not LIKE: nothing a person types is a wildcard.
    holds: list[ColumnElement[bool]] = [func.instr(PatientRow.search, word) > 0 for word in short]
    if not long:
        return query.select_from(PatientRow).where(*holds)
    if counted and not short:
        return query.select_from(_words).where(_match(_all_of(long)))
    return (
        query.select_from(_words)
        .join(PatientRow, PatientRow.id == _words.c.rowid)
        .where(_match(_all_of(long)), *holds)
    )


def _typed(text: str) -> list[str]:
    return sorted(set(folded(text).split()))


def _match(query: str) -> ColumnElement[bool]:
    return literal_column("patient_words").op("MATCH")(query)


def _all_of(words: Sequence[str]) -> str:
    return " AND ".join(map(_anywhere, words))


def _anywhere(word: str) -> str:
    """In number or names, or, where it is a year or a day, as that of the birth."""
    born = day_or_year(word)
    return _quoted(word) if born is None else f"({_quoted(word)} OR {_quoted(born)})"


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def _grams(word: str) -> set[str]:
    return (
        {word[n : n + _GRAM] for n in range(len(word) - _GRAM + 1)} if "\0" not in word else set()
    )


def _rarest(session: Session, grams: set[str]) -> list[str]:
    """The rarest that occur at all, quoted: they narrow best, and cost least."""
    count = select(func.count()).select_from(_words)
    counted = sorted(
        (session.scalar(count.where(_match(quoted))) or 0, quoted)
        for quoted in map(_quoted, sorted(grams)[:WORDS_MAX])
    )
    return [quoted for count, quoted in counted if count][:_RAREST]


def _summaries(session: Session, patient_ids: Sequence[int]) -> list[PatientSummary]:
    """Rows of the list for these patients, in that order."""
    photographs = (
        select(func.count(PhotographRow.id))
        .join(ExamRow, PhotographRow.exam_id == ExamRow.id)
        .where(ExamRow.patient_id == PatientRow.id)
        .scalar_subquery()
    )
    # Columns rather than objects: a list is read, never changed, and this is twice as quick.
    query = select(*PatientRow.__table__.columns, photographs.label("photographs")).where(
        PatientRow.id.in_(patient_ids)
    )
    found = {row.id: row for row in session.execute(query)}
    findings = _newest_findings(session, patient_ids)
    return [
        PatientSummary(
            patient=rows.patient_of(row),
            photographs=row.photographs,
            last_exam=row.last_exam,
            last_outcome=exam_outcome(findings[row.id]) if row.id in findings else None,
        )
        for row in (found[patient_id] for patient_id in patient_ids)
    ]


def _newest_findings(
    session: Session, patient_ids: Sequence[int]
) -> dict[int, list[tuple[Laterality, Decision]]]:
    """Eye and decision of every photograph in the newest exam of each of these patients."""
    query = (
        select(ExamRow.patient_id, PhotographRow.eye, GradingRow.decision)
        .select_from(PatientRow)
        .join(
            ExamRow, (ExamRow.patient_id == PatientRow.id) & (ExamRow.day == PatientRow.last_exam)
        )
        .join(PhotographRow, PhotographRow.exam_id == ExamRow.id)
        .join(GradingRow, GradingRow.photograph_id == PhotographRow.id)
        .where(PatientRow.id.in_(patient_ids))
    )
    findings: dict[int, list[tuple[Laterality, Decision]]] = defaultdict(list)
    for patient_id, eye, decision in session.execute(query):
        findings[patient_id].append((Laterality(eye), Decision(decision)))
    return findings
