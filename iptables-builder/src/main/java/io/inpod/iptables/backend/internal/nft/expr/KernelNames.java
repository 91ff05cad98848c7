package io.inpod.iptables.backend.internal.nft.expr;

import java.util.Optional;

/** Numbers of the kernel for names in rules: sets of ipset, and control groups. */
public interface KernelNames {
    /** Gives every name the number 0, for checks without the kernel. */
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
     * Returns the index of a set.
     *
     * @throws java.io.UncheckedIOException if no set has this name
     */
    int ipset(String name);

    /** Returns the name of the set with an index, if it exists. */
    Optional<String> ipset(int index);

    /**
     * Returns the number of a control group of version 2, given by its path below the mount.
     *
     * @throws java.io.UncheckedIOException if it does not exist
     */
    long cgroup(String path);

    /** Returns the path of a control group, if it is known. */
    Optional<String> cgroup(long id);
}
