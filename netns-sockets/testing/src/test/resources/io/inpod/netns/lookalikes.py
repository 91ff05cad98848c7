"""Servers in many namespaces that all have the same address: lookalikes.py ADDRESS NAME=/proc/PID/fd/N ...

Each answers with its name: a line on TCP port 7, an HTTP request on 8080, a gRPC call without a body on 50051, any query of the PostgreSQL
protocol on 5432. It has the address 10.98.0.<index> too, which is that of web.test: on port 53 it answers a query for the A record of that
name, for big.test with an answer that needs TCP, and for a name that ends in .search.test with 10.97.0.<index>; for other names with
NXDOMAIN.
"""
import asyncio
import ctypes
import os
import socket
import struct
import sys

libc = ctypes.CDLL(None, use_errno=True)


def enter(path):
    fd = os.open(path, os.O_RDONLY)
    if libc.setns(fd, 0x40000000):
        raise OSError(ctypes.get_errno(), "setns " + path)
    os.close(fd)


def bound(kind, address, port):
    s = socket.socket(socket.AF_INET, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    s.setblocking(False)
    return s


async def greet(name, reader, writer):
    while await reader.readline():
        writer.write(name + b"\n")
        await writer.drain()


async def http(name, reader, writer):
    while await reader.readuntil(b"\r\n\r\n"):
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(name), name))


async def grpc(name, reader, writer):
    import h2.config, h2.connection, h2.events  # not every client needs it
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    connection.initiate_connection()
    while True:
        writer.write(connection.data_to_send())
        data = await reader.read(65536)
        if not data:
            return
        for event in connection.receive_data(data):
            if isinstance(event, h2.events.StreamEnded):
                connection.send_headers(event.stream_id, [(":status", "200"), ("content-type", "application/grpc")])
                connection.send_data(event.stream_id, struct.pack("!BI", 0, len(name)) + name)
                connection.send_headers(event.stream_id, [("grpc-status", "0")], end_stream=True)


def message(kind, *parts):
    body = b"".join(parts)
    return kind + struct.pack("!I", len(body) + 4) + body


async def postgres(name, reader, writer):
    """See "Message Flow" in PostgreSQL's manual: start-up without a password, and simple queries."""
    ready = message(b"Z", b"I")
    while True:
        length, code = struct.unpack("!II", await reader.readexactly(8))
        await reader.readexactly(length - 8)
        if code == 196608:  # version 3.0
            break
        writer.write(b"N")  # neither TLS nor GSSAPI
    settings = {b"server_version": b"15.0", b"server_encoding": b"UTF8", b"client_encoding": b"UTF8", b"DateStyle": b"ISO, MDY",
                b"integer_datetimes": b"on", b"standard_conforming_strings": b"on", b"TimeZone": b"UTC"}
    writer.write(message(b"R", struct.pack("!I", 0)) + b"".join(message(b"S", k, b"\0", v, b"\0") for k, v in settings.items()) + ready)
    while True:
        kind = await reader.readexactly(1)
        query = await reader.readexactly(struct.unpack("!I", await reader.readexactly(4))[0] - 4)
        if kind == b"X":
            return
        if query.upper().startswith(b"SELECT"):
            writer.write(message(b"T", struct.pack("!H", 1), b"name\0", struct.pack("!IHIhiH", 0, 0, 25, -1, -1, 0)))
            writer.write(message(b"D", struct.pack("!HI", 1, len(name)), name) + message(b"C", b"SELECT 1\0") + ready)
        else:
            writer.write(message(b"C", b"SET\0") + ready)


def answer(query, index, tcp):
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += query[at] + 1
    question = query[12:at + 5]
    name, kind = ".".join(labels).lower(), struct.unpack("!H", query[at + 1:at + 3])[0]
    last, flags, records = bytes([10, 98, 0, index]), 0x8180, []
    if name == "web.test":
        records = [last] if kind == 1 else []
    elif name.endswith(".search.test"):
        records = [bytes([10, 97, 0, index])] if kind == 1 else []
    elif name == "big.test":
        if not tcp:
            flags |= 0x200  # truncated
        elif kind == 1:
            records = [last] * 100
    else:
        flags |= 3
    body = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + r for r in records)
    return query[:2] + struct.pack("!HHHHH", flags, 1, len(records), 0, 0) + question + body


class Dns(asyncio.DatagramProtocol):
    def __init__(self, index):
        self.index = index

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, client):
        self.transport.sendto(answer(data, self.index, False), client)


async def main():
    address, loop = sys.argv[1], asyncio.get_running_loop()
    kept = []
    for index, argument in enumerate(sys.argv[2:]):
        name, path = argument.split("=")
        enter(path)

        async def resolve(_, reader, writer, index=index):
            length = struct.unpack("!H", await reader.readexactly(2))[0]
            reply = answer(await reader.readexactly(length), index, True)
            writer.write(struct.pack("!H", len(reply)) + reply)
            await writer.drain()

        for port, serve in ((7, greet), (53, resolve), (8080, http), (50051, grpc), (5432, postgres)):
            async def accepted(reader, writer, serve=serve, name=name.encode()):
                try:
                    await serve(name, reader, writer)
                except (asyncio.IncompleteReadError, ConnectionError):
                    pass  # the client has gone
                writer.close()

            for each in (address, "10.98.0.%d" % index):
                kept.append(await asyncio.start_server(accepted, sock=bound(socket.SOCK_STREAM, each, port)))
        kept.append(await loop.create_datagram_endpoint(lambda index=index: Dns(index), sock=bound(socket.SOCK_DGRAM, address, 53)))
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    os._exit(0)


asyncio.run(main())
