package io.inpod.iptables.backend;

import io.inpod.iptables.Listing;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.RuleSet;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.Set;

/**
 * A way to bring rules into a namespace's kernel. What belongs to whom is told by {@link ManagedNames} alone, so that each method needs
 * nothing but the namespace.
 *
 * <p>Implementations are immutable and may be used for many namespaces and from several threads, also for one namespace: of two that
 * apply at once, one comes first and the other replaces its rules. All methods may block and so don't belong on an event loop. They need CAP_NET_ADMIN over the
 * namespace, and CAP_SYS_ADMIN to enter it.
 */
public interface Backend {
    /** {@return a short name, such as {@code iptables-nft}; what users give to {@code --backend}} */
    String name();

    /** {@return where it keeps the rules} */
    Layout layout();

    /**
     * Says which of the kernel's tables it keeps rules in, and so whose rules it sees.
     *
     * @return one kind of tables; more than one if it depends on the machine
     */
    Set<KernelTables> tables();

    /**
     * Says whether it can be used in a namespace. Changes nothing there.
     *
     * @param namespace where
     * @return the verdict with a reason
     * @throws IOException if the namespace itself can't be entered
     */
    Usability probe(NetworkNamespace namespace) throws IOException;

    /**
     * Checks that all rules can be expressed, without a kernel.
     *
     * @param names whose rules
     * @param rules what is to be applied
     * @throws IllegalArgumentException naming the table, chain, rule and part that can't, or what {@code owner} would not find again
     */
    void check(ManagedNames names, RuleSet rules);

    /**
     * Makes the namespace hold exactly these rules and sets of the owner, in both families, whatever it held of them before. Packets
     * meet the old rules or the new ones whole, table by table; if anything fails, the old ones are back. If this process is killed
     * meanwhile, each table has the old rules or the new ones, and all tables the same with back ends that have one transaction (all but those of
     * iptables' tools); the next call puts the rest right.
     *
     * @param namespace where
     * @param names whose rules
     * @param rules what to apply; a family that isn't among its families ends up without rules of the owner
     * @throws IllegalArgumentException as {@link #check}
     * @throws IOException if a tool or the kernel refuses; what could not be put back is said in suppressed exceptions
     */
    void apply(NetworkNamespace namespace, ManagedNames names, RuleSet rules) throws IOException;

    /**
     * Reads what the namespace holds of the owner.
     *
     * @param namespace where
     * @param names whose rules
     * @return chains, rules and sets; empty if there is nothing
     * @throws IOException if a tool or the kernel refuses
     */
    Listing read(NetworkNamespace namespace, ManagedNames names) throws IOException;

    /**
     * Removes what the namespace holds of the owner: in both families, chains, sets, and rules of others' chains that lead into them.
     *
     * @param namespace where
     * @param names whose rules
     * @throws IOException if a tool or the kernel refuses
     */
    void remove(NetworkNamespace namespace, ManagedNames names) throws IOException;

    /**
     * Adds and removes addresses of a set that has been applied, all in one step where the kernel can, and without touching rules.
     * Adding an address that is there replaces its comment; removing one that isn't there is fine.
     *
     * @param namespace where
     * @param names whose set
     * @param change which addresses
     * @throws IOException if the set isn't there, or a tool or the kernel refuses
     */
    void update(NetworkNamespace namespace, ManagedNames names, SetChange change) throws IOException;

    /**
     * Looks which back ends can be used in a namespace, which of them already hold rules there, and chooses one.
     *
     * @param namespace where
     * @param names whose rules to look for
     * @return what was found, and what to use and why
     * @throws IOException if the namespace can't be entered
     */
    static Detection detect(NetworkNamespace namespace, ManagedNames names) throws IOException {
        return Detection.among(Backends.all(), namespace, names);
    }
}
