package io.inpod.iptables.backend.internal.tools;

import io.inpod.iptables.AddressSet;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Listing;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.NamedSet;
import io.inpod.iptables.PortSet;
import io.inpod.iptables.Ports;
import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.iptables.internal.Bytes;
import io.inpod.iptables.internal.IpsetOptions;
import io.inpod.iptables.internal.Words;
import io.inpod.netns.IpFamily;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Sets of ipset(8), of the type {@code hash:ip}, {@code hash:net} or {@code bitmap:port}. Content is replaced by swapping a set with a
 * spare one.
 */
public final class Ipsets {
    private static final String SPARE = "inpod-spare";

    private final ToolRun run;
    private final IptablesTools tools;
    private final ManagedNames names;

    public Ipsets(ToolRun run, IptablesTools tools, ManagedNames names) {
        this.run = run;
        this.tools = tools;
        this.names = names;
    }

    /** Returns the managed sets that exist; those of other types are only among the misfits. */
    public Listing read() throws IOException {
        List<NamedSet> sets = new ArrayList<>();
        Map<String, List<String>> misfits = new HashMap<>();
        if (!names.sets().isEmpty()) {
            for (String name : ipset("", "list", "-n").split("\n")) {
                if (names.sets().contains(name)) {
                    parse(name, ipset("", "save", name), misfits).ifPresent(sets::add);
                }
            }
        }
        return new Listing(List.of(), sets, misfits);
    }

    /** Reads the listing of one set; empty if it can't be one of ours. */
    private static Optional<NamedSet> parse(String name, String saved, Map<String, List<String>> misfits) {
        List<String> wrong = new ArrayList<>();
        List<AddressSet.Element> elements = new ArrayList<>();
        List<PortSet.Element> ports = new ArrayList<>();
        Optional<IpFamily> family = Optional.empty();
        AddressSet.Type type = AddressSet.Type.ADDRESSES;
        boolean ofPorts = false;
        for (String line : saved.split("\n")) {
            List<String> words = Words.split(line);
            if (words.size() > 2 && words.get(0).equals("create")) {
                IpsetOptions options = IpsetOptions.of(words);
                wrong.addAll(options.misfits());
                ofPorts = options.ofPorts();
                type = options.ofPrefixes() ? AddressSet.Type.PREFIXES : AddressSet.Type.ADDRESSES;
                family = Optional.of(words.contains("inet6") ? IpFamily.V6 : IpFamily.V4).filter(known -> options.canBeTakenOver());
            } else if (words.size() > 2 && words.get(0).equals("add") && family.isPresent()) {
                if (words.contains("nomatch")) {
                    misfits.put(name, List.of(IpsetOptions.EXCEPTIONS));
                    return Optional.empty();
                }
                int comment = words.indexOf("comment");
                String note = comment < 0 ? "" : Bytes.read(words.get(comment + 1).replace("\"", ""));
                if (ofPorts) {
                    int port = Integer.parseInt(words.get(2));
                    ports.add(new PortSet.Element(new Ports(port, port), note));
                } else {
                    elements.add(new AddressSet.Element(IpPrefix.parse(words.get(2)), note));
                }
            }
        }
        AddressSet.Type found = type;
        Optional<NamedSet> set = ofPorts ? Optional.of(new PortSet(name, ports))
                : family.map(known -> AddressSet.withoutOverlaps(name, known, found, elements));
        if (!ofPorts && set.isPresent() && set.get().elements().size() < elements.size()) {
            wrong.add(IpsetOptions.OVERLAPS);
        }
        if (!wrong.isEmpty()) {
            misfits.put(name, wrong);
        }
        return set;
    }

