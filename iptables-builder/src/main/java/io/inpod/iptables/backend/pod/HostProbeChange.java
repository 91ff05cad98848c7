package io.inpod.iptables.backend.pod;

import io.inpod.iptables.AddressSet;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.NamedSet;
import io.inpod.iptables.backend.Backend;
import io.inpod.iptables.backend.Layout;
import io.inpod.iptables.backend.RulesChange;
import io.inpod.iptables.backend.SetChange;
import io.inpod.iptables.backend.internal.tools.ApplyLock;
import io.inpod.iptables.pod.HostProbe;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Applies {@link HostProbe} to the namespace of a node: with the known pods, and then pod by pod. The addresses of a pod change in one step
 * for each family, without touching the rules. Rules that another back end left in tables that this one doesn't see are differences, and
 * are removed once the new rules are in place.
 *
 * <p>Immutable. Changes of the pods are made one after the other, also those of several threads and processes of one user. Blocks.
 */
public final class HostProbeChange {
    /** How long to wait for others that change the pods. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** Without the chains: other programs may have thousands in the same tables. */
    private static final ManagedNames SETS = new ManagedNames(Set.of(), HostProbe.NAMES.tablePrefix(), HostProbe.NAMES.sets());

    private final HostProbe preset;
    private final Backend backend;

    /**
     * Creates a change.
     *
     * @param preset the rules
     * @param backend the back end that applies them
     */
    public HostProbeChange(HostProbe preset, Backend backend) {
        this.preset = preset;
        this.backend = backend;
    }

    private OtherTables others() {
        return new OtherTables(backend, HostProbe.NAMES, List.of(backend));
    }

    private RulesChange change(List<AddressSet.Element> pods) {
        return new RulesChange(backend, HostProbe.NAMES, backend.layout() == Layout.INET ? preset.inet(pods) : preset.shared(pods));
    }

    /**
     * Installs the rules, and the sets with exactly these pods. Pods that only an earlier agent knew are removed.
     *
     * @param namespace the namespace of the node
     * @param pods their addresses, each with the pod's uid as its comment; addresses of families that aren't served are left out
     * @throws IOException if a tool or the kernel refuses; the previous rules and sets are in place then
     */
    public void install(NetworkNamespace namespace, List<AddressSet.Element> pods) throws IOException {
        ApplyLock.deciding(namespace, PATIENCE, () -> change(pods).install(namespace));
        others().remove(namespace);
    }

    /**
     * Returns the differences between the rules and sets in the namespace and those that should be there.
     *
     * @param namespace the namespace of the node
     * @param pods as for {@link #install}
     * @return one text for each difference
     * @throws IOException if a tool or the kernel refuses
     */
    public List<String> diff(NetworkNamespace namespace, List<AddressSet.Element> pods) throws IOException {
        List<String> differences = new ArrayList<>(change(pods).diff(namespace));
        differences.addAll(others().diff(namespace));
        return List.copyOf(differences);
    }

    /**
     * Removes rules and sets, no matter which back end installed them.
     *
     * @param namespace the namespace of the node
     * @throws IOException if a tool or the kernel refuses
     */
    public void remove(NetworkNamespace namespace) throws IOException {
        others().remove(namespace); // first these rules: the sets of ipset may be the same
        backend.remove(namespace, HostProbe.NAMES);
    }

    /**
     * Adds a pod, so that probes reach it. An address that belonged to another pod belongs to this one from now on.
     *
     * @param namespace the namespace of the node
     * @param uid the uid of the pod
     * @param addresses its addresses; those of families that aren't served are left out
     * @throws IOException if the sets don't exist, or a tool or the kernel refuses
     */
    public void add(NetworkNamespace namespace, String uid, Collection<InetAddress> addresses) throws IOException {
        ApplyLock.deciding(namespace, PATIENCE, () -> addNow(namespace, uid, addresses));
    }

    private void addNow(NetworkNamespace namespace, String uid, Collection<InetAddress> addresses) throws IOException {
        for (IpFamily family : preset.families()) {
            List<AddressSet.Element> added = addresses.stream().filter(address -> IpFamily.of(address) == family).distinct()
                    .map(address -> new AddressSet.Element(address, uid)).toList();
            if (!added.isEmpty()) {
                backend.update(namespace, HostProbe.NAMES, new SetChange(HostProbe.set(family), family, added, Set.of()));
            }
        }
    }

    /**
     * Gives a pod exactly these addresses: adds them as {@link #add} does, and removes others that are the pod's. Each family changes in
     * one step where the kernel allows it.
     *
     * @param namespace the namespace of the node
     * @param uid the uid of the pod
     * @param addresses its addresses; those of families that aren't served are left out
     * @throws IOException if the sets don't exist, or a tool or the kernel refuses
     */
    public void replace(NetworkNamespace namespace, String uid, Collection<InetAddress> addresses) throws IOException {
        ApplyLock.deciding(namespace, PATIENCE, () -> replaceNow(namespace, uid, Set.copyOf(addresses)));
    }

    private void replaceNow(NetworkNamespace namespace, String uid, Set<InetAddress> addresses) throws IOException {
        List<AddressSet.Element> held = elements(namespace);
        for (IpFamily family : preset.families()) {
            Set<InetAddress> removed = new HashSet<>();
            List<AddressSet.Element> added = new ArrayList<>();
            for (InetAddress address : addresses) {
                AddressSet.Element element = new AddressSet.Element(address, uid);
                if (IpFamily.of(address) == family && !held.contains(element)) {
                    added.add(element);
                }
            }
            for (AddressSet.Element element : held) {
                if (element.comment().equals(uid) && IpFamily.of(element.address()) == family && !addresses.contains(element.address())) {
                    removed.add(element.address());
                }
            }
            if (!added.isEmpty() || !removed.isEmpty()) {
                backend.update(namespace, HostProbe.NAMES, new SetChange(HostProbe.set(family), family, added, removed));
            }
        }
    }

    /**
     * Returns what the sets hold.
     *
     * @param namespace the namespace of the node
     * @return the addresses of all pods, each with the pod's uid as its comment; empty if there are no sets
     * @throws IOException if a tool or the kernel refuses
     */
    public List<AddressSet.Element> elements(NetworkNamespace namespace) throws IOException {
        return backend.read(namespace, SETS).sets().stream().filter(AddressSet.class::isInstance).map(AddressSet.class::cast)
                .flatMap(set -> set.elements().stream()).toList();
    }

    /**
     * Removes a pod. Addresses that belong to another pod by now stay.
     *
     * @param namespace the namespace of the node
     * @param uid the uid of the pod
     * @return the addresses that were removed
     * @throws IOException if a tool or the kernel refuses
     */
    public List<InetAddress> remove(NetworkNamespace namespace, String uid) throws IOException {
        List<InetAddress> gone = new ArrayList<>();
        ApplyLock.deciding(namespace, PATIENCE, () -> removeNow(namespace, uid, gone));
        return gone;
    }

    private void removeNow(NetworkNamespace namespace, String uid, List<InetAddress> gone) throws IOException {
        for (NamedSet found : backend.read(namespace, SETS).sets()) {
            if (!(found instanceof AddressSet set)) {
                continue; // another program's, by one of our names
            }
            Set<InetAddress> removed = new HashSet<>();
            for (AddressSet.Element element : set.elements()) {
                if (element.comment().equals(uid)) {
                    removed.add(element.address());
                }
            }
            if (!removed.isEmpty()) {
                backend.update(namespace, HostProbe.NAMES, new SetChange(set.name(), set.family(), List.of(), removed));
                gone.addAll(removed);
            }
        }
    }
}
