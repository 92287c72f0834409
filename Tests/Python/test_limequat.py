"""test_limequat.py MODEL DIGITS: the installed package on the digits model and its reference vectors."""

import copy
import errno
import gc
import logging
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

import numpy as np
from PIL import Image

import limequat

MODEL, DIGITS = sys.argv[1], Path(sys.argv[2])
TOLERANCE = 2e-5
FILES = [line.split("\t") for line in (DIGITS / "test/labels.tsv").read_text().splitlines()]
IMAGES = [np.asarray(Image.open(DIGITS / "test" / name).convert("RGB")) for name, _ in FILES]
LABELS = (DIGITS / "labels.txt").read_text().splitlines()
TEMPLATES = (DIGITS / "prompts.txt").read_text().splitlines()
TEXTS = (DIGITS / "reference/texts.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n")


def reference(name):
    return np.load(DIGITS / "reference" / name)


def answers_in_child(model, session, results):
    """In a forked process: what the inherited handles and a model of its own answer."""
    answers = []
    for call in (lambda: model.facts, lambda: session.embed_texts(["a"])):  # what describes, what computes
        try:
            call()
            answers.append("answered")
        except limequat.ForkedError:
            answers.append("forked")
    session.close()
    model.close()
    with limequat.Model(MODEL) as own, own.session() as mine:
        answers.append(mine.embed_texts(["a"]).shape)
    results.put(answers)


