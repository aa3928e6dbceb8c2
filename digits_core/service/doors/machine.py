"""What this machine has: plugins, devices, versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digits_core.service.doors.door import Door

if TYPE_CHECKING:
    from digits_core.service.views.machine import DeviceView, DoctorView, HomeView, PluginsView


class Machine(Door):
    """This installation."""

    def plugin_list(self) -> PluginsView:
        """What plugins bring, and which cannot be used and why."""
        from digits_core.service import doctor
        from digits_core.store.settings import read_settings

        return doctor.plugins_view(self.plugins, read_settings(self.home).interpreters)

    def devices(self) -> tuple[DeviceView, ...]:
        """What computes here, how busy it is, and which job holds it; imports no backend.

        Raises:
            SpecInvalid: If ``DIGITS_CPU_DEVICES`` is no number of devices.
        """
        from digits_core.service.devices import device_views

        return device_views(self.home, lambda: self._runs.holders())

    def doctor(self) -> DoctorView:
        """How this installation is."""
        from digits_core.service import doctor

        return doctor.examine(self.home, self.plugins)

    def about_home(self) -> HomeView:
        """Where datasets and jobs are, and what is set for them; looks at no job.

        Raises:
            SpecInvalid: If the settings do not say what they should.
        """
        from digits_core.service.doctor import home_view

        return home_view(self.home)
