"""From flags and a job file to the plain data of a request; what is not given keeps its default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digits_core.errors import SpecInvalid
from digits_core.spec.files import parse_text, read_data
from digits_core.spec.trackers import NOBODY

if TYPE_CHECKING:
    from digits_core.service.rate import RateWish

#: Parts of a request that are one of several forms: the key that says which, the usual form, and what all share.
FORMS: dict[str, tuple[str, str, frozenset[str]]] = {
    "solver": ("name", "sgd", frozenset({"rate", "decay", "clip", "average"})),
    "schedule": ("policy", "step", frozenset({"warmup"})),
}


def job_request(file: Path | None, flags: Mapping[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """The request of a file with flags over it.

    Args:
        file: A job file, or nothing.
        flags: Values by dotted key; None was not given.
        settings: Texts ``key=value`` of ``--set``, over everything.

    Raises:
        SpecInvalid: If the file cannot be read or a setting has another form.
    """
    return with_settings(_read(file) if file else {}, settings, flags)


def with_settings(request: Mapping[str, Any], settings: Sequence[str], flags: Mapping[str, Any] = {}) -> dict[str, Any]:
    """A request with flags over it, and settings ``key=value`` over both.

    Raises:
        SpecInvalid: If a setting has another form.
    """
    data = dict(request)
    for key, value in {**flags, **dict(_setting(text) for text in settings)}.items():
        if value is not None:
            _put(data, key, value)
    for part, (tag, usual, _) in FORMS.items():
        if isinstance(data.get(part), dict):
            data[part].setdefault(tag, usual)
    return data


def rate_wish(*, find: bool, scale: bool, given: bool) -> RateWish:
    """What flags say about the learning rate.

    Args:
        find: ``--find-rate``.
        scale: ``--scale-rate``.
        given: Whether there is an ``--lr``.

    Raises:
        SpecInvalid: If it is to be found, and given or scaled as well.
    """
    from digits_core.service.rate import RateWish

    others = [flag for flag, there in (("--lr", given), ("--scale-rate", scale)) if there]
    if find and others:
        raise SpecInvalid(
            f"The learning rate expects --find-rate alone, found {' and '.join(others)} beside it.",
            hint="Leave them out: a rate is found for the batch that the job has.",
        )
    return RateWish("found" if find else "scaled" if scale else "given")


def tracker_flags(names: Sequence[str] | None) -> dict[str, Any] | None:
    """What ``--track`` says: trackers, whose settings ``--set track.NAME.KEY=VALUE`` may give; None: nothing."""
    return {name: {} for name in names if name != NOBODY} if names else None


def _read(file: Path) -> dict[str, Any]:
    data = read_data(file)
    if not isinstance(data, dict):
        raise SpecInvalid(f"{file} expects keys and values, found {type(data).__name__}.", hint="See: digits train.")
    # Files are named relative to the job file that names them.
    for key in ("network", "start"):
        name = data.get(key)
        if isinstance(name, str) and (file.parent / name).is_file():
            data[key] = str(file.parent / name)
    return data


def _setting(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise SpecInvalid(f"--set expects key=value, found {text!r}.", hint="For example --set schedule.gamma=0.5.")
    return key, parse_text(value, where=f"--set {key}")


def _put(data: dict[str, Any], key: str, value: Any) -> None:
    part, _, rest = key.partition(".")
    if not rest:
        data[part] = value
        return
    inner = data.get(part)
    inner = dict(inner) if isinstance(inner, dict) else {}
    tag, usual, shared = FORMS.get(part, ("", "", frozenset()))
    if rest == tag and value != inner.get(tag, usual):
        # Another form has other fields; those of the file would only be refused.
        inner = {name: old for name, old in inner.items() if name in shared}
    data[part] = inner
    _put(inner, rest, value)
