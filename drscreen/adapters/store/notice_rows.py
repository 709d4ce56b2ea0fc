"""Between rows of the outbox and the domain's notices."""

from __future__ import annotations

import uuid
from datetime import datetime

from drscreen.adapters.store.notice_tables import NoticeRow
from drscreen.adapters.store.rows import known_code
from drscreen.domain.notice import ENDED, Notice, NoticeDraft, NoticeState, Purpose
from drscreen.domain.patient import Channel


def new_row(moment: datetime) -> NoticeRow:
    """A row of a notice that nobody has tried to send; the draft is to be filled in."""
    return NoticeRow(
        uuid=str(uuid.uuid4()),
        created=moment,
        attempts=0,
        attempted=None,
        notifier="",
        reference="",
        former="",
        notified=False,
    )


def fill_notice(row: NoticeRow, draft: NoticeDraft) -> None:
    """Write the draft into the row; the patient, and what happened so far, are the caller's."""
    row.purpose = draft.purpose.value
    row.channel = draft.channel.value
    row.about = draft.about
    row.address = draft.address
    row.language = draft.language
    row.subject = draft.subject
    row.body = draft.body
    row.state = draft.state.value
    row.reason = draft.reason
    row.sentence = draft.sentence
    row.due = None if draft.state in ENDED else draft.due
    row.expires = draft.expires


def notice_of(row: NoticeRow, mrn: str) -> Notice:
    """The notice in the row. Raises `StoreDamaged`."""
    return Notice(
        id=row.uuid,
        mrn=mrn,
        purpose=known_code(Purpose, row.purpose),
        channel=known_code(Channel, row.channel),
        about=row.about,
        state=known_code(NoticeState, row.state),
        address=row.address,
        language=row.language,
        subject=row.subject,
        body=row.body,
        created=row.created,
        due=row.due,
        expires=row.expires,
        changed=row.changed,
        attempts=row.attempts,
        attempted=row.attempted,
        notifier=row.notifier,
        reference=row.reference,
        reason=row.reason,
        sentence=row.sentence,
    )
