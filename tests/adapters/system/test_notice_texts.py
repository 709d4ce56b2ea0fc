from __future__ import annotations

import re

from drscreen.adapters.system.notice_texts import read_texts
from drscreen.adapters.system.paths import resources
from drscreen.domain.notice import Purpose
from drscreen.domain.notice_text import check_text
from drscreen.domain.patient import Channel

TEXTS = read_texts(resources() / "notices")


def test_every_purpose_has_words_in_every_language_and_on_every_channel() -> None:
    there = {(text.language, text.purpose, text.channel) for text in TEXTS}
    assert there == {
        (language, purpose, channel)
        for language in ("en", "es", "fr", "hi", "pt")
        for purpose in Purpose
        for channel in Channel
    }


def test_none_names_a_person_a_result_or_a_disease() -> None:
    telling = re.compile(r"diabet|retin|grade|refer|eye|ojo|œil|olho|आँख|डायबिट|मधुमेह", re.I)
    for text in TEXTS:
        check_text(text, personal=False)
        assert not telling.search(text.body + text.subject), text
