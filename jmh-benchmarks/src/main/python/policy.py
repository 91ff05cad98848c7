"""Measures what services, policies and DNS cost, and how fast a mesh changes: see compare-policy. Runs in namespaces of its own, in the
project's directory. Each node is a ztunnel and an agent of its own, with three pods."""

import json
import os
import signal
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS = int(os.environ.get("SECS", "4"))
SERVICES, ENDPOINTS, POLICIES, WORKLOADS = 1000, 10, 20, 50_000
CONNECTIONS = 4000, 3000, 3000


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def pod_address(number):
    return f"10.83.0.{number + 10}"


def workload(pod, number, node, services):
    return {"uid": f"cluster1//v1/Pod/default/{pod}", "name": pod, "namespace": "default", "serviceAccount": f"sa-{pod}", "node": node,
            "protocol": "HBONE", "workloadIps": [pod_address(number)], "services": services}


def other(i, services, version="v1"):
    name = f"web-{i % services}"
    return {"uid": f"cluster1//v1/Pod/shop/{name}-{i}", "name": f"{name}-{i}", "namespace": "shop", "serviceAccount": name, "node": "node-9",
            "protocol": "HBONE", "workloadIps": [f"10.{100 + (i >> 16)}.{i >> 8 & 255}.{i & 255}"], "canonicalRevision": version,
            "services": {f"shop/{name}.shop.svc.cluster.local": {"80": 8080}}}


def service(i):
    return {"name": f"web-{i}", "namespace": "shop", "hostname": f"web-{i}.shop.svc.cluster.local", "vips": [f"/172.16.{i >> 8}.{i & 255}"],
            "ports": {"80": 8080}}


def policy(i):
    """Of twenty policies the last allows the connection; the others match other peers, paths of networks or ports."""
    match = [{"principals": [{"Exact": f"cluster.local/ns/shop/sa/web-{i}"}], "destinationPorts": [8080, 9090]},
             {"sourceIps": [f"192.168.{i}.0/24"]}, {"namespaces": [{"Prefix": f"team-{i}-"}]}][i % 3]
    return {"name": f"rule-{i}", "namespace": "default", "scope": "Namespace", "action": "Deny" if i % 2 else "Allow", "dryRun": False,
            "rules": [[[match]]]}


def last_policy():
    return {"name": "the-mesh", "namespace": "default", "scope": "Namespace", "action": "Allow", "dryRun": False,
            "rules": [[[{"principals": [{"Prefix": "cluster.local/ns/default/"}]}]]]}


def deny():
    return {"name": "nobody", "namespace": "default", "scope": "Namespace", "action": "Deny", "dryRun": False,
            "rules": [[[{"notPrincipals": [{"Exact": "cluster.local/ns/none/sa/none"}]}]]]}


def mesh(pods, others=0, services=0, policies=(), version="v1"):
    return {"workloads": pods + [other(i, services, version if i == 0 else "v1") for i in range(others)],
            "services": [service(i) for i in range(services)], "policies": list(policies)}


class Node:
    """A ztunnel and an agent, in files of their own."""

    def __init__(self, name, first, captures_names=False):
        self.name, self.home = name, f"/run/{name}"
        self.pods = [(f"{name}-{i}", first + i) for i in range(3)]
        os.makedirs(f"{self.home}/pods", mode=0o700)
        self.file = f"{self.home}/mesh.json"
        self.environment = dict(os.environ, INPOD_UDS=f"{self.home}/zds/ztunnel.sock", NODE_NAME=name, FAKE_CA="true", LOCAL_XDS_PATH=self.file,
                                RUST_LOG="info,access=off", INPOD_MAX_SOCKETS="19000", ISTIO_META_DNS_CAPTURE=str(captures_names).lower())
        self.captures_names = captures_names
        self.programs = []

    def workloads(self, services=None):
        return [workload(pod, number, self.name, services or {}) for pod, number in self.pods]

    def write(self, content):
        with open(self.file + ".new", "w", encoding="utf-8") as file:
            json.dump(content, file)
        os.rename(self.file + ".new", self.file)

    def start(self):
        self.ztunnel = self.program("ztunnel", "ztunnel")
        self.agent = self.program("agent", "agent", "--mark-owner", "false", "--control", f"{self.home}/agent.sock", "--pods",
                                  f"{self.home}/pods", *(["--dns-capture"] if self.captures_names else []))
        self.log = open(f"{self.home}/ztunnel.log", encoding="utf-8")
        self.agent_log = open(f"{self.home}/agent.log", encoding="utf-8")

    def program(self, name, *arguments):
        with open(f"{self.home}/{name}.log", "w", encoding="utf-8") as log:
            process = subprocess.Popen(["./inpod", *arguments], env=self.environment, stdout=log, stderr=log)
        self.programs.append(process)
        return process

    def enrol(self):
        await_words(self.agent_log, "connected, sending")
        for pod, _ in self.pods:
            with open(f"{self.home}/pods/.{pod}", "w", encoding="utf-8") as file:
                json.dump({"uid": pod, "name": pod, "namespace": "default", "serviceAccount": f"sa-{pod}", "netns": f"/run/netns/{pod}"}, file)
            os.rename(f"{self.home}/pods/.{pod}", f"{self.home}/pods/{pod}.json")
        await_words(self.agent_log, *[f"pod {pod} (default/{pod}) enrolled" for pod, _ in self.pods])

    def cpu(self):
        return cpu(self.ztunnel.pid)


