package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.AddressSet;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Listing;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.NamedSet;
import io.inpod.iptables.PortSet;
import io.inpod.iptables.Ports;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.TableName;
import io.inpod.iptables.backend.internal.nft.WantedChain.WantedRule;
import io.inpod.iptables.backend.internal.nft.expr.Basics;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import io.inpod.iptables.backend.internal.nft.expr.KernelNames;
import io.inpod.iptables.internal.KernelModules;
import io.inpod.netlink.NetlinkException;
import io.inpod.netlink.NetlinkRequest;
import io.inpod.netlink.Nfnetlink;
import io.inpod.netns.IpFamily;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Rules in one namespace, through a socket of that namespace. Each change is one transaction, based on the state read before it. */
public final class NetlinkRules {
    /** Changes by other programs are rare, but a program that changes rules constantly must not block us indefinitely. */
    private static final int MOST_ATTEMPTS = 100;
    private static final int FEW = 64;

    private final Nfnetlink netlink;
    private final String namespace;
    private final NftReader reader;
    private final boolean inet;
    private final Tables tables;

    /**
     * Creates the access to a namespace.
     *
     * @param netlink a socket of the namespace
     * @param namespace the name of the namespace, for errors
     * @param inet whether rules are in separate {@code inet} tables and not in the tables of iptables
     */
    public NetlinkRules(Nfnetlink netlink, String namespace, boolean inet) {
        this.netlink = netlink;
        this.namespace = namespace;
        this.reader = new NftReader(netlink);
        this.inet = inet;
        this.tables = inet ? new InetTables() : new CompatTables();
    }

    /** Checks, without the kernel, that rules can be expressed. */
    public static void check(ManagedNames managed, RuleSet rules, boolean inet) {
        (inet ? new InetTables() : new CompatTables()).wanted(managed, rules, KernelNames.NONE);
    }

    /** Returns what the kernel lacks of nf_tables, or of x_tables within it, in words; empty if it lacks nothing. */
    public String missing() throws IOException {
        try {
            reader.generation();
        } catch (NetlinkException e) {
            if (e.symbol().equals("EPERM")) {
                throw e;
            }
            return "the kernel lacks CONFIG_NF_TABLES (module nf_tables)" + KernelModules.PACKAGES;
        }
        return inet || XtSupport.usable(netlink) ? "" : "the kernel lacks " + KernelOptions.compat() + KernelModules.PACKAGES;
    }

