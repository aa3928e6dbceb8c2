"""The pages: one file each, with a function ``add(web)`` that registers it.

They know the service, NiceGUI and `parts`, and nothing of the API.
"""
