"""The page of a job, ``/jobs/ID``: how it goes, what it found, and what its model is for.

::

    page.py       the address, the tabs, and which of them a kind of job has
    live.py       the job as it was last seen, and who is told of it
    head.py       name, state and what can be done: pause, resume, abort, clone, describe, discard
    dialogs.py    what is asked before that is done
    standing.py   progress, newest numbers, what went wrong
    charts.py     curves of training and of devices
    told.py       log and events
    snapshots.py  snapshots, the best marked
    task.py       jobs that train nothing, and what they came to
    use/          what the model is for: classify, look inside, score, mend
    take.py       archives and exports

It knows the service, NiceGUI and `parts`, and nothing of the API but the addresses of pictures and archives.
"""
