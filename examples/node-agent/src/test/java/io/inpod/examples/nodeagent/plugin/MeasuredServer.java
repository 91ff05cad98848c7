package io.inpod.examples.nodeagent.plugin;

import io.inpod.examples.cniplugin.NativePlugin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Not a test: the agent's side of {@code jmh-benchmarks/compare-cni}, with a pod source and an enrolment that take no time. */
final class MeasuredServer {
    private MeasuredServer() {}

    /** Writes the plugin's program to the first argument, and listens on the second until the process is killed. */
    public static void main(String[] arguments) throws IOException {
        Files.write(Path.of(arguments[0]), NativePlugin.program());
        FakeEnrolment enrolment = new FakeEnrolment();
        ExecutorService threads = Executors.newCachedThreadPool();
        try (PluginServer server = PluginServer.listen(Path.of(arguments[1]), new FakeSource(), enrolment, uid -> Optional.empty(), threads)) {
            System.out.println("listening");
            server.run();
        }
    }
}
