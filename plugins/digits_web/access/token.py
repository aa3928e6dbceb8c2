"""The token that ``--token auto`` makes: kept, so that scripts and browsers find the server again."""

from __future__ import annotations

import secrets
from pathlib import Path

from digits_web.access.kept import KeptFile


def kept_token(folder: Path) -> str:
    """The token of a home; the first call makes it.

    Args:
        folder: Where it is kept, for nobody else to look into.
    """
    with KeptFile(folder / "token.json").change() as kept:
        token: str = kept.setdefault("token", secrets.token_urlsafe(24))
    return token
