"""The parts of `digits_core.service.digits.Digits`, one for each kind of thing that it is asked about.

Each part is a class over `Door`, which knows the home, the plugins and the runs; all of them together are `Digits`.
A command calls one or two methods of all these, so a method imports what does its work when it is called: whoever
lists jobs does not wait for what draws networks.
"""
