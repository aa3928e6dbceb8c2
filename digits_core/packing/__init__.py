"""Making an archive: what goes into it, file by file, and how it is written.

Made twice from one model it is the same to the last byte. What receivers get with it, scripts that need nothing of
DIGITS, is in ``receiver``. This room knows ``archive``, whose names and limits it keeps to, ``graph``, ``spec``,
``contracts``, ``disk`` and ``errors``; the bytes of other formats are handed to it.
"""
