package io.inpod.iptables.text;

import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Hook;
import io.inpod.iptables.NamedSet;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.internal.CountSets;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads the rules of any programs from a listing of nft. */
final class ForeignNft {
    private static final Pattern TABLE = Pattern.compile("table (\\S+ \\S+) \\{.*");

    private static final Map<String, FamilyScope> FAMILIES = Map.of("ip", FamilyScope.V4, "ip6", FamilyScope.V6, "inet", FamilyScope.BOTH);

    private final String table;
    private final String family;
    private final List<Map<?, ?>> chains = new ArrayList<>();
    private final Map<String, List<Map<?, ?>>> rules = new HashMap<>();
    private final List<NamedSet> sets = new ArrayList<>();
    private final List<String> leftOut = new ArrayList<>();

    private ForeignNft(String family, String table) {
        this.family = family;
        this.table = table;
    }

    static Map<String, ForeignRules> read(String json, String words) throws IOException {
        Map<String, ForeignNft> tables = new LinkedHashMap<>();
        try {
            for (Map<?, ?> object : NftJson.objects(json)) {
                Map.Entry<?, ?> kind = object.entrySet().iterator().next();
                if (kind.getValue() instanceof Map<?, ?> value && !"metainfo".equals(kind.getKey())) {
                    String family = String.valueOf(value.get("family"));
                    String table = family + " " + value.get("table".equals(kind.getKey()) ? "name" : "table");
                    tables.computeIfAbsent(table, key -> new ForeignNft(family, table)).add(String.valueOf(kind.getKey()), value);
                }
            }
            Map<String, Map<Long, String>> texts = texts(words);
            Map<String, ForeignRules> read = new LinkedHashMap<>();
            tables.forEach((name, table) -> read.put(name, table.rules(texts.getOrDefault(name, Map.of()))));
            return read;
        } catch (IllegalArgumentException e) {
            throw new IOException("nft -j printed something unexpected: " + e.getMessage(), e);
        }
    }

    /** Returns the words of rules by their tables and handles. */
    private static Map<String, Map<Long, String>> texts(String words) {
        Map<String, StringBuilder> listings = new HashMap<>();
        StringBuilder listing = new StringBuilder();
        for (String line : words.split("\n")) {
            Matcher begin = TABLE.matcher(line);
            if (begin.matches()) {
                listing = listings.computeIfAbsent(begin.group(1), key -> new StringBuilder());
            }
            listing.append(line).append('\n');
        }
        Map<String, Map<Long, String>> texts = new HashMap<>();
        listings.forEach((table, lines) -> texts.put(table, NftListed.texts(lines.toString())));
        return texts;
    }

    private void add(String kind, Map<?, ?> value) throws TornSetException {
        String name = String.valueOf(value.get("name"));
        switch (kind) {
            case "table" -> {}
            case "chain" -> chains.add(value);
            case "rule" -> rules.computeIfAbsent(String.valueOf(value.get("chain")), key -> new ArrayList<>()).add(value);
            case "set" -> {
                if (CountSets.isName(name)) {
                    return; // part of a rule
                }
                NftJson.misfits(value).forEach(misfit -> leftOut.add(table + ": set " + name + " " + misfit));
                if (NftJson.isKnown(value)) {
                    sets.add(NftJson.set(value));
                }
            }
            default -> leftOut.add(table + ": " + kind + " " + name);
        }
    }

