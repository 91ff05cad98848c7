package io.inpod.hbone;

import io.inpod.hbone.identity.SpiffeId;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** A running Envoy, which {@code ./inpod verify} has installed below {@code target/}. */
final class Envoy implements AutoCloseable {
    private static final Path PROGRAM = Path.of("target/envoy/envoy/_bin/envoy").toAbsolutePath();

    final InetSocketAddress address;
    private final Process process;

    /** Fills in the placeholders of a configuration from {@code resources/envoy}, and starts Envoy with it. */
    Envoy(Mesh mesh, String configuration, SpiffeId identity, Map<String, String> values) throws Exception {
        Tools.require(PROGRAM.toString(), "--version");
        Path directory = Files.createTempDirectory(mesh.directory, "envoy");
        mesh.ca.issueTo(identity, directory.resolve("cert.pem"), directory.resolve("key.pem"));
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        String yaml;
        try (InputStream in = Envoy.class.getResourceAsStream("/envoy/" + configuration)) {
            yaml = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
        }
        yaml = yaml.replace("@PORT@", String.valueOf(port)).replace("@CERT@", directory.resolve("cert.pem").toString())
                .replace("@KEY@", directory.resolve("key.pem").toString()).replace("@ROOT@", mesh.ca.rootCertificate().toString());
        for (var value : values.entrySet()) {
            yaml = yaml.replace("@" + value.getKey() + "@", value.getValue());
        }
        Path file = Files.writeString(directory.resolve("envoy.yaml"), yaml);
        Path log = directory.resolve("log");
        process = new ProcessBuilder(PROGRAM.toString(), "-c", file.toString(), "-l", "error", "--disable-hot-restart", "--concurrency", "1")
                .redirectErrorStream(true).redirectOutput(log.toFile()).start();
        address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        Tools.awaitListener(address, process, log);
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
