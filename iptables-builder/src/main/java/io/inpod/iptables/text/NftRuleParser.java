package io.inpod.iptables.text;

import io.inpod.iptables.CommentMatch;
import io.inpod.iptables.LimitMatch;
import io.inpod.iptables.Match;
import io.inpod.iptables.Rule;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Reads one rule as {@code nft -j -n} lists it, libnftables-json(5). Yields nothing if the model can't express the rule. */
final class NftRuleParser {
    private static final int USUAL_BURST = 5;

    private NftRuleParser() {}

    static Optional<Rule> parse(Map<?, ?> rule) {
        try {
            return Optional.of(rule(rule));
            // another structure, or values out of range
        } catch (IllegalArgumentException | ClassCastException | IndexOutOfBoundsException | ArithmeticException e) {
            return Optional.empty();
        }
    }

    private static Rule rule(Map<?, ?> rule) {
        NftConditions conditions = new NftConditions();
        List<Map<?, ?>> rest = new ArrayList<>();
        for (Object part : (List<?>) NftValue.some(rule.get("expr"))) {
            Map<?, ?> statement = (Map<?, ?>) NftValue.some(part);
            if (statement.get("match") instanceof Map<?, ?> match && rest.isEmpty()) {
                condition(NftComparison.of(match), conditions);
            } else if (statement.get("limit") instanceof Map<?, ?> limit && rest.isEmpty()) {
                conditions.add(limit(limit));
            } else if (statement.get("ct count") instanceof Map<?, ?> count && rest.isEmpty()) {
                conditions.add(NftCountParser.connections(count));
            } else if (statement.get("set") instanceof Map<?, ?> set && rest.isEmpty()) {
                NftCountParser.connections(set, conditions);
            } else if (statement.get("meter") instanceof Map<?, ?> meter && rest.isEmpty()) {
                NftCountParser.connections(meter, conditions);
            } else if (!statement.containsKey("counter")) {
                rest.add(statement);
            }
        }
        if (rule.get("comment") instanceof String comment) {
            conditions.add(new CommentMatch(comment));
        }
        return new Rule(conditions.all(), NftTargetParser.parse(rest, conditions.families()));
    }

    private static void condition(NftComparison found, NftConditions conditions) {
        if (found.masked()) {
            NftMaskParser.read(found, conditions);
            return;
        }
        String kind = NftValue.kind(found.field());
        switch (kind) {
            case "payload" -> NftHeaderParser.read(found, conditions);
            case "meta", "ct" -> NftKeyParser.read(found, conditions);
            case "numgen" -> conditions.add(NftCountParser.numgen(found, (Map<?, ?>) NftValue.some(found.field().get(kind))));
            case "fib" -> conditions.add(NftLookupParser.fib(found, (Map<?, ?>) NftValue.some(found.field().get(kind))));
            case "socket" -> NftLookupParser.socket(found, (Map<?, ?>) NftValue.some(found.field().get(kind)), conditions);
            default -> throw new IllegalArgumentException(kind);
        }
    }

    /** nft 0.9.8 leaves out the burst that it takes for granted. */
    private static Match limit(Map<?, ?> limit) {
        NftValue.only(limit, "rate", "rate_unit", "per", "burst", "burst_unit", "inv");
        for (String unit : List.of("rate_unit", "burst_unit")) {
            if (limit.get(unit) != null && !"packets".equals(limit.get(unit))) {
                throw new IllegalArgumentException("limit " + limit);
            }
        }
        if (limit.get("inv") != null && !Boolean.FALSE.equals(limit.get("inv"))) {
            throw new IllegalArgumentException("limit " + limit);
        }
        String per = limit.get("per") == null ? "second" : String.valueOf(limit.get("per"));
        return new LimitMatch(NftValue.number(limit.get("rate")),
                LimitMatch.Per.valueOf((per.endsWith("s") ? per.substring(0, per.length() - 1) : per).toUpperCase(Locale.ROOT)),
                limit.get("burst") == null ? USUAL_BURST : NftValue.number(limit.get("burst")));
    }
}
