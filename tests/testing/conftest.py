#: Is imported by a run that finds the stand-ins.
collect_ignore = ["augmentation_faults.py", "tracker_faults.py"]
