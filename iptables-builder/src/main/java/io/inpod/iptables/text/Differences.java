package io.inpod.iptables.text;

import io.inpod.iptables.Chain;
import io.inpod.iptables.Hook;
import io.inpod.iptables.Listing;
import io.inpod.iptables.Listing.ListedChain;
import io.inpod.iptables.Listing.ListedRule;
import io.inpod.iptables.NamedSet;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/**
 * Describes in words how the rules of a namespace differ from the wanted ones: what is missing, foreign or changed, by table and chain.
 * Rules are compared by meaning, not by text, and the description names as few rules as possible: one deleted rule is one difference.
 */
public final class Differences {
    private final Map<String, Set<IpFamily>> words = new LinkedHashMap<>();

    private Differences() {}

    /**
     * Compares found rules with wanted rules.
     *
     * @param found the rules and sets that the namespace holds under the managed names
     * @param wanted the wanted rules and sets; a family outside its families should have none
     * @return a text for each difference, such as {@code nat: rule 3 of ISTIO_PRERT: redirect goes to 15007 instead of 15006}; one
     *     that concerns a single family begins with its name
     */
    public static List<String> between(Listing found, RuleSet wanted) {
        return compare(found, wanted.withElementsOf(found.sets()));
    }

    private static List<String> compare(Listing found, RuleSet wanted) {
        Differences differences = new Differences();
        for (IpFamily family : IpFamily.values()) {
            differences.family(family, found, wanted.only(family), wanted.families().contains(family));
        }
        List<String> texts = new ArrayList<>();
        differences.words.forEach((text, families) -> texts.add(families.size() == 1 ? families.iterator().next() + " " + text : text));
        SetDifferences.add(texts, found, wanted.sets());
        return List.copyOf(texts);
    }

    private void family(IpFamily family, Listing found, RuleSet wanted, boolean concerned) {
        for (TableName name : TableName.values()) {
            Map<String, ListedChain> there = new TreeMap<>();
            found.chains().stream().filter(chain -> chain.family() == family && chain.table() == name)
                    .forEach(chain -> there.put(chain.name(), chain));
            for (Chain chain : wanted.table(name).map(Table::chains).orElse(List.of())) {
                ListedChain is = there.remove(chain.name());
                if (chain.isBuiltIn()) {
                    builtIn(family, name, chain, is == null ? List.of() : is.rules());
                } else if (is == null) {
                    say(family, name + ": chain " + chain.name() + " is missing");
                } else {
                    own(family, name, chain, is.rules());
                }
            }
            for (ListedChain foreign : there.values()) {
                if (Hook.isName(foreign.name())
                        || !foreign.rules().isEmpty() && foreign.rules().stream().allMatch(rule -> leads(rule, found, family))) {
                    foreign.rules().forEach(rule -> say(family, name + ": " + foreign.name() + " has a foreign rule " + rule.position()
                            + ": " + RuleWording.text(rule, family)));
                } else if (concerned || !foreign.rules().isEmpty()) { // an empty chain of a table of both families does nothing to this one
                    say(family, name + ": chain " + foreign.name() + " is foreign");
                }
            }
        }
    }

    /** Returns whether a rule of another program's chain is listed only because it leads to a managed chain. */
    private static boolean leads(ListedRule rule, Listing found, IpFamily family) {
        return rule.rule().isPresent()
                && found.chains().stream().anyMatch(chain -> chain.family() == family && rule.text().contains(chain.name()));
    }

    private void own(IpFamily family, TableName table, Chain chain, List<ListedRule> found) {
        for (Edit edit : Edit.between(found, chain.rules())) {
            String where = table + ": rule " + edit.position() + " of " + chain.name();
            if (edit.found() == null) {
                say(family, where + " is missing: " + RuleWording.text(Objects.requireNonNull(edit.wanted()), family));
            } else if (edit.wanted() == null) {
                say(family, where + " is foreign: " + RuleWording.text(edit.found(), family));
            } else {
                say(family, where + ": " + RuleWording.change(edit.found(), edit.wanted(), family));
            }
        }
    }

    private void builtIn(IpFamily family, TableName table, Chain chain, List<ListedRule> found) {
        List<Edit> edits = Edit.between(found, chain.rules());
        for (Edit edit : edits) {
            if (edit.wanted() != null) {
                say(family, table + ": " + chain.name() + " lacks the rule " + RuleWording.text(edit.wanted(), family));
            }
            if (edit.found() != null) {
                say(family, table + ": " + chain.name() + " has a foreign rule " + edit.found().position() + ": "
                        + RuleWording.text(edit.found(), family));
            }
        }
        if (edits.isEmpty() && chain.placement() == Chain.Placement.FIRST) {
            for (int i = 0; i < found.size(); i++) {
                if (found.get(i).position() != i + 1) {
                    say(family, table + ": " + chain.name() + " has other rules before " + RuleWording.text(chain.rules().get(i), family));
                    return;
                }
            }
        }
    }

    private void say(IpFamily family, String text) {
        words.computeIfAbsent(text, key -> EnumSet.noneOf(IpFamily.class)).add(family);
    }

    /** Differences of sets, with at most ten elements of each kind. */
    private static final class SetDifferences {
        private static final int SHOWN = 10;

        static void add(List<String> texts, Listing found, List<NamedSet> wanted) {
            Map<String, NamedSet> there = new TreeMap<>();
            found.sets().forEach(set -> there.put(set.name(), set));
            for (NamedSet set : wanted) {
                NamedSet is = there.remove(set.name());
                List<String> misfits = found.misfits().getOrDefault(set.name(), List.of());
                misfits.forEach(misfit -> texts.add("set " + set.name() + " " + misfit));
                if (is == null && !misfits.isEmpty()) {
                    continue; // it is there, but of another type
                }
                if (is == null) {
                    texts.add("set " + set.name() + " is missing");
                } else if (!is.isLike(set)) {
                    texts.add("set " + set.name() + " holds " + is.content() + " instead of " + set.content());
                } else {
                    compare(texts, set.name(), is.elements(), set.elements());
                }
            }
            there.keySet().forEach(name -> texts.add("set " + name + " is foreign"));
        }

        private static void compare(List<String> texts, String name, List<? extends NamedSet.Element> found,
                List<? extends NamedSet.Element> wanted) {
            Set<NamedSet.Element> is = new HashSet<>(found);
            Set<NamedSet.Element> should = new HashSet<>(wanted);
            list(texts, "set " + name + " lacks ", wanted.stream().filter(element -> !is.contains(element)).toList());
            list(texts, "set " + name + " holds foreign ", found.stream().filter(element -> !should.contains(element)).toList());
        }

        private static void list(List<String> texts, String words, List<? extends NamedSet.Element> elements) {
            if (elements.isEmpty()) {
                return;
            }
            List<String> shown = elements.stream().limit(SHOWN)
                    .map(element -> element + (element.comment().isEmpty() ? "" : " (" + element.comment() + ")")).toList();
            texts.add(words + String.join(", ", shown) + (elements.size() > SHOWN ? " and " + (elements.size() - SHOWN) + " more" : ""));
        }
    }

    /** Returns whether a rule is the wanted one; a rule that the model cannot express is only if it is wanted in exactly that form. */
    static boolean same(ListedRule found, Rule wanted) {
        return found.rule().map(wanted::equals).orElse(false)
                || wanted.target() instanceof Target.Raw && found.raw().map(wanted::equals).orElse(false);
    }
}
