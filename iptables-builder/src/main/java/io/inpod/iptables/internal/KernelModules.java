package io.inpod.iptables.internal;

/** Where modules of the kernel come from. */
public final class KernelModules {
    /** The continuation of an error that names a module, in words. */
    public static final String PACKAGES =
            "; if the kernel is built with it, `modprobe` loads it on the node, from the kernel's own package or"
                    + " linux-modules-extra-VERSION (Ubuntu), kernel-modules-extra (Fedora, RHEL)";

    private KernelModules() {}
}
