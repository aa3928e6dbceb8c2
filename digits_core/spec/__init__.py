"""What is asked for: frozen pydantic models of datasets and jobs, read from and written to YAML and JSON.

A model here is words only: it has checked ranges and defaults, but it has looked at no file, plugin or device. That
is done by ``service.resolve``. This room knows nothing but ``errors`` and ``units``; backends may import it.
"""
