package io.inpod.iptables.text;

import io.inpod.iptables.AddressRange;
import io.inpod.iptables.AddressSet;
import io.inpod.iptables.Hook;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Listing;
import io.inpod.iptables.Listing.ListedChain;
import io.inpod.iptables.NamedSet;
import io.inpod.iptables.PortSet;
import io.inpod.iptables.Ports;
import io.inpod.iptables.TableName;
import io.inpod.iptables.internal.CountSets;
import io.inpod.iptables.internal.FamilyChains;
import io.inpod.iptables.internal.Json;
import io.inpod.iptables.internal.Quote;
import io.inpod.netns.IpFamily;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Parses the output of {@code nft -j -n list} for tables that {@link NftScript} writes, see libnftables-json(5). Checked with nft 1.0.6;
 * the forms of 0.9.3 to 1.1.3 are read after their documentation and sources.
 */
public final class NftJson {
    /** The element that contains everything. */
    private static final String EVERYTHING = "*";

    private final String prefix;
    private final Map<Long, String> texts;
    private final Map<String, Map<String, List<Map<?, ?>>>> rules = new LinkedHashMap<>();
    private final Map<String, Map<String, Map<?, ?>>> chains = new LinkedHashMap<>();
    private final List<NamedSet> sets = new ArrayList<>();
    private final Map<String, List<String>> misfits = new HashMap<>();

    private NftJson(String prefix, Map<Long, String> texts) {
        this.prefix = prefix;
        this.texts = texts;
    }

    /**
     * Parses a listing.
     *
     * @param text the output of nft for one or more tables
     * @param tablePrefix the prefix of the table names; other tables are skipped
     * @return the chains, rules and sets; rules that the model cannot express are included as text
     * @throws TornSetException if a set was listed while it grew; list it again
     * @throws IOException if the text is not such a listing
     */
    public static Listing parse(String text, String tablePrefix) throws IOException {
        return parse(text, "", tablePrefix);
    }

    /**
     * Parses a listing of one table, with the rules that the model cannot express in words of nft.
     *
     * @param text the output of {@code nft -j -n list table}
     * @param words the output of {@code nft -a -n -s list table} for the same table
     * @param tablePrefix the prefix of its name
     * @return the chains, rules and sets
     * @throws TornSetException if a set was listed while it grew; list it again
     * @throws IOException if the text is not such a listing
     */
    public static Listing parse(String text, String words, String tablePrefix) throws IOException {
        NftJson json = new NftJson(tablePrefix, NftListed.texts(words));
        try {
            for (Map<?, ?> object : objects(text)) {
                json.add(object);
            }
            return json.listing();
        } catch (IllegalArgumentException e) {
            throw new IOException("nft -j printed something unexpected: " + e.getMessage(), e);
        }
    }

    /** Returns the tables, chains, rules and sets of a listing. */
    static List<Map<?, ?>> objects(String text) throws IOException {
        if (!(Json.parse(text) instanceof Map<?, ?> whole) || !(whole.get("nftables") instanceof List<?> objects)) {
            throw new IOException("nft -j printed no listing: " + Quote.of(text));
        }
        List<Map<?, ?>> found = new ArrayList<>();
        for (Object object : objects) {
            if (object instanceof Map<?, ?> one && !one.isEmpty()) {
                found.add(one);
            }
        }
        return found;
    }

    private void add(Map<?, ?> object) throws TornSetException {
        Object content = object.values().iterator().next();
        if (!(content instanceof Map<?, ?> value) || !"inet".equals(value.get("family")) || table(value.get("table")).isEmpty()) {
            return;
        }
        String table = String.valueOf(value.get("table"));
        if (object.containsKey("chain")) {
            chains.computeIfAbsent(table, t -> new LinkedHashMap<>()).put(String.valueOf(value.get("name")), value);
        } else if (object.containsKey("rule")) {
            rules.computeIfAbsent(table, t -> new HashMap<>()).computeIfAbsent(String.valueOf(value.get("chain")), c -> new ArrayList<>())
                    .add(value);
        } else if (object.containsKey("set") && !CountSets.isName(String.valueOf(value.get("name")))) {
            List<String> wrong = new ArrayList<>(misfits(value));
            if (isOfPorts(value) && !flags(value).contains("interval")) {
                wrong.add("can't hold ranges (no flags interval)");
            }
            if (!wrong.isEmpty()) {
                misfits.put(String.valueOf(value.get("name")), wrong);
            }
            if (isKnown(value)) {
                NamedSet set = set(value);
                if (!sets.contains(set)) { // each table that asks for it has its own
                    sets.add(set);
                }
            }
        } else if (object.containsKey("map")) {
            misfits.put(String.valueOf(value.get("name")), List.of("is a map"));
        }
    }

    static boolean isKnown(Map<?, ?> set) {
        return "ipv4_addr".equals(set.get("type")) || "ipv6_addr".equals(set.get("type")) || isOfPorts(set);
    }

    private static boolean isOfPorts(Map<?, ?> set) {
        return "inet_service".equals(set.get("type"));
    }

    private static List<?> flags(Map<?, ?> set) {
        Object flags = set.get("flags"); // later versions print a single flag without a list
        return flags instanceof List<?> list ? list : flags == null ? List.of() : List.of(flags);
    }

