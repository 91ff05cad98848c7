"""What ./inpod bench runs, in namespaces of its own: the JMH benchmarks of the libraries, the mesh benchmark, in which proxies are
started in turn in a mesh of two pods, and measured from outside, and the curves: ztunnels are measured as something becomes more."""

import argparse
import json
import os
import sys

from charts import charts
from curve_charts import curve_charts
from curve_figures import AXES
from curve_report import curve_report
from figures import failures, together
from pieces import pieces
from report import report


def peer(text):
    name, separator, command = text.partition("=")
    if not separator or not name.replace("-", "").isalnum() or not command.strip() or name in ("bare", "inpod", "envoy", "haproxy"):
        raise argparse.ArgumentTypeError(f"{text!r} isn't NAME=COMMAND with a name of letters, digits and hyphens that isn't taken")
    return name, command


def positive(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} isn't a positive number")
    return int(text)


def axes(text):
    known = [axis.key for axis in AXES]
    chosen = text.split(",")
    if not set(chosen) <= set(known):
        raise argparse.ArgumentTypeError(f"{text!r} isn't a list of {', '.join(known)}, with commas between")
    return [key for key in known if key in chosen]


def arguments():
    parser = argparse.ArgumentParser(prog="./inpod bench", allow_abbrev=False)
    parser.add_argument("what", nargs="?", choices=["pieces", "mesh", "curves", "all"], default="all",
                        help="the libraries' JMH benchmarks, proxies in a mesh, or both (all, the default); or ztunnels as something "
                             "becomes more: pods, open connections, streams, or bytes of a message")
    parser.add_argument("--peer", action="append", default=[], type=peer, metavar="NAME=COMMAND", help="a ztunnel-compatible program")
    parser.add_argument("--cc", choices=["cubic", "bbr"], default="cubic", help="the congestion control of all sockets (cubic)")
    parser.add_argument("--axes", type=axes, default=axes(",".join(axis.key for axis in AXES)), metavar="LIST",
                        help="of the curves, only some: pods,connections,streams,sizes")
    parser.add_argument("--runs", type=positive, metavar="N",
                        help="runs of each contender (3; curves: 1), iterations of each JMH benchmark (3)")
    parser.add_argument("--secs", type=positive, metavar="N",
                        help="seconds of each warm load (4; curves: 2); below 4, mesh measures the first seconds for one round only")
    parser.add_argument("--out", metavar="DIR", help="the directory of the results (docs/benchmarks)")
    parser.add_argument("--from", dest="results", action="append", default=[], metavar="FILE",
                        help="write table and charts of this mesh.json or curves.json instead of measuring; of all runs, if given more "
                             "than once")
    parser.add_argument("--root", default=".", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if len({name for name, _ in options.peer}) < len(options.peer):
        parser.error("two peers have the same name")
    options.runs = options.runs or (1 if options.what == "curves" else 3)
    options.secs = options.secs or (2 if options.what == "curves" else 4)
    return options


def say(words):
    print(words, file=sys.stderr, flush=True)


def tidy(command, root):
    """Returns a command without its class path, and without where this machine has the project."""
    words = []
    for i, word in enumerate(command):
        if word != "-cp" and command[i - 1:i] != ["-cp"]:
            words.append(word.replace(root, "."))
    return words


def prepared(options, contenders, settings):
    """Returns the contenders that are there, and a result without runs."""
    from machine import machine  # drawing needs nothing of this
    with open("/proc/sys/net/ipv4/tcp_available_congestion_control", encoding="utf-8") as file:
        if options.cc not in file.read().split():
            sys.exit(f"bench: this kernel has no congestion control {options.cc}; it may be a module: modprobe tcp_{options.cc}")
    present, missing = [], []
    for contender in contenders:
        why = contender.missing()
        if why:
            missing.append({"name": contender.name, "why": why})
            say(f"bench: not measured, {contender.name}: {why}")
        else:
            present.append(contender)
    return present, {
        "machine": machine(options.root, options.cc), "settings": {"runs": options.runs, **settings},
        "contenders": [{"name": contender.name, "what": contender.what} for contender in present], "missing": missing, "runs": []}


def add(result, options, run, **which):
    """Adds a run to a result, and says so if it failed."""
    run["commands"] = [tidy(command, options.root) for command in run.get("commands", [])]
    if "failure" in run:
        say(f"bench: FAILED, {which['contender']}, run {which['number']}: {run['failure']}")
    result["runs"].append({**which, **run})


def measured(options):
    from contenders import contenders
    from measure import measure
    present, result = prepared(options, contenders(options.root, options.peer), {"seconds of each warm load": options.secs})
    for number in range(1, options.runs + 1):
        for contender in present:
            say(f"bench: run {number} of {options.runs}, {contender.name}")
            add(result, options, measure(contender, options.cc, options.secs), number=number, contender=contender.name)
    return result


def measured_along(options):
    import curves
    from contenders import ztunnels
    from descriptors import limit, most_connections
    present, result = prepared(options, ztunnels(options.root, options.peer), {
        "seconds of each point": options.secs, "descriptors of a process, at most": limit(),
        "open connections, at most": f"{most_connections(limit()):,}, as that allows"})
    for number in range(1, options.runs + 1):
        for axis in options.axes:
            say(f"bench: run {number} of {options.runs}, {axis}")
            with curves.along(axis, options.cc) as network:
                for contender in present:
                    say(f"bench: run {number} of {options.runs}, {axis}, {contender.name}")
                    run = curves.run(axis, contender, network, options.secs)
                    add(result, options, run, number=number, contender=contender.name, axis=axis)
    return result


def read(name):
    with open(name, encoding="utf-8") as file:
        return json.load(file)


def draw(result, out):
    """Writes and prints what a result says."""
    along = any("axis" in run for run in result["runs"])
    name, text, drawn = ("curves", curve_report(result), curve_charts(result)) if along else ("mesh", report(result), charts(result))
    written = {f"{name}.json": json.dumps(result, indent=1) + "\n", f"{name}.md": text, **drawn}
    for name, content in written.items():
        with open(os.path.join(out, name), "w", encoding="utf-8") as file:
            file.write(content)
    print(text)
    print("written: " + " ".join(os.path.join(out, name) for name in written))


def main():
    options = arguments()
    out = options.out or os.path.join(options.root, "docs/benchmarks")
    os.makedirs(out, exist_ok=True)
    failed, result = [], None
    if options.results:
        result = together([read(file) for file in options.results])
    else:
        if options.what in ("pieces", "all"):
            file, failed = pieces(options.root, options.runs, out)
            print(f"written: {file}")
        if options.what != "pieces":
            result = measured_along(options) if options.what == "curves" else measured(options)
    if result is not None:
        draw(result, out)
        failed += [f"{name}, run {number}" for name, number, _ in failures(result)]
    if failed:
        sys.exit(f"bench: FAILED: {'; '.join(failed)}. See above")


main()
