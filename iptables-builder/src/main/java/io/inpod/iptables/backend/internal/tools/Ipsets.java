package io.inpod.iptables.backend.internal.tools;

import io.inpod.iptables.AddressSet;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Listing;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.iptables.internal.AddressText;
import io.inpod.iptables.internal.Bytes;
import io.inpod.iptables.internal.IpsetOptions;
import io.inpod.iptables.internal.Words;
import io.inpod.netns.IpFamily;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Address sets of ipset(8), of the type {@code hash:ip}. Content is replaced by filling a spare set and swapping the two. */
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
        List<AddressSet> sets = new ArrayList<>();
        Map<String, List<String>> misfits = new HashMap<>();
        if (!names.sets().isEmpty()) {
            for (String name : ipset("", "list", "-n").split("\n")) {
                if (names.sets().contains(name)) {
                    sets.addAll(parse(ipset("", "save", name), misfits));
                }
            }
        }
        return new Listing(List.of(), sets, misfits);
    }

    private static List<AddressSet> parse(String saved, Map<String, List<String>> misfits) {
        Map<String, IpFamily> families = new HashMap<>();
        Map<String, List<AddressSet.Element>> elements = new HashMap<>();
        for (String line : saved.split("\n")) {
            List<String> words = Words.split(line);
            if (words.size() > 2 && words.get(0).equals("create")) {
                IpsetOptions options = IpsetOptions.of(words);
                if (!options.misfits().isEmpty()) {
                    misfits.put(words.get(1), options.misfits());
                }
                if (options.canBeTakenOver()) {
                    families.put(words.get(1), words.contains("inet6") ? IpFamily.V6 : IpFamily.V4);
                    elements.put(words.get(1), new ArrayList<>());
                }
            } else if (words.size() > 2 && words.get(0).equals("add") && elements.containsKey(words.get(1))) {
                int comment = words.indexOf("comment");
                elements.get(words.get(1)).add(new AddressSet.Element(IpPrefix.parse(words.get(2)).address(),
                        comment < 0 ? "" : Bytes.read(words.get(comment + 1).replace("\"", ""))));
            }
        }
        List<AddressSet> sets = new ArrayList<>();
        families.forEach((name, family) -> sets.add(new AddressSet(name, family, elements.getOrDefault(name, List.of()))));
        return sets;
    }

    /**
     * Creates or fills the wanted sets, before rules refer to them. A set that another program has created is taken over: swapping needs
     * only the same type and family, and replaces all options.
     */
    public void provide(Listing found, List<AddressSet> wanted) throws IOException {
        StringBuilder script = new StringBuilder();
        for (AddressSet set : wanted) {
            List<String> misfits = found.misfits().getOrDefault(set.name(), List.of());
            if (!found.sets().contains(set) || !misfits.isEmpty()) {
                Optional<AddressSet> there = found.sets().stream().filter(other -> other.name().equals(set.name())).findFirst();
                if (there.isEmpty() && !misfits.isEmpty()) {
                    throw new IOException(IpsetOptions.refusal(set.name(), misfits));
                }
                if (there.isPresent() && there.get().family() != set.family()) {
                    throw new IOException(IpsetOptions.refusal(set.name(), List.of("is of " + there.get().family())));
                }
                if (there.isEmpty()) {
                    script.append("create ").append(set.name()).append(options(set.family())).append('\n');
                }
                script.append("create ").append(SPARE).append(options(set.family())).append('\n');
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
    public void retire(Listing found, List<AddressSet> wanted) throws IOException {
        StringBuilder script = new StringBuilder();
        for (AddressSet set : found.sets()) {
            if (wanted.stream().noneMatch(other -> other.name().equals(set.name()))) {
                script.append("destroy ").append(set.name()).append('\n');
            }
        }
        if (!script.isEmpty()) {
            ipset(script.toString(), "restore");
        }
    }

    /** Changes a set element by element: the kernel has no transaction for it, but every state in between is a valid set. */
    public void update(String set, List<AddressSet.Element> added, Set<InetAddress> removed) throws IOException {
        if (!names.sets().contains(set)) {
            throw new IllegalArgumentException("set " + set + " is not among the managed sets " + names.sets());
        }
        StringBuilder script = new StringBuilder();
        for (InetAddress address : removed) {
            script.append("del ").append(set).append(' ').append(AddressText.of(address)).append(" -exist\n");
        }
        added.forEach(element -> script.append(add(set, element)));
        ipset(script.toString(), "restore", "-exist");
    }

    private static String options(IpFamily family) {
        return " " + IpsetOptions.TYPE + " family " + (family == IpFamily.V4 ? "inet" : "inet6") + " maxelem " + IpsetOptions.ROOM
                + " comment";
    }

    private static String add(String set, AddressSet.Element element) {
        return "add " + set + " " + AddressText.of(element.address())
                + (element.comment().isEmpty() ? "" : " comment \"" + Bytes.carry(element.comment()) + "\"") + "\n";
    }

    private String ipset(String input, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(Programs.find(tools, "ipset", "ipset").toString()));
        command.addAll(List.of(arguments));
        return run.run(command, input);
    }
}
