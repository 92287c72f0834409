"""What is made of the rounds of a measurement, of which some may have failed."""

import statistics


def median(values: list[float | None]) -> float | None:
    """Of the rounds that did not fail; None if all did."""
    good = [value for value in values if value is not None]
    return statistics.median(good) if good else None
