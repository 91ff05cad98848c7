package io.inpod.examples.ztunnel.dns;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.dns.DefaultDnsQuestion;
import io.netty.handler.codec.dns.DefaultDnsRawRecord;
import io.netty.handler.codec.dns.DnsQuestion;
import io.netty.handler.codec.dns.DnsRawRecord;
import io.netty.handler.codec.dns.DnsRecordEncoder;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponseCode;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;

/** Writes answers. */
final class DnsAnswer {
    /** How long clients may remember an answer, as with Istio's ztunnel. */
    static final int TTL_SECONDS = 30;
    private static final int MOST_BYTES = 65_535;
    private static final int OPT_BYTES = 11;

    private DnsAnswer() {}

    /** Returns an answer without records: an error, or a name that has none of that type. */
    static ByteBuf empty(ByteBufAllocator memory, DnsQuery query, ByteBuf message, DnsResponseCode code, boolean authoritative) {
        ByteBuf out = memory.buffer();
        begin(out, query, message, code.intValue() | (authoritative ? DnsQuery.AUTHORITATIVE : 0), 0);
        end(out, query);
        return out;
    }

    /** Returns an answer whose order of addresses is random, so that clients that take the first one are divided. */
    static ByteBuf addresses(ByteBufAllocator memory, DnsQuery query, ByteBuf message, NameAnswer found, int mostBytes) {
        DnsQuestion question = Objects.requireNonNull(query.question());
        boolean ipv4 = question.type().equals(DnsRecordType.A);
        List<InetAddress> addresses = new ArrayList<>(found.addresses());
        addresses.removeIf(address -> address.getAddress().length == 4 != ipv4);
        Collections.shuffle(addresses);
        ByteBuf out = memory.buffer();
        int records = found.alias() == null || addresses.isEmpty() ? addresses.size() : addresses.size() + 1;
        begin(out, query, message, DnsQuery.AUTHORITATIVE, records);
        String owner = question.name();
        if (found.alias() != null && !addresses.isEmpty()) {
            write(out, owner, DnsRecordType.CNAME, name(found.alias()));
            owner = found.alias();
        }
        for (InetAddress address : addresses) {
            write(out, owner, question.type(), Unpooled.wrappedBuffer(address.getAddress()));
        }
        if (out.readableBytes() + (query.edns() ? OPT_BYTES : 0) > Math.min(mostBytes, MOST_BYTES)) {
            out.clear();
            begin(out, query, message, DnsQuery.AUTHORITATIVE | DnsQuery.TRUNCATED, 0);
        }
        end(out, query);
        return out;
    }

    /** Returns what is left of an answer that is too long for UDP: the client asks again over TCP. */
    static ByteBuf truncated(ByteBufAllocator memory, DnsQuery query, ByteBuf message) {
        ByteBuf out = memory.buffer();
        begin(out, query, message, DnsQuery.TRUNCATED, 0);
        end(out, query);
        return out;
    }

    private static void begin(ByteBuf out, DnsQuery query, ByteBuf message, int flags, int answers) {
        boolean asks = query.question() != null;
        out.writeShort(query.id());
        out.writeShort(DnsQuery.RESPONSE | query.flags() & 0x7800 | query.flags() & DnsQuery.RECURSION_DESIRED
                | DnsQuery.RECURSION_AVAILABLE | flags);
        out.writeShort(asks ? 1 : 0).writeShort(answers).writeShort(0).writeShort(query.edns() ? 1 : 0);
        if (asks) {
            out.writeBytes(message, message.readerIndex() + DnsQuery.HEADER, query.questionEnd() - DnsQuery.HEADER);
        }
    }

    /** A client that knows EDNS is told that the proxy does too. */
    private static void end(ByteBuf out, DnsQuery query) {
        if (query.edns()) {
            out.writeByte(0).writeShort(DnsRecordType.OPT.intValue()).writeShort(DnsForwarder.UDP_BYTES).writeInt(0).writeShort(0);
        }
    }

    private static ByteBuf name(String name) {
        ByteBuf out = Unpooled.buffer();
        try {
            DnsRecordEncoder.DEFAULT.encodeQuestion(new DefaultDnsQuestion(name, DnsRecordType.A), out);
        } catch (Exception e) {
            throw new IllegalStateException("a name of the mesh can't be written: " + name, e);
        }
        return out.writerIndex(out.writerIndex() - 4); // without type and class
    }

    private static void write(ByteBuf out, String owner, DnsRecordType type, ByteBuf content) {
        DnsRawRecord record = new DefaultDnsRawRecord(owner, type, TTL_SECONDS, content);
        try {
            DnsRecordEncoder.DEFAULT.encodeRecord(record, out);
        } catch (Exception e) {
            throw new IllegalStateException("the answer about " + owner + " can't be written", e);
        } finally {
            record.release();
        }
    }
}
