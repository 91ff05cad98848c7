"""Axes: where a value is drawn, and which values are labelled."""

import math


class Axis:
    def __init__(self, scale, ticks, begin, end):
        """`begin` and `end` are where the first and the last tick are drawn."""
        self.scale, self.ticks, self.begin, self.end = scale, list(ticks), begin, end

    def place(self, value):
        low, high = self.scale(self.ticks[0]), self.scale(self.ticks[-1])
        return self.begin + (self.scale(value) - low) / (high - low) * (self.end - self.begin)

    def words(self, tick):
        return f"{tick:,.0f}" if abs(tick) >= 1000 else f"{tick:g}"


def linear(least, most, begin, end, ticks=None):
    if ticks is None:
        step = round_step((most - least) / 5)
        ticks = [round(i * step, 9) for i in range(math.floor(least / step), math.ceil(most / step - 1e-9) + 1)]
    return Axis(float, ticks, begin, end)


def seconds(most, begin, end):
    """Labels each fifth second, the first after the most included."""
    return Axis(float, range(0, math.ceil(most / 5) * 5 + 1, 5), begin, end)


def logarithmic(least, most, begin, end):
    """Labels 1, 2 and 5 times each power of ten, from the one at or below the least to the one at or above the most."""
    exponents = range(math.floor(math.log10(least)) - 1, math.ceil(math.log10(most)) + 2)
    steps = [round(factor * 10.0**exponent, 9) for exponent in exponents for factor in (1, 2, 5)]
    low = max(step for step in steps if step <= least)
    high = min(step for step in steps if step >= most and step > low)
    return Axis(math.log10, [step for step in steps if low <= step <= high], begin, end)


def round_step(rough):
    """Returns the least of 1, 2, 5 times a power of ten that isn't below."""
    power = 10.0 ** math.floor(math.log10(rough)) if rough > 0 else 1
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
