package io.inpod.iptables.backend.internal.tools;

import io.inpod.iptables.FamilyScope;
import io.inpod.netns.IpFamily;
import java.nio.file.Files;
import java.nio.file.Path;

/** The address families of this kernel: IPv6 is missing if it was built or booted without. */
public final class KernelFamilies {
    private static final Path IPV6 = Path.of("/proc/sys/net/ipv6/conf");
    /** Whether IPv6 has been seen: the kernel can load it at any time, but never unload it. */
    private static volatile boolean ipv6;

    private KernelFamilies() {}

    /** Returns the address families that this kernel has. */
    public static FamilyScope scope() {
        return has(IpFamily.V6) ? FamilyScope.BOTH : FamilyScope.V4;
    }

    /** Returns whether this kernel has a family. */
    public static boolean has(IpFamily family) {
        if (family == IpFamily.V4 || ipv6) {
            return true;
        }
        ipv6 = Files.exists(IPV6);
        return ipv6;
    }
}
