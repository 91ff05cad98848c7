"""Measures what an idle agent holds: see agent-footprint. Runs in namespaces of its own, in the project's directory."""

import json
import os
import re
import ssl
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PODS = int(sys.argv[1])
PORT = 6443
IMAGE = "/run/image"
SECRETS = f"{IMAGE}/var/run/secrets/kubernetes.io/serviceaccount"
PADDING = "x" * 5000  # with the rest about 7 KiB, as much as the API server says of a pod


def address(i):
    return f"10.9.{i // 250}.{i % 250 + 1}"


def pod(i):
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": f"p{i}", "namespace": "mesh", "uid": f"{i:08x}-0000-4000-8000-000000000000", "resourceVersion": "10",
                         "labels": {"app": f"app-{i}", "pod-template-hash": "5d9c7b8f6d"}, "annotations": {},
                         "managedFields": [{"manager": "kubelet", "operation": "Update", "fieldsV1": {"f:status": {"f:text": PADDING}}}]},
            "spec": {"nodeName": "node-1", "serviceAccountName": "sa", "hostNetwork": False,
                     "containers": [{"name": "app", "image": "app", "volumeMounts": [{"name": "v", "mountPath": "/v"}] * 10}]},
            "status": {"phase": "Running", "podIP": address(i), "podIPs": [{"ip": address(i)}]}}


class Api(BaseHTTPRequestHandler):
    """Lists and watches of pods and namespaces, and patches of annotations."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        if "watch" in query:
            return self.watch(int(query["timeoutSeconds"][0]))
        if url.path == "/api/v1/pods":
            return self.answer({"kind": "PodList", "metadata": {"resourceVersion": "10"}, "items": [pod(i) for i in range(PODS)]})
        if url.path == "/api/v1/namespaces":
            return self.answer({"kind": "NamespaceList", "metadata": {"resourceVersion": "10"}, "items": [
                {"metadata": {"name": "mesh", "resourceVersion": "5", "uid": "n", "labels": {"istio.io/dataplane-mode": "ambient"}}}]})
        return self.answer({"kind": "Status", "code": 404}, 404)

    def do_PATCH(self):
        patch = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        changed = pod(int(re.match(r"/api/v1/namespaces/mesh/pods/p(\d+)/", self.path)[1]))
        changed["metadata"]["annotations"] = patch["metadata"]["annotations"]
        self.answer(changed)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer({"metadata": {"name": "event"}}, 201)

    def watch(self, seconds):
        """Says nothing but the version, as if nothing happened."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        time.sleep(seconds)
        event = json.dumps({"type": "BOOKMARK", "object": {"kind": "Pod", "metadata": {"resourceVersion": "10"}}}).encode() + b"\n"
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(event), event))

    def answer(self, value, status=200):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


def run(*command, **options):
    subprocess.run(command, check=True, capture_output=True, **options)


def serve():
    os.makedirs(SECRETS)
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/run/api.key", "-out", f"{SECRETS}/ca.crt",
        "-days", "2", "-subj", "/CN=api", "-addext", "subjectAltName=IP:127.0.0.1")
    with open(f"{SECRETS}/token", "w", encoding="utf-8") as file:
        file.write("token")
    server = ThreadingHTTPServer(("127.0.0.1", PORT), Api)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{SECRETS}/ca.crt", "/run/api.key")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def namespaces():
    for i in range(PODS):
        run("ip", "netns", "add", f"p{i}")
        run("ip", "-n", f"p{i}", "-batch", "-", input=f"link set lo up\nlink add eth0 type veth peer name peer0\naddr add {address(i)}/32 dev eth0\nlink set eth0 up\n".encode())


def start(name, environment, *command):
    with open(f"/run/{name}.log", "w", encoding="utf-8") as log:
        return subprocess.Popen(command, env=dict(os.environ, **environment), stdout=log, stderr=log)


