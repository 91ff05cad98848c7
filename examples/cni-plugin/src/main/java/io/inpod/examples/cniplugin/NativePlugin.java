package io.inpod.examples.cniplugin;

import java.io.IOException;
import java.io.InputStream;

/** The plugin's program, for the architecture on which this module was built. */
public final class NativePlugin {
    /** The name of its file, and its {@code type} in a network configuration. */
    public static final String NAME = "inpod-cni";

    /** Where the agent listens for the plugin unless the network configuration's {@code agentSocket} says otherwise. */
    public static final String DEFAULT_SOCKET = "/var/run/inpod-cni/plugin.sock";

    private NativePlugin() {}

    /**
     * Returns the program.
     *
     * @return the bytes of an ELF file
     * @throws IOException if it can't be read
     */
    public static byte[] program() throws IOException {
        try (InputStream program = NativePlugin.class.getResourceAsStream(NAME)) {
            if (program == null) {
                throw new IOException("the CNI plugin is missing from the build: run ./inpod build, which compiles it with gcc");
            }
            return program.readAllBytes();
        }
    }
}
