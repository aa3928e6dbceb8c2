"""The folders on disk, as code: the home, the folder of a job, and its snapshots.

A folder is the only truth; parent and child processes meet in it and nowhere else. This room knows ``events``,
``graph``, ``contracts``, ``spec``, ``disk`` and ``errors``; it starts nothing and computes nothing.
"""
