package io.inpod.hbone.internal;

/**
 * The latest streams on which the peer itself had said that nothing more would come, by END_STREAM or RST_STREAM, and that are gone. DATA
 * on one of them can't have crossed anything of ours (RFC 9113 sections 5.1 and 6.1); whether it comes before our own end, and meets a
 * stream, or after, must make no difference. Older ones are forgotten: what comes on those is dropped.
 */
final class PeerEnded {
    private static final int REMEMBERED = 64;

    private final int[] ids = new int[REMEMBERED];
    private int next;

    void add(int id) {
        ids[next] = id;
        next = (next + 1) % REMEMBERED;
    }

    boolean contains(int id) {
        for (int ended : ids) {
            if (ended == id) {
                return true;
            }
        }
        return false;
    }
}
