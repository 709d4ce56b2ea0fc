"""The notices' texts that come with drscreen: one TOML file a language."""

from __future__ import annotations

import tomllib
from pathlib import Path

from drscreen.domain.notice import Purpose
from drscreen.domain.notice_text import NoticeText
from drscreen.domain.patient import Channel


def read_texts(folder: Path) -> tuple[NoticeText, ...]:
    """Every text of every language, the file's name being the language."""
    texts = []
    for file in sorted(folder.glob("*.toml")):
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
        for purpose, words in tables.items():
            said = Purpose(purpose)
            texts.append(NoticeText(said, Channel.SMS, file.stem, words["sms"].strip()))
            texts.append(
                NoticeText(
                    said, Channel.EMAIL, file.stem, words["email"].strip(), words["subject"].strip()
                )
            )
    return tuple(texts)
