"""What the model of a job is for, each in a file: while it trains with the newest snapshot, later with the best.

::

    use.py       the choice of a snapshot, and of one of the following
    used.py      the snapshot that is chosen
    awaited.py   the job that a tab waits for, and its result
    one.py       classify one picture: dropped, pasted, fetched or drawn from the dataset
    looking.py   what a model makes of a picture, asked in a thread
    layers.py    every layer: activations, weights, histograms, numbers
    many.py      classify many
    top.py       the pictures that each class scores highest
    evaluate.py  score it, and see what it confuses
    matrix.py    the confusion matrix
    doubts.py    pictures whose labels it doubts
    mend.py      pictures that are chosen, relabelled or left out
"""
