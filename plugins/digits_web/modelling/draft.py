"""What somebody has chosen and written so far for a new model, and the request that it is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from digits_core.errors import Problem, SpecInvalid
from digits_core.spec.files import dump_flow, dump_yaml, parse_text

Tab: TypeAlias = Literal["standard", "previous", "pretrained", "custom"]
#: What a job takes over from the model that it starts from, unless it is said.
INHERITED = frozenset({"data.mean", "data.crop"})
#: Parts of a request that are one of several forms, and the key that says which.
FORMS = {"solver": "name", "schedule": "policy"}
_LIST = re.compile(r"[,;\s]+")
#: A number as it is written where the comma stands before the decimals.
_DECIMAL_COMMA = re.compile(r"(?<![\d.,])0,\d+(?![\d.])")
#: Parts of the request that a draft holds by names of their own.
_OWN = frozenset({"dataset", "network", "start"})
#: Parts that no field can show, and that are written as YAML.
_FORMLESS = frozenset({"track", "data.augment.extra"})


class Draft(BaseModel):
    """A form, as far as it is filled in; kept by the browser, so that a reload loses nothing.

    Attributes:
        dataset: Its name; empty: none is chosen.
        tab: Where the network is from.
        family: The standard network.
        params: What was set of it.
        previous: The job whose network is taken.
        previous_text: That network, as the text of a network file.
        start: The model whose weights are taken.
        start_network: Which network these weights come into: the model's own, or that of another tab.
        text: The custom network.
        rates: Learning rates, as typed.
        batches: Batch sizes, as typed.
        values: Everything else that was changed, by dotted key.
        other: Keys that have no field, as YAML.
        rate_job: The job that looks for its rate; empty: none does.
    """

    model_config = ConfigDict(extra="ignore", validate_assignment=False)

    dataset: str = ""
    tab: Tab = "standard"
    family: str = "lenet"
    params: dict[str, Any] = Field(default_factory=dict)
    previous: str = ""
    previous_text: str = ""
    start: str = ""
    start_network: Literal["own", "standard", "custom"] = "own"
    text: str = ""
    rates: str = ""
    batches: str = ""
    values: dict[str, Any] = Field(default_factory=dict)
    other: str = ""
    rate_job: str = ""

    @property
    def starts(self) -> bool:
        """Whether it begins with the weights of a model."""
        return self.tab == "pretrained" and bool(self.start)

    def network(self) -> str | None:
        """The network as a request names it; None: the model's own, or nothing is chosen."""
        source = self.start_network if self.tab == "pretrained" else self.tab
        found = {"standard": named(self.family, self.params), "previous": self.previous_text, "custom": self.text}
        return found.get(source) or None

    def set(self, key: str, value: Any, default: Any = None) -> None:
        """Give a value; nothing, or what is usual anyway, is not said."""
        if value is None or (value == default and not (self.starts and key in INHERITED)):
            self.values.pop(key, None)
        else:
            self.values[key] = value

    def choose(self, part: str, form: str, default: str) -> None:
        """Take another of several forms; values of the one before are forgotten."""
        kept = {key: value for key, value in self.values.items() if not key.startswith(f"{part}.")}
        self.values = kept
        self.set(f"{part}.{FORMS[part]}", form, default)

    def request(self) -> dict[str, Any]:
        """The request that it is so far, without several rates and batches.

        Raises:
            SpecInvalid: If what was typed cannot be read; with every problem.
        """
        request: dict[str, Any] = {}
        problems: list[Problem] = []
        start = self.start if self.tab == "pretrained" else ""
        for key, value in {"dataset": self.dataset, "start": start, "network": self.network()}.items():
            if value:
                request[key] = value
        for key, value in self.values.items():
            _put(request, key, value)
        try:
            rates, batches = self.series()
        except SpecInvalid as refused:
            problems += refused.problems
        else:
            if rates:
                _put(request, "solver.rate", rates[0])
            if batches:
                request["batch"] = batches[0]
        try:
            for key, value in self._others().items():
                _put(request, key, value)
        except SpecInvalid as refused:
            problems += refused.problems
        if problems:
            raise SpecInvalid(*problems)
        for part, tag in FORMS.items():
            if part in request:
                request[part] = {tag: _USUAL[part], **request[part]}
        return request

    def series(self) -> tuple[tuple[float, ...], tuple[int | str, ...]]:
        """Rates and batch sizes, of which each combination is a job; empty: the usual one.

        Raises:
            SpecInvalid: If one of them is no number.
        """
        rates, wrong_rates = _numbers(self.rates, float, "rate")
        batches, wrong_batches = _numbers(self.batches, int, "batch", ("auto",))
        if wrong_rates or wrong_batches:
            raise SpecInvalid(*wrong_rates, *wrong_batches)
        if "auto" in batches and len(batches) > 1:
            hint = "Give auto alone, or numbers."
            raise SpecInvalid(f"batch expects numbers or auto, found {self.batches}.", where="batch", hint=hint)
        return tuple(rates), tuple(batches)

    def _others(self) -> dict[str, Any]:
        if not self.other.strip():
            return {}
        found = parse_text(self.other, where="other keys")
        if not isinstance(found, dict):
            hint = "For example priority: 3."
            raise SpecInvalid(f"Other keys expect key: value, found {self.other!r}.", where="other keys", hint=hint)
        return found

    def prune(self, usual: Mapping[str, Any]) -> None:
        """Forget values that are usual anyway.

        Args:
            usual: Usual values by dotted key.
        """
        for key, value in list(self.values.items()):
            if key in usual:
                self.set(key, value, usual[key])

    def to_json(self) -> str:
        """As text for the browser to keep."""
        return self.model_dump_json(exclude_defaults=True)

    @classmethod
    def from_json(cls, text: object) -> Draft | None:
        """What the browser kept; None where that is no draft."""
        try:
            return cls.model_validate_json(text) if isinstance(text, str) else None
        except ValidationError:
            return None

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> Draft:
        """The draft of a request, such as that of a job that is cloned."""
        draft = cls(dataset=request.get("dataset") or "")
        draft.use_network(request.get("network") or "")
        if start := request.get("start"):
            draft.start_network = "own" if not request.get("network") else "custom" if draft.text else "standard"
            draft.start, draft.tab = start, "pretrained"
        flat = _flat({key: value for key, value in request.items() if key not in _OWN})
        draft.values = {key: value for key, value in flat if value is not None and key not in _FORMLESS}
        others = {key: value for key, value in flat if value and key in _FORMLESS}
        draft.other = dump_yaml(others) if others else ""
        rate, batch = draft.values.pop("solver.rate", None), draft.values.pop("batch", None)
        draft.rates, draft.batches = ("" if given is None else f"{given}" for given in (rate, batch))
        return draft

    def use_network(self, network: str) -> None:
        """Choose a network as a request names it: by the text of a file, or by name with params."""
        if "\n" in network:
            self.text, self.tab = network, "custom"
        elif network:
            self.family, self.params = split_name(network)
            self.tab = "standard"


