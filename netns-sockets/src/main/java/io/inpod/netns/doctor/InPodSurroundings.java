package io.inpod.netns.doctor;

import io.inpod.netlink.Link;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.InPodSettings;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What in-pod redirection needs of a pod's network namespace besides rules and routing: the {@linkplain InPodSettings settings}, and a
 * loopback interface that carries packets of every redirected family. REDIRECT sends the pod's own connections through it
 * (iptables-extensions(8)), and policy routing returns packets by it.
 *
 * <p>Other settings that decide over a packet's way don't break it: validation of source addresses ({@code rp_filter}, {@code
 * accept_local}) doesn't concern packets that come back by the loopback interface.
 *
 * <p>Immutable. Changes nothing. Blocks.
 *
 * @param tproxy whether inbound connections are handed over by TPROXY
 * @param families the families that are redirected
 */
public record InPodSurroundings(boolean tproxy, Set<IpFamily> families) {
    private static final String LOOPBACK = "lo";
    private static final Path IPV6 = Path.of("/proc/sys/net/ipv6/conf");
    private static final String OFF = "disable_ipv6";

    /**
     * Copies the families.
     *
     * @param tproxy see {@link #tproxy()}
     * @param families see {@link #families()}
     */
    public InPodSurroundings {
        families = Set.copyOf(families);
    }

    /**
     * Looks for what breaks the redirection.
     *
     * @param namespace the namespace of a pod
     * @return one text for each finding, with what it breaks and how to change it; empty if there is none
     * @throws IOException if the namespace can't be entered, or something can't be read
     */
    public List<String> diff(NetworkNamespace namespace) throws IOException {
        List<String> findings = new ArrayList<>(loopback(namespace));
        findings.addAll(InPodSettings.of(tproxy).diff(namespace));
        return List.copyOf(findings);
    }

    /**
     * Looks at the loopback interface alone.
     *
     * @param namespace the namespace of a pod
     * @return as {@link #diff}
     * @throws IOException as {@link #diff}
     */
    public List<String> loopback(NetworkNamespace namespace) throws IOException {
        List<Link> links;
        try (Rtnetlink network = Rtnetlink.open(namespace)) {
            links = network.links().list();
        }
        Optional<Link> loopback = links.stream().filter(link -> link.name().equals(LOOPBACK)).findFirst();
        if (loopback.isEmpty()) {
            return List.of("there is no interface " + LOOPBACK + ": redirected connections of the pod go through it");
        }
        List<String> findings = new ArrayList<>();
        if (!loopback.get().up()) {
            findings.add(LOOPBACK + " is down: redirected connections of the pod go through it and time out; run ip link set " + LOOPBACK
                    + " up in the namespace");
        }
        if (families.contains(IpFamily.V6) && isOff(namespace, LOOPBACK)) {
            for (Link link : links) {
                if (!link.name().equals(LOOPBACK) && link.up() && !isOff(namespace, link.name())) {
                    findings.add(
                            "net.ipv6.conf." + LOOPBACK + "." + OFF + " is 1, while " + link.name() + " has IPv6: redirected connections "
                                    + "over IPv6 go through " + LOOPBACK + " and fail; run sysctl -w net.ipv6.conf." + LOOPBACK + "." + OFF
                                    + "=0 in the namespace");
                    break;
                }
            }
        }
        return findings;
    }

    private static boolean isOff(NetworkNamespace namespace, String link) throws IOException {
        Path setting = IPV6.resolve(link).resolve(OFF);
        read(IPV6.resolve(LOOPBACK).resolve(OFF)); // loads all classes before the thread enters the namespace
        return namespace.<Boolean, IOException>call(() -> !read(setting).equals("0"));
    }

    /** Returns the value, or 1 if the kernel has no IPv6 or the interface is gone. */
    private static String read(Path setting) throws IOException {
        try {
            return Files.readString(setting).strip();
        } catch (NoSuchFileException e) {
            return "1";
        }
    }
}
