"""A request as a flat list of parameters, as other systems know them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

#: Parts of a request that say nothing about what is learned.
_ASIDE = frozenset({"name", "track", "priority", "retries"})


def parameters(request: Mapping[str, Any]) -> dict[str, str | float | bool]:
    """What a job was asked, by dotted key; what is empty is left out, and lists become text.

    Args:
        request: What is in ``job.json``.

    >>> spec = {"name": "a", "backend": "auto", "solver": {"rate": 0.1}, "freeze": ["fc*"]}
    >>> parameters({"backend": "jax", "spec": spec})
    {'backend': 'jax', 'solver.rate': 0.1, 'freeze': 'fc*'}
    """
    spec = {key: value for key, value in request["spec"].items() if key not in _ASIDE}
    about = {key: request[key] for key in ("backend", "dataset_version", "dataset_digest") if key in request}
    return dict(_flat("", {**spec, **about}))


def _flat(prefix: str, data: Mapping[str, Any]) -> Iterator[tuple[str, str | float | bool]]:
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from _flat(f"{prefix}{key}.", value)
        elif isinstance(value, (list, tuple)):
            if value:
                yield f"{prefix}{key}", ", ".join(map(str, value))
        elif value is not None:
            yield f"{prefix}{key}", value
