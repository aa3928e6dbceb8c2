"""Processes that are placed as workers would be, to see how they fare.

One for a short try, several together, or one that stays and is asked again and again.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from typing import IO, NamedTuple

from pydantic import ValidationError

from digits_core.errors import WorkerDied
from digits_core.scheduling.inventory import MachineDevice, machine_devices
from digits_core.scheduling.local import surroundings
from digits_core.spec.model import ModelT
from digits_core.store.home import Home
from digits_core.store.settings import read_settings

#: Seconds between looks at processes that run together.
POLL_S = 0.05


class Stage(NamedTuple):
    """Where a worker of some backend would run.

    Attributes:
        interpreter: Its Python.
        environment: What it finds in its environment, over that of this process.
        cores: Cores that it is kept on; empty: any.
    """

    interpreter: str
    environment: dict[str, str]
    cores: tuple[int, ...]


class Rehearsal(NamedTuple):
    """How it went.

    Attributes:
        status: Exit status, negative for a signal, 0 for one that has answered and stays; None where it was ended
            because it took too long, or because one that ran together with it had failed.
        out: What it printed.
        err: What it printed on standard error.
    """

    status: int | None
    out: str = ""
    err: str = ""

    def answer(self, model: type[ModelT], what: str, hint: str) -> ModelT:
        """What it answered: the last line that it printed, where a framework may have printed before.

        Args:
            model: The form of the answer.
            what: What was tried, for errors.
            hint: What to do where there is no answer.

        Raises:
            WorkerDied: If there is none.
        """
        lines = self.out.strip().splitlines()
        if self.status == 0 and lines:
            with contextlib.suppress(ValidationError):
                return model.model_validate_json(lines[-1])
        ended = "took too long" if self.status is None else f"ended with status {self.status}"
        said = (self.err.strip().splitlines() or ["it said nothing"])[-1]
        raise WorkerDied(f"{what} {ended}: {said}.", hint=hint)


def stage_for(home: Home, backend: str, devices: Sequence[MachineDevice]) -> Stage:
    """Where a worker of ``backend`` runs that is alone on ``devices``.

    Raises:
        SpecInvalid: If the settings of the home are not what they should be.
    """
    placed = surroundings(devices, {device.id: device for device in machine_devices()}, ())
    interpreter = read_settings(home).interpreters.get(backend, sys.executable)
    return Stage(interpreter, placed["environment"], tuple(placed["cores"]))


def rehearse(
    stage: Stage, module: str, request: str, patience_s: float, waiting: Callable[[], None] = lambda: None
) -> Rehearsal:
    """Run ``python -m MODULE`` there.

    Args:
        stage: Where it runs; the process keeps to its cores by itself.
        module: What runs.
        request: What it reads on standard input.
        patience_s: When it is ended.
        waiting: Is called again and again until it has ended; raising from it ends it.
    """
    with ExitStack() as stack:
        player, end = _Player(stack, stage, module), time.monotonic() + patience_s
        player.tell(request)
        player.close()
        while player.child.poll() is None and time.monotonic() < end:
            waiting()
            time.sleep(POLL_S)
        return player.result()


def rehearse_together(
    stages: Sequence[Stage], module: str, requests: Sequence[str], patience_s: float
) -> tuple[Rehearsal, ...]:
    """Run ``python -m MODULE`` at several places at once; when one fails, the others are ended.

    Standard input stays open as long as this process lives, so that none of them outlives it.

    Args:
        stages: Where they run; each process keeps to its cores by itself.
        module: What runs.
        requests: What each reads as one line on standard input.
        patience_s: When all are ended.
    """
    with ExitStack() as stack:
        players = [_Player(stack, stage, module) for stage in stages]
        for player, request in zip(players, requests, strict=True):
            player.tell(request)
        end = time.monotonic() + patience_s
        while any(player.child.poll() is None for player in players):
            if any(player.child.poll() for player in players) or time.monotonic() > end:
                break
            time.sleep(POLL_S)
        return tuple(player.result() for player in players)


class Company:
    """Processes that stay: each runs ``python -m MODULE`` and answers requests one after the other.

    Standard input stays open as long as this process lives, so that none of them outlives it.

    Args:
        stack: They are ended with it.
        module: What runs.
        answered: Whether what a process has printed since its request is an answer.
    """

    def __init__(self, stack: ExitStack, module: str, answered: Callable[[str], bool]) -> None:
        self._stack, self._module, self._answered = stack, module, answered
        self._players: dict[str, _Player] = {}

    def ask(self, who: str, stage: Stage, request: str, patience_s: float) -> Rehearsal:
        """What a process answers; it is started where it is not there, or has not answered the last time.

        Args:
            who: Which process.
            stage: Where it runs; it keeps to its cores by itself.
            request: What it reads as one line on standard input.
            patience_s: When it is ended.
        """
        player = self._players.pop(who, None) or _Player(self._stack, stage, self._module)
        printed, end = len(player.said()), time.monotonic() + patience_s
        player.tell(request)
        while player.child.poll() is None and time.monotonic() < end:
            if self._answered(said := player.said()[printed:].decode(errors="replace")):
                self._players[who] = player
                return Rehearsal(0, said)
            time.sleep(POLL_S)
        ended = player.result()
        player.child.kill()
        return ended


class _Player:
    """One of several processes; ended with ``stack``."""

    def __init__(self, stack: ExitStack, stage: Stage, module: str) -> None:
        self.out, self.err = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(2))
        self.child = stack.enter_context(
            subprocess.Popen(
                [stage.interpreter, "-P", "-m", module],
                stdin=subprocess.PIPE,
                stdout=self.out,
                stderr=self.err,
                env={**os.environ, **stage.environment},
            )
        )
        stack.callback(self.child.kill)

    def tell(self, request: str) -> None:
        """Hand the request over."""
        assert self.child.stdin is not None
        with suppress(BrokenPipeError):  # It ended at once; its status says so.
            self.child.stdin.write(f"{request}\n".encode())
            self.child.stdin.flush()

    def close(self) -> None:
        """Let it see that nothing more comes."""
        assert self.child.stdin is not None
        with suppress(BrokenPipeError):
            self.child.stdin.close()

    def said(self) -> bytes:
        """What it has printed; the place where it goes on printing stays where it is."""
        return os.pread(self.out.fileno(), os.fstat(self.out.fileno()).st_size, 0)

    def result(self) -> Rehearsal:
        """How it went so far."""
        return Rehearsal(self.child.poll(), _text(self.out), _text(self.err))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
