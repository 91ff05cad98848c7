package io.inpod.iptables.backend;

import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A program that replaces a pod's rules while there is hardly any space for temporary files: enough for a script, not for a listing. */
final class ApplyOnFullDisk {
    private static final int ROOM = 8192;

    private ApplyOnFullDisk() {
    }

    private static void fill(Path directory) throws IOException {
        try (FileChannel file = FileChannel.open(directory.resolve("full"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            try {
                while (true) {
                    file.write(ByteBuffer.allocate(4096));
                }
            } catch (IOException full) {
                file.truncate(file.size() - ROOM);
            }
        }
    }

    /** Arguments: the back end, and the namespace's file. */
    public static void main(String[] args) throws Exception {
        Backend backend = Backends.named(args[0]).orElseThrow();
        try (NetworkNamespace pod = NetworkNamespace.open(Path.of(args[1]))) {
            backend.apply(pod, PodRules.NAMES, ApplyForEver.rules(0, backend));
            fill(Path.of(System.getProperty("java.io.tmpdir")));
            backend.apply(pod, PodRules.NAMES, ApplyForEver.rules(1, backend));
        }
        System.out.println("done");
    }
}
