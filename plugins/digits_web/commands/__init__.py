"""What the plugin brings to the command line: ``digits serve`` and ``digits user``.

They look and answer as the commands of the core do. A module here is imported when its word is written, so servers and
pages are imported in its functions.
"""
