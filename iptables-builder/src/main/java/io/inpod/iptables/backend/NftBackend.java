package io.inpod.iptables.backend;

import io.inpod.iptables.AddressSet;
import io.inpod.iptables.Listing;
import io.inpod.iptables.Listing.ListedChain;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.NamedSet;
import io.inpod.iptables.PortSet;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.TableName;
import io.inpod.iptables.backend.internal.tools.ApplyLock;
import io.inpod.iptables.backend.internal.tools.ToolRun;
import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.iptables.internal.Bytes;
import io.inpod.iptables.text.Differences;
import io.inpod.iptables.text.ForeignRules;
import io.inpod.iptables.text.NftJson;
import io.inpod.iptables.text.NftScript;
import io.inpod.iptables.text.TornSetException;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The nft tool, nft(8), with a script for its own {@code inet} tables, run in the namespace by nsenter(1). Tables, rules and sets of both
 * families change in one transaction of the kernel. Lists the managed tables only.
 */
public final class NftBackend implements Backend {
    /** A table that nft only checks and never creates. */
    private static final String TRIAL_TABLE = "inpod-probe";

    /** A torn listing of a set is repeated. A hash table grows within one or two. */
    private static final int MOST_LISTINGS = 20;

    private final IptablesTools tools;

    /**
     * Creates the back end with certain tools.
     *
     * @param tools where they are, and how long each may run; the variant doesn't matter
     */
    public NftBackend(IptablesTools tools) {
        this.tools = tools;
    }

    /** {@return the back end with the system's nft} */
    public static NftBackend system() {
        return new NftBackend(IptablesTools.system());
    }

    @Override
    public String name() {
        return "nft";
    }

    @Override
    public Layout layout() {
        return Layout.INET;
    }

    @Override
    public Set<KernelTables> tables() {
        return Set.of(KernelTables.INET);
    }

    @Override
    public Usability usability(NetworkNamespace namespace) throws IOException {
        ToolRun run = new ToolRun(tools, namespace);
        try {
            run.nft("add table inet " + TRIAL_TABLE + "\nadd chain inet " + TRIAL_TABLE + " x { type nat hook output priority 0 ; }\n",
                    "-c", "-f", "-");
            run.nft("", "-j", "list", "tables", "inet"); // not every nft has been built with JSON
            return Usability.yes("nft is there, and the kernel takes inet tables with nat");
        } catch (IOException e) {
            return Usability.no(String.valueOf(e.getMessage()));
        }
    }

    @Override
    public void check(ManagedNames names, RuleSet rules) {
        names.check(rules);
        NftScript.render(rules, names.tablePrefix());
    }

    @Override
    public void apply(NetworkNamespace namespace, ManagedNames names, RuleSet rules) throws IOException {
        check(names, rules);
        ApplyLock.holding(namespace, tools.timeout(), () -> {
            ToolRun run = new ToolRun(tools, namespace);
            Listing found = listing(run, names);
            if (Differences.between(found, rules).isEmpty()) {
                return; // nothing that packets or other programs could notice
            }
            String before = undoScript(run, names);
            run.nft(Bytes.carry(NftScript.render(rules.withElementsOf(found.sets()), names.tablePrefix())), "-f", "-");
            List<String> differences = Differences.between(listing(run, names), rules);
            if (!differences.isEmpty()) {
                RulesDifferException failure = new RulesDifferException(namespace.toString(), differences);
                try {
                    run.nft(before, "-f", "-");
                } catch (IOException e) {
                    failure.addSuppressed(new IOException("what had been changed couldn't be put back: " + e.getMessage(), e));
                }
                throw failure;
            }
        });
    }

    /** Returns a script that restores the tables as they are now. */
    private static String undoScript(ToolRun run, ManagedNames names) throws IOException {
        StringBuilder script = new StringBuilder(NftScript.render(RuleSet.nothing(), names.tablePrefix()));
        for (String table : tables(run, names)) {
            script.append(run.nft("", "-s", "list", "table", "inet", table));
        }
        return script.toString();
    }

    @Override
    public Listing read(NetworkNamespace namespace, ManagedNames names) throws IOException {
        return listing(new ToolRun(tools, namespace), names);
    }

    /**
     * Lists all rules of a namespace as nft prints them, managed or not, for people and for searches in the text.
     *
     * @param namespace the namespace
     * @return what {@code nft -s list ruleset} prints
     * @throws IOException if nft or the kernel refuses
     */
    public String text(NetworkNamespace namespace) throws IOException {
        return new ToolRun(tools, namespace).nft("", "-s", "list", "ruleset");
    }

