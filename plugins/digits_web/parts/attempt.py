"""Things that a person asks the service to do: in a thread, with what it refuses told, and changes written down."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from digits_core.errors import DigitsError
from digits_core.service.views.jobs import JobView
from digits_web.access.person import Role
from digits_web.parts.aside import aside
from digits_web.parts.errors import show_problems
from digits_web.parts.person import person
from digits_web.web import Web

ResultT = TypeVar("ResultT")


async def attempt(work: Callable[[], ResultT]) -> ResultT | None:
    """Do something that may take a while.

    Args:
        work: Does it, in a thread.

    Returns:
        What it returns; None where the service refused, which the person has been told.
    """
    try:
        return await aside(work)
    except DigitsError as error:
        show_problems(error)
        return None


async def begin(web: Web, submit: Callable[[], JobView]) -> JobView | None:
    """Let a job do something, as an editor may, whose it is then.

    Args:
        web: What the server knows.
        submit: Makes the job, in a thread.

    Returns:
        The job; None where it was refused, which the person has been told.
    """
    who = person()

    def done() -> JobView:
        who.require(Role.EDITOR)
        view = web.digits.describe_job(submit().job, owner=who.name)
        web.audit(who, f"create {view.kind} job", view.job)
        return view

    made = await attempt(done)
    web.jobs.forget()
    return made


async def change(web: Web, action: str, what: str, owner: str | None, work: Callable[[], object]) -> bool:
    """Change a thing, as its owner and admins may; returns whether it was done.

    Args:
        web: What the server knows.
        action: What is done, as verb and noun: ``pause job``.
        what: To which thing.
        owner: Whose it is.
        work: Does it, in a thread.
    """
    asked = person()

    def done() -> bool:
        asked.require_change(what, owner)
        work()
        web.audit(asked, action, what)
        return True

    succeeded = await attempt(done)
    web.forget()
    return bool(succeeded)
