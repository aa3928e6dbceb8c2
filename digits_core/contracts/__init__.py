"""What a plugin author implements: one small abstract class and its value types per file.

A contract is an interface or a leaf, never both. State goes in and comes out, numpy arrays with canonical names are the
only currency. What every author would write in the same words is here once: `claims` (checks), `processor` (a device),
`channels_last` (how weights lie), `picture_file` (what a
folder of pictures holds) and `boundary` (which folders may be read). This room knows ``graph``,
``spec`` and ``errors``.
"""
