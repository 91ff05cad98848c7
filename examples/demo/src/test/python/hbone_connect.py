"""Sends one HBONE request with Python's ssl and h2, and prints the status or the error. Arguments: address, authority, chain, key."""
import socket
import ssl
import sys

import h2.config
import h2.connection
import h2.events

address, authority, chain, key = sys.argv[1:5]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
context.minimum_version = ssl.TLSVersion.TLSv1_3
context.set_alpn_protocols(["h2"])
if chain:
    context.load_cert_chain(chain, key)
try:
    tls = context.wrap_socket(socket.create_connection((address, 15008), 20))
    http = h2.connection.H2Connection(h2.config.H2Configuration(validate_outbound_headers=False))  # it would require :path
    http.initiate_connection()
    stream = http.get_next_available_stream_id()
    http.send_headers(stream, [(":method", "CONNECT"), (":authority", authority)])
    tls.sendall(http.data_to_send())
    while True:
        data = tls.recv(65536)
        if not data:
            sys.exit("connection closed without an answer")
        for event in http.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived):
                print(dict(event.headers)[b":status"].decode())
                sys.exit(0)
            if isinstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated)):
                print(event)
                sys.exit(0)
        tls.sendall(http.data_to_send())
except ssl.SSLError as e:
    print(str(e).lower().replace("_", " "))
