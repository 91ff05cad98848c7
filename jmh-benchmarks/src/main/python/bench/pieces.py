"""The JMH benchmarks of the libraries, in a short setting: one fork, half-second iterations."""

import os
import subprocess


def pieces(root, iterations, out):
    """Runs them all; returns the file with the results, and how Java ended: JMH says what failed, and goes on."""
    file = os.path.join(out, "pieces.json")
    java = f"{os.environ.get('JAVA_HOME', '/usr')}/bin/java"
    setting = ["-f", "1", "-wi", "2", "-w", "500ms", "-i", str(iterations), "-r", "500ms", "-foe", "false", "-rf", "json", "-rff", file]
    done = subprocess.run([java, "-jar", f"{root}/jmh-benchmarks/target/benchmarks.jar", *setting], check=False)
    return file, done.returncode