_USUAL = {"solver": "sgd", "schedule": "step"}


def named(family: str, params: Mapping[str, Any]) -> str:
    """A standard network with params, in one word.

    >>> named("lenet", {"hidden": 9, "deep": True, "filters": [2, 4]})
    'lenet:hidden=9,deep=true,filters=[2, 4]'
    """
    settings = ",".join(f"{key}={dump_flow(value)}" for key, value in params.items())
    return f"{family}:{settings}" if settings else family


def split_name(network: str) -> tuple[str, dict[str, Any]]:
    """The family and its params.

    >>> split_name("lenet:hidden=9,filters=[2, 4]")
    ('lenet', {'hidden': 9, 'filters': [2, 4]})
    """
    family, _, settings = network.partition(":")
    params = {}
    for setting in re.split(r",(?=\s*\w+\s*=)", settings) if settings else ():
        key, _, value = setting.partition("=")
        params[key.strip()] = parse_text(value, where=network)
    return family, params


def _put(data: dict[str, Any], key: str, value: Any) -> None:
    part, _, rest = key.partition(".")
    if rest:
        inner = data.get(part)
        data[part] = dict(inner) if isinstance(inner, dict) else {}
        _put(data[part], rest, value)
    else:
        data[part] = value


def _flat(data: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in data.items():
        whole = not isinstance(value, Mapping) or f"{prefix}{key}" in _FORMLESS
        found += [(f"{prefix}{key}", value)] if whole else _flat(value, f"{prefix}{key}.")
    return found


def _numbers(text: str, kind: type, name: str, words: tuple[str, ...] = ()) -> tuple[list[Any], list[Problem]]:
    found: list[Any] = []
    wrong: list[Problem] = []
    if kind is float and (comma := _DECIMAL_COMMA.search(text)):
        hint = f"Write {comma[0].replace(',', '.')} with a point; a comma separates several {name}s."
        return found, [Problem(f"{name} expects numbers, found {comma[0]!r}.", name, hint)]
    for part in filter(None, _LIST.split(text.strip())):
        try:
            found.append(part if part in words else kind(part))
        except ValueError:
            expected = "whole numbers" if kind is int else "numbers"
            wrong.append(Problem(f"{name} expects {expected}, found {part!r}.", name, "Separate several by commas."))
    return found, wrong


def keep_script(place: str, draft: Draft) -> str:
    """What lets the browser's tab keep a draft until it is closed."""
    return f"sessionStorage.setItem({json.dumps(place)}, {json.dumps(draft.to_json())})"
