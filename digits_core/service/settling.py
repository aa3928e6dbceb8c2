"""Jobs that wait for a dataset, once it is there or will never be."""

from __future__ import annotations

from digits_core.errors import DigitsError, JobFailed, Problem
from digits_core.events.facts import Noted, RunFailed
from digits_core.hooks.registry import Plugins
from digits_core.scheduling.scheduler import Settle
from digits_core.spec.dataset import split_reference
from digits_core.store.home import Home
from digits_core.store.job import JobFolder, RunRequest


def settler(home: Home, plugins: Plugins) -> Settle:
    """What completes the requests of jobs whose dataset was being made, once it is there; see `Scheduler`."""

    def settle(folder: JobFolder, run: RunRequest, at_work: bool) -> None:
        if at_work:
            return
        # Imported where it is needed: few jobs wait for a dataset, and every command that looks at jobs comes by here.
        from digits_core.service.resolve import complete

        request = folder.request()
        try:
            if split_reference(request.spec.dataset)[0] not in home.dataset_names():
                raise JobFailed(
                    f"Job {run.awaits} has made no dataset {request.spec.dataset}, so there is nothing to train on.",
                    hint=f"Make it, then go on: digits job resume {folder.id}.",
                )
            resolved = complete(request, home, plugins)
        except DigitsError as reason:
            message = " ".join(str(Problem(problem.message, problem.where)) for problem in reason.problems)
            details = {"exit_status": reason.exit_status}
            folder.journal.append(RunFailed(0, message, reason.hint, details, run.number))
            return
        for note in resolved.notes:
            folder.journal.append(Noted(note))
        # The run comes last: who finds it complete finds the rest.
        folder.write_graph(resolved.graph)
        folder.write_request(resolved.request)
        folder.write_run(run.model_copy(update={"awaits": ""}))

    return settle
