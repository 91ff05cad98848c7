package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.backend.internal.nft.expr.KernelNames;
import io.inpod.netlink.Nfnetlink;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** The names of one namespace, each queried once, on first use. Not thread-safe. */
final class LiveNames implements KernelNames {
    private static final int MOST_LEVELS = 8;

    private final Nfnetlink netlink;
    private final String namespace;
    private final Map<String, Integer> sets = new HashMap<>();
    private final Map<String, Long> cgroups = new HashMap<>();

    LiveNames(Nfnetlink netlink, String namespace) {
        this.netlink = netlink;
        this.namespace = namespace;
    }

    @Override
    public int ipset(String name) {
        Integer known = sets.get(name);
        if (known == null) {
            known = ask(() -> Ipset.index(netlink, name)).orElseThrow(() -> missing("there is no ipset " + name));
            sets.put(name, known);
        }
        return known;
    }

    @Override
    public Optional<String> ipset(int index) {
        for (Map.Entry<String, Integer> known : sets.entrySet()) {
            if (known.getValue() == index) {
                return Optional.of(known.getKey());
            }
        }
        Optional<String> name = ask(() -> Ipset.name(netlink, index));
        name.ifPresent(n -> sets.put(n, index));
        return name;
    }

    @Override
    public long cgroup(String path) {
        Long known = cgroups.get(path);
        if (known == null) {
            known = ask(() -> CgroupIds.id(path)).orElseThrow(() -> missing("there is no cgroup " + path
                    + " of version 2, or its file system isn't mounted here"));
            cgroups.put(path, known);
        }
        return known;
    }

    @Override
    public Optional<String> cgroup(long id) {
        for (Map.Entry<String, Long> known : cgroups.entrySet()) {
            if (known.getValue() == id) {
                return Optional.of(known.getKey());
            }
        }
        Optional<String> path = ask(() -> CgroupIds.path(id, MOST_LEVELS));
        path.ifPresent(p -> cgroups.put(p, id));
        return path;
    }

    private UncheckedIOException missing(String what) {
        return new UncheckedIOException(new IOException(what + "; a rule for " + namespace + " asks for it"));
    }

    private interface Question<T> {
        Optional<T> ask() throws IOException;
    }

    private static <T> Optional<T> ask(Question<T> question) {
        try {
            return question.ask();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
