package io.inpod.iptables.backend.pod;

import io.inpod.iptables.AddressSet;
import io.inpod.iptables.backend.Backend;
import io.inpod.iptables.backend.Layout;
import io.inpod.iptables.backend.RulesChange;
import io.inpod.iptables.backend.SetChange;
import io.inpod.iptables.pod.HostProbe;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * {@link HostProbe} in a node's namespace: installed with the pods that are known, and kept up to date pod by pod. A pod's addresses change
 * in one step for each family, and without the rules being touched. What stands in tables that the back end doesn't see, because another
 * put it there, is a difference, and goes as soon as the new rules are in.
 *
 * <p>Immutable. Of two that change the same pod's addresses at once, one comes first. Blocks.
 */
public final class HostProbeChange {
    private final HostProbe preset;
    private final Backend backend;

    /**
     * Prepares it.
     *
     * @param preset the rules
     * @param backend how they are applied
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
     * Installs the rules, and the sets with exactly these pods; what an earlier agent knew of others goes.
     *
     * @param namespace the node's
     * @param pods their addresses, each with the pod's uid as its comment; those of families that aren't served are left out
     * @throws IOException if a tool or the kernel refuses; what was there before is there then
     */
    public void install(NetworkNamespace namespace, List<AddressSet.Element> pods) throws IOException {
        change(pods).install(namespace);
        others().remove(namespace);
    }

    /**
     * Says how what is there differs from what should be.
     *
     * @param namespace the node's
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
     * Removes rules and sets, whichever back end put them there.
     *
     * @param namespace the node's
     * @throws IOException if a tool or the kernel refuses
     */
    public void remove(NetworkNamespace namespace) throws IOException {
        others().remove(namespace); // first their rules: the sets of ipset may be the same
        backend.remove(namespace, HostProbe.NAMES);
    }

    /**
     * Lets probes of a pod through. An address that another pod had before is this one's from now on.
     *
     * @param namespace the node's
     * @param uid the pod's
     * @param addresses its addresses; those of families that aren't served are left out
     * @throws IOException if the sets aren't there, or a tool or the kernel refuses
     */
    public void add(NetworkNamespace namespace, String uid, Collection<InetAddress> addresses) throws IOException {
        for (IpFamily family : preset.families()) {
            List<AddressSet.Element> added = addresses.stream().filter(address -> IpFamily.of(address) == family).distinct()
                    .map(address -> new AddressSet.Element(address, uid)).toList();
            if (!added.isEmpty()) {
                backend.update(namespace, HostProbe.NAMES, new SetChange(HostProbe.set(family), family, added, Set.of()));
            }
        }
    }

    /**
     * Forgets a pod. Addresses that another pod has taken over meanwhile stay.
     *
     * @param namespace the node's
     * @param uid the pod's
     * @return the addresses that were forgotten
     * @throws IOException if a tool or the kernel refuses
     */
    public List<InetAddress> remove(NetworkNamespace namespace, String uid) throws IOException {
        List<InetAddress> gone = new ArrayList<>();
        for (AddressSet set : backend.read(namespace, HostProbe.NAMES).sets()) {
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
        return gone;
    }
}
