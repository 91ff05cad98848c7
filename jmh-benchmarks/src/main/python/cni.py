"""Runs CNI plugins in turn, and prints for each the wall time, the CPU time and the memory: cni.py ROUNDS. See compare-cni."""
import json
import os
import signal
import statistics
import sys
import time

RESULT = {"cniVersion": "1.0.0", "interfaces": [{"name": "eth0", "sandbox": "/run/netns/pod"}],
          "ips": [{"address": "10.0.0.5/24", "gateway": "10.0.0.1", "interface": 0}], "routes": [{"dst": "0.0.0.0/0"}], "dns": {}}


def configuration(kind, **more):
    return dict({"cniVersion": "1.0.0", "name": "net", "type": kind, "prevResult": RESULT}, **more)


OURS = configuration("inpod-cni", agentSocket="/run/agent/plugin.sock", excludeNamespaces=["kube-system"])
CALLS = {
    "inpod-cni VERSION": ("/run/inpod-cni", "VERSION", OURS, ""),
    "inpod-cni ADD, pod of the mesh": ("/run/inpod-cni", "ADD", OURS, "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=in-0;K8S_POD_UID=u1"),
    "inpod-cni ADD, pod outside": ("/run/inpod-cni", "ADD", OURS, "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=out-0;K8S_POD_UID=u2"),
    "inpod-cni ADD, excluded namespace": ("/run/inpod-cni", "ADD", OURS, "K8S_POD_NAMESPACE=kube-system;K8S_POD_NAME=dns"),
    "inpod-cni DEL": ("/run/inpod-cni", "DEL", OURS, "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=in-0;K8S_POD_UID=u1"),
    "portmap VERSION": ("/usr/lib/cni/portmap", "VERSION", configuration("portmap"), ""),
    "portmap ADD, no ports": ("/usr/lib/cni/portmap", "ADD", configuration("portmap"), ""),
    "tuning VERSION": ("/usr/lib/cni/tuning", "VERSION", configuration("tuning"), ""),
    "tuning ADD, one sysctl": ("/usr/lib/cni/tuning", "ADD", configuration("tuning", sysctl={"net.ipv4.conf.lo.rp_filter": "0"}), ""),
}


def run(program, command, config, args):
    with open("/run/config", "w") as file:
        json.dump(config, file)
    environment = {"CNI_COMMAND": command, "CNI_CONTAINERID": "c1", "CNI_NETNS": "/run/netns/pod", "CNI_IFNAME": "lo",
                   "CNI_PATH": "/usr/lib/cni", "CNI_ARGS": args}
    actions = [(os.POSIX_SPAWN_OPEN, 0, "/run/config", os.O_RDONLY, 0),
               (os.POSIX_SPAWN_OPEN, 1, "/run/out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)]
    start = time.perf_counter()
    pid = os.posix_spawn(program, [program], environment, file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    elapsed = time.perf_counter() - start
    if status != 0:
        sys.exit("%s %s failed: %s" % (program, command, open("/run/out").read()))
    return elapsed * 1000, (usage.ru_utime + usage.ru_stime) * 1000


def resident(program):
    """KiB that the plugin has when it waits for its configuration (wait4 would show at least this program's own memory)."""
    reading, writing = os.pipe()
    pid = os.posix_spawn(program, [program], {"CNI_COMMAND": "ADD", "CNI_CONTAINERID": "c", "CNI_NETNS": "/run/netns/pod", "CNI_IFNAME": "lo",
                                             "CNI_PATH": "/usr/lib/cni"}, file_actions=[(os.POSIX_SPAWN_DUP2, reading, 0)])
    time.sleep(0.2)
    with open("/proc/%d/status" % pid) as file:
        kib = [int(line.split()[1]) for line in file if line.startswith("VmHWM")][0]
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(reading)
    os.close(writing)
    return kib


measured = {name: [] for name in CALLS}
for turn in range(int(sys.argv[1]) + 30):
    for name, call in CALLS.items():
        sample = run(*call)
        if turn >= 30:  # the agent's JVM is warm then
            measured[name].append(sample)
print("| call | wall p50 | p95 | least | CPU p50 | resident |\n|---|---|---|---|---|---|")
for name, samples in measured.items():
    wall, cpu = (sorted(column) for column in zip(*samples))
    memory = resident(CALLS[name][0])
    print("| %s | %.2f ms | %.2f ms | %.2f ms | %.2f ms | %.1f MB |" % (
        name, statistics.median(wall), wall[int(len(wall) * 0.95)], wall[0], statistics.median(cpu), memory / 1024))
