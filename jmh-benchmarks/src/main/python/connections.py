"""Many connections in one process. "serve PORT" echoes; "open ADDRESS PORT COUNT" opens them, checks that each echoes, and says when the first,
99 % and the last of them had ended, to about a millisecond, how many did within a minute, and how many of these were reset. Both do as little
as they can for each connection that ends: they share the processor with what is measured."""

import errno
import os
import resource
import select
import socket
import sys
import time

EVENTS = select.EPOLLIN | select.EPOLLET
MOST = 4096

limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))


def serve(port):
    listener = socket.create_server(("0.0.0.0", port), backlog=4096)
    events = select.epoll()
    events.register(listener, select.EPOLLIN)
    own = listener.fileno()
    print("ready", flush=True)
    while True:
        for fd, what in events.poll(maxevents=MOST):
            if fd == own:
                connection = listener.accept()[0]
                connection.setblocking(False)
                events.register(connection.detach(), EVENTS)
            elif what & (select.EPOLLERR | select.EPOLLHUP) or not echo(fd):
                os.close(fd)


def echo(fd):
    """Returns false at the end."""
    try:
        while True:
            data = os.read(fd, 4096)
            if not data:
                return False
            os.write(fd, data)
    except BlockingIOError:
        return True
    except OSError:
        return False


def hold(address, port, count):
    events = select.epoll()
    connections = {}
    for _ in range(count):
        connection = socket.create_connection((address, port))
        connection.sendall(b"x")
        connections[connection.fileno()] = connection
    for fd, connection in connections.items():
        connection.settimeout(30)
        if connection.recv(1) != b"x":
            sys.exit("no echo")
        events.register(fd, EVENTS)
    print(count, flush=True)
    ends, ended = [], {}
    deadline = time.time() + 60
    while len(ended) < count and time.time() < deadline:
        now_ready = events.poll(1, MOST)
        now = time.time()
        for fd, _ in now_ready:
            if fd not in ended:
                ended[fd] = now
                ends.append(now)
        time.sleep(0.001)  # otherwise each of them wakes this process
    resets = sum(connections[fd].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNRESET for fd in ended)
    print(ends[0], ends[len(ends) * 99 // 100], ends[-1], len(ends), resets, flush=True)
    os._exit(0)  # without closing each connection, beside others that are still to be cut


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
else:
    hold(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
