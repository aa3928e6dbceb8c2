"""What models and jobs look like, beyond what every page does."""

from __future__ import annotations

from pathlib import Path

from nicegui import ui

_STYLE = Path(__file__).with_name("job.css")


def add_style() -> None:
    """Give it to the page that is being made."""
    ui.add_head_html(f"<style>{_STYLE.read_text(encoding='utf-8')}</style>")
