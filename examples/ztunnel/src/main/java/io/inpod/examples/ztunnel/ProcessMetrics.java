package io.inpod.examples.ztunnel;

import com.sun.management.UnixOperatingSystemMXBean;
import io.netty.util.internal.PlatformDependent;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.util.function.DoubleSupplier;

/** What the process takes, under the names that are usual with Prometheus. */
final class ProcessMetrics {
    private final PrometheusRegistry registry;

    ProcessMetrics(PrometheusRegistry registry) {
        this.registry = registry;
    }

    void register() {
        if (ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system) {
            gauge("process_open_fds", "open file descriptors", system::getOpenFileDescriptorCount);
            gauge("process_max_fds", "how many file descriptors may be open", system::getMaxFileDescriptorCount);
            CounterWithCallback.builder().name("process_cpu_seconds_total").help("processor time of all threads")
                    .callback(to -> to.call(system.getProcessCpuTime() / 1e9)).register(registry);
        }
        gauge("process_start_time_seconds", "when the process was started",
                () -> ManagementFactory.getRuntimeMXBean().getStartTime() / 1e3);
        gauge("jvm_threads_current", "live threads", () -> ManagementFactory.getThreadMXBean().getThreadCount());
        MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
        GaugeWithCallback.builder().name("jvm_memory_used_bytes").help("memory in use: of the heap, and of buffers outside of it")
                .labelNames("area").callback(to -> {
                    to.call((double) memory.getHeapMemoryUsage().getUsed(), "heap");
                    to.call((double) PlatformDependent.usedDirectMemory(), "direct");
                }).register(registry);
        GaugeWithCallback.builder().name("jvm_memory_max_bytes").help("how much memory may be in use")
                .labelNames("area").callback(to -> {
                    to.call((double) memory.getHeapMemoryUsage().getMax(), "heap");
                    to.call((double) PlatformDependent.maxDirectMemory(), "direct");
                }).register(registry);
    }

    private void gauge(String name, String help, DoubleSupplier value) {
        GaugeWithCallback.builder().name(name).help(help).callback(to -> to.call(value.getAsDouble())).register(registry);
    }
}
