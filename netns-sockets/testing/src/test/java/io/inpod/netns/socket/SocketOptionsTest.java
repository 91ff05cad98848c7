package io.inpod.netns.socket;

import static io.inpod.netns.socket.LinuxSocketOptions.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.StandardProtocolFamily;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SocketOptionsTest {
    @Test
    void eachValueIsChecked() {
        refused(() -> SocketOptions.NONE.withBacklog(-1), "backlog must be at least 1");
        refused(() -> SocketOptions.NONE.with(TOS, 256), "IP_TOS must be 0 to 255, not 256");
        refused(() -> SocketOptions.NONE.with(PRIORITY, -1), "SO_PRIORITY must be 0 to 2147483647");
        refused(() -> SocketOptions.NONE.with(KEEPALIVE_COUNT, 128), "TCP_KEEPCNT must be 1 to 127");
        refused(() -> SocketOptions.NONE.with(KEEPALIVE_IDLE, Duration.ZERO), "1 to 32767 whole seconds");
        refused(() -> SocketOptions.NONE.with(KEEPALIVE_INTERVAL, Duration.ofMillis(1500)), "whole seconds");
        refused(() -> SocketOptions.NONE.with(USER_TIMEOUT, Duration.ofDays(25)), "TCP_USER_TIMEOUT");
        refused(() -> SocketOptions.NONE.with(NOTSENT_LOWAT, 0), "TCP_NOTSENT_LOWAT");
        refused(() -> SocketOptions.NONE.with(MEMORY, new SocketMemory(0, 0, 0, 0, 0, 0, 0, 0, 0)), "SO_MEMINFO must be read, not set");
        refused(() -> SocketOptions.NONE.with(USER_TIMEOUT, Duration.ofNanos(1)), "whole milliseconds");
        refused(() -> SocketOptions.NONE.with(DEFER_ACCEPT, Duration.ofSeconds(-1)), "TCP_DEFER_ACCEPT");
        refused(() -> SocketOptions.NONE.with(FAST_OPEN, -1), "TCP_FASTOPEN");
        refused(() -> SocketOptions.NONE.with(RECEIVE_BUFFER, 0), "SO_RCVBUFFORCE must be 1 to 1073741823");
        for (String name : new String[] {"", "0123456789abcdef", "a b", "a/b", "a:b", "a\0b", "ääääääää"}) {
            refused(() -> SocketOptions.NONE.with(DEVICE, name), "an interface's name");
        }
        for (String name : new String[] {"", "0123456789abcdef", "re no", "rénö"}) {
            refused(() -> SocketOptions.NONE.with(CONGESTION, name), "TCP_CONGESTION must be an algorithm's name");
        }
        refused(() -> SocketOptions.NONE.withFamily(StandardProtocolFamily.UNIX), "INET or INET6");
        refused(() -> SocketOptions.NONE.withFamily(StandardProtocolFamily.INET).with(DUAL_STACK, true), "only IPv4");
        refused(() -> new SocketOptions(null, 0, Map.of(MARK, "five")), "SO_MARK takes a Integer, not five");
    }


    private static void refused(org.assertj.core.api.ThrowableAssert.ThrowingCallable creation, String why) {
        assertThatThrownBy(creation).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(why);
    }

    @Test
    void isAValue() {
        SocketOptions options = SocketOptions.NONE.with(PRIORITY, 5).with(MARK, -1).with(TOS, 8).withBacklog(9);

        assertThat(SocketOptions.NONE.values()).isEmpty();
        assertThat(options.values().keySet()).containsExactly(MARK, TOS, PRIORITY);
        assertThat(options.get(MARK)).isEqualTo(-1);
        assertThat(options.get(DEVICE)).isNull();
        assertThat(options.without(TOS)).isEqualTo(SocketOptions.NONE.withBacklog(9).with(MARK, -1).with(PRIORITY, 5));
        assertThatThrownBy(() -> options.values().clear()).isInstanceOf(UnsupportedOperationException.class);
    }
}
