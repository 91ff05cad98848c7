package io.inpod.netlink.qdisc;

import io.inpod.netlink.MalformedAnswerException;
import io.inpod.netlink.NetlinkAttribute;
import io.inpod.netlink.NetlinkMessage;
import io.inpod.netlink.NetlinkRequest;
import io.inpod.netns.internal.NetlinkStructs.TcNetemQopt;
import io.inpod.netns.internal.NetlinkStructs.TcTbfQopt;
import io.inpod.netns.internal.NetlinkStructs.Tcmsg;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Messages about queueing disciplines: struct tcmsg, and TCA_ attributes of linux/rtnetlink.h and linux/pkt_sched.h. */
final class QdiscMessages {
    static final int NEW = 36;
    static final int DELETE = 37;
    static final int GET = 38;

    private static final int ROOT = -1;
    private static final int KIND = 1;
    private static final int OPTIONS = 2;
    private static final int STATISTICS = 7;
    private static final int BASIC = 1;
    private static final int QUEUE = 3;

    private static final int NETEM_REORDER = 3;
    private static final int NETEM_CORRUPT = 4;
    private static final int NETEM_RATE = 6;
    private static final int NETEM_RATE64 = 8;
    private static final int NETEM_DELAY64 = 10;
    private static final int NETEM_JITTER64 = 11;

    private static final int TBF_PARAMETERS = 1;
    private static final int TBF_RATE64 = 4;
    private static final int TBF_BURST = 6;
    private static final int ETHERNET = 1;

    private static final int TICK_NANOS = 64;
    private static final long MOST = 0xffffffffL;
    private static final double PERCENT = 100;

    private QdiscMessages() {}

    static NetlinkRequest about(String operation, String link, int type, int flags, int index) {
        ByteBuffer struct = buffer(Tcmsg.STRUCT.size());
        Tcmsg.INDEX.put(struct, 0, index);
        Tcmsg.PARENT.put(struct, 0, ROOT);
        return new NetlinkRequest(operation, link, type, flags).fixed(bytes(struct));
    }

    static NetlinkRequest list() {
        return new NetlinkRequest("list qdiscs", "all links", GET, 0).fixed(new byte[Tcmsg.STRUCT.size()]);
    }

    static NetlinkRequest fill(NetlinkRequest request, Qdisc qdisc) {
        request.string(KIND, qdisc.kind());
        if (qdisc instanceof Netem netem) {
            return netem(request, netem);
        } else if (qdisc instanceof Tbf tbf) {
            return tbf(request, tbf);
        }
        throw new IllegalArgumentException("qdisc " + qdisc.kind() + " can be listed and deleted, but not added");
    }

    private static NetlinkRequest netem(NetlinkRequest request, Netem netem) {
        ByteBuffer struct = buffer(TcNetemQopt.STRUCT.size());
        TcNetemQopt.LATENCY.put(struct, 0, netem.delay().toNanos() / TICK_NANOS);
        TcNetemQopt.JITTER.put(struct, 0, netem.jitter().toNanos() / TICK_NANOS);
        TcNetemQopt.LIMIT.put(struct, 0, netem.limit());
        TcNetemQopt.LOSS.put(struct, 0, share(netem.loss()));
        TcNetemQopt.DUPLICATE.put(struct, 0, share(netem.duplicate()));
        TcNetemQopt.GAP.put(struct, 0, netem.reorder() > 0 ? 1 : 0);
        return request.nested(OPTIONS, options -> {
            options.fixed(bytes(struct));
            if (netem.reorder() > 0) {
                options.bytes(NETEM_REORDER, bytes(buffer(2 * Integer.BYTES).putInt((int) share(netem.reorder()))));
            }
            if (netem.corrupt() > 0) {
                options.bytes(NETEM_CORRUPT, bytes(buffer(2 * Integer.BYTES).putInt((int) share(netem.corrupt()))));
            }
            if (netem.rate() > 0) {
                if (netem.rate() > MOST) {
                    options.u64(NETEM_RATE64, netem.rate());
                }
                options.bytes(NETEM_RATE, bytes(buffer(4 * Integer.BYTES).putInt((int) Math.min(MOST, netem.rate()))));
            }
        });
    }

    private static NetlinkRequest tbf(NetlinkRequest request, Tbf tbf) {
        ByteBuffer struct = buffer(TcTbfQopt.STRUCT.size());
        TcTbfQopt.LINK_LAYER.put(struct, 0, ETHERNET); // so the kernel computes itself how long a packet takes
        TcTbfQopt.RATE.put(struct, 0, Math.min(MOST, tbf.rate()));
        TcTbfQopt.LIMIT.put(struct, 0, tbf.limit());
        TcTbfQopt.BUFFER.put(struct, 0, Tbf.nanos(tbf.burst(), tbf.rate()) / TICK_NANOS);
        return request.nested(OPTIONS, options -> {
            if (tbf.rate() > MOST) {
                options.u64(TBF_RATE64, tbf.rate());
            }
            options.bytes(TBF_PARAMETERS, bytes(struct)).u32(TBF_BURST, (int) tbf.burst());
        });
    }

