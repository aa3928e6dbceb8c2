"""One application: guard, API and pages."""

from __future__ import annotations

from fastapi import FastAPI
from nicegui import ui

from digits_web import api
from digits_web.access import login
from digits_web.access.guard import Guard
from digits_web.pages import (
    about,
    archives,
    compare,
    dataset,
    home,
    import_model,
    missing,
    models,
    new_dataset,
    new_job,
    plugins,
    settings,
)
from digits_web.pages.job import page as job
from digits_web.pages.model import page as model
from digits_web.parts import uploading
from digits_web.parts.theme import use_theme
from digits_web.parts.tiles import use_pictures
from digits_web.web import Web

#: In the order of the menu.
PAGES = (
    *(home, new_dataset, dataset, new_job, models, import_model, archives, compare, plugins, settings, about),
    *(job, model, missing),
)


def create_app(web: Web) -> FastAPI:
    """Everything that is answered over HTTP; once a process, since NiceGUI keeps its pages for the whole of it."""
    app = FastAPI(title="DIGITS", openapi_url=None, docs_url=None, redoc_url=None)
    app.add_middleware(Guard, settings=web.settings, identities=web.identities)
    login.include(app, web.identities, web.audit)
    api.include(app, web)
    uploading.include(app)
    use_theme()
    use_pictures()
    for page in PAGES:
        page.add(web)
    ui.run_with(
        app,
        title="DIGITS",
        dark=None,
        language="en-US",
        reconnect_timeout=30.0,
        show_welcome_message=False,
        # The style sheet has all that pages need; without this the browser compiles another while it draws.
        tailwind=False,
    )
    return app
