"""Enrols pods with a real agent and a real ztunnel: see compare-enrol. Runs in namespaces of its own, in the project's directory."""

import json
import os
import select
import subprocess
import sys
import time

PODS = "/run/inpod/pods"
BURST = 300
environment = dict(os.environ, INPOD_UDS="/run/ztunnel/ztunnel.sock", NODE_NAME="node-1", FAKE_CA="true", LOCAL_XDS_PATH="/run/mesh.yaml")


def start(name, *arguments, output=None):
    with open(f"/run/{name}.log", "w", encoding="utf-8") as log:
        return subprocess.Popen(["./inpod", *arguments], env=environment, stdout=output or log, stderr=log)


def agent():
    """Starts the agent, whose log is read from a pipe: looking again and again would take time of the two processors from what is measured."""
    reader, writer = os.pipe()
    process = start("agent", "agent", "--mark-owner", "false", output=writer)
    os.close(writer)
    return process, reader


def await_words(log, *words):
    """Reads a log until each of some words has been in it; returns the seconds."""
    begun = time.monotonic()
    missing = set(words)
    text = ""
    while missing:
        if not select.select([log], [], [], 120)[0]:
            sys.exit(f"enrol: {len(missing)} pods aren't served, such as {missing.pop()}; see /run/ztunnel.log")
        more = os.read(log, 1 << 16).decode()
        if not more:
            sys.exit("enrol: the agent has ended; see /run/agent.log")
        text = text[-200:] + more
        missing = {word for word in missing if word not in text}
    return time.monotonic() - begun


def cpu(process):
    fields = open(f"/proc/{process.pid}/stat", encoding="utf-8").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(process):
    for line in open(f"/proc/{process.pid}/status", encoding="utf-8"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024


def namespace(name):
    subprocess.run(["ip", "netns", "add", name], check=True)
    subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)


def describe(uid):
    with open(f"{PODS}/.{uid}", "w", encoding="utf-8") as file:
        json.dump({"uid": uid, "name": uid, "namespace": "default", "serviceAccount": "sa", "netns": f"/run/netns/{uid}"}, file)


def appear(uid):
    os.rename(f"{PODS}/.{uid}", f"{PODS}/{uid}.json")


def served(uid):
    return f"pod {uid} (default/{uid}) enrolled"


def one_by_one(number, node_agent, log, ztunnel):
    uids = [f"r{number}-{i}" for i in range(100)]
    for uid in uids:
        namespace(uid)
        describe(uid)
    before = cpu(node_agent), cpu(ztunnel)
    times = []
    for uid in uids:
        appear(uid)
        times.append(await_words(log, served(uid)))
    times.sort()
    print(f"one by one, round {number}: p50 {times[50] * 1e3:.1f} ms, p90 {times[90] * 1e3:.1f}, least {times[0] * 1e3:.1f};"
          f" CPU each: agent {(cpu(node_agent) - before[0]) * 10:.1f} ms, ztunnel {(cpu(ztunnel) - before[1]) * 10:.1f} ms", flush=True)
    for uid in uids:
        os.unlink(f"{PODS}/{uid}.json")
    while subprocess.run(["./inpod", "agent", "list"], env=environment, capture_output=True, text=True, check=True).stdout.count(f"r{number}-"):
        time.sleep(0.2)
    for uid in uids:
        subprocess.run(["ip", "netns", "delete", uid], check=True)


def main():
    uids = [f"p{i}" for i in range(BURST)]
    with open("/run/mesh.yaml", "w", encoding="utf-8") as mesh:
        mesh.write("workloads:\n")
        for i, uid in enumerate(uids):
            mesh.write(f"- {{uid: {uid}, name: {uid}, namespace: default, serviceAccount: sa, node: node-1, protocol: HBONE,"
                       f" workloadIps: [10.9.{i // 250}.{i % 250 + 1}]}}\n")
    ztunnel = start("ztunnel", "ztunnel")
    node_agent, log = agent()
    await_words(log, "connected, sending")
    for number in range(int(sys.argv[1])):
        one_by_one(number, node_agent, log, ztunnel)
    for uid in uids:
        namespace(uid)
        describe(uid)
    before = cpu(node_agent), cpu(ztunnel)
    for uid in uids:
        appear(uid)
    seconds = await_words(log, *map(served, uids))
    print(f"{BURST} at once: {seconds:.2f} s; CPU: agent {cpu(node_agent) - before[0]:.2f} s, ztunnel {cpu(ztunnel) - before[1]:.2f} s", flush=True)
    before = cpu(node_agent)
    time.sleep(60)
    print(f"a minute with {BURST} pods, all of which are looked at once: agent's CPU {cpu(node_agent) - before:.2f} s,"
          f" {resident(node_agent):.0f} MB resident", flush=True)
    node_agent.kill()
    node_agent.wait()
    begun = time.monotonic()
    node_agent, log = agent()
    await_words(log, *map(served, uids))
    print(f"agent killed and started again, until all {BURST} are confirmed: {time.monotonic() - begun:.2f} s, of which CPU {cpu(node_agent):.2f} s")
    node_agent.kill()
    ztunnel.kill()


main()
