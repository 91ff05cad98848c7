package io.inpod.examples.nodeagent.doctor;

import io.inpod.netlink.diag.InetSocket;
import io.inpod.netlink.diag.SocketDiag;
import io.inpod.netlink.diag.SocketFilter;
import io.inpod.netlink.diag.SocketQuery;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.IpFamily;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * Opens a connection in the pod, to an address that nobody has (RFC 5737, RFC 3849), and looks where it arrives. No data is sent; the
 * ztunnel may send a few packets to that address before it notices that the connection was closed.
 */
final class OutboundTrial implements Check {
    private static final String NOBODY_V4 = "192.0.2.1";
    private static final String NOBODY_V6 = "2001:db8::1";
    private static final int DISCARD = 9;

    @Override
    public void look(Subject pod, Findings findings) throws IOException {
        if (findings.skipAfter(Topic.OUTBOUND, Topic.PROXY, Topic.SERVED, Topic.OUTBOUND_PORT, Topic.RULES, Topic.LOOPBACK, Topic.FOREIGN,
                Topic.MARKS,
                Topic.LEFTOVERS)) {
            return;
        }
        List<String> arrived = new ArrayList<>();
        List<String> wrong = new ArrayList<>();
        List<String> untried = new ArrayList<>();
        for (IpFamily family : pod.families()) {
            if (pod.address(family).isEmpty()) {
                continue;
            }
            String target = family == IpFamily.V4 ? NOBODY_V4 : NOBODY_V6;
            try (Attempt attempt = Attempt.of(pod.netns(), new InetSocketAddress(InetAddress.getByName(target), DISCARD))) {
                switch (attempt.outcome()) {
                    case ACCEPTED -> (arrivedAtProxy(pod, attempt) ? arrived : wrong).add(target);
                    case ENDED -> arrived.add(target); // nobody else can have accepted it
                    case REFUSED -> wrong.add(target + " (refused)");
                    case UNANSWERED -> wrong.add(target + " (no answer within 2 s)");
                    default -> untried.add("the pod has no route to " + target);
                }
            }
        }
        if (!wrong.isEmpty()) {
            findings.fail(Topic.OUTBOUND,
                    "connections to these addresses, port 9, didn't arrive at port " + InPodConstants.OUTBOUND_PORT + ": "
                            + String.join(", ", wrong),
                    "./inpod rules probe shows, rule by rule, where packets go; look for other programs' rules with nft list ruleset");
        } else if (arrived.isEmpty()) {
            findings.skip(Topic.OUTBOUND, untried.isEmpty() ? "the pod has no address" : String.join("; ", untried));
        } else {
            findings.ok(Topic.OUTBOUND, "tried: connections to " + String.join(" and ", arrived)
                    + ", port 9, which nobody has, arrived at port " + InPodConstants.OUTBOUND_PORT
                    + "; they were closed at once, without data"
                    + (untried.isEmpty() ? "" : "; " + String.join("; ", untried)));
        }
    }

    /** The other end of a redirected connection is a socket in the same namespace. */
    private static boolean arrivedAtProxy(Subject pod, Attempt attempt) throws IOException {
        try (SocketDiag diag = SocketDiag.open(pod.netns())) {
            List<InetSocket> ends = diag.list(SocketQuery.tcp().where(SocketFilter.localPort(InPodConstants.OUTBOUND_PORT))
                    .where(SocketFilter.remotePort(attempt.localPort())));
            return !ends.isEmpty();
        }
    }
}
