"""HAProxy as a plaintext relay at both pods: one process, two threads. It listens in the pods' namespaces, to which the rules redirect,
connects from the node to the other pod, and from there, in the pod's namespace, to the app. The client's address isn't kept."""

import shutil

from network import INBOUND, OUTBOUND

CONFIGURATION = """
global
  nbthread 2
  maxconn 8000
defaults
  mode tcp
  timeout connect 10s
  timeout client 1h
  timeout server 1h
listen outbound
  bind 0.0.0.0:{outbound} namespace {client}
  server original *
listen inbound
  bind 0.0.0.0:{inbound} namespace {server}
  server original * namespace {server}
"""


def missing():
    return None if shutil.which("haproxy") else "haproxy isn't installed: apt-get install haproxy"


def prepare(network, home):
    client, server = network.pods
    file = f"{home}/haproxy.cfg"
    with open(file, "w", encoding="utf-8") as configuration:
        configuration.write(CONFIGURATION.format(outbound=OUTBOUND, inbound=INBOUND, client=client.name, server=server.name))
    return file


def start(network, home, processes, file):
    client, server = network.pods
    processes.start(["haproxy", "-db", "-f", file], f"{home}/haproxy.log")
    client.await_port(OUTBOUND, processes)
    server.await_port(INBOUND, processes)
