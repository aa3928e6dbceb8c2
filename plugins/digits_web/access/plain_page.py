"""Pages that need nothing but themselves: for whoever is not let in, or not yet."""

from __future__ import annotations

from html import escape

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{title} · DIGITS</title>
<style>
:root {{ --back: #f3f5f8; --card: #ffffff; --text: #1b2330; --quiet: #556072; --line: #8a94a6; --accent: #1c5fb8;
  --bad: #b3261e; --bad-back: #fdecea; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --back: #12161d; --card: #1c222c; --text: #e8ecf2; --quiet: #a9b4c4; --line: #76839a; --accent: #8ab8ff;
    --bad: #ffb4ab; --bad-back: #3b1f1d; }}
}}
* {{ box-sizing: border-box; }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--back);
  color: var(--text); font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }}
main {{ width: 100%; max-width: 24rem; background: var(--card); border-radius: .75rem; padding: 2rem;
  box-shadow: 0 1px 3px rgb(0 0 0 / .2), 0 8px 30px rgb(0 0 0 / .08); }}
.brand {{ margin: 0 0 1.25rem; font-weight: 700; letter-spacing: .08em; color: var(--accent); }}
h1 {{ margin: 0 0 .25rem; font-size: 1.375rem; line-height: 1.3; }}
p {{ margin: .25rem 0 0; color: var(--quiet); overflow-wrap: anywhere; }}
.wrong {{ margin: 1rem 0 0; padding: .6rem .8rem; border-radius: .5rem;
  background: var(--bad-back); color: var(--bad); }}
form {{ margin-top: 1.25rem; }}
form + form {{ margin-top: 1.75rem; padding-top: .75rem; border-top: 1px solid var(--line); }}
label {{ display: block; margin-top: .9rem; font-size: .875rem; font-weight: 600; }}
input {{ width: 100%; margin-top: .25rem; padding: .6rem .7rem; border: 1px solid var(--line); border-radius: .5rem;
  background: transparent; color: inherit; font: inherit; }}
button {{ width: 100%; margin-top: 1.25rem; padding: .65rem; border: 0; border-radius: .5rem; background: var(--accent);
  color: var(--card); font: inherit; font-weight: 600; cursor: pointer; }}
button.second {{ border: 1px solid var(--line); background: transparent; color: var(--accent); }}
:focus-visible {{ outline: 3px solid var(--accent); outline-offset: 2px; }}
a {{ color: var(--accent); }}
</style>
</head>
<body>
<main>
<p class="brand">DIGITS</p>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def plain_page(title: str, message: str, hint: str = "", markup: str = "") -> str:
    """A page with a few words.

    Args:
        title: Its heading.
        message: What it says, as text.
        hint: What to do, as text.
        markup: What follows, as HTML.
    """
    words = [f"<p>{escape(text)}</p>" for text in (message, hint) if text]
    return _PAGE.format(title=escape(title), body="\n".join([*words, markup]))
