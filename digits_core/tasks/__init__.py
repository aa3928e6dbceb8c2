"""Jobs that train nothing: a dataset that is made, a model that is scored.

They wait, run, fail and are aborted as all jobs do, in processes that know a job folder and nothing else. This room
says how such a process tells how far it is, and what it does for these two; for the others, which need no more than a
method of `Digits`, `digits_core.service.worker` says it. The room knows ``training`` (how a worker listens and leaves
its last word), ``inference``, ``dataset`` and ``store``.
"""
