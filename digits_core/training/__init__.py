"""The child process: one loop that trains with any backend.

``python -m digits_core.training.worker JOB_FOLDER`` knows a job's folder and nothing else. Schedules, initial weights,
the plan of steps, validation, early stopping and snapshots exist here once, for every backend. This room knows
``store``, ``dataset``, ``hooks`` and what is below; it starts no process and never talks to its parent but through
files.
"""
