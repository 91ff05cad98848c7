package io.inpod.examples.ztunnel.live;

import io.inpod.examples.ztunnel.policy.Attempt;
import io.inpod.examples.ztunnel.policy.Verdict;
import io.inpod.hbone.ConnectionIdentities;
import io.netty.channel.EventLoop;
import org.jspecify.annotations.Nullable;

/**
 * A connection that policy has allowed, until it ends or is cut. Its methods are called on its event loop; what is null or not is then
 * certain until the caller returns.
 */
public final class LiveConnection {
    private final LiveConnections all;
    private final EventLoop loop;
    private final Attempt attempt;
    private final @Nullable ConnectionIdentities certificates;
    private Runnable whenCut = () -> {
    };
    private LiveConnections.@Nullable Cut cut;
    private boolean ended;

    LiveConnection(LiveConnections all, EventLoop loop, Attempt attempt, @Nullable ConnectionIdentities certificates) {
        this.all = all;
        this.loop = loop;
        this.attempt = attempt;
        this.certificates = certificates;
    }

    EventLoop loop() {
        return loop;
    }

    Attempt attempt() {
        return attempt;
    }

    @Nullable
    ConnectionIdentities certificates() {
        return certificates;
    }

    /** {@return why it was cut, in the words of the log, or null if it wasn't} */
    public @Nullable String cut() {
        return cut == null ? null : cut.reason();
    }

    /** {@return whether it was cut because a certificate isn't trusted any more} */
    public boolean isRevoked() {
        return cut != null && cut.basis() == Verdict.Basis.REVOKED;
    }

    /**
     * Sets how it is cut from now on. If it has been cut already, that happens at once.
     *
     * @param action ends it at both sides
     */
    public void whenCut(Runnable action) {
        whenCut = action;
        if (cut != null) {
            action.run();
        }
    }

    /** It has ended, in whatever way. May be called again. */
    public void end() {
        ended = true;
        all.remove(this);
    }

    /** Cuts it, unless it has ended. */
    void cut(LiveConnections.Cut why) {
        if (!ended && cut == null) {
            cut = why;
            all.denials().cut(why.basis());
            whenCut.run();
        }
    }
}
