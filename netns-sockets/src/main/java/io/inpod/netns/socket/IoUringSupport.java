package io.inpod.netns.socket;

import io.inpod.netns.internal.Native;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Whether this process may use io_uring, and what forbids it, see io_uring_setup(2). */
final class IoUringSupport {
    /** On x86_64 and all newer architectures. */
    private static final long SYS_IO_URING_SETUP = 425;

    private static final int EPERM = 1;
    private static final int ENOSYS = 38;
    private static final Path SYSCTL = Path.of("/proc/sys/kernel/io_uring_disabled");

    private IoUringSupport() {}

    /** Null if nothing forbids it; otherwise what does, in words. */
    static @Nullable String refusal() {
        Native.LIBC.syscall(SYS_IO_URING_SETUP, 0, 0); // never succeeds: the second argument is required
        int errno = Native.errno();
        if (errno != EPERM && errno != ENOSYS) {
            return null;
        }
        String answer = "io_uring_setup(2) gives " + (errno == EPERM ? "EPERM" : "ENOSYS") + ": ";
        String sysctl = read(SYSCTL);
        if (errno == EPERM && !sysctl.isEmpty() && !sysctl.equals("0")) {
            return answer + "the sysctl kernel.io_uring_disabled is " + sysctl;
        }
        if (read(Path.of("/proc/thread-self/status")).matches("(?s).*\nSeccomp:\\s+2\n.*") && (errno == EPERM || !sysctl.isEmpty())) {
            return answer + "a seccomp filter forbids it, as those of container runtimes do by default";
        }
        return answer + (errno == ENOSYS ? "this kernel is built without CONFIG_IO_URING" : "a security module forbids it");
    }

    private static String read(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            return ""; // an older kernel
        }
    }
}
