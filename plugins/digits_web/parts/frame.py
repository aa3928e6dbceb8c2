"""The frame around every page: name, menu, light or dark, and the banner of a lost connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import ElementFilter, ui
from nicegui.events import GenericEventArguments

from digits_web.parts.person import account
from digits_web.parts.theme import COOKIE, chosen_darkness, ground_style

#: Seconds that a page may take to look at what it shows, on a machine that is busy with training.
PATIENCE_S = 60.0
#: Address and name of what the menu offers.
MENU = (
    ("/", "Home"),
    ("/datasets/new", "New dataset"),
    ("/jobs/new", "New model"),
    ("/models", "Models"),
    ("/compare", "Compare"),
    ("/plugins", "Plugins"),
    ("/settings", "Settings"),
    ("/about", "About"),
)
#: Tells the server whenever the page has become dark or light, whoever wanted that: its reader, or the system.
_WATCH = """
const dark = () => document.body.classList.contains("body--dark");
let seen = dark();
new MutationObserver(() => {
  if (dark() === seen) return;
  seen = dark();
  emitEvent("turned");
}).observe(document.body, {attributeFilter: ["class"]});"""
#: Turns what is seen round, remembers it for a year, and tells the server.
_TURN = f"""() => {{
  const dark = !document.body.classList.contains("body--dark");
  document.cookie = "{COOKIE}=" + (dark ? 1 : 0) + "; path=/; max-age=31536000; samesite=lax";
  Quasar.Dark.set(dark);
  emit(dark);
}}"""


@contextmanager
def frame(title: str) -> Iterator[ui.element]:
    """What a page's own elements are put into.

    Args:
        title: What the page shows, for its heading and the browser's tab.

    Yields:
        The row of the heading: what is put into it stands at its right, for the page's main buttons.
    """
    ui.page_title(f"{title} · DIGITS")
    _header()
    with ui.element("div").classes("digits-page") as content:
        with ui.element("div").classes("digits-heading") as heading:
            ui.label(title).props("role=heading aria-level=1")
        yield heading
    ui.skip_link(target=content)


def section(title: str) -> ui.label:
    """A heading within a page."""
    return ui.label(title).props("role=heading aria-level=2").classes("digits-section")


def _header() -> None:
    with ui.header(wrap=False).classes("digits-header"):
        ui.link("DIGITS", "/").classes("digits-brand")
        with ui.element("nav").classes("digits-nav").props('aria-label="Pages"'):
            for address, name in MENU:
                _entry(address, name)
        _darkness()
        account()
        with _icon("menu", "Menu").classes("digits-narrow"), ui.menu():
            for address, name in MENU:
                ui.menu_item(name, on_click=lambda address=address: ui.navigate.to(address)).props("role=menuitem")


def _entry(address: str, name: str) -> None:
    link = ui.link(name, address)
    if ui.context.client.page.path == address:
        link.props("aria-current=page")


def _icon(icon: str, label: str) -> ui.button:
    return ui.button(icon=icon).props(f'flat round dense color=none aria-label="{label}"').tooltip(label)


def _darkness() -> None:
    request = ui.context.client.request
    chosen = chosen_darkness(request.cookies)
    ui.add_head_html(ground_style(chosen))
    dark = ui.dark_mode(chosen)

    def chosen_now(event: GenericEventArguments) -> None:
        dark.value = bool(event.args)

    def redraw() -> None:
        # Charts look up their colours in the browser when they are drawn.
        for chart in ElementFilter(kind=ui.echart):
            chart.update()

    _icon("contrast", "Light or dark").on("click", chosen_now, js_handler=_TURN)
    ui.on("turned", redraw)
    ui.run_javascript(_WATCH)
