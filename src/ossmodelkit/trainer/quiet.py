"""Libraries talk a lot; what is not for the user goes without saying."""

from __future__ import annotations

import warnings


def hush() -> None:
    """No progress bars and no warnings of libraries about themselves."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    for kind in (FutureWarning, DeprecationWarning):
        warnings.simplefilter("ignore", kind)
