package io.inpod.examples.nodeagent.doctor;

import io.inpod.netlink.Link;
import io.inpod.netlink.LinkAddress;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What surrounds the redirection: connection tracking, and the pod's interfaces. */
final class SurroundingsCheck implements Check {
    private static final Path COUNT = Path.of("/proc/sys/net/netfilter/nf_conntrack_count");
    private static final Path MOST = Path.of("/proc/sys/net/netfilter/nf_conntrack_max");
    private static final int MOST_BYTES = 64;
    private static final double NEARLY = 0.9;

    @Override
    public void look(Subject pod, Findings findings) throws IOException {
        conntrack(pod.netns(), findings);
        Map<String, List<String>> interfaces = new LinkedHashMap<>();
        try (Rtnetlink network = Rtnetlink.open(pod.netns())) {
            for (Link link : network.links().list()) {
                List<String> addresses = new ArrayList<>();
                for (IpFamily family : IpFamily.values()) {
                    network.addresses().list(family).stream().filter(address -> address.link().equals(link.name()))
                            .map(LinkAddress::address).filter(address -> !address.isLoopbackAddress() && !address.isLinkLocalAddress())
                            .forEach(address -> addresses.add(Subject.text(address)));
                }
                if (link.up() && !addresses.isEmpty()) {
                    interfaces.put(link.name(), addresses);
                }
            }
        }
        List<String> words = interfaces.entrySet().stream().map(each -> each.getKey() + " with " + String.join(" and ", each.getValue()))
                .toList();
        if (interfaces.isEmpty()) {
            findings.fail(Topic.INTERFACES, "no interface except lo is up and has an address",
                    "set up the pod's network: ask the CNI plugin's log");
        } else if (interfaces.size() > 1) {
            findings.warn(Topic.INTERFACES, "the pod has several networks: " + String.join(", ", words),
                    "if a peer reaches the pod by an address that the mesh doesn't know, it speaks plaintext: list all in the workload");
        } else {
            findings.ok(Topic.INTERFACES, words.get(0));
        }
    }

    private static void conntrack(NetworkNamespace netns, Findings findings) throws IOException {
        long most = number(MOST);
        number(COUNT); // loads all classes before the thread enters the namespace
        long count = netns.<Long, IOException>call(() -> number(COUNT));
        String text = count + " of " + most + " entries";
        if (most <= 0 || count < 0) {
            findings.skip(Topic.CONNTRACK, "this kernel doesn't tell its entries");
        } else if (count >= most) {
            findings.fail(Topic.CONNTRACK, "full: " + text, "sysctl -w net.netfilter.nf_conntrack_max=" + 2 * most + " on the node");
        } else if (count > NEARLY * most) {
            findings.warn(Topic.CONNTRACK, "nearly full: " + text, "sysctl -w net.netfilter.nf_conntrack_max=" + 2 * most + " on the node");
        } else {
            findings.ok(Topic.CONNTRACK, text);
        }
    }

    private static long number(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) { // the kernel gives the whole number to the first read, and nothing to a second
            byte[] bytes = new byte[MOST_BYTES];
            return Long.parseLong(new String(bytes, 0, Math.max(0, in.read(bytes)), StandardCharsets.US_ASCII).strip());
        } catch (NoSuchFileException e) {
            return -1; // the module isn't loaded, or this is a container
        }
    }
}