    /**
     * Reads all rules of a namespace that nft knows, managed or not.
     *
     * @param namespace the namespace
     * @return the rules of each table, by family and name, such as {@code inet filter}
     * @throws IOException if nft or the kernel refuses
     */
    public Map<String, ForeignRules> everything(NetworkNamespace namespace) throws IOException {
        ToolRun run = new ToolRun(tools, namespace);
        for (int listings = 1;; listings++) {
            try {
                return ForeignRules.ofNft(Bytes.read(run.nft("", "-j", "-n", "list", "ruleset")),
                        Bytes.read(run.nft("", "-a", "-n", "-s", "list", "ruleset")));
            } catch (TornSetException e) {
                if (listings == MOST_LISTINGS) {
                    throw e;
                }
            }
        }
    }

    private static Listing listing(ToolRun run, ManagedNames names) throws IOException {
        List<ListedChain> chains = new ArrayList<>();
        Set<NamedSet> sets = new LinkedHashSet<>();
        Map<String, List<String>> misfits = new HashMap<>();
        for (String table : tables(run, names)) {
            Listing listing = listing(run, names, table);
            chains.addAll(listing.chains());
            sets.addAll(listing.sets());
            misfits.putAll(listing.misfits());
        }
        return new Listing(chains, List.copyOf(sets), misfits);
    }

    private static Listing listing(ToolRun run, ManagedNames names, String table) throws IOException {
        for (int listings = 1;; listings++) {
            try {
                String json = Bytes.read(run.nft("", "-j", "-n", "list", "table", "inet", table));
                Listing listing = NftJson.parse(json, names.tablePrefix());
                boolean known = listing.chains().stream().allMatch(chain -> chain.rules().stream().allMatch(r -> r.rule().isPresent()));
                return known ? listing
                        : NftJson.parse(json, Bytes.read(run.nft("", "-a", "-n", "-s", "list", "table", "inet", table)),
                                names.tablePrefix());
            } catch (TornSetException e) {
                if (listings == MOST_LISTINGS) {
                    throw e;
                }
            }
        }
    }

    /** Returns the managed tables that exist. */
    private static Set<String> tables(ToolRun run, ManagedNames names) throws IOException {
        Set<String> there = new TreeSet<>(List.of(run.nft("", "list", "tables", "inet").split("\n")));
        Set<String> tables = new TreeSet<>();
        for (TableName name : TableName.values()) {
            if (there.contains("table inet " + names.tablePrefix() + name)) {
                tables.add(names.tablePrefix() + name);
            }
        }
        return tables;
    }

    @Override
    public void remove(NetworkNamespace namespace, ManagedNames names) throws IOException {
        ApplyLock.holding(namespace, tools.timeout(), () -> {
            ToolRun run = new ToolRun(tools, namespace);
            if (!tables(run, names).isEmpty()) {
                run.nft(NftScript.render(RuleSet.nothing(), names.tablePrefix()), "-f", "-");
            }
        });
    }

    @Override
    public void update(NetworkNamespace namespace, ManagedNames names, SetChange change) throws IOException {
        ApplyLock.holding(namespace, tools.timeout(), () -> {
            ToolRun run = new ToolRun(tools, namespace);
            StringBuilder script = new StringBuilder();
            boolean there = false;
            for (String table : tables(run, names)) {
                Optional<AddressSet> held = held(run, names, table, change.kind()).map(AddressSet.class::cast);
                there |= held.isPresent();
                if (held.isPresent()) {
                    script.append(change.type() == AddressSet.Type.ADDRESSES
                            ? NftScript.change(table, change.set(), change.add(), change.remove())
                            : NftScript.change(table, held.get(), change.appliedTo(held.get())));
                }
            }
            if (!names.sets().contains(change.set()) || !there) {
                throw SetChange.missing(change.kind(), namespace);
            }
            run.nft(Bytes.carry(script.toString()), "-f", "-");
        });
    }

    @Override
    public void update(NetworkNamespace namespace, ManagedNames names, PortSetChange change) throws IOException {
        ApplyLock.holding(namespace, tools.timeout(), () -> {
            ToolRun run = new ToolRun(tools, namespace);
            StringBuilder script = new StringBuilder();
            for (String table : tables(run, names)) {
                held(run, names, table, change.kind()).map(PortSet.class::cast)
                        .ifPresent(held -> script.append(NftScript.replace(table, held.with(change.add(), change.remove()))));
            }
            if (!names.sets().contains(change.set()) || script.isEmpty()) {
                throw SetChange.missing(change.kind(), namespace);
            }
            run.nft(Bytes.carry(script.toString()), "-f", "-");
        });
    }

    /** Returns the set of a table that a change is for, without its elements unless they decide what to change. */
    private static Optional<NamedSet> held(ToolRun run, ManagedNames names, String table, NamedSet kind) throws IOException {
        boolean alone = kind instanceof AddressSet addresses && addresses.type() == AddressSet.Type.ADDRESSES;
        Listing listing = !alone ? listing(run, names, table)
                : NftJson.parse(Bytes.read(run.nft("", "-j", "-n", "-t", "list", "table", "inet", table)), names.tablePrefix());
        return listing.sets().stream().filter(kind::isLike).findFirst();
    }

    @Override
    public String toString() {
        return name();
    }
}
