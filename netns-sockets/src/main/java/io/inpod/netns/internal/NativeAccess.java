package io.inpod.netns.internal;

import java.nio.ByteBuffer;

/** A way to call the C library of this process: {@link ForeignAccess} on Java 22 and later, {@link JnrAccess} below. */
interface NativeAccess {
    /** Chooses the way: {@code foreign} or {@code jnr}. */
    String PROPERTY = "io.inpod.native";

    /** The functions. */
    LibC libc();

    /** The errno of the calling thread's last call. */
    int errno();

    /** The address of a direct buffer's first byte. The buffer must stay reachable while the address is used. */
    long address(ByteBuffer direct);

    /** Loads the way that the property names, or else the one for this version of Java. */
    static NativeAccess load() {
        int java = Runtime.version().feature();
        String way = System.getProperty(PROPERTY, java >= ForeignLinker.SINCE ? "foreign" : "jnr");
        return switch (way) {
            case "foreign" -> {
                if (java < ForeignLinker.SINCE) {
                    throw new UnsatisfiedLinkError("-D" + PROPERTY + "=foreign needs Java " + ForeignLinker.SINCE
                            + " or later, and this is Java " + java + ": leave the property out");
                }
                yield new ForeignAccess();
            }
            case "jnr" -> jnr(java);
            default -> throw new UnsatisfiedLinkError("-D" + PROPERTY + " must be foreign or jnr, not " + way);
        };
    }

    private static NativeAccess jnr(int java) {
        try {
            return JnrAccess.load();
        } catch (NoClassDefFoundError e) {
            UnsatisfiedLinkError clear = new UnsatisfiedLinkError("on Java " + java
                    + " the C library is called through jffi, which is missing"
                    + " (" + e.getMessage()
                    + "): add com.github.jnr:jffi and its classifier \"native\" to the class path, and on the module path --add-modules"
                    + " org.jnrproject.jffi; Java " + ForeignLinker.SINCE + " and later need neither");
            clear.initCause(e);
            throw clear;
        }
    }
}
