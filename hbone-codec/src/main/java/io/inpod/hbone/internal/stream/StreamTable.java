package io.inpod.hbone.internal.stream;

import io.netty.util.collection.IntObjectHashMap;
import io.netty.util.collection.IntObjectMap;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** The open streams of a connection, and the latest of those that the peer itself has ended. {@link Streams} adds and removes. */
public final class StreamTable {
    private static final int REMEMBERED = 64;

    private final IntObjectMap<Stream> open = new IntObjectHashMap<>();
    private final int[] endedByPeer = new int[REMEMBERED];
    private int nextEnded;
    private long idleSince = System.nanoTime();

    /** The open stream with this identifier, or null. */
    public @Nullable Stream get(int id) {
        return open.get(id);
    }

    /** The number of open streams. */
    public int size() {
        return open.size();
    }

    /** Whether no stream is open. */
    public boolean isEmpty() {
        return open.isEmpty();
    }

    /** The open streams, for loops that end streams. */
    public Stream[] snapshot() {
        return open.values().toArray(new Stream[0]);
    }

    /** When the last stream ended, or the connection began, as {@link System#nanoTime()} counts. */
    public long idleSince() {
        return idleSince;
    }

    /**
     * Whether the peer itself has ended this stream, by END_STREAM or RST_STREAM. DATA on such a stream can't have crossed anything of ours
     * (RFC 9113 sections 5.1 and 6.1). It makes no difference whether that DATA arrives before our own end, and finds a stream, or after
     * it. Only the latest {@value #REMEMBERED} such streams are known; DATA on older ones is dropped.
     */
    public boolean wasEndedByPeer(int id) {
        for (int ended : endedByPeer) {
            if (ended == id) {
                return true;
            }
        }
        return false;
    }

    Collection<Stream> streams() {
        return open.values();
    }

    void add(Stream stream) {
        open.put(stream.id(), stream);
    }

    void remove(Stream stream) {
        open.remove(stream.id());
        idleSince = System.nanoTime();
    }

    void rememberEndedByPeer(Stream stream) {
        endedByPeer[nextEnded] = stream.id();
        nextEnded = (nextEnded + 1) % REMEMBERED;
    }
}
