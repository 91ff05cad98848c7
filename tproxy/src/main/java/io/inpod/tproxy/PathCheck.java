package io.inpod.tproxy;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;

/**
 * Proves that a redirection works by sending something through it, see {@link io.inpod.tproxy.listen.Listeners#pathCheck}. Blocks; for any platform thread but
 * those of event loops.
 */
@FunctionalInterface
public interface PathCheck {
    /**
     * Tries it.
     *
     * @param namespace the redirection's
     * @throws IOException saying how far it got
     */
    void run(NetworkNamespace namespace) throws IOException;
}
