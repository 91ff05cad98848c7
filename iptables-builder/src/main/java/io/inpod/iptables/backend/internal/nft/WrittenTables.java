package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.Table;
import io.inpod.iptables.backend.internal.nft.expr.KernelNames;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * The tables that were written last as the kernel takes them, for one family each: a node's pods share their rule set, and it is written
 * for each of them to be installed and again to be verified. Tables whose rules name a set or a cgroup are written each time, because the
 * number of the name may be another.
 */
final class WrittenTables {
    private static final int MOST = 32;

    private static volatile List<Written> last = List.of();

    private record Written(Table table, IpFamily family, List<WantedChain> chains) {}

    private WrittenTables() {}

    /** Returns a table's chains for a family, which are made by the function if this very table isn't known. */
    @SuppressWarnings("ReferenceEquality") // to compare two tables takes as long as to write one
    static List<WantedChain> of(Table table, IpFamily family, KernelNames names, Function<KernelNames, List<WantedChain>> write) {
        List<Written> known = last;
        for (Written each : known) {
            if (each.table == table && each.family == family) {
                return each.chains;
            }
        }
        NoticedNames noticed = new NoticedNames(names);
        List<WantedChain> chains = List.copyOf(write.apply(noticed));
        if (!noticed.used) {
            List<Written> kept = new ArrayList<>(List.of(new Written(table, family, chains)));
            kept.addAll(known.subList(0, Math.min(known.size(), MOST - 1)));
            last = List.copyOf(kept); // of two threads, one may lose its entry
        }
        return chains;
    }

    /** Notices whether it was asked for a name. */
    private static final class NoticedNames implements KernelNames {
        private final KernelNames names;
        private boolean used;

        NoticedNames(KernelNames names) {
            this.names = names;
        }

        @Override
        public int ipset(String name) {
            used = true;
            return names.ipset(name);
        }

        @Override
        public Optional<String> ipset(int index) {
            used = true;
            return names.ipset(index);
        }

        @Override
        public long cgroup(String path) {
            used = true;
            return names.cgroup(path);
        }

        @Override
        public Optional<String> cgroup(long id) {
            used = true;
            return names.cgroup(id);
        }
    }
}
