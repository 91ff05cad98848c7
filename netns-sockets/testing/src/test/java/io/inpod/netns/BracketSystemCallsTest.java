package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.testing.Privilege;
import io.inpod.netns.testing.Tool;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Between the two switches the library makes a socket and nothing else, the very first time too: no class is read, no thread made. */
class BracketSystemCallsTest {
    private static final Pattern SWITCH = Pattern.compile("(?:setns\\((\\d+), CLONE_NEWNET|unshare\\(CLONE_NEWNET)\\) += 0");
    private static final Pattern ALLOWED = Pattern.compile("socket\\(.*|openat\\(AT_FDCWD, \"/proc/thread-self/ns/net\", .*|open\\(\"/proc/thread-self/ns/net\", .*");

    @Test
    void onlySocketsAreMadeInside(@TempDir Path directory) throws Exception {
        Privilege.NAMESPACES.require();
        Tool.require("strace");
        Path log = directory.resolve("strace");

        ChildJvm.run(ChildJvm.command(FirstSwitches.class).through("strace", "-f", "--seccomp-bpf", "-qq", "-o", log.toString(),
                "-e", "trace=setns,unshare,socket,open,openat,read,pread64,clone,clone3,vfork,fork"));

        Map<String, String> homes = new HashMap<>();
        Map<String, Boolean> inside = new HashMap<>();
        List<String> wrong = new ArrayList<>();
        int sockets = 0;
        for (String line : Files.readAllLines(log)) {
            String[] parts = line.split(" +", 2);
            Matcher change = SWITCH.matcher(parts[1]);
            if (change.lookingAt()) {
                // The first one of a thread goes to where it is, to be sure of the way back.
                String home = homes.computeIfAbsent(parts[0], thread -> change.group(1));
                inside.put(parts[0], !home.equals(change.group(1)));
            } else if (inside.getOrDefault(parts[0], false)) {
                sockets += parts[1].startsWith("socket(") ? 1 : 0;
                if (!ALLOWED.matcher(parts[1]).matches()) {
                    wrong.add(line);
                }
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(sockets).isGreaterThanOrEqualTo(7);
        assertThat(inside).hasSize(1).doesNotContainValue(true);
    }

    /** Each kind of socket once, in a process that hasn't made any. */
    static final class FirstSwitches {
        private FirstSwitches() {}

        public static void main(String[] args) throws Exception {
            try (NetworkNamespace namespace = NetworkNamespace.create()) {
                NettyChannels.server(namespace).newChannel().unsafe().closeForcibly();
                NettyChannels.client(namespace).newChannel().unsafe().closeForcibly();
                NettyChannels.datagram(namespace).newChannel().unsafe().closeForcibly();
                JdkChannels.listen(namespace, SocketOptions.NONE, new InetSocketAddress(0)).close();
                JdkChannels.client(namespace, SocketOptions.NONE).close();
                JdkChannels.datagram(namespace, SocketOptions.NONE).close();
                Rtnetlink.open(namespace).close();
            }
        }
    }
}
