"""Numbers for people: sizes, durations and counts, read and written."""

from __future__ import annotations


def format_bytes(count: int) -> str:
    """Bytes with a binary unit.

    >>> format_bytes(64 * 2**20)
    '64.0 MiB'
    """
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


def format_count(count: int) -> str:
    """A count with thousands separators.

    >>> format_count(431080)
    '431,080'
    """
    return f"{count:,}"


def format_duration(duration_s: float) -> str:
    """Seconds as a person would say them.

    >>> format_duration(4000)
    '1 h 06 min'
    """
    if duration_s < 60:
        return f"{duration_s:.1f} s" if duration_s < 10 else f"{duration_s:.0f} s"
    minutes, seconds = divmod(round(duration_s), 60)
    if minutes < 60:
        return f"{minutes} min {seconds:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def parse_size(text: str) -> tuple[int, int]:
    """``WIDTHxHEIGHT`` or one number for a square, in pixels, as (width, height).

    Raises:
        ValueError: If the text has another form; the range is not checked here.

    >>> parse_size("28x20"), parse_size("32")
    ((28, 20), (32, 32))
    """
    parts = text.lower().replace("×", "x").split("x")
    if len(parts) > 2:
        raise ValueError(text)
    width = int(parts[0])
    return width, int(parts[-1])
