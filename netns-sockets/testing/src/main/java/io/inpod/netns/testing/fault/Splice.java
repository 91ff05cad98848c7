package io.inpod.netns.testing.fault;

import io.inpod.netlink.Link;
import io.inpod.netlink.Links;
import io.inpod.netlink.MacAddress;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.error.AlreadyClosedException;
import io.inpod.netns.socket.PacketRing;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * A pod's link with a gap in it. The veth's end in the node moves to a namespace of its own, and a second veth pair leads from there to the
 * bridge; its end there takes over the name and the hardware address of the first one.
 *
 * <pre>
 * before:  pod eth0 ── veth0 br0
 * after:   pod eth0 ── veth0 ring │ ring bridge ── veth0 br0
 * </pre>
 *
 * <p>The kernel limits the segments that it sends into the gap in one piece, so that each piece fits into a slot of the ring.
 */
final class Splice implements AutoCloseable {
    private static final String NODE_SIDE = "bridge";
    private static final String TEMPORARY = "inpod-fault";
    private static final int RING_BYTES = 32 << 20;

    /** The kernel may hand over several segments in one piece of up to this length, which then takes 16 KiB of the ring. */
    private static final int PIECE_BYTES = 16_000;
    private static final int ETHERNET_BYTES = 18;
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final NetworkNamespace gap;
    private final String podSide;
    private final int largest;
    private final PacketRing toPod;
    private final PacketRing toNode;

    private Splice(NetworkNamespace gap, String podSide, int largest, PacketRing toPod, PacketRing toNode) {
        this.gap = gap;
        this.podSide = podSide;
        this.largest = largest;
        this.toPod = toPod;
        this.toNode = toNode;
    }

    /** Takes the link of a pod apart. */
    static Splice insert(Endpoint pod) throws IOException {
        NetworkNamespace node = pod.node();
        NetworkNamespace gap = NetworkNamespace.create();
        try (Rtnetlink atNode = Rtnetlink.open(node);
                Rtnetlink inGap = Rtnetlink.open(gap);
                Rtnetlink inPod = Rtnetlink.open(pod.namespace())) {
            return insert(node, pod, gap, atNode.links(), inGap.links(), inPod.links());
        } catch (IOException | RuntimeException e) {
            gap.close();
            throw e;
        }
    }

    private static Splice insert(NetworkNamespace node, Endpoint pod, NetworkNamespace gap, Links atNode, Links inGap, Links inPod)
            throws IOException {
        Link link = atNode.get(pod.link());
        Link inside = byIndex(inPod, link.peer(), pod.name());
        if (link.master() == 0) {
            throw new IllegalStateException(link.name() + " of " + pod.name() + " belongs to no bridge: faults need one, see setMaster");
        }
        String bridge = byIndex(atNode, link.master(), "the node").name();
        int largest = Math.max(link.mtu(), PIECE_BYTES);
        int segments = largest / link.mtu();
        withoutIpv6(gap);
        inGap.createVeth(NODE_SIDE, TEMPORARY, node);
        MacAddress own = address(atNode.get(TEMPORARY));
        atNode.setMtu(TEMPORARY, link.mtu());
        inGap.setMtu(NODE_SIDE, link.mtu());
        atNode.setMaxSegments(TEMPORARY, segments);
        inPod.setMaxSegments(inside.name(), segments);
        inGap.up(NODE_SIDE);
        PacketRing toNode = PacketRing.open(gap, inGap.get(NODE_SIDE).index(), largest, RING_BYTES);
        PacketRing toPod;
        try {
            atNode.moveTo(link.name(), gap);
            inGap.setAddress(link.name(), own); // the bridge's address may be that of a port: frames to it aren't for the gap
            inGap.up(link.name());
            toPod = PacketRing.open(gap, inGap.get(link.name()).index(), largest, RING_BYTES);
            atNode.rename(TEMPORARY, link.name());
            atNode.setAddress(link.name(), address(link));
            atNode.setMaster(link.name(), bridge);
            atNode.up(link.name());
        } catch (IOException | RuntimeException e) {
            toNode.close();
            throw e;
        }
        Splice splice = new Splice(gap, link.name(), largest, toPod, toNode);
        try {
            awaitRunning(atNode, link.name());
            awaitRunning(inGap, NODE_SIDE);
            if (inside.up()) {
                awaitRunning(inGap, link.name());
                awaitRunning(inPod, inside.name());
            }
            return splice;
        } catch (IOException | RuntimeException e) {
            splice.close();
            throw e;
        }
    }

    private static MacAddress address(Link link) {
        return Objects.requireNonNull(link.address(), link + " is no Ethernet interface");
    }

    private static Link byIndex(Links links, int index, String where) throws IOException {
        return links.list().stream().filter(link -> link.index() == index).findFirst()
                .orElseThrow(() -> new IllegalStateException("interface " + index + " of " + where + " is gone"));
    }

    /** Keeps the gap's own packets (router solicitations, multicast reports) off the link. */
    private static void withoutIpv6(NetworkNamespace gap) throws IOException {
        for (String which : new String[] {"all", "default"}) {
            Path setting = Path.of("/proc/sys/net/ipv6/conf", which, "disable_ipv6");
            if (Files.isWritable(setting)) { // in a container it may not be; a few more packets do no harm
                gap.<Object, IOException>call(() -> Files.writeString(setting, "1", StandardOpenOption.WRITE));
            }
        }
    }

    /** The kernel reports a new link in the background. */
    private static void awaitRunning(Links links, String name) throws IOException {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (!links.get(name).running()) {
            if (System.nanoTime() - deadline > 0) {
                throw new IOException(
                        "the interface " + name + " carries no packets " + LIMIT.toSeconds() + " seconds after it was set up");
            }
            try {
                TimeUnit.MILLISECONDS.sleep(1);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted while waiting for the interface " + name);
            }
        }
    }

    /** The pod's side of the gap. */
    PacketRing toPod() {
        return toPod;
    }

    /** The node's side of the gap. */
    PacketRing toNode() {
        return toNode;
    }

    /** The length of the longest frame, with the header of {@link PacketRing}. */
    int frameBytes() {
        return PacketRing.HEADER_BYTES + ETHERNET_BYTES + largest;
    }

    /** Deletes both interfaces, whose sockets then report that they are down. */
    void cut() {
        try (Rtnetlink inGap = Rtnetlink.open(gap)) {
            for (String name : new String[] {podSide, NODE_SIDE}) {
                if (inGap.links().find(name).isPresent()) {
                    inGap.links().delete(name);
                }
            }
        } catch (AlreadyClosedException e) {
            // the relay has ended by itself
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        toPod.close();
        toNode.close();
        gap.close();
    }
}
