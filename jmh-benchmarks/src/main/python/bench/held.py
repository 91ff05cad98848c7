"""Run in a pod, with an address, a port and a number: opens so many connections, has each echo a byte, prints how many did, and holds them
until its standard input ends."""

import resource
import socket
import sys

limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
held = [socket.create_connection((sys.argv[1], int(sys.argv[2])), 30) for _ in range(int(sys.argv[3]))]
for connection in held:
    connection.sendall(b"x")
print(sum(connection.recv(1) == b"x" for connection in held), flush=True)
sys.stdin.read()
