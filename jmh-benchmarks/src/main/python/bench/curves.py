"""One run along an axis: each contender is started afresh, warmed up, and measured at each point in turn in the same process."""

import shutil
import tempfile
import time

from crowds import Crowd
from descriptors import PAIRS, limit, most_connections
from loads import LoadFailed, Loads
from network import Network

PODS = 2, 10, 50, 100, 200, 500
CONNECTIONS = 10, 100, 1_000, 4_000
STREAMS = 1, 2, 4, 8, 16, 32, 64
SIZES = 64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20
WARM_SECONDS = 5
SETTLE_SECONDS = 2
IDLE_SECONDS = 6  # a proxy may look after its pods every few seconds
MEMORY_FROM = 1_000  # fewer connections take less than a process's memory changes by itself


def along(axis, congestion):
    """Returns the network of an axis."""
    return Network(congestion, {"pods": PODS[-1], "connections": 2 + 2 * PAIRS}.get(axis, 2))


def run(axis, contender, network, seconds):
    """Returns the points of a run, or under "failure" why there are none."""
    home = tempfile.mkdtemp(prefix="bench-", dir="/run")
    try:
        loads = Loads(network, home)
        try:
            return with_servers(axis, contender, network, loads, home, seconds)
        finally:
            loads.stop()
    except (LoadFailed, RuntimeError, OSError) as failure:
        return {"failure": str(failure)}
    finally:
        shutil.rmtree(home, ignore_errors=True)


def with_servers(axis, contender, network, loads, home, seconds):
    running = contender.start(network, home, PODS[0] if axis == "pods" else None)
    try:
        loads.proxy = running.processes
        measure = {"pods": by_pods, "connections": by_connections, "streams": by_streams, "sizes": by_sizes}[axis]
        points = [{"at": at, "figures": figures} for at, figures in measure(running, loads, network, seconds)]
        end = running.processes.ended()
        if end:
            raise LoadFailed(end)
        return {"points": points, "commands": running.processes.command_lines()}
    except (LoadFailed, RuntimeError, OSError) as failure:
        raise LoadFailed(f"{failure}\n{running.processes.last_words()}".strip()) from failure
    finally:
        running.stop()


def warm(*loads):
    """Without this the first points would show how a JVM compiles."""
    for load in loads:
        load(WARM_SECONDS)


def by_pods(running, loads, network, seconds):
    enrolled, taken = PODS[0], running.enrol_ms
    warm(loads.requests, loads.paced)
    for number in PODS:
        if number > enrolled:
            taken = running.agent.enrol(network.pods[enrolled:number])
            enrolled = number
        figures = {"enrol": middle(taken), "enrol_last": middle(taken[-max(1, len(taken) // 10):])}
        time.sleep(SETTLE_SECONDS)
        begun = running.processes.threads_seconds()
        time.sleep(IDLE_SECONDS)
        figures["idle_cpu"] = (running.processes.threads_seconds() - begun) / IDLE_SECONDS * 100
        figures["resident"] = running.processes.resident_mb()
        yield number, {**figures, "p50": loads.paced(seconds)["p50"]}


def by_connections(running, loads, network, seconds):
    warm(loads.requests, loads.paced, loads.connections)
    most = most_connections(limit())
    pods = network.pods[2:]
    crowd = Crowd(list(zip(pods[::2], pods[1::2])))
    try:
        time.sleep(SETTLE_SECONDS)
        idle = running.processes.resident_mb()
        for number in (*(few for few in CONNECTIONS if few < most), most):
            figures = {"open": crowd.grow(number)}
            if number >= MEMORY_FROM:
                figures["per_connection"] = (running.processes.resident_mb() - idle) * 1024 / number
            latency = loads.paced(seconds)
            yield number, {**figures, "p50": latency["p50"], "p99": latency["p99"]}
        crowd.grow(most)  # none has been cut
    finally:
        crowd.close()


def by_streams(_, loads, __, seconds):
    warm(loads.stream, loads.streams)
    for number in STREAMS:
        yield number, loads.streams(seconds, number)


def by_sizes(_, loads, __, seconds):
    warm(loads.requests, lambda some: loads.requests(some, SIZES[-1]))
    for size in SIZES:
        figures = loads.requests(seconds, size)
        yield size, {**figures, "bytes": figures["requests"] * size / 1e6}


def middle(values):
    return sorted(values)[len(values) // 2]
