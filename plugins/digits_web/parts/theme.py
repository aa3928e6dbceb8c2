"""How pages look: colours of light and dark, cards, tables, states; in one style sheet.

A page names no colours: it uses the custom properties, or the classes below. Both sets of colours have a contrast of at
least 4.5 : 1 between text and what is behind it (WCAG 2.2, 1.4.3, https://www.w3.org/TR/WCAG22/#contrast-minimum).
"""

from __future__ import annotations

from pathlib import Path

from nicegui import ui

STYLE = Path(__file__).with_suffix(".css")
#: The cookie in which a browser remembers what its reader chose: 1 dark, 0 light; none: as the system has it.
COOKIE = "digits-dark"
#: What is behind everything, so that no page flashes white before it is drawn.
GROUND = {True: "#0e1217", False: "#f5f7f9"}


def use_theme() -> None:
    """Put the style sheet into every page; once a process."""
    ui.add_head_html(f"<style>{STYLE.read_text(encoding='utf-8')}</style>", shared=True)


def chosen_darkness(cookies: dict[str, str]) -> bool | None:
    """What the reader chose; nothing: as the system has it.

    >>> chosen_darkness({"digits-dark": "1"}), chosen_darkness({})
    (True, None)
    """
    return {"1": True, "0": False}.get(cookies.get(COOKIE, ""))


def ground_style(dark: bool | None) -> str:
    """Style of the bare page for who chose, or did not."""
    if dark is not None:
        return f"<style>html {{ background: {GROUND[dark]}; }}</style>"
    system = f"@media (prefers-color-scheme: dark) {{ html {{ background: {GROUND[True]}; }} }}"
    return f"<style>html {{ background: {GROUND[False]}; }} {system}</style>"
