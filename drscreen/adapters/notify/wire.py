"""The plugin interface's data as JSON, there and back.

What drscreen says is read by its own code in the plugin's process. What that process answers is a
stranger's: every type, length and character is looked at.
"""

from __future__ import annotations

import math
import unicodedata
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from drscreen.adapters.notify.calls import WrongAnswer
from drscreen.plugin_api import (
    Enquiry,
    Message,
    NotifierInfo,
    Receipt,
    ReceiptState,
    Setting,
    SettingKind,
    SettingProblem,
)

E = TypeVar("E", bound=StrEnum)

_SENTENCE, _WORD = 1000, 200
_MOST = 100
#: Seconds.
_LONGEST_WAIT = 30 * 86_400
#: What breaks a line, or turns the words around it (UAX 9); letters of any script pass.
_BREAKING = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def message_out(message: Message) -> dict[str, Any]:
    """A message, for the plugin's process."""
    return {
        "id": message.id,
        "to": message.to,
        "body": message.body,
        "subject": message.subject,
        "language": message.language,
        "valid_for": message.valid_for.total_seconds(),
    }


def message_in(told: dict[str, Any]) -> Message:
    """The message, in the plugin's process."""
    return Message(**{**told, "valid_for": timedelta(seconds=told["valid_for"])})


def enquiry_out(enquiry: Enquiry) -> dict[str, Any]:
    """An enquiry, for the plugin's process."""
    return {
        "message": message_out(enquiry.message),
        "reference": enquiry.reference,
        "attempted": enquiry.attempted.isoformat(),
        "claimed": sorted(enquiry.claimed),
    }


def enquiry_in(told: dict[str, Any]) -> Enquiry:
    """The enquiry, in the plugin's process."""
    return Enquiry(
        message_in(told["message"]),
        told["reference"],
        datetime.fromisoformat(told["attempted"]),
        frozenset(told["claimed"]),
    )


def receipt_out(receipt: Receipt) -> dict[str, Any]:
    """A receipt whose types were checked, from the plugin's process."""
    wait = receipt.retry_after
    return {
        "state": receipt.state.value,
        "reference": receipt.reference,
        "reason": receipt.reason,
        "sentence": receipt.sentence,
        "retry_after": None if wait is None else wait.total_seconds(),
        "opted_out": receipt.opted_out,
        "offline": receipt.offline,
        "misconfigured": receipt.misconfigured,
        "busy": receipt.busy,
    }


def receipt_in(told: object) -> Receipt:
    """The receipt. Raises `WrongAnswer`."""
    fields = _record(told)
    return Receipt(
        _word(ReceiptState, fields.get("state")),
        reference=_text(fields.get("reference"), _WORD),
        reason=_text(fields.get("reason"), _WORD),
        sentence=_text(fields.get("sentence"), _SENTENCE),
        retry_after=_wait(fields.get("retry_after")),
        opted_out=_flag(fields.get("opted_out")),
        offline=_flag(fields.get("offline")),
        misconfigured=_flag(fields.get("misconfigured")),
        busy=_flag(fields.get("busy")),
    )


def problems_out(problems: list[SettingProblem]) -> list[dict[str, Any]]:
    """Problems of settings, from the plugin's process."""
    return [{"key": p.key, "sentence": p.sentence, "hinders": p.hinders} for p in problems]


def problems_in(told: object) -> list[SettingProblem]:
    """The problems. Raises `WrongAnswer`."""
    return [
        SettingProblem(
            _text(one.get("key"), _WORD),
            _text(one.get("sentence"), _SENTENCE),
            _flag(one.get("hinders")),
        )
        for one in map(_record, _list(told))
    ]


def sentence_in(told: object) -> str:
    """A sentence, or none. Raises `WrongAnswer`."""
    return _text(told, _SENTENCE)


def info_out(info: NotifierInfo) -> dict[str, Any]:
    """Who a notifier is, from the plugin's process."""
    return {
        "name": info.name,
        "title": info.title,
        "channel": info.channel,
        "api_version": info.api_version,
        "looks_up": bool(info.looks_up),
        "settings": [
            {
                "key": setting.key,
                "label": setting.label,
                "kind": setting.kind.value,
                "help": setting.help,
                "default": setting.default,
                "required": bool(setting.required),
                "choices": list(setting.choices),
            }
            for setting in info.settings
        ],
    }


def info_in(told: object) -> NotifierInfo:
    """Who it is. Raises `WrongAnswer`."""
    fields = _record(told)
    version = fields.get("api_version")
    if type(version) is not int:
        raise WrongAnswer
    return NotifierInfo(
        _text(fields.get("name"), _WORD),
        _text(fields.get("title"), _WORD),
        _text(fields.get("channel"), _WORD),
        version,
        tuple(map(_setting, _list(fields.get("settings")))),
        _flag(fields.get("looks_up")),
    )


def _setting(told: object) -> Setting:
    fields = _record(told)
    return Setting(
        _text(fields.get("key"), _WORD),
        _text(fields.get("label"), _WORD),
        _word(SettingKind, fields.get("kind")),
        _text(fields.get("help"), _SENTENCE),
        _text(fields.get("default"), _SENTENCE),
        _flag(fields.get("required")),
        tuple(_text(choice, _WORD) for choice in _list(fields.get("choices"))),
    )


def _record(told: object) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise WrongAnswer
    return told


def _list(told: object) -> list[Any]:
    if not isinstance(told, list) or len(told) > _MOST:
        raise WrongAnswer
    return told


def _text(told: object, longest: int) -> str:
    if not isinstance(told, str) or len(told) > longest:
        raise WrongAnswer
    if any(c in _TURNING or unicodedata.category(c) in _BREAKING for c in told):
        raise WrongAnswer
    return told


def _flag(told: object) -> bool:
    if not isinstance(told, bool):
        raise WrongAnswer
    return told


def _word(kind: type[E], told: object) -> E:
    if not isinstance(told, str) or told not in set(kind):
        raise WrongAnswer
    return kind(told)


def _wait(told: object) -> timedelta | None:
    if told is None:
        return None
    if isinstance(told, bool) or not isinstance(told, int | float) or not math.isfinite(told):
        raise WrongAnswer
    return timedelta(seconds=min(max(told, 0), _LONGEST_WAIT))
