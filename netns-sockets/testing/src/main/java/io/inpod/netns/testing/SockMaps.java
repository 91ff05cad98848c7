package io.inpod.netns.testing;

import io.inpod.netns.bpf.SockMap;
import io.inpod.netns.error.SystemCallFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.opentest4j.TestAbortedException;

/** Maps of sockets for tests, where the kernel allows them. */
public final class SockMaps {
    private static final int CONNECTIONS = 64;
    private static final String WHOLE = "0 0 4294967295";

    private SockMaps() {}

    /**
     * Creates a map.
     *
     * @return the map, which the caller closes; null in a user namespace of its own, where no privilege is enough
     * @throws IOException if it can't be created although it should
     */
    public static @Nullable SockMap open() throws IOException {
        try {
            return SockMap.open(CONNECTIONS);
        } catch (IOException e) {
            boolean initial = Files.readString(Path.of("/proc/self/uid_map")).strip().replaceAll(" +", " ").equals(WHOLE);
            if (!initial && e instanceof SystemCallFailure failure && failure.symbol().equals("EPERM")) {
                return null;
            }
            throw e;
        }
    }

    /**
     * Returns if there is a map. Otherwise skips the calling test.
     *
     * @param map what {@link #open} returned
     */
    public static void require(@Nullable SockMap map) {
        if (map == null) {
            throw new TestAbortedException("missing CAP_BPF in the initial user namespace, which sockmaps need");
        }
    }
}
