package io.inpod.netns.socket;

import java.io.IOException;
import java.net.SocketOption;
import java.nio.channels.NetworkChannel;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** Sets options on a JDK channel: through its descriptor if the JVM gives access to it, otherwise through the JDK's own options. */
final class JdkOptions {
    /** The options whose name in the JDK differs from the kernel's. */
    private static final Map<String, String> NAMES = Map.of("TCP_KEEPINTVL", "TCP_KEEPINTERVAL", "TCP_KEEPCNT", "TCP_KEEPCOUNT");

    private JdkOptions() {}

    static void apply(SocketOptions options, NetworkChannel channel, Object subject) throws IOException {
        for (Map.Entry<LinuxSocketOption<?>, Object> option : options.values().entrySet()) {
            Optional<SocketOption<?>> own = JdkDescriptor.isAvailable() ? Optional.empty() : find(channel, option.getKey());
            if (own.isPresent()) {
                set(channel, own.get(), option.getValue());
            } else {
                option.getKey().set(JdkDescriptor.of(channel, option.getKey()), option.getValue(), subject);
            }
        }
    }

    private static Optional<SocketOption<?>> find(NetworkChannel channel, LinuxSocketOption<?> option) {
        String name = NAMES.getOrDefault(option.name(), option.name());
        return channel.supportedOptions().stream().filter(candidate -> candidate.name().equals(name)).findFirst();
    }

    @SuppressWarnings("unchecked") // the JDK checks the type itself
    private static void set(NetworkChannel channel, SocketOption<?> option, Object value) throws IOException {
        Object own = value instanceof Duration duration ? (Object) (int) duration.toSeconds() : value;
        channel.setOption((SocketOption<Object>) option, own);
    }
}
