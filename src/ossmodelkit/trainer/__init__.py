"""The annex where torch lives: `python -m ossmodelkit.trainer plan.json run.json`."""
