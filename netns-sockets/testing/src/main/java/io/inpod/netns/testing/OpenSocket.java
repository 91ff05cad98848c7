package io.inpod.netns.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * A socket of a network namespace, as the files of {@code /proc/PID/net} list it, see proc_pid_net(5).
 *
 * @param inode its number, as in {@code socket:[12345]}
 * @param port its local port; 0 if it has none
 * @param listening whether it is a TCP socket that listens
 * @param words what it is, for a person: {@code TCP 10.77.0.2:8080 listening}
 */
record OpenSocket(long inode, int port, boolean listening, String words) {
    private static final List<String> TCP = List.of("tcp", "tcp6");
    private static final List<String> WITH_PORTS = List.of("tcp", "tcp6", "udp", "udp6", "udplite", "udplite6", "icmp", "icmp6");
    private static final List<String> RAW = List.of("raw", "raw6");
    private static final String LISTEN = "0A";
    private static final int HEXADECIMAL = 16;

    private static final int LOCAL = 1;
    private static final int REMOTE = 2;
    private static final int STATE = 3;
    private static final int INODE = 9;

    /**
     * Lists the TCP sockets that listen in the network namespace of a process.
     *
     * @param net a directory such as {@code /proc/PID/net}
     */
    static List<OpenSocket> listening(Path net) throws IOException {
        List<OpenSocket> found = new ArrayList<>();
        for (String kind : TCP) {
            read(net.resolve(kind), fields -> found.add(withAddresses(kind, fields)));
        }
        found.removeIf(socket -> !socket.listening);
        return found;
    }

    /**
     * Lists all sockets of a network namespace that a process has open.
     *
     * @param net a directory such as {@code /proc/thread-self/net}
     */
    static List<OpenSocket> all(Path net) throws IOException {
        List<OpenSocket> found = new ArrayList<>();
        for (String kind : WITH_PORTS) {
            read(net.resolve(kind), fields -> found.add(withAddresses(kind, fields)));
        }
        for (String kind : RAW) { // the port is the protocol's number
            read(net.resolve(kind), fields -> found.add(other(fields[INODE], "raw socket for " + address(fields[LOCAL]))));
        }
        read(net.resolve("unix"), fields -> found.add(other(fields[6], "unix socket" + (fields.length > 7 ? " " + fields[7] : ""))));
        read(net.resolve("packet"), fields -> found.add(other(fields[8], "packet socket")));
        read(net.resolve("netlink"), fields -> found.add(other(fields[INODE], "netlink socket of protocol " + fields[1])));
        found.removeIf(socket -> socket.inode == 0); // an end of a connection that nobody has open any more
        return found;
    }

    /** Hands over the fields of each line but the first. A kind of socket that this kernel doesn't have has no file. */
    private static void read(Path file, Consumer<String[]> line) throws IOException {
        try {
            List<String> lines = Files.readAllLines(file, StandardCharsets.ISO_8859_1); // a unix socket's name may be anything
            lines.stream().skip(1).map(text -> text.strip().split("\\s+")).forEach(line);
        } catch (NoSuchFileException e) {
            // none
        }
    }

    private static OpenSocket other(String inode, String words) {
        return new OpenSocket(Long.parseLong(inode), 0, false, words);
    }

    private static OpenSocket withAddresses(String kind, String[] fields) {
        boolean listening = TCP.contains(kind) && fields[STATE].equals(LISTEN);
        int port = port(fields[LOCAL]);
        String words = kind.replace("6", "").toUpperCase(Locale.ROOT) + " " + address(fields[LOCAL]) + ":" + port
                + (listening ? " listening"
                        : port(fields[REMOTE]) == 0 ? "" : " to " + address(fields[REMOTE]) + ":" + port(fields[REMOTE]));
        return new OpenSocket(Long.parseLong(fields[INODE]), port, listening, words);
    }

    private static int port(String field) {
        return Integer.parseInt(field.substring(field.indexOf(':') + 1), HEXADECIMAL);
    }

    /** The kernel prints each 32 bits of the address as a number, in its own byte order. */
    private static String address(String field) {
        byte[] printed = HexFormat.of().parseHex(field.substring(0, field.indexOf(':')));
        ByteBuffer from = ByteBuffer.wrap(printed);
        ByteBuffer address = ByteBuffer.allocate(printed.length).order(ByteOrder.nativeOrder());
        while (from.hasRemaining()) {
            address.putInt(from.getInt());
        }
        try {
            String text = InetAddress.getByAddress(address.array()).getHostAddress();
            return text.contains(":") ? "[" + text + "]" : text;
        } catch (IOException e) {
            throw new AssertionError(field + " is no address", e);
        }
    }
}
