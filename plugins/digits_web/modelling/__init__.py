"""What the page of a new model is made of: the form as data, and its panels.

`draft`, `fields`, `command`, `devices` and `vocabulary` are data in, data out and know no page; `desk` holds one
reader's draft and tells the panels when it changed; every other file is one panel. They know the service, the request's
JSON schema and NiceGUI, and nothing of the API. Words of the form are those of the request's own fields.
"""
