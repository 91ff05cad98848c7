package io.inpod.netns.internal;

import com.kenai.jffi.LastError;
import java.nio.ByteBuffer;

/**
 * Calls C through jffi, the native half of jnr-ffi. The other half would generate an implementation of {@link LibC} when it is loaded,
 * with twice the classes, and two to three times the processor time.
 */
final class JnrAccess implements NativeAccess {
    private final LibC libc;

    private JnrAccess(LibC libc) {
        this.libc = libc;
    }

    static JnrAccess load() {
        try {
            return new JnrAccess(new JffiLibC());
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

    @Override
    public LibC libc() {
        return libc;
    }

    @Override
    public int errno() {
        return LastError.getInstance().get();
    }

    @Override
    public long address(ByteBuffer direct) {
        return JffiLibC.at(direct.duplicate().clear());
    }
}
