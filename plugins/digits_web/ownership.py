"""Whose a thing is, and who may change it: the API and the pages ask here."""

from __future__ import annotations

from digits_core.service.views.about import TrashedView
from digits_web.access.person import Person
from digits_web.web import Web


def dataset_owner(web: Web, name: str) -> str:
    """Whose a dataset is: its owner's, else whoever's job made it; empty: nobody's, which is the admins'.

    Raises:
        NameUnknown: If there is none of that name.
    """
    return web.digits.about_dataset(name).owner or _maker(web, name)


def require_job(web: Web, person: Person, job: str) -> None:
    """Refuse to change somebody else's job.

    Raises:
        AccessDenied: If it is.
        NameUnknown: If there is none of that id.
    """
    person.require_change(f"Job {job}", web.digits.job(job).owner)


def require_dataset(web: Web, person: Person, name: str) -> None:
    """Refuse to change somebody else's dataset.

    Raises:
        AccessDenied: If it is.
        NameUnknown: If there is none of that name.
    """
    person.require_change(f"Dataset {name}", dataset_owner(web, name))


def require_model(web: Web, person: Person, name: str) -> None:
    """Refuse to change somebody else's imported model.

    Raises:
        AccessDenied: If it is.
        NameUnknown: If there is none of that name.
    """
    person.require_change(f"Model {name}", web.digits.about_model(name).owner)


def require_trashed(web: Web, person: Person, id: str) -> None:
    """Refuse to bring back what somebody else has put away; what is not there is for the trash to refuse.

    Raises:
        AccessDenied: If it is somebody else's.
    """
    for thing in web.digits.trash():
        if thing.id == id:
            person.require_change(f"{thing.kind.capitalize()} {thing.name}", trashed_owner(web, thing))


def trashed_owner(web: Web, thing: TrashedView) -> str:
    """Whose something in the trash is; empty: nobody's."""
    return thing.owner or (_maker(web, thing.name) if thing.kind == "dataset" else "")


def _maker(web: Web, dataset: str) -> str:
    makers = [job.owner for job in web.jobs() if job.kind == "dataset" and job.dataset == dataset]
    return makers[-1] if makers else ""
