"""A model file and what it says of itself."""

from __future__ import annotations

import ctypes as c
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import _library as lib
from .session import Progress, Session, Watch

Log = Callable[[int, str], object]
"""Hears messages with a level of the module logging; `logging.getLogger("limequat").log` is one."""

_levels = {1: logging.ERROR, 2: logging.WARNING, 3: logging.INFO}


@dataclass(frozen=True)
class ModelFacts:
    """Sizes are in bytes; a size or count of 0 says that the model has no such thing."""

    embedding_size: int
    token_count: int
    file_size: int
    format_version: tuple[int, int]
    threads: int
    logit_scale: float | None
    kernels: str


@dataclass(frozen=True)
class ModelCounters:
    """How weights came into memory, for all sessions together; all 0 where the file is mapped."""

    hits: int
    misses: int
    bytes_read: int
    wait_nanoseconds: int
    expert_bytes: int
    peak_expert_bytes: int
    tensor_bytes: int
    """Of all weights but experts."""
    tensor_bytes_read: int


@dataclass(frozen=True)
class TensorFacts:
    """An input or output; a dim of None is the caller's choice in each call."""

    name: str
    dtype: np.dtype
    dims: tuple[int | None, ...]
    is_optional: bool


@dataclass(frozen=True)
class Signature:
    """A named entry of a model, such as "image", "text" or "logits"."""

    name: str
    modality: str
    inputs: tuple[TensorFacts, ...]
    outputs: tuple[TensorFacts, ...]
    image_size: tuple[int, int] | None
    """(height, width) of the image that preprocessing makes."""
    has_tokenizer: bool


class Model(lib.Handle):
    """An open .lmq file. No weight is read before it is needed.

    threads: that work on a call, the caller's among them; 0: as many as processors.
    memory_budget: bytes that experts may hold; 0: no bound, the file is mapped.
    resident: read weights when they are first used and keep them, in large pages where the system has those; not
        with a memory_budget.
    verify: compare every checksum while the file is opened.
    kernels: the kernel table by name, for tests.
    log: hears what goes on beside results and errors; called by threads that are in a call.
    """

    _close_name, _noun = "lmq_model_close", "model"

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        threads: int = 0,
        memory_budget: int = 0,
        resident: bool = False,
        verify: bool = False,
        kernels: str | None = None,
        log: Log | None = None,
    ) -> None:
        if log is not None and not callable(log):
            raise TypeError(f"log is {log!r}, expected a function")
        self._logger = lib.Logger(
            (lambda _, level, message: log(_levels.get(level, logging.INFO), _text(message))) if log else 0)
        options = lib.Options(
            threads=threads, verify=lib.VERIFY_OPEN if verify else 0, memory_budget=memory_budget,
            kernels=lib.name(kernels) if kernels else None, holding=lib.HOLDING_RESIDENT if resident else 0,
            logger=self._logger)
        handle = c.c_void_p()
        lib.call("model_open", lib.ended(os.fsencode(path)), options, c.byref(handle))
        self._own(handle.value)

    def session(
        self,
        *,
        images_at_once: int = 0,
        texts_at_once: int = 0,
        progress: Progress | None = None,
        trace_routing: bool = False,
    ) -> Session:
        """A session, for one thread of work. Long batches are cut into pieces of these sizes; 0: 8 and 32.

        progress: called with (done, total) during calls; a true answer ends the call with a CancelledError, an
        exception with that exception. With it Ctrl-C ends a call early, too; without it waits for the call's end.
        trace_routing: keep what Session.routing tells.
        """
        if progress is not None and not callable(progress):
            raise TypeError(f"progress is {progress!r}, expected a function")
        watch = Watch(progress)
        options = lib.SessionOptions(
            images_at_once=images_at_once, texts_at_once=texts_at_once, progress=watch.function,
            trace_routing=int(trace_routing))
        handle = c.c_void_p()
        lib.call("session_open", self._handle, options, c.byref(handle))
        return Session(handle.value, self.facts, {s.name: s for s in self.signatures}, watch, self._logger)

    @property
    def counters(self) -> ModelCounters:
        counters = lib.ModelCounters()
        lib.call("model_read_counters", self._handle, counters)
        return ModelCounters(**counters.values())

    @property
    def facts(self) -> ModelFacts:
        facts = self._describe()
        return ModelFacts(
            facts.embedding_size, facts.token_count, facts.file_size, (facts.format_major, facts.format_minor),
            facts.threads, facts.logit_scale if facts.has_logit_scale else None, facts.kernels.decode())

    @property
    def metadata(self) -> dict[str, str]:
        """The model card that travels with the model: licence, source, known limits."""
        result = {}
        for index in range(self._describe().metadata_count):
            key, value = c.c_char_p(), c.c_char_p()
            lib.call("model_metadata", self._handle, index, c.byref(key), c.byref(value))
            result[_text(key.value)] = _text(value.value)
        return result

    @property
    def signatures(self) -> tuple[Signature, ...]:
        """In ascending order of their names."""
        return tuple(self._signature(index) for index in range(self._describe().signature_count))

    def _describe(self) -> lib.ModelFacts:
        facts = lib.ModelFacts()
        lib.call("model_describe", self._handle, facts)
        return facts

    def _signature(self, index: int) -> Signature:
        facts = lib.SignatureFacts()
        lib.call("model_describe_signature", self._handle, index, facts)

        def tensors(kind: str, count: int) -> tuple[TensorFacts, ...]:
            return tuple(self._tensor(kind, index, each) for each in range(count))

        return Signature(
            _text(facts.name), _text(facts.modality), tensors("input", facts.input_count),
            tensors("output", facts.output_count),
            (facts.image_height, facts.image_width) if facts.image_height else None, bool(facts.has_tokenizer))

    def _tensor(self, kind: str, signature: int, index: int) -> TensorFacts:
        facts = lib.TensorFacts()
        lib.call("model_describe_" + kind, self._handle, signature, index, facts)
        dims = tuple(dim if dim >= 0 else None for dim in facts.dims[: facts.rank])
        return TensorFacts(_text(facts.name), lib.DTYPES[facts.type], dims, bool(facts.is_optional))


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")
