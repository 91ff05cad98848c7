package io.inpod.examples.ztunnel.ca;

import io.inpod.examples.ztunnel.istiod.WatchedBytes;
import io.inpod.hbone.ConnectionIdentities;
import io.inpod.hbone.identity.RevocationLists;
import io.inpod.hbone.identity.WorkloadCertificate;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The revocation lists in a file, which is watched. Lists that can't be read change nothing: what was revoked before stays so. */
final class Revocations {
    private static final Logger LOG = LoggerFactory.getLogger("ca");

    private final WatchedBytes file;
    private volatile RevocationLists lists;

    private Revocations(WatchedBytes file, RevocationLists lists) {
        this.file = file;
        this.lists = lists;
    }

    static Revocations read(Path path) throws IOException {
        WatchedBytes file = WatchedBytes.read(path);
        return new Revocations(file, parse(file));
    }

    private static RevocationLists parse(WatchedBytes file) throws IOException {
        try {
            RevocationLists lists = RevocationLists.parse(file.content());
            LOG.info("{} revocation lists in {}", lists.size(), file);
            return lists;
        } catch (IOException e) {
            throw new IOException(file + " " + e.getMessage(), e);
        }
    }

    /** {@return the lists that count now; from memory} */
    RevocationLists lists() {
        return lists;
    }

    /**
     * Looks at the file, and if there are other lists, ends the connections of which they revoke a certificate, the peer's or ours. Whether
     * they do is decided for each request, and follows from what the connection has shown: it takes neither a lock nor the pod's present
     * certificate.
     *
     * @param cut ends the connections for which the predicate is true
     * @return whether there are other lists
     */
    boolean look(Consumer<Predicate<ConnectionIdentities>> cut) throws IOException {
        if (!file.look()) {
            return false;
        }
        lists = parse(file);
        RevocationLists now = lists;
        cut.accept(connection -> now.revokes(connection.peerChain(), connection.roots())
                || now.revokes(connection.localChain(), connection.roots()));
        return true;
    }

    /** {@return whether a certificate is revoked} */
    boolean revokes(WorkloadCertificate certificate) {
        return lists.revokes(certificate.chain(), certificate.trustAnchors());
    }
}