def cpu(pid):
    fields = open(f"/proc/{pid}/stat", encoding="utf-8").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def await_words(log, *words):
    missing, text, begun = set(words), "", time.monotonic()
    while missing:
        more = log.read()
        text = text[-500:] + more
        missing = {word for word in missing if word not in text}
        if not more:
            time.sleep(0.001)
        if time.monotonic() - begun > 60:
            logs = "".join(open(os.path.dirname(log.name) + name, encoding="utf-8").read()[-2000:] for name in ("/ztunnel.log", "/agent.log"))
            sys.exit(f"policy.py: {missing} isn't in {log.name}:\n{logs}")


def network(nodes, congestion):
    run("ip", "link", "add", "br0", "type", "bridge")
    run("ip", "addr", "add", "10.83.0.1/16", "dev", "br0")
    run("ip", "link", "set", "br0", "up")
    for node in nodes:
        for pod, number in node.pods:
            run("ip", "netns", "add", pod)
            run("ip", "-n", pod, "link", "set", "lo", "up")
            run("ip", "link", "add", f"v{number}", "type", "veth", "peer", "name", "eth0", "netns", pod)
            run("ip", "link", "set", f"v{number}", "master", "br0", "up")
            run("ip", "-n", pod, "addr", "add", f"{pod_address(number)}/16", "dev", "eth0")
            run("ip", "-n", pod, "link", "set", "eth0", "up")
            run("ip", "-n", pod, "route", "add", "default", "via", "10.83.0.1")
            run("ip", "netns", "exec", pod, "sysctl", "-qw", f"net.ipv4.tcp_congestion_control={congestion}")


def inside(pod, *command, **options):
    return subprocess.Popen(["ip", "netns", "exec", pod, *command], stdout=subprocess.PIPE, stderr=options.pop("stderr", subprocess.DEVNULL), text=True, **options)


def serve(node):
    pod, number = node.pods[1]
    server = inside(pod, "fortio", "server", "-http-port", f"{pod_address(number)}:8080", "-tcp-port", "disabled", "-redirect-port", "disabled",
                    "-grpc-port", "disabled", "-udp-port", "disabled")
    while ":8080 " not in run("ip", "netns", "exec", pod, "ss", "-Hlnt"):
        time.sleep(0.05)
    return server


def load(node, *options, url=None, seconds=SECONDS):
    before = node.cpu()
    client = inside(node.pods[0][0], "fortio", "load", "-quiet", "-json", "-", "-loglevel", "Error", "-r", "0.00002", "-p", "50,99", "-t",
                    f"{seconds}s", *options, url or f"http://{pod_address(node.pods[1][1])}:8080/")
    return client, before


def figures(node, client, before):
    out = client.communicate(timeout=120)[0]
    result = json.loads(out[out.index("{"):])
    count = result["DurationHistogram"]["Count"]
    answered = result["RetCodes"].get("200", 0)
    if answered != count:
        sys.exit(f"policy.py: {count - answered} of {count} requests in {node.name} weren't answered with 200")
    times = {x["Percentile"]: x["Value"] * 1e3 for x in result["DurationHistogram"]["Percentiles"]}
    return {"rate": result["ActualQPS"], "p50": times[50], "p99": times[99], "cpu": (node.cpu() - before) * 1e6 / count}


REQUESTS = ("-qps", "0", "-c", "16")
OPENINGS = ("-qps", "0", "-c", "16", "-keepalive=false")


def compare(plain, full, rounds):
    for name, options in (("requests", REQUESTS), ("connections", OPENINGS)):
        for node in (plain, full):
            figures(node, *load(node, *options))  # warm
        results = {plain: [], full: []}
        for number in range(rounds):
            for node in (plain, full) if number % 2 else (full, plain):
                results[node].append(figures(node, *load(node, *options)))
        rate = {node: statistics.median(x["rate"] for x in results[node]) for node in results}
        cpu = {node: statistics.median(x["cpu"] for x in results[node]) for node in results}
        ratios = sorted(f["rate"] / p["rate"] for p, f in zip(results[plain], results[full]))
        print(f"{name}: {rate[plain]:.0f}/s plain, {rate[full]:.0f}/s with {SERVICES} services, {POLICIES} policies and DNS: "
              f"{rate[full] / rate[plain]:.3f}x of medians, pairs {ratios[0]:.3f} to {ratios[-1]:.3f}, median {statistics.median(ratios):.3f}; "
              f"CPU {cpu[plain]:.1f} and {cpu[full]:.1f} us each", flush=True)
    by_address, by_name = figures(full, *load(full, *OPENINGS)), figures(full, *load(full, *OPENINGS, url="http://echo.default.svc.cluster.local:80/"))
    print(f"connections by the name of a service: {by_name['rate']:.0f}/s; by the pod's address {by_address['rate']:.0f}/s", flush=True)


