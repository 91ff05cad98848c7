package io.inpod.netns.selftest;

import io.inpod.netlink.Link;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.LinuxSocketOptions;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.unix.SeqpacketListener;
import io.inpod.netns.unix.SeqpacketSocket;
import io.inpod.netns.unix.UnixMessage;
import io.netty.channel.Channel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

/** Tries the features of the library other than traffic. */
final class Features {
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private Features() {}

    static String enterAndLeave(Pod pod) throws IOException {
        String before = here();
        String inside = pod.namespace().<String, IOException>call(Features::here);
        expect(inside.equals(pod.namespace().identity().toString()), "entered " + inside);
        expect(here().equals(before), "came back to " + here() + " from " + before);
        return "in " + inside + ", back in " + before;
    }

    static String mark(Pod pod) throws IOException {
        Channel channel = NettyChannels.client(pod.namespace(), SocketOptions.NONE.with(LinuxSocketOptions.MARK, InPodConstants.PROXY_MARK))
                .newChannel();
        try {
            int mark = LinuxSocketOptions.MARK.get(channel);
            expect(mark == InPodConstants.PROXY_MARK, "the socket's mark is " + mark);
            return "0x" + Integer.toHexString(mark);
        } finally {
            channel.unsafe().closeForcibly();
        }
    }

    static String transparent(Pod pod) throws IOException {
        Channel channel = NettyChannels.client(pod.namespace(), SocketOptions.NONE.with(LinuxSocketOptions.TRANSPARENT, true)).newChannel();
        try {
            expect(LinuxSocketOptions.TRANSPARENT.get(channel), "the socket isn't transparent");
            return "a socket may bind a foreign address";
        } finally {
            channel.unsafe().closeForcibly();
        }
    }

    static String pass(Pod pod) throws IOException {
        Path directory = Files.createTempDirectory("selftest");
        try (SeqpacketListener listener = SeqpacketListener.listen(directory.resolve("s"));
                SeqpacketSocket sender = SeqpacketSocket.connect(directory.resolve("s"));
                SeqpacketSocket receiver = listener.accept(LIMIT)) {
            sender.send(ByteBuffer.wrap(new byte[] {1}), pod.namespace().fd());
            try (UnixMessage packet = receiver.receive(1, 1, LIMIT)) {
                expect(packet != null && packet.descriptors() == 1, "no descriptor arrived");
                try (NetworkNamespace received = NetworkNamespace.adopt(Objects.requireNonNull(packet).take())) {
                    expect(received.equals(pod.namespace()), "it is " + received);
                    return received.identity() + ", by SCM_RIGHTS from process " + receiver.peer().pid();
                }
            }
        } finally {
            Files.deleteIfExists(directory.resolve("s"));
            Files.delete(directory);
        }
    }

    static String dump(Pod pod) throws IOException {
        try (Rtnetlink links = Rtnetlink.open(pod.namespace())) {
            List<String> names = links.links().list().stream().map(Link::name).toList();
            expect(names.contains("lo") && names.contains("eth0"), "the links are " + names);
            return "links " + names;
        }
    }

    private static String here() throws IOException {
        return Files.readSymbolicLink(Path.of("/proc/thread-self/ns/net")).toString();
    }

    static void expect(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalStateException(otherwise);
        }
    }
}
