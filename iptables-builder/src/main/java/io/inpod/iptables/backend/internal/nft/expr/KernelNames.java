package io.inpod.iptables.backend.internal.nft.expr;

import java.util.Optional;

/** What a rule names and the kernel numbers: sets of ipset, and cgroups. */
public interface KernelNames {
    /** A place without any: what a rule names counts as number 0. For checks without a kernel. */
    KernelNames NONE = new KernelNames() {
        @Override
        public int ipset(String name) {
            return 0;
        }

        @Override
        public Optional<String> ipset(int index) {
            return Optional.empty();
        }

        @Override
        public long cgroup(String path) {
            return 0;
        }

        @Override
        public Optional<String> cgroup(long id) {
            return Optional.empty();
        }
    };

    /**
     * The index of a set.
     *
     * @throws java.io.UncheckedIOException if there is none of that name
     */
    int ipset(String name);

    /** The set with an index, if there is one. */
    Optional<String> ipset(int index);

    /**
     * The number of a cgroup of version 2, given by its path below the mount.
     *
     * @throws java.io.UncheckedIOException if there is none
     */
    long cgroup(String path);

    /** The path of a cgroup, if it is known. */
    Optional<String> cgroup(long id);
}
