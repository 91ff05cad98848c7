package io.inpod.examples.ztunnel.policy;

import io.inpod.examples.ztunnel.mesh.Policy;
import io.inpod.examples.ztunnel.mesh.Policy.Action;
import io.inpod.examples.ztunnel.mesh.TextMatch;
import io.inpod.examples.ztunnel.mesh.Trace;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A policy with what is needed to decide quickly.
 *
 * <p>A client without identity satisfies no positive condition on identities. A negative one it satisfies if that denies, and doesn't if
 * that allows: nobody can show that it isn't the one who is excluded.
 */
final class PreparedPolicy {
    private static final String SCHEME = "spiffe://";

    private final Policy policy;
    /** By rule, clause and match: what is given. An array without conditions is a match in which nothing is given. */
    private final Condition[][][][] rules;
    /** Why it can't be understood, or null. */
    private final @Nullable String fault;
    /** The verdict if it matches. */
    private final Verdict verdict;

    PreparedPolicy(Policy policy) {
        this.policy = policy;
        boolean denies = policy.action() == Action.DENY;
        rules = policy.rules().stream().map(rule -> rule.clauses().stream()
                .map(clause -> clause.matches().stream().map(match -> Condition.of(match, denies).toArray(Condition[]::new))
                        .toArray(Condition[][]::new))
                .toArray(Condition[][][]::new)).toArray(Condition[][][][]::new);
        fault = policy.unreadable() == null ? fault(policy) : policy.unreadable();
        verdict = denies ? Verdict.of(Verdict.Basis.EXPLICITLY_DENIED, "explicitly denied by: " + name())
                : Verdict.of(Verdict.Basis.ALLOWED, "allowed by: " + name());
    }

    String name() {
        return policy.fullName();
    }

    boolean is(Action action) {
        return policy.action() == action;
    }

    boolean dryRun() {
        return policy.dryRun();
    }

    @Nullable
    String fault() {
        return fault;
    }

    Verdict verdict() {
        return verdict;
    }

    /** Identities are compared without their scheme, so a condition with it is never met, and what it should exclude isn't. */
    private static @Nullable String fault(Policy policy) {
        boolean denies = policy.action() == Action.DENY;
        return policy.rules().stream().flatMap(rule -> rule.clauses().stream()).flatMap(clause -> clause.matches().stream())
                .map(match -> denies ? match.principals() : match.notPrincipals()).flatMap(Collection::stream)
                .filter(text -> text.kind() != TextMatch.Kind.SUFFIX && text.value().startsWith(SCHEME)).findFirst()
                .map(text -> "the principal " + text.value() + " would never match: write it without " + SCHEME).orElse(null);
    }

    boolean matches(Facts facts, Trace trace) {
        for (int i = 0; i < rules.length; i++) {
            if (ruleMatches(rules[i], i, facts, trace)) {
                int rule = i + 1;
                if (trace != Trace.NONE) {
                    trace.step(() -> title() + ": rule " + rule + " matches");
                }
                return true;
            }
        }
        if (trace != Trace.NONE) {
            trace.step(() -> title() + (rules.length == 0 ? " has no rules, so it never matches" : ": no rule matches"));
        }
        return false;
    }

    private String title() {
        return (dryRun() ? "dry run of " : "") + policy.action() + " policy " + name();
    }

    private boolean ruleMatches(Condition[][][] clauses, int rule, Facts facts, Trace trace) {
        for (int i = 0; i < clauses.length; i++) {
            if (!clauseMatches(clauses[i], facts)) {
                int clause = i;
                if (trace != Trace.NONE) {
                    trace.step(() -> title() + ": rule " + (rule + 1) + " doesn't match, as its clause " + (clause + 1) + " doesn't: "
                            + String.join("; ", why(clauses[clause], facts)));
                }
                return false;
            }
        }
        return true;
    }

    private static boolean clauseMatches(Condition[][] matches, Facts facts) {
        for (Condition[] match : matches) {
            if (match.length > 0 && unsatisfied(match, facts) == null) {
                return true;
            }
        }
        return matches.length == 0;
    }

    private static @Nullable Condition unsatisfied(Condition[] match, Facts facts) {
        for (Condition condition : match) {
            if (!condition.test().test(facts)) {
                return condition;
            }
        }
        return null;
    }

    private static List<String> why(Condition[][] matches, Facts facts) {
        List<String> reasons = new ArrayList<>();
        for (Condition[] match : matches) {
            Stream.ofNullable(unsatisfied(match, facts)).map(condition -> condition.why(facts)).forEach(reasons::add);
            if (match.length == 0) {
                reasons.add("a match in which nothing is given");
            }
        }
        return reasons;
    }
}
