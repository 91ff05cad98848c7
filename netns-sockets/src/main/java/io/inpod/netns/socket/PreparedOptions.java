package io.inpod.netns.socket;

import io.inpod.netns.internal.SocketNumbers;
import io.netty.channel.Channel;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Options in the kernel's format, for a factory that sets them on one socket after another. Effectively immutable: nothing writes to the
 * buffers. Thread-safe.
 */
public final class PreparedOptions {
    private final List<Setting<?>> settings = new ArrayList<>();
    private final @Nullable StandardProtocolFamily family;

    private record Setting<T>(LinuxSocketOption<T> option, Object value, ByteBuffer bytes) {
        static <T> Setting<T> of(LinuxSocketOption<T> option, Object value) {
            return new Setting<>(option, value, option.encode(value));
        }
    }

    /**
     * Checks and encodes options.
     *
     * @param options the options; only their values count
     * @param family the family of the sockets; null if it isn't known yet
     */
    public PreparedOptions(SocketOptions options, @Nullable StandardProtocolFamily family) {
        options.values().forEach((option, value) -> settings.add(Setting.of(option, value)));
        this.family = family;
    }

    /** {@return whether there is no option to set} */
    public boolean isEmpty() {
        return settings.isEmpty();
    }

    /**
     * Sets all options of a channel.
     *
     * @param channel a channel on epoll or io_uring
     * @throws IOException naming the first option that the kernel refuses, or if the channel is closed
     */
    public void apply(Channel channel) throws IOException {
        apply(LinuxSocketOption.descriptor(channel), channel);
    }

    void apply(int fd, Object subject) throws IOException {
        int domain = family == null ? 0 : family == StandardProtocolFamily.INET6 ? SocketNumbers.AF_INET6 : SocketNumbers.AF_INET;
        for (Setting<?> setting : settings) {
            if (domain == 0 && setting.option.dependsOnFamily()) {
                domain = RawSocketOption.domain(fd, subject);
            }
            setting.option.set(fd, domain, setting.bytes, setting.value, subject);
        }
    }
}
