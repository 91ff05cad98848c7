"""The JMH benchmarks of the libraries, in a short setting: one fork, iterations of half a second."""

import os
import subprocess


def pieces(root, iterations, out):
    """Runs them all, and shows what JMH prints; returns the file with the results, and what has failed: JMH itself says so and goes on."""
    file = os.path.join(out, "pieces.json")
    java = f"{os.environ.get('JAVA_HOME', '/usr')}/bin/java"
    setting = ["-f", "1", "-wi", "2", "-w", "500ms", "-i", str(iterations), "-r", "500ms", "-rf", "json", "-rff", file]
    command = [java, "-jar", f"{root}/jmh-benchmarks/target/benchmarks.jar", *setting]
    failed, benchmark = [], ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            if line.startswith("# Benchmark: "):
                benchmark = line.split(": ", 1)[1].strip()
            elif "<failure>" in line or "<forked VM failed" in line:
                failed.append(benchmark)
    return file, sorted(set(failed)) + ([f"JMH ended with {process.returncode}"] if process.returncode else [])
