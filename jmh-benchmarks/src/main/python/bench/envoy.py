"""Envoy as an HBONE pair: one process in each pod, with one worker thread each, which is faster on two cores than two threads each. The
client's takes redirected connections and tunnels them to the server's, which connects to the app. The client's address isn't kept."""

import json
import os

from network import HBONE, MARK, OUTBOUND, run

PROGRAM = os.path.join(os.path.dirname(__file__), *[".."] * 5, "hbone-codec/target/envoy/envoy/_bin/envoy")
TYPE = "type.googleapis.com/envoy.extensions."
SO_MARK = {"level": 1, "name": 36, "int_value": int(MARK, 16), "state": "STATE_PREBIND"}
WINDOWS = {"initial_stream_window_size": 4 << 20, "initial_connection_window_size": 16 << 20}
MANY = {"thresholds": [{name: 100_000 for name in ("max_connections", "max_pending_requests", "max_requests")}]}


def missing():
    return None if os.access(PROGRAM, os.X_OK) else "it isn't below hbone-codec/target, where ./inpod verify and ./inpod bench install it"


def prepare(network, home):
    client, server = network.pods
    run("openssl", "req", "-x509", *KEY, "-keyout", f"{home}/ca.key", "-out", f"{home}/ca.crt", "-subj", "/O=bench", "-days", "1")
    certify(home, "client", client)
    certify(home, "server", server)
    return [write(home, "client", client_side(home, server.address)), write(home, "server", server_side(home, server.address))]


def start(network, home, processes, files):
    for pod, file in zip(network.pods, files):
        command = [os.path.realpath(PROGRAM), "-c", file, "-l", "error", "--disable-hot-restart", "--concurrency", "1"]
        processes.start(pod.command(*command), file + ".log")
    client, server = network.pods
    client.await_port(OUTBOUND, processes)
    server.await_port(HBONE, processes)


KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def certify(home, name, pod):
    with open(f"{home}/{name}.ext", "w", encoding="utf-8") as file:
        file.write(f"subjectAltName=critical,URI:spiffe://cluster.local/ns/default/sa/sa-{pod.name}\n"
                   "extendedKeyUsage=serverAuth,clientAuth\n")
    run("openssl", "req", *KEY, "-keyout", f"{home}/{name}.key", "-out", f"{home}/{name}.csr", "-subj", "/")
    run("openssl", "x509", "-req", "-in", f"{home}/{name}.csr", "-CA", f"{home}/ca.crt", "-CAkey", f"{home}/ca.key", "-CAcreateserial",
        "-days", "1", "-extfile", f"{home}/{name}.ext", "-out", f"{home}/{name}.crt")


def write(home, name, configuration):
    file = f"{home}/{name}.json"
    with open(file, "w", encoding="utf-8") as output:
        json.dump({"static_resources": configuration}, output)
    return file


def tls(home, name):
    san = {"san_type": "URI", "matcher": {"prefix": "spiffe://cluster.local/"}}
    return {"tls_params": {"tls_minimum_protocol_version": "TLSv1_3", "tls_maximum_protocol_version": "TLSv1_3"},
            "tls_certificates": [{"certificate_chain": {"filename": f"{home}/{name}.crt"},
                                  "private_key": {"filename": f"{home}/{name}.key"}}],
            "validation_context": {"trusted_ca": {"filename": f"{home}/ca.crt"}, "match_typed_subject_alt_names": [san]}}


def typed(name, kind, **content):
    return {"name": name, "typed_config": {"@type": TYPE + kind, **content}}


def listener(port, **content):
    return {"name": f"port-{port}", "address": {"socket_address": {"address": "0.0.0.0", "port_value": port}}, "enable_reuse_port": False,
            **content}


def client_side(home, server):
    proxy = typed("tcp", "filters.network.tcp_proxy.v3.TcpProxy", stat_prefix="outbound", cluster="hbone", idle_timeout="0s",
                  tunneling_config={"hostname": "%DOWNSTREAM_LOCAL_ADDRESS%"})
    original = typed("original", "filters.listener.original_dst.v3.OriginalDst")
    options = "upstreams.http.v3.HttpProtocolOptions"
    endpoint = {"endpoint": {"address": {"socket_address": {"address": server, "port_value": HBONE}}}}
    cluster = {"name": "hbone", "connect_timeout": "10s", "circuit_breakers": MANY,
               "load_assignment": {"cluster_name": "hbone", "endpoints": [{"lb_endpoints": [endpoint]}]},
               "upstream_bind_config": {"source_address": {"address": "0.0.0.0", "port_value": 0}, "socket_options": [SO_MARK]},
               "typed_extension_protocol_options": {f"envoy.extensions.{options}": {
                   "@type": TYPE + options, "explicit_http_config": {"http2_protocol_options": WINDOWS}}},
               "transport_socket": typed("tls", "transport_sockets.tls.v3.UpstreamTlsContext", common_tls_context=tls(home, "client"))}
    return {"listeners": [listener(OUTBOUND, listener_filters=[original], filter_chains=[{"filters": [proxy]}])], "clusters": [cluster]}


def server_side(home, server):
    connect = {"match": {"connect_matcher": {}}, "route": {
        "cluster": "app", "timeout": "0s", "upgrade_configs": [{"upgrade_type": "CONNECT", "connect_config": {}}]}}
    manager = typed("http", "filters.network.http_connection_manager.v3.HttpConnectionManager", stat_prefix="inbound", codec_type="HTTP2",
                    stream_idle_timeout="0s", http2_protocol_options=WINDOWS,
                    route_config={"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [connect]}]},
                    http_filters=[typed("router", "filters.http.router.v3.Router")])
    context = typed("tls", "transport_sockets.tls.v3.DownstreamTlsContext", require_client_certificate=True,
                    common_tls_context={"alpn_protocols": ["h2"], **tls(home, "server")})
    cluster = {"name": "app", "type": "ORIGINAL_DST", "lb_policy": "CLUSTER_PROVIDED", "connect_timeout": "10s", "circuit_breakers": MANY,
               "original_dst_lb_config": {"use_http_header": True, "http_header_name": ":authority"}}
    return {"listeners": [listener(HBONE, filter_chains=[{"transport_socket": context, "filters": [manager]}])], "clusters": [cluster]}
