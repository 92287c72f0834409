"""The calls that compute."""

from __future__ import annotations

import ctypes as c
import signal
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _library as lib
from . import errors

if TYPE_CHECKING:
    from .model import ModelFacts, Signature

Floats = NDArray[np.float32]
Images = Iterable[ArrayLike]
"""Images: uint8 arrays [height, width, 3], each of its own size; an array [count, height, width, 3]; or one
image, which is a batch of one. What NumPy can look at as such an array, as an RGB image of Pillow, will do."""

Progress = Callable[[int, int], object]
"""Hears how far a call is, in thousandths of an item; a true answer ends the call."""

_numbers = {dtype: number for number, dtype in lib.DTYPES.items()}


@dataclass(frozen=True)
class SessionCounters:
    runs: int
    """Evaluations of a graph: one for each piece of a batch."""
    routed_tokens: int
    """In those, counted for each MoE layer."""
    plans_made: int
    plans_held: int
    arena_bytes: int
    """Memory between operators that is held now."""
    peak_arena_bytes: int
    hits: int
    """Experts of a layer that were in memory when a run came to it; 0 where the file is mapped."""
    misses: int
    bytes_read: int
    wait_nanoseconds: int


@dataclass(frozen=True)
class RoutedLayer:
    """The routing of one MoE layer. Arrays have a row for each token and a column for each expert that it chose."""

    node: str
    bank: str
    tokens_per_item: int
    expert_count: int
    group_size: int
    """Tokens that share the capacity of experts."""
    capacity: int | None
    """Tokens of a group that an expert takes; None: all."""
    experts: NDArray[np.int32]
    gates: Floats
    kept: NDArray[np.bool_]


