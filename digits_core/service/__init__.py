"""The only door for command line, web page and notebook: `digits_core.service.digits.Digits`.

Here names become things (``resolve``), every problem of a request is reported at once, and what happened is told in
small read models (``views``) whose plain form is the JSON that commands print. The room knows everything below it and
prints nothing.
"""
