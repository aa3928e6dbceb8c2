"""What people say about a job, a dataset or an imported model."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from digits_core.spec.model import Spec


def _listed(value: Any) -> Any:
    """Text with commas as a list, and every tag once, without spaces around it."""
    texts = value.split(",") if isinstance(value, str) else value
    if not isinstance(texts, (list, tuple)) or not all(isinstance(text, str) for text in texts):
        return value
    return tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))


Tag = Annotated[str, StringConstraints(max_length=40, pattern=r"^[^,\x00-\x1f]+$")]
Tags = Annotated[tuple[Tag, ...], BeforeValidator(_listed), Field(max_length=20)]


class About(Spec):
    """What is said of a job, a dataset or an imported model, and whose it is; it changes nothing that is computed."""

    description: Annotated[str, StringConstraints(max_length=10_000, strip_whitespace=True)] = ""
    """Notes, a few words or a page."""
    tags: Tags = ()
    """Words to find it by, 20 at most; a list, or text like `baseline, augmented`."""
    owner: Annotated[str, StringConstraints(max_length=100)] = ""
    """Name of the person whose it is; empty: nobody's in particular."""
