"""Read models of what people say about things, and of what they threw away."""

from __future__ import annotations

from digits_core.service.views.view import View


class AboutView(View):
    """What is said about a job, a dataset or an imported model."""

    description: str = ""
    """Notes."""
    tags: tuple[str, ...] = ()
    """Words to find it by."""
    owner: str = ""
    """Name of the person whose it is; empty: nobody's in particular."""


class TrashedView(View):
    """Something in the trash."""

    id: str
    """What it is called there."""
    kind: str
    """``job``, ``dataset`` or ``model``."""
    name: str
    """What it was called, and will be again."""
    discarded: str
    """When it was thrown away, ISO 8601 in UTC."""
    owner: str = ""
    """Whose it is; empty: nobody said."""
