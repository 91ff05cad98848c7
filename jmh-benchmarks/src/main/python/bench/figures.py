"""The figures: their names, units and order, and how runs are summed up. Nothing here measures."""

from collections import namedtuple
from statistics import median

Figure = namedtuple("Figure", "key label unit more_is_better")
Spread = namedtuple("Spread", "least median most")

LOADED = [Figure("stream", "1 stream", "Gbit/s", True), Figure("stream_cpu", "CPU, 1 stream", "s/GB", False),
          Figure("streams", "4 streams", "Gbit/s", True), Figure("streams_cpu", "CPU, 4 streams", "s/GB", False),
          Figure("reverse", "1 stream, reverse", "Gbit/s", True), Figure("reverse_cpu", "CPU, reverse", "s/GB", False),
          Figure("p50", "1,000 requests/s: p50", "ms", False), Figure("p99", "1,000 requests/s: p99", "ms", False),
          Figure("p99.9", "1,000 requests/s: p99.9", "ms", False), Figure("paced_cpu", "CPU, 1,000 requests/s", "µs", False),
          Figure("requests", "requests, 16 connections", "/s", True), Figure("requests_cpu", "CPU, requests, 16 connections", "µs", False),
          Figure("connections", "new connections", "/s", True), Figure("connections_cpu", "CPU, new connections", "µs", False)]
PROCESS = [Figure("start", "start until it connects or listens", "s", False), Figure("enrol", "a pod is acknowledged", "ms", False),
           Figure("idle", "resident when ready", "MB", False), Figure("held", "resident with 2,000 open connections", "MB", False),
           Figure("end", "resident at the end", "MB", False), Figure("per_connection", "an open connection", "KB", False),
           Figure("idle_cpu", "CPU when idle", "%", False)]
PHASES = {"cold": LOADED, "warm": LOADED, "process": PROCESS}
OURS = "inpod"


def spread(values):
    """Returns the least, the median and the greatest value, or None without values."""
    return Spread(min(values), median(values), max(values)) if values else None


def complete(result, contender):
    """Returns the contender's runs that didn't fail, by their number."""
    return {run["number"]: run for run in result["runs"] if run["contender"] == contender and "failure" not in run}


def figure(result, contender, phase, key):
    values = [run[phase][key] for run in complete(result, contender).values() if key in run[phase]]
    return spread(values)


def ratio(result, peer, phase, key):
    """Returns how ours relates to the peer: the spread of the ratios of runs of the same number, which followed each other."""
    ours, theirs = complete(result, OURS), complete(result, peer)
    return spread([ours[number][phase][key] / theirs[number][phase][key] for number in sorted(ours.keys() & theirs.keys())
                   if ours[number][phase].get(key, 0) > 0 and theirs[number][phase].get(key, 0) > 0])


def pairs(result, peer):
    """Returns how many runs of ours and of the peer's with the same number didn't fail."""
    return len(complete(result, OURS).keys() & complete(result, peer).keys())


def commands(result, contender):
    """Returns the commands of the contender's first run that didn't fail."""
    return next((run["commands"] for run in complete(result, contender).values()), [])


def names(result):
    return [contender["name"] for contender in result["contenders"]]


def together(results):
    """Returns one result with the runs of several, which must have had the same settings and contenders; the machine is the first one's."""
    first, runs, count = results[0], [], 0
    for result in results:
        settings, own = dict(result["settings"]), result["settings"]["runs"]
        settings["runs"] = first["settings"]["runs"]
        if settings != first["settings"] or names(result) != names(first) or congestion(result) != congestion(first):
            raise SystemExit("bench: these results have different settings or contenders, so they can't be put together")
        runs += [{**run, "number": run["number"] + count} for run in result["runs"]]
        count += own
    return {**first, "settings": {**first["settings"], "runs": count}, "runs": runs}


def congestion(result):
    return result["machine"]["congestion control"]


def failures(result):
    return [(run["contender"], run["number"], run["failure"]) for run in result["runs"] if "failure" in run]


def behind(result, peer):
    """Returns the figures in which ours is worse than the peer's in every pair of runs, with the ratios."""
    found = []
    for phase, figures in PHASES.items():
        for each in figures:
            ratios = ratio(result, peer, phase, each.key)
            if ratios and (ratios.most < 1 if each.more_is_better else ratios.least > 1):
                found.append((phase, each, ratios))
    return found
