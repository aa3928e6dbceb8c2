digits device list
digits device watch --count 2
digits device list --json > devices.json
python -c 'import json; print([device["id"] for device in json.load(open("devices.json"))["devices"]])'
DIGITS_CPU_DEVICES=4 digits device list
