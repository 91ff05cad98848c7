package io.inpod.iptables;

import io.inpod.netns.IpFamily;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** Reads the golden files, which their README describes. */
public final class Goldens {
    private Goldens() {
    }

    public static String read(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(Goldens.class.getResourceAsStream("/goldens/" + name), name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** Returns the part of a golden that is the input of iptables-restore (V4) or ip6tables-restore (V6). */
    public static String script(String name, IpFamily family) throws IOException {
        String text = read("iptables/" + name).replaceFirst("iptables-save\nip6tables-save\n", "") + "\n";
        int second = text.indexOf("* mangle", 1);
        if (family == IpFamily.V6) {
            return text.substring(second);
        }
        return second < 0 ? text : text.substring(0, second);
    }
}
