"""Names in the scripts of the world: shaped, in their direction, found again by a reader."""

from __future__ import annotations

import logging

import numpy as np
import numpy.typing as npt
import pytest
from fontTools.ttLib import TTFont
from pypdfium2 import PdfDocument

from drscreen.adapters.report.paper import Paper
from drscreen.adapters.report.scripts import font_of, main_font
from drscreen.adapters.system import paths

FONTS = paths.resources() / "fonts"
NAMES = {
    "Amharic": "አበበ በቀለ",
    "Arabic": "محمد عبد الله الحسن",
    "Armenian": "Արամ Խաչատրյան",
    "Bengali": "মোহাম্মদ রহিম",
    "Burmese": "အောင်ဆန်း",
    "Chinese": "王小明",
    "Georgian": "ქეთევან",
    "Greek": "Ελένη Παπαδοπούλου",
    "Gujarati": "ક્ષિતિજ પટેલ",
    "Hebrew": "משה בן־שלום",
    "Hindi": "आशा रविशंकर कृष्णमूर्ति",
    "Japanese": "山田 太郎 やまだ",
    "Kannada": "ಶ್ರೀನಿವಾಸ",
    "Khmer": "សុខា",
    "Korean": "김민수",
    "Lao": "ສົມສັກ",
    "Malayalam": "ശ്രീജിത്ത്",
    "Odia": "ଜଗନ୍ନାଥ",
    "Persian with a joiner": "علی\u200cرضا محمدی",
    "Punjabi": "ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ",
    "Russian": "Ёлкина Мария",
    "Sinhala with a joiner": "ශ්\u200dරී ජයවර්ධන",
    "Tamil": "கோவிந்தன் முத்துலட்சுமி",
    "Telugu": "శ్రీనివాసులు",
    "Thai": "สมชาย น้ำใจ",
    "Urdu": "محمد یوسف خان",
    "Vietnamese": "Nguyễn Thị Hằng",
}


def paper() -> Paper:
    return Paper(FONTS, title="A page", author="A clinic", foot="at the foot")


def read(pdf: bytes) -> str:
    with PdfDocument(pdf) as document:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document)


def ink(pdf: bytes) -> npt.NDArray[np.bool_]:
    """Which pixels of the first page are not white, the foot left out."""
    with PdfDocument(pdf) as document:
        picture = document[0].render(scale=2).to_numpy()
    shown: npt.NDArray[np.bool_] = picture[: int(picture.shape[0] * 0.9), :, :3].min(axis=2) < 200
    return shown


def written(text: str) -> bytes:
    page = paper()
    page.text(text)
    return page.content()


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_name_is_found_in_its_own_letters(name: str) -> None:
    page = paper()
    page.field("Name", name)
    page.text("After it")
    found = read(page.content())
    assert name in found
    assert "After it" in found


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_every_letter_has_a_font_that_draws_it(name: str) -> None:
    for letter in name.replace("\u200c", "").replace("\u200d", ""):
        assert ord(letter) in TTFont(FONTS / font_of(letter)).getBestCmap()


@pytest.mark.parametrize(
    ("whole", "apart"),
    [("محمد", "م\u200cح\u200cم\u200cد"), ("क्ष", "क्\u200cष"), ("ශ්\u200dරී", "ශ්\u200cරී")],
    ids=["Arabic", "Hindi", "Sinhala"],
)
def test_letters_are_joined_as_their_script_joins_them(whole: str, apart: str) -> None:
    drawn = ink(written(whole))
    assert drawn.any()
    assert (drawn != ink(written(apart))).any()


def test_what_begins_to_the_left_begins_at_the_right_margin() -> None:
    middle = ink(written("")).shape[1] // 2
    hebrew, hindi = ink(written("משה בן שלום 12/2026")), ink(written("आशा"))
    assert hebrew[:, middle:].any() and not hebrew[:, :middle].any()
    assert hindi[:, :middle].any() and not hindi[:, middle:].any()


def test_a_joiner_parts_no_word_between_fonts() -> None:
    assert main_font("علی\u200cرضا 12") == "NotoSansArabic-Regular.ttf"
    assert main_font("12/2026 (3)") == "NotoSans-Regular.ttf"


def test_letters_that_no_font_has_are_not_told_to_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert written("Ada \U0001f441 \U00012000").startswith(b"%PDF-")
    assert not caplog.records
