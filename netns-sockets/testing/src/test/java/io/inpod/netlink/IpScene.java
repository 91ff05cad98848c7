package io.inpod.netlink;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A namespace for each test, in which both {@code ip} and rtnetlink make changes. */
abstract class IpScene {
    NetworkNamespace pod;
    Rtnetlink inside;

    @BeforeEach
    void open() throws IOException {
        pod = NetworkNamespace.create();
        inside = Rtnetlink.open(pod);
    }

    @AfterEach
    void close() {
        inside.close();
        pod.close();
    }

    String ip(String command) throws IOException {
        return ip(pod, command);
    }

    static String ip(NetworkNamespace namespace, String command) throws IOException {
        return Tool.run(namespace, Stream.concat(Stream.of("ip"), Stream.of(command.split(" "))).toArray(String[]::new));
    }
}
