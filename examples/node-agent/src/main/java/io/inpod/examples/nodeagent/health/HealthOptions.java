package io.inpod.examples.nodeagent.health;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/** The option that says where health is served. */
public final class HealthOptions {
    private static final Pattern ADDRESS = Pattern.compile("(?:(\\d+\\.\\d+\\.\\d+\\.\\d+|\\[[0-9a-fA-F:.]+]):)?(\\d{1,5})");

    @Option(names = "--health", paramLabel = "[ADDRESS:]PORT",
            description = "answer GET /healthz and GET /readyz over HTTP here; without an address, on 127.0.0.1. Default: nowhere")
    private String address = "";

    /** Creates options with their default values; only for the command line. */
    public HealthOptions() {}

    /**
     * Begins to answer, if the option was given.
     *
     * @param live what must hold for the agent to live
     * @param ready what must hold for it to enrol pods
     * @return the server, to be closed; empty without the option
     * @throws IOException if the address can't be used
     */
    public Optional<HealthServer> start(List<HealthCheck> live, List<HealthCheck> ready) throws IOException {
        return address.isEmpty() ? Optional.empty() : Optional.of(HealthServer.start(parse(address), live, ready));
    }

    static InetSocketAddress parse(String text) throws IOException {
        Matcher parts = ADDRESS.matcher(text);
        if (!parts.matches() || Integer.parseInt(parts.group(2)) > 65_535) {
            throw new IOException("--health " + text + ": expected a port, or a numeric address and a port such as 127.0.0.1:15021");
        }
        String host = parts.group(1) == null ? "127.0.0.1" : parts.group(1);
        return new InetSocketAddress(InetAddress.getByName(host), Integer.parseInt(parts.group(2)));
    }
}
