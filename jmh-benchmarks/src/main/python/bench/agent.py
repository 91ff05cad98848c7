"""A node agent of its own, independent of ours: the server's end of ZDS, written in the protobuf encoding by hand."""

import array
import os
import socket
import time


def number(value):
    encoded = b""
    while value > 0x7F:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])


def field(tag, content):
    """Returns a field of type string, bytes or message."""
    content = content.encode() if isinstance(content, str) else content
    return number(tag << 3 | 2) + number(len(content)) + content


def add(pod):
    """Returns the request to serve a pod, whose namespace travels with it as a descriptor."""
    return field(1, field(1, f"uid-{pod.name}") + field(2, field(1, pod.name) + field(2, "default") + field(3, f"sa-{pod.name}")))


SNAPSHOT_SENT = field(3, b"")


class NodeAgent:
    def __init__(self, path):
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.server.bind(path)
        self.server.listen(1)
        self.connection = None

    def await_proxy(self, processes):
        """Waits until the proxy has connected and said hello."""
        self.server.settimeout(0.2)
        until = time.monotonic() + 60
        while self.connection is None:
            try:
                self.connection, _ = self.server.accept()
            except TimeoutError:
                end = processes.ended()
                if end:
                    raise RuntimeError(f"{end} before it connected to the agent") from None
                if time.monotonic() > until:
                    raise RuntimeError("the proxy hasn't connected to the agent within 60 s") from None
        self.connection.settimeout(60)
        self.connection.recv(4096)

    def enrol_first(self, pods):
        """Has the proxy serve the pods that are there when it starts."""
        taken = self.enrol(pods)
        self._ask(SNAPSHOT_SENT, [])
        return taken

    def enrol(self, pods):
        """Has the proxy serve the pods, and returns how many milliseconds each took until it was acknowledged."""
        taken = []
        for pod in pods:
            descriptor = pod.descriptor()
            begun = time.perf_counter()
            self._ask(add(pod), [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))])
            taken.append((time.perf_counter() - begun) * 1e3)
            os.close(descriptor)
        return taken

    def _ask(self, message, ancillary):
        self.connection.sendmsg([message], ancillary)
        answer = self.connection.recv(4096)
        if len(answer) > 2:  # an acknowledgement without an error is an empty message in one field
            raise RuntimeError(f"the proxy refuses: {answer[4:].decode(errors='replace') or answer!r}")
        if not answer:
            raise RuntimeError("the proxy has left the agent")

    def close(self):
        for end in (self.connection, self.server):
            if end is not None:
                end.close()
