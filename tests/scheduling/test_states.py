"""A job's state is folded from what was asked, what happened and what lives."""

import itertools
import signal

import pytest

from digits_core.events.facts import (
    Noted,
    RunAborted,
    RunFailed,
    RunFinished,
    RunPaused,
    RunStarted,
    SnapshotSaved,
)
from digits_core.scheduling.deaths import died
from digits_core.scheduling.states import CLOSED, LAST_WORDS, MOVES, RESUMABLE, fold
from digits_core.store.job import RunRequest


def finished(run=1):
    return RunFinished(9, "completed", 100.0, 1.0, run)


def failed(run=1):
    return RunFailed(3, "The loss is not finite.", "Lower the rate.", {}, run)


def paused(run=1):
    return RunPaused(4, run)


def started(run=1):
    return RunStarted(run, "numpy", ("cpu:0",), 0, 9, 3)


def asked(number=1, given=True):
    return RunRequest(number=number, backend="numpy", processes=(("cpu:0",),) if given else ())


WAITING, UNCLAIMED, ALIVE, DEAD = (False, False, False), (True, False, False), (True, True, True), (True, True, False)


@pytest.mark.parametrize(
    ("facts", "run", "process", "state"),
    [
        ((), 1, WAITING, "queued"),
        ((), 1, UNCLAIMED, "starting"),
        ((), 1, ALIVE, "starting"),
        ((), 1, DEAD, "failed"),
        ((started(),), 1, ALIVE, "running"),
        ((started(),), 1, DEAD, "failed"),
        ((started(), SnapshotSaved(3, 1.0, "000001-epoch")), 1, ALIVE, "running"),
        ((started(), finished()), 1, DEAD, "done"),
        ((started(), finished()), 1, ALIVE, "done"),
        ((started(), paused()), 1, DEAD, "paused"),
        ((paused(),), 1, WAITING, "paused"),
        ((started(), failed()), 1, DEAD, "failed"),
        ((started(), RunAborted(3, 1)), 1, DEAD, "aborted"),
        ((started(), failed(), RunAborted(3, 1)), 1, DEAD, "aborted"),
        ((started(), paused()), 2, WAITING, "queued"),
        ((started(), paused()), 2, UNCLAIMED, "starting"),
        ((started(), paused()), 2, ALIVE, "starting"),
        ((started(), paused()), 2, DEAD, "failed"),
        ((started(), paused(), started(2)), 2, ALIVE, "running"),
        ((started(), paused(), started(2)), 2, DEAD, "failed"),
        ((started(), paused(), started(2), finished(2)), 2, DEAD, "done"),
        ((started(), failed(), Noted("damaged"), started(2)), 2, ALIVE, "running"),
        ((started(),), 2, WAITING, "queued"),
    ],
)
def test_facts_and_liveness_fold_into_one_state(facts, run, process, state):
    given, claimed, alive = process
    assert fold(facts, asked(run, given), claimed=claimed, alive=alive).state == state


def test_a_running_job_that_is_asked_to_pause_is_pausing():
    assert fold((started(),), asked(), claimed=True, alive=True, pause_asked=True).state == "pausing"
    assert fold((started(), paused()), asked(), claimed=True, alive=False, pause_asked=True).state == "paused"


def test_of_two_last_words_the_later_counts():
    # The supervisor knows that a signal killed a worker; another worker only that its peer is gone.
    found = fold((started(), failed(), RunFailed(3, "Killed.", run=1)), asked(), claimed=True, alive=False)
    assert found.failure.message == "Killed."


def test_a_resumed_job_forgets_the_failure_before():
    assert fold((started(), failed(), started(2), finished(2)), asked(2), claimed=True, alive=False).failure is None


def test_a_process_gone_without_a_word_has_failed_and_says_how_to_go_on():
    failure = fold((started(),), asked(), claimed=True, alive=False).failure
    assert "ended without a word" in failure.message and "resume" in failure.hint


def test_every_state_is_in_the_table_and_every_move_leads_into_it():
    assert set(itertools.chain.from_iterable(MOVES.values())) <= set(MOVES)
    assert set(LAST_WORDS.values()) == CLOSED
    assert {"paused", "failed"} == RESUMABLE
    assert not MOVES["done"] and not MOVES["aborted"]


def test_the_signal_that_killed_a_worker_is_named_with_its_meaning():
    assert "SIGSEGV" in died(-signal.SIGSEGV).message and "memory" in died(-signal.SIGSEGV).message
    assert "exit code 7" in died(7).message
    assert "signal 250" in died(-250).message
    assert "process 1 of 2" in died(-signal.SIGKILL, index=1, count=2).message


def test_memory_that_ran_out_is_a_cause_with_advice():
    found = died(-signal.SIGKILL, out_of_memory=True)
    assert "memory is full" in found.message and "--accumulate" in found.hint
    assert "memory is full" not in died(-signal.SIGTERM, out_of_memory=True).message
