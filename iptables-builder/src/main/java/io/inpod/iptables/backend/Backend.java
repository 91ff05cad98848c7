package io.inpod.iptables.backend;

import io.inpod.iptables.Listing;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.text.Differences;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.List;
import java.util.Set;

/**
 * A way to load rules into the kernel of a namespace. {@link ManagedNames} alone decide which rules it manages, so that each method needs
 * only the namespace.
 *
 * <p>Implementations are immutable and may be used for many namespaces and from several threads, also for one namespace: of two concurrent
 * calls of {@link #apply}, one comes first and the other replaces its rules. All methods may block, and must not be called on an event
 * loop. They need CAP_NET_ADMIN over the namespace, and CAP_SYS_ADMIN to enter it.
 */
public interface Backend {
    /** {@return a short name, such as {@code iptables-nft}; what users pass to {@code --backend}} */
    String name();

    /** {@return where it keeps the rules} */
    Layout layout();

    /**
     * Returns which of the kernel's tables it keeps rules in, and so which rules it sees.
     *
     * @return one kind of tables; more than one if it depends on the machine
     */
    Set<KernelTables> tables();

    /**
     * Returns whether it can be used in a namespace. Changes nothing there.
     *
     * @param namespace the namespace
     * @return the answer with a reason
     * @throws IOException if the namespace itself can't be entered
     */
    Usability usability(NetworkNamespace namespace) throws IOException;

    /**
     * Checks, without a kernel, that all rules can be expressed.
     *
     * @param names the managed names
     * @param rules the rules to apply
     * @throws IllegalArgumentException naming the table, chain, rule and part that can't, or a name that is not managed
     */
    void check(ManagedNames names, RuleSet rules);

    /**
     * Replaces all managed rules and sets of the namespace, in both families, by exactly these. Packets meet the old rules or the new ones
     * as a whole, table by table. If anything fails, the old rules are restored. If this process is killed meanwhile, each table has the
     * old rules or the new ones, and with back ends that use one transaction (all except the iptables tools) all tables have the same. The
     * next call repairs the rest.
     *
     * @param namespace the namespace
     * @param names the managed names
     * @param rules the rules to apply; a family that isn't among their families is left without managed rules
     * @throws IllegalArgumentException as {@link #check}
     * @throws IOException if a tool or the kernel refuses; suppressed exceptions say what could not be restored
     */
    void apply(NetworkNamespace namespace, ManagedNames names, RuleSet rules) throws IOException;

    /**
     * Reads the managed rules and sets of the namespace, with what the rules have counted, see {@link io.inpod.iptables.RuleCounters}.
     *
     * @param namespace the namespace
     * @param names the managed names
     * @return chains, rules and sets; empty if there are none
     * @throws IOException if a tool or the kernel refuses
     */
    Listing read(NetworkNamespace namespace, ManagedNames names) throws IOException;

    /**
     * Compares the managed rules and sets of the namespace with those that should be there, by meaning, rule by rule and in order.
     *
     * @param namespace the namespace
     * @param names the managed names
     * @param rules the rules that should be there; a family that isn't among their families should have none
     * @return one text for each difference, as {@link Differences#between} words it; empty if there is none
     * @throws IOException if a tool or the kernel refuses
     */
    default List<String> diff(NetworkNamespace namespace, ManagedNames names, RuleSet rules) throws IOException {
        return Differences.between(read(namespace, names), rules);
    }

    /**
     * Removes the managed chains and sets of the namespace in both families, and the rules in other chains that lead to them.
     *
     * @param namespace the namespace
     * @param names the managed names
     * @throws IOException if a tool or the kernel refuses
     */
    void remove(NetworkNamespace namespace, ManagedNames names) throws IOException;

    /**
     * Adds and removes elements of a set that has been applied, in one step where the kernel allows it, without touching rules. Adding an
     * element that the set already contains replaces its comment. Removing one that it doesn't contain has no effect. Declare a set whose
     * elements change by this method as {@link io.inpod.iptables.AddressSet#atRuntime(String, io.inpod.netns.IpFamily)}: otherwise the next
     * {@link #apply} undoes the change.
     *
     * @param namespace the namespace
     * @param names the managed names
     * @param change the elements
     * @throws IOException if the set doesn't exist or is of another type, an element would overlap with one that stays, or a tool or the
     *     kernel refuses
     */
    void update(NetworkNamespace namespace, ManagedNames names, SetChange change) throws IOException;

    /**
     * Adds ports to a set that has been applied and removes ports from it, as {@link #update(NetworkNamespace, ManagedNames, SetChange)}
     * does with addresses.
     *
     * @param namespace the namespace
     * @param names the managed names
     * @param change the ports
     * @throws IOException if the set doesn't exist or holds no ports, or a tool or the kernel refuses
     */
    void update(NetworkNamespace namespace, ManagedNames names, PortSetChange change) throws IOException;

    /**
     * Finds out which back ends can be used in a namespace and which of them already hold rules there, and chooses one.
     *
     * @param namespace the namespace
     * @param names the names of the rules to look for
     * @return what was found, what to use, and why
     * @throws IOException if the namespace can't be entered
     */
    static Detection detect(NetworkNamespace namespace, ManagedNames names) throws IOException {
        return Detection.among(Backends.all(), namespace, names);
    }
}
