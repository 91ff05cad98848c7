"""Run on the node, with a port and pairs CLIENT,SERVER,ADDRESS of pods: holds both ends of many connections from client to server, in turn
among the pairs. For each number that it reads, every connection that is open echoes a byte, and then it opens further ones, one after
another, each of which echoes a byte, until there are so many; it prints how many there are, and the seconds that it took to open them."""

import ctypes
import os
import resource
import socket
import sys
import time

NEW_NETWORK = 0x40000000
SECONDS = 30


def enter(pod):
    """Sockets that this thread makes from now on are in the pod."""
    descriptor = os.open(f"/run/netns/{pod}", os.O_RDONLY)
    if libc.setns(descriptor, NEW_NETWORK):
        raise OSError(ctypes.get_errno(), f"setns into {pod}")
    os.close(descriptor)


def listen(pod, port):
    enter(pod)
    listener = socket.create_server(("0.0.0.0", port), backlog=128)
    listener.settimeout(SECONDS)
    return listener


def connect(pair, port):
    pod, listener, address = pair
    enter(pod)
    client = socket.create_connection((address, port), SECONDS)
    client.sendall(b"x")
    server, _ = listener.accept()
    server.settimeout(SECONDS)
    back(client, server)
    return client, server


def back(client, server):
    server.sendall(server.recv(1) or b"?")
    if client.recv(1) != b"x":
        raise OSError("a connection has not echoed")


def echo(client, server):
    client.sendall(b"x")
    back(client, server)


libc = ctypes.CDLL(None, use_errno=True)
limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
own = int(sys.argv[1])
pairs = [(client, listen(server, own), address) for client, server, address in (pair.split(",") for pair in sys.argv[2:])]
held = []
for line in sys.stdin:
    for ends in held:
        echo(*ends)
    begun = time.perf_counter()
    while len(held) < int(line):
        held.append(connect(pairs[len(held) % len(pairs)], own))
    print(len(held), time.perf_counter() - begun, flush=True)
