package io.inpod.examples.ztunnel.dns;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.dns.DnsOpCode;
import io.netty.handler.codec.dns.DnsQuestion;
import io.netty.handler.codec.dns.DnsRecord;
import io.netty.handler.codec.dns.DnsRecordDecoder;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.util.ReferenceCountUtil;
import org.jspecify.annotations.Nullable;

/**
 * A message that asks for a name, as far as the proxy looks at it.
 *
 * @param id the client's number
 * @param flags the second word of the header
 * @param question what is asked; null if there isn't exactly one question, or it can't be read
 * @param questionEnd how many bytes header and question take
 * @param udpBytes how long an answer over UDP may be
 * @param edns whether the client knows EDNS
 * @see <a href="https://www.rfc-editor.org/rfc/rfc1035#section-4">RFC 1035, section 4</a>, and RFC 6891 for EDNS
 */
record DnsQuery(int id, int flags, @Nullable DnsQuestion question, int questionEnd, int udpBytes, boolean edns) {
    static final int HEADER = 12;
    static final int RESPONSE = 0x8000;
    static final int AUTHORITATIVE = 0x0400;
    static final int TRUNCATED = 0x0200;
    static final int RECURSION_DESIRED = 0x0100;
    static final int RECURSION_AVAILABLE = 0x0080;
    static final int CODE = 0x000f;
    private static final int PLAIN_UDP_BYTES = 512;

    /** Reads a message without changing its reader index; null if it is shorter than a header. */
    static @Nullable DnsQuery read(ByteBuf message) {
        if (message.readableBytes() < HEADER) {
            return null;
        }
        ByteBuf in = message.slice();
        int id = in.readUnsignedShort();
        int flags = in.readUnsignedShort();
        int questions = in.readUnsignedShort();
        int records = in.readUnsignedShort() + in.readUnsignedShort();
        int additional = in.readUnsignedShort();
        DnsQuery broken = new DnsQuery(id, flags, null, HEADER, PLAIN_UDP_BYTES, false);
        if (questions != 1) {
            return broken;
        }
        try {
            DnsQuestion question = DnsRecordDecoder.DEFAULT.decodeQuestion(in);
            int end = in.readerIndex();
            DnsRecord options = records == 0 ? options(in, additional) : null;
            int bytes = options == null ? PLAIN_UDP_BYTES : Math.max(PLAIN_UDP_BYTES, options.dnsClass());
            return new DnsQuery(id, flags, question, end, bytes, options != null);
        } catch (DecoderException | IndexOutOfBoundsException | IllegalArgumentException e) {
            return broken;
        } catch (Exception e) {
            throw new IllegalStateException("the decoder declares it, and throws none", e);
        }
    }

    private static @Nullable DnsRecord options(ByteBuf in, int records) throws Exception {
        for (int i = 0; i < records; i++) {
            DnsRecord record = DnsRecordDecoder.DEFAULT.decodeRecord(in);
            if (record == null) {
                return null;
            }
            ReferenceCountUtil.release(record);
            if (record.type().equals(DnsRecordType.OPT)) {
                return record;
            }
        }
        return null;
    }

    boolean isResponse() {
        return (flags & RESPONSE) != 0;
    }

    DnsOpCode opCode() {
        return DnsOpCode.valueOf(flags >> 11 & 0xf);
    }

    /** Returns whether the mesh may know an answer: only addresses on the internet's class. */
    boolean isForAddresses() {
        return question != null && question.dnsClass() == DnsRecord.CLASS_IN
                && (question.type().equals(DnsRecordType.A) || question.type().equals(DnsRecordType.AAAA));
    }
}
