"""Limequat from Python: NumPy arrays in, NumPy arrays out, over liblimequat.

    with limequat.Model("digits.lmq") as model, model.session() as session:
        vectors = session.embed_texts(["a photo of the digit seven"])  # float32 [1, model.facts.embedding_size]

A model may be used by all threads at once, a session by one at a time; calls release the interpreter's lock.
Neither computes after fork(): a child process that inherits one gets a ForkedError, and opens the file itself.
All processes that open a file share its pages.
"""

from .errors import (
    ArgumentError,
    BusyError,
    CancelledError,
    ChecksumError,
    ElementTypeError,
    Error,
    FileError,
    ForkedError,
    FormatError,
    HandleError,
    InternalError,
    InvalidValueError,
    NotFoundError,
    OutOfMemoryError,
    ShapeError,
    ThreadError,
    UnsupportedError,
    VersionError,
)
from .model import Model, ModelCounters, ModelFacts, Signature, TensorFacts
from .session import RoutedLayer, Session, SessionCounters

__version__ = "0.1.0"

__all__ = [
    "ArgumentError",
    "BusyError",
    "CancelledError",
    "ChecksumError",
    "ElementTypeError",
    "Error",
    "FileError",
    "ForkedError",
    "FormatError",
    "HandleError",
    "InternalError",
    "InvalidValueError",
    "Model",
    "ModelCounters",
    "ModelFacts",
    "NotFoundError",
    "OutOfMemoryError",
    "RoutedLayer",
    "Session",
    "SessionCounters",
    "ShapeError",
    "Signature",
    "TensorFacts",
    "ThreadError",
    "UnsupportedError",
    "VersionError",
]
