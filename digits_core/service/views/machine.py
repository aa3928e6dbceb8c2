"""Read models of this installation: plugins, devices, checks."""

from __future__ import annotations

from digits_core.service.views.view import View


class PluginView(View):
    """One thing that a plugin brings."""

    kind: str
    """For example ``backend``."""
    name: str
    """What users write."""
    plugin: str
    """The plugin that brings it."""
    summary: str
    """One sentence."""
    available: bool
    """Whether it can be used here."""
    missing: tuple[str, ...] = ()
    """Packages it needs and that are not installed."""
    remedy: str = ""
    """How to make it available."""
    interpreter: str | None = None
    """The Python that its jobs run in, where settings name one."""


class BrokenView(View):
    """A plugin that could not be loaded."""

    plugin: str
    """Name of its entry point."""
    distribution: str
    """What brought it."""
    reason: str
    """What went wrong."""
    remedy: str
    """What to do."""


class PluginsView(View):
    """Everything that plugins bring."""

    plugins: tuple[PluginView, ...]
    """Every declaration."""
    broken: tuple[BrokenView, ...]
    """Plugins that could not be loaded."""


class DeviceView(View):
    """Something that computes."""

    id: str
    """Kind and index."""
    kind: str
    """``cpu`` or ``gpu``."""
    name: str
    """What its maker calls it."""
    memory_total_bytes: int | None = None
    """Its memory, for a CPU device the machine's; here and below nothing where it is not known."""
    memory_used_bytes: int | None = None
    """How much of it is in use, by whomever."""
    utilization_percent: float | None = None
    """Share of its time that it works."""
    temperature_c: float | None = None
    """Degrees Celsius."""
    power_w: float | None = None
    """Watts."""
    lease: str | None = None
    """Id of the job that holds it."""


class CheckView(View):
    """One thing that the doctor looked at."""

    name: str
    """What was looked at."""
    passed: bool
    """Whether it is well."""
    found: str
    """What was found."""
    remedy: str = ""
    """What to do where it is not."""


class DoctorView(View):
    """How this installation is."""

    version: str
    """Version of DIGITS."""
    home: str
    """Where datasets and jobs are."""
    passed: bool
    """Whether everything needed is well."""
    checks: tuple[CheckView, ...]
    """What was looked at."""
    plugins: PluginsView
    """What plugins bring."""


class HomeView(View):
    """Where datasets and jobs are, and what is set for them."""

    path: str
    """The folder."""
    free_bytes: int
    """Free space of its disk."""
    total_bytes: int
    """Size of its disk."""
    settings_file: str
    """Where settings are written; the file need not exist."""
    interpreters: dict[str, str]
    """For a backend the Python that its jobs run in, where it is another than this."""
    trackers: tuple[str, ...]
    """Other systems that are told of every job."""
    allow_private_addresses: bool
    """Whether pictures may be fetched from private, loopback and link-local addresses."""
