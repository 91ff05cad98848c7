package io.inpod.iptables.backend.internal.nft.expr;

import io.inpod.netlink.NetlinkRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Writes expressions as attributes, numbered as in linux/netfilter/nf_tables.h: {@code NFTA_PAYLOAD_BASE} is 2 of a payload. */
public final class ExprWriter {
    public static final int NESTED = 0x8000;
    /** The name for which the kernel chooses another one, with a number. */
    public static final String UNNAMED = "__set%d";
    private static final int ELEMENT = NESTED | 1;
    private static final int NAME = 1;
    private static final int DATA = NESTED | 2;
    private static final int VALUE = 1;
    private static final int VERDICT = NESTED | 2;
    private static final int REGISTER = 1;
    private static final int BESIDE = 128;
    private static final int USUAL = 56;
    private static final byte[] PAYLOAD = name("payload");
    private static final byte[] META = name("meta");
    private static final byte[] CMP = name("cmp");
    private static final byte[] COUNTER = name("counter");
    private static final byte[] IMMEDIATE = name("immediate");
    private static final byte[] BITWISE = name("bitwise");
    private static final byte[] MATCH = name("match");
    private static final byte[] TARGET = name("target");
    private static final byte[] CT = name("ct");
    private static final byte[] RANGE = name("range");
    private static final byte[] LOOKUP = name("lookup");

    private ExprWriter() {}

    private static byte[] name(String text) {
        return (text + '\0').getBytes(StandardCharsets.US_ASCII);
    }

    public static void write(NetlinkRequest request, List<Expr> expressions) {
        for (Expr expression : expressions) {
            if (expression instanceof Expr.Raw raw) {
                RawExprs.elements(raw.list().array()).forEach(element -> request.bytes(ELEMENT, element.bytes()));
            } else if (!(expression instanceof Expr.Comment || expression instanceof Expr.HeaderMatch)) {
                int element = request.begin(ELEMENT);
                request.end(write(request, expression));
                request.end(element);
            }
        }
    }

    /** Returns the approximate length of a rule with these expressions. */
    public static int bytes(List<Expr> expressions) {
        int bytes = BESIDE;
        for (Expr expression : expressions) {
            bytes += USUAL + (expression instanceof Expr.XtMatch m ? m.info().length()
                    : expression instanceof Expr.XtTarget t ? t.info().length() : expression instanceof Expr.Raw r ? r.list().length() : 0);
        }
        return bytes;
    }

    /** Begins the data of an expression, which the caller ends. */
    private static int data(NetlinkRequest request, byte[] name) {
        return request.bytes(NAME, name).begin(DATA);
    }

    /** Writes an expression except the end of its data; returns the argument for that end. */
    private static int write(NetlinkRequest to, Expr expression) {
        int data;
        if (expression instanceof Expr.Payload e) {
            data = data(to, PAYLOAD);
            to.be32(1, REGISTER).be32(2, e.base()).be32(3, e.offset()).be32(4, e.length());
        } else if (expression instanceof Expr.Meta e) {
            data = data(to, META);
            to.be32(2, e.key()).be32(1, REGISTER);
        } else if (expression instanceof Expr.Cmp e) {
            data = data(to, CMP);
            value(to.be32(1, REGISTER).be32(2, e.op()), 3, e.data());
        } else if (expression instanceof Expr.Counter) {
            data = data(to, COUNTER);
            to.be64(1, 0).be64(2, 0);
        } else if (expression instanceof Expr.Verdict e) {
            data = data(to, IMMEDIATE);
            verdict(to.be32(1, 0), e);
        } else if (expression instanceof Expr.Bitwise e) {
            data = data(to, BITWISE);
            to.be32(1, REGISTER).be32(2, REGISTER).be32(3, e.mask().length());
            value(value(to, 4, e.mask()), 5, e.flip());
        } else if (expression instanceof Expr.XtMatch e) {
            data = data(to, MATCH);
            to.string(1, e.name()).be32(2, e.revision()).bytes(3, e.info().array());
        } else if (expression instanceof Expr.XtTarget e) {
            data = data(to, TARGET);
            to.string(1, e.name()).be32(2, e.revision()).bytes(3, e.info().array());
        } else if (expression instanceof Expr.Immediate e) {
            data = data(to, IMMEDIATE);
            value(to.be32(1, e.register()), 2, e.data());
        } else if (expression instanceof Expr.SetMeta e) {
            data = data(to, META);
            to.be32(2, e.key()).be32(3, REGISTER);
        } else if (expression instanceof Expr.Ct e) {
            data = data(to, CT);
            to.be32(2, e.key()).be32(1, REGISTER);
        } else if (expression instanceof Expr.SetCt e) {
            data = data(to, CT);
            to.be32(2, e.key()).be32(4, REGISTER);
        } else if (expression instanceof Expr.Range e) {
            data = data(to, RANGE);
            value(value(to.be32(1, REGISTER).be32(2, e.outside() ? 1 : 0), 3, e.from()), 4, e.to());
        } else if (expression instanceof Expr.Lookup e) {
            data = data(to, LOOKUP);
            to.string(1, e.set()).be32(2, REGISTER).be32(5, e.outside() ? 1 : 0);
        } else if (expression instanceof Expr.SentLookup e) {
            data = data(to, LOOKUP);
            to.string(1, UNNAMED).be32(2, REGISTER).be32(4, e.setId()).be32(5, e.outside() ? 1 : 0);
        } else {
            data = rare(to, expression);
        }
        return data;
    }

