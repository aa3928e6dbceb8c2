"""The REST API, ``/api/v1``: one file for each kind of thing, each with a `router`.

It knows the service and FastAPI, and nothing of pages. It is an application of its own, so that its errors are
problems in JSON (RFC 9457) whatever the pages answer::

    problems.py   what went wrong, and the status that it is told with
    openapi.py    the description of all of it, OpenAPI 3.1
    examples.py   what the main answers look like
    etags.py      answers that need not be sent again, and changes to what somebody else has changed meanwhile
    bodies.py     requests of the service as bodies
    paging.py     parts of long lists
    acting.py     who asks, and what they may
    streams.py    facts of a running job for many readers
"""

from __future__ import annotations

import re

from fastapi import FastAPI
from starlette.routing import Mount

from digits_web.web import Web

#: Where it is answered.
ADDRESS = "/api/v1"


def include(app: FastAPI, web: Web) -> None:
    """Answer ``/api/v1`` in ``app``; to be called before pages are added, which answer everything else."""
    from digits_web.api.application import create_api

    mount = Mount(ADDRESS, create_api(web))
    # Without this an address with a line break in it would be answered as one of the pages.
    mount.path_regex = re.compile(mount.path_regex.pattern, re.DOTALL)
    app.router.routes.append(mount)
