"""What can go wrong, and which exit code each kind of trouble earns."""

from __future__ import annotations

from typing import ClassVar


class KitError(Exception):
    """Something the user can act on: what happened, then what to do about it.

    `message` is lower case without a full stop; `hint` says what to do next.
    Caught once, in `cli/app.py`.
    """

    exit_code: ClassVar[int] = 5

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class RefusedError(KitError):
    """A rule says no, and no report has been shown that would say so (exit 1)."""

    exit_code = 1


class UsageError(KitError):
    """The command, a plan, a policy or a setting is wrong (exit 2)."""

    exit_code = 2


class SourceError(UsageError):
    """There is nothing to read where the user pointed (exit 2)."""


class NothingToJudgeError(KitError):
    """What was asked for exists, and holds nothing that could be judged (exit 3)."""

    exit_code = 3


class UnreadableError(KitError):
    """Bytes that claim a format and do not keep to it, or cannot be read at all (exit 3)."""

    exit_code = 3


class LimitExceededError(UnreadableError):
    """A reader stopped because a file asked for more than its budget (exit 3)."""


class IntegrityError(KitError):
    """A signature or a digest does not match (exit 4)."""

    exit_code = 4
