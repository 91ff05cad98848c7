package io.inpod.iptables.backend.internal.nft.expr;

import io.inpod.iptables.Target;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** The expression {@code log}; iptables-nft uses it too, for {@code NFLOG}. */
public final class Logs {
    private static final String NAME = "log";
    private static final int GROUP = 1;
    private static final int PREFIX = 2;
    private static final int LEVEL = 5;

    /** The level that LOG and nft take if none is given, LOGLEVEL_WARNING. */
    private static final int WARNING = 4;

    private Logs() {}

    public static Expr nflog(Target.Nflog target) {
        Map<Integer, Object> attributes = prefix(target.prefix());
        attributes.put(GROUP, (short) target.group());
        return new Expr.Plain(NAME, attributes);
    }

    public static Expr log(Target.Log target) {
        Map<Integer, Object> attributes = prefix(target.prefix());
        if (target.level() != WARNING) {
            attributes.put(LEVEL, target.level());
        }
        return new Expr.Plain(NAME, attributes);
    }

    private static Map<Integer, Object> prefix(String prefix) {
        Map<Integer, Object> attributes = new HashMap<>();
        if (!prefix.isEmpty()) {
            attributes.put(PREFIX, prefix);
        }
        return attributes;
    }

    public static Optional<Target> read(Expr.Plain log) {
        String prefix = log.attributes().get(PREFIX) instanceof String text ? text : "";
        if (log.attributes().containsKey(GROUP)) {
            Target.Nflog target = new Target.Nflog(log.number(GROUP, 0) & 0xffff, prefix);
            return nflog(target).equals(log) ? Optional.of(target) : Optional.empty();
        }
        Target.Log target = new Target.Log(prefix, log.number(LEVEL, WARNING));
        // the kernel lists a level that wasn't given
        Map<Integer, Object> attributes = new HashMap<>(log.attributes());
        attributes.values().removeIf(Integer.valueOf(WARNING)::equals);
        return log(target).equals(new Expr.Plain(NAME, attributes)) ? Optional.of(target) : Optional.empty();
    }
}
