"""Protocol buffer text, as prototxt files have it, with the line of every field.

Fields are not checked against a schema: forks of Caffe have fields of their own, and most of them do not matter.
Format: *Protocol Buffers Text Format Language Specification*,
https://protobuf.dev/reference/protobuf/textformat-spec/.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias, TypeVar

from digits_core.errors import NetworkInvalid

#: Larger files are not read: the largest networks are described in a few hundred kilobytes.
MAX_FILE_BYTES: Final = 2**24
_MAX_DEPTH = 32
_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
      | (?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
      | (?P<word>[-+]?[\w.]+(?:[-+][\w.]+)*)
      | (?P<mark>[{}<>\[\]:;,/])""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_CLOSING = {"{": "}", "<": ">"}
_FLAGS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
ValueT = TypeVar("ValueT")


class Token(NamedTuple):
    """One word, text or mark of a file; a ``kind`` of ``end`` closes the file."""

    kind: str
    text: str
    line: int


class Field(NamedTuple):
    """One field of a message: a word or text, or a message."""

    name: str
    value: Value
    line: int


@dataclass(frozen=True, slots=True)
class Message:
    """The fields of a message in the order of the file.

    Attributes:
        fields: Its fields.
        file: The file it is from.
        line: The line it begins in.
    """

    fields: tuple[Field, ...]
    file: str
    line: int

    @property
    def where(self) -> str:
        """Its place, for errors."""
        return f"{self.file}, line {self.line}"

    def has(self, name: str) -> bool:
        """Whether there is a field ``name``."""
        return any(field.name == name for field in self.fields)

    def messages(self, name: str) -> list[Message]:
        """Every message called ``name``."""
        return [field.value for field in self.fields if field.name == name and isinstance(field.value, Message)]

    def message(self, name: str) -> Message:
        """The message called ``name``; several are merged, none is an empty one."""
        found = self.messages(name)
        return Message(tuple(field for one in found for field in one.fields), self.file, (found or [self])[0].line)

    def texts(self, name: str) -> tuple[str, ...]:
        """Every word or text called ``name``."""
        return tuple(field.value for field in self.fields if field.name == name and isinstance(field.value, str))

    def text(self, name: str, default: str = "") -> str:
        """The word or text called ``name``; of several the last, as everywhere below."""
        return (self.texts(name) or (default,))[-1]

    def integers(self, name: str) -> tuple[int, ...]:
        """Every whole number called ``name``."""
        return self._read(name, lambda text: int(text, 0), "a whole number")

    def integer(self, name: str, default: int) -> int:
        """The whole number called ``name``."""
        return (self.integers(name) or (default,))[-1]

    def numbers(self, name: str) -> tuple[float, ...]:
        """Every number called ``name``."""
        return self._read(name, lambda text: float(text.removesuffix("f").removesuffix("F")), "a number")

    def number(self, name: str, default: float) -> float:
        """The number called ``name``."""
        return (self.numbers(name) or (default,))[-1]

    def flag(self, name: str, default: bool) -> bool:
        """The truth value called ``name``."""
        return (self._read(name, lambda text: _FLAGS[text.lower()], "true or false") or (default,))[-1]

    def line_of(self, name: str) -> int:
        """The line of the last field ``name``; without one, of the message."""
        return next((field.line for field in reversed(self.fields) if field.name == name), self.line)

    def _read(self, name: str, convert: Callable[[str], ValueT], expected: str) -> tuple[ValueT, ...]:
        values = []
        for field in self.fields:
            if field.name != name:
                continue
            try:
                values.append(convert(field.value if isinstance(field.value, str) else ""))
            except (ValueError, KeyError):
                found = repr(field.value) if isinstance(field.value, str) else "a message"
                where = f"{self.file}, line {field.line}"
                raise NetworkInvalid(f"{name} expects {expected}, found {found}.", where=where) from None
        return tuple(values)


Value: TypeAlias = str | Message


def read_prototxt(path: Path) -> Message:
    """The message in the file ``path``.

    Raises:
        NetworkInvalid: If it cannot be read or is no protocol buffer text; names the line.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            hint = "Give the prototxt file that describes the network."
            raise NetworkInvalid(f"{path.name} has more than {MAX_FILE_BYTES:,} bytes.", where=str(path), hint=hint)
        text = path.read_text(encoding="utf-8-sig")
    except OSError as reason:
        hint = "Check the path and its permissions."
        raise NetworkInvalid(f"{path} cannot be read: {reason.strerror or reason}.", hint=hint) from None
    except UnicodeDecodeError:
        hint = "Give the prototxt file that describes the network; weights are another file."
        raise NetworkInvalid(f"{path.name} is no text.", where=str(path), hint=hint) from None
    return parse_prototxt(text, str(path))


