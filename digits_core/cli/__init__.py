"""The command line: one file per noun, each command a few lines around one call of the service.

With ``--json`` exactly one JSON document goes to standard output; progress, messages and warnings go to standard error.
Nothing heavy is imported before a command runs, so that help is instant. This room knows ``service`` and what it takes
and gives.
"""
