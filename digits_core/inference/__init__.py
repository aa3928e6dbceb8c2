"""Using what was learned: a snapshot and a picture in, labels with probabilities out.

Pictures go through the preparation that the job's dataset went through; it is stored with the job, so nothing is asked
twice and nothing can differ. This room knows ``store``, ``dataset``, ``hooks`` and ``contracts``.
"""
