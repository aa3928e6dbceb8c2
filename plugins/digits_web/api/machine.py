"""This installation: devices, backends, plugins, and how it is."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from digits_core.service.views.machine import DeviceView, DoctorView, PluginsView
from digits_core.service.views.view import View
from digits_web.api.acting import Site, Viewer
from digits_web.api.bodies import told
from digits_web.web import Lately

router = APIRouter(tags=["machine"])


class DevicesView(View):
    """What computes here."""

    devices: tuple[DeviceView, ...]
    """Each with what it is busy with, and the job that holds it."""


class MeView(View):
    """Who asks."""

    name: str
    """Name of the account."""
    role: str
    """`viewer`, `editor` or `admin`."""


@router.get("/me", response_model=MeView, summary="Who am I")
def me(person: Viewer) -> Response:
    """The account that asks, and what it may do."""
    return told(MeView(name=person.name, role=person.role))


@router.get("/devices", response_model=DevicesView, summary="List devices")
def devices(web: Site) -> Response:
    """What computes here, how busy it is, and which job holds it."""
    return told(DevicesView(devices=web.devices()))


@router.get("/plugins", response_model=PluginsView, summary="List plugins")
def plugins(web: Site) -> Response:
    """What plugins bring, and which cannot be used and why."""
    return told(web.digits.plugin_list())


@router.get("/doctor", response_model=DoctorView, summary="How is this installation")
def doctor(request: Request) -> Response:
    """Versions, folders, and what to do about what is not well; looked at once in ten minutes, since it takes long."""
    look: Lately[DoctorView] = request.app.state.doctor
    return told(look())
