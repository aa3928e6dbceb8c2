import signal

from digits_core.contracts.launcher import Handle
from digits_core.events.facts import RunFailed, RunFinished, RunStarted
from digits_core.events.journal import read_facts
from digits_core.scheduling.follow import follow, journal_end
from digits_core.store.job import JobFolder

HANDLE = Handle(1, 0.0)
STARTED = RunStarted(1, "numpy", ("cpu:0",), 0, 9, 3)
FINISHED = RunFinished(9, "completed", 100.0, 1.0)


class Process:
    """A launcher whose process does one thing at each look, and then is gone."""

    def __init__(self, *deeds, code=0):
        self.deeds = list(deeds)
        self.code = code

    def alive(self, handle):
        if self.deeds:
            self.deeds.pop(0)()
            return True
        return False

    def exit_code(self, handle):
        return self.code


def facts(folder, launcher, **options):
    return [item.fact for item in follow(folder, HANDLE, launcher, poll_s=0, **options)]


def test_facts_come_in_order_until_the_process_has_ended(tmp_path):
    folder = JobFolder(tmp_path)
    process = Process(lambda: folder.journal.append(STARTED), lambda: None, lambda: folder.journal.append(FINISHED))
    assert facts(folder, process) == [STARTED, FINISHED]


def test_what_was_written_just_before_the_end_is_not_lost(tmp_path):
    folder = JobFolder(tmp_path)
    folder.journal.append(STARTED)
    folder.journal.append(FINISHED)
    assert facts(folder, Process()) == [STARTED, FINISHED]


def test_only_what_is_new_is_followed_from_the_end_of_the_journal(tmp_path):
    folder = JobFolder(tmp_path)
    assert journal_end(folder) == 0
    folder.journal.append(STARTED)
    process = Process(lambda: folder.journal.append(FINISHED))
    assert facts(folder, process, cursor=journal_end(folder)) == [FINISHED]


def test_a_killed_worker_gets_a_last_word_with_the_cause(tmp_path):
    folder = JobFolder(tmp_path)
    process = Process(lambda: folder.journal.append(STARTED), code=-signal.SIGTERM)
    *_, last = facts(folder, process)
    assert isinstance(last, RunFailed) and "SIGTERM" in last.message
    assert read_facts(folder.journal.path)[-1].fact == last


def test_a_worker_that_nobody_saw_end_is_not_spoken_for(tmp_path):
    folder = JobFolder(tmp_path)
    folder.journal.append(STARTED)
    assert facts(folder, Process(code=None)) == [STARTED]