    /** Parses an entry whose interface has the index that {@link #index} returns. */
    static LinkQdisc parse(NetlinkMessage message, String link) throws IOException {
        Map<Integer, ByteBuffer> attributes = message.attributes(Tcmsg.STRUCT.size());
        ByteBuffer kind = attributes.get(KIND);
        if (kind == null) {
            throw new MalformedAnswerException("a qdisc has no kind");
        }
        Map<Integer, ByteBuffer> statistics = within(attributes.get(STATISTICS), 0);
        ByteBuffer basic = statistics.get(BASIC);
        ByteBuffer queue = statistics.get(QUEUE);
        return new LinkQdisc(link, Tcmsg.HANDLE.get(message.payload(), 0), Tcmsg.PARENT.get(message.payload(), 0),
                qdisc(text(kind), attributes.get(OPTIONS)), u32(basic, 8), u64(basic, 0), u32(queue, 8), u32(queue, 0), u32(queue, 4));
    }

    static int index(NetlinkMessage message) throws IOException {
        if (message.payload().limit() < Tcmsg.STRUCT.size()) {
            throw new MalformedAnswerException("a qdisc has " + message.payload().limit() + " bytes");
        }
        return Tcmsg.INDEX.get(message.payload(), 0);
    }

    private static Qdisc qdisc(String kind, @Nullable ByteBuffer options) {
        try {
            if (kind.equals("netem") && options != null && options.limit() >= TcNetemQopt.STRUCT.size()) {
                return netem(options);
            } else if (kind.equals("tbf") && options != null) {
                return tbf(within(options, 0));
            }
        } catch (IllegalArgumentException e) {
            return new Qdisc.Other(kind); // one that tc makes with values that are refused here
        }
        return new Qdisc.Other(kind);
    }

    private static Netem netem(ByteBuffer options) {
        Map<Integer, ByteBuffer> more = within(options, TcNetemQopt.STRUCT.size());
        ByteBuffer delay = more.get(NETEM_DELAY64);
        ByteBuffer jitter = more.get(NETEM_JITTER64);
        ByteBuffer rate = more.get(NETEM_RATE64);
        return new Netem(
                Duration.ofNanos(delay != null ? u64(delay, 0) : TcNetemQopt.LATENCY.getLong(options, 0) * TICK_NANOS),
                Duration.ofNanos(jitter != null ? u64(jitter, 0) : TcNetemQopt.JITTER.getLong(options, 0) * TICK_NANOS),
                percent(TcNetemQopt.LOSS.getLong(options, 0)), percent(TcNetemQopt.DUPLICATE.getLong(options, 0)),
                percent(u32(more.get(NETEM_CORRUPT), 0)), percent(u32(more.get(NETEM_REORDER), 0)),
                rate != null ? u64(rate, 0) : u32(more.get(NETEM_RATE), 0), TcNetemQopt.LIMIT.getLong(options, 0));
    }

    /** The kernel tells the burst as a time. */
    private static Qdisc tbf(Map<Integer, ByteBuffer> options) {
        ByteBuffer struct = options.get(TBF_PARAMETERS);
        if (struct == null || struct.limit() < TcTbfQopt.STRUCT.size()) {
            return new Qdisc.Other("tbf");
        }
        long rate = options.containsKey(TBF_RATE64) ? u64(options.get(TBF_RATE64), 0) : TcTbfQopt.RATE.getLong(struct, 0);
        double burst = TcTbfQopt.BUFFER.getLong(struct, 0) * (double) TICK_NANOS * rate / 1e9;
        return new Tbf(rate, Math.round(burst), TcTbfQopt.LIMIT.getLong(struct, 0));
    }

    /** A share as the kernel counts it: 2³²-1 is all. */
    private static long share(double percent) {
        return Math.round(percent / PERCENT * MOST);
    }

    private static double percent(long share) {
        return share * PERCENT / MOST;
    }

    private static Map<Integer, ByteBuffer> within(@Nullable ByteBuffer nested, int start) {
        Map<Integer, ByteBuffer> found = new HashMap<>();
        List<NetlinkAttribute> list = nested == null ? List.of() : NetlinkAttribute.list(nested, start);
        list.forEach(attribute -> found.put(attribute.type(), attribute.value()));
        return found;
    }

    private static String text(ByteBuffer value) {
        byte[] bytes = new byte[value.limit()];
        value.get(0, bytes);
        return new String(bytes, StandardCharsets.UTF_8).replace("\0", "");
    }

    private static long u32(@Nullable ByteBuffer value, int offset) {
        return value == null || value.limit() < offset + Integer.BYTES ? 0 : value.getInt(offset) & MOST;
    }

    private static long u64(@Nullable ByteBuffer value, int offset) {
        return value == null || value.limit() < offset + Long.BYTES ? 0 : value.getLong(offset);
    }

    private static byte[] bytes(ByteBuffer whole) {
        byte[] bytes = new byte[whole.capacity()];
        whole.get(0, bytes);
        return bytes;
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder());
    }
}
