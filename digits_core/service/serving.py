"""A model behind HTTP: pictures in, what they are taken for out.

::

    POST /v1/classify?top=5   one picture as the body, or several as multipart/form-data → JSON as of `digits classify`
    GET  /v1                  what the model is          GET /health   whether it answers
    GET  /metrics             counts for Prometheus

Starlette routes and uvicorn listens: both are small, well kept, and no part of what predicts.
"""

from __future__ import annotations

import asyncio
import hmac
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from digits_core.service.serving_parts import UploadWrong, uploads
from digits_core.service.views import ArchiveView, PredictionView

#: What the body of a request may have, and how long it may take.
MOST_BODY_BYTES, MOST_BODY_S = 32 * 2**20, 30.0
MOST_PICTURES = 64
LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")

#: Names and encoded pictures, and how many classes of each, to what they are taken for.
Classify = Callable[[list[tuple[str, bytes]], int], list[PredictionView]]
