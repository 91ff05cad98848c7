"""What is compared. Each contender says what it is and why it can't run, if so, and is started afresh for each run."""

import json
import os
import shlex
import time

import envoy
import haproxy
from agent import NodeAgent
from processes import Processes


class Bare:
    """The network without rules and without a proxy."""

    name = "bare"
    what = "the same network without rules and proxy"

    def missing(self):
        return None

    def start(self, network, home):
        return Running(Processes())


class Ztunnel:
    """A program that speaks ZDS as a client and reads ztunnel's environment variables: one process that serves both pods."""

    def __init__(self, name, what, command):
        self.name, self.what, self.command = name, what, command

    def missing(self):
        program = self.command[0]
        return None if os.access(program, os.X_OK) else f"there is no program {program}"

    def start(self, network, home, enrolled=None):
        """Serves all pods, or only the first ones of them, if their number is given."""
        mesh, path = f"{home}/mesh.json", f"{home}/agent.sock"
        with open(mesh, "w", encoding="utf-8") as file:
            json.dump({"workloads": [workload(pod) for pod in network.pods], "policies": [], "services": []}, file)
        environment = dict(os.environ, INPOD_UDS=path, INPOD_ENABLED="true", PROXY_MODE="shared", LOCAL_XDS_PATH=mesh, XDS_ADDRESS="",
                           FAKE_CA="true", INPOD_CA_DIR=f"{home}/ca", NODE_NAME="local", CLUSTER_ID="Kubernetes", NETWORK="",
                           IPV6_ENABLED="true", ISTIO_META_DNS_CAPTURE="false", DNS_CAPTURE="false", RUST_LOG="warn")
        agent = NodeAgent(path)
        running = Running(Processes(), agent)
        try:
            begun = time.perf_counter()
            running.processes.start(self.command, f"{home}/proxy.log", env=environment)
            agent.await_proxy(running.processes)
            running.start_seconds = time.perf_counter() - begun
            network.redirect()
            running.enrol_ms = agent.enrol_first(network.pods[:enrolled])
        except Exception as failure:
            running.stop()
            raise RuntimeError(f"{failure}\n{running.processes.last_words()}") from failure
        return running


class Pair:
    """A program that knows nothing of ZDS, and is configured for the two pods beforehand by a module of this package."""

    def __init__(self, name, what, module):
        self.name, self.what, self.module = name, what, module

    def missing(self):
        return self.module.missing()

    def start(self, network, home):
        running = Running(Processes())
        network.redirect()
        try:
            prepared = self.module.prepare(network, home)
            begun = time.perf_counter()
            self.module.start(network, home, running.processes, prepared)
            running.start_seconds = time.perf_counter() - begun
        except Exception as failure:
            running.stop()
            raise RuntimeError(f"{failure}\n{running.processes.last_words()}") from failure
        return running


class Running:
    """A contender that serves both pods."""

    def __init__(self, processes, agent=None):
        self.processes = processes
        self.agent = agent
        self.start_seconds = self.enrol_ms = None

    def stop(self):
        self.processes.stop()
        if self.agent is not None:
            self.agent.close()


def workload(pod):
    return {"uid": f"cluster1//v1/Pod/default/{pod.name}", "name": pod.name, "namespace": "default",
            "serviceAccount": f"sa-{pod.name}", "workloadIps": [pod.address], "protocol": "HBONE", "node": "local",
            "network": "", "trustDomain": "cluster.local", "services": {}}


def contenders(root, peers):
    """Returns all contenders, ours second. Peers are pairs of a name and a command."""
    ours, *others = ztunnels(root, peers)
    return [Bare(), ours, Pair("envoy", "Envoy, a pair with HBONE (mutual TLS) between", envoy),
            Pair("haproxy", "HAProxy, a relay at each pod, plaintext between", haproxy), *others]


def ztunnels(root, peers):
    """Returns the contenders that know pods, ours first."""
    return [Ztunnel("inpod", "our ztunnel, one process", [f"{root}/inpod", "ztunnel"]),
            *(Ztunnel(name, command, resolved(shlex.split(command))) for name, command in peers)]


def resolved(command):
    """Returns the command with the whole path of its program, if that is found on the PATH."""
    if "/" not in command[0]:
        for directory in os.environ["PATH"].split(":"):
            if os.access(f"{directory}/{command[0]}", os.X_OK):
                return [f"{directory}/{command[0]}", *command[1:]]
    return command
