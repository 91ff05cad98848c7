package io.inpod.netns.socket;

import io.inpod.netns.error.AlreadyClosedException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.channels.NetworkChannel;
import org.jspecify.annotations.Nullable;

/**
 * Access to the descriptor inside a JDK channel. The JDK has no public way to it, so the JVM must have been started with
 * {@code --add-opens java.base/sun.nio.ch}.
 */
final class JdkDescriptor {
    private static final @Nullable Method NUMBER = find();

    private JdkDescriptor() {}

    /** Whether this JVM gives access to descriptors. */
    static boolean isAvailable() {
        return NUMBER != null;
    }

    /** The flag that gives access to them. */
    static String flag() {
        Module self = JdkDescriptor.class.getModule();
        return "--add-opens java.base/sun.nio.ch=" + (self.isNamed() ? self.getName() : "ALL-UNNAMED");
    }

    /** Returns a channel's descriptor. If that fails, the error names what it was needed for. */
    static int of(NetworkChannel channel, Object what) throws AlreadyClosedException {
        Method number = NUMBER;
        if (number == null) {
            throw new UnsupportedOperationException("the JDK has no " + what + " for " + channel.getClass().getSimpleName()
                    + "; start the JVM with " + flag() + ", or use a Netty channel");
        }
        if (!channel.isOpen()) {
            throw new AlreadyClosedException(channel.toString());
        }
        try {
            return (int) number.invoke(channel);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(channel + " is not one of the JDK's own channels", e);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException("sun.nio.ch.SelChImpl.getFDVal() failed", e);
        }
    }

    private static @Nullable Method find() {
        try {
            Method number = Class.forName("sun.nio.ch.SelChImpl").getMethod("getFDVal");
            return number.trySetAccessible() ? number : null;
        } catch (ReflectiveOperationException e) {
            return null; // a JDK with another implementation
        }
    }
}
