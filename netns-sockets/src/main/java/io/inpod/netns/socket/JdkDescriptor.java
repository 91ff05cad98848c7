package io.inpod.netns.socket;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NetworkChannel;
import org.jspecify.annotations.Nullable;

/**
 * The descriptor inside a channel of the JDK, where the JVM was started with {@code --add-opens java.base/sun.nio.ch}: the JDK
 * has no public way to it.
 */
final class JdkDescriptor {
    private static final @Nullable Method NUMBER = find();

    private JdkDescriptor() {}

    /** Whether this JVM lets descriptors out. */
    static boolean isAvailable() {
        return NUMBER != null;
    }

    /** The flag that would let them out. */
    static String flag() {
        Module self = JdkDescriptor.class.getModule();
        return "--add-opens java.base/sun.nio.ch=" + (self.isNamed() ? self.getName() : "ALL-UNNAMED");
    }

    /** A channel's descriptor, needed for what the error then names. */
    static int of(NetworkChannel channel, Object what) throws ClosedChannelException {
        Method number = NUMBER;
        if (number == null) {
            throw new UnsupportedOperationException("the JDK has no " + what + " for " + channel.getClass().getSimpleName()
                    + "; start the JVM with " + flag() + ", or use a Netty channel");
        }
        if (!channel.isOpen()) {
            throw new ClosedChannelException();
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
            return null; // a JDK that is built differently
        }
    }
}
