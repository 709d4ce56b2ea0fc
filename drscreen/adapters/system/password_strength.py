"""How long a password would stand against guessing, by zxcvbn's estimate.

D. L. Wheeler, "zxcvbn: Low-Budget Password Strength Estimation", USENIX Security 2016: dictionaries
of common passwords and words, names, dates, keyboard walks, sequences and repeats.
"""

from __future__ import annotations

from collections.abc import Collection

#: Of 0 to 4. At 3 guessing takes at least 10^8 tries, which its authors call safely unguessable
#: where each try is slow, as Argon2id makes it.
SCORE_MIN = 3
#: What zxcvbn takes; its time grows with the square of the length. The rest can only add.
_LOOKED_AT = 72
_OWN_WORDS = "drscreen", "retina", "screening", "clinic"


def weakness(password: str, words: Collection[str]) -> str:
    """Why a password is too weak, as a sentence; empty where it is not.

    `words` are what an attacker would try first here: the person's and the clinic's names. Some
    milliseconds, and a tenth of a second at the first call. Any thread.
    """
    from zxcvbn import zxcvbn

    around = {part for word in words for part in (word, *word.split()) if part}
    found = zxcvbn(password[:_LOOKED_AT], user_inputs=[*_OWN_WORDS, *around])
    if found["score"] >= SCORE_MIN:
        return ""
    if any(part.get("dictionary_name") == "user_inputs" for part in found["sequence"]):
        return "The password is built on your name, the clinic's or the program's."
    return found["feedback"]["warning"] or "This password is easy to guess."
