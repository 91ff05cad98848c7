package io.inpod.iptables.backend.internal.nft;

import static io.inpod.netlink.NetlinkRequest.APPEND;
import static io.inpod.netlink.NetlinkRequest.CREATE;

import io.inpod.iptables.backend.internal.nft.expr.CompatProtocol;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import io.inpod.iptables.backend.internal.nft.expr.ExprWriter;
import io.inpod.iptables.backend.internal.nft.expr.UserData;
import io.inpod.netlink.NetlinkRequest;
import io.inpod.netlink.Nfnetlink;
import java.util.List;

/** Messages that change nf_tables, with attributes numbered as in linux/netfilter/nf_tables.h. */
final class Nft {
    /** NFNL_SUBSYS_NFTABLES. */
    static final int SUBSYSTEM = 10;

    private static final int NEW_TABLE = 0;
    private static final int DELETE_TABLE = 2;
    private static final int NEW_CHAIN = 3;
    private static final int DELETE_CHAIN = 5;
    private static final int NEW_RULE = 6;
    private static final int DELETE_RULE = 8;
    private static final int NESTED = ExprWriter.NESTED;
    private static final int POLICY_ACCEPT = 1;

    private Nft() {}

    /** Creates a table if it does not exist. */
    static NetlinkRequest addTable(int family, String table) {
        return request("add table", table, NEW_TABLE, CREATE, family).string(1, table);
    }

    /** Creates a table of both families for packets of one, if it does not exist. */
    static NetlinkRequest addTable(int family, String table, int only) {
        return addTable(family, table).bytes(6, UserData.family(only));
    }

    /** Deletes an existing table with its contents. */
    static NetlinkRequest deleteTable(int family, String table) {
        return request("delete table", table, DELETE_TABLE, 0, family).string(1, table);
    }

    /** Creates a chain to jump to, if it does not exist. */
    static NetlinkRequest addChain(int family, String table, String chain) {
        return chain("add chain", family, table, chain, NEW_CHAIN, CREATE);
    }

    /** Creates a base chain with the policy accept, if it does not exist. */
    static NetlinkRequest addChain(int family, String table, String chain, BaseChain base) {
        return chain("add chain", family, table, chain, NEW_CHAIN, CREATE)
                .nested(NESTED | 4, r -> r.be32(1, base.hook()).be32(2, base.priority()))
                .be32(5, POLICY_ACCEPT).string(7, base.type());
    }

    /** Deletes an empty chain to which no rule leads. */
    static NetlinkRequest deleteChain(int family, String table, String chain) {
        return chain("delete chain", family, table, chain, DELETE_CHAIN, 0);
    }

    private static NetlinkRequest chain(String operation, int family, String table, String chain, int message, int flags) {
        return request(operation, new Place(table, chain, 0), message, flags, family).string(1, table).string(3, chain);
    }

    /** Appends a rule to its chain; the subject names the rule in errors. */
    static NetlinkRequest appendRule(int family, String table, String chain, Object subject, List<Expr> expressions) {
        return rule("add rule", subject, CREATE | APPEND, family, table, chain, expressions);
    }

    /** Inserts a rule before all others of its chain. */
    static NetlinkRequest insertRule(int family, String table, String chain, Object subject, List<Expr> expressions) {
        return rule("insert rule", subject, CREATE, family, table, chain, expressions);
    }

    private static NetlinkRequest rule(String operation, Object subject, int flags, int family, String table, String chain,
            List<Expr> expressions) {
        NetlinkRequest request = Nfnetlink.request(operation, subject, SUBSYSTEM, NEW_RULE, flags, family, ExprWriter.bytes(expressions));
        int list = request.string(1, table).string(2, chain).begin(NESTED | 4);
        ExprWriter.write(request, expressions);
        request.end(list);
        CompatProtocol compat = CompatProtocol.of(expressions);
        if (compat != null) {
            int protocol = request.begin(NESTED | 5);
            request.be32(1, compat.number()).be32(2, compat.flags()).end(protocol);
        }
        byte[] beside = UserData.of(expressions);
        return beside.length == 0 ? request : request.bytes(7, beside);
    }

    /** Deletes all rules of a chain. */
    static NetlinkRequest flushChain(int family, String table, String chain) {
        return request("flush chain", new Place(table, chain, 0), DELETE_RULE, 0, family).string(1, table).string(2, chain);
    }

    /** Deletes one rule by its handle. */
    static NetlinkRequest deleteRule(int family, String table, String chain, long handle) {
        return request("delete rule", new Place(table, chain, 0), DELETE_RULE, 0, family).string(1, table).string(2, chain).be64(3, handle);
    }

    static NetlinkRequest request(String operation, Object subject, int message, int flags, int family) {
        return Nfnetlink.request(operation, subject, SUBSYSTEM, message, flags, family);
    }
}
