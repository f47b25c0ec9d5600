"""One function per verb: fetch, ask, record, judge. Also the Python API."""
