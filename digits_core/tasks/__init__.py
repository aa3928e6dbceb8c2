"""Jobs that train nothing: a dataset that is made, a model that is scored.

They wait, run, fail and are aborted as all jobs do, in processes that know a job folder and nothing else. This room
says what such a process does; it knows ``training`` (how a worker listens and leaves its last word), ``inference``,
``dataset`` and ``store``.
"""
