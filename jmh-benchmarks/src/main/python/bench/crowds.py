"""Many open connections between pods, which a process of their own holds."""

import os
import subprocess
import sys

from loads import LoadFailed

PORT = 8079


class Crowd:
    def __init__(self, pairs):
        program = os.path.join(os.path.dirname(__file__), "crowd.py")
        named = [f"{client.name},{server.name},{server.address}" for client, server in pairs]
        self.process = subprocess.Popen([sys.executable, "-B", program, str(PORT), *named], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.number = 0

    def grow(self, number):
        """Has each open connection echo, and opens others until there are so many; returns how many milliseconds each of these took."""
        try:
            self.process.stdin.write(f"{number}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # what it printed says why
        words = self.process.stdout.readline().split()
        if not words or words[0] != str(number):
            raise LoadFailed(f"of {number} open connections not all echoed: {self.process.stderr.read()[-300:].strip()}")
        opened, self.number = number - self.number, number
        return float(words[1]) * 1e3 / opened if opened else None

    def close(self):
        self.process.kill()
        self.process.communicate()
