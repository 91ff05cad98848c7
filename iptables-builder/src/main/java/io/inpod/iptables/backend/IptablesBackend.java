package io.inpod.iptables.backend;

import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Listing;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.NamedSet;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.TableName;
import io.inpod.iptables.backend.internal.nft.EmptyTables;
import io.inpod.iptables.backend.internal.tools.ApplyLock;
import io.inpod.iptables.backend.internal.tools.Ipsets;
import io.inpod.iptables.backend.internal.tools.KernelFamilies;
import io.inpod.iptables.backend.internal.tools.ManagedTable;
import io.inpod.iptables.backend.internal.tools.Programs;
import io.inpod.iptables.backend.internal.tools.ToolRun;
import io.inpod.iptables.backend.internal.tools.Transition;
import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.iptables.backend.tools.IptablesTools.Variant;
import io.inpod.iptables.text.Differences;
import io.inpod.iptables.text.ForeignRules;
import io.inpod.iptables.text.IptablesRestore;
import io.inpod.iptables.text.IptablesSave;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * The iptables tools: iptables-save(8) and iptables-restore(8) with {@code --noflush} for rules, and ipset(8) for sets, run in the
 * namespace by nsenter(1).
 *
 * <p>The kernel changes one table after the other, each as a whole. If one fails, the tables before it, of both families, are restored.
 * Chain policies are never touched. Each call runs two to eight processes. Sets are changed by swapping.
 */
public final class IptablesBackend implements Backend {
    private final IptablesTools tools;
    private final FamilyScope families;

    /**
     * Creates the back end with certain tools.
     *
     * @param tools where they are, and which implementation to use
     */
    public IptablesBackend(IptablesTools tools) {
        this(tools, KernelFamilies.scope());
    }

    /** Leaves families outside the scope alone. */
    IptablesBackend(IptablesTools tools, FamilyScope families) {
        this.tools = tools;
        this.families = families;
    }

    /** {@return the back end with {@code iptables-nft}} */
    public static IptablesBackend nft() {
        return new IptablesBackend(IptablesTools.system().withVariant(Variant.NFT));
    }

    /** {@return the back end with {@code iptables-legacy}} */
    public static IptablesBackend legacy() {
        return new IptablesBackend(IptablesTools.system().withVariant(Variant.LEGACY));
    }

    @Override
    public String name() {
        return switch (tools.variant()) {
            case SYSTEM -> "iptables";
            case NFT -> "iptables-nft";
            case LEGACY -> "iptables-legacy";
        };
    }

    @Override
    public Layout layout() {
        return Layout.IPTABLES;
    }

    @Override
    public Set<KernelTables> tables() {
        return switch (tools.variant()) {
            case SYSTEM -> Set.of(KernelTables.IP, KernelTables.LEGACY);
            case NFT -> Set.of(KernelTables.IP);
            case LEGACY -> Set.of(KernelTables.LEGACY);
        };
    }

    @Override
    public Usability usability(NetworkNamespace namespace) throws IOException {
        ToolRun run = new ToolRun(tools, namespace);
        try {
            for (IpFamily family : families) {
                Programs.iptables(tools, family, "restore");
                String version = run.run(List.of(Programs.iptables(tools, family, "save").toString(), "--version"), "").strip();
                String mark = tools.variant() == Variant.NFT ? "(nf_tables)" : tools.variant() == Variant.LEGACY ? "(legacy)" : "";
                if (!version.contains(mark)) {
                    return Usability
                            .no(Programs.iptables(tools, family, "save") + " is another variant: it says " + version + ", not " + mark);
                }
                run.save(family);
            }
            return Usability.yes("the tools are there and can list the rules");
        } catch (IOException e) {
            return Usability.no(String.valueOf(e.getMessage()));
        }
    }

    @Override
    public void check(ManagedNames names, RuleSet rules) {
        names.checkShared(rules);
        for (IpFamily family : IpFamily.values()) {
            IptablesRestore.render(rules, family);
        }
    }

    @Override
    public void apply(NetworkNamespace namespace, ManagedNames names, RuleSet rules) throws IOException {
        check(names, rules);
        ApplyLock.holding(namespace, tools.timeout(), () -> {
            ToolRun run = new ToolRun(tools, namespace);
            Ipsets sets = new Ipsets(run, tools, names);
            State before = state(run, names, sets);
            List<NamedSet> wanted = rules.withElementsOf(before.sets.sets()).sets();
            try {
                sets.provide(before.sets, wanted);
                for (IpFamily family : families) {
                    restore(run, family, before.tables(family), ManagedTable.wanted(rules, family));
                }
                sets.retire(before.sets, wanted);
                clear(namespace, before, family -> ManagedTable.wanted(rules, family));
                verify(run, namespace, names, sets, rules);
            } catch (IOException | RuntimeException e) {
                undo(namespace, run, names, sets, before, e);
                throw e;
            }
        });
    }

    private void verify(ToolRun run, NetworkNamespace namespace, ManagedNames names, Ipsets sets, RuleSet rules) throws IOException {
        List<String> differences = Differences.between(listing(run, names, sets), expressible(rules));
        if (!differences.isEmpty()) {
            throw new RulesDifferException(namespace.toString(), differences);
        }
    }

    /** Leaves out the families that the kernel lacks: it has no packets of them. */
    private RuleSet expressible(RuleSet rules) {
        return families.single().map(rules::only).orElse(rules);
    }

