package io.inpod.hbone;

/**
 * Flow control (RFC 9113 section 5.2): the number of bytes that a peer may send before they are read.
 *
 * <p>An unread tunnel holds at most one stream window. A connection holds at most three connection windows, however many of its tunnels are
 * unread: once it holds more than one, all of its tunnels get smaller windows, so that the tunnels that are read go on. A peer that ignores
 * the smaller windows can make it hold four, and then gets no more credit.
 *
 * @param stream bytes per tunnel; 65,535 to 2^31-1
 * @param connection bytes per connection, {@code stream} to 2^29; a sensible value is several times {@code stream}
 * @param maxFrame the largest frame that is accepted, in bytes; 16,384 to 2^24-1
 */
public record HboneWindows(int stream, int connection, int maxFrame) {
    /** Windows of 4 and 16 MiB, frames of 1 MiB. */
    public static final HboneWindows DEFAULT = new HboneWindows(4 << 20, 16 << 20, 1 << 20);

    /**
     * Checks the ranges.
     *
     * @param stream see {@link #stream()}
     * @param connection see {@link #connection()}
     * @param maxFrame see {@link #maxFrame()}
     * @throws IllegalArgumentException if a value is out of range
     */
    public HboneWindows {
        HboneOptions.range("stream", stream, 65_535, Integer.MAX_VALUE);
        HboneOptions.range("connection", connection, stream, 1 << 29);
        HboneOptions.range("maxFrame", maxFrame, 16_384, 0xff_ffff);
    }
}
