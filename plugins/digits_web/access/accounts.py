"""Accounts: names, roles, and passwords as Argon2id keeps them.

Biryukov, Dinu, Khovratovich, Josefsson: "Argon2 Memory-Hard Function for Password Hashing and Proof-of-Work
Applications", RFC 9106, 2021, https://www.rfc-editor.org/rfc/rfc9106
"""

from __future__ import annotations

import hashlib
import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digits_core.errors import NameTaken, NameUnknown, Problem, SpecInvalid, require, suggest
from digits_core.spec.model import NAME_PATTERN
from digits_web.access.kept import KeptFile
from digits_web.access.person import Person, Role

if TYPE_CHECKING:
    from argon2 import PasswordHasher

#: Fewest and most characters of a password; beyond that hashing would be work for whoever wants to keep us busy.
SHORTEST, LONGEST = 8, 1000


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may log in.

    Attributes:
        name: What they type, and what they own things by.
        role: What they may do.
        made: When the account was made, ISO 8601 in UTC.
        stamp: Changes with the password and the role, so that sessions end with either.
    """

    name: str
    role: Role
    made: str
    stamp: str

    @property
    def person(self) -> Person:
        """Them, at the other end."""
        return Person(self.name, self.role)


class Accounts:
    """The accounts of a home, in ``accounts.json``.

    Args:
        folder: Where it is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = KeptFile(folder / "accounts.json")
        # Each hashing takes 64 MiB: one at a time, however many try to log in.
        self._hashing = threading.Lock()

    def all(self) -> tuple[Account, ...]:
        """Every account, by name."""
        return tuple(_account(name, fields) for name, fields in sorted(self._file.read().items()))

    def find(self, name: str) -> Account | None:
        """The account of that name, if there is one."""
        fields = self._file.read().get(name)
        return _account(name, fields) if fields else None

    def get(self, name: str) -> Account:
        """The account of that name.

        Raises:
            NameUnknown: If there is none.
        """
        accounts = self._file.read()
        return _account(name, accounts[_known(name, accounts)])

    def add(self, name: str, role: Role, password: str) -> Account:
        """Make an account.

        Raises:
            SpecInvalid: If no account can have that name or password.
            NameTaken: If there is one of that name.
        """
        require([*_name_problems(name), *_password_problems(password)], SpecInvalid)
        with self._file.change() as accounts:
            if name in accounts:
                raise NameTaken(f"There is an account {name!r}.", hint=f"To change it: digits user password {name}.")
            made = datetime.now(UTC).isoformat(timespec="seconds")
            accounts[name] = {"role": role.value, "password": self._hash(password), "made": made}
        return _account(name, accounts[name])

    def remove(self, name: str) -> None:
        """Take an account away, and end its sessions; what it owns stays.

        Raises:
            NameUnknown: If there is none.
        """
        with self._file.change() as accounts:
            del accounts[_known(name, accounts)]

    def set_password(self, name: str, password: str) -> None:
        """Give an account another password, and end its sessions.

        Raises:
            NameUnknown: If there is none.
            SpecInvalid: If it is no password.
        """
        require(_password_problems(password), SpecInvalid)
        self._set(name, "password", self._hash(password))

    def set_role(self, name: str, role: Role) -> None:
        """Give an account another role, and end its sessions.

        Raises:
            NameUnknown: If there is none.
        """
        self._set(name, "role", role.value)

    def verified(self, name: str, password: str) -> Account | None:
        """The account, if that is its password; an unknown name takes as long as a wrong password."""
        from argon2.exceptions import Argon2Error, InvalidHashError

        if len(password) > LONGEST:
            return None
        fields = self._file.read().get(name)
        try:
            with self._hashing:
                self._hasher.verify(fields["password"] if fields else self._nobody, password)
        except (Argon2Error, InvalidHashError):
            return None
        return _account(name, fields) if fields else None

    def _set(self, name: str, field: str, value: str) -> None:
        with self._file.change() as accounts:
            accounts[name] = {**accounts[_known(name, accounts)], field: value}

    def _hash(self, password: str) -> str:
        with self._hashing:
            return self._hasher.hash(password)

    @cached_property
    def _hasher(self) -> PasswordHasher:
        from argon2 import PasswordHasher

        return PasswordHasher()

    @cached_property
    def _nobody(self) -> str:
        """What passwords of unknown names are compared with."""
        return self._hasher.hash("")


def _account(name: str, fields: dict[str, Any]) -> Account:
    stamp = hashlib.sha256(f"{fields['password']} {fields['role']}".encode()).hexdigest()[:32]
    return Account(name, Role(fields["role"]), fields["made"], stamp)


def _known(name: str, accounts: dict[str, Any]) -> str:
    if name not in accounts:
        raise NameUnknown(f"There is no account {name!r}.", hint=suggest(name, accounts))
    return name


def _name_problems(name: str) -> list[Problem]:
    if re.fullmatch(NAME_PATTERN, name):
        return []
    hint = "Names are letters, digits, '.', '_' and '-', at most 100."
    return [Problem(f"{name!r} cannot be the name of an account.", "name", hint)]


def _password_problems(password: str) -> list[Problem]:
    if SHORTEST <= len(password) <= LONGEST:
        return []
    found = "is too short" if len(password) < SHORTEST else "is too long"
    return [Problem(f"The password {found}.", "password", f"Take {SHORTEST} to {LONGEST} characters.")]
