"""Parts of long lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

ItemT = TypeVar("ItemT")
MOST_ITEMS = 500
#: Far more than there are of anything.
MOST_PAGES = 10**9


class PageQuery(BaseModel):
    """Which part of a list; other queries build on it."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    page: int = Field(default=0, ge=0, le=MOST_PAGES)
    """Which page, from 0."""
    size: int = Field(default=50, ge=1, le=MOST_ITEMS)
    """How many on a page."""

    def part(self, items: Sequence[ItemT]) -> Sequence[ItemT]:
        """The page's part of ``items``."""
        return items[self.page * self.size : (self.page + 1) * self.size]

    def told(self, total: int) -> dict[str, int]:
        """What an answer says of itself."""
        return {"total": total, "page": self.page, "size": self.size}

    def links(self, request: Request, total: int) -> dict[str, str]:
        """The header ``Link`` (RFC 8288) to the pages beside this one."""
        last = max(0, (total - 1) // self.size)
        near = {"first": 0, "prev": self.page - 1, "next": self.page + 1, "last": last}
        links = (f'<{_at(request, page)}>; rel="{name}"' for name, page in near.items() if 0 <= page <= last)
        return {"Link": ", ".join(links)}


def _at(request: Request, page: int) -> str:
    asked: list[tuple[str, Any]] = [item for item in request.query_params.multi_items() if item[0] != "page"]
    return f"{request.url.path}?{urlencode([*asked, ('page', page)])}"
