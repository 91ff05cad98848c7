package io.inpod.netns.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;

/** The file that processes in a network's pods see as {@code /etc/hosts}, see hosts(5). */
final class HostsFile {
    private HostsFile() {}

    /** Writes a new file that every user may read. */
    static Path write(Map<String, List<InetAddress>> hosts) throws IOException {
        StringJoiner lines = new StringJoiner("\n", "127.0.0.1 localhost\n::1 localhost\n", "\n");
        hosts.forEach((name, addresses) -> addresses.forEach(address -> lines.add(address.getHostAddress() + " " + name)));
        Path file = Files.createTempFile("hosts", ".txt");
        Files.writeString(file, lines.toString());
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    }
}
