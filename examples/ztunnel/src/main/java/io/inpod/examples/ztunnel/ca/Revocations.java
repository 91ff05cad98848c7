package io.inpod.examples.ztunnel.ca;

import io.inpod.examples.ztunnel.istiod.WatchedBytes;
import io.inpod.hbone.ConnectionIdentities;
import io.inpod.hbone.identity.CertificateSource;
import io.inpod.hbone.identity.RevocationLists;
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
     * Looks at the file, and if there are other lists, ends the connections of peers whose certificates they revoke.
     *
     * @param source knows the roots to which the peers' certificates lead
     * @param cut ends the connections for which the predicate is true
     */
    void look(CertificateSource source, Consumer<Predicate<ConnectionIdentities>> cut) throws IOException {
        if (file.look()) {
            lists = parse(file);
            RevocationLists now = lists;
            cut.accept(connection -> isRevoked(now, source, connection));
        }
    }

    private static boolean isRevoked(RevocationLists lists, CertificateSource source, ConnectionIdentities connection) {
        try {
            return lists.revokes(connection.peerChain(), source.certificate(connection.local()).trustAnchors());
        } catch (IOException e) {
            return true; // what can't be decided is denied
        }
    }
}
