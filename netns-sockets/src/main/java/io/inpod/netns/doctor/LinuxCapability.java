package io.inpod.netns.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The Linux capabilities that the checks need, see capabilities(7). */
enum LinuxCapability {
    CAP_NET_ADMIN(12),
    CAP_NET_RAW(13),
    CAP_SYS_ADMIN(21);

    private final int number;

    LinuxCapability(int number) {
        this.number = number;
    }

    /** Whether the calling thread has it in its user namespace; true if that can't be read. */
    boolean effective() {
        String set = status("CapEff", "");
        return set.isEmpty() || (Long.parseUnsignedLong(set, 16) >>> number & 1) == 1;
    }

    /** Whether a system call filter is active, see seccomp(2). */
    static boolean filtered() {
        return status("Seccomp", "0").equals("2");
    }

    private static String status(String field, String ifUnknown) {
        try {
            return Files.readAllLines(Path.of("/proc/thread-self/status")).stream()
                    .filter(line -> line.startsWith(field + ":"))
                    .map(line -> line.substring(field.length() + 1).strip())
                    .findFirst().orElse(ifUnknown);
        } catch (IOException e) {
            return ifUnknown;
        }
    }
}
