"""Who asks, and what their role lets them do."""

from __future__ import annotations

import enum
import getpass
from dataclasses import dataclass

from digits_core.errors import AccessDenied


class Role(enum.StrEnum):
    """What a person may do; each may what those before it may.

    >>> Role.ADMIN.covers(Role.EDITOR), Role.VIEWER.covers(Role.EDITOR)
    (True, False)
    """

    #: Looks at everything, and has models classify.
    VIEWER = "viewer"
    #: Makes datasets and jobs, imports models, and changes their own.
    EDITOR = "editor"
    #: Changes what belongs to anybody.
    ADMIN = "admin"

    def covers(self, needed: Role) -> bool:
        """Whether whoever has this role may do what takes ``needed``."""
        return _RANKS.index(self) >= _RANKS.index(needed)


_RANKS = tuple(Role)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at the other end.

    Attributes:
        name: Name of the account; without accounts that of whoever runs the server, or ``token``.
        role: What they may do.
    """

    name: str
    role: Role

    def may(self, needed: Role) -> bool:
        """Whether they may do what takes that role."""
        return self.role.covers(needed)

    def may_change(self, owner: str | None) -> bool:
        """Whether they may change something of ``owner``: editors their own, admins everything."""
        return self.may(Role.ADMIN) or (self.may(Role.EDITOR) and owner == self.name)

    def lacks(self, needed: Role) -> str:
        """Why they may not do what takes that role, for a button that is not for them; empty: they may."""
        return "" if self.may(needed) else f"This takes the role {needed}; yours is {self.role}."

    def refusal(self, owner: str | None) -> str:
        """Why they may not change something of ``owner``, for a button that is not theirs; empty: they may."""
        if self.may_change(owner):
            return ""
        if lack := self.lacks(Role.EDITOR):
            return lack
        return f"It belongs to {owner}; its owner and admins may." if owner else "It has no owner; admins may."

    def require(self, needed: Role) -> None:
        """Refuse them what takes a role that they do not have.

        Raises:
            AccessDenied: If their role does not cover it.
        """
        if not self.may(needed):
            raise AccessDenied(
                f"This takes the role {needed}, and {self.name} is {self.role}.",
                hint=f"Ask whoever runs the server for the role {needed}.",
            )

    def require_change(self, what: str, owner: str | None) -> None:
        """Refuse them to change what is not theirs.

        Args:
            what: It, in words, such as ``job lenet``.
            owner: Whose it is; None or empty: nobody's, which is the admins'.

        Raises:
            AccessDenied: If it is somebody else's and they are no admin.
        """
        self.require(Role.EDITOR)
        if not self.may_change(owner):
            whose = f"belongs to {owner}" if owner else "has no owner"
            raise AccessDenied(f"{what} {whose}.", hint="Its owner and admins may change it; clone it for your own.")


def local_person() -> Person:
    """Whoever runs the server: the only one who reaches it where nobody is asked."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "local"
    return Person(name, Role.ADMIN)