    static List<String> misfits(Map<?, ?> set) {
        if (!isKnown(set)) {
            return List.of("isn't a set of addresses or ports");
        }
        List<String> misfits = new ArrayList<>();
        if (set.get("timeout") != null || flags(set).contains("timeout")) {
            misfits.add("has a timeout, after which elements vanish");
        }
        if (set.get("elem") instanceof List<?> elements && elements.stream().anyMatch(NftJson::isEverything)) {
            misfits.add("holds every " + (isOfPorts(set) ? "port" : "address") + " (*)");
        }
        if (Boolean.TRUE.equals(set.get("auto-merge"))) {
            misfits.add("joins elements that touch (auto-merge)");
        }
        flags(set).stream().filter(flag -> !flag.equals("timeout") && !flag.equals("interval"))
                .forEach(flag -> misfits.add("has the flag " + flag));
        if (set.get("size") != null) {
            misfits.add("has room for a limited number of elements");
        }
        return misfits;
    }

    private static boolean isEverything(@Nullable Object element) {
        return EVERYTHING
                .equals(element instanceof Map<?, ?> map && map.get("elem") instanceof Map<?, ?> inner ? inner.get("val") : element);
    }

    private Optional<TableName> table(@Nullable Object name) {
        for (TableName table : TableName.values()) {
            if ((prefix + table).equals(name)) {
                return Optional.of(table);
            }
        }
        return Optional.empty();
    }

    private record Held(@Nullable Object value, String comment) {
    }

    static NamedSet set(Map<?, ?> value) throws TornSetException {
        List<Held> all = new ArrayList<>();
        if (value.get("elem") instanceof List<?> list) {
            for (Object element : list) {
                Map<?, ?> detail = element instanceof Map<?, ?> map && map.get("elem") instanceof Map<?, ?> inner ? inner : Map.of();
                Object held = detail.isEmpty() ? element : detail.get("val");
                if (!EVERYTHING.equals(held)) { // which is among the misfits
                    all.add(new Held(held, detail.get("comment") instanceof String comment ? comment : ""));
                }
            }
        }
        String name = String.valueOf(value.get("name"));
        if (isOfPorts(value)) {
            return new PortSet(name, all.stream().map(held -> new PortSet.Element(ports(held.value()), held.comment())).toList());
        }
        List<AddressSet.Element> elements = new ArrayList<>();
        all.forEach(held -> elements.addAll(elements(held.value(), held.comment())));
        if (elements.stream().map(AddressSet.Element::prefix).distinct().count() < elements.size()) {
            throw new TornSetException(name);
        }
        return new AddressSet(name, "ipv6_addr".equals(value.get("type")) ? IpFamily.V6 : IpFamily.V4,
                flags(value).contains("interval") ? AddressSet.Type.PREFIXES : AddressSet.Type.ADDRESSES, elements);
    }

    private static Ports ports(@Nullable Object value) {
        try {
            return NftValue.ports(value);
        } catch (ClassCastException | IndexOutOfBoundsException | ArithmeticException e) {
            throw new IllegalArgumentException("ports " + value, e);
        }
    }

    /** An address, a prefix, or a range, which another program has added: the prefixes that it consists of. */
    private static List<AddressSet.Element> elements(@Nullable Object value, String comment) {
        if (value instanceof Map<?, ?> map && map.get("prefix") instanceof Map<?, ?> prefix) {
            return AddressSet.Element.of(AddressRange.of(IpPrefix.parse(prefix.get("addr") + "/" + prefix.get("len"))), comment);
        }
        if (value instanceof Map<?, ?> map && map.get("range") instanceof List<?> ends && ends.size() == 2) {
            return AddressSet.Element.of(AddressRange.parse(ends.get(0) + "-" + ends.get(1)), comment);
        }
        return List.of(new AddressSet.Element(IpPrefix.parse(String.valueOf(value)), comment));
    }

    private Listing listing() {
        List<ListedChain> listed = new ArrayList<>();
        chains.forEach((table, byName) -> {
            TableName name = table(table).orElseThrow();
            byName.forEach((chain, value) -> {
                List<Map<?, ?>> found = rules.getOrDefault(table, Map.of()).getOrDefault(chain, List.of());
                List<NftListed> all = NftListed.of(found, texts);
                for (IpFamily family : IpFamily.values()) {
                    listed.add(new ListedChain(family, name, name(name, chain, value),
                            all.stream().filter(rule -> rule.isOf(family)).map(NftListed::listed).toList()));
                }
            });
        });
        List<ListedChain> kept =
                listed.stream().filter(chain -> Hook.isName(chain.name()) || !used(listed, chain).lacks(chain.name())).toList();
        return new Listing(kept, sets, misfits);
    }

    /** The chains that the family of a chain uses in its table, as {@link io.inpod.iptables.RuleSet#only} keeps them. */
    private static FamilyChains used(List<ListedChain> all, ListedChain chain) {
        FamilyChains used = new FamilyChains();
        for (ListedChain other : all) {
            if (other.table() == chain.table()) {
                other.rules().forEach(rule -> used.add(other.name(), rule.rule().flatMap(r -> r.target().destination()),
                        other.family() == chain.family()));
            }
        }
        return used;
    }

    /** The name of a hook if the chain is where iptables would have it; otherwise its own, which belongs nowhere. */
    private static String name(TableName table, String chain, Map<?, ?> value) {
        if (value.get("hook") == null) {
            return chain;
        }
        String hook = chain.toUpperCase(Locale.ROOT);
        boolean asExpected =
                Hook.isName(hook) && chain.equals(value.get("hook")) && NftScript.type(table, Hook.valueOf(hook)).equals(value.get("type"))
                        && Long.valueOf(NftScript.priority(table, Hook.valueOf(hook))).equals(value.get("prio"))
                        && "accept".equals(value.get("policy"));
        return asExpected ? hook : chain;
    }
}
