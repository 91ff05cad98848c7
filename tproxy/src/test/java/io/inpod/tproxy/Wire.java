package io.inpod.tproxy;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.util.HexFormat;

/** Captures all frames that reach a pod's interface, with a packet socket in a separate process, where tcpdump can't run. */
final class Wire implements AutoCloseable {
    private static final String CAPTURE = """
            import select, socket, sys
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            s.bind(("eth0", 0))
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
            print("ready", flush=True)
            frames = []
            while True:
                ready, _, _ = select.select([s, sys.stdin], [], [])
                if s in ready:
                    frames.append(s.recv(65536))
                elif sys.stdin in ready:
                    line = sys.stdin.readline()
                    if not line:
                        break
                    what = bytes.fromhex(line.strip())
                    print(len(frames), sum(what in frame for frame in frames), flush=True)
            """;

    private final ChildProcess process;

    Wire(NetworkNamespace pod) throws IOException {
        process = ChildProcess.start(Tool.inside(pod, "/usr/bin/python3", "-c", CAPTURE));
        process.expect("ready");
    }

    /** {@return how many frames so far contain the given bytes} */
    int sightings(byte[] what) throws IOException {
        process.say(HexFormat.of().formatHex(what));
        String[] counts = process.line("numbers of frames").split(" ");
        if (counts[0].equals("0")) {
            throw new AssertionError("the capture saw nothing at all");
        }
        return Integer.parseInt(counts[1]);
    }

    @Override
    public void close() throws IOException {
        process.close();
    }
}
