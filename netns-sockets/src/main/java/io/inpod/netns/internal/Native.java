package io.inpod.netns.internal;

import io.inpod.netns.error.SystemCallException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jnr.constants.platform.Errno;
import jnr.ffi.LastError;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;

/** Loads the C library and turns errno into exceptions. */
public final class Native {
    /** The C library of this process. */
    public static final LibC LIBC = load();

    private static final Runtime RUNTIME = Runtime.getRuntime(LIBC);

    static {
        // Loads every class that the first failing call would load, so that no class is loaded inside a foreign namespace.
        LIBC.setns(-1, 0);
        JdkFailures.of(failure("setns", "the warm-up", errno()));
    }

    private Native() {}

    private static LibC load() {
        try {
            return LibraryLoader.create(LibC.class).failImmediately().load("c");
        } catch (UnsatisfiedLinkError e) {
            UnsatisfiedLinkError clear = new UnsatisfiedLinkError(explain(e));
            clear.initCause(e);
            throw clear;
        }
    }

    /** Says why the library can't be loaded, and what to do. */
    static String explain(UnsatisfiedLinkError e) {
        String report = innermost(e).toString().lines().findFirst().orElse(""); // jffi puts a whole stack trace into its message
        if (report.contains("IllegalCallerException")) {
            return "this Java refuses native access: run it with --enable-native-access=ALL-UNNAMED, and on the module path with"
                    + " --enable-native-access=org.jnrproject.jffi,io.netty.common,ALL-UNNAMED. The loader reports: " + report;
        }
        return "can't load the native library, which jffi extracts into "
                + System.getProperty("jffi.extract.dir", System.getProperty("java.io.tmpdir"))
                + " or else into the current directory: one of them must exist, be writable and not be mounted noexec."
                + " Name another one with -Djffi.extract.dir=DIRECTORY (or move all temporary files with -Djava.io.tmpdir=DIRECTORY)."
                + " The loader reports: " + report;
    }

    private static Throwable innermost(Throwable e) {
        return e.getCause() == null || e.getCause() == e ? e : innermost(e.getCause());
    }

    /** The errno of the calling thread's last call. */
    public static int errno() {
        return LastError.getLastError(RUNTIME);
    }

    /** An exception for the calling thread's last call, which failed; one of the JDK's where the JDK has one that callers catch. */
    public static IOException failure(String operation, Object subject) {
        return JdkFailures.of(failure(operation, subject, errno()));
    }

    /** A plain exception for a call that failed with this errno. */
    public static SystemCallException failure(String operation, Object subject, int errno) {
        Errno known = Errno.valueOf(errno);
        String symbol = known == Errno.__UNKNOWN_CONSTANT__ ? "errno" : known.name();
        return new SystemCallException(operation, subject.toString(), errno, symbol, describe(errno));
    }

    /** An errno in words. */
    public static String describe(int errno) {
        Errno known = Errno.valueOf(errno);
        return known == Errno.__UNKNOWN_CONSTANT__ ? "unknown error" : known.description();
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
        return Pointer.wrap(RUNTIME, direct.duplicate().clear()).address();
    }
}
