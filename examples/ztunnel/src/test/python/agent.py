"""An independent node agent: reads commands on stdin, one per line, and answers each with one line.

listen PATH          listen
accept               wait for the proxy; its hello in hex
send HEX [FD...]     send a message; FD is a path to open, or "socket"; HEX "-" is the empty message
add UID NAME NAMESPACE ACCOUNT [FD...]
keep UID | del UID | snapshot
recv                 wait for the answer: "ack", "nack TEXT" or "EOF"
hangup               close the session
stop                 close session and listener, and remove the socket's file
"""
import array
import os
import socket
import sys

socket.setdefaulttimeout(20)  # an operation that blocked indefinitely would never fail the test

listener = None
session = None
path = None


def field(number, data):
    """Encodes a length-delimited protobuf field."""
    length, n = b"", len(data)
    while n > 127:
        length += bytes([n & 127 | 128])
        n >>= 7
    return bytes([number << 3 | 2]) + length + bytes([n]) + data


def transmit(message, names):
    extra = socket.socket()
    files = [extra.fileno() if name == "socket" else os.open(name, os.O_RDONLY) for name in names]
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))] if files else []
    session.sendmsg([message], ancillary)
    for name, file in zip(names, files):
        if name != "socket":
            os.close(file)
    extra.close()
    return "ok"


def read(message):
    """Parses WorkloadResponse{1: Ack{1: error}}, with one-byte or longer lengths."""
    def strip(data):
        assert data[0] == 0x0A, data.hex()
        length, shift, i = 0, 0, 1
        while True:
            length |= (data[i] & 127) << shift
            shift += 7
            i += 1
            if data[i - 1] < 128:
                break
        assert len(data) == i + length, data.hex()
        return data[i:]
    ack = strip(message)
    return "nack " + strip(ack).decode() if ack else "ack"


def handle(command, *args):
    global listener, session, path
    if command == "listen":
        path = args[0]
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(path)
        listener.listen(16)
        return "ok"
    if command == "accept":
        session = listener.accept()[0]
        session.settimeout(20)
        return session.recv(1024).hex()
    if command == "send":
        return transmit(b"" if args[0] == "-" else bytes.fromhex(args[0]), args[1:])
    if command == "add":
        info = b"".join(field(i + 1, text.encode()) for i, text in enumerate(args[1:4]))
        return transmit(field(1, field(1, args[0].encode()) + field(2, info)), args[4:])
    if command == "keep":
        return transmit(field(5, field(1, args[0].encode())), [])
    if command == "del":
        return transmit(field(2, field(2, args[0].encode())), [])
    if command == "snapshot":
        return transmit(field(3, b""), [])
    if command == "recv":
        try:
            message = session.recv(65536)
        except ConnectionResetError:
            return "EOF"
        return read(message) if message else "EOF"
    if command == "hangup":
        session.close()
        return "ok"
    if command == "stop":
        if session:
            session.close()
        listener.close()
        os.unlink(path)
        return "ok"
    raise ValueError(command)


for line in sys.stdin:
    try:
        print(handle(*line.split()).replace("\n", " "), flush=True)
    except OSError as error:
        print("error", error, flush=True)
