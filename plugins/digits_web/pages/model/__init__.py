"""The page of an imported model: what it is, what it is used for, and taking it away.

What uses a model and takes it away is that of jobs, ``pages/job/use`` and ``pages/job/take.py``.
"""
