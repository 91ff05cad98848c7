"""Measures what a control plane costs a ztunnel: see compare-control-plane. Runs in namespaces of its own, in the project's directory."""

import json
import os
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
import urllib.request

from policy import FIXED, OPENINGS, REQUESTS, SECONDS, Node, await_words, figures, load, network, run, serve

KEYS, ROOT, PORT, PASSWORD = "/run/control-plane.p12", "/run/control-plane.pem", 15012, "benchmark"
PODS, CHANGES, CA_MILLIS = 100, 1000, 10
CHANGED = 50_000


class ControlPlane:
    """A MeshServer, and what it says: pairs of a time and words."""

    def __init__(self, workloads, node, *wrapper):
        java = os.path.join(os.environ["JAVA_HOME"], "bin/java") if "JAVA_HOME" in os.environ else "java"
        self.process = subprocess.Popen(
            [*wrapper, java, "-Xmx4g", "-XX:+UseSerialGC", "-Dslf4j.internal.verbosity=ERROR",
             "-Dslf4j.provider=org.slf4j.helpers.NOP_FallbackServiceProvider", "-cp", "jmh-benchmarks/target/benchmarks.jar", "io.inpod.benchmarks.MeshServer", KEYS, str(PORT),
             str(workloads), node, str(PODS), str(CA_MILLIS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=sys.stderr, text=True)
        self.said = []
        self.changed = threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()
        self.bytes = int(self.await_said("serving")[1].split()[1])

    def read(self):
        for line in self.process.stdout:
            seconds, words = line.rstrip("\n").split(" ", 1)
            if words.startswith("refused"):
                print(f"control_plane.py: {line}", file=sys.stderr)
            with self.changed:
                self.said.append((float(seconds), words))
                self.changed.notify_all()

    def await_said(self, words, count=1, patience=30):
        """The count-th of what begins with some words."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.all(words)) >= count, patience):
                sys.exit(f"control_plane.py: the control plane hasn't said {words!r} {count} times: {self.said[-5:]}")
            return self.all(words)[count - 1]

    def all(self, words):
        return [entry for entry in self.said if entry[1].startswith(words)]

    def forget(self):
        with self.changed:
            self.said.clear()

    def command(self, words):
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()

    def stop(self):
        self.process.kill()
        self.process.wait()


class MeshNode(Node):
    """A node whose mesh and certificates come from a control plane. The first three of its pods have a network."""

    def __init__(self, name):
        super().__init__(name, 0)
        for variable in ("FAKE_CA", "LOCAL_XDS_PATH"):
            del self.environment[variable]
        address = f"https://127.0.0.1:{PORT}"
        self.environment.update(XDS_ADDRESS=address, XDS_ROOT_CA=ROOT, CA_ADDRESS=address, CA_ROOT_CA=ROOT)

    def add_pods(self, count):
        """Adds pods that have nothing but lo, until there are so many."""
        before, self.pods = self.pods, [(f"{self.name}-{i}", i) for i in range(len(self.pods), count)]
        for pod, _ in self.pods:
            run("ip", "netns", "add", pod)
            run("ip", "-n", pod, "link", "set", "lo", "up")
        self.enrol()
        self.pods = before + self.pods

    def start_ztunnel(self):
        """Returns when its process was started, and when it was ready."""
        begun = time.time()
        self.ztunnel = self.program("ztunnel", "ztunnel")
        self.log = open(f"{self.home}/ztunnel.log", encoding="utf-8")
        while True:
            try:
                urllib.request.urlopen("http://127.0.0.1:15021/healthz/ready", timeout=1).read()
                return begun, time.time()
            except OSError:
                time.sleep(0.01)
            if self.ztunnel.poll() is not None or time.time() - begun > 60:
                print(open(self.log.name, encoding="utf-8").read()[-2000:], file=sys.stderr)
                raise TimeoutError("the ztunnel isn't ready")

    def stop_ztunnel(self):
        self.ztunnel.kill()
        self.ztunnel.wait()

    def jcmd(self, *command):
        return run("jcmd", str(self.ztunnel.pid), *command)

    def heap(self):
        """MB in use after a collection."""
        self.jcmd("GC.run")
        return sum(int(used) for used in re.findall(r"generation +total \d+K, used (\d+)K", self.jcmd("GC.heap_info"))) / 1024

    def status(self, name):
        return next(int(line.split()[1]) / 1024 for line in open(f"/proc/{self.ztunnel.pid}/status", encoding="utf-8") if line.startswith(name))

    def log_level(self, level):
        request = urllib.request.Request(f"http://127.0.0.1:15000/logging?level={level}", method="POST")
        urllib.request.urlopen(request, timeout=5).read()


def median(results, name):
    return statistics.median(result[name] for result in results)


def first(node, sizes, rounds):
    """Of each size some starts, after one of an empty mesh, with which the heap is compared."""
    empty = None
    for size in [0] + sizes:
        control_plane = ControlPlane(size, node.name)
        results = []
        try:
            for _ in range(rounds):
                control_plane.forget()
                begun, ready = node.start_ztunnel()
                streamed, sent = control_plane.await_said("stream")[0], control_plane.await_said("sent")
                accepted = control_plane.await_said("accepted first")[0]
                result = {"start": ready - begun, "stream": ready - streamed, "accepted": accepted - streamed, "cpu": node.cpu()}
                time.sleep(1)
                result.update(heap=node.heap(), peak=node.status("VmHWM"), resident=node.status("VmRSS"))
                results.append(result)
                node.stop_ztunnel()
        except TimeoutError:
            print(f"{size} workloads: not ready; INPOD_JAVA_OPTS={os.environ.get('INPOD_JAVA_OPTS', '')}", flush=True)
            node.stop_ztunnel()
            continue
        finally:
            control_plane.stop()
        empty = empty or median(results, "heap")
        print(f"{size} workloads, {int(sent[1].split()[1]) / 1e6:.2f} MB: ready {median(results, 'start'):.2f} s after the start, "
              f"{median(results, 'stream'):.2f} s after the stream ({', '.join(format(r['start'], '.2f') for r in results)}); "
              f"CPU {median(results, 'cpu'):.2f} s; heap {median(results, 'heap'):.0f} MB, {median(results, 'heap') - empty:.0f} more than empty; "
              f"resident {median(results, 'resident'):.0f} MB, at most {median(results, 'peak'):.0f}", flush=True)


def changes(node, rounds):
    control_plane = ControlPlane(CHANGED, node.name, "nice")  # gives way to what is measured
    node.start_ztunnel()
    server = serve(node)
    try:
        for rate in (0, CHANGES, CHANGES, 0):  # warm
            control_plane.command(f"change {rate}")
            figures(node, *load(node, *FIXED))
        control_plane.command("still")
        results = {0: [], CHANGES: []}
        for number in range(rounds):
            for rate in (0, CHANGES) if number % 2 else (CHANGES, 0):
                control_plane.forget()
                begun = time.time()
                control_plane.command(f"change {rate}" if rate else "still")
                result = figures(node, *load(node, *FIXED))
                control_plane.forget()
                control_plane.command("still")
                result["accepted"] = int(control_plane.await_said("accepted")[1].split()[1]) / (time.time() - begun)
                results[rate].append(result)
        before = node.cpu()
        control_plane.forget()
        control_plane.command(f"change {CHANGES}")
        time.sleep(SECONDS)
        control_plane.command("still")
        each = (node.cpu() - before) * 1e6 / int(control_plane.await_said("accepted")[1].split()[1])
        ratios = sorted(changed["p99"] / still["p99"] for still, changed in zip(results[0], results[CHANGES]))
        print(f"1,000 requests/s, p50 and p99: {median(results[0], 'p50'):.2f} and {median(results[0], 'p99'):.2f} ms; beside "
              f"{median(results[CHANGES], 'accepted'):.0f} changes/s of {CHANGED} workloads {median(results[CHANGES], 'p50'):.2f} and "
              f"{median(results[CHANGES], 'p99'):.2f} ms; p99 {median(results[CHANGES], 'p99') / median(results[0], 'p99'):.2f}x of medians, pairs "
              f"{', '.join(format(ratio, '.2f') for ratio in ratios)}; CPU of a request {median(results[0], 'cpu'):.0f} and "
              f"{median(results[CHANGES], 'cpu'):.0f} us, of a change alone {each:.0f} us", flush=True)
    finally:
        server.kill()
        node.stop_ztunnel()
        control_plane.stop()


def certificates(node, rounds):
    control_plane = ControlPlane(0, node.name)
    results = []
    for _ in range(rounds):
        control_plane.forget()
        begun, ready = node.start_ztunnel()
        last = control_plane.await_said("certificate", len(node.pods))[0]
        asked = control_plane.await_said("certificate")[0]
        have = {}
        while len(have) < len(node.pods):
            dump = json.load(urllib.request.urlopen("http://127.0.0.1:15000/config_dump", timeout=5))
            have = {entry["identity"] for entry in dump["certificates"] if entry["state"] == "Available"}
        results.append({"start": last - begun, "first": asked - begun, "ready": ready - begun, "cpu": node.cpu(), "heap": node.heap(), "resident": node.status("VmRSS")})
        node.stop_ztunnel()
    control_plane.stop()
    print(f"{len(node.pods)} certificates of a CA that answers after {CA_MILLIS} ms: the last {median(results, 'start'):.2f} s after the start "
          f"({', '.join(format(r['start'], '.2f') for r in results)}), the first {median(results, 'first'):.2f} s; ready {median(results, 'ready'):.2f} s; "
          f"CPU {median(results, 'cpu'):.2f} s; heap {median(results, 'heap'):.0f} MB, resident {median(results, 'resident'):.0f} MB", flush=True)


class Scraper:
    """Reads the metrics once a second."""

    def __init__(self):
        self.bytes, self.ended = 0, threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.ended.wait(1):
            self.bytes = len(urllib.request.urlopen("http://127.0.0.1:15020/stats/prometheus", timeout=5).read())

    def stop(self):
        self.ended.set()
        self.thread.join()


def reports(node, rounds):
    control_plane = ControlPlane(1000, node.name)
    node.start_ztunnel()
    server = serve(node)
    try:
        for name, options in (("requests", REQUESTS), ("connections", OPENINGS)):
            for _ in range(2):
                figures(node, *load(node, *options))
            results = {False: [], True: []}
            for number in range(rounds):
                for reported in (False, True) if number % 2 else (True, False):
                    node.log_level("access:info" if reported else "access:off")
                    scraper = Scraper() if reported else None
                    results[reported].append(figures(node, *load(node, *options)))
                    if scraper:
                        scraper.stop()
                        scraped = scraper.bytes
            ratios = sorted(on["rate"] / off["rate"] for off, on in zip(results[False], results[True]))
            print(f"{name}: {median(results[False], 'rate'):.0f}/s, with access log and metrics read each second ({scraped} bytes) "
                  f"{median(results[True], 'rate'):.0f}/s: pairs {', '.join(format(r, '.3f') for r in ratios)}, median "
                  f"{statistics.median(ratios):.3f}; CPU {median(results[False], 'cpu'):.1f} and {median(results[True], 'cpu'):.1f} us each",
                  flush=True)
    finally:
        server.kill()
        node.stop_ztunnel()
        control_plane.stop()


def new_keys():
    run("keytool", "-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1", "-alias", "it", "-storetype", "PKCS12", "-keystore", KEYS,
        "-storepass", PASSWORD, "-dname", "O=control plane", "-ext", "san=ip:127.0.0.1", "-ext", "bc=ca:true")
    run("keytool", "-exportcert", "-rfc", "-alias", "it", "-keystore", KEYS, "-storepass", PASSWORD, "-file", ROOT)


def main():
    rounds, congestion = int(sys.argv[1]), sys.argv[2]
    tests = os.environ.get("TESTS", "first,changes,certificates,reports").split(",")
    sizes = [int(size) for size in os.environ.get("SIZES", "50000").split(",")]
    new_keys()
    node = MeshNode("scale")
    network([node], congestion)
    control_plane = ControlPlane(0, node.name)
    node.start()
    try:
        node.enrol()
        node.stop_ztunnel()
        control_plane.stop()
        if "first" in tests:
            first(node, sizes, rounds)
        if "changes" in tests:
            changes(node, rounds)
        if "reports" in tests:
            reports(node, rounds)
        if "certificates" in tests:
            control_plane = ControlPlane(0, node.name)
            node.start_ztunnel()
            node.add_pods(PODS)
            node.stop_ztunnel()
            control_plane.stop()
            certificates(node, rounds)
    finally:
        control_plane.stop()
        for program in node.programs:
            program.send_signal(signal.SIGKILL)


if __name__ == "__main__":
    main()
