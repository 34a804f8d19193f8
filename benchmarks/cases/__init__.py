"""One file a case; each names its `CASE`."""
