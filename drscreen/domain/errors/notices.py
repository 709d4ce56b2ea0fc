"""Notices, and what sends them."""

from __future__ import annotations

from drscreen.domain.errors.base import DrscreenError


class NoticeError(DrscreenError):
    """A notice, or what sends it, that cannot be as it was asked for."""

    code = "notice"


class TemplateInvalid(NoticeError):
    """A template that is empty, too long, or names what it may not."""

    code = "template_invalid"
    advice = "Correct the text and save again."


class NoticeUnknown(NoticeError):
    """No notice of that number, or not one that this can be done to."""

    code = "notice_unknown"
    advice = "Look at the list again: it may have changed meanwhile."


class NotifierUnusable(NoticeError):
    """A notifier that is missing, broken, or set up wrongly."""

    code = "notifier_unusable"
    advice = "See Settings, Notices."


class ReminderTooSoon(NoticeError):
    """A reminder of that kind went out to the patient a short time ago."""

    code = "reminder_too_soon"
    advice = "Call the patient, or wait."
