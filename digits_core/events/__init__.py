"""What happened: typed facts, the append-only journal of a job, and a follower with a cursor.

Writers append, readers follow; nobody edits. This room knows ``spec`` and ``errors`` only.
"""