def parse_prototxt(text: str, file: str) -> Message:
    """The message that ``text`` describes; ``file`` names it in errors.

    >>> net = parse_prototxt('layer { name: "a" type: "ReLU" }  # comment', "net")
    >>> net.message("layer").text("type")
    'ReLU'
    """
    return _Parser(text, file).fields("", 1, 0)


class _Parser:
    def __init__(self, text: str, file: str) -> None:
        self._file = file
        self._tokens = self._split(text)
        self._next = next(self._tokens)

    def fields(self, end: str, line: int, depth: int) -> Message:
        """Fields up to the mark ``end``."""
        if depth > _MAX_DEPTH:
            raise self._wrong(f"messages are nested more than {_MAX_DEPTH} deep")
        found: list[Field] = []
        while self._next.text != end or self._next.kind == "text":
            if self._next.kind == "end":
                raise self._wrong(f"the message that begins in line {line} is not closed")
            name = self._name()
            found += [Field(name.text, value, name.line) for value in self._values(depth)]
            self._skip(";,")
        self._take()
        return Message(tuple(found), self._file, line)

    def _name(self) -> Token:
        token = self._take()
        if token.text == "[" and token.kind == "mark":  # An extension: nobody's business here.
            while self._next.kind != "end" and self._take().text != "]":
                continue
            return token
        if token.kind != "word":
            raise self._wrong(f"expected the name of a field, found {token.text!r}", token)
        return token

    def _values(self, depth: int) -> list[Value]:
        colon = self._skip(":")
        if self._next.kind == "mark" and self._next.text in _CLOSING:
            opening = self._take()
            return [self.fields(_CLOSING[opening.text], opening.line, depth + 1)]
        if not colon:
            raise self._wrong(f"expected ':' or '{{', found {self._next.text or 'the end'!r}")
        if self._skip("["):
            return self._list(depth)
        return [self._scalar()]

    def _list(self, depth: int) -> list[Value]:
        found: list[Value] = []
        while not self._skip("]"):
            if self._next.kind == "mark" and self._next.text in _CLOSING:
                opening = self._take()
                found.append(self.fields(_CLOSING[opening.text], opening.line, depth + 1))
            else:
                found.append(self._scalar())
            self._skip(",")
        return found

    def _scalar(self) -> str:
        token = self._take()
        if token.kind == "word":
            return token.text
        if token.kind != "text":
            raise self._wrong(f"expected a value, found {token.text or 'the end'!r}", token)
        parts = [token.text]
        while self._next.kind == "text":
            parts.append(self._take().text)
        return "".join(re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), part[1:-1]) for part in parts)

    def _take(self) -> Token:
        token = self._next
        if token.kind != "end":
            self._next = next(self._tokens)
        return token

    def _skip(self, marks: str) -> bool:
        present = self._next.kind == "mark" and self._next.text in marks
        if present:
            self._take()
        return present

    def _split(self, text: str) -> Iterator[Token]:
        line, place = 1, 0
        while place < len(text):
            found = _TOKEN.match(text, place)
            if not found:
                raise self._wrong(f"found {text[place]!r}", Token("mark", text[place], line))
            if found.lastgroup != "space":
                yield Token(str(found.lastgroup), found[0], line)
            line += found[0].count("\n")
            place = found.end()
        yield Token("end", "", line)

    def _wrong(self, what: str, token: Token | None = None) -> NetworkInvalid:
        where = f"{self._file}, line {(token or self._next).line}"
        return NetworkInvalid(f"This is no prototxt: {what}.", where=where, hint="Correct the line.")
