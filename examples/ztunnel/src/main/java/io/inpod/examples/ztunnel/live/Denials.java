package io.inpod.examples.ztunnel.live;

import io.inpod.examples.ztunnel.policy.Verdict.Basis;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** Counts what policy has allowed, and what it has refused and cut, by the basis of the verdict. Thread-safe. */
public final class Denials {
    private final Map<Basis, LongAdder> refused = new EnumMap<>(Basis.class);
    private final Map<Basis, LongAdder> cut = new EnumMap<>(Basis.class);

    private final LongAdder allowed = new LongAdder();

    /** Creates counters at zero. */
    public Denials() {
        for (Basis basis : Basis.values()) {
            if (basis != Basis.ALLOWED) {
                refused.put(basis, new LongAdder());
                cut.put(basis, new LongAdder());
            }
        }
    }

    /**
     * What has been counted.
     *
     * @param refused how many new connections were refused
     * @param cut how many open connections were cut
     */
    public record Counts(Map<Basis, Long> refused, Map<Basis, Long> cut) {}

    /** {@return the counts since the start; every basis but {@link Basis#ALLOWED} is a key} */
    public Counts counts() {
        return new Counts(sums(refused), sums(cut));
    }

    private static Map<Basis, Long> sums(Map<Basis, LongAdder> adders) {
        Map<Basis, Long> sums = new EnumMap<>(Basis.class);
        adders.forEach((basis, adder) -> sums.put(basis, adder.sum()));
        return sums;
    }

    /** {@return how many new connections were allowed since the start} */
    public long allowed() {
        return allowed.sum();
    }

    void entered() {
        allowed.increment();
    }

    void refused(Basis basis) {
        add(refused, basis);
    }

    void cut(Basis basis) {
        add(cut, basis);
    }

    private static void add(Map<Basis, LongAdder> adders, Basis basis) {
        LongAdder adder = adders.get(basis);
        if (adder != null) {
            adder.increment();
        }
    }
}