FIXED = ("-qps", "1000", "-c", "4", "-uniform", "-nocatchup")


def reload(node, rounds):
    services = WORKLOADS // ENDPOINTS
    node.write(mesh(node.workloads(), WORKLOADS, services))
    await_words(node.log, f"{WORKLOADS + 3} workloads known")
    figures(node, *load(node, *FIXED))
    for number in range(rounds):
        alone = figures(node, *load(node, *FIXED))
        content = json.dumps(mesh(node.workloads(), WORKLOADS, services, version=f"w{number}"))
        with open(node.file + ".new", "w", encoding="utf-8") as file:
            file.write(content)
        client, before = load(node, *FIXED)
        time.sleep(SECONDS / 4)
        node.log.read()
        begun = time.monotonic()
        os.rename(node.file + ".new", node.file)
        await_words(node.log, f"{WORKLOADS + 3} workloads known")
        seconds = time.monotonic() - begun
        beside = figures(node, client, before)
        print(f"reload of {WORKLOADS} workloads and {services} services: {seconds:.2f} s; p99 of 1,000 requests/s {alone['p99']:.2f} ms before, "
              f"{beside['p99']:.2f} ms with it in {SECONDS} s ({beside['p99'] / alone['p99']:.2f}x)", flush=True)


def cut(clients, servers):
    """Connections of one node's pods to another's, so that each node has one end of them: a process may have 20,000 descriptors here, and a pod
    a share of them."""
    helpers, opened = [], 0
    for (client, _), (server, number), count in zip(clients.pods, servers.pods, CONNECTIONS):
        echo = inside(server, sys.executable, f"{HERE}/connections.py", "serve", "7000")
        echo.stdout.readline()
        holder = inside(client, sys.executable, f"{HERE}/connections.py", "open", pod_address(number), "7000", str(count), stderr=None)
        opened += int(holder.stdout.readline())
        helpers.append((holder, echo))
    servers.log.read()
    programs = [process for pair in helpers for process in pair]
    begun, before, others = time.time(), [node.cpu() for node in (clients, servers)], sum(cpu(x.pid) for x in programs)
    servers.write(mesh(clients.workloads() + servers.workloads(), policies=[deny()]))
    ended = [holder.stdout.readline().split() for holder, _ in helpers]
    print(f"{opened} connections, then a policy denies them: {sum(int(x[3]) for x in ended)} cut, {sum(int(x[4]) for x in ended)} by a reset, the first "
          f"{min(float(x[0]) for x in ended) - begun:.3f} s, 99 % {max(float(x[1]) for x in ended) - begun:.3f} s and the last "
          f"{max(float(x[2]) for x in ended) - begun:.3f} s after the file was "
          f"written; CPU of the clients' ztunnel {clients.cpu() - before[0]:.2f} s, of the servers' {servers.cpu() - before[1]:.2f} s, "
          f"of the programs at both ends {sum(cpu(x.pid) for x in programs) - others:.2f} s", flush=True)
    for holder, echo in helpers:
        holder.kill()
        echo.kill()


def main():
    rounds, congestion = int(sys.argv[1]), sys.argv[2]
    plain, full = Node("plain", 0), Node("full", 3, captures_names=True)
    nodes = [plain, full]
    network(nodes, congestion)
    plain.write(mesh(plain.workloads() + full.workloads()))
    echo = {"name": "echo", "namespace": "default", "hostname": "echo.default.svc.cluster.local", "vips": ["/172.17.0.1"], "ports": {"80": 8080}}
    own = full.workloads()
    own[1]["services"] = {"default/echo.default.svc.cluster.local": {"80": 8080}}
    content = mesh(own, SERVICES * ENDPOINTS, SERVICES, [policy(i) for i in range(POLICIES - 1)] + [last_policy()])
    content["services"].append(echo)
    full.write(content)
    servers = []
    try:
        for node in nodes:
            node.start()
            node.enrol()
            servers.append(serve(node))
        tests = os.environ.get("TESTS", "compare,reload,cut").split(",")
        if "compare" in tests:
            compare(plain, full, rounds)
        if "reload" in tests:
            reload(plain, 3)
        if "cut" in tests:
            everybody = mesh(plain.workloads() + full.workloads(), policies=[last_policy()])
            for _ in range(2):  # the first that these processes ever cut, and once they have done it before
                for node in nodes:
                    node.log.read()
                    node.write(everybody)
                    await_words(node.log, "6 workloads known, 0 services, 1 policies")
                cut(plain, full)
    finally:
        for process in servers + [program for node in nodes for program in node.programs]:
            process.send_signal(signal.SIGKILL)


if __name__ == "__main__":
    main()
