package io.inpod.iptables.backend.internal.nft.expr;

import io.inpod.iptables.Ports;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An expression of a rule. Loading and comparing expressions use register 1, because our rules need one value at a time, except for the
 * addresses and ports of NAT, which are in registers 1 to 4.
 */
public sealed interface Expr {
    /** Loads bytes of the packet. */
    record Payload(int base, int offset, int length) implements Expr {
        public static final int NETWORK = 1;
        public static final int TRANSPORT = 2;
    }

    /** Loads a property of the packet, NFT_META_. */
    record Meta(int key) implements Expr {
        public static final int MARK = 3;
        public static final int IN_NAME = 6;
        public static final int OUT_NAME = 7;
        public static final int SOCKET_UID = 10;
        public static final int SOCKET_GID = 11;
        public static final int NFPROTO = 15;
        public static final int L4PROTO = 16;
    }

    /** Sets a property of the packet. */
    record SetMeta(int key) implements Expr {
    }

    /** Loads a property of the connection, NFT_CT_. */
    record Ct(int key) implements Expr {
        public static final int STATE = 0;
        public static final int STATUS = 2;
        public static final int MARK = 3;
        public static final int ZONE = 17;
    }

    /** Sets a property of the connection. */
    record SetCt(int key) implements Expr {
    }

    /** Loads a property of a local socket, NFT_SOCKET_; the level is that of a control group, or 0. */
    record Socket(int key, int level) implements Expr {
        public static final int TRANSPARENT = 0;
        public static final int WILDCARD = 2;
        public static final int CGROUP = 3;
    }

    /** Loads the result of a route lookup for an address. */
    record Fib(int result, int flags) implements Expr {
        public static final int ADDRESS_TYPE = 3;
        public static final int SOURCE = 1;
        public static final int DESTINATION = 2;
        static final int IN = 8;
        static final int OUT = 16;
    }

    /** Loads a property of the route, NFT_RT_. */
    record Route(int key) implements Expr {
        public static final int TCP_MSS = 3;
    }

    /** Loads a number below a modulus of 32 bits, NFT_NG_: one more than the last, or a random one. */
    record NumberGenerator(int type, int modulus) implements Expr {
        public static final int INCREMENTAL = 0;
        public static final int RANDOM = 1;
    }

    /** Converts units of bytes between host and network byte order. */
    record ToNetwork(int length, int unit) implements Expr {
    }

    /** Masks, then flips bits. */
    record Bitwise(Octets mask, Octets flip) implements Expr {
    }

    /** Ends the rule unless the comparison holds. */
    record Cmp(int op, Octets data) implements Expr {
        public static final int EQ = 0;
        public static final int NEQ = 1;
        public static final int LT = 2;
        public static final int LTE = 3;
        static final int GT = 4;
        public static final int GTE = 5;

        public static int op(boolean negated) {
            return negated ? NEQ : EQ;
        }
    }

    /** Ends the rule unless the value is in a range, or outside it. */
    record Range(boolean outside, Octets from, Octets to) implements Expr {
    }

    /** Ends the rule unless the value is in a set, or outside it. */
    record Lookup(String set, boolean outside) implements Expr {
        /** The kernel names sets that are a part of a rule by a number: {@code __set7}. */
        public boolean isNamed() {
            return !set.startsWith("__");
        }
    }

    /**
     * Ends the rule unless the port is in a set without a name, or outside it. It stands for a lookup in that set, which is sent before the
     * rule and read with it.
     */
    record PortSet(List<Ports> ports, boolean outside) implements Expr {
        public PortSet {
            ports = List.copyOf(ports);
        }
    }

    /** Looks up the value in a set of the same transaction; only for writing. */
    record SentLookup(int setId, boolean outside) implements Expr {
    }

    /**
     * Ends the rule unless the count of connections of the loaded address is as its {@code connlimit} asks. It stands for a dynamic set
     * without a name, which is sent before the rule and has a count for each address. nft gives such a set a name, and doesn't delete it
     * with the rule.
     */
    record CountInSet(boolean named, Plain count) implements Expr {
    }

    /** Counts in a set of the same transaction; only for writing. */
    record SentCount(int setId, Plain count) implements Expr {
    }

    /** Loads a constant. */
    record Immediate(int register, Octets data) implements Expr {
    }

    /** Not an expression: the comment that nft stores with a rule. */
    record Comment(String text) implements Expr {
    }

    /** Not an expression: the index of the condition that the TCP or UDP header is complete, which needs no expression. */
    record HeaderMatch(int index) implements Expr {
    }

    /** Ends the rule: NF_ACCEPT, NF_DROP, or a negative NFT_ number, with the chain if it has one. */
    record Verdict(int code, @Nullable String chain) implements Expr {
        static final int DROP = 0;
        public static final int ACCEPT = 1;
        static final int JUMP = -3;
        static final int GOTO = -4;
        static final int RETURN = -5;
    }

    /** Counts packets; the count is not part of the rule, so that all counters are equal. */
    record Counter(long packets, long bytes) implements Expr {
        public static final Counter ZERO = new Counter(0, 0);

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Counter;
        }

        @Override
        public int hashCode() {
            return 1;
        }

        @Override
        public String toString() {
            return "Counter[]";
        }
    }

    /** All expressions of a rule as bytes, see {@link RawExprs}. */
    record Raw(Octets list) implements Expr {
    }

    /** Ends the rule for packets beyond a rate per some seconds. */
    record Limit(long rate, long seconds, int burst) implements Expr {
    }

    /**
     * An expression that consists of numbers and texts only, with their attribute numbers: reject, redir, masq, nat, tproxy, log,
     * notrack, exthdr, connlimit, queue.
     */
    record Plain(String name, Map<Integer, Object> attributes) implements Expr {
        public Plain {
            attributes = Map.copyOf(attributes);
        }

        public int number(int attribute, int ifAbsent) {
            return attributes.get(attribute) instanceof Number n ? n.intValue() : ifAbsent;
        }
    }

    /** A match of x_tables with its struct. */
    record XtMatch(String name, int revision, Octets info) implements Expr {
    }

    /** A target of x_tables with its struct. */
    record XtTarget(String name, int revision, Octets info) implements Expr {
    }

    /** An unknown expression of a dump. */
    record Unknown(String name) implements Expr {
    }
}
