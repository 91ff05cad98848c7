package io.inpod.examples.zds;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;

/** How things look to the kernel and to other processes. */
final class Kernel {
    private Kernel() {}

    /** A path by which another process of the sandbox can open a namespace as long as it is open here. */
    static String pathOf(NetworkNamespace namespace) throws IOException {
        int number = namespace.fd().acquire();
        namespace.fd().release();
        return "/proc/" + ProcessHandle.current().pid() + "/fd/" + number;
    }
}
