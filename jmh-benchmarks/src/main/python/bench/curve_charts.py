"""The charts of the curves, as SVG texts by file name: one for each figure along each axis."""

import math

from axes import Axis, linear, logarithmic
from charts import ACROSS, panel
from curve_figures import axes, curve
from figures import names
from svg import Svg, width

WIDE = 20  # a curve whose greatest value is so many times its least is drawn logarithmically


def curve_charts(result):
    drawn = {f"curves-{axis.key}-{each.key.replace('_', '-')}.svg": chart(result, axis, each)
             for axis in axes(result) for each in axis.curves}
    return {name: str(svg) for name, svg in drawn.items() if svg is not None}


def chart(result, axis, each):
    """Draws the medians of all contenders. The first colour is left to the bare network, so that ours has the same one in all charts."""
    curves = [(i, points) for i, name in enumerate(names(result), 1) if (points := curve(result, name, axis.key, each.key))]
    if not curves:
        return None
    values = [value for _, points in curves for _, value in points]
    wide = min(values) > 0 and max(values) > WIDE * min(values)
    svg = Svg(f"{axis.title}: {each.label}", ACROSS)
    svg.text(16, 24, f"{axis.title}: {each.label} ({each.unit}{', logarithmic' if wide else ''})", "title")
    top = svg.legend(50, [(name, i, False) for i, name in enumerate(names(result), 1) if i in {series for series, _ in curves}]) + 16
    bottom = top + 260
    if wide:
        along = logarithmic(min(values), max(values), bottom, top)
    else:
        along = linear(min(0, *values), max(max(values), each.least) or 1, bottom, top)
    left = 30 + max(width(along.words(tick)) for tick in along.ticks)
    ticks = sorted({at for _, points in curves for at, _ in points})
    across = Axis(math.log10, ticks if len(ticks) > 1 else [ticks[0], ticks[0] * 10], left + 12, ACROSS - 40)
    panel(svg, "", (left, top, ACROSS - 16, bottom), across, along, curves, axis.words)
    svg.text((left + ACROSS) / 2, bottom + 40, f"{axis.label}, logarithmic, at the measured points", anchor="middle", soft=True)
    return svg
