"""The parent process: who runs next and on which devices, a supervisor per run, and what state a job is in.

A look at the queue (``scheduler``) gives devices to jobs (``requests``, ``leases``, ``inventory``). A launcher
(``local``) starts a ``supervisor``, which starts workers that know only a job folder and samples what they use
(``monitor``). What comes back is the journal in it, folded into a state (``states``); other systems
are told of it by a process each (``trackers``, ``telling``). Runs on several machines meet in
``nodes`` and ``meeting``. This room knows ``store``, ``events``, ``hooks`` and ``contracts``. It imports
neither ``training`` nor any backend, because those live in the child.
"""
