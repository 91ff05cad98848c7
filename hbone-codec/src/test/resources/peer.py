"""An HBONE peer built on Python's ssl and h2: an independent oracle.

peer.py client PORT CERT KEY ROOT     opens a tunnel, sends 1 MiB and END_STREAM, prints what came back
peer.py server CERT KEY ROOT          prints its port, serves one connection, echoes until the peer's END_STREAM
peer.py resume PORT CERT KEY ROOT     connects twice with the first connection's session, prints whether it was resumed
"""
import hashlib
import socket
import ssl
import sys

import h2.config
import h2.connection
import h2.errors
import h2.events


def context(server, cert, key, root):
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    ctx.minimum_version = ssl.TLSVersion.TLSv1_3
    ctx.check_hostname = False
    ctx.verify_mode = ssl.CERT_REQUIRED
    ctx.load_verify_locations(root)
    ctx.load_cert_chain(cert, key)
    ctx.set_alpn_protocols(["h2"])
    return ctx


def connect(port, ctx, session=None):
    sock = socket.create_connection(("127.0.0.1", port), 20)
    return ctx.wrap_socket(sock, session=session)


def uri(tls):
    return [v for k, v in tls.getpeercert()["subjectAltName"] if k == "URI"]


def client(port, cert, key, root):
    tls = connect(int(port), context(False, cert, key, root))
    print("peer", tls.version(), tls.selected_alpn_protocol(), *uri(tls))
    conn = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8", validate_outbound_headers=False,
                                      validate_inbound_headers=False))
    conn.initiate_connection()
    conn.send_headers(1, [(":method", "CONNECT"), (":authority", "10.1.2.3:8080"), ("baggage", "k=v"), ("x-test", "1")])
    tls.sendall(conn.data_to_send())
    payload = bytes(range(256)) * 4096
    sent, got, ended = 0, hashlib.sha256(), False
    count = 0
    accepted = False
    while not ended:
        for event in conn.receive_data(tls.recv(65536)):
            if isinstance(event, h2.events.ResponseReceived):
                print("status", dict(event.headers)[":status"])
                accepted = True
            elif isinstance(event, h2.events.DataReceived):
                got.update(event.data)
                count += len(event.data)
                if event.flow_controlled_length:
                    conn.acknowledge_received_data(event.flow_controlled_length, 1)
            elif isinstance(event, h2.events.StreamEnded):
                ended = True
            elif isinstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated)):
                print("ended badly", event)
                return
        while accepted and sent < len(payload):
            n = min(conn.local_flow_control_window(1), conn.max_outbound_frame_size, len(payload) - sent)
            if n <= 0:
                break
            conn.send_data(1, payload[sent:sent + n], pad_length=5 if n > 100 and n < 16000 else None)
            sent += n
            if sent == len(payload):
                conn.end_stream(1)
        tls.sendall(conn.data_to_send())
    print("echoed", count, got.hexdigest() == hashlib.sha256(payload).hexdigest())


def server(cert, key, root):
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    sock, _ = listener.accept()
    tls = context(True, cert, key, root).wrap_socket(sock, server_side=True)
    print("peer", tls.version(), tls.selected_alpn_protocol(), *uri(tls), flush=True)
    conn = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8", validate_outbound_headers=False,
                                      validate_inbound_headers=False))
    conn.initiate_connection()
    tls.sendall(conn.data_to_send())
    pending, ended = {}, set()
    while True:
        data = tls.recv(65536)
        if not data:
            return
        for event in conn.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                print("headers", *("%s=%s" % h for h in event.headers), flush=True)
                if dict(event.headers)[":authority"].endswith(":81"):
                    conn.send_headers(event.stream_id, [(":status", "503")], end_stream=True)
                    continue
                conn.send_headers(event.stream_id, [(":status", "200"), ("x-answer", "yes")])
                pending[event.stream_id] = b""
            elif isinstance(event, h2.events.DataReceived) and event.stream_id in pending:
                if event.data == b"reset me":
                    conn.reset_stream(event.stream_id, h2.errors.ErrorCodes.CONNECT_ERROR)
                    del pending[event.stream_id]
                    continue
                pending[event.stream_id] += event.data
                if event.flow_controlled_length:
                    conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                ended.add(event.stream_id)
            elif isinstance(event, h2.events.StreamReset):
                print("reset", int(event.error_code), flush=True)
                pending.pop(event.stream_id, None)
        for stream in list(pending):
            while pending[stream]:
                n = min(conn.local_flow_control_window(stream), conn.max_outbound_frame_size, len(pending[stream]))
                if n <= 0:
                    break
                conn.send_data(stream, pending[stream][:n])
                pending[stream] = pending[stream][n:]
            if stream in ended and not pending[stream]:
                conn.end_stream(stream)
                del pending[stream]
        tls.sendall(conn.data_to_send())


def resume(port, cert, key, root):
    ctx = context(False, cert, key, root)
    session = None
    for _ in range(2):
        tls = connect(int(port), ctx, session)
        tls.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
        tls.recv(100)
        print("resumed", tls.session_reused, flush=True)
        session = tls.session
        tls.close()


{"client": client, "server": server, "resume": resume}[sys.argv[1]](*sys.argv[2:])
