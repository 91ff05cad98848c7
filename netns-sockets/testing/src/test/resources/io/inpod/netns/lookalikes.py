"""Servers in many namespaces that all have the same address: lookalikes.py ADDRESS NAME=/proc/PID/fd/N ...

Each answers a line on TCP port 7 with its name. On port 53 it answers a query for the A record of whoami.test with 10.98.0.<index>, for
big.test with an answer that needs TCP, and for a name that ends in .search.test with 10.97.0.<index>; for other names with NXDOMAIN.
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


def answer(query, index, tcp):
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += query[at] + 1
    question = query[12:at + 5]
    name, kind = ".".join(labels).lower(), struct.unpack("!H", query[at + 1:at + 3])[0]
    last, flags, records = bytes([10, 98, 0, index]), 0x8180, []
    if name == "whoami.test":
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
        echo, udp, tcp = (bound(socket.SOCK_STREAM, address, 7), bound(socket.SOCK_DGRAM, address, 53), bound(socket.SOCK_STREAM, address, 53))

        async def greet(reader, writer, name=name):
            while await reader.readline():
                writer.write((name + "\n").encode())
                await writer.drain()
            writer.close()

        async def resolve(reader, writer, index=index):
            length = struct.unpack("!H", await reader.readexactly(2))[0]
            reply = answer(await reader.readexactly(length), index, True)
            writer.write(struct.pack("!H", len(reply)) + reply)
            await writer.drain()
            writer.close()

        kept.append(await asyncio.start_server(greet, sock=echo))
        kept.append(await asyncio.start_server(resolve, sock=tcp))
        kept.append(await loop.create_datagram_endpoint(lambda index=index: Dns(index), sock=udp))
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    os._exit(0)


asyncio.run(main())
