"""liblimequat through ctypes: the structs and functions of limequat.h, which explains them, and nothing else."""

from __future__ import annotations

import ctypes as c
import operator
import os
from pathlib import Path
from typing import Any

import numpy as np

from . import errors

ABI_VERSION = 1
MAXIMUM_RANK = 8
VERIFY_OPEN = 1
HOLDING_RESIDENT = 1

DTYPES = {1: np.dtype(np.float32), 5: np.dtype(np.uint8), 6: np.dtype(np.int32), 7: np.dtype(np.int64),
          8: np.dtype(np.bool_)}
"""By lmq_type."""


class ErrorRecord(c.Structure):
    _fields_ = [("status", c.c_int32), ("system_error", c.c_int32), ("message", c.c_char * 504)]


_UNSIGNED = (c.c_size_t, c.c_uint32, c.c_uint64)  # of larger numbers ctypes would take the low bits


class Sized(c.Structure):
    """A struct that begins with struct_size and grows at its end."""

    def __init__(self, **fields: object) -> None:
        for name, kind in self._fields_:
            if kind in _UNSIGNED and name in fields:
                value, most = operator.index(fields[name]), 256 ** c.sizeof(kind) - 1
                if not 0 <= value <= most:
                    raise errors.ArgumentError(f"{name} is {value}, expected 0 to {most}")
        super().__init__(struct_size=c.sizeof(type(self)), **fields)

    def values(self) -> dict[str, Any]:
        """The fields after struct_size."""
        return {name: getattr(self, name) for name, *_ in self._fields_[1:]}


Logger = c.CFUNCTYPE(None, c.c_void_p, c.c_int, c.c_char_p)
Progress = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_uint64, c.c_uint64)


class Options(Sized):
    _fields_ = [
        ("struct_size", c.c_size_t), ("threads", c.c_uint32), ("verify", c.c_uint32), ("memory_budget", c.c_uint64),
        ("kernels", c.c_char_p), ("holding", c.c_uint32), ("reserved", c.c_uint32), ("logger", Logger), ("logger_user", c.c_void_p),
    ]


class ModelFacts(Sized):
    _fields_ = [
        ("struct_size", c.c_size_t), ("signature_count", c.c_size_t), ("embedding_size", c.c_size_t),
        ("token_count", c.c_size_t), ("metadata_count", c.c_size_t), ("file_size", c.c_uint64),
        ("format_major", c.c_uint32), ("format_minor", c.c_uint32), ("threads", c.c_uint32),
        ("has_logit_scale", c.c_int32), ("logit_scale", c.c_float), ("kernels", c.c_char_p),
    ]


class SignatureFacts(Sized):
    _fields_ = [
        ("struct_size", c.c_size_t), ("name", c.c_char_p), ("modality", c.c_char_p), ("input_count", c.c_size_t),
        ("output_count", c.c_size_t), ("image_height", c.c_size_t), ("image_width", c.c_size_t),
        ("has_tokenizer", c.c_int32), ("reserved", c.c_int32),
    ]


class TensorFacts(Sized):
    _fields_ = [
        ("struct_size", c.c_size_t), ("name", c.c_char_p), ("type", c.c_uint32), ("rank", c.c_uint32),
        ("dims", c.c_int64 * MAXIMUM_RANK), ("is_optional", c.c_int32), ("reserved", c.c_int32),
    ]


class SessionOptions(Sized):
    _fields_ = [
        ("struct_size", c.c_size_t), ("images_at_once", c.c_size_t), ("texts_at_once", c.c_size_t),
        ("progress", Progress), ("progress_user", c.c_void_p), ("trace_routing", c.c_int32), ("reserved", c.c_int32),
    ]


class Routing(Sized):
    _fields_ = [
        ("struct_size", c.c_size_t), ("layer_count", c.c_size_t), ("node", c.c_char_p), ("bank", c.c_char_p),
        ("token_count", c.c_size_t), ("tokens_per_item", c.c_size_t), ("expert_count", c.c_size_t),
        ("experts_per_token", c.c_size_t), ("group_size", c.c_size_t), ("capacity", c.c_size_t),
        ("experts", c.POINTER(c.c_int32)), ("gates", c.POINTER(c.c_float)), ("kept", c.POINTER(c.c_uint8)),
    ]


def _counts(*names: str) -> list[tuple[str, type]]:
    return [("struct_size", c.c_size_t), *((name, c.c_uint64) for name in names)]


class SessionCounters(Sized):
    _fields_ = _counts("runs", "routed_tokens", "plans_made", "plans_held", "arena_bytes", "peak_arena_bytes",
                       "hits", "misses", "bytes_read", "wait_nanoseconds")


class ModelCounters(Sized):
    _fields_ = _counts("hits", "misses", "bytes_read", "wait_nanoseconds", "expert_bytes", "peak_expert_bytes",
                       "tensor_bytes", "tensor_bytes_read")


class Image(c.Structure):
    _fields_ = [("pixels", c.c_void_p), ("width", c.c_size_t), ("height", c.c_size_t), ("stride", c.c_size_t)]


