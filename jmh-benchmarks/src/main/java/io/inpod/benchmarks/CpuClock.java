package io.inpod.benchmarks;

import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Measures the CPU time of the whole process and prints it per operation after each iteration, since JMH has no unit for it. */
@State(Scope.Thread)
public class CpuClock {
    private long started;
    private long operations;

    /** Starts the measurement. */
    @Setup(Level.Iteration)
    public void start() {
        started = HboneLoopback.cpu();
        operations = 0;
    }

    void done(int more) {
        operations += more;
    }

    /** Prints the result. */
    @TearDown(Level.Iteration)
    public void print() {
        System.out.printf("[%.1f us of CPU per operation] ", (HboneLoopback.cpu() - started) / 1e3 / operations);
    }
}
