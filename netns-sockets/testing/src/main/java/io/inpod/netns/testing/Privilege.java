package io.inpod.netns.testing;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.error.SystemCallFailure;
import java.io.IOException;
import java.util.Set;
import org.opentest4j.TestAbortedException;

/** A privilege that a test needs, which is checked by trying it. */
public enum Privilege {
    /** Creating network namespaces: CAP_SYS_ADMIN. */
    NAMESPACES {
        @Override
        void check() throws IOException {
            NetworkNamespace.create().close();
        }
    };

    private static final Set<String> REFUSALS = Set.of("EPERM", "EACCES", "ENOSYS", "ENOSPC");
    private static final String COMMAND = "unshare -Ur --mount --net --pid --fork --kill-child --mount-proc"
            + " sh -c 'mount -t tmpfs tmpfs /run && ip link set lo up && exec \"$@\"' sh mvn verify";

    abstract void check() throws IOException;

    /**
     * Returns if the process has the privilege. Otherwise skips the calling test, or fails it if {@code CI=true} is in the environment; the
     * message names what is missing and a command that helps.
     *
     * @throws TestAbortedException to skip the test
     * @throws AssertionError to fail it
     */
    public void require() {
        try {
            check();
        } catch (IOException e) {
            String message = "missing privilege " + this + ": " + e.getMessage() + "; run as root, or let the test runner start the JVM"
                    + " through inpod-sandbox/bin/java of this jar, or run the whole build in a sandbox: " + COMMAND;
            boolean refused = e instanceof SystemCallFailure failure && REFUSALS.contains(failure.symbol());
            if (!refused) {
                throw new AssertionError(message, e); // an error that isn't a refusal is a fault, which a skipped test would hide
            }
            throw Missing.failure(message, e);
        }
    }
}
