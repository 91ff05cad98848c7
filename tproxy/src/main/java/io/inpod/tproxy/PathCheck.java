package io.inpod.tproxy;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;

/**
 * Checks that a redirection works by sending traffic through it, see {@link io.inpod.tproxy.listen.Listeners#pathCheck}. Blocks; may be
 * called from any platform thread that isn't an event loop's.
 */
@FunctionalInterface
public interface PathCheck {
    /**
     * Runs the check.
     *
     * @param namespace the redirected namespace
     * @throws IOException if the check fails; the message says how far the traffic got
     */
    void run(NetworkNamespace namespace) throws IOException;
}
