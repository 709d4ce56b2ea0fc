"""The password typed once more in records that are open, and what it is good for."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from datetime import datetime

from drscreen.adapters.store.attempts import Attempts
from drscreen.adapters.store.keys import account_key
from drscreen.domain.errors import PasswordNeeded, PasswordWrong
from drscreen.domain.permissions import NEEDS_PASSWORD, Action
from drscreen.domain.sign_in import PROOF_LASTS, Proof, Uptime


class Door:
    """Of one open store, from its sign-in on. Any thread.

    A try here is counted, slowed down and told like one at the sign-in, in the same list.
    """

    def __init__(self, attempts: Attempts, clock: Callable[[], Uptime]) -> None:
        self._attempts = attempts
        self._clock = clock
        self._opened = clock()
        self._given: dict[bytes, tuple[Action, Uptime]] = {}
        self._guard = threading.Lock()

    def proof(
        self,
        action: Action,
        user_name: str,
        now: datetime,
        is_right: Callable[[], bool],
        tell: Callable[[], None],
    ) -> Proof:
        """Ask whether the password `is_right`; where it is not, `tell` writes it into the audit
        log. Raises `PasswordWrong`, `SignInThrottled`, a `StoreError`, `OSError`.
        """
        account = account_key(user_name)
        with self._attempts.alone():
            number = self._attempts.begin(account, now, known=True).number
            if not is_right():
                # Told within its turn: a sign-in meanwhile would tell of it too.
                tell()
                self._attempts.recorded(number)
                raise PasswordWrong("The password is wrong.")
            self._attempts.forgive(account, number)
        proof = Proof(action, secrets.token_bytes(16))
        with self._guard:
            self._given[proof.token] = (action, self._clock())
        return proof

    def check(self, action: Action, proof: Proof | None) -> None:
        """Raise `PasswordNeeded` where the act is a dangerous one and the password was not typed a
        moment ago: for this very act, or at the sign-in where no proof is brought.
        """
        if action not in NEEDS_PASSWORD:
            return
        if proof is None:
            typed: Uptime | None = self._opened
        else:
            with self._guard:
                granted, typed = self._given.get(proof.token, (None, None))
            if granted is not action:
                typed = None
        if typed is None or self._clock().since(typed) > PROOF_LASTS:
            raise PasswordNeeded(action)
