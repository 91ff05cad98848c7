package io.inpod.netns.internal;

import io.inpod.netns.error.SystemCallException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Loads the C library and turns errno into exceptions. */
public final class Native {
    private static final NativeAccess ACCESS = NativeAccess.load();

    /** The C library of this process. */
    public static final LibC LIBC = ACCESS.libc();

    /** A little more than the number of calls after which the JVM makes code for one handle, which takes more stack than a call. */
    private static final int CALLS_TO_SETTLE = 150;

    static {
        // Loads every class that the first failing call would load, so that no class is loaded inside a foreign namespace. The function
        // that leads out of there is called until nothing more happens in it than the call.
        for (int i = 0; i < CALLS_TO_SETTLE; i++) {
            LIBC.setns(-1, 0);
        }
        JdkFailures.of(failure("setns", "the warm-up", errno()));
    }

    private Native() {}

    /** The errno of the calling thread's last call. */
    public static int errno() {
        return ACCESS.errno();
    }

    /** An exception for the calling thread's last call, which failed; one of the JDK's where the JDK has one that callers catch. */
    public static IOException failure(String operation, Object subject) {
        return JdkFailures.of(failure(operation, subject, errno()));
    }

    /** A plain exception for a call that failed with this errno. */
    public static SystemCallException failure(String operation, Object subject, int errno) {
        return new SystemCallException(operation, subject.toString(), errno, Errnos.symbol(errno), Errnos.describe(errno));
    }

    /** An errno in words. */
    public static String describe(int errno) {
        return Errnos.describe(errno);
    }

    /** Returns the result of a call, or throws an exception for its errno, see {@link #failure(String, Object)}. */
    public static int check(int result, String operation, Object subject) throws IOException {
        if (result < 0) {
            throw failure(operation, subject);
        }
        return result;
    }

    /** A zeroed direct buffer in this machine's byte order. */
    public static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    }

    /** The address of a direct buffer's first byte. The buffer must stay reachable while the address is used. */
    public static long address(ByteBuffer direct) {
        return ACCESS.address(direct);
    }
}
