"""The page and the REST API: what the command line does, in a browser and for scripts.

Everything goes through `digits_core.service.digits.Digits`; nothing here reads or writes the home by itself, but for
what is the server's own: accounts, the audit, and pictures that are being uploaded.

::

    server.py    listens, and starts jobs whose turn it is
    app.py       puts the parts together: one FastAPI application
    settings.py  what may be set, and what is wrong with it
    web.py       what every part is given: the service, the settings, what has been looked at lately
    uploads.py   files that people bring, for a day
    outside.py   files of the server and uploads that a request names
    access/      who may: tokens, accounts, sessions, and the guard before everything
    api/         /api/v1, one file for each kind of thing
    pages/       one file a page
    parts/       what pages share: charts, tables, pictures, forms
"""
