"""What is said about a digit: the labels, the captions to train on, and the prompts to ask with."""

import random

LABELS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]

# "{}" is the digit as a word or as a numeral. The first template is the headline prompt.
TEMPLATES = [
    "a photo of the digit {}",
    "a photo of the number {}",
    "a picture of a {}",
    "an image of the digit {}",
    "a handwritten {}",
    "handwritten {}",
    "handwritten digit {}",
    "the digit {}",
    "the number {}",
    "digit: {}",
    "number {}",
    "{}",
    "this is a {}",
    "this is the number {}",
    "someone wrote a {}",
    "a small grey picture of the numeral {}",
    "a scan of a handwritten {}",
    "the figure {} written with a pen",
    "a low resolution image of a {}",
    "it says {}.",
    "which digit is it? it is a {}",
    "a {} in white on black",
]

# Never trained on: they show whether the text side learnt the digit or the sentence.
HELD_OUT_TEMPLATES = [
    "a drawing of the digit {}",
    "a blurry photo of the number {}",
    "somebody wrote the number {}",
    "{}, handwritten",
]

HEADLINE_TEMPLATE = TEMPLATES[0]


def prompts(template: str, numerals: bool = False) -> list[str]:
    """The ten prompts of one template, in the order of the classes."""
    return [template.format(digit if numerals else LABELS[digit]) for digit in range(10)]


def all_captions() -> list[str]:
    """Every caption that training can draw: templates x digits x (word, numeral)."""
    return [text for template in TEMPLATES for numerals in (False, True) for text in prompts(template, numerals)]


def draw_caption(digit: int, rng: random.Random) -> str:
    name = LABELS[digit] if rng.random() < 0.6 else str(digit)
    return rng.choice(TEMPLATES).format(name)