    private static int rare(NetlinkRequest to, Expr expression) {
        int data;
        if (expression instanceof Expr.Limit e) {
            data = data(to, name("limit"));
            to.be64(1, e.rate()).be64(2, e.seconds()).be32(3, e.burst()).be32(4, 0).be32(5, 0);
        } else if (expression instanceof Expr.Socket e) {
            data = data(to, name("socket"));
            to.be32(1, e.key()).be32(2, REGISTER);
            if (e.level() > 0) {
                to.be32(3, e.level());
            }
        } else if (expression instanceof Expr.Fib e) {
            data = data(to, name("fib"));
            to.be32(1, REGISTER).be32(2, e.result()).be32(3, e.flags());
        } else if (expression instanceof Expr.Route e) {
            data = data(to, name("rt"));
            to.be32(2, e.key()).be32(1, REGISTER);
        } else if (expression instanceof Expr.NumberGenerator e) {
            data = data(to, name("numgen"));
            to.be32(1, REGISTER).be32(2, e.modulus()).be32(3, e.type()).be32(4, 0);
        } else if (expression instanceof Expr.ToNetwork e) {
            data = data(to, name("byteorder"));
            to.be32(1, REGISTER).be32(2, REGISTER).be32(3, 1).be32(4, e.length()).be32(5, e.unit());
        } else if (expression instanceof Expr.SentCount e) {
            data = data(to, name("dynset"));
            to.string(1, UNNAMED).be32(2, e.setId()).be32(3, 0).be32(4, REGISTER);
            int count = to.begin(NESTED | 7);
            to.end(write(to, e.count())).end(count);
        } else if (expression instanceof Expr.Plain e) {
            data = data(to, name(e.name()));
            e.attributes().forEach((attribute, value) -> plain(to, attribute, value));
        } else {
            throw new IllegalArgumentException(expression + " is only for reading");
        }
        return data;
    }

    private static void plain(NetlinkRequest to, int attribute, Object value) {
        if (value instanceof Integer number) {
            to.be32(attribute, number);
        } else if (value instanceof Short number) {
            to.be16(attribute, number);
        } else if (value instanceof Byte number) {
            to.bytes(attribute, new byte[] {number});
        } else {
            to.string(attribute, (String) value);
        }
    }

    private static NetlinkRequest value(NetlinkRequest to, int attribute, Octets data) {
        int start = to.begin(NESTED | attribute);
        return to.bytes(VALUE, data.array()).end(start);
    }

    private static void verdict(NetlinkRequest to, Expr.Verdict verdict) {
        int data = to.begin(DATA);
        int nested = to.begin(VERDICT);
        to.be32(1, verdict.code());
        if (verdict.chain() != null) {
            to.string(2, verdict.chain());
        }
        to.end(nested).end(data);
    }
}
