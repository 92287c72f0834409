"""One exception class for each lmq_status. All are an Error; where Python has a class for the same thing, they
are that too, so that `except OSError` or `except ValueError` does what one expects."""

from __future__ import annotations


class Error(Exception):
    """A call that failed. `str(error)` is one sentence: what was expected and what was found."""

    status = 0
    """The number of the lmq_status."""

    def __init__(self, message: str, system_error: int = 0, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.system_error = system_error
        """The errno behind a FileError or ThreadError, else 0."""
        if status is not None:
            self.status = status

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple:
        return type(self), (self.message, self.system_error, self.status)


class ArgumentError(Error, ValueError):
    """The call is wrong: a number or an option that cannot be."""

    status = 10


class HandleError(Error, ValueError):
    """The model or session is closed."""

    status = 11


class BusyError(Error, RuntimeError):
    """The session is in use by another thread."""

    status = 12


class UnsupportedError(Error):
    """This model or this library does not do that."""

    status = 13


class CancelledError(Error):
    """Session.cancel, or the session's progress function."""

    status = 14


class ForkedError(Error, RuntimeError):
    """The model was opened before fork(), by the parent process: this one opens it again."""

    status = 15


class NotFoundError(Error, LookupError):
    """There is no signature or tensor of that name."""

    status = 20


class ElementTypeError(Error, TypeError):
    """An array has another element type."""

    status = 21


class ShapeError(Error, ValueError):
    """An array has another rank or other dims."""

    status = 22


class InvalidValueError(Error, ValueError):
    """A token id, text, label or template that cannot be used."""

    status = 23


class FormatError(Error):
    """No Limequat model, or one that breaks a rule of the format."""

    status = 30


class VersionError(Error):
    """The file needs a newer library."""

    status = 31


class ChecksumError(Error):
    """The bytes of the file are damaged."""

    status = 32


class FileError(Error, OSError):
    """Opening, reading or mapping failed; `errno` says why."""

    status = 40

    def __init__(self, message: str, system_error: int = 0, status: int | None = None) -> None:
        super().__init__(message, system_error, status)
        self.errno = system_error


class OutOfMemoryError(Error, MemoryError):
    """The system refused memory."""

    status = 41


class ThreadError(Error, RuntimeError):
    """The system refused a thread."""

    status = 42


class InternalError(Error, RuntimeError):
    """A fault of the library."""

    status = 90


_classes = {
    kind.status: kind
    for kind in (
        ArgumentError, HandleError, BusyError, UnsupportedError, CancelledError, ForkedError, NotFoundError,
        ElementTypeError, ShapeError, InvalidValueError, FormatError, VersionError, ChecksumError, FileError,
        OutOfMemoryError, ThreadError, InternalError,
    )
}


def error(status: int, message: str, system_error: int) -> Error:
    """The exception for a status; an Error for one that this package does not know yet."""
    return _classes.get(status, Error)(message, system_error, status)
