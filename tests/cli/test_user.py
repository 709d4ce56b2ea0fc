"""`drscreen user`, driven by a script."""

from __future__ import annotations

import json

from tests.cli.conftest import Run

OWN, FRESH, LAST = "correct horse battery", "another password", "a third password"


def test_accounts_from_first_to_last(drscreen: Run) -> None:
    made = drscreen("init", "--user", "nora", "--password-file", "-", stdin=OWN)
    assert made.returncode == 0, made.stderr
    code = made.stdout.strip()
    by = ("--user", "nora", "--password-file", "-")
    new = ("--new-password-file", "-")
    ran = drscreen(
        "user", "add", "tess", "--role", "technician", *by, *new, stdin=f"{OWN}\n{FRESH}"
    )
    assert ran.returncode == 0, ran.stderr
    ran = drscreen("user", "role", "tess", "clinician", *by, stdin=OWN)
    assert ran.returncode == 0, ran.stderr
    ran = drscreen("user", "list", "--json", *by, stdin=OWN)
    assert [json.loads(line)["role"] for line in ran.stdout.splitlines()] == [
        "administrator",
        "clinician",
    ]
    ran = drscreen("user", "list", "--user", "tess", "--password-file", "-", stdin=FRESH)
    assert ran.returncode == 1
    assert "not_permitted" in ran.stderr
    theirs = ("--user", "tess", "--password-file", "-")
    ran = drscreen("user", "password", *theirs, *new, stdin=f"{FRESH}\n{LAST}")
    assert ran.returncode == 0, ran.stderr
    ran = drscreen(
        "user", "recover", "nora", "--code-file", "-", *new, stdin=f"{code.lower()}\n{LAST}"
    )
    assert ran.returncode == 0, ran.stderr
    ran = drscreen("user", "remove", "tess", *by, stdin=LAST)
    assert ran.returncode == 0, ran.stderr
    ran = drscreen("user", "list", *theirs, stdin=LAST)
    assert "sign_in_failed" in ran.stderr
    ran = drscreen("user", "lock-after", "5", *by, stdin=LAST)
    assert ran.returncode == 0, ran.stderr
    ran = drscreen("audit", "export", *by, stdin=LAST)
    kinds = [json.loads(line)["kind"] for line in ran.stdout.splitlines()]
    for kind in ("user_added", "role_changed", "password_recovered", "data_key_changed"):
        assert kind in kinds
