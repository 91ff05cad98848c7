package io.inpod.iptables.backend.internal.nft;

import io.inpod.netlink.NetlinkRequest;
import java.util.List;

/** Writes expressions as attributes, numbered as in linux/netfilter/nf_tables.h: {@code NFTA_PAYLOAD_BASE} is 2 of a payload. */
final class ExprWriter {
    static final int NESTED = 0x8000;
    private static final int ELEMENT = NESTED | 1;
    private static final int NAME = 1;
    private static final int DATA = NESTED | 2;
    private static final int VALUE = 1;
    private static final int VERDICT = NESTED | 2;
    private static final int REGISTER = 1;

    private ExprWriter() {
    }

    static void write(NetlinkRequest request, List<Expr> expressions) {
        for (Expr expression : expressions) {
            if (!(expression instanceof Expr.Comment || expression instanceof Expr.HeaderMatch)) {
                request.nested(ELEMENT, r -> write(r, expression));
            }
        }
    }

    private static void write(NetlinkRequest request, Expr expression) {
        if (expression instanceof Expr.Payload e) {
            request.string(NAME, "payload").nested(DATA, r -> r.be32(1, REGISTER).be32(2, e.base()).be32(3, e.offset()).be32(4, e.length()));
        } else if (expression instanceof Expr.Meta e) {
            request.string(NAME, "meta").nested(DATA, r -> r.be32(2, e.key()).be32(1, REGISTER));
        } else if (expression instanceof Expr.Cmp e) {
            request.string(NAME, "cmp").nested(DATA, r -> value(r.be32(1, REGISTER).be32(2, e.op()), 3, e.data()));
        } else if (expression instanceof Expr.Counter) {
            request.string(NAME, "counter").nested(DATA, r -> r.be64(1, 0).be64(2, 0));
        } else if (expression instanceof Expr.Verdict e) {
            request.string(NAME, "immediate").nested(DATA, r -> verdict(r.be32(1, 0), e));
        } else if (expression instanceof Expr.Bitwise e) {
            request.string(NAME, "bitwise").nested(DATA, r -> {
                r.be32(1, REGISTER).be32(2, REGISTER).be32(3, e.mask().length());
                value(value(r, 4, e.mask()), 5, e.flip());
            });
        } else if (expression instanceof Expr.XtMatch e) {
            request.string(NAME, "match").nested(DATA, r -> r.string(1, e.name()).be32(2, e.revision()).bytes(3, e.info().array()));
        } else if (expression instanceof Expr.XtTarget e) {
            request.string(NAME, "target").nested(DATA, r -> r.string(1, e.name()).be32(2, e.revision()).bytes(3, e.info().array()));
        } else if (expression instanceof Expr.Immediate e) {
            request.string(NAME, "immediate").nested(DATA, r -> value(r.be32(1, e.register()), 2, e.data()));
        } else if (expression instanceof Expr.SetMeta e) {
            request.string(NAME, "meta").nested(DATA, r -> r.be32(2, e.key()).be32(3, REGISTER));
        } else if (expression instanceof Expr.Ct e) {
            request.string(NAME, "ct").nested(DATA, r -> r.be32(2, e.key()).be32(1, REGISTER));
        } else if (expression instanceof Expr.SetCt e) {
            request.string(NAME, "ct").nested(DATA, r -> r.be32(2, e.key()).be32(4, REGISTER));
        } else if (expression instanceof Expr.Range e) {
            request.string(NAME, "range").nested(DATA, r -> value(value(r.be32(1, REGISTER).be32(2, e.outside() ? 1 : 0), 3, e.from()), 4, e.to()));
        } else if (expression instanceof Expr.Lookup e) {
            request.string(NAME, "lookup").nested(DATA, r -> r.string(1, e.set()).be32(2, REGISTER).be32(5, e.outside() ? 1 : 0));
        } else {
            rare(request, expression);
        }
    }

    private static void rare(NetlinkRequest request, Expr expression) {
        if (expression instanceof Expr.Limit e) {
            request.string(NAME, "limit").nested(DATA, r -> r.be64(1, e.rate()).be64(2, e.seconds()).be32(3, e.burst()).be32(4, 0).be32(5, 0));
        } else if (expression instanceof Expr.Socket e) {
            request.string(NAME, "socket").nested(DATA, r -> {
                r.be32(1, e.key()).be32(2, REGISTER);
                if (e.level() > 0) {
                    r.be32(3, e.level());
                }
            });
        } else if (expression instanceof Expr.Fib e) {
            request.string(NAME, "fib").nested(DATA, r -> r.be32(1, REGISTER).be32(2, e.result()).be32(3, e.flags()));
        } else if (expression instanceof Expr.Route e) {
            request.string(NAME, "rt").nested(DATA, r -> r.be32(2, e.key()).be32(1, REGISTER));
        } else if (expression instanceof Expr.ToNetwork e) {
            request.string(NAME, "byteorder").nested(DATA, r -> r.be32(1, REGISTER).be32(2, REGISTER).be32(3, 1).be32(4, e.length()).be32(5, e.unit()));
        } else if (expression instanceof Expr.Plain e) {
            request.string(NAME, e.name()).nested(DATA, r -> e.attributes().forEach((attribute, value) -> plain(r, attribute, value)));
        } else {
            throw new IllegalArgumentException(expression + " is only for reading");
        }
    }

    private static void plain(NetlinkRequest request, int attribute, Object value) {
        if (value instanceof Integer number) {
            request.be32(attribute, number);
        } else if (value instanceof Short number) {
            request.be16(attribute, number);
        } else if (value instanceof Byte number) {
            request.bytes(attribute, new byte[] {number});
        } else {
            request.string(attribute, (String) value);
        }
    }

    private static NetlinkRequest value(NetlinkRequest request, int attribute, Bytes data) {
        return request.nested(NESTED | attribute, r -> r.bytes(VALUE, data.array()));
    }

    private static void verdict(NetlinkRequest request, Expr.Verdict verdict) {
        request.nested(DATA, data -> data.nested(VERDICT, r -> {
            r.be32(1, verdict.code());
            if (verdict.chain() != null) {
                r.string(2, verdict.chain());
            }
        }));
    }
}
