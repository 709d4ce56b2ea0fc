"""What an administrator sets, and what is wrong with it."""

from __future__ import annotations

import ipaddress
import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from drscreen.plugin_api import Setting, SettingKind, SettingProblem, SettingValues, text_fault
from drscreen_notify_email.address import Address, AddressRefused, parse

STARTTLS, TLS, NONE = "starttls", "tls", "none"
_PORTS = {STARTTLS: 587, TLS: 465, NONE: 25}
_LONGEST_TIMEOUT = 30
_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")

SCHEMA = (
    Setting("host", "Mail server", help="Such as mail.example.org.", required=True),
    Setting(
        "security",
        "Encryption",
        SettingKind.CHOICE,
        help="starttls begins in clear and encrypts before anything is said; tls encrypts from the "
        "first byte; none is for a mail server on this very machine.",
        default=STARTTLS,
        choices=(STARTTLS, TLS, NONE),
    ),
    Setting(
        "port",
        "Port",
        SettingKind.NUMBER,
        help="Empty for the usual one: 587 with starttls, 465 with tls.",
    ),
    Setting("user", "User name", help="Empty where the server asks for none."),
    Setting("password", "Password", SettingKind.SECRET),
    Setting(
        "sender",
        "Sender's address",
        help="What patients see and answer to; the server must let this user write as it.",
        required=True,
    ),
    Setting("sender_name", "Sender's name", help="Such as the clinic's, without a department."),
    Setting(
        "ca_file",
        "Certificate authority",
        help="A PEM file on this machine, only for a mail server whose certificate the clinic "
        "issued itself.",
    ),
    Setting(
        "timeout",
        "Time-out",
        SettingKind.NUMBER,
        help=f"Seconds to wait for each answer, 1 to {_LONGEST_TIMEOUT}.",
        default="20",
    ),
)


@dataclass(frozen=True, slots=True)
class Server:
    """Checked settings. The `repr` leaves the login out. `timeout` is in seconds."""

    host: str
    port: int
    security: str
    sender: Address
    sender_name: str
    ca_file: str
    timeout: float
    user: str = field(repr=False)
    password: str = field(repr=False)

    def context(self) -> ssl.SSLContext:
        """Certificates and names are always verified. Raises `OSError` (`ssl.SSLError` is one)
        where the authority's file cannot be used.
        """
        return ssl.create_default_context(cafile=self.ca_file or None)


class SettingsWrong(ValueError):
    """Settings that cannot be used; `problems` say why."""

    def __init__(self, problems: list[SettingProblem]) -> None:
        super().__init__("settings cannot be used")
        self.problems = problems


def read(values: SettingValues) -> Server:
    """The settings, checked. Reads the authority's file; touches no network.

    Raises `SettingsWrong`.
    """
    given = {s.key: values.get(s.key, "").strip() or s.default for s in SCHEMA}
    given["password"] = values.get("password", "")  # a blank may belong to it
    problems = _Problems()
    problems.check("host", _host_problem(given["host"]))
    security = given["security"]
    if security not in _PORTS:
        problems.check("security", "Choose one of the kinds of encryption.")
    elif security == NONE and not _is_loopback(given["host"]):
        problems.check("security", "Without encryption only a mail server on this machine is used.")
    port = _number(given["port"] or str(_PORTS.get(security, 587)), 1, 65535)
    problems.check("port", "" if port else "A port is a number from 1 to 65535.")
    timeout = _number(given["timeout"], 1, _LONGEST_TIMEOUT)
    problems.check("timeout", "" if timeout else f"Seconds, from 1 to {_LONGEST_TIMEOUT}.")
    if given["password"] and not given["user"]:
        problems.check("user", "There is a password without a user name.")
    if given["user"] and not given["password"]:
        problems.check("password", "There is a user name without a password.")
    if text_fault(given["sender_name"]) or len(given["sender_name"]) > 100:
        problems.check("sender_name", "The name is one line of at most 100 characters.")
    sender = problems.sender(given["sender"])
    server = Server(
        host=given["host"],
        port=port,
        security=security,
        sender=sender,
        sender_name=given["sender_name"],
        ca_file=given["ca_file"],
        timeout=timeout,
        user=given["user"],
        password=given["password"],
    )
    problems.check("ca_file", _authority_problem(server))
    if problems.found:
        raise SettingsWrong(problems.found)
    return server


class _Problems:
    def __init__(self) -> None:
        self.found: list[SettingProblem] = []

    def check(self, key: str, sentence: str) -> None:
        if sentence:
            self.found.append(SettingProblem(key, sentence))

    def sender(self, text: str) -> Address:
        """The sender; any where it is wrong, for then the settings are not used."""
        try:
            sender = parse(text)
        except AddressRefused as error:
            self.check("sender", str(error))
            return Address("", "")
        if sender.needs_utf8:
            self.check("sender", "The sender's address before the @ has letters that many refuse.")
        return sender


def _host_problem(host: str) -> str:
    if not host:
        return "Which mail server? Its provider or your administrator knows."
    if _HOST.fullmatch(host) or _address(host):
        return ""
    return "A mail server's name has letters, digits, dots and hyphens only."


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _number(text: str, least: int, most: int) -> int:
    """0 where it is none within the bounds."""
    number = int(text) if re.fullmatch(r"[0-9]{1,5}", text) else 0
    return number if least <= number <= most else 0


def _authority_problem(server: Server) -> str:
    if not server.ca_file:
        return ""
    if not Path(server.ca_file).is_file():
        return "There is no such file on this machine."
    try:
        server.context()
    except OSError:
        return "The file holds no certificate in PEM form that can be read."
    return ""
