"""One run of one contender: started afresh, measured cold, through its first seconds, and warm."""

import shutil
import tempfile
import time

from loads import LoadFailed, Loads
from network import Network

FIRST_SECONDS = 30
HELD_CONNECTIONS = 2000
SHORT = 4
SETTLE_SECONDS = 2


def measure(contender, congestion, seconds):
    """Returns the figures of a run, or under "failure" why there are none. With less than SHORT seconds for each warm load the first
    seconds end after one round."""
    home = tempfile.mkdtemp(prefix="bench-", dir="/run")
    try:
        with Network(congestion) as network:
            loads = Loads(network, home)
            try:
                return with_servers(contender, network, loads, home, seconds)
            finally:
                loads.stop()
    except (LoadFailed, RuntimeError, OSError) as failure:
        return {"failure": str(failure)}
    finally:
        shutil.rmtree(home, ignore_errors=True)


def with_servers(contender, network, loads, home, seconds):
    running = contender.start(network, home)
    ready = time.monotonic()
    try:
        loads.proxy = running.processes
        return loaded(running, loads, ready, seconds)
    except LoadFailed as failure:
        raise LoadFailed(f"{failure}\n{running.processes.last_words()}".strip()) from failure
    finally:
        running.stop()


def loaded(running, loads, ready, seconds):
    idle = running.processes.resident_mb()
    rounds = []
    while not rounds or seconds >= SHORT and time.monotonic() - ready < FIRST_SECONDS:
        rounds.append(first_round(loads, ready))
    warm = {}
    for load in (loads.stream, loads.streams, loads.reverse, loads.paced, loads.requests, loads.connections):
        warm.update(load(seconds))
    time.sleep(SETTLE_SECONDS)
    begun = running.processes.cpu_seconds()
    time.sleep(seconds)
    used = running.processes.cpu_seconds() - begun
    process = loads.held(HELD_CONNECTIONS)
    process["idle_cpu"] = used / seconds * 100
    process["end"] = running.processes.resident_mb()
    process["idle"] = idle
    if running.start_seconds is not None:
        process["start"] = running.start_seconds
    if running.enrol_ms:
        process["enrol"] = sum(running.enrol_ms) / len(running.enrol_ms)
    end = running.processes.ended()
    if end:
        raise LoadFailed(end)
    cold = {name: value for load in rounds[0] for name, value in load["figures"].items()}
    run = {"cold": cold, "warm": warm, "process": process, "first": rounds, "commands": running.processes.command_lines()}
    return run if run["commands"] else without_proxy(run)


def first_round(loads, ready):
    """Runs each kind of load for a second."""
    found = []
    for load in (loads.stream, loads.paced, loads.requests, loads.connections):
        begun = time.monotonic() - ready
        figures = load(1)
        found.append({"from": begun, "to": time.monotonic() - ready, "figures": figures})
    return found


def without_proxy(run):
    """Leaves out what nobody has taken."""
    def others(figures):
        return {name: value for name, value in figures.items() if not name.endswith("_cpu")}
    first = [[{**load, "figures": others(load["figures"])} for load in each] for each in run["first"]]
    return {"cold": others(run["cold"]), "warm": others(run["warm"]), "process": {}, "first": first, "commands": []}