    private ForeignRules rules(Map<Long, String> texts) {
        if (!FAMILIES.containsKey(family)) {
            leftOut.add(table + ": it isn't for IPv4 or IPv6 (" + rules.values().stream().mapToInt(List::size).sum() + " rules)");
            return new ForeignRules(RuleSet.nothing(), leftOut);
        }
        FamilyScope families = Objects.requireNonNull(FAMILIES.get(family));
        List<NamedSet> own = sets.stream()
                .filter(set -> set.families() == FamilyScope.BOTH || families.contains(set.families().iterator().next())).toList();
        Map<TableName, List<ForeignTable.Found>> base = new EnumMap<>(TableName.class);
        Map<String, ForeignTable.Found> others = new LinkedHashMap<>();
        for (Map<?, ?> chain : chains) {
            sort(chain, texts, base, others);
        }
        Set<String> placed = new HashSet<>();
        List<Table> tables = new ArrayList<>();
        base.forEach((name, hooked) -> {
            ForeignTable built = new ForeignTable(table, name, families, own, leftOut);
            Map<String, ForeignTable.Found> used = new LinkedHashMap<>();
            hooked.forEach(chain -> {
                used.put(chain.name(), chain);
                follow(chain, others, used);
            });
            placed.addAll(used.keySet());
            used.values().forEach(built::add);
            tables.add(built.build());
        });
        others.values().stream().filter(chain -> !placed.contains(chain.name())).forEach(
                chain -> leftOut
                        .add(table + ": chain " + chain.name() + ", to which no base chain leads (" + chain.rules().size() + " rules)"));
        return new ForeignRules(new RuleSet(families, tables, own), leftOut);
    }

    /** Adds a chain to the base chains of a table of iptables, or to the others. */
    private void sort(Map<?, ?> chain, Map<Long, String> texts, Map<TableName, List<ForeignTable.Found>> base,
            Map<String, ForeignTable.Found> others) {
        String name = String.valueOf(chain.get("name"));
        List<Map<?, ?>> statements = rules.getOrDefault(name, List.of());
        Set<String> leads = new HashSet<>();
        statements.forEach(rule -> leads(rule.get("expr"), leads));
        List<NftListed> listed = NftListed.of(statements, texts);
        ForeignTable.Found found = new ForeignTable.Found(name, listed.stream().map(NftListed::inTable).toList(), leads);
        if (chain.get("hook") == null) {
            if (Hook.isName(name.toUpperCase(Locale.ROOT))) {
                leftOut.add(table + ": chain " + name + ", which has the name of a built-in chain (" + statements.size() + " rules)");
            } else {
                others.put(name, found);
            }
            return;
        }
        for (TableName place : TableName.values()) {
            for (Hook hook : place.hooks()) {
                if (isAt(chain, place, hook)
                        && base.getOrDefault(place, List.of()).stream().noneMatch(other -> other.name().equals(hook.name()))) {
                    base.computeIfAbsent(place, key -> new ArrayList<>()).add(new ForeignTable.Found(hook.name(), found.rules(), leads));
                    if (!"accept".equals(chain.get("policy"))) {
                        leftOut.add(table + ": the policy " + chain.get("policy") + " of chain " + name);
                    }
                    return;
                }
            }
        }
        leftOut.add(table + ": chain " + name + " with type " + chain.get("type") + ", hook " + chain.get("hook") + " and priority "
                + chain.get("prio") + ", where iptables has none (" + statements.size() + " rules)");
    }

    private static boolean isAt(Map<?, ?> chain, TableName place, Hook hook) {
        return hook.name().toLowerCase(Locale.ROOT).equals(chain.get("hook")) && NftScript.type(place, hook).equals(chain.get("type"))
                && Objects.equals(chain.get("prio"), (long) NftScript.priority(place, hook));
    }

    /** Adds the chains to which one leads, directly or through others. */
    private static void follow(ForeignTable.Found chain, Map<String, ForeignTable.Found> others, Map<String, ForeignTable.Found> used) {
        List<ForeignTable.Found> open = new ArrayList<>(List.of(chain));
        while (!open.isEmpty()) {
            for (String next : open.remove(open.size() - 1).leads()) {
                ForeignTable.Found to = others.get(next);
                if (to != null && used.putIfAbsent(next, to) == null) {
                    open.add(to);
                }
            }
        }
    }

    /** Collects the chains to which statements lead, also through maps. */
    private static void leads(@Nullable Object json, Set<String> to) {
        if (json instanceof List<?> list) {
            list.forEach(part -> leads(part, to));
        } else if (json instanceof Map<?, ?> map) {
            map.forEach((key, value) -> {
                if (("jump".equals(key) || "goto".equals(key)) && value instanceof Map<?, ?> detail) {
                    to.add(String.valueOf(detail.get("target")));
                } else {
                    leads(value, to);
                }
            });
        }
    }
}
