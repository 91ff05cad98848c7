"""The curves: their axes and figures, and how runs are summed up point by point. Nothing here measures."""

from collections import namedtuple
from statistics import median

# `grows`: in proportion to the axis it may become worse; otherwise it should stay. `least`: what is below it differs by chance.
Curve = namedtuple("Curve", "key label unit more_is_better grows least")
Axis = namedtuple("Axis", "key title label curves words")


def count(value):
    return f"{value:,}"


def size(value):
    return f"{value} B" if value < 1 << 10 else f"{value >> 10} KiB" if value < 1 << 20 else f"{value >> 20} MiB"


AXES = [
    Axis("pods", "Pods", "enrolled pods",
         [Curve("enrol", "a new pod is acknowledged: p50", "ms", False, False, 1),
          Curve("enrol_last", "the last tenth of the new pods: p50", "ms", False, False, 1),
          Curve("resident", "resident memory", "MB", False, False, 1), Curve("idle_cpu", "CPU when idle", "%", False, False, 0.5),
          Curve("p50", "1,000 requests/s between two of the pods: p50", "ms", False, False, 0.1)], count),
    Axis("connections", "Open connections", "open connections",
         [Curve("per_connection", "resident memory of an open connection", "KB", False, False, 1),
          Curve("open", "a new connection has echoed a byte", "ms", False, False, 0.1),
          Curve("p50", "1,000 requests/s beside them: p50", "ms", False, False, 0.1),
          Curve("p99", "1,000 requests/s beside them: p99", "ms", False, False, 1)], count),
    Axis("streams", "Parallel streams", "parallel streams",
         [Curve("streams", "all streams together", "Gbit/s", True, False, 0),
          Curve("streams_cpu", "CPU of the proxy", "s/GB", False, False, 0.1)], count),
    Axis("sizes", "Message sizes", "bytes of an echo, 16 connections",
         [Curve("requests", "requests", "/s", True, True, 0), Curve("requests_cpu", "CPU of the proxy for a request", "µs", False, True, 1),
          Curve("bytes", "echoed bytes", "MB/s", True, False, 0)], size)]
BY_KEY = {axis.key: axis for axis in AXES}


def complete(result, contender, axis):
    return [run for run in result["runs"] if run["contender"] == contender and run["axis"] == axis and "failure" not in run]


def curve(result, contender, axis, key):
    """Returns the points of a figure along an axis in the order of the axis: where, and the median of the runs."""
    values = {}
    for run in complete(result, contender, axis):
        for point in run["points"]:
            if key in point["figures"]:
                values.setdefault(point["at"], []).append(point["figures"][key])
    return [(at, median(values[at])) for at in sorted(values)]


def axes(result):
    """Returns the axes that were measured, in their order."""
    return [axis for axis in AXES if any(run["axis"] == axis.key for run in result["runs"])]