class Input(c.Structure):
    _fields_ = [
        ("name", c.c_char_p), ("type", c.c_uint32), ("rank", c.c_uint32), ("dims", c.c_int64 * MAXIMUM_RANK),
        ("data", c.c_void_p), ("size", c.c_size_t),
    ]


class Output(c.Structure):
    _fields_ = [
        ("name", c.c_char_p), ("data", c.c_void_p), ("size", c.c_size_t), ("type", c.c_uint32), ("rank", c.c_uint32),
        ("dims", c.c_int64 * MAXIMUM_RANK),
    ]


_handle, _size, _memory = c.c_void_p, c.c_size_t, c.c_void_p
_texts, _sizes = c.POINTER(c.c_char_p), c.POINTER(c.c_size_t)
_images, _inputs, _outputs = c.POINTER(Image), c.POINTER(Input), c.POINTER(Output)

# What comes before `lmq_error *error` in each function that can fail.
_fallible = {
    "model_open": (c.c_char_p, c.POINTER(Options), c.POINTER(_handle)),
    "model_describe": (_handle, c.POINTER(ModelFacts)),
    "model_describe_signature": (_handle, _size, c.POINTER(SignatureFacts)),
    "model_describe_input": (_handle, _size, _size, c.POINTER(TensorFacts)),
    "model_describe_output": (_handle, _size, _size, c.POINTER(TensorFacts)),
    "model_metadata": (_handle, _size, c.POINTER(c.c_char_p), c.POINTER(c.c_char_p)),
    "model_read_counters": (_handle, c.POINTER(ModelCounters)),
    "session_open": (_handle, c.POINTER(SessionOptions), c.POINTER(_handle)),
    "session_embed_images": (_handle, _images, _size, _memory, _size),
    "session_embed_texts": (_handle, _texts, _sizes, _size, _memory, _size),
    "session_tokenize": (_handle, _texts, _sizes, _size, _memory, _size),
    "session_preprocess": (_handle, c.c_char_p, _images, _size, _memory, _size),
    "session_embed_labels": (_handle, _texts, _size, _texts, _size, _memory, _size),
    "session_score": (_handle, _memory, _size, _memory, _size, _memory, _size),
    "session_classify": (_handle, _images, _size, _texts, _size, _texts, _size, _memory, _size),
    "session_plan": (_handle, c.c_char_p, _inputs, _size, _outputs, _size),
    "session_run": (_handle, c.c_char_p, _inputs, _size, _outputs, _size),
    "session_read_routing": (_handle, _size, c.POINTER(Routing)),
    "session_read_counters": (_handle, c.POINTER(SessionCounters)),
    "session_trim": (_handle,),
}


def _load() -> c.CDLL:
    path = os.environ.get("LIMEQUAT_LIBRARY") or str(Path(__file__).parent / "liblimequat.so.0")
    try:
        library = c.CDLL(path)
    except OSError as cause:
        raise ImportError(f"{cause}; it is part of the wheel and needs the system's libprotobuf-c.so.1") from cause
    library.lmq_abi_version.restype = c.c_uint32
    if library.lmq_abi_version() != ABI_VERSION:
        raise ImportError(f"{path} has ABI version {library.lmq_abi_version()}, expected {ABI_VERSION}")
    for name, arguments in _fallible.items():
        function = getattr(library, "lmq_" + name)
        function.argtypes, function.restype = (*arguments, c.POINTER(ErrorRecord)), c.c_int
    library.lmq_session_cancel.argtypes, library.lmq_session_cancel.restype = (_handle, c.c_int), None
    library.lmq_model_close.argtypes, library.lmq_model_close.restype = (_handle,), None
    library.lmq_session_close.argtypes, library.lmq_session_close.restype = (_handle,), None
    return library


library = _load()


def ended(encoded: bytes) -> bytes:
    """A string for C, which a zero byte ends."""
    if b"\0" in encoded:
        raise errors.InvalidValueError(f"the text {encoded.decode('utf-8', 'replace')!r} has a zero byte")
    return encoded


def name(text: str) -> bytes:
    return ended(text.encode())


def call(name: str, *arguments: object) -> None:
    """Calls a function that can fail; raises the exception of its status."""
    record = ErrorRecord()
    status = getattr(library, "lmq_" + name)(*arguments, c.byref(record))
    if status != 0:
        raise errors.error(status, record.message.decode("utf-8", "replace"), record.system_error)


class Handle:
    """Owns an lmq_model or lmq_session: a context manager that closes it, once."""

    _close_name: str
    _noun: str
    _value: int | None = None

    def _own(self, value: int | None) -> None:
        self._value = value

    @property
    def _handle(self) -> int:
        if self._value is None:
            raise errors.HandleError(f"the {self._noun} is closed")
        return self._value

    def close(self) -> None:
        """Ends it; a second call does nothing. A call under way in another thread goes on to its end."""
        value, self._value = self._value, None
        if value is not None:
            getattr(library, self._close_name)(value)

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def __reduce_ex__(self, _: object) -> str:
        raise TypeError(f"a {self._noun} cannot be copied: it would be closed twice")
