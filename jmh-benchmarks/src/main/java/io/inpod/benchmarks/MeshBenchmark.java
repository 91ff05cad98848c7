package io.inpod.benchmarks;

import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.Workload;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Measures changes of one entry, and lookups, in a mesh of 50,000 workloads and 5,000 services. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Thread)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class MeshBenchmark {
    private static final int STEP = 7919; // a prime: neighbours in time aren't neighbours in memory

    private Mesh mesh = MeshSample.mesh();
    private final Workload[] workloads = new Workload[MeshSample.WORKLOADS];
    private final Workload[] others = new Workload[MeshSample.WORKLOADS];
    private final Service[] services = new Service[MeshSample.SERVICES];
    private final InetAddress[] addresses = new InetAddress[MeshSample.WORKLOADS];
    private int next;

    /** Creates the entries. */
    public MeshBenchmark() {
        for (int i = 0; i < workloads.length; i++) {
            workloads[i] = MeshSample.workload(i, 0);
            others[i] = MeshSample.workload(i, 1);
            addresses[i] = MeshSample.address(10, i);
        }
        for (int i = 0; i < services.length; i++) {
            services[i] = MeshSample.service(i, 8081);
        }
    }

    private int next(int bound) {
        next = (next + STEP) % MeshSample.WORKLOADS;
        return next % bound;
    }

    /** Replaces a workload by one that differs. */
    @Benchmark
    public Mesh changeWorkload() {
        int i = next(MeshSample.WORKLOADS);
        mesh = mesh.change().put(others[i]).build();
        Workload other = workloads[i];
        workloads[i] = others[i];
        others[i] = other;
        return mesh;
    }

    /** Replaces a service by one that differs. */
    @Benchmark
    public Mesh changeService() {
        mesh = mesh.change().put(services[next(MeshSample.SERVICES)]).build();
        return mesh;
    }

    /** Looks a workload up. */
    @Benchmark
    public Optional<Workload> workloadByAddress() {
        return mesh.at("", addresses[next(MeshSample.WORKLOADS)]);
    }

    /** Looks a service up by its virtual address. */
    @Benchmark
    public List<Service> serviceByAddress() {
        return mesh.servicesAt("", services[next(MeshSample.SERVICES)].addresses().get(0).address());
    }

    /** Looks a service up by its hostname. */
    @Benchmark
    public List<Service> serviceByHostname() {
        return mesh.servicesNamed(services[next(MeshSample.SERVICES)].hostname().hostname());
    }
}
