package io.inpod.netns.dns;

import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Reads a file as in hosts(5). */
final class HostsFile {
    private HostsFile() {}

    static Map<String, List<InetAddress>> read(Path file) throws IOException {
        Map<String, List<InetAddress>> hosts = new LinkedHashMap<>();
        for (String line : Files.exists(file) ? Files.readAllLines(file) : List.<String>of()) {
            String[] words = line.replaceFirst("#.*", "").strip().split("\\s+");
            if (words.length > 1) {
                InetAddress address = NetUtil.createInetAddressFromIpAddressString(words[0]);
                if (address == null) {
                    throw new IOException(file + " has no address in the line \"" + line + "\"");
                }
                for (String name : List.of(words).subList(1, words.length)) {
                    hosts.computeIfAbsent(name.toLowerCase(Locale.ROOT), first -> new ArrayList<>()).add(address);
                }
            }
        }
        return hosts;
    }
}
