package io.inpod.netns.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Settings that forbid something regardless of capabilities, see sysctl(8). */
final class Sysctls {
    private static final Path ROOT = Path.of("/proc/sys");

    private Sysctls() {}

    /** The setting that forbids user namespaces, as {@code name=value}, if there is one. */
    static Optional<String> forbidsUserNamespaces() {
        if (is("user/max_user_namespaces", "0")) {
            return Optional.of("user.max_user_namespaces=0");
        }
        if (LinuxCapability.CAP_SYS_ADMIN.effective()) {
            return Optional.empty();
        }
        Map<String, String> ofDistributions =
                Map.of("kernel/unprivileged_userns_clone", "0", "kernel/apparmor_restrict_unprivileged_userns", "1");
        return ofDistributions.entrySet().stream()
                .filter(setting -> is(setting.getKey(), setting.getValue()))
                .map(setting -> setting.getKey().replace('/', '.') + "=" + setting.getValue())
                .findFirst();
    }

    /** The setting that forbids io_uring, as {@code name=value}, if there is one. */
    static Optional<String> forbidsIoUring() {
        boolean forAll = is("kernel/io_uring_disabled", "2");
        boolean forMost = is("kernel/io_uring_disabled", "1") && !LinuxCapability.CAP_SYS_ADMIN.effective();
        return forAll || forMost ? Optional.of("kernel.io_uring_disabled=" + (forAll ? 2 : 1)) : Optional.empty();
    }

    private static boolean is(String name, String value) {
        try {
            return Files.readString(ROOT.resolve(name)).strip().equals(value);
        } catch (IOException e) {
            return false; // this kernel has no such setting
        }
    }
}
