package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleCounter;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import io.inpod.iptables.backend.internal.nft.expr.ExprReader;
import io.inpod.iptables.backend.internal.nft.expr.RawExprs;
import io.inpod.iptables.backend.internal.nft.expr.UserData;
import io.inpod.netlink.NetlinkAttribute;
import io.inpod.netlink.NetlinkException;
import io.inpod.netlink.NetlinkMessage;
import io.inpod.netlink.NetlinkRequest;
import io.inpod.netlink.Nfnetlink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Lists the tables, chains and rules of one namespace. */
final class NftReader {
    private static final int GET_TABLE = 1;
    private static final int GET_CHAIN = 4;
    private static final int GET_RULE = 7;
    private static final int GET_GENERATION = 16;
    private static final int TABLE_FLAGS = 2;
    private static final int TABLE_USES = 3;
    private static final int TABLE_USER_DATA = 6;
    private static final int TABLE_OWNER = 7;
    private static final int CHAIN_FLAGS = 10;
    private static final int CHAIN_USER_DATA = 12;
    private static final int POLICY_ACCEPT = 1;
    private static final int BASE = 1;
    private static final NetlinkAttribute NOTHING = new NetlinkAttribute(4, ByteBuffer.allocate(0));

    private final Nfnetlink netlink;

    NftReader(Nfnetlink netlink) {
        this.netlink = netlink;
    }

    /**
     * A chain that was found.
     *
     * @param base how it is hooked, or null if it is no base chain
     * @param uses the number of its rules plus the number of rules that lead to it
     * @param plain whether it is a base chain that accepts what none of its rules decides, and has no special property
     */
    record FoundChain(String table, String name, @Nullable BaseChain base, int uses, boolean plain) {
    }

    /**
     * A rule that was found.
     *
     * @param list the expressions as the kernel has listed them
     */
    record FoundRule(String chain, long handle, List<Expr> expressions, NetlinkAttribute list) {
        /** Returns what its first counter has counted of some families' packets. */
        Optional<RuleCounter> counter(FamilyScope families) {
            for (Expr expression : expressions) {
                if (expression instanceof Expr.Counter counter) {
                    return Optional.of(RuleCounter.ofUnsigned(families, counter.packets(), counter.bytes()));
                }
            }
            return Optional.empty();
        }

        /** Returns the rule as the list of its expressions. */
        Optional<Rule> raw() {
            return RawExprs.rule(list, expressions);
        }

        /** Returns the chain to which the rule leads. */
        Optional<String> destination() {
            for (Expr expression : expressions) {
                if (expression instanceof Expr.Verdict verdict && verdict.chain() != null) {
                    return Optional.of(verdict.chain());
                }
            }
            return Optional.empty();
        }

        boolean leadsTo(String chain) {
            return destination().filter(chain::equals).isPresent();
        }
    }

    /** Returns the number of the last change. */
    int generation() throws IOException {
        for (NetlinkMessage message : netlink.query(Nft.request("get generation", "nf_tables", GET_GENERATION, 0, 0))) {
            for (NetlinkAttribute attribute : message.attributeList(Nfnetlink.HEADER)) {
                if (attribute.type() == 1) {
                    return (int) attribute.number();
                }
            }
        }
        throw new IOException("nf_tables answered without the number of its generation");
    }

    /**
     * A table that was found.
     *
     * @param only the number of its only family, if its user data has one
     * @param uses the number of its chains, sets and other objects
     * @param plain whether no program owns it, and it has no other flag or note
     */
    record FoundHeader(Optional<Integer> only, int uses, boolean plain) {
    }

