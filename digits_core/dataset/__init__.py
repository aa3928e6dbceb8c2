"""Pictures become batches: sources → selection → shards on disk → sampler → loader.

Writing: ``selection`` decides which picture lands in which split, ``pictures`` brings one picture to size, ``pipeline``
does so in threads and in order, ``shards`` stores, ``create`` ties them together. Reading: ``opened``, ``sampler``,
``loader``, ``explore``. Changing: ``edits`` and ``additions`` say what a new version holds, ``versions`` makes it.
``draws`` and ``augment`` say what chance does to a picture on the way. The room knows ``hooks``, ``contracts``,
``spec``, ``disk`` and ``errors``; it knows nothing of jobs, of homes or of frameworks.
"""
