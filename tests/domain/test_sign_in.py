from __future__ import annotations

from datetime import timedelta

import pytest

from drscreen.domain.errors import InvalidInput
from drscreen.domain.recovery import checked_recovery_code, new_recovery_code
from drscreen.domain.sign_in import Patience


def test_wait_doubles_to_its_most() -> None:
    waits = [Patience().wait_after(n).total_seconds() for n in (0, 3, 4, 5, 6, 12, 13, 10**6)]
    assert waits == [0, 0, 2, 4, 8, 512, 900, 900]


def test_hundred_guesses_take_most_of_a_day() -> None:
    total = sum((Patience().wait_after(n) for n in range(100)), timedelta())
    assert total > timedelta(hours=20)


def test_code_reads_back_however_it_is_typed() -> None:
    for _ in range(50):
        code = new_recovery_code()
        assert [len(group) for group in code.split("-")] == [5] * 5
        for typed in (
            code,
            code.lower(),
            code.replace("-", " "),
            f"  {code.replace('-', '')}\n",
            code.replace("0", "O").replace("1", "l"),
            code.replace("1", "I").replace("0", "o"),
        ):
            assert checked_recovery_code(typed) == code


def test_any_single_mistyped_letter_is_told() -> None:
    code = new_recovery_code()
    missed = 0
    for at, letter in enumerate(code):
        if letter == "-":
            continue
        for other in "0123456789ABCDEFGHJKMNPQRSTVWXYZ":
            if other != letter:
                try:
                    checked_recovery_code(code[:at] + other + code[at + 1 :])
                    missed += 1
                except InvalidInput:
                    pass
    assert missed <= 1, "15 bits miss one in 32,768; there are 775 here"


@pytest.mark.parametrize("typed", ["", "12345", "x" * 500, "ÄÖÜÄÖ" * 5, "00000-" * 5])
def test_what_is_no_code_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput):
        checked_recovery_code(typed)


def test_codes_differ() -> None:
    assert len({new_recovery_code() for _ in range(200)}) == 200
