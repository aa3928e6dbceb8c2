"""Folders of the server's machine that pictures may be taken from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from digits_core.errors import AccessDenied
from digits_core.spec.paths import expanded


def allowed(path: str | Path, roots: Iterable[Path]) -> Path:
    """Where ``path`` leads, every link followed, if that lies in one of ``roots``.

    Use what this returns and not ``path``: the links of ``path`` may be others a moment later.

    Args:
        path: An absolute path from outside; it need not exist.
        roots: Folders that may be read.

    Raises:
        AccessDenied: If it leads out of them; nothing is told of what is there.
    """
    known = tuple(expanded(root).resolve() for root in roots)
    given = Path(path)
    try:
        real = given.resolve() if given.is_absolute() and "\0" not in str(path) else None
    except (OSError, RuntimeError):
        real = None
    if real is not None and any(real.is_relative_to(root) for root in known):
        return real
    hint = f"Folders that may be read: {', '.join(map(str, known))}." if known else "None may be read: upload it."
    raise AccessDenied(f"{given} is not in a folder that this server may read.", where="paths", hint=hint)