class Watch:
    """A progress function as the library calls it. What it raises, or Ctrl-C meanwhile, ends the call, and is raised
    there."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._raised: BaseException | None = None
        self._is_calling = False
        self.function = lib.Progress(self._hear if progress else 0)

    def _hear(self, _: int | None, done: int, total: int) -> int:
        try:
            if self._raised is None:
                return int(bool(self._progress(done, total)))
        except BaseException as raised:
            self._raised = raised
        return int(self._raised is not None)

    def call(self, name: str, *arguments: object) -> None:
        """lib.call. What SIGINT raises would be lost in a callback before its first statement: it waits for the end."""
        if self._progress is None or self._is_calling:  # a second call of a busy session is refused
            lib.call(name, *arguments)
            return
        self._is_calling, self._raised = True, None
        handler = signal.getsignal(signal.SIGINT)
        hears = callable(handler) and threading.current_thread() is threading.main_thread()

        def interrupt(number: int, frame: Any) -> None:
            try:
                handler(number, frame)
            except BaseException as raised:
                self._raised = raised

        if hears:
            signal.signal(signal.SIGINT, interrupt)
        try:
            lib.call(name, *arguments)
        except errors.CancelledError:
            if self._raised is None:
                raise
        finally:
            if hears and signal.getsignal(signal.SIGINT) is interrupt:
                signal.signal(signal.SIGINT, handler)
            self._is_calling, raised, self._raised = False, self._raised, None
        if raised is not None:
            raise raised from None


class Session(lib.Handle):
    """The state of one thread of work; Model.session opens one. Results have a row for each item."""

    _close_name, _noun = "lmq_session_close", "session"

    def __init__(
        self, handle: int | None, facts: ModelFacts, signatures: Mapping[str, Signature], watch: Watch, logger: Any
    ) -> None:
        self._own(handle)
        self._facts, self._signatures = facts, signatures
        self._watch, self._logger = watch, logger  # which the library calls while the session is open

    def _call(self, name: str, *arguments: object) -> None:
        self._watch.call(name, self._handle, *arguments)

    def cancel(self, cancelled: bool = True) -> None:
        """From any thread: calls, the one under way among them, raise CancelledError until cancel(False)."""
        lib.library.lmq_session_cancel(self._handle, int(cancelled))

    def embed_images(self, images: Images) -> Floats:
        """Unit vectors, float32 [images, embedding_size]."""
        batch = _Images(images)
        result = np.empty((len(batch), self._facts.embedding_size), np.float32)
        self._call("session_embed_images", batch.records, len(batch), *_room(result))
        return result

    def embed_texts(self, texts: Sequence[str]) -> Floats:
        """Unit vectors, float32 [texts, embedding_size]."""
        batch = _Texts(texts)
        result = np.empty((len(batch), self._facts.embedding_size), np.float32)
        self._call("session_embed_texts", batch.bytes, batch.sizes, len(batch), *_room(result))
        return result

    def tokenize(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """The ids that the signature "text" sees, padded: int32 [texts, token_count]."""
        batch = _Texts(texts)
        result = np.empty((len(batch), self._facts.token_count), np.int32)
        self._call("session_tokenize", batch.bytes, batch.sizes, len(batch), *_room(result))
        return result

    def preprocess(self, images: Images, signature: str = "image") -> Floats:
        """What the signature sees of images: float32 [images, height, width, 3]."""
        batch = _Images(images)
        found = self._signatures.get(signature)
        height, width = (found.image_size if found else None) or (0, 0)
        result = np.empty((len(batch), height, width, 3), np.float32)
        self._call(
            "session_preprocess", lib.name(signature), batch.records, len(batch), *_room(result))
        return result

    def embed_labels(self, labels: Sequence[str], templates: Sequence[str] = ()) -> Floats:
        """A unit vector for each label, the mean of its prompts: each template with the label in place of {}."""
        names, prompts = _Texts(labels, ended=True), _Texts(templates, ended=True)
        result = np.empty((len(names), self._facts.embedding_size), np.float32)
        self._call(
            "session_embed_labels", names.bytes, len(names), prompts.bytes, len(prompts),
            *_room(result))
        return result

    def score(self, image_vectors: Floats, label_vectors: Floats) -> Floats:
        """The probability of each label for each image, float32 [images, labels], from unit vectors."""
        rows, columns = self._vectors(image_vectors), self._vectors(label_vectors)
        result = np.empty((len(rows), len(columns)), np.float32)
        self._call(
            "session_score", rows.ctypes.data, len(rows), columns.ctypes.data, len(columns),
            *_room(result))
        return result

    def classify(self, images: Images, labels: Sequence[str], templates: Sequence[str] = ()) -> Floats:
        """The probability of each label for each image, float32 [images, labels], from pixels."""
        batch, names, prompts = _Images(images), _Texts(labels, ended=True), _Texts(templates, ended=True)
        result = np.empty((len(batch), len(names)), np.float32)
        self._call(
            "session_classify", batch.records, len(batch), names.bytes, len(names), prompts.bytes,
            len(prompts), *_room(result))
        return result

    def run(
        self, signature: str, inputs: Mapping[str, ArrayLike], outputs: Sequence[str] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Runs a signature once, on the whole batch. `outputs` names those wanted; None: all."""
        arrays = {name: np.ascontiguousarray(value) for name, value in inputs.items()}
        given = (lib.Input * len(arrays))(*(_input(name, array) for name, array in arrays.items()))
        if isinstance(outputs, str):
            raise TypeError("outputs is a string, expected a sequence of names")
        if outputs is None:
            found = self._signatures.get(signature)
            outputs = [output.name for output in found.outputs] if found else []
        wanted = (lib.Output * len(outputs))(*(lib.Output(name=lib.name(name)) for name in outputs))
        arguments = (lib.name(signature), given, len(given), wanted, len(wanted))
        self._call("session_plan", *arguments)
        results = {}
        for name, output in zip(outputs, wanted):
            results[name] = np.empty(tuple(output.dims[: output.rank]), lib.DTYPES[output.type])
            output.data = results[name].ctypes.data
        self._call("session_run", *arguments)
        return results

    def routing(self) -> list[RoutedLayer]:
        """The MoE layers of the last run, in the order of evaluation; needs Model.session(trace_routing=True). A
        batch that is cut into pieces has a run for each."""
        layers: list[RoutedLayer] = []
        record = lib.Routing(layer_count=1)
        while len(layers) < record.layer_count:
            self._call("session_read_routing", len(layers), record)
            shape = (record.token_count, record.experts_per_token)
            experts, gates, kept = (
                np.ctypeslib.as_array(pointer, shape).copy() for pointer in (record.experts, record.gates, record.kept))
            layers.append(RoutedLayer(
                record.node.decode(), record.bank.decode(), record.tokens_per_item, record.expert_count,
                record.group_size, record.capacity or None, experts, gates, kept.astype(bool)))
        return layers

    @property
    def counters(self) -> SessionCounters:
        counters = lib.SessionCounters()
        self._call("session_read_counters", counters)
        return SessionCounters(**counters.values())

    def trim(self) -> None:
        """Gives back to the system what is held between calls; the next call makes it anew."""
        self._call("session_trim")

    def _vectors(self, vectors: ArrayLike) -> Floats:
        array = np.ascontiguousarray(vectors, np.float32)
        if array.ndim != 2 or array.shape[1] != self._facts.embedding_size:
            raise errors.ShapeError(
                f"vectors have the shape {list(array.shape)}, expected [count, {self._facts.embedding_size}]")
        return array


