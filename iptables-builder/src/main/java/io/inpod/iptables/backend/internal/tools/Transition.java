package io.inpod.iptables.backend.internal.tools;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The script for {@code iptables-restore --noflush} that turns the managed rules that were found into those that are wanted, and touches
 * nothing else. Each table changes in one step, so that a packet never meets half of the rules.
 */
public final class Transition {
    private final StringBuilder text = new StringBuilder();

    private Transition() {}

    /** Returns the script; empty if nothing has to change. */
    public static String script(Map<String, ManagedTable> found, Map<String, ManagedTable> wanted) {
        Transition transition = new Transition();
        Set<String> names = new TreeSet<>(found.keySet());
        names.addAll(wanted.keySet());
        for (String name : names) {
            transition.table(name, found.getOrDefault(name, ManagedTable.NOTHING), wanted.getOrDefault(name, ManagedTable.NOTHING));
        }
        return transition.text.toString();
    }

    private void table(String name, ManagedTable found, ManagedTable wanted) {
        Set<String> hooked = new TreeSet<>(found.jumps().keySet());
        hooked.addAll(wanted.jumps().keySet());
        hooked.removeIf(chain -> same(found.jumps(chain), wanted.jumps(chain)));
        if (hooked.isEmpty() && found.chains().equals(wanted.chains())) {
            return;
        }
        line("*" + name);
        wanted.chains().keySet().forEach(chain -> line(":" + chain + " - [0:0]")); // creates, or empties
        List<String> surplus = found.chains().keySet().stream().filter(chain -> !wanted.chains().containsKey(chain)).toList();
        surplus.forEach(chain -> line("-F " + chain));
        for (String chain : hooked) {
            found.jumps(chain).forEach(jump -> line("-D " + chain + " " + jump.rule()));
        }
        surplus.forEach(chain -> line("-X " + chain));
        wanted.chains().forEach((chain, rules) -> rules.forEach(rule -> line("-A " + chain + " " + rule)));
        for (String chain : hooked) {
            for (ManagedTable.Jump jump : wanted.jumps(chain)) { // by ascending position, so that each gets its former one
                line(jump.position() == 0 ? "-A " + chain + " " + jump.rule() : "-I " + chain + " " + jump.position() + " " + jump.rule());
            }
        }
        line("COMMIT");
    }

    private static boolean same(List<ManagedTable.Jump> found, List<ManagedTable.Jump> wanted) {
        boolean anywhere = wanted.stream().allMatch(jump -> jump.position() == 0);
        return anywhere ? texts(found).equals(texts(wanted)) : found.equals(wanted);
    }

    private static List<String> texts(List<ManagedTable.Jump> jumps) {
        return jumps.stream().map(ManagedTable.Jump::rule).toList();
    }

    private void line(String line) {
        text.append(line).append('\n');
    }
}
