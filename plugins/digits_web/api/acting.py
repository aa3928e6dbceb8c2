"""Who asks, and what they may: every change passes here, and is written down."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from digits_web import ownership
from digits_web.access.person import Person, Role
from digits_web.web import Web


def site(request: Request) -> Web:
    """What every part of the server is given."""
    web: Web = request.app.state.web
    return web


Site = Annotated[Web, Depends(site)]


class Acting:
    """Somebody who changes things.

    Args:
        person: Who.
        web: Where.
    """

    def __init__(self, person: Person, web: Web) -> None:
        self.person, self._web = person, web

    def did(self, action: str, what: str) -> None:
        """Write down what was done, once it is done; whoever looks next sees it.

        Args:
            action: Verb and noun: ``delete job``.
            what: To which thing.
        """
        self._web.forget()
        self._web.audit(self.person, action, what)

    def require_job(self, job: str) -> None:
        """Refuse to change somebody else's job.

        Raises:
            AccessDenied: If it is.
            NameUnknown: If there is none of that id.
        """
        ownership.require_job(self._web, self.person, job)

    def require_dataset(self, name: str) -> None:
        """Refuse to change somebody else's dataset.

        Raises:
            AccessDenied: If it is.
            NameUnknown: If there is none of that name.
        """
        ownership.require_dataset(self._web, self.person, name)

    def require_model(self, name: str) -> None:
        """Refuse to change somebody else's imported model.

        Raises:
            AccessDenied: If it is.
            NameUnknown: If there is none of that name.
        """
        ownership.require_model(self._web, self.person, name)

    def require_trashed(self, id: str) -> None:
        """Refuse to bring back what is somebody else's.

        Raises:
            AccessDenied: If it is.
        """
        ownership.require_trashed(self._web, self.person, id)


def viewer(request: Request) -> Person:
    """Who asks, as the guard has found out."""
    person: Person = request.state.person
    return person


def editor(request: Request, web: Site) -> Acting:
    """Whoever asks, if they may make and change things."""
    person = viewer(request)
    person.require(Role.EDITOR)
    return Acting(person, web)


def admin(request: Request, web: Site) -> Acting:
    """Whoever asks, if they may change what is everybody's."""
    person = viewer(request)
    person.require(Role.ADMIN)
    return Acting(person, web)


Viewer = Annotated[Person, Depends(viewer)]
Editor = Annotated[Acting, Depends(editor)]
Admin = Annotated[Acting, Depends(admin)]
