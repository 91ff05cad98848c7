"""What ./inpod bench runs, in namespaces of its own: the JMH benchmarks of the libraries, and the mesh benchmark, in which proxies are
started in turn in a mesh of two pods, and measured from outside."""

import argparse
import json
import os
import sys

from charts import charts
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


def arguments():
    parser = argparse.ArgumentParser(prog="./inpod bench", allow_abbrev=False)
    parser.add_argument("what", nargs="?", choices=["pieces", "mesh", "all"], default="all",
                        help="the libraries' JMH benchmarks, proxies in a mesh, or both (the default)")
    parser.add_argument("--peer", action="append", default=[], type=peer, metavar="NAME=COMMAND", help="a ztunnel-compatible program")
    parser.add_argument("--cc", choices=["cubic", "bbr"], default="cubic", help="the congestion control of all sockets (cubic)")
    parser.add_argument("--runs", type=positive, default=3, metavar="N",
                        help="runs of each contender, iterations of each JMH benchmark (3)")
    parser.add_argument("--secs", type=positive, default=4, metavar="N",
                        help="seconds of each warm load (4); below 4, the first seconds are measured for one round only")
    parser.add_argument("--out", metavar="DIR", help="the directory of the results (docs/benchmarks)")
    parser.add_argument("--from", dest="results", action="append", default=[], metavar="FILE",
                        help="write table and charts of this mesh.json instead of measuring; of all runs, if given more than once")
    parser.add_argument("--root", default=".", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if len({name for name, _ in options.peer}) < len(options.peer):
        parser.error("two peers have the same name")
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


def measured(options):
    from contenders import contenders  # drawing needs nothing of this
    from machine import machine
    from measure import measure
    with open("/proc/sys/net/ipv4/tcp_available_congestion_control", encoding="utf-8") as file:
        if options.cc not in file.read().split():
            sys.exit(f"bench: this kernel has no congestion control {options.cc}; it may be a module: modprobe tcp_{options.cc}")
    present, missing = [], []
    for contender in contenders(options.root, options.peer):
        why = contender.missing()
        if why:
            missing.append({"name": contender.name, "why": why})
            say(f"bench: not measured, {contender.name}: {why}")
        else:
            present.append(contender)
    result = {"machine": machine(options.root, options.cc),
              "settings": {"runs": options.runs, "seconds of each warm load": options.secs},
              "contenders": [{"name": contender.name, "what": contender.what} for contender in present], "missing": missing, "runs": []}
    for number in range(1, options.runs + 1):
        for contender in present:
            say(f"bench: run {number} of {options.runs}, {contender.name}")
            run = measure(contender, options.cc, options.secs)
            run["commands"] = [tidy(command, options.root) for command in run.get("commands", [])]
            if "failure" in run:
                say(f"bench: FAILED, {contender.name}, run {number}: {run['failure']}")
            result["runs"].append({"number": number, "contender": contender.name, **run})
    return result


def read(name):
    with open(name, encoding="utf-8") as file:
        return json.load(file)


def draw(result, out):
    """Writes and prints what a result says."""
    text = report(result)
    written = {"mesh.json": json.dumps(result, indent=1) + "\n", "mesh.md": text, **charts(result)}
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
        if options.what != "mesh":
            file, failed = pieces(options.root, options.runs, out)
            print(f"written: {file}")
        if options.what != "pieces":
            result = measured(options)
    if result is not None:
        draw(result, out)
        failed += [f"{name}, run {number}" for name, number, _ in failures(result)]
    if failed:
        sys.exit(f"bench: FAILED: {'; '.join(failed)}. See above")


main()
