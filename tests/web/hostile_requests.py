"""Loaded by schemathesis: half of what names something names what the home of the test holds."""

import schemathesis

KNOWN = {"job": "finished", "model": "finished", "name": "colours"}


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    for key, known in KNOWN.items() if path_parameters and "networks" not in context.operation.path else ():
        value = path_parameters.get(key)
        if isinstance(value, str) and len(value) % 2 == 0:
            path_parameters[key] = known
    return path_parameters
