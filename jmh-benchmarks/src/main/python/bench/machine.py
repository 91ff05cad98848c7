"""What the figures depend on."""

import datetime
import os
import platform
import re
import subprocess

import envoy


def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except OSError:
        return None
    return ((done.stdout or done.stderr).strip().splitlines() or [""])[0].strip() or None


def machine(root, congestion):
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        cpu = re.search(r"(?:model name|CPU part)\s*:\s*(.*)", file.read())
    with open("/proc/meminfo", encoding="utf-8") as file:
        memory = int(re.search(r"MemTotal:\s+(\d+)", file.read())[1]) // 1024
    return {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            "commit": first_line("git", "-C", root, "describe", "--always", "--dirty"),
            "kernel": platform.release(), "architecture": platform.machine(),
            "cpu": cpu[1].strip() if cpu else "unknown", "cpus": os.cpu_count(), "memory": f"{memory} MB",
            "load": f"{os.getloadavg()[0]:.1f} before the first run", "congestion control": congestion,
            "jdk": first_line(f"{os.environ.get('JAVA_HOME', '/usr')}/bin/java", "-version"),
            "INPOD_JAVA_OPTS": os.environ.get("INPOD_JAVA_OPTS", ""),
            "envoy": (first_line(envoy.PROGRAM, "--version") or "").split("version: ")[-1], "haproxy": first_line("haproxy", "-v"),
            "iperf3": first_line("iperf3", "--version"), "fortio": first_line("fortio", "version")}
