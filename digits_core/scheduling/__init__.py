"""The parent process: start a worker, say what state a job is in, follow it to its end.

A launcher starts processes that know only a job folder; what comes back is the journal in it. This room knows
``store``, ``events``, ``hooks`` and ``contracts``; it imports neither ``training`` nor any backend, because those live
in the child.
"""
