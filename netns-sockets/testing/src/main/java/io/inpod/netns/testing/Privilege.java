package io.inpod.netns.testing;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import org.opentest4j.TestAbortedException;

/** What a test needs from the system, checked by trying it. */
public enum Privilege {
    /** Making network namespaces: CAP_SYS_ADMIN. */
    NAMESPACES {
        @Override
        void probe() throws IOException {
            NetworkNamespace.create().close();
        }
    };

    abstract void probe() throws IOException;

    /**
     * Returns if the process has it; otherwise skips the calling test, or with {@code CI=true} fails it, naming what is missing.
     */
    public void require() {
        try {
            probe();
        } catch (IOException e) {
            String message = "missing privilege " + this + ": " + e.getMessage()
                    + "; run as root, or start the JVM through sandbox/bin/java";
            if ("true".equals(System.getenv("CI"))) {
                throw new AssertionError(message, e);
            }
            throw new TestAbortedException(message, e);
        }
    }
}
