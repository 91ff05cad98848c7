package io.inpod.iptables.backend.internal.nft.expr;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An expression of a rule. What loads, loads into register 1, and what compares, compares register 1: no rule of ours keeps more
 * than one value at a time, except addresses and ports for NAT, which are in registers 1 to 4.
 */
public sealed interface Expr {
    /** Loads bytes of the packet. */
    record Payload(int base, int offset, int length) implements Expr {
        public static final int NETWORK = 1;
        public static final int TRANSPORT = 2;
    }

    /** Loads what the kernel knows of the packet, NFT_META_. */
    record Meta(int key) implements Expr {
        public static final int MARK = 3;
        public static final int IN_NAME = 6;
        public static final int OUT_NAME = 7;
        public static final int SOCKET_UID = 10;
        public static final int SOCKET_GID = 11;
        public static final int NFPROTO = 15;
        public static final int L4PROTO = 16;
    }

    /** Sets what the kernel knows of the packet. */
    record SetMeta(int key) implements Expr {
    }

    /** Loads what the kernel knows of the connection, NFT_CT_. */
    record Ct(int key) implements Expr {
        public static final int STATE = 0;
        public static final int STATUS = 2;
        public static final int MARK = 3;
        public static final int ZONE = 17;
    }

    /** Sets what the kernel knows of the connection. */
    record SetCt(int key) implements Expr {
    }

    /** Loads what the kernel knows of a local socket, NFT_SOCKET_; the level is that of a cgroup, or 0. */
    record Socket(int key, int level) implements Expr {
        public static final int TRANSPARENT = 0;
        public static final int WILDCARD = 2;
        public static final int CGROUP = 3;
    }

    /** Loads what routing says of an address. */
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

    /** Swaps bytes between this machine's order and the network's, in units. */
    record ToNetwork(int length, int unit) implements Expr {
    }

    /** Masks, then flips bits. */
    record Bitwise(Octets mask, Octets flip) implements Expr {
    }

    /** Goes on only if the comparison holds. */
    record Cmp(int op, Octets data) implements Expr {
        public static final int EQ = 0;
        public static final int NEQ = 1;
        public static final int LTE = 3;
        static final int GT = 4;
        public static final int GTE = 5;

        public static int op(boolean negated) {
            return negated ? NEQ : EQ;
        }
    }

    /** Goes on only if the value lies in a range, or outside. */
    record Range(boolean outside, Octets from, Octets to) implements Expr {
    }

    /** Goes on only if the value is in a set, or isn't. */
    record Lookup(String set, boolean outside) implements Expr {
    }

    /** Loads a constant. */
    record Immediate(int register, Octets data) implements Expr {
    }

    /** Not an expression: what nft writes beside a rule for people. */
    record Comment(String text) implements Expr {
    }

    /** Not an expression: which of the rule's conditions asks for a whole header of TCP or UDP, and needs no expression. */
    record HeaderMatch(int index) implements Expr {
    }

    /** Ends the rule: NF_ACCEPT, NF_DROP, or a negative NFT_ number, with the chain where it takes one. */
    record Verdict(int code, @Nullable String chain) implements Expr {
        static final int DROP = 0;
        public static final int ACCEPT = 1;
        static final int JUMP = -3;
        static final int GOTO = -4;
        static final int RETURN = -5;
    }

    /** Counts packets; what it has counted isn't part of the rule. */
    record Counter() implements Expr {
    }

    /** Holds for so many packets per so many seconds. */
    record Limit(long rate, long seconds, int burst) implements Expr {
    }

    /**
     * Anything of which a rule has at most numbers and texts, with their attribute numbers: reject, redir, masq, nat, tproxy, log,
     * notrack, exthdr; and, in dumps, what isn't known here.
     */
    record Plain(String name, Map<Integer, Object> attributes) implements Expr {
        public Plain {
            attributes = Map.copyOf(attributes);
        }

        public int number(int attribute, int ifAbsent) {
            return attributes.get(attribute) instanceof Number n ? n.intValue() : ifAbsent;
        }
    }

    /** A match of x_tables, in a struct of its own. */
    record XtMatch(String name, int revision, Octets info) implements Expr {
    }

    /** A target of x_tables, in a struct of its own. */
    record XtTarget(String name, int revision, Octets info) implements Expr {
    }

    /** What is in a dump and not known here. */
    record Unknown(String name) implements Expr {
    }
}