def agent():
    for directory in ("proc", "sys", "run", "dev"):
        os.makedirs(f"{IMAGE}/{directory}", exist_ok=True)
        run("mount", "--rbind", f"/{directory}", f"{IMAGE}/{directory}")
    options = os.environ.get("OPTIONS")
    environment = {"NODE_NAME": "node-1", "INPOD_UDS": "/run/ztunnel/ztunnel.sock", "KUBERNETES_SERVICE_HOST": "127.0.0.1",
                   "KUBERNETES_SERVICE_PORT": str(PORT), "PATH": "/opt/java/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
    if options:
        environment["JDK_JAVA_OPTIONS"] = options
    return start("agent", environment, "chroot", IMAGE, "/opt/inpod/start-agent", "agent", "--kubernetes", "--node-name=node-1", "--mark-owner=false",
                 "--health=127.0.0.1:15022")


def await_pods(process):
    """Waits until the agent's log says of all pods that they are enrolled."""
    begun = time.monotonic()
    while len(set(re.findall(r"pod \S+ \(mesh/(p\d+)\) enrolled", open("/run/agent.log", encoding="utf-8").read()))) < PODS:
        time.sleep(0.1)
        if time.monotonic() - begun > 120 or process.poll() is not None:
            sys.exit("footprint: not all pods are enrolled:\n" + open("/run/agent.log", encoding="utf-8").read()[-2000:])
    return time.monotonic() - begun


def cpu(process):
    fields = open(f"/proc/{process.pid}/stat", encoding="utf-8").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def purpose(name, permissions, start):
    if "agent.jsa" in name or "classes" in name and name.endswith(".jsa"):
        return "archives of classes"
    if name.endswith("libjvm.so"):
        return "libjvm"
    if name.startswith("/"):
        return "other files"
    if name == "[heap]":
        return "C's heap"
    if "x" in permissions and "w" in permissions:
        return "compiled code"
    return "the heap of Java" if 0x80000000 <= start < 0x100000000 else "other: metaspace, stacks, the JVM's own"


def memory(process):
    """Returns the resident MiB by purpose, and those that are private and in no file."""
    by_purpose = {}
    private = 0
    with open(f"/proc/{process.pid}/smaps", encoding="utf-8") as smaps:
        for line in smaps:
            begin = re.match(r"([0-9a-f]+)-[0-9a-f]+ (\S+) \S+ \S+ \S+ *(.*)", line)
            if begin:
                kind = purpose(begin[3], begin[2], int(begin[1], 16))
            elif line.startswith("Rss:"):
                by_purpose[kind] = by_purpose.get(kind, 0) + int(line.split()[1])
            elif line.startswith("Anonymous:"):
                private += int(line.split()[1])
    return {kind: size / 1024 for kind, size in by_purpose.items()}, private / 1024


def main():
    serve()
    namespaces()
    with open("/run/mesh.yaml", "w", encoding="utf-8") as mesh:
        mesh.write("workloads:\n")
        for i in range(PODS):
            mesh.write(f"- {{uid: p{i}, name: p{i}, namespace: mesh, serviceAccount: sa, node: node-1, protocol: HBONE, workloadIps: [{address(i)}]}}\n")
    proxy = start("ztunnel", {"NODE_NAME": "node-1", "FAKE_CA": "true", "LOCAL_XDS_PATH": "/run/mesh.yaml", "INPOD_UDS": "/run/ztunnel/ztunnel.sock"},
                  "./inpod", "ztunnel")
    process = agent()
    seconds = await_pods(process)
    print(f"{PODS} pods enrolled {seconds:.1f} s after the start, with {cpu(process):.2f} s of CPU", flush=True)
    time.sleep(75)
    before = cpu(process)
    time.sleep(60)
    used = cpu(process) - before
    by_purpose, private = memory(process)
    print(f"resident {sum(by_purpose.values()):.1f} MiB, of which private and in no file {private:.1f}; {len(os.listdir(f'/proc/{process.pid}/task'))} threads; "
          f"CPU of a minute {used:.2f} s")
    for kind, size in sorted(by_purpose.items(), key=lambda entry: -entry[1]):
        print(f"  {size:6.1f} {kind}")
    process.kill()
    proxy.kill()


main()
