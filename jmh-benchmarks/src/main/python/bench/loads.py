"""The loads, from the first pod to servers in the second: iperf3 for streams, fortio for requests. A load of which anything failed or was
lost raises LoadFailed."""

import json
import os
import subprocess
import sys
import time

from processes import Processes

IPERF, HTTP, ECHO = 5201, 8080, 8078
PERCENTILES = "50", "75", "90", "95", "99", "99.9"
PACE = 1000
LARGEST = 1 << 20


class LoadFailed(Exception):
    pass


class Loads:
    def __init__(self, network, home):
        self.client, self.server = network.pods[:2]
        self.servers = Processes()
        self.servers.start(self.server.command("iperf3", "-s", "-p", str(IPERF)), f"{home}/iperf3.log")
        self.servers.start(self.server.command("fortio", "server", "-http-port", f"{self.server.address}:{HTTP}", "-tcp-port", str(ECHO),
                                               "-redirect-port", "disabled", "-grpc-port", "disabled", "-udp-port", "disabled",
                                               "-maxpayloadsizekb", str(LARGEST // 1024)),
                           f"{home}/fortio.log")
        self.proxy = Processes()
        try:
            for port in (IPERF, HTTP, ECHO):
                self.server.await_port(port, self.servers)
        except Exception:
            self.stop()
            raise

    def stop(self):
        self.servers.stop()

    def stream(self, seconds):
        return self._iperf("stream", seconds, "-P", "1")

    def streams(self, seconds, number=4):
        return self._iperf("streams", seconds, "-P", str(number))

    def reverse(self, seconds):
        return self._iperf("reverse", seconds, "-P", "1", "-R")

    def paced(self, seconds):
        """As many requests as PACE per second, on four connections: their latency."""
        found, cpu = self._fortio(seconds, "-qps", str(PACE), "-c", "4", "-uniform", "-nocatchup", "-payload-size", "1024")
        percentiles = {f"p{p['Percentile']:g}": p["Value"] * 1e3 for p in found["DurationHistogram"]["Percentiles"]}
        return {**percentiles, "paced_cpu": cpu}

    def requests(self, seconds, size=1024):
        """As many echoes of so many bytes as possible, on 16 connections."""
        kilobytes = str(LARGEST // 1024)
        found, cpu = self._fortio(seconds, "-qps", "0", "-c", "16", "-payload-size", str(size), "-maxpayloadsizekb", kilobytes,
                                  "-httpbufferkb", str(LARGEST // 1024 + 64))
        least = found["Sizes"]["Min"]
        if least < size:
            raise LoadFailed(f"of {size} bytes {least} were echoed")
        return {"requests": found["ActualQPS"], "requests_cpu": cpu}

    def connections(self, seconds):
        found, cpu = self._fortio(seconds, "-qps", "0", "-c", "16", "-keepalive=false")
        return {"connections": found["ActualQPS"], "connections_cpu": cpu}

    def held(self, number):
        """Returns how many KB of resident memory an open connection takes, of so many."""
        before = self.proxy.resident_mb()
        program = os.path.join(os.path.dirname(__file__), "held.py")
        holder = subprocess.Popen(self.client.command(sys.executable, program, self.server.address, str(ECHO), str(number)),
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        with holder:
            alive = holder.stdout.readline().strip()
            after = self.proxy.resident_mb()
            holder.stdin.close()
            if alive != str(number):
                raise LoadFailed(f"of {number} open connections {alive or 'not all'} echoed: {holder.stderr.read()[-300:].strip()}")
        return {"held": after, "per_connection": (after - before) * 1024 / number}

    def _iperf(self, name, seconds, *arguments):
        for _ in range(20):
            begun = self.proxy.cpu_seconds()
            found = self._client("iperf3", "-c", self.server.address, "-p", str(IPERF), "-t", str(seconds), "-J", *arguments,
                                 seconds=seconds)
            if "busy" not in found.get("error", ""):
                break
            time.sleep(0.2)  # the end of the previous test hasn't arrived yet
        if "error" in found:
            raise LoadFailed(f"iperf3: {found['error']}")
        received = found["end"]["sum_received"]
        if not received["bytes"]:
            raise LoadFailed("iperf3: nothing was received")
        return {name: received["bits_per_second"] / 1e9, f"{name}_cpu": (self.proxy.cpu_seconds() - begun) / (received["bytes"] / 1e9)}

    def _fortio(self, seconds, *arguments):
        """Returns what fortio reports, and the microseconds of CPU that a request took."""
        begun = self.proxy.cpu_seconds()
        found = self._client("fortio", "load", "-quiet", "-json", "-", "-loglevel", "Error", "-r", "0.00002", "-t", f"{seconds}s",
                             "-p", ",".join(PERCENTILES), *arguments, f"http://{self.server.address}:{HTTP}/", seconds=seconds)
        asked = found["DurationHistogram"]["Count"]
        answered = found["RetCodes"].get("200", 0)
        if answered != asked or not asked:
            raise LoadFailed(f"of {asked} requests {asked - answered} failed: {found['RetCodes']}")
        return found, (self.proxy.cpu_seconds() - begun) * 1e6 / asked

    def _client(self, *command, seconds):
        try:
            done = subprocess.run(self.client.command(*command), capture_output=True, text=True, timeout=seconds + 30, check=False)
        except subprocess.TimeoutExpired:
            raise LoadFailed(f"{command[0]} has not ended after {seconds + 30} s") from None
        try:
            return json.loads(done.stdout[done.stdout.index("{"):])
        except ValueError:
            raise LoadFailed(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()[-500:]}") from None