    /** Returns a table, if it exists. */
    Optional<FoundHeader> table(int family, String table) throws IOException {
        try {
            for (NetlinkMessage message : netlink.query(Nft.request("find table", table, GET_TABLE, 0, family).string(1, table))) {
                Optional<Integer> only = Optional.empty();
                int uses = 0;
                boolean plain = true;
                for (NetlinkAttribute attribute : message.attributeList(Nfnetlink.HEADER)) {
                    switch (attribute.type()) {
                        case TABLE_FLAGS -> plain &= attribute.number() == 0;
                        case TABLE_USES -> uses = (int) attribute.number();
                        case TABLE_USER_DATA -> {
                            only = UserData.family(attribute.bytes());
                            plain = false;
                        }
                        case TABLE_OWNER -> plain = false;
                        default -> {}
                    }
                }
                return Optional.of(new FoundHeader(only, uses, plain));
            }
            return Optional.empty();
        } catch (NetlinkException e) {
            if (e.notFound()) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** Returns the chains of all tables of a family. */
    List<FoundChain> chains(int family) throws IOException {
        List<FoundChain> chains = new ArrayList<>();
        for (NetlinkMessage message : dump(Nft.request("list chains", "all tables", GET_CHAIN, 0, family))) {
            String table = "";
            String name = "";
            String type = "";
            BaseChain base = null;
            int uses = 0;
            boolean plain = true;
            for (NetlinkAttribute attribute : message.attributeList(Nfnetlink.HEADER)) {
                switch (attribute.type()) {
                    case 1 -> table = attribute.text();
                    case 3 -> name = attribute.text();
                    case 4 -> base = hook(attribute.nested());
                    case 5 -> plain &= attribute.number() == POLICY_ACCEPT;
                    case CHAIN_FLAGS -> plain &= attribute.number() == BASE;
                    case CHAIN_USER_DATA -> plain = false;
                    case 6 -> uses = (int) attribute.number();
                    case 7 -> type = attribute.text();
                    default -> {}
                }
            }
            chains.add(new FoundChain(table, name, base == null ? null : new BaseChain(base.hook(), base.priority(), type), uses,
                    plain && base != null));
        }
        return chains;
    }

    private static BaseChain hook(List<NetlinkAttribute> attributes) {
        int hook = -1;
        int priority = 0;
        for (NetlinkAttribute attribute : attributes) {
            hook = attribute.type() == 1 ? (int) attribute.number() : hook;
            priority = attribute.type() == 2 ? (int) attribute.number() : priority;
        }
        return new BaseChain(hook, priority, "");
    }

    /** Returns the rules of a table, or of one of its chains; none if it does not exist. */
    List<FoundRule> rules(int family, String table, @Nullable String chain) throws IOException {
        NetlinkRequest request = Nft.request("list rules", table, GET_RULE, 0, family).string(1, table);
        if (chain != null) {
            request.string(2, chain);
        }
        PortSets sets = new PortSets(this, family, table);
        List<FoundRule> rules = new ArrayList<>();
        for (NetlinkMessage message : dump(request)) {
            String in = "";
            long handle = 0;
            List<Expr> expressions = new ArrayList<>();
            NetlinkAttribute list = NOTHING;
            for (NetlinkAttribute attribute : message.attributeList(Nfnetlink.HEADER)) {
                switch (attribute.type()) {
                    case 2 -> in = attribute.text();
                    case 3 -> handle = attribute.number();
                    case 4 -> {
                        list = attribute;
                        expressions.addAll(ExprReader.read(attribute));
                    }
                    case 7 -> beside(attribute.bytes(), expressions);
                    default -> {}
                }
            }
            rules.add(new FoundRule(in, handle, sets.resolve(expressions), list));
        }
        return rules;
    }

    private static void beside(byte[] data, List<Expr> expressions) {
        UserData.headerMatch(data).map(Expr.HeaderMatch::new).ifPresent(expressions::add);
        UserData.comment(data).map(Expr.Comment::new).ifPresent(expressions::add);
    }

    List<NetlinkMessage> dump(NetlinkRequest request) throws IOException {
        try {
            return netlink.dump(request);
        } catch (NetlinkException e) {
            if (e.notFound()) {
                return List.of();
            }
            throw e;
        }
    }
}
