package io.inpod.examples.ztunnel.limit;

import io.inpod.tproxy.share.Clients;
import io.inpod.tproxy.share.Share;
import java.net.InetAddress;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Divides the log's lines about connections: per period there is a total, of which a pod may use as much as is free for everybody, and a
 * client as much as is free for its pod. What is left out is counted, and reported at the end of the period. Thread-safe.
 */
public final class LogLines {
    private static final Logger LOG = LoggerFactory.getLogger("limits");
    /** How many clients of a pod are named in a report. */
    private static final int MOST_NAMED = 5;
    private static final int LAST_LINES = 100;

    private final Share lines;
    private final LongAdder allLeftOut = new LongAdder();

    /**
     * Divides a number of lines.
     *
     * @param perPeriod how many lines all pods may use together between two {@linkplain OfPod#report reports}
     */
    public LogLines(int perPeriod) {
        lines = Share.of(perPeriod);
    }

    /**
     * Returns the part of a new pod.
     *
     * @param name the pod's name, for reports
     * @return its lines
     */
    public OfPod pod(String name) {
        return new OfPod(name);
    }

    /** {@return how many lines were left out since the start} */
    public long leftOut() {
        return allLeftOut.sum();
    }

    private static final class Client {
        private final InetAddress address;
        private final Share lines;
        private long leftOut;

        Client(InetAddress address, Share lines) {
            this.address = address;
            this.lines = lines;
        }
    }

    /** The lines about a pod and its clients. */
    public final class OfPod {
        private final String name;
        private final Map<InetAddress, Client> clients = new HashMap<>();
        private Share ofPod = lines.part();
        private long leftOut;

        private OfPod(String name) {
            this.name = name;
        }

        /**
         * Takes some lines; if it returns false, they must be left out.
         *
         * @param address the client that the lines are about, not an IPv4-mapped one; null if they are about the pod
         * @param count how many lines, at least 1
         * @return whether they may be written
         */
        public synchronized boolean take(@Nullable InetAddress address, int count) {
            Client client = address == null ? null : client(address);
            Share share = client == null ? ofPod : client.lines;
            if (share.tryTake(count)) {
                return true;
            }
            leftOut += count;
            allLeftOut.add(count);
            if (client != null) {
                client.leftOut += count;
            }
            return false;
        }

        /** Returns a client; null if it isn't known yet and the pod has no line for it: so there are no more clients than lines. */
        private @Nullable Client client(InetAddress address) {
            InetAddress key = Clients.group(address);
            Client known = clients.get(key);
            if (known == null && ofPod.room() > 0) {
                known = new Client(address, ofPod.part());
                clients.put(key, known);
            }
            return known;
        }

        /** Ends a period: logs what was left out, and gives back the lines. */
        public synchronized void report() {
            if (leftOut > 0) {
                List<Client> most = clients.values().stream().filter(client -> client.leftOut > 0)
                        .sorted(Comparator.comparingLong((Client client) -> client.leftOut).reversed()).limit(MOST_NAMED).toList();
                LOG.warn("{} has its share of log lines\tleft_out={} held={} total={}", name, leftOut, lines.held(), lines.total());
                most.forEach(
                        client -> LOG.warn("{} lines left out for client {} of {}", client.leftOut, client.address.getHostAddress(), name));
            }
            leftOut = 0;
            clients.clear();
            ofPod.giveBack(ofPod.held());
            ofPod = lines.part();
        }

        /** Ends the last period. Connections that end even later have a few lines that count nowhere. */
        public synchronized void end() {
            report();
            ofPod = Share.of(LAST_LINES);
        }
    }
}
