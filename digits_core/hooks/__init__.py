"""How plugins are found: hook specifications, guarded discovery, typed registries.

A plugin is a module behind an entry point of group ``digits.plugins``; its hooks return entries, which are pure data.
Nothing a plugin brings is imported before it is asked for by name, and one broken plugin never stops the others. This
room knows ``contracts``, ``spec`` and ``errors``.
"""

from digits_core.hooks.specs import PROJECT, hookimpl

__all__ = ["PROJECT", "hookimpl"]
