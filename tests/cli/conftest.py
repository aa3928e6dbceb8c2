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
