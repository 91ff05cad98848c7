package io.inpod.iptables.backend;

import io.inpod.iptables.Listing;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.backend.internal.nft.NetlinkRules;
import io.inpod.iptables.backend.internal.tools.ApplyLock;
import io.inpod.netlink.NetlinkException;
import io.inpod.netlink.Nfnetlink;
import io.inpod.iptables.text.Differences;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Loads rules into the kernel as nf_tables messages over netlink, without any program: one transaction for both families, so that a packet
 * meets the old rules or the new ones, never a mixture. A transaction is based on the state that was read before it. If another program
 * changes that state meanwhile, it is read again and the transaction repeated.
 */
public final class NetlinkBackend implements Backend {
    private static final Duration LOCK_LIMIT = Duration.ofSeconds(10);

    private final Layout layout;

    private NetlinkBackend(Layout layout) {
        this.layout = layout;
    }

    /**
     * Returns the back end for the tables of iptables, with rules written as iptables-nft writes them, so that {@code iptables-save} shows
     * them. Needs a kernel with CONFIG_NFT_COMPAT. Sets are those of ipset, which has no transactions: they are created before the rules
     * and destroyed after them.
     *
     * @return the back end {@code netlink}
     */
    public static NetlinkBackend iptables() {
        return new NetlinkBackend(Layout.IPTABLES);
    }

    /**
     * Returns the back end for {@code inet} tables, with rules in native expressions, so that {@code nft list ruleset} shows them. Needs
     * nothing of iptables.
     *
     * @return the back end {@code netlink-inet}
     */
    public static NetlinkBackend inet() {
        return new NetlinkBackend(Layout.INET);
    }

    @Override
    public String name() {
        return layout == Layout.IPTABLES ? "netlink" : "netlink-inet";
    }

    @Override
    public Layout layout() {
        return layout;
    }

    @Override
    public Set<KernelTables> tables() {
        return Set.of(layout == Layout.IPTABLES ? KernelTables.IP : KernelTables.INET);
    }

    private interface Work<T> {
        T on(NetlinkRules rules) throws IOException;
    }

    private <T> T with(NetworkNamespace namespace, Work<T> work) throws IOException {
        try (Nfnetlink netlink = Nfnetlink.open(namespace)) {
            return work.on(new NetlinkRules(netlink, namespace.toString(), layout == Layout.INET));
        } catch (ClosedChannelException e) {
            throw new IOException(name() + ": " + namespace + " has been closed", e);
        }
    }

    @Override
    public Usability usability(NetworkNamespace namespace) throws IOException {
        try (Nfnetlink netlink = Nfnetlink.open(namespace)) {
            String missing = new NetlinkRules(netlink, namespace.toString(), layout == Layout.INET).missing();
            return missing.isEmpty()
                    ? Usability.yes(
                            "the kernel has nf_tables" + (layout == Layout.INET ? "" : " and nft_compat") + ", and no program is needed")
                    : Usability.no(missing);
        } catch (NetlinkException e) {
            return Usability.no(Objects.requireNonNullElse(e.getMessage(), e.toString()));
        }
    }

    @Override
    public void check(ManagedNames names, RuleSet rules) {
        checkNames(names, rules);
        NetlinkRules.check(names, rules, layout == Layout.INET);
    }

    private void checkNames(ManagedNames names, RuleSet rules) {
        if (layout == Layout.IPTABLES) {
            names.checkShared(rules);
        } else {
            names.check(rules);
        }
    }

    @Override
    public void apply(NetworkNamespace namespace, ManagedNames names, RuleSet rules) throws IOException {
        checkNames(names, rules); // what can't be expressed is found when it is written, before anything is sent
        if (layout == Layout.IPTABLES && !names.sets().isEmpty()) { // ipset has no transactions, so one must wait for the other
            ApplyLock.holding(namespace, LOCK_LIMIT, () -> applyNow(namespace, names, rules));
        } else {
            applyNow(namespace, names, rules);
        }
    }

    private void applyNow(NetworkNamespace namespace, ManagedNames names, RuleSet rules) throws IOException {
        with(namespace, netlink -> {
            netlink.apply(names, rules);
            return true;
        });
    }

    @Override
    public Listing read(NetworkNamespace namespace, ManagedNames names) throws IOException {
        return with(namespace, netlink -> netlink.read(names));
    }

    /** Rules that are as this back end writes them are compared as expressions; others are read, since they may mean the same. */
    @Override
    public List<String> diff(NetworkNamespace namespace, ManagedNames names, RuleSet rules) throws IOException {
        return with(namespace, netlink -> netlink.holds(names, rules) ? List.of() : Differences.between(netlink.read(names), rules));
    }

    @Override
    public void remove(NetworkNamespace namespace, ManagedNames names) throws IOException {
        apply(namespace, names, RuleSet.nothing());
    }

    @Override
    public void update(NetworkNamespace namespace, ManagedNames names, SetChange change) throws IOException {
        checkManaged(names, change.set());
        ApplyLock.holding(namespace, LOCK_LIMIT, () -> with(namespace, netlink -> {
            netlink.update(names, change.kind(), change.add(), change.remove());
            return true;
        }));
    }

    @Override
    public void update(NetworkNamespace namespace, ManagedNames names, PortSetChange change) throws IOException {
        checkManaged(names, change.set());
        ApplyLock.holding(namespace, LOCK_LIMIT, () -> with(namespace, netlink -> {
            netlink.update(names, change.kind(), change.add(), change.remove());
            return true;
        }));
    }

    private static void checkManaged(ManagedNames names, String set) {
        if (!names.sets().contains(set)) {
            throw new IllegalArgumentException("set " + set + " is not among the managed sets " + names.sets());
        }
    }

    @Override
    public String toString() {
        return name();
    }
}
