"""Models of other systems that people bring: the API and the page import them here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from digits_core.service.views.networks import ModelView
from digits_web.access.person import Person, Role
from digits_web.outside import model_request, told_as_brought
from digits_web.web import Web


def import_model(web: Web, person: Person, asked: Mapping[str, Any]) -> ModelView:
    """A model of files that are named as uploads or within the allowed folders; it belongs to whoever asks.

    Raises:
        AccessDenied: If they are no editor, or a file is in no folder that may be read.
        DigitsError: With everything else that is wrong.
    """
    person.require(Role.EDITOR)
    with told_as_brought(web):
        view = web.digits.import_model(model_request(web, asked))
    web.digits.describe_model(view.name, owner=person.name)
    web.forget()
    web.audit(person, "import model", view.name)
    return view