    /** Applies rules and sets: under the managed names, the namespace then holds these and no others. */
    public void apply(ManagedNames managed, RuleSet rules) throws IOException {
        try {
            if (inet) {
                attempt(managed, rules);
                return;
            }
            if (managed.sets().isEmpty()) {
                attempt(managed, rules);
                return;
            }
            check(managed, rules, false); // before sets are touched
            IpsetStore sets = new IpsetStore(netlink);
            Listing before = sets.read(managed.sets());
            List<NamedSet> wanted = rules.withElementsOf(before.sets()).sets();
            sets.provide(before, wanted);
            try {
                attempt(managed, rules);
            } catch (IOException | RuntimeException e) {
                putBack(sets, managed, before.sets(), e);
                throw e;
            }
            sets.retire(before, wanted);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static void putBack(IpsetStore sets, ManagedNames managed, List<NamedSet> before, Exception failure) {
        try {
            Listing now = new Listing(List.of(), sets.read(managed.sets()).sets()); // the content; options don't matter here
            sets.provide(now, before);
            sets.retire(now, before);
        } catch (IOException e) {
            failure.addSuppressed(new IOException("the changed sets could not be restored: " + e.getMessage(), e));
        }
    }

    private void attempt(ManagedNames managed, RuleSet rules) throws IOException {
        for (int attempt = 1;; attempt++) {
            LiveNames names = new LiveNames(netlink, namespace);
            int generation = reader.generation();
            List<NetlinkRequest> batch = new ArrayList<>();
            tables.edit(reader, managed, rules, names, batch);
            try {
                netlink.commit(Nft.SUBSYSTEM, generation, batch);
                return;
            } catch (NetlinkException e) {
                if (attempt >= MOST_ATTEMPTS || !e.outdated() && reader.generation() == generation) {
                    throw explain(e, managed, rules, names);
                }
            }
        }
    }

    /** Names the missing option of the kernel, if that is the reason of the refusal. */
    private IOException explain(NetlinkException refused, ManagedNames managed, RuleSet rules, LiveNames names) throws IOException {
        if (!refused.symbol().equals("ENOENT") || !refused.operation().endsWith("rule")) {
            return refused;
        }
        Map<String, WantedRule> bySubject = new HashMap<>();
        tables.wanted(managed, rules, names)
                .forEach(chains -> chains.forEach(chain -> chain.rules().forEach(rule -> bySubject.putIfAbsent(rule.toString(), rule))));
        int end = refused.subject().lastIndexOf(" in network namespace");
        WantedRule rule = bySubject.get(end < 0 ? refused.subject() : refused.subject().substring(0, end));
        if (rule == null) {
            return refused;
        }
        return withOptions(refused, netlink, Basics.nfproto(rule.rule().families().single().orElse(IpFamily.V4)), rule.expressions(), inet);
    }

    /** Returns the refusal of a rule, with the options that the kernel lacks, if any. */
    static IOException withOptions(NetlinkException refused, Nfnetlink netlink, int family, List<Expr> expressions, boolean inet)
            throws IOException {
        List<String> missing = inet ? KernelOptions.of(expressions) : XtSupport.missing(netlink, family, expressions);
        if (missing.isEmpty()) {
            return refused;
        }
        NetlinkException explained = new NetlinkException(refused.operation(), refused.subject(), refused.errno(), refused.symbol(),
                "the kernel lacks " + String.join(" or ", missing) + KernelModules.PACKAGES);
        explained.initCause(refused);
        return explained;
    }

    /**
     * Returns whether applying these rules would change nothing. May be false although the rules mean the same, and is false where sets are
     * managed.
     */
    public boolean holds(ManagedNames managed, RuleSet rules) throws IOException {
        if (!managed.sets().isEmpty()) {
            return false;
        }
        try {
            List<NetlinkRequest> changes = new ArrayList<>();
            tables.edit(reader, managed, rules, new LiveNames(netlink, namespace), changes);
            return changes.isEmpty();
        } catch (UncheckedIOException | IllegalArgumentException e) { // a name that isn't there, or a rule that can't be written
            return false;
        }
    }

    /** Reads what the namespace holds under the managed names. */
    public Listing read(ManagedNames managed) throws IOException {
        try {
            Listing sets = inet ? inetSets(managed) : new IpsetStore(netlink).read(managed.sets());
            return new Listing(tables.read(reader, managed, new LiveNames(netlink, namespace)), List.of()).with(sets.sets(),
                    sets.misfits());
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private Listing inetSets(ManagedNames managed) throws IOException {
        return managed.sets().isEmpty() ? new Listing(List.of(), List.of()) : InetTables.sets(new NftSets(reader), managed);
    }

    /** Adds and removes elements of a set, of which only name, family and type count. */
    public void update(ManagedNames managed, AddressSet set, List<AddressSet.Element> add, Collection<IpPrefix> remove)
            throws IOException {
        if (!inet) {
            new IpsetStore(netlink).update(set, add, remove);
            return;
        }
        update(managed, set, (sets, table, batch) -> {
            AddressSet held = new AddressSet(set.name(), set.family(), set.type(), held(sets, table, set, add, remove));
            NftSets.change(table, held.elements(), changed(held, add, remove), batch);
        });
    }

    /** Adds and removes ports of a set, of which only the name counts. */
    public void update(ManagedNames managed, PortSet set, List<PortSet.Element> add, Collection<Ports> remove) throws IOException {
        if (!inet) {
            new IpsetStore(netlink).update(set, add, remove);
            return;
        }
        update(managed, set, (sets, table, batch) -> {
            PortSet held = sets.ports(table, set).orElseThrow(() -> new IOException("set " + set.name() + " vanished from " + namespace));
            NftSets.replace(table, held.elements(), held.with(add, remove), batch);
        });
    }

    /** Writes the messages that change a set of one table. */
    private interface SetEdit {
        void write(NftSets sets, String table, List<NetlinkRequest> batch) throws IOException;
    }

    private void update(ManagedNames managed, NamedSet set, SetEdit edit) throws IOException {
        for (int attempt = 1;; attempt++) {
            int generation = reader.generation();
            List<NetlinkRequest> batch = new ArrayList<>();
            boolean there = false;
            NftSets sets = new NftSets(reader);
            for (TableName name : TableName.values()) {
                String table = InetTables.name(managed, name);
                Optional<SetHeader> header = sets.header(netlink, table, set.name());
                if (header.isPresent() && header.get().isLike(set)) {
                    there = true;
                    edit.write(sets, table, batch);
                }
            }
            if (!there) {
                throw new IOException("a set " + set.name() + " of " + set.content() + " does not exist in the tables inet "
                        + managed.tablePrefix() + "... of " + namespace + ": apply the rules first");
            }
            try {
                netlink.commit(Nft.SUBSYSTEM, generation, batch);
                return;
            } catch (NetlinkException e) {
                if (attempt >= MOST_ATTEMPTS || !e.outdated()) {
                    throw e;
                }
            }
        }
    }

    /** Returns the elements that a change may touch: all, or of single addresses those that it names. */
    private List<AddressSet.Element> held(NftSets sets, String table, AddressSet set, List<AddressSet.Element> add,
            Collection<IpPrefix> remove) throws IOException {
        if (set.type() == AddressSet.Type.PREFIXES) {
            return sets.intervals(table, set.name(), new ArrayList<>()).stream().flatMap(interval -> interval.addresses().stream())
                    .toList();
        }
        List<AddressSet.Element> asked = new ArrayList<>(add);
        remove.forEach(prefix -> asked.add(new AddressSet.Element(prefix, "")));
        return asked.size() <= FEW ? sets.find(netlink, table, set.name(), asked)
                : among(sets.addresses(table, set.name(), new ArrayList<>()), asked);
    }

    /** Returns a set after a change. */
    static AddressSet changed(AddressSet held, List<AddressSet.Element> add, Collection<IpPrefix> remove) throws IOException {
        try {
            return held.with(add, remove);
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e); // an element would overlap with one that stays
        }
    }

    /** Returns the elements with the given addresses. */
    private static List<AddressSet.Element> among(List<AddressSet.Element> elements, List<AddressSet.Element> asked) {
        Set<IpPrefix> prefixes = new HashSet<>();
        asked.forEach(element -> prefixes.add(element.prefix()));
        return elements.stream().filter(element -> prefixes.contains(element.prefix())).toList();
    }
}
