"""Read models: what the service tells, frozen; their plain form is the JSON that commands print.

A module for each kind of thing told: a command imports the models of its answer and no others.
"""
