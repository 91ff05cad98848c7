package io.inpod.netns.dns;

import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The contents of a file as in resolv.conf(5), with its limits and defaults. What it doesn't know it ignores, as that page demands. */
record ResolvConf(List<InetSocketAddress> servers, List<String> search, int ndots, Duration timeout) {
    static final int NDOTS = 1;
    static final Duration TIMEOUT = Duration.ofSeconds(5);

    private static final int PORT = 53;
    private static final int MOST_SERVERS = 3;
    private static final int MOST_NDOTS = 15;
    private static final int MOST_SECONDS = 30;

    DnsConfig with(Map<String, List<InetAddress>> hosts) {
        return new DnsConfig(servers, search, ndots, timeout, hosts);
    }

    static ResolvConf read(Path file) throws IOException {
        List<InetSocketAddress> servers = new ArrayList<>();
        List<String> search = List.of();
        int ndots = NDOTS;
        int seconds = (int) TIMEOUT.toSeconds();
        for (String line : Files.exists(file) ? Files.readAllLines(file) : List.<String>of()) {
            String[] words = line.strip().split("\\s+");
            List<String> values = List.of(words).subList(1, words.length);
            switch (words[0]) {
                case "nameserver" -> servers.add(server(values, file, line));
                case "domain", "search" -> search = values;
                case "options" -> {
                    ndots = option("ndots:", values, ndots, MOST_NDOTS);
                    seconds = Math.max(1, option("timeout:", values, seconds, MOST_SECONDS));
                }
                default -> {
                }
            }
        }
        if (servers.isEmpty()) {
            servers.add(new InetSocketAddress(NetUtil.LOCALHOST4, PORT));
        }
        return new ResolvConf(servers.subList(0, Math.min(servers.size(), MOST_SERVERS)), search, ndots, Duration.ofSeconds(seconds));
    }

    private static InetSocketAddress server(List<String> values, Path file, String line) throws IOException {
        InetAddress address = values.isEmpty() ? null : NetUtil.createInetAddressFromIpAddressString(values.get(0));
        if (address == null) {
            throw new IOException(file + " has no address in the line \"" + line + "\"");
        }
        return new InetSocketAddress(address, PORT);
    }

    private static int option(String name, List<String> values, int otherwise, int most) {
        return values.stream().filter(value -> value.matches(name + "\\d{1,4}"))
                .map(value -> Math.min(most, Integer.parseInt(value.substring(name.length())))).reduce(otherwise, (first, last) -> last);
    }
}
