"""Addresses within the server, for what a browser fetches by itself: pictures and uploads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from nicegui import ui


def prefix() -> str:
    """What every address of this server begins with, for the page that is being made; mostly nothing."""
    return str(ui.context.client.request.scope.get("root_path", ""))


def address(path: str, query: Mapping[str, Any] | None = None) -> str:
    """What a browser fetches ``path`` by, such as a picture.

    Args:
        path: An absolute path, such as ``/api/v1/datasets/mnist/mean``.
        query: What follows the question mark; empty values are left out.
    """
    return f"{prefix()}{quote(path, safe='/@')}{question(query or {})}"


def question(query: Mapping[str, Any]) -> str:
    """The part of an address from its question mark on; empty where nothing is asked.

    >>> question({"split": "val", "page": 0, "label": "a b"})
    '?split=val&label=a+b'
    """
    given = {key: value for key, value in query.items() if value not in ("", None, 0)}
    return f"?{urlencode(given)}" if given else ""
