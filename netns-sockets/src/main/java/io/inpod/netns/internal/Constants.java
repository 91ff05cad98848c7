package io.inpod.netns.internal;

/**
 * Numbers of the Linux system call interface. They are written here because jnr-constants, which has many of them, is an automatic module,
 * which jlink refuses; a test compares the two.
 */
public final class Constants {
    public static final int O_RDONLY = 0;
    public static final int O_CLOEXEC = 0x80000;
    public static final int O_NONBLOCK = 2048;
    /** asm/fcntl.h: one of the few numbers that depend on the architecture. */
    public static final int O_NOFOLLOW = System.getProperty("os.arch").equals("aarch64") ? 0x8000 : 0x20000;
    public static final int AT_FDCWD = -100;
    public static final int AT_EMPTY_PATH = 0x1000;
    public static final int F_DUPFD_CLOEXEC = 1030;

    /** sched.h. */
    public static final int CLONE_NEWNET = 0x40000000;

    /** linux/nsfs.h: _IO(0xb7, 3), the type of a namespace as its CLONE_ flag; ENOTTY if the file isn't a namespace. */
    public static final long NS_GET_NSTYPE = 0xb703;

    /** linux/nsfs.h: _IO(0xb7, 1), a new descriptor of the user namespace that owns a namespace. */
    public static final long NS_GET_USERNS = 0xb701;

    /** linux/nsfs.h: _IO(0xb7, 4), the user who created a user namespace. */
    public static final long NS_GET_OWNER_UID = 0xb704;

    public static final int CLONE_NEWUSER = 0x10000000;

    public static final long MS_BIND = 4096;
    public static final long MS_REC = 16384;
    public static final long MS_SHARED = 1 << 20;
    public static final int MNT_DETACH = 2;
    public static final int UMOUNT_NOFOLLOW = 8;
    public static final int LOCK_EX = 2;

    public static final int AF_UNIX = 1;
    public static final int AF_NETLINK = 16;
    public static final int AF_PACKET = 17;
    public static final int SOCK_RAW = 3;
    public static final int SOCK_STREAM = 1;
    public static final int SOCK_SEQPACKET = 5;
    public static final int SOCK_CLOEXEC = 0x80000;
    public static final int SOCK_NONBLOCK = O_NONBLOCK;
    public static final int SOL_SOCKET = 1;
    public static final int SO_PEERCRED = 17;
    public static final int SO_SNDTIMEO = 21;
    public static final int SO_RCVBUF = 8;
    public static final int SCM_RIGHTS = 1;
    public static final int SHUT_RDWR = 2;

    public static final int MSG_CTRUNC = 0x8;
    public static final int MSG_TRUNC = 0x20;
    public static final int MSG_NOSIGNAL = 0x4000;
    public static final int MSG_CMSG_CLOEXEC = 0x40000000;

    public static final short POLLIN = 1;

    public static final int SOL_NETLINK = 270;
    public static final int NETLINK_CAP_ACK = 10;
    public static final int NETLINK_EXT_ACK = 11;
    public static final int NETLINK_GET_STRICT_CHK = 12;

    public static final int NETLINK_ADD_MEMBERSHIP = 1;
    public static final int MSG_DONTWAIT = 0x40;
    public static final int SO_SNDBUF = 7;
    public static final int SO_SNDBUFFORCE = 32;
    public static final int SO_RCVBUFFORCE = 33;

    public static final int EINTR = 4;
    public static final int ECONNREFUSED = 111;
    public static final int EAGAIN = 11;
    public static final int ENOBUFS = 105;
    public static final int ENETDOWN = 100;
    public static final int ENXIO = 6;
    public static final int EMSGSIZE = 90;

    public static final int AF_INET = 2;
    public static final int AF_INET6 = 10;
    public static final int SOCK_DGRAM = 2;
    public static final int SO_MARK = 36;
    public static final int SOL_IP = 0;
    public static final int IP_TRANSPARENT = 19;
    public static final int SOL_IPV6 = 41;
    public static final int IPV6_TRANSPARENT = 75;

    private Constants() {}
}
