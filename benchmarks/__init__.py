"""Speed, always as a ratio within one run: ours over the best that could be written by hand.

``python -m benchmarks`` measures everything in a process per subject and writes ``docs/reference/benchmarks.md``.
"""
