"""An independent peer for unix SOCK_SEQPACKET sockets: reads commands on stdin, one per line, and answers each with one line.

listen PATH [UID]   listen, as that user (SO_PEERCRED shows who called listen)
user UID            become that user
accept              wait for a connection
connect PATH        connect
send HEX [FD...]    send a message; FD is a path to open, or "socket"; HEX "-" is the empty message
recv                wait for a message: its hex and the inode of each descriptor, or "EOF"
finish              say that nothing more will be sent
close               close the connection
"""
import array
import os
import socket
import sys

listener = None
connection = None


def handle(command, *args):
    global listener, connection
    if command == "listen":
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(args[0])
        if len(args) > 1:
            os.setuid(int(args[1]))
        listener.listen(16)
    elif command == "user":
        os.setuid(int(args[0]))
    elif command == "accept":
        connection = listener.accept()[0]
    elif command == "connect":
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.connect(args[0])
    elif command == "send":
        message = b"" if args[0] == "-" else bytes.fromhex(args[0])
        extra = socket.socket()
        files = [extra.fileno() if a == "socket" else os.open(a, os.O_RDONLY) for a in args[1:]]
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))] if files else []
        connection.sendmsg([message], ancillary)
        for a, f in zip(args[1:], files):
            if a != "socket":
                os.close(f)
        extra.close()
    elif command == "recv":
        message, ancillary, _, _ = connection.recvmsg(65536, socket.CMSG_SPACE(253 * 4))
        if not message and not ancillary:
            return "EOF"
        received = array.array("i")
        for _, _, data in ancillary:
            received.frombytes(data)
        inodes = [str(os.fstat(f).st_ino) for f in received]
        for f in received:
            os.close(f)
        return " ".join([message.hex() or "-"] + inodes)
    elif command == "finish":
        connection.shutdown(socket.SHUT_WR)
    elif command == "close":
        connection.close()
    return "ok"


for line in sys.stdin:
    try:
        print(handle(*line.split()), flush=True)
    except OSError as error:
        print("error", error, flush=True)
