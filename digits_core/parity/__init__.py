"""Many backends, one answer: the proof that they compute the same, as a certificate.

Every backend does the same exercise in a process of its own and leaves arrays in files; they are compared with those of
the reference, check by check, and the first difference is named by layer. This room may know everything below it:
loaders, initial weights and schedules as training uses them, and how processes are placed. It knows no request's words.
"""