    private void undo(NetworkNamespace namespace, ToolRun run, ManagedNames names, Ipsets sets, State before, Exception failure) {
        boolean interrupted = Thread.interrupted();
        try {
            sets.provide(new Listing(List.of(), sets.read().sets()), before.sets.sets()); // the content; options don't matter here
            State now = state(run, names, sets);
            for (IpFamily family : families) {
                restore(run, family, now.tables(family), before.tables(family));
            }
            sets.retire(now.sets, before.sets.sets());
            clear(namespace, now, before::tables);
        } catch (IOException e) {
            failure.addSuppressed(new IOException("what had been changed couldn't be put back: " + e.getMessage(), e));
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static void restore(ToolRun run, IpFamily family, Map<String, ManagedTable> from, Map<String, ManagedTable> to)
            throws IOException {
        String script = Transition.script(from, to);
        if (!script.isEmpty()) {
            run.restore(family, script);
        }
    }

    @Override
    public Listing read(NetworkNamespace namespace, ManagedNames names) throws IOException {
        ToolRun run = new ToolRun(tools, namespace);
        return listing(run, names, new Ipsets(run, tools, names));
    }

    /**
     * Reads all rules of a namespace in the tables of this back end, managed or not.
     *
     * @param namespace the namespace
     * @return the rules of each family
     * @throws IOException if a tool or the kernel refuses
     */
    public Map<IpFamily, ForeignRules> everything(NetworkNamespace namespace) throws IOException {
        Map<IpFamily, ForeignRules> found = new EnumMap<>(IpFamily.class);
        for (IpFamily family : families) {
            found.put(family, ForeignRules.ofIptablesSave(new ToolRun(tools, namespace).save(family), family));
        }
        return found;
    }

    private Listing listing(ToolRun run, ManagedNames names, Ipsets sets) throws IOException {
        List<Listing.ListedChain> chains = new ArrayList<>();
        if (!names.chains().isEmpty()) { // other programs may have thousands of rules
            for (IpFamily family : families) {
                chains.addAll(saved(run, family, run.saveWithCounters(family)).listing(family, names).chains());
            }
        }
        Listing held = sets.read();
        return new Listing(chains, List.of()).with(held.sets(), held.misfits());
    }

    @Override
    public void remove(NetworkNamespace namespace, ManagedNames names) throws IOException {
        ApplyLock.holding(namespace, tools.timeout(), () -> {
            ToolRun run = new ToolRun(tools, namespace);
            Ipsets sets = new Ipsets(run, tools, names);
            State before = state(run, names, sets);
            for (IpFamily family : families) {
                restore(run, family, before.tables(family), Map.of());
            }
            sets.retire(before.sets, List.of());
            clear(namespace, before, family -> Map.of());
        });
    }

    /**
     * Takes away what is empty now in tables of nf_tables that had rules of ours and have none any more. Not by {@code iptables -X}: before
     * 1.8.8, it refuses built-in chains. The tables of iptables-legacy can't be taken away.
     */
    private void clear(NetworkNamespace namespace, State before, Function<IpFamily, Map<String, ManagedTable>> needed) throws IOException {
        if (tools.variant() != Variant.NFT) {
            return;
        }
        Map<IpFamily, Map<TableName, Set<String>>> left = new EnumMap<>(IpFamily.class);
        for (IpFamily family : families) {
            Map<String, ManagedTable> now = needed.apply(family);
            for (TableName table : TableName.values()) {
                ManagedTable part = before.tables(family).get(table.toString());
                if (part != null && part.isUsed() && !now.getOrDefault(table.toString(), ManagedTable.NOTHING).isUsed()) {
                    left.computeIfAbsent(family, key -> new EnumMap<>(TableName.class)).put(table, part.jumps().keySet());
                }
            }
        }
        if (!left.isEmpty()) {
            EmptyTables.remove(namespace, left);
        }
    }

    @Override
    public void update(NetworkNamespace namespace, ManagedNames names, SetChange change) throws IOException {
        ApplyLock.holding(namespace, tools.timeout(),
                () -> new Ipsets(new ToolRun(tools, namespace), tools, names).update(change.kind(), change.add(), change.remove()));
    }

    @Override
    public void update(NetworkNamespace namespace, ManagedNames names, PortSetChange change) throws IOException {
        ApplyLock.holding(namespace, tools.timeout(),
                () -> new Ipsets(new ToolRun(tools, namespace), tools, names).update(change.kind(), change.add(), change.remove()));
    }

    private State state(ToolRun run, ManagedNames names, Ipsets sets) throws IOException {
        Map<IpFamily, Map<String, ManagedTable>> tables = new EnumMap<>(IpFamily.class);
        for (IpFamily family : families) {
            tables.put(family, ManagedTable.found(saved(run, family, run.save(family)), names.chains()));
        }
        return new State(tables, sets.read());
    }

    private static IptablesSave saved(ToolRun run, IpFamily family, String text) throws IOException {
        IptablesSave saved = IptablesSave.parse(text);
        for (String table : saved.unreadable()) {
            throw new IOException("iptables can't list the table " + table + " in " + run.where()
                    + ": another program put rules there that only nft understands (`nft list table "
                    + (family == IpFamily.V4 ? "ip " : "ip6 ")
                    + table + "` shows them)");
        }
        return saved;
    }

    /** The managed rules and sets that were found. */
    private record State(Map<IpFamily, Map<String, ManagedTable>> tables, Listing sets) {
        Map<String, ManagedTable> tables(IpFamily family) {
            return tables.getOrDefault(family, Map.of());
        }
    }

    @Override
    public String toString() {
        return name();
    }
}
