"""The parts of `digits_core.service.digits.Digits`, one for each kind of thing that it is asked about.

Each part is a class over `Door`, which knows the home, the plugins and the runs; all of them together are `Digits`.
"""
