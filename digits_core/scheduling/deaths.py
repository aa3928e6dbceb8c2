"""Why a process died that could not say so itself."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from digits_core.events.facts import RunFailed

_COUNTERS = (Path("/proc/vmstat"), Path("/sys/fs/cgroup/memory.events"))
_LESS_MEMORY = (
    "Work through each batch in parts (--accumulate 4), lower the batch size, or close what else needs memory. "
    "Then resume the job: it goes on from its last snapshot."
)
_RESUME = "Read its log, then resume the job: it goes on from its last snapshot."
#: What signals mean that people see most.
_MEANINGS = {
    signal.SIGKILL: "somebody or something killed it",
    signal.SIGSEGV: "its native code reached for memory that is not its own",
    signal.SIGABRT: "its native code gave up",
    signal.SIGBUS: "a file it had mapped shrank, or the disk or shared memory is full",
    signal.SIGILL: "it was built for another processor",
    signal.SIGTERM: "somebody asked it to end",
}


class OomCounter:
    """Whether the kernel has killed a process for want of memory since this was made."""

    def __init__(self) -> None:
        self._before = _count()

    def happened(self) -> bool:
        """Whether the kernel's own count has grown."""
        return _count() > self._before


def died(
    exit_code: int | None, out_of_memory: bool = False, index: int = 0, count: int = 1, where: str = ""
) -> RunFailed:
    """The last word on behalf of a process that left none.

    Args:
        exit_code: Its exit code, negative for a signal; None where nobody saw it end.
        out_of_memory: Whether the kernel killed a process for want of memory meanwhile.
        index: Which of the processes it was.
        count: How many there were.
        where: On which machine it was, if there are several.
    """
    who = "The training process" if count == 1 else f"Training process {index} of {count}{where}"
    details = {"exit_code": exit_code} if exit_code is not None else {}
    if exit_code == -signal.SIGKILL and out_of_memory:
        message = f"{who} was killed by the kernel: the machine's memory is full."
        return RunFailed(0, message, _LESS_MEMORY, {**details, "cause": "out-of-memory"})
    message = f"{who} ended without a word"
    if exit_code is not None and exit_code < 0:
        known = -exit_code in set(signal.Signals)
        name = signal.Signals(-exit_code).name if known else f"signal {-exit_code}"
        meaning = _MEANINGS.get(signal.Signals(-exit_code), "") if known else ""
        message += f", by {name}" + (f": {meaning}" if meaning else "")
    elif exit_code:
        message += f", with exit code {exit_code}"
    return RunFailed(0, f"{message}.", _RESUME, details)


def _count() -> int:
    total = 0
    for path in _COUNTERS:
        try:
            found = re.search(r"^oom_kill (\d+)$", path.read_text(encoding="ascii", errors="replace"), re.MULTILINE)
        except OSError:
            continue
        total += int(found[1]) if found else 0
    return total
