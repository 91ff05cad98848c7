package io.inpod.netns.doctor;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.doctor.Availability.Cause;
import io.inpod.netns.error.SystemCallException;
import io.inpod.netns.internal.Native;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Finds out why something was refused. The kernel reports only an errno; {@code /proc} shows the rest of what it considers. */
final class Diagnosis {
    private Diagnosis() {}

    static Availability of(Capability tried, Capability failed, NetworkNamespace namespace, int errno) {
        String symbol = Native.failure("", "", errno).symbol();
        String said = Native.describe(errno) + " (" + symbol + ")";
        return switch (symbol) {
            case "EPERM", "EACCES" -> refused(tried, failed, namespace, said);
            case "ENOSPC", "EUSERS" -> Availability.no(tried, Cause.SYSCTL, "the system's limit on namespaces is reached: " + said,
                    "raise user.max_net_namespaces or user.max_user_namespaces with sysctl(8), or close namespaces");
            case "ENOSYS" -> LinuxCapability.filtered() ? filtered(tried, said) : unknown(tried, failed, said);
            case "EAFNOSUPPORT", "EPROTONOSUPPORT", "ENOPROTOOPT", "EOPNOTSUPP", "ENOTSUP", "ENOENT", "EINVAL" ->
                unknown(tried, failed, said);
            case "EMFILE", "ENFILE" -> Availability.no(tried, Cause.OTHER, said, "close files, or allow more with ulimit -n");
            default -> Availability.no(tried, Cause.OTHER, said, "see the man page of the failed call");
        };
    }

    private static Availability refused(Capability tried, Capability failed, NetworkNamespace namespace, String said) {
        Optional<String> setting = switch (failed) {
            case USER_NAMESPACES -> Sysctls.forbidsUserNamespaces();
            case IO_URING -> Sysctls.forbidsIoUring();
            default -> Optional.empty();
        };
        if (setting.isPresent()) {
            return Availability.no(tried, Cause.SYSCTL, setting.get() + ": " + said, "change that setting with sysctl(8)");
        }
        List<LinuxCapability> needed = failed.needed();
        String names = needed.stream().map(Enum::name).collect(Collectors.joining(" or "));
        if (!needed.isEmpty() && needed.stream().noneMatch(LinuxCapability::effective)) {
            return Availability.no(tried, Cause.MISSING_CAPABILITY, "this process lacks " + names + ": " + said,
                    "run as root, add the capability (in a pod: securityContext.capabilities), or start everything inside `unshare -Urn`");
        }
        Optional<String> stranger = foreignUserNamespace(namespace);
        if (!needed.isEmpty() && stranger.isPresent()) {
            return Availability.no(tried, Cause.MISSING_CAPABILITY,
                    names + " doesn't apply to this namespace, " + stranger.get() + ": " + said,
                    "run in the user namespace that owns it, or in one of its ancestors");
        }
        return LinuxCapability.filtered()
                ? filtered(tried, said)
                : Availability.no(tried, Cause.OTHER, said, "look for a security module (AppArmor, SELinux) in the kernel's log");
    }

    private static Availability filtered(Capability tried, String said) {
        return Availability.no(tried, Cause.SECCOMP, "a system call filter (seccomp) is active: " + said,
                "allow the call in the container's seccomp profile, or run it with seccomp=unconfined");
    }

    private static Availability unknown(Capability tried, Capability failed, String said) {
        return Availability.no(tried, Cause.KERNEL_CONFIGURATION, "the kernel doesn't support it: " + said,
                "it needs " + failed.kernelOption() + " in the kernel, or its module loaded with modprobe(8)");
    }

    /** Describes the user namespace that owns the namespace, if it isn't this process's own. */
    private static Optional<String> foreignUserNamespace(NetworkNamespace namespace) {
        try {
            String own = Files.readSymbolicLink(Path.of("/proc/thread-self/ns/user")).toString();
            String owning = namespace.owningUserNamespace().toString();
            return owning.equals(own) ? Optional.empty() : Optional.of("which belongs to " + owning + " while this process is in " + own);
        } catch (SystemCallException e) {
            return e.symbol().equals("EPERM") ? Optional.of("which belongs to a user namespace above this process's") : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
