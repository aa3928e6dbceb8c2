"""Running commands in this process, as the command line would."""

import json
from typing import NamedTuple

import pytest

from digits_core.cli.main import run


class Answer(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def data(self):
        """The one JSON document on standard output."""
        return json.loads(self.out)


@pytest.fixture
def digits(capsys):
    """Run ``digits ARGUMENTS``; every error must be a message, never a traceback."""

    def call(*arguments):
        capsys.readouterr()
        status = run([str(argument) for argument in arguments])
        answer = Answer(status, *capsys.readouterr())
        assert "Traceback" not in answer.out + answer.err
        assert "Unexpected" not in answer.out + answer.err, answer
        return answer

    return call


@pytest.fixture
def refused(digits, home):
    """Run a command that must be refused; returns its message."""

    def call(*arguments, status=2):
        before = everything(home)
        answer = digits(*arguments)
        assert answer.status == status, answer
        assert answer.out == ""
        assert answer.err.count("Error: ") == 1, answer.err
        assert everything(home) == before
        as_json = digits(*arguments, "--json")
        assert as_json.status == status
        assert as_json.data["error"]["message"]
        assert everything(home) == before
        return answer.err[answer.err.index("Error: ") :]  # progress may come before

    return call


def everything(home):
    """What lies in the home; the empty shelves and locks do not count."""
    return sorted(str(path) for path in home.glob("*/*")) if home.exists() else []