    /**
     * Creates or fills the wanted sets, before rules refer to them. A set that another program has created is taken over: swapping needs
     * only the same type and family, and replaces all options.
     */
    public void provide(Listing found, List<NamedSet> wanted) throws IOException {
        StringBuilder script = new StringBuilder();
        for (NamedSet set : wanted) {
            List<String> misfits = found.misfits().getOrDefault(set.name(), List.of());
            if (!found.sets().contains(set) || !misfits.isEmpty()) {
                Optional<NamedSet> there = found.sets().stream().filter(other -> other.name().equals(set.name())).findFirst();
                if (there.isEmpty() && !misfits.isEmpty()) {
                    throw new IOException(IpsetOptions.refusal(set.name(), misfits));
                }
                if (there.isPresent() && !there.get().isLike(set)) {
                    throw new IOException(IpsetOptions.refusal(set.name(),
                            List.of("holds " + there.get().content() + " instead of " + set.content())));
                }
                if (there.isEmpty()) {
                    script.append("create ").append(set.name()).append(options(set)).append('\n');
                }
                script.append("create ").append(SPARE).append(options(set)).append('\n');
                set.elements().forEach(element -> script.append(add(SPARE, element)));
                script.append("swap ").append(SPARE).append(' ').append(set.name()).append('\n');
                script.append("destroy ").append(SPARE).append('\n');
            }
        }
        if (!script.isEmpty()) {
            destroySpare();
            try {
                ipset(script.toString(), "restore");
            } catch (IOException e) {
                try {
                    destroySpare();
                } catch (IOException left) {
                    e.addSuppressed(left);
                }
                throw e;
            }
        }
    }

    /** Destroys the sets that a killed run left behind. */
    private void destroySpare() throws IOException {
        if (List.of(ipset("", "list", "-n").split("\n")).contains(SPARE)) {
            ipset("", "destroy", SPARE);
        }
    }

    /** Destroys sets that are no longer wanted, after the last rule that refers to them is gone. */
    public void retire(Listing found, List<NamedSet> wanted) throws IOException {
        StringBuilder script = new StringBuilder();
        for (NamedSet set : found.sets()) {
            if (wanted.stream().noneMatch(other -> other.name().equals(set.name()))) {
                script.append("destroy ").append(set.name()).append('\n');
            }
        }
        if (!script.isEmpty()) {
            ipset(script.toString(), "restore");
        }
    }

    /**
     * Changes a set, of which only name, family and type count, element by element: the kernel has no transaction for it, but every
     * intermediate state is a valid set. ipset would let blocks overlap, so that the set has to be read first.
     */
    public void update(AddressSet set, List<AddressSet.Element> added, Set<IpPrefix> removed) throws IOException {
        checkManaged(set);
        if (set.type() == AddressSet.Type.PREFIXES) {
            try {
                ((AddressSet) held(set)).with(added, removed);
            } catch (IllegalArgumentException e) {
                throw new IOException(e.getMessage(), e);
            }
        }
        StringBuilder script = new StringBuilder();
        for (IpPrefix prefix : removed) {
            script.append("del ").append(set.name()).append(' ').append(new AddressSet.Element(prefix, "")).append(" -exist\n");
        }
        added.forEach(element -> script.append(add(set.name(), element)));
        ipset(script.toString(), "restore", "-exist");
    }

    /** Changes a set of ports, of which only the name counts, port by port: every intermediate state is a valid set. */
    public void update(PortSet set, List<PortSet.Element> added, Set<Ports> removed) throws IOException {
        checkManaged(set);
        held(set); // a set of addresses takes a port for one
        StringBuilder script = new StringBuilder();
        removed.forEach(ports -> script.append("del ").append(set.name()).append(' ').append(ports.text('-')).append(" -exist\n"));
        added.forEach(element -> script.append(add(set.name(), element)));
        ipset(script.toString(), "restore", "-exist");
    }

    private void checkManaged(NamedSet set) {
        if (!names.sets().contains(set.name())) {
            throw new IllegalArgumentException("set " + set.name() + " is not among the managed sets " + names.sets());
        }
    }

    private NamedSet held(NamedSet kind) throws IOException {
        return read().sets().stream().filter(kind::isLike).findFirst().orElseThrow(() -> new IOException("a set " + kind.name() + " of "
                + kind.content() + " isn't there in " + run.where() + ": apply the rules first"));
    }

    private static String options(NamedSet set) {
        return " " + set.ipsetType() + (set instanceof AddressSet addresses
                ? " family " + (addresses.family() == IpFamily.V4 ? "inet" : "inet6") + " maxelem " + IpsetOptions.ROOM
                : " range 0-65535") + " comment";
    }

    private static String add(String set, NamedSet.Element element) {
        return "add " + set + " " + element
                + (element.comment().isEmpty() ? "" : " comment \"" + Bytes.carry(element.comment()) + "\"") + "\n";
    }

    private String ipset(String input, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(Programs.find(tools, "ipset", "ipset").toString()));
        command.addAll(List.of(arguments));
        return run.run(command, input);
    }
}
