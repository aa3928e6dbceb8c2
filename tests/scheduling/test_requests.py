"""Words for devices, and who is given which."""

import pytest

from digits_core.errors import CapabilityMissing, SpecInvalid
from digits_core.scheduling.inventory import MachineDevice
from digits_core.scheduling.requests import allocate, parse_devices, require_devices

MACHINE = tuple(
    MachineDevice(f"{kind}:{index}", kind, "a device", 1, "", index if kind == "cpu" else None)
    for kind, count in (("gpu", 4), ("cpu", 3))
    for index in range(count)
)
ALL = {device.id for device in MACHINE}
BOTH, CPU = ("cpu", "gpu"), ("cpu",)


def given(text, free=ALL, kinds=BOTH, machine=MACHINE):
    return allocate(parse_devices(text), machine, free, kinds)[0]


@pytest.mark.parametrize(
    ("text", "processes"),
    [
        ("auto", (("gpu:0",),)),
        ("gpu", (("gpu:0",),)),
        ("gpu:2", (("gpu:0",), ("gpu:1",))),
        ("gpu:0,3", (("gpu:0",), ("gpu:3",))),
        ("gpu:1-3", (("gpu:1",), ("gpu:2",), ("gpu:3",))),
        ("gpu:2-2", (("gpu:2",),)),
        ("cpu", (("cpu:0", "cpu:1", "cpu:2"),)),
        ("cpu:2", (("cpu:0",), ("cpu:1",))),
    ],
)
def test_every_form_gives_each_process_its_devices(text, processes):
    assert given(text) == processes


def test_auto_is_the_whole_processor_where_a_backend_or_machine_has_no_gpu():
    whole = (("cpu:0", "cpu:1", "cpu:2"),)
    assert given("auto", kinds=CPU) == whole
    assert given("auto", machine=MACHINE[4:]) == whole


def test_devices_that_are_taken_are_passed_over():
    assert given("gpu:2", ALL - {"gpu:0", "gpu:2"}) == (("gpu:1",), ("gpu:3",))
    assert given("gpu:0,3", ALL - {"gpu:3"}) == ()


def test_who_waits_for_several_devices_keeps_those_that_are_free():
    processes, kept = allocate(parse_devices("gpu:3"), MACHINE, {"gpu:1", "gpu:3"}, BOTH)
    assert processes == () and {"gpu:1", "gpu:3"} < kept and len(kept) == 3


@pytest.mark.parametrize("text", ["", "gpu:", "gpu:0,", "tpu:1", "gpu:-1", "gpu:3-1", "cpu:0-99999", "gpu:0", "1"])
def test_other_words_are_refused_with_the_forms_that_there_are(text):
    with pytest.raises(SpecInvalid, match="devices expects"):
        parse_devices(text)


@pytest.mark.parametrize(
    ("text", "kinds", "message"),
    [
        ("gpu:5", BOTH, "at most 4 of kind gpu, found 5"),
        ("gpu:0,9", BOTH, "no gpu:9 here, found gpu:0, gpu:1"),
        ("gpu:1", CPU, "computes on cpu, not on gpu"),
    ],
)
def test_what_can_never_be_given_is_refused_at_once(text, kinds, message):
    with pytest.raises(CapabilityMissing, match=message):
        require_devices(parse_devices(text), MACHINE, kinds)
