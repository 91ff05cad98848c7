package io.inpod.netlink.diag;

import io.inpod.netns.IpFamily;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A condition that the kernel evaluates for each socket, so that it sends only those that match: the expressions of {@code ss}, see
 * "EXPRESSION" in ss(8). Immutable.
 *
 * <pre>{@code
 * SocketFilter.localPort(8080).or(SocketFilter.remotePorts(5000, 5999)).and(SocketFilter.remote(address, 24).not())
 * }</pre>
 */
public final class SocketFilter {
    /*
     * The kernel's byte code, struct inet_diag_bc_op of linux/inet_diag.h: a code, how many bytes to go on if it holds, how many if not.
     * A socket matches if the evaluation arrives at the end, and doesn't if it arrives four bytes behind it. This makes composing simple.
     */
    private static final int JUMP = 1;
    private static final int LOCAL_AT_LEAST = 2;
    private static final int LOCAL_AT_MOST = 3;
    private static final int REMOTE_AT_LEAST = 4;
    private static final int REMOTE_AT_MOST = 5;
    private static final int LOCAL_HOST = 7;
    private static final int REMOTE_HOST = 8;
    private static final int LINK = 9;
    private static final int MARK = 10;
    private static final int CGROUP = 13;

    private static final int OP = 4;
    private static final int HOST_CONDITION = 8;
    private static final int NO_OFFSET = 2;
    private static final int ANY_PORT = -1;
    private static final int MOST_BYTES = 0xffff - 2 * OP;
    private static final int MOST_PORT = 0xffff;

    private final byte[] code;
    private final String words;

    private SocketFilter(byte[] code, String words) {
        if (code.length > MOST_BYTES) {
            throw new IllegalArgumentException("a filter has at most " + MOST_BYTES + " bytes of the kernel's code, this one "
                    + code.length + ": divide it into several queries");
        }
        this.code = code;
        this.words = words;
    }

    /**
     * Matches the port that a socket is bound to.
     *
     * @param port the port, 0 to 65535
     * @return the filter
     * @throws IllegalArgumentException if it is out of range
     */
    public static SocketFilter localPort(int port) {
        return localPorts(port, port);
    }

    /**
     * Matches a range of the ports that a socket is bound to.
     *
     * @param first the first port, 0 to 65535
     * @param last the last port, from the first to 65535
     * @return the filter
     * @throws IllegalArgumentException if they are out of range
     */
    public static SocketFilter localPorts(int first, int last) {
        return ports("sport", LOCAL_AT_LEAST, LOCAL_AT_MOST, first, last);
    }

    /**
     * Matches the port that a socket is connected to.
     *
     * @param port the port, 0 to 65535
     * @return the filter
     * @throws IllegalArgumentException if it is out of range
     */
    public static SocketFilter remotePort(int port) {
        return remotePorts(port, port);
    }

    /**
     * Matches a range of the ports that a socket is connected to.
     *
     * @param first the first port, 0 to 65535
     * @param last the last port, from the first to 65535
     * @return the filter
     * @throws IllegalArgumentException if they are out of range
     */
    public static SocketFilter remotePorts(int first, int last) {
        return ports("dport", REMOTE_AT_LEAST, REMOTE_AT_MOST, first, last);
    }

    private static SocketFilter ports(String side, int atLeast, int atMost, int first, int last) {
        if (first < 0 || last > MOST_PORT || first > last) {
            throw new IllegalArgumentException(
                    side + ": first " + first + " and last " + last + " must be 0 to " + MOST_PORT + ", and in this order");
        }
        SocketFilter both = condition(side + " >= " + first, atLeast, port(first)).and(
                condition(side + " <= " + last, atMost, port(last)));
        return new SocketFilter(both.code, first == last ? side + " = " + first : both.words);
    }

    /** A port is the third field of an operation of its own. */
    private static byte[] port(int port) {
        return bytes(buffer(OP).putShort(NO_OFFSET, (short) port));
    }

    /**
     * Matches the network of the address that a socket is bound to. A network of IPv4 matches IPv4-mapped addresses of IPv6 too.
     *
     * @param address the network's address
     * @param prefixLength how many bits are compared, 0 to 32 or 128
     * @return the filter
     * @throws IllegalArgumentException if the prefix is out of range
     */
    public static SocketFilter local(InetAddress address, int prefixLength) {
        return host("src", LOCAL_HOST, address, prefixLength);
    }

    /**
     * Matches the network of the address that a socket is connected to, as {@link #local} does.
     *
     * @param address the network's address
     * @param prefixLength how many bits are compared, 0 to 32 or 128
     * @return the filter
     * @throws IllegalArgumentException if the prefix is out of range
     */
    public static SocketFilter remote(InetAddress address, int prefixLength) {
        return host("dst", REMOTE_HOST, address, prefixLength);
    }

