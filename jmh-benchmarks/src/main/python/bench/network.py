"""Pods on a bridge of the node, which is the namespace that this program runs in."""

import os
import subprocess
import time

MARK, CONNECTION_MARK, MASK = "0x539", "0x111", "0xfff"
OUTBOUND, INBOUND, HBONE = 15001, 15006, 15008
PROBES = "169.254.7.127"
TABLE, PRIORITY = "100", "32764"


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def redirection():
    """Returns the rules that Istio's agent installs in a pod for IPv4, without ours: any proxy for Istio's pods can live with them."""
    ours, answer = f"{MARK}/{MASK}", f"{CONNECTION_MARK}/{MASK}"
    not_local = "! -d 127.0.0.1/32"
    hooks = [":ISTIO_PRERT - [0:0]", ":ISTIO_OUTPUT - [0:0]", "-A PREROUTING -j ISTIO_PRERT", "-A OUTPUT -j ISTIO_OUTPUT"]
    mangle = [f"-A ISTIO_PRERT -m mark --mark {ours} -j CONNMARK --set-xmark {answer}",
              f"-A ISTIO_OUTPUT -m connmark --mark {answer} -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff"]
    nat = [f"-A ISTIO_PRERT -s {PROBES}/32 -p tcp -j ACCEPT",
           f"-A ISTIO_PRERT {not_local} -p tcp ! --dport {HBONE} -m mark ! --mark {ours} -j REDIRECT --to-ports {INBOUND}",
           f"-A ISTIO_OUTPUT -d {PROBES}/32 -p tcp -j ACCEPT",
           f"-A ISTIO_OUTPUT -p tcp -m mark --mark {answer} -j ACCEPT",
           f"-A ISTIO_OUTPUT {not_local} -o lo -j ACCEPT",
           f"-A ISTIO_OUTPUT {not_local} -p tcp -m mark ! --mark {ours} -j REDIRECT --to-ports {OUTBOUND}"]
    return "\n".join(["*mangle", *hooks, *mangle, "COMMIT", "*nat", *hooks, *nat, "COMMIT", ""])


class Pod:
    def __init__(self, number):
        self.name = f"pod-{number}"
        self.address = f"10.77.{1 + number // 250}.{number % 250 + 1}"
        self.link = f"veth-{number}"

    def command(self, *command):
        return ["ip", "netns", "exec", self.name, *command]

    def run(self, *command, **options):
        return run(*self.command(*command), **options)

    def descriptor(self):
        return os.open(f"/run/netns/{self.name}", os.O_RDONLY)

    def await_port(self, port, processes):
        """Waits until something in the pod listens, as long as the processes run."""
        until = time.monotonic() + 30
        while f":{port} " not in self.run("ss", "-Hlnt"):
            end = processes.ended()
            if end:
                raise RuntimeError(f"{end} before it listened on port {port} of {self.name}")
            if time.monotonic() > until:
                raise RuntimeError(f"nothing listens on port {port} of {self.name} within 30 s")
            time.sleep(0.02)


class Network:
    """Made on entry, and gone after exit. Sockets made in the pods and on the node use the given congestion control."""

    def __init__(self, congestion, pods=2):
        self.congestion = congestion
        self.pods = [Pod(number) for number in range(pods)]
        self.redirected = False

    def __enter__(self):
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "br0", "type", "bridge")
        run("ip", "addr", "add", "10.77.0.1/16", "dev", "br0")
        run("ip", "link", "set", "br0", "up")
        setting = f"net.ipv4.tcp_congestion_control={self.congestion}"
        run("sysctl", "-qw", setting)
        for pod in self.pods:
            run("ip", "netns", "add", pod.name)
            run("ip", "link", "add", pod.link, "type", "veth", "peer", "name", "eth0", "netns", pod.name)
            run("ip", "link", "set", pod.link, "master", "br0", "up")
            run("ip", "-n", pod.name, "link", "set", "lo", "up")
            run("ip", "-n", pod.name, "addr", "add", f"{pod.address}/16", "dev", "eth0")
            run("ip", "-n", pod.name, "link", "set", "eth0", "up")
            run("ip", "-n", pod.name, "route", "add", "default", "via", "10.77.0.1")
            pod.run("sysctl", "-qw", setting)
        return self

    def redirect(self):
        """Installs the rules and the routing in all pods, unless they are there."""
        if self.redirected:
            return
        self.redirected = True
        for pod in self.pods:
            pod.run("iptables-restore", "--noflush", input=redirection())
            run("ip", "-n", pod.name, "rule", "add", "fwmark", f"{CONNECTION_MARK}/{MASK}", "pref", PRIORITY, "lookup", TABLE)
            run("ip", "-n", pod.name, "route", "add", "local", "0.0.0.0/0", "dev", "lo", "table", TABLE)

    def __exit__(self, *_):
        for pod in self.pods:
            subprocess.run(["ip", "link", "del", pod.link], capture_output=True, check=False)
            subprocess.run(["ip", "netns", "del", pod.name], capture_output=True, check=False)
        subprocess.run(["ip", "link", "del", "br0"], capture_output=True, check=False)
