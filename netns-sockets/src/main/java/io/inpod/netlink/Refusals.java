package io.inpod.netlink;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What was refused before the rest of a batch was sent. Not thread-safe. */
final class Refusals {
    private static final int EEXIST = 17;

    private final NetlinkSocket socket;
    private final List<IOException> all = new ArrayList<>();

    Refusals(NetlinkSocket socket) {
        this.socket = socket;
    }

    void notFound(String operation, Object subject, int errno, String explanation) {
        all.add(NetlinkException.of(operation, subject + " in " + socket.where(), errno, explanation));
    }

    void exists(String operation, Object subject) {
        all.add(NetlinkException.of(operation, subject + " in " + socket.where(), EEXIST, null, -1));
    }

    /** The kernel would delete another object than the one that was meant. */
    void hidden(String operation, Object subject, Object first) {
        all.add(new IOException(operation + " on " + subject + " in " + socket.where() + ": the kernel would delete \"" + first
                + "\" instead, which comes first and has all that such a request can name;"
                + " to delete this one, delete that one before and add it again"));
    }

    /** Sends the rest, and throws the first refusal with the others suppressed. */
    void thenExecute(List<NetlinkRequest> rest) throws IOException {
        try {
            socket.executeAll(rest);
        } catch (NetlinkException e) {
            all.add(e);
        }
        if (!all.isEmpty()) {
            IOException first = all.get(0);
            all.stream().skip(1).forEach(first::addSuppressed);
            throw first;
        }
    }
}