    private static SocketFilter host(String side, int operation, InetAddress address, int prefixLength) {
        IpFamily family = IpFamily.of(address);
        if (prefixLength < 0 || prefixLength > family.bits()) {
            throw new IllegalArgumentException("prefix length " + prefixLength + " isn't 0 to " + family.bits());
        }
        byte[] bytes = address.getAddress();
        byte[] condition =
                bytes(buffer(HOST_CONDITION + bytes.length).put((byte) family.number()).put((byte) prefixLength).putShort((short) 0)
                        .putInt(ANY_PORT).put(bytes));
        return condition(side + " " + address.getHostAddress() + "/" + prefixLength, operation, condition);
    }

    /**
     * Matches the interface that a socket is bound to with SO_BINDTODEVICE.
     *
     * @param index its index, at least 1; 0 for sockets that aren't bound to one
     * @return the filter
     * @throws IllegalArgumentException if it is negative
     */
    public static SocketFilter link(int index) {
        if (index < 0) {
            throw new IllegalArgumentException("index " + index + " of an interface isn't 0 to " + Integer.MAX_VALUE);
        }
        return condition("dev " + index, LINK, bytes(buffer(Integer.BYTES).putInt(index)));
    }

    /**
     * Matches the mark of a socket. The kernel takes such a filter only from a process with CAP_NET_ADMIN.
     *
     * @param mark the mark
     * @param mask the bits that are compared
     * @return the filter
     * @throws IllegalArgumentException if the mark has bits outside the mask: it would match no socket
     */
    public static SocketFilter mark(int mark, int mask) {
        String words = "fwmark 0x" + Integer.toHexString(mark) + "/0x" + Integer.toHexString(mask);
        if ((mark & ~mask) != 0) {
            throw new IllegalArgumentException("mark: " + words + " has bits outside the mask, and matches nothing");
        }
        return condition(words, MARK, bytes(buffer(2 * Integer.BYTES).putInt(mark).putInt(mask)));
    }

    /**
     * Matches the control group in which a socket was created. The kernel takes such a filter since Linux 5.9.
     *
     * @param id the group's id: the inode of its directory below {@code /sys/fs/cgroup}
     * @return the filter
     */
    public static SocketFilter cgroup(long id) {
        return condition("cgroup " + Long.toUnsignedString(id), CGROUP, bytes(buffer(Long.BYTES).putLong(id)));
    }

    private static SocketFilter condition(String words, int operation, byte[] operand) {
        int length = OP + operand.length;
        return new SocketFilter(
                bytes(buffer(length).put((byte) operation).put((byte) length).putShort((short) (length + OP)).put(operand)), words);
    }

    /**
     * Matches what both filters match.
     *
     * @param other the other filter
     * @return the filter
     * @throws IllegalArgumentException if the kernel's code for it is longer than 65527 bytes, which is some thousand conditions
     */
    public SocketFilter and(SocketFilter other) {
        byte[] joined = Arrays.copyOf(code, code.length + other.code.length);
        System.arraycopy(other.code, 0, joined, code.length, other.code.length);
        ByteBuffer ops = ByteBuffer.wrap(joined).order(ByteOrder.nativeOrder());
        for (int at = 0; at < code.length; at += ops.get(at + 1) & 0xff) {
            int no = ops.getShort(at + NO_OFFSET) & 0xffff;
            if (at + no == code.length + OP) { // what left this filter as "doesn't match" now has to leave both
                ops.putShort(at + NO_OFFSET, (short) (no + other.code.length));
            }
        }
        return new SocketFilter(joined, "(" + words + " and " + other.words + ")");
    }

    /**
     * Matches what at least one of two filters matches.
     *
     * @param other the other filter
     * @return the filter
     * @throws IllegalArgumentException as for {@link #and}
     */
    public SocketFilter or(SocketFilter other) {
        // if this filter matches, a jump skips the other; if not, it leaves four bytes behind its end, where the other begins
        byte[] joined = bytes(buffer(code.length + OP + other.code.length).put(code).put(jump(OP + other.code.length)).put(other.code));
        return new SocketFilter(joined, "(" + words + " or " + other.words + ")");
    }

    /**
     * Matches what this filter doesn't match.
     *
     * @return the filter
     * @throws IllegalArgumentException as for {@link #and}
     */
    public SocketFilter not() {
        // if this filter matches, a jump goes four bytes behind the end; if not, it leaves behind the jump, which is the end
        return new SocketFilter(bytes(buffer(code.length + OP).put(code).put(jump(2 * OP))), "not " + words);
    }

    private static byte[] jump(int bytes) {
        return bytes(buffer(OP).put((byte) JUMP).put((byte) OP).putShort((short) bytes));
    }

    private static byte[] bytes(ByteBuffer whole) {
        byte[] bytes = new byte[whole.capacity()];
        whole.get(0, bytes);
        return bytes;
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder());
    }

    /** The kernel's byte code, a new array. */
    byte[] code() {
        return code.clone();
    }

    /** {@return an expression of {@code ss}, in which ports and interfaces are numbers} */
    @Override
    public String toString() {
        return words;
    }
}
