"""Dataset sources for picture classification: class folders, text and CSV lists, IDX files."""
