"""``digits device``: what people see, what scripts read, and how watching ends."""

import json
import os
import pty
import signal
import subprocess
import sys
import time

import pytest

from digits_core.scheduling.inventory import machine_devices

COMMAND = (sys.executable, "-m", "digits_core.cli.start", "device")
FIELDS = {
    *("id", "kind", "name", "memory_total_bytes", "memory_used_bytes"),
    *("utilization_percent", "temperature_c", "power_w", "lease"),
}


def test_every_device_has_every_field(digits, driver):
    devices = digits("device", "list", "--json").data["devices"]
    assert [device["id"] for device in devices] == [device.id for device in machine_devices()]
    assert all(set(device) == FIELDS for device in devices)
    assert devices[0]["power_w"] is None and devices[0]["temperature_c"] == 61.0


def test_devices_are_a_table(digits, driver):
    driver.FAULTS.clear()
    header, gpu, *_ = digits("device", "list").out.splitlines()
    assert header.split() == ["device", "name", "memory", "busy", "temperature", "power", "job"]
    assert gpu.split("  ")[0] == "gpu:0"
    for word in ("Stand-in 0", "5.0 GiB of 80.0 GiB", "97 %", "61 °C", "412 W"):
        assert word in gpu


def test_no_framework_is_imported():
    code = (
        "import sys; from digits_core.cli.main import run; status = run(['device', 'list', '--json']);"
        "print(*{'torch', 'jax', 'tensorflow', 'numpy', 'pyarrow', 'PIL'} & set(sys.modules), file=sys.stderr);"
        "sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "\n" and json.loads(done.stdout)["devices"]


def test_watching_writes_a_line_for_every_device_and_round(digits):
    lines = digits("device", "watch", "--count", 2).out.splitlines()
    devices = machine_devices()
    assert lines[0].startswith("time") and len(lines) == 1 + 2 * len(devices)
    assert [line.split()[1] for line in lines[1:]] == [device.id for device in devices] * 2


@pytest.mark.parametrize(("flags", "count"), [((), 1), (("--count", 2), 2)])
def test_watching_gives_scripts_one_document(digits, flags, count):
    rounds = digits("device", "watch", "--json", *flags).data["rounds"]
    assert len(rounds) == count
    assert rounds[0]["time"] > 1.5e9 and all(set(device) == FIELDS for device in rounds[-1]["devices"])


def test_no_rounds_at_all_are_refused(digits):
    answer = digits("device", "watch", "--count", 0, "--json")
    assert answer.status == 2 and "--count" in answer.data["error"]["message"]


@pytest.mark.parametrize("command", ["list", "watch"])
def test_a_wrong_number_of_cpu_devices_is_refused(digits, monkeypatch, command):
    monkeypatch.setenv("DIGITS_CPU_DEVICES", "many")
    answer = digits("device", command)
    assert answer.status == 2 and "DIGITS_CPU_DEVICES expects a whole number" in answer.err


def test_ctrl_c_ends_watching_quietly():
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    process = subprocess.Popen(
        [*COMMAND, "watch"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=buffered
    )
    began = time.monotonic()
    assert process.stdout.readline().startswith("time")
    assert time.monotonic() - began < 60, "lines come as they are measured"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=200)
    assert (process.returncode, err) == (0, "")


def test_a_terminal_shows_one_table_that_changes_in_its_place():
    terminal, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "40"}
    process = subprocess.Popen([*COMMAND, "watch"], stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    shown = read_until(terminal, lambda shown: shown.count("cpu:0") == 2)
    assert shown.count("temperature") == 2 and "\x1b[1A" in shown, "the second table is drawn over the first"
    process.send_signal(signal.SIGINT)
    rest = read_until(terminal, lambda shown: False)
    assert process.wait(200) == 0
    assert "\x1b[?25h" in rest and "Traceback" not in rest, "the cursor is back"
    os.close(terminal)


def read_until(terminal, holds, patience_s=200.0):
    """What a terminal shows until it holds, or until nobody writes to it any more."""
    shown, limit = "", time.monotonic() + patience_s
    while time.monotonic() < limit and not holds(shown):
        try:
            shown += os.read(terminal, 65536).decode()
        except OSError:
            break
    return shown