def _room(result: NDArray[Any]) -> tuple[int, int]:
    """The address of an array and its number of elements."""
    return result.ctypes.data, result.size


def _input(name: str, array: NDArray[Any]) -> lib.Input:
    if array.dtype not in _numbers:
        expected = ", ".join(str(dtype) for dtype in _numbers)
        raise errors.ElementTypeError(f"input {name!r} has elements of {array.dtype}, expected one of {expected}")
    if array.ndim > lib.MAXIMUM_RANK:
        raise errors.ShapeError(f"input {name!r} has {array.ndim} dims, expected at most {lib.MAXIMUM_RANK}")
    return lib.Input(
        lib.name(name), _numbers[array.dtype], array.ndim, (c.c_int64 * lib.MAXIMUM_RANK)(*array.shape),
        array.ctypes.data, array.nbytes)


class _Images:
    """Images as records of addresses; keeps the arrays alive."""

    def __init__(self, images: Images) -> None:
        if hasattr(images, "__array_interface__"):
            array = np.asarray(images)
            images = array if array.ndim == 4 else [array]
        self.arrays = [_pixels(index, np.asarray(image)) for index, image in enumerate(images)]
        self.records = (lib.Image * len(self.arrays))(
            *(lib.Image(a.ctypes.data, a.shape[1], a.shape[0], 0 if a.flags.c_contiguous else a.strides[0])
              for a in self.arrays))

    def __len__(self) -> int:
        return len(self.arrays)


def _pixels(index: int, array: NDArray[Any]) -> NDArray[np.uint8]:
    if array.ndim != 3 or array.shape[2] != 3:
        raise errors.ShapeError(f"images[{index}] has the shape {list(array.shape)}, expected [height, width, 3]")
    if array.dtype != np.uint8:
        raise errors.ElementTypeError(f"images[{index}] has elements of {array.dtype}, expected uint8")
    # A crop is used where it is; what has gaps between pixels or is upside down is copied.
    if array.strides[1:] == (3, 1) and array.strides[0] >= 3 * array.shape[1]:
        return array
    return np.ascontiguousarray(array)


class _Texts:
    """Texts as UTF-8; keeps the bytes alive. Texts that are `ended` by a zero byte cannot have one inside."""

    def __init__(self, texts: Sequence[str], ended: bool = False) -> None:
        encode = lib.name if ended else str.encode
        encoded = [encode(text) for text in ([texts] if isinstance(texts, str) else texts)]
        self.bytes = (c.c_char_p * len(encoded))(*encoded)
        self.sizes = (c.c_size_t * len(encoded))(*map(len, encoded))

    def __len__(self) -> int:
        return len(self.bytes)
