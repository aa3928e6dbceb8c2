"""Using what was learned: a snapshot and pictures in, labels with probabilities and scores out.

`lists` and `download` find pictures, `pictures` reads them as the network sees them, `predicting` lets threads read
ahead of it; `classify`, `evaluate` and `top` say what came out. Pictures go through the preparation that the job's
dataset went through; it is stored with the job, so nothing is asked twice and nothing can differ. This room knows
``store``, ``dataset``, ``hooks`` and ``contracts``.
"""
