package io.inpod.netns.internal;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The C functions that inpod calls, see their man pages (section 2). Buffers are direct and are used from their position on.
 * On failure each returns -1 and sets an errno, which {@link Native} turns into an exception.
 */
public interface LibC {
    int setns(int fd, int type);

    int unshare(int flags);

    int open(String path, int flags, int mode);

    int close(int fd);

    int fcntl(int fd, int command, long argument);

    int ioctl(int fd, long request, long argument);

    int ioctl(int fd, long request, ByteBuffer argument);

    long syscall(long number, long first, long second, long third);

    int statx(int directory, String path, int flags, int mask, ByteBuffer result);

    int flock(int fd, int operation);

    int mount(String source, String target, String type, long flags, @Nullable String data);

    int umount2(String target, int flags);

    int socket(int domain, int type, int protocol);

    int bind(int fd, ByteBuffer address, int length);

    int connect(int fd, ByteBuffer address, int length);

    int listen(int fd, int backlog);

    int accept4(int fd, @Nullable ByteBuffer address, @Nullable ByteBuffer length, int flags);

    int shutdown(int fd, int how);

    long sendmsg(int fd, ByteBuffer message, int flags);

    long recvmsg(int fd, ByteBuffer message, int flags);

    long send(int fd, ByteBuffer data, long length, int flags);

    long recv(int fd, ByteBuffer data, long length, int flags);

    long recvfrom(int fd, ByteBuffer data, long length, int flags, ByteBuffer address, ByteBuffer addressLength);

    int getsockname(int fd, ByteBuffer address, ByteBuffer length);

    int getsockopt(int fd, int level, int name, ByteBuffer value, ByteBuffer length);

    int setsockopt(int fd, int level, int name, ByteBuffer value, int length);

    int poll(ByteBuffer fds, long count, int timeoutMillis);

    long syscall(long number, long first, long second);

    int clock_gettime(int clock, ByteBuffer time);

    /** Null lets the kernel choose the address. */
    long mmap(@Nullable ByteBuffer address, long length, int protection, int flags, int fd, long offset);

    int munmap(long address, long length);
}
