package io.inpod.netns.socket;

import io.inpod.netns.internal.SocketNumbers;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Options in the kernel's format, for a factory that sets them on one socket after another. Effectively immutable: nothing writes to the
 * buffers.
 */
final class PreparedOptions {
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
     * @param family the family of the sockets, if it is already known
     */
    PreparedOptions(SocketOptions options, @Nullable StandardProtocolFamily family) {
        options.values().forEach((option, value) -> settings.add(Setting.of(option, value)));
        this.family = family;
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
