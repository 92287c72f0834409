"""A small SentencePiece UNIGRAM vocabulary, and the rule that turns a text into exactly T ids."""

import io
import re
from pathlib import Path

import numpy as np
import sentencepiece
from sklearn import datasets

UNK_ID = 0
EOS_ID = PAD_ID = 1  # one id for both, as in LIMoE's sibling code; see "sticky" below
VOCAB_SIZE = 512

# Every printable ASCII character is a piece of its own, so that an unseen word falls apart into
# letters and not into <unk>. No capitals: texts are lower-cased first.
ALPHABET = "".join(chr(c) for c in range(0x21, 0x7F) if not chr(c).isupper())


def ascii_lower(text: str) -> str:
    """A-Z only: what lies beyond ASCII is left to SentencePiece's own normaliser."""
    return re.sub("[A-Z]+", lambda match: match.group().lower(), text)


def english_text() -> list[str]:
    """Some English that is not about digits: the descriptions of scikit-learn's bundled data sets."""
    loaders = [datasets.load_iris, datasets.load_wine, datasets.load_breast_cancer, datasets.load_diabetes,
               datasets.load_linnerud, datasets.load_digits]
    lines = [line.strip() for loader in loaders for line in loader().DESCR.splitlines()]
    return [line for line in lines if re.search("[a-zA-Z]{3}", line) and line.isascii()]


def train_vocabulary(captions: list[str]) -> bytes:
    """The bytes of a SentencePiece model. No file name and no time goes in: same input, same bytes."""
    # Captions are few and short beside the prose; four times over, words such as "seven" become pieces.
    sentences = [ascii_lower(text) for text in captions * 4 + english_text()]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences), model_writer=model, model_type="unigram", vocab_size=VOCAB_SIZE,
        character_coverage=1.0, required_chars=ALPHABET, unk_id=UNK_ID, eos_id=EOS_ID, bos_id=-1, pad_id=-1,
        num_threads=1, minloglevel=2)
    return model.getvalue()


class Tokenizer:
    def __init__(self, file: Path, text_length: int) -> None:
        self.pieces = sentencepiece.SentencePieceProcessor(model_file=str(file))
        self.text_length = text_length

    def ids(self, text: str) -> list[int]:
        """Sticky EOS: it is always there, at the latest in the last place. Then pads up to T."""
        ids = self.pieces.encode(ascii_lower(text))[: self.text_length - 1] + [EOS_ID]
        return ids + [PAD_ID] * (self.text_length - len(ids))

    def batch(self, texts: list[str]) -> np.ndarray:
        return np.array([self.ids(text) for text in texts], dtype=np.int32)
