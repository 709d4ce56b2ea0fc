"""`drscreen model sign`, `keygen`, `trust`, `untrust`, `trusted`: who vouches for a network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from drscreen.bootstrap import Workstation
from drscreen.cli.app import Home, PasswordFile, failures_told, read_password, say, signed_in
from drscreen.cli.model import AsJson, model
from drscreen.cli.output import DataTable, print_json_line, print_table
from drscreen.services.networks import NetworksService

By = Annotated[str, typer.Option("--user", help="Who does this: an administrator's user name.")]
KeyPassword = Annotated[
    str | None,
    typer.Option(
        "--password-file", help="File whose first line is the key's password; '-' standard input."
    ),
]


@model.command()
def keygen(
    file: Annotated[Path, typer.Argument(help="The private key to write (.pem).")],
    password_file: KeyPassword = None,
) -> None:
    """Make a key to sign networks with. Keep the private one away from workstations."""
    password = read_password(password_file, "Password for the key")
    with failures_told():
        public = Workstation.make_signing_key(file, password)
    say(
        f"{file} is the private key: whoever has it and its password can sign. {public} is the "
        "public one: put it into resources/keys/clinic of the workstations that shall trust it."
    )


@model.command()
def sign(
    folder: Annotated[Path, typer.Argument(help="A network's folder.")],
    key: Annotated[Path, typer.Option(help="The private key, as keygen writes it.")],
    password_file: KeyPassword = None,
) -> None:
    """Sign a network that is whole. One small file is added; nothing of the network changes."""
    password = read_password(password_file, "Password of the key")
    with failures_told():
        signature = Workstation().sign_network(folder, key, password)
    say(f"{folder.name}: {signature.words}")


@contextmanager
def _networks(
    home: Home, user: str, password_file: str | None
) -> Iterator[tuple[Workstation, NetworksService]]:
    workstation = Workstation(home)
    with failures_told(), closing(signed_in(workstation, user, password_file)) as store:
        yield workstation, workstation.networks(store)


@model.command()
def trust(
    name: Annotated[str, typer.Argument(metavar="MODEL", help="By name, or a bundle's folder.")],
    user: By,
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Let a network be used here that nobody signed. Your name then stands on every result.

    It holds for the network as it is now; where one byte of it changes, it is refused again.
    """
    with _networks(home, user, password_file) as (workstation, networks):
        consent = networks.allow(workstation.verified_bundle(name).info)
    say(
        f"{consent.name} {consent.version} may be used here, allowed by {consent.allowed_by}. "
        f"Manifest {consent.sha256}. Take it back with: drscreen model untrust"
    )


@model.command()
def untrust(
    sha256: Annotated[
        str, typer.Argument(help="The manifest, or its beginning, as 'model trusted' lists it.")
    ],
    user: By,
    password_file: PasswordFile = None,
    home: Home = None,
) -> None:
    """Take such a consent back, at once, for everybody here."""
    with _networks(home, user, password_file) as (_workstation, networks):
        found = [c for c in networks.consents() if len(sha256) >= 8 and c.sha256.startswith(sha256)]
        if len(found) != 1:
            raise typer.BadParameter("No consent, or more than one, begins like that.")
        networks.refuse(found[0].sha256)
    say(f"{found[0].name} {found[0].version} may no longer be used here.")


@model.command()
def trusted(
    user: By, as_json: AsJson = False, password_file: PasswordFile = None, home: Home = None
) -> None:
    """List the unsigned networks that may be used here, and who allowed them."""
    with _networks(home, user, password_file) as (_workstation, networks):
        consents = networks.consents()
    table = DataTable("name", "version", "allowed by", "on", "sha256")
    for one in consents:
        if as_json:
            print_json_line({**asdict(one), "allowed": one.allowed.isoformat()})
        day = f"{one.allowed:%Y-%m-%d}"
        table.row(one.name, one.version, one.allowed_by, day, one.sha256[:12])
    if not as_json:
        print_table(table)
