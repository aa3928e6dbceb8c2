"""Who may: the guard before everything, people and their roles, accounts, sessions, the login page, and the audit.

It stands between the network and the rest of the server: pages and API are reached by requests only that the guard has
let through, and find there who asks. Knows the settings and ``errors``; nothing of datasets and jobs, and no NiceGUI.
"""
