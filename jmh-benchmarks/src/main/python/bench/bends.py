"""Where a curve bends: points that are worse than one before, or than the one behind, by more than a factor."""

from collections import namedtuple

from curve_figures import axes, curve
from figures import names

FACTOR = 2
Bend = namedtuple("Bend", "axis curve contender at value other other_value factor")


def bends(result):
    """Returns the bends of all curves, in the order of the axes, figures and contenders."""
    return [Bend(axis, each, name, *found) for axis in axes(result) for each in axis.curves for name in names(result)
            for found in bends_of(each, curve(result, name, axis.key, each.key))]


def bends_of(each, points):
    """Returns for each bend of a figure's points: where, the value, the point it is worse than, its value, and how much worse. A point is
    compared with the ones before it, and with the one behind it where the figure should stay the same: the first ones may be bad. A rate
    may rise."""
    found = worse(each, points)
    if not each.more_is_better and not each.grows:
        found += [bend for pair in zip(points[1:], points) for bend in worse(each, pair)]
    worst = {}
    for bend in found:
        worst[bend[0]] = max(bend, worst.get(bend[0], bend), key=lambda other: other[-1])
    return [worst[at] for at in sorted(worst)]


def worse(each, points):
    """Compares each point with the best one that it follows; after a bend, from there on, so that each slope is named once."""
    found, best = [], None
    for point in points:
        if best is None or badness(each, point) < badness(each, best):
            best = point
        factor = badness(each, point) / badness(each, best)
        if factor > FACTOR:
            found.append((*point, *best, factor))
            best = point
    return found


def badness(each, point):
    at, value = point
    bad = 1 / max(value, 1e-9) if each.more_is_better else max(value, each.least)
    return bad / at if each.grows else bad
