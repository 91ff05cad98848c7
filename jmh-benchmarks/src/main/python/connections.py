"""Many connections in one process. "serve PORT" echoes; "open ADDRESS PORT COUNT" opens them, checks that each echoes, and says when the first,
99 % and the last of them had ended, and how many did within a minute."""

import resource
import selectors
import socket
import sys
import time

limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))


def serve(port):
    listener = socket.create_server(("0.0.0.0", port), backlog=4096)
    events = selectors.DefaultSelector()
    events.register(listener, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, _ in events.select():
            if key.fileobj is listener:
                events.register(listener.accept()[0], selectors.EVENT_READ)
                continue
            try:
                data = key.fileobj.recv(4096)
                key.fileobj.send(data)
            except OSError:
                data = b""
            if not data:
                events.unregister(key.fileobj)
                key.fileobj.close()


def hold(address, port, count):
    events = selectors.DefaultSelector()
    connections = []
    for _ in range(count):
        connection = socket.create_connection((address, port))
        connection.sendall(b"x")
        connections.append(connection)
    for connection in connections:
        connection.settimeout(30)
        if connection.recv(1) != b"x":
            sys.exit("no echo")
        events.register(connection, selectors.EVENT_READ)
    print(len(connections), flush=True)
    ends = []
    deadline = time.time() + 60
    while len(ends) < count and time.time() < deadline:
        for key, _ in events.select(1):
            ends.append(time.time())
            events.unregister(key.fileobj)
            key.fileobj.close()
    print(ends[0], ends[len(ends) * 99 // 100], ends[-1], len(ends), flush=True)


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
else:
    hold(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
