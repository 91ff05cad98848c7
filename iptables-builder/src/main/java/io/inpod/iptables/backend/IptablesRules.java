package io.inpod.iptables.backend;

import io.inpod.iptables.Chain;
import io.inpod.iptables.IpFamily;
import io.inpod.iptables.Owner;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.text.IptablesRestore;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A rule set, applied with the iptables tools: iptables-save(8) and iptables-restore(8), entered by nsenter(1).
 *
 * <p>What belongs to it in a namespace are the chains that have the names of its own chains, in any table, and all rules that jump
 * or go to them. Everything else is other people's and stays as it is. Chain policies are never touched.
 *
 * <p>Needs {@code netns-sockets}, the tools, and CAP_SYS_ADMIN and CAP_NET_ADMIN over the namespace. Each call runs one to five
 * processes and blocks until they are done, each for at most {@link IptablesTools#timeout()}.
 */
public final class IptablesRules implements NamespaceChange {
    private final RuleSet rules;
    private final IptablesTools tools;
    private final Map<String, OwnedTable> wanted;
    private final Set<String> chains;

    /**
     * Prepares a rule set to be applied with the system's tools.
     *
     * @param rules what to apply; built-in chains may hold only jumps to its own chains
     * @throws IllegalArgumentException naming the rule, if it can't be removed later or expressed in text
     */
    public IptablesRules(RuleSet rules) {
        this(rules, IptablesTools.system());
    }

    /**
     * Prepares a rule set to be applied.
     *
     * @param rules what to apply; built-in chains may hold only jumps to its own chains
     * @param tools the tools to use
     * @throws IllegalArgumentException naming the rule, if it can't be removed later or expressed in text
     */
    public IptablesRules(RuleSet rules, IptablesTools tools) {
        this.rules = rules;
        this.tools = tools;
        Owner.of(rules, "inpod-").checkShared(rules);
        IptablesRestore.render(rules);
        this.wanted = OwnedTable.wanted(rules);
        this.chains = wanted.values().stream().flatMap(table -> table.chains().keySet().stream()).collect(Collectors.toUnmodifiableSet());
    }

    private IpFamily family() {
        return rules.families().iterator().next();
    }

    /** {@return what is applied} */
    public RuleSet rules() {
        return rules;
    }

    /**
     * Installs the rules. Does nothing if they are there already; what is there of an older or damaged version is replaced in the same
     * step. The kernel applies table after table: if one fails, those before it are put back as they were.
     *
     * @param namespace where
     * @throws IptablesException if a tool or the kernel refuses
     * @throws IOException if a tool is missing or hangs
     */
    @Override
    public void install(NetworkNamespace namespace) throws IOException {
        ToolRun run = new ToolRun(tools, namespace);
        Map<String, OwnedTable> before = found(run);
        String script = Transition.script(before, wanted);
        if (script.isEmpty()) {
            return;
        }
        try {
            run.restore(family(), script);
            check(run, namespace);
        } catch (IOException | RuntimeException e) {
            undo(run, before, e);
            throw e;
        }
    }

    private void undo(ToolRun run, Map<String, OwnedTable> before, Exception failure) {
        boolean interrupted = Thread.interrupted();
        try {
            String script = Transition.script(found(run), before);
            if (!script.isEmpty()) {
                run.restore(family(), script);
            }
        } catch (IOException e) {
            failure.addSuppressed(new IOException("the tables that had been changed couldn't be put back: " + e.getMessage(), e));
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /**
     * Compares what is there with what should be, rule by rule and in order.
     *
     * @param namespace where
     * @throws RulesDifferException saying what is missing, foreign or different
     * @throws IOException if a tool fails, is missing or hangs
     */
    @Override
    public void verify(NetworkNamespace namespace) throws IOException {
        check(new ToolRun(tools, namespace), namespace);
    }

    private void check(ToolRun run, NetworkNamespace namespace) throws IOException {
        List<String> differences = Differences.between(found(run), wanted);
        if (!differences.isEmpty()) {
            throw new RulesDifferException(namespace.toString(), differences);
        }
    }

    /**
     * Removes the chains with our names and all jumps to them, whoever left them there.
     *
     * @param namespace where
     * @throws IptablesException if a tool or the kernel refuses; tables that come before, in alphabetical order, have been cleaned
     * @throws IOException if a tool is missing or hangs
     */
    @Override
    public void remove(NetworkNamespace namespace) throws IOException {
        ToolRun run = new ToolRun(tools, namespace);
        String script = Transition.script(found(run), Map.of());
        if (!script.isEmpty()) {
            run.restore(family(), script);
        }
    }

    private Map<String, OwnedTable> found(ToolRun run) throws IOException {
        SavedTables saved = SavedTables.parse(run.save(family()));
        for (String table : wanted.keySet()) {
            if (saved.unreadable().contains(table)) {
                throw new IOException("iptables can't list the table " + table + " in " + run.where()
                        + ": another program put rules there that only nft understands (`nft list table " + (family() == IpFamily.V4 ? "ip " : "ip6 ")
                        + table + "` shows them)");
            }
        }
        return OwnedTable.found(saved, chains);
    }

    @Override
    public String toString() {
        return family() + " rules in " + wanted.keySet();
    }
}
