package io.inpod.netlink;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.OwnedFd;
import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.Native;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Interfaces whose packets a program reads and writes, see the kernel's Documentation/networking/tuntap.rst. The kernel creates them
 * through {@code /dev/net/tun} and not by rtnetlink; otherwise they are interfaces like all others, and {@link Links#delete} deletes them.
 */
public final class TunLink {
    private static final String DEVICE = "/dev/net/tun";
    private static final int O_RDWR = 2;
    private static final long TUNSETIFF = 0x400454ca;
    private static final long TUNSETPERSIST = 0x400454cb;

    /** struct ifreq of linux/if.h: the name, then the flags. */
    private static final int IFREQ_BYTES = 40;
    private static final int IFREQ_FLAGS = 16;
    private static final int NO_HEADER = 0x1000;
    private static final int EXCLUSIVE = 0x8000;

    /** What a program reads and writes, IFF_ of linux/if_tun.h. */
    public enum Mode {
        /** Packets of IP. */
        TUN(1),
        /** Ethernet frames. */
        TAP(2);

        private final int bit;

        Mode(int bit) {
            this.bit = bit;
        }
    }

    private TunLink() {}

    /**
     * Creates an interface that stays until it is deleted, as {@code ip tuntap add} does. A program attaches to it later. Needs
     * CAP_NET_ADMIN in the namespace.
     *
     * @param namespace the namespace
     * @param name the name of the interface
     * @param mode what a program will read and write
     * @throws IOException if the name is taken (EBUSY), the namespace can't be entered, or the kernel has no tun or refuses
     * @throws IllegalArgumentException if the name is malformed
     */
    public static void create(NetworkNamespace namespace, String name, Mode mode) throws IOException {
        try (OwnedFd device = open(namespace, name, mode, EXCLUSIVE)) {
            int number = device.acquire();
            try {
                Native.check(Native.LIBC.ioctl(number, TUNSETPERSIST, 1), "ioctl(TUNSETPERSIST)", name);
            } finally {
                device.release();
            }
        }
    }

    /**
     * Attaches to an interface, which is created if it doesn't exist and then lasts until the descriptor is closed. Each read(2) returns
     * one packet or frame without a header before it, and each write(2) takes one.
     *
     * @param namespace the namespace of the interface
     * @param name its name
     * @param mode what is read and written; that with which an existing one was created
     * @return the descriptor, to be closed by the caller
     * @throws IOException if another program is attached to it, the namespace can't be entered, or the kernel has no tun or refuses
     * @throws IllegalArgumentException if the name is malformed
     */
    public static OwnedFd attach(NetworkNamespace namespace, String name, Mode mode) throws IOException {
        return open(namespace, name, mode, 0);
    }

    private static OwnedFd open(NetworkNamespace namespace, String name, Mode mode, int flags) throws IOException {
        ByteBuffer request = Native.buffer(IFREQ_BYTES).put(0, LinkMessages.checkNewName(name).getBytes(StandardCharsets.UTF_8))
                .putShort(IFREQ_FLAGS, (short) (mode.bit | NO_HEADER | flags));
        int number = namespace.<Integer, IOException>call(TunLink::open); // the interface's namespace is that in which this is opened
        if (number < 0) {
            throw Native.failure("open", DEVICE, -number);
        }
        OwnedFd device = OwnedFd.adopt(number, "the interface " + name);
        try {
            Native.check(Native.LIBC.ioctl(number, TUNSETIFF, request), "ioctl(TUNSETIFF)", name + " in " + namespace);
            return device;
        } catch (IOException e) {
            device.close();
            throw e;
        }
    }

    /** Returns an errno with a minus sign if it fails: the switch back would overwrite the thread's errno. */
    private static int open() {
        int number = Native.LIBC.open(DEVICE, O_RDWR | Constants.O_CLOEXEC, 0);
        return number < 0 ? -Native.errno() : number;
    }
}
