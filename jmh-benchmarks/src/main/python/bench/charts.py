"""The charts of a result, as SVG texts by file name."""

import math
from statistics import median

from axes import linear, logarithmic, seconds
from figures import LOADED, PROCESS, complete, figure, names
from report import short
from svg import Svg, width

ACROSS = 760
PERCENTILES = ["p50", "p75", "p90", "p95", "p99", "p99.9"]
BY_KEY = {each.key: each for each in LOADED + PROCESS}


def charts(result):
    """Returns the charts for which there are figures."""
    both, warm = ("cold", "warm"), ("warm",)
    drawn = {"throughput.svg": bars(result, "Throughput from pod to pod", [("stream", both), ("streams", warm), ("reverse", warm)]),
             "cpu.svg": bars(result, "CPU time of the proxy per GB", [("stream_cpu", both), ("streams_cpu", warm), ("reverse_cpu", warm)]),
             "requests.svg": bars(result, "Requests per second on 16 open connections", [("requests", both)]),
             "connections.svg": bars(result, "Connections per second, a request each, 16 at a time", [("connections", both)]),
             "memory.svg": bars(result, "Resident memory of the proxy", [(key, ("process",)) for key in ("idle", "held", "end")]),
             "latency.svg": latency(result), "start.svg": start(result)}
    return {name: str(chart) for name, chart in drawn.items() if chart is not None}


def bars(result, title, rows):
    """Draws a group of horizontal bars for each figure, with a bar for each contender and phase: the median, and a line from the least to
    the greatest."""
    groups = []
    for key, phases in rows:
        group = [(name, i, phase, spread) for i, name in enumerate(names(result)) for phase in phases
                 if (spread := figure(result, name, phase, key))]
        if group:
            groups.append((BY_KEY[key], group))
    if not groups:
        return None
    both = any(phase == "cold" for _, group in groups for _, _, phase, _ in group)
    svg = Svg(title, ACROSS)
    unit = groups[0][0].unit
    svg.text(16, 24, f"{title} ({unit.lstrip('/')})" if unit != "/s" else title, "title")
    phases = "pale: cold, the first second of the load; full: warm; " if both else ""
    svg.text(16, 44, phases + "bar: median; line: least to greatest", soft=True)
    left = 28 + max(width(name) for _, group in groups for name, _, _, _ in group)
    right = ACROSS - 90
    axis = linear(0, max(spread.most for _, group in groups for _, _, _, spread in group), left, right)
    y, spans = 52, []
    for each, group in groups:
        y += 22
        if len(groups) > 1:
            svg.text(16, y, each.label, "heading")
            y += 8
        previous, high = None, 14
        spans.append(y)
        for name, i, phase, spread in group:
            if name != previous:
                y += 5
            end = axis.place(spread.median)
            if name != previous:
                count = sum(1 for other in group if other[0] == name)
                svg.text(left - 8, y + high * count / 2 + 4, name, anchor="end")
            svg.box(left, y, end - left, high - 2, i, faint=phase == "cold")
            middle = y + (high - 2) / 2
            svg.line(axis.place(spread.least), middle, axis.place(spread.most), middle, "mark")
            svg.text(max(end, axis.place(spread.most)) + 6, middle + 4, short(spread.median))
            previous, y = name, y + high
        spans.append(y + 4)
    grid = Svg("", ACROSS)
    for tick in axis.ticks:
        for begin, end in zip(spans[::2], spans[1::2]):
            grid.line(axis.place(tick), begin, axis.place(tick), end)
        svg.text(axis.place(tick), y + 24, axis.words(tick), anchor="middle", soft=True)
    svg.elements = grid.elements + svg.elements
    return svg


def panel(svg, title, box, across, along, curves, words):
    """Draws axes with their labels, and curves into a box: left, top, right, bottom. `across` and `along` are axes in its coordinates."""
    left, top, right, bottom = box
    if title:
        svg.text(left, top - 10, title, "heading")
    for tick in along.ticks:
        svg.line(left, along.place(tick), right, along.place(tick))
        svg.text(left - 6, along.place(tick) + 4, along.words(tick), anchor="end", soft=True)
    for tick in across.ticks:
        svg.text(across.place(tick), bottom + 18, words(tick), anchor="middle", soft=True)
    for series, points in curves:
        svg.curve([(across.place(x), along.place(y)) for x, y in points], series)


def legend_of(result, shown):
    return [(name, i, False) for i, name in enumerate(names(result)) if i in shown]


def latency(result):
    """How long requests at a fixed rate take, by percentile: a panel for cold, a panel for warm."""
    curves = {}
    for phase in ("cold", "warm"):
        curves[phase] = [(i, points) for i, name in enumerate(names(result))
                         if (points := [(place, spread.median) for place, key in enumerate(PERCENTILES)
                                        if (spread := figure(result, name, phase, key))])]
    values = [value for found in curves.values() for _, points in found for _, value in points]
    if not values:
        return None
    svg = Svg("Latency of 1,000 requests per second", ACROSS)
    svg.text(16, 24, "Latency at 1,000 requests per second (ms, logarithmic)", "title")
    top = svg.legend(50, legend_of(result, {i for found in curves.values() for i, _ in found})) + 26
    for (phase, found), left, right in zip(curves.items(), (56, 430), (360, 734)):
        across = linear(0, len(PERCENTILES) - 1, left + 12, right - 12, ticks=range(len(PERCENTILES)))
        along = logarithmic(min(values), max(values), top + 260, top)
        title = "cold: the first second of the load" if phase == "cold" else "warm"
        panel(svg, title, (left, top, right, top + 260), across, along, found, PERCENTILES.__getitem__)
    svg.text(ACROSS / 2, top + 300, "percentile of the requests, medians of the runs", anchor="middle", soft=True)
    return svg


def start(result):
    """The first seconds from ready: each kind of load for a second in turn."""
    rows = [("stream", "1 stream (Gbit/s)", linear), ("p99", "1,000 requests/s: p99 (ms, logarithmic)", logarithmic),
            ("requests", "requests/s, 16 connections", linear), ("connections", "new connections/s", linear)]
    curves = {key: [(i, points) for i, name in enumerate(names(result)) if (points := through_time(result, name, key))]
              for key, _, _ in rows}
    if not any(curves.values()):
        return None
    latest = max(x for found in curves.values() for _, points in found for x, _ in points)
    svg = Svg("The first seconds", ACROSS)
    svg.text(16, 24, f"The first {math.ceil(latest)} seconds from ready, a second of each load in turn", "title")
    top = svg.legend(50, legend_of(result, {i for found in curves.values() for i, _ in found})) + 26
    for number, (key, title, scale) in enumerate(rows):
        left, right = ((64, 370), (444, 744))[number % 2]
        high = top + number // 2 * 240
        values = [y for _, points in curves[key] for _, y in points]
        least = min(values) if scale is logarithmic else 0
        panel(svg, title, (left, high, right, high + 170), seconds(latest, left, right - 8), scale(least, max(values), high + 170, high),
              curves[key], lambda tick: f"{tick:g}")
        svg.text((left + right) / 2, high + 204, "seconds from ready, medians of the runs", anchor="middle", soft=True)
    return svg


def through_time(result, name, key):
    """Returns the points in time and the medians of a figure, round by round."""
    rounds = [[((load["from"] + load["to"]) / 2, load["figures"][key]) for each in run["first"] for load in each if key in load["figures"]]
              for run in complete(result, name).values()]
    return [(median(x for x, _ in points), median(y for _, y in points)) for points in zip(*rounds)]
