"""The clinic's templates, its notice policy and its notifiers' settings, inside a transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from drscreen.adapters.store.audit import AuditTrail
from drscreen.adapters.store.notice_tables import NoticeSettingRow, NoticeTextRow
from drscreen.adapters.store.rows import known_code
from drscreen.domain.audit import AuditKind
from drscreen.domain.errors import StoreDamaged
from drscreen.domain.notice import NoticePolicy, Purpose
from drscreen.domain.notice_text import NoticeText
from drscreen.domain.notifier import SettingValues
from drscreen.domain.patient import Channel
from drscreen.domain.plugin_choice import PluginChoice

_POLICY = "policy"
_NOTIFIER = "notifier "
_PLUGIN = "plugin "


def policy(session: Session) -> NoticePolicy:
    """What the clinic wants; a field that an older program did not know has its default."""
    told = _read(session, _POLICY)
    known = {field.name: told[field.name] for field in fields(NoticePolicy) if field.name in told}
    try:
        for name in ("quiet_from", "quiet_until"):
            if name in known:
                known[name] = time.fromisoformat(known[name])
        if "regions" in known:
            known["regions"] = frozenset(known["regions"])
        return NoticePolicy(**known)
    except (TypeError, ValueError) as error:
        raise _damaged() from error


def set_policy(session: Session, audit: AuditTrail, wanted: NoticePolicy) -> None:
    """Change it, and note which fields differ."""
    before = policy(session)
    told: dict[str, Any] = {
        field.name: getattr(wanted, field.name) for field in fields(NoticePolicy)
    }
    changed = [name for name, value in told.items() if getattr(before, name) != value]
    if not changed:
        return
    told["quiet_from"] = wanted.quiet_from.isoformat()
    told["quiet_until"] = wanted.quiet_until.isoformat()
    told["regions"] = sorted(wanted.regions)
    told["notifiers"] = dict(wanted.notifiers)
    _write(session, _POLICY, told)
    audit.note(AuditKind.SETTING_CHANGED, setting="notice_policy", fields=" ".join(changed))


def texts(session: Session) -> list[NoticeText]:
    """The clinic's own templates."""
    query = select(NoticeTextRow).order_by(
        NoticeTextRow.purpose, NoticeTextRow.channel, NoticeTextRow.language
    )
    return [
        NoticeText(
            known_code(Purpose, row.purpose),
            known_code(Channel, row.channel),
            row.language,
            row.body,
            row.subject,
        )
        for row in session.scalars(query)
    ]


def set_text(session: Session, audit: AuditTrail, text: NoticeText) -> None:
    """Keep a template in place of whichever there was."""
    key = (text.purpose, text.channel, text.language)
    session.merge(
        NoticeTextRow(
            purpose=text.purpose.value,
            channel=text.channel.value,
            language=text.language,
            subject=text.subject,
            body=text.body,
        )
    )
    session.flush()
    _note_text(audit, key)


def remove_text(session: Session, audit: AuditTrail, key: tuple[Purpose, Channel, str]) -> None:
    """Go back to the default. Nothing happens where there is none."""
    purpose, channel, language = key
    row = session.get(NoticeTextRow, (purpose.value, channel.value, language))
    if row is not None:
        session.delete(row)
        session.flush()
        _note_text(audit, key)


def notifier_settings(session: Session, name: str) -> SettingValues:
    """A notifier's settings, secrets and all; empty where nobody set any."""
    return SettingValues(_read(session, _NOTIFIER + name))


def set_notifier_settings(
    session: Session, audit: AuditTrail, name: str, values: Mapping[str, str]
) -> None:
    """Replace them, and note the keys whose values differ."""
    before = notifier_settings(session, name)
    changed = sorted(key for key in {*before, *values} if before.get(key) != values.get(key))
    if not changed:
        return
    _write(session, _NOTIFIER + name, dict(values))
    audit.note(AuditKind.SETTING_CHANGED, setting=_NOTIFIER + name, keys=" ".join(changed))


def plugin_choices(session: Session) -> dict[str, PluginChoice]:
    """The chosen plugins, by package."""
    rows = session.scalars(
        select(NoticeSettingRow.key).where(
            NoticeSettingRow.key.startswith(_PLUGIN, autoescape=True)
        )
    )
    found = (_choice(key.removeprefix(_PLUGIN), _read(session, key)) for key in rows.all())
    return {choice.package: choice for choice in found if choice is not None}


def choose_plugin(session: Session, audit: AuditTrail, choice: PluginChoice) -> None:
    """Keep a choice in place of whichever there was of that package."""
    told = {
        "version": choice.version,
        "digest": choice.digest,
        "by": choice.by,
        "moment": choice.moment.isoformat(),
    }
    _write(session, _PLUGIN + choice.package, told)
    _note_plugin(audit, choice.package, chosen=choice.digest, version=choice.version)


def revoke_plugin(session: Session, audit: AuditTrail, package: str) -> None:
    """Forget a choice. Nothing happens where there is none."""
    if _read(session, _PLUGIN + package):
        _write(session, _PLUGIN + package, {})
        _note_plugin(audit, package, chosen="")


def _choice(package: str, told: Mapping[str, Any]) -> PluginChoice | None:
    """None where it was revoked."""
    if not told:
        return None
    try:
        return PluginChoice(
            package,
            str(told["version"]),
            str(told["digest"]),
            str(told["by"]),
            datetime.fromisoformat(told["moment"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged() from error


def _note_plugin(audit: AuditTrail, package: str, **details: str) -> None:
    audit.note(AuditKind.SETTING_CHANGED, setting=_PLUGIN + package, **details)


def _note_text(audit: AuditTrail, key: tuple[Purpose, Channel, str]) -> None:
    purpose, channel, language = key
    audit.note(
        AuditKind.SETTING_CHANGED,
        setting="notice_text",
        purpose=purpose.value,
        channel=channel.value,
        language=language,
    )


def _read(session: Session, key: str) -> dict[str, Any]:
    row = session.get(NoticeSettingRow, key)
    if row is None:
        return {}
    try:
        told = json.loads(row.value)
    except ValueError as error:
        raise _damaged() from error
    if not isinstance(told, dict):
        raise _damaged()
    return told


def _write(session: Session, key: str, told: Mapping[str, Any]) -> None:
    session.merge(NoticeSettingRow(key=key, value=json.dumps(told)))
    session.flush()


def _damaged() -> StoreDamaged:
    return StoreDamaged("A setting of the notices does not read back.")
