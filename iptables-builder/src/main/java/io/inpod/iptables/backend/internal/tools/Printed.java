package io.inpod.iptables.backend.internal.tools;

import io.inpod.iptables.internal.Bytes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;

/** The output of a process so far. Never waits for more, not even if a child of the process keeps the pipe open. */
final class Printed {
    private final InputStream pipe;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    Printed(InputStream pipe) {
        this.pipe = pipe;
    }

    /** Takes what is in the pipe. After the process has ended, that is all of its output. */
    void take() throws IOException {
        for (int available; (available = pipe.available()) > 0;) {
            bytes.write(pipe.readNBytes(available));
        }
    }

    String text() {
        return bytes.toString(Bytes.RAW);
    }
}
