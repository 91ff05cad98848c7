"""Processes under test: started with a log, measured with all their children, and ended."""

import glob
import os
import re
import subprocess

TICKS = os.sysconf("SC_CLK_TCK")


class Processes:
    """The processes of one program under test. An empty one stands for no program: it takes nothing."""

    def __init__(self):
        self.started = []
        self.logs = []

    def start(self, command, log, **options):
        with open(log, "w", encoding="utf-8") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, **options)
        self.started.append(process)
        self.logs.append(log)
        return process

    def ended(self):
        """Returns how the first process that is no longer there has ended, or None."""
        return next((f"{p.args[0]} ended with {p.returncode}" for p in self.started if p.poll() is not None), None)

    def cpu_seconds(self):
        return sum(cpu_seconds(pid) for pid in self._pids())

    def threads_seconds(self):
        """Returns the CPU time of the threads that there are, which the kernel counts in nanoseconds, not in ticks."""
        return sum(threads_seconds(pid) for pid in self._pids())

    def resident_mb(self):
        return sum(resident_mb(pid) for pid in self._pids())

    def command_lines(self):
        """Returns what runs, as the kernel knows it: a launcher has been replaced by then."""
        lines = []
        for process in self.started:
            with open(f"/proc/{process.pid}/cmdline", encoding="utf-8", errors="replace") as file:
                lines.append([word for word in file.read().split("\0") if word])
        return lines

    def last_words(self):
        """Returns the ends of the logs."""
        words = []
        for log in self.logs:
            with open(log, encoding="utf-8", errors="replace") as file:
                words.append(file.read()[-1500:])
        return "\n".join(words).strip()

    def stop(self):
        for process in self.started:
            if process.poll() is None:
                process.terminate()
        for process in self.started:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _pids(self):
        return [pid for process in self.started for pid in with_children(process.pid)]


def with_children(pid):
    pids = [pid]
    for parent in pids:
        try:
            with open(f"/proc/{parent}/task/{parent}/children", encoding="utf-8") as file:
                pids += [int(child) for child in file.read().split()]
        except OSError:
            pass  # it has ended
    return pids


def cpu_seconds(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def threads_seconds(pid):
    total = 0
    for file in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        try:
            with open(file, encoding="utf-8") as counters:
                total += int(counters.read().split()[0])
        except OSError:
            pass  # it has ended
    return total / 1e9


def resident_mb(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            found = re.search(r"VmRSS:\s+(\d+)", file.read())
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0