class DigitsTest(unittest.TestCase):
    def setUp(self):
        self.model = self.enterContext(limequat.Model(MODEL))
        self.session = self.enterContext(self.model.session())

    def assert_close(self, got, want):
        self.assertEqual((got.shape, got.dtype), (want.shape, want.dtype))
        self.assertLessEqual(np.abs(got - want).max(), TOLERANCE)

    def test_wheel_is_what_is_imported(self):
        self.assertIn("site-packages", limequat.__file__)
        self.assertTrue((Path(limequat.__file__).parent / "liblimequat.so.0").is_file())

    def test_facts(self):
        facts = self.model.facts
        self.assertEqual((facts.embedding_size, facts.token_count), (64, 16))
        self.assertEqual(facts.file_size, os.path.getsize(MODEL))
        signatures = {signature.name: signature for signature in self.model.signatures}
        self.assertEqual(sorted(signatures), ["image", "text"])
        self.assertEqual(signatures["image"].inputs[0].dtype, np.float32)
        self.assertEqual(signatures["image"].inputs[0].dims, (None, *signatures["image"].image_size, 3))
        self.assertTrue(signatures["text"].has_tokenizer)
        self.assertTrue(self.model.metadata)
        self.assertTrue(all(isinstance(x, str) for pair in self.model.metadata.items() for x in pair))

    def test_image_vectors(self):
        self.assert_close(self.session.embed_images(IMAGES), reference("image_embedding.npy"))

    def test_forms_of_images(self):
        want = self.session.embed_images(IMAGES[:4])
        wide = np.zeros((12, 20, 3), np.uint8)
        wide[2:10, 5:13] = IMAGES[0]
        forms = {
            "an array of images": (np.stack(IMAGES[:4]), want),
            "one image": (IMAGES[0], want[:1]),
            "a generator": ((image for image in IMAGES[:4]), want),
            "of Pillow": ([Image.fromarray(image) for image in IMAGES[:4]], want),
            "one of Pillow": (Image.fromarray(IMAGES[0]), want[:1]),
            "a crop": ([wide[2:10, 5:13]], want[:1]),
            "flipped twice": ([np.ascontiguousarray(IMAGES[0][::-1, ::-1])[::-1, ::-1]], want[:1]),
            "none": ([], want[:0]),
        }
        for name, (images, expected) in forms.items():
            with self.subTest(name):
                np.testing.assert_array_equal(self.session.embed_images(images), expected)
        sizes = [IMAGES[0], wide, IMAGES[1]]
        each = np.concatenate([self.session.embed_images(image) for image in sizes])
        np.testing.assert_array_equal(self.session.embed_images(sizes), each)

    def test_texts(self):
        np.testing.assert_array_equal(self.session.tokenize(TEXTS), reference("token_ids.npy"))
        self.assert_close(self.session.embed_texts(TEXTS), reference("text_embedding.npy"))
        self.assertEqual(self.session.embed_texts("one text").shape, (1, 64))
        self.assertEqual(self.session.embed_texts("a\0b").shape, (1, 64))

    def test_classify_the_test_split(self):
        scores = self.session.classify(IMAGES, LABELS, TEMPLATES)
        np.testing.assert_allclose(scores.sum(1), 1, rtol=1e-5)
        right = sum(LABELS[best] == label for best, (_, label) in zip(scores.argmax(1), FILES))
        self.assertEqual((right, len(FILES)), (357, 360))
        labels = self.session.embed_labels(LABELS, TEMPLATES)
        np.testing.assert_array_equal(self.session.score(self.session.embed_images(IMAGES), labels), scores)

    def test_run(self):
        ids = reference("token_ids.npy")
        results = self.session.run("text", {"token_ids": ids})
        self.assert_close(results["embedding"], reference("text_embedding.npy"))
        wide = self.session.run("text", {"token_ids": ids.astype(np.int64)}, ["embedding"])
        np.testing.assert_array_equal(wide["embedding"], results["embedding"])
        pixels = self.session.preprocess(IMAGES[:3])
        vectors = self.session.run("image", {"image": pixels})["embedding"]
        self.assert_close(vectors, reference("image_embedding.npy")[:3])

    def test_errors_of_calls(self):
        session = self.session
        ids = reference("token_ids.npy")
        image = np.zeros((8, 8, 3), np.float32)
        cases = [
            (limequat.ShapeError, lambda: session.embed_images([np.zeros((8, 8), np.uint8)])),
            (limequat.ShapeError, lambda: session.embed_images([np.zeros((8, 8, 4), np.uint8)])),
            (limequat.ElementTypeError, lambda: session.embed_images([image])),
            (limequat.ShapeError, lambda: session.run("text", {"token_ids": ids[0]})),
            (limequat.ElementTypeError, lambda: session.run("text", {"token_ids": ids.astype(np.float32)})),
            (limequat.ElementTypeError, lambda: session.run("text", {"token_ids": ids.astype(np.complex64)})),
            (limequat.InvalidValueError, lambda: session.run("text", {"token_ids": np.full_like(ids, 1 << 30)})),
            (limequat.NotFoundError, lambda: session.run("speech", {"token_ids": ids})),
            (limequat.NotFoundError, lambda: session.run("text", {"ids": ids})),
            (limequat.NotFoundError, lambda: session.run("text", {"token_ids": ids}, ["vector"])),
            (limequat.InvalidValueError, lambda: session.embed_labels(LABELS, ["no place"])),
            (limequat.InvalidValueError, lambda: session.embed_labels(["a\0b"])),
            (limequat.ShapeError, lambda: session.score(np.zeros((1, 3)), np.zeros((1, 64)))),
        ]
        for index, (expected, call) in enumerate(cases):
            with self.subTest(index):
                with self.assertRaises(limequat.Error) as caught:
                    call()
                self.assertIs(type(caught.exception), expected)
                self.assertTrue(str(caught.exception))
        np.testing.assert_array_equal(session.tokenize(TEXTS), ids)

    def test_errors_of_files(self):
        with self.assertRaises(limequat.FileError) as caught:
            limequat.Model("none.lmq")
        self.assertIsInstance(caught.exception, OSError)
        self.assertEqual(caught.exception.errno, errno.ENOENT)
        self.assertIn("none.lmq", str(caught.exception))
        copy = pickle.loads(pickle.dumps(caught.exception))  # as it comes from another process
        self.assertEqual((type(copy), str(copy), copy.errno), (limequat.FileError, str(caught.exception), errno.ENOENT))
        with self.assertRaises(limequat.FormatError):
            limequat.Model(__file__)
        data = bytearray(Path(MODEL).read_bytes())
        data[5000] ^= 1
        with tempfile.NamedTemporaryFile(suffix=".lmq") as file:
            file.write(data)
            file.flush()
            with self.assertRaises(limequat.ChecksumError):
                limequat.Model(file.name, verify=True)
        with self.assertRaises(limequat.ArgumentError):
            limequat.Model(MODEL, threads=1 << 20)

    def test_closed(self):
        self.session.close()
        self.session.close()
        with self.assertRaises(limequat.HandleError):
            self.session.embed_texts(["a"])
        second = self.model.session()
        self.model.close()
        with self.assertRaises(limequat.HandleError):
            self.model.session()
        self.assertEqual(second.embed_texts(["a"]).shape, (1, 64))  # a session keeps what it needs

    def test_cancel(self):
        self.session.cancel()
        with self.assertRaises(limequat.CancelledError):
            self.session.embed_texts(["a"])
        self.session.cancel(False)
        self.assertEqual(self.session.embed_texts(["a"]).shape, (1, 64))

    def test_progress(self):
        heard = []
        with self.model.session(texts_at_once=4, progress=lambda *numbers: heard.append(numbers)) as session:
            want = session.embed_texts(["a", "b", "c", "d", "e"])
        self.assertEqual({total for _, total in heard}, {5000})
        self.assertEqual([done for done, _ in heard], sorted(done for done, _ in heard))
        self.assertEqual(heard[-1], (5000, 5000))
        np.testing.assert_array_equal(want, self.session.embed_texts(["a", "b", "c", "d", "e"]))
        answers = [True, None]

        def answer(done, total):
            found = answers[0] if done > 1500 else None
            if isinstance(found, Exception):
                raise found
            return found

        with self.model.session(texts_at_once=1, progress=answer) as session:
            with self.assertRaises(limequat.CancelledError):
                session.embed_texts(["a", "b", "c"])
            answers[0] = KeyError("mine")
            with self.assertRaises(KeyError):
                session.embed_texts(["a", "b", "c"])
            answers[0] = None
            self.assertEqual(session.embed_texts(["a", "b", "c"]).shape, (3, 64))

    def test_interrupt(self):
        """Ctrl-C ends a call that has a progress function, wherever it comes, and stays what it was. It mostly comes
        while the library computes: then the first that Python hears of it is the beginning of a callback."""
        go = threading.Event()

        def interrupt():
            go.wait()
            os.kill(os.getpid(), signal.SIGINT)

        # Who was started in the background may ignore the signal.
        self.addCleanup(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, signal.default_int_handler))
        texts = ["a"] * 3000
        with self.model.session(texts_at_once=1, progress=lambda done, total: go.set()) as session:
            thread = threading.Thread(target=interrupt)
            thread.start()
            with self.assertRaises(KeyboardInterrupt):
                session.embed_texts(texts)
            thread.join()
            self.assertIs(signal.getsignal(signal.SIGINT), signal.default_int_handler)
            self.assertEqual(session.embed_texts(["a"]).shape, (1, 64))
            self.assertLess(session.counters.runs, len(texts))

    def test_what_a_progress_function_raises(self):
        sessions = []

        def call_again(done, total):
            sessions[0].embed_texts(["b"])

        def stop(done, total):
            raise StopIteration("mine")

        for progress, raised in ((call_again, limequat.BusyError), (stop, StopIteration)):
            with self.model.session(progress=progress) as session:
                sessions[:] = [session]
                with self.assertRaises(raised):
                    session.embed_texts(["a"])

    def test_careless_arguments(self):
        for threads in (2**32 + 1, -1, np.int64(2**32 + 1)):
            with self.assertRaisesRegex(limequat.ArgumentError, "expected 0 to 4294967295"):
                limequat.Model(MODEL, threads=threads)
        for budget in (-1, 2**64 + 5):
            with self.assertRaisesRegex(limequat.ArgumentError, "expected 0 to 18446744073709551615"):
                limequat.Model(MODEL, memory_budget=budget)
        with self.assertRaisesRegex(limequat.ArgumentError, "images_at_once is -1"):
            self.model.session(images_at_once=-1)
        for call in (
            lambda: limequat.Model(MODEL + "\0junk"),
            lambda: self.session.run("image\0x", {}),
            lambda: self.session.run("text", {}, ["embedding\0"]),
        ):
            with self.assertRaisesRegex(ValueError, "has a zero byte"):
                call()
        for call in (
            lambda: limequat.Model(MODEL, log=5),
            lambda: self.model.session(progress=5),
            lambda: limequat.Model(MODEL, threads=1.5),
            lambda: self.session.run("text", {}, "embedding"),
            lambda: copy.copy(self.session),
            lambda: pickle.dumps(self.model),
        ):
            with self.assertRaises(TypeError):
                call()

    def test_log(self):
        with self.assertLogs("limequat", logging.INFO) as logs:
            model = limequat.Model(MODEL, threads=1000, log=logging.getLogger("limequat").log)
        self.assertEqual([record.levelno for record in logs.records], [logging.WARNING, logging.INFO])
        self.assertIn("1000", logs.output[0])
        self.assertIn(model.facts.kernels, logs.output[1])
        session = model.session()
        model.close()
        del model
        gc.collect()
        self.assertEqual(session.embed_texts(["a"]).shape, (1, 64))
        session.close()

    def test_routing_counters_and_trim(self):
        with self.assertRaises(limequat.NotFoundError):
            self.session.routing()
        with self.model.session(trace_routing=True) as session:
            session.embed_texts(["seven", "a photo of the digit seven"])
            layers = session.routing()
            self.assertGreater(len(layers), 0)
            for layer in layers:
                self.assertEqual(layer.tokens_per_item, 16)
                self.assertEqual(layer.experts.shape, (32, 1))
                self.assertEqual((layer.gates.shape, layer.kept.shape), (layer.experts.shape, layer.experts.shape))
                self.assertTrue(((layer.experts >= 0) & (layer.experts < layer.expert_count)).all())
                self.assertTrue((layer.gates > 0).all() and layer.kept.all())
            counters = session.counters
            self.assertEqual((counters.runs, counters.routed_tokens), (1, 32 * len(layers)))
            self.assertGreater(counters.arena_bytes, 0)
            session.trim()
            self.assertEqual((session.counters.arena_bytes, session.counters.plans_held), (0, 0))
        self.assertEqual(self.model.counters.bytes_read, 0)

    def test_threads_with_a_session_each(self):
        want = self.session.embed_images(IMAGES[:40])
        results = [None] * 4

        def work(place):
            with self.model.session() as session:
                results[place] = session.embed_images(IMAGES[:40])

        threads = [threading.Thread(target=work, args=(place,)) for place in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for result in results:
            np.testing.assert_array_equal(result, want)

    def test_fork(self):
        self.session.embed_images(IMAGES[:2])  # so that its threads run
        context = multiprocessing.get_context("fork")
        results = context.Queue()
        child = context.Process(target=answers_in_child, args=(self.model, self.session, results))
        child.start()
        self.assertEqual(results.get(timeout=60), ["answered", "forked", (1, 64)])
        child.join(60)
        self.assertEqual(child.exitcode, 0)
        self.assertEqual(self.session.embed_texts(["a"]).shape, (1, 64))

    def test_embed_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, _ in FILES[:40]:
                os.symlink(DIGITS / "test" / name, Path(folder, name))
            Path(folder, "0000-broken.png").write_bytes(b"\x89PNG no more")
            vectors, names = Path(folder, "vectors.npy"), Path(folder, "vectors.txt")
            command = [sys.executable, "-m", "limequat.embed_folder", MODEL, folder, "-o", vectors, "--workers", "2"]
            done = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("0000-broken.png", done.stderr)
            self.assertEqual([Path(line).name for line in names.read_text().splitlines()], [n for n, _ in FILES[:40]])
            self.assert_close(np.load(vectors), reference("image_embedding.npy")[:40])
            missing = subprocess.run([*command[:3], "none.lmq", *command[4:]], capture_output=True, text=True)
            self.assertEqual(missing.returncode, 2)
            self.assertIn("none.lmq", missing.stderr)


if __name__ == "__main__":
    result = unittest.main(argv=sys.argv[:1], exit=False).result
    failed = len({test.id().split(" ")[0] for test, _ in result.failures + result.errors})
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(failed > 0)
