package io.inpod.examples.ztunnel.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How much memory TCP uses on the node, in all namespaces, and how much it may use. */
public final class TcpUsage {
    private static final Path USAGE = Path.of("/proc/net/sockstat");
    private static final Path LIMITS = Path.of("/proc/sys/net/ipv4/tcp_mem");
    private static final Path MEMORY = Path.of("/proc/meminfo");
    private static final Path AUXILIARY_VECTOR = Path.of("/proc/self/auxv");
    private static final int AT_PAGESZ = 6; // linux/auxvec.h
    private static final long DEFAULT_PAGE = 4096;
    /** The kernel's own rule for where pressure begins, see tcp_init_mem() in net/ipv4/tcp.c: a sixteenth of the pages. */
    private static final int PART_OF_MEMORY = 16;
    private static final Pattern USED = Pattern.compile("^TCP: .*\\bmem (\\d+)", Pattern.MULTILINE);
    private static final Pattern TOTAL = Pattern.compile("^MemTotal: +(\\d+) kB", Pattern.MULTILINE);
    private static final long PAGE = page();

    private TcpUsage() {}

    /**
     * Returns how many bytes all TCP sockets of the node hold.
     *
     * @return a number of whole pages, at least 0; the kernel counts up to a few pages per processor late
     * @throws IOException if the kernel doesn't say
     */
    public static long bytes() throws IOException {
        return number(USED, USAGE) * PAGE;
    }

    /**
     * Returns from how many bytes on the kernel gives all connections less.
     *
     * @return the second number of {@code net.ipv4.tcp_mem}; outside of the first network namespace, which alone has it, its default
     * @throws IOException if neither is known
     */
    static long limit() throws IOException {
        if (Files.isReadable(LIMITS)) {
            String[] numbers = read(LIMITS).strip().split("\\s+");
            return Math.max(1, Long.parseLong(numbers[1])) * PAGE;
        }
        return Math.max(1, number(TOTAL, MEMORY) * 1024 / PART_OF_MEMORY);
    }

    private static long number(Pattern pattern, Path file) throws IOException {
        String text = read(file);
        Matcher found = pattern.matcher(text);
        if (!found.find()) {
            throw new IOException(file + " doesn't contain " + pattern + ": " + text);
        }
        return Long.parseLong(found.group(1));
    }

    private static String read(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    /** Looks the size of a page up among what the kernel tells each process, pairs of a tag and a value. */
    private static long page() {
        try (InputStream in = Files.newInputStream(AUXILIARY_VECTOR)) {
            ByteBuffer pairs = ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.nativeOrder());
            while (pairs.remaining() >= 2 * Long.BYTES) {
                long tag = pairs.getLong();
                long value = pairs.getLong();
                if (tag == AT_PAGESZ) {
                    return value;
                }
            }
        } catch (IOException e) {
            // /proc is restricted
        }
        return DEFAULT_PAGE;
    }
}
