package io.inpod.iptables.backend.guarantee;

import io.inpod.netns.InPodSetting;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Gives a twin those settings of a pod (ip-sysctl.rst) that decide which packets the kernel accepts and where it sends them. The twin's
 * link to the outside stands for all of the pod's interfaces that it doesn't have itself, and gets the highest value of any.
 */
final class SettingsCopy {
    private static final Path ROOT = Path.of("/proc/sys");
    private static final String EVERY = "*";
    private static final Set<String> SCOPES = Set.of("all", "default", "lo");
    private static final Path IPV6 = Path.of("/proc/sys/net/ipv6/conf");
    private static final String OFF = "disable_ipv6";

    /** Besides those whose values a pod's redirection prescribes. Forwarding comes first, because changing it resets others. */
    private static final List<String> OTHERS = List.of("net.ipv4.ip_forward", "net.ipv4.tcp_l3mdev_accept", "net.ipv4.conf.*.rp_filter",
            "net.ipv4.conf.*.accept_local");

    private SettingsCopy() {}

    /**
     * Copies the settings.
     *
     * @param uplink the twin's link to the outside
     * @param own the names of its other links
     */
    static void between(NetworkNamespace pod, NetworkNamespace twin, String uplink, Set<String> own) throws IOException {
        List<String> names = new ArrayList<>(OTHERS);
        InPodSetting.ALL.forEach(setting -> names.add(setting.name()));
        for (String name : names) {
            int star = name.indexOf(EVERY);
            if (star < 0) {
                copy(pod, twin, path(name));
            } else {
                each(pod, twin, path(name.substring(0, star - 1)), name.substring(star + 2), uplink, own);
            }
        }
    }

    /** Whether an interface other than lo has IPv6. */
    static boolean hasIpv6(NetworkNamespace pod) throws IOException {
        for (String name : interfaces(pod, IPV6)) {
            if (!SCOPES.contains(name) && read(pod, IPV6.resolve(name).resolve(OFF)).equals("0")) {
                return true;
            }
        }
        return false;
    }

    /** Copies whether lo has IPv6. */
    static void ofLoopback(NetworkNamespace pod, NetworkNamespace twin) throws IOException {
        copy(pod, twin, IPV6.resolve("lo").resolve(OFF));
    }

    private static Path path(String name) {
        return ROOT.resolve(name.replace('.', '/'));
    }

    private static void each(NetworkNamespace pod, NetworkNamespace twin, Path folder, String name, String uplink, Set<String> own)
            throws IOException {
        Map<String, String> values = new LinkedHashMap<>();
        for (String scope : interfaces(pod, folder)) {
            String value = read(pod, folder.resolve(scope).resolve(name));
            String at = SCOPES.contains(scope) || own.contains(scope) ? scope : uplink;
            values.merge(at, value, (one, other) -> one.compareTo(other) < 0 ? other : one);
        }
        for (Map.Entry<String, String> value : values.entrySet()) {
            write(twin, folder.resolve(value.getKey()).resolve(name), value.getValue());
        }
    }

    private static void copy(NetworkNamespace pod, NetworkNamespace twin, Path file) throws IOException {
        write(twin, file, read(pod, file));
    }

    private static List<String> interfaces(NetworkNamespace namespace, Path folder) throws IOException {
        list(folder); // loads all classes before the thread enters the namespace
        return namespace.<List<String>, IOException>call(() -> list(folder));
    }

    private static List<String> list(Path folder) throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> interfaces = Files.newDirectoryStream(folder)) {
            interfaces.forEach(each -> names.add(each.getFileName().toString()));
        } catch (NoSuchFileException e) {
            // a kernel without this family
        }
        return names;
    }

    /** Returns the value; empty if this kernel has no such setting. */
    private static String read(NetworkNamespace namespace, Path file) throws IOException {
        return namespace.<String, IOException>call(() -> read(file));
    }

    private static String read(Path file) throws IOException {
        try {
            return Files.readString(file).strip();
        } catch (NoSuchFileException e) {
            return "";
        }
    }

    private static void write(NetworkNamespace namespace, Path file, String value) throws IOException {
        if (!value.isEmpty() && !read(namespace, file).equals(value)) {
            namespace.<Object, IOException>call(() -> Files.writeString(file, value, StandardOpenOption.WRITE));
        }
    }
}
