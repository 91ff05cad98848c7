package io.inpod.iptables.backend.internal.tools;

import io.inpod.iptables.AddressSet;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.iptables.internal.AddressText;
import io.inpod.iptables.internal.Bytes;
import io.inpod.iptables.internal.Words;
import io.inpod.netns.IpFamily;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Address sets of ipset(8), of the type {@code hash:ip}. Content is replaced by filling a spare set and swapping the two. */
public final class Ipsets {
    /** More than a node ever has pods. Takes no memory until the elements exist. */
    private static final int MAX_ELEMENTS = 1 << 20;
    private static final String SPARE = "inpod-spare";

    private final ToolRun run;
    private final IptablesTools tools;
    private final ManagedNames names;

    public Ipsets(ToolRun run, IptablesTools tools, ManagedNames names) {
        this.run = run;
        this.tools = tools;
        this.names = names;
    }

    /** Returns the managed sets that exist. Sets of other types are left out, so that creating ours over them fails loudly. */
    public List<AddressSet> read() throws IOException {
        if (names.sets().isEmpty()) {
            return List.of();
        }
        List<AddressSet> sets = new ArrayList<>();
        for (String name : ipset("", "list", "-n").split("\n")) {
            if (names.sets().contains(name)) {
                sets.addAll(parse(ipset("", "save", name)));
            }
        }
        return sets;
    }

    static List<AddressSet> parse(String saved) {
        Map<String, IpFamily> families = new HashMap<>();
        Map<String, List<AddressSet.Element>> elements = new HashMap<>();
        for (String line : saved.split("\n")) {
            List<String> words = Words.split(line);
            if (words.size() > 2 && words.get(0).equals("create") && words.get(2).equals("hash:ip")) {
                families.put(words.get(1), words.contains("inet6") ? IpFamily.V6 : IpFamily.V4);
                elements.put(words.get(1), new ArrayList<>());
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

    /** Creates or fills the wanted sets, before rules refer to them. */
    public void provide(List<AddressSet> found, List<AddressSet> wanted) throws IOException {
        StringBuilder script = new StringBuilder();
        for (AddressSet set : wanted) {
            if (!found.contains(set)) {
                script.append("create ").append(set.name()).append(options(set.family())).append(" -exist\n");
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
    public void retire(List<AddressSet> found, List<AddressSet> wanted) throws IOException {
        StringBuilder script = new StringBuilder();
        for (AddressSet set : found) {
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
        return " hash:ip family " + (family == IpFamily.V4 ? "inet" : "inet6") + " maxelem " + MAX_ELEMENTS + " comment";
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
