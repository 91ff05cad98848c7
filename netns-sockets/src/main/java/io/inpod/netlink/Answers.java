package io.inpod.netlink;

import io.inpod.netns.internal.NetlinkStructs.Nlmsgerr;
import io.inpod.netns.internal.NetlinkStructs.Nlmsghdr;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** Collects the kernel's answers to requests that were sent together, with consecutive sequence numbers. Not thread-safe. */
final class Answers {
    private static final int ENOENT = 2;

    private final List<NetlinkRequest> requests;
    private final int firstSequence;
    private final int port;
    private final String namespace;
    private final boolean absenceIsAnswer;
    private final BitSet answered = new BitSet();
    private List<NetlinkMessage> entries = List.of(); // mostly there are none
    private List<NetlinkException> refusals = List.of(); // mostly there are none
    private boolean interrupted;
    private int datagramsOfEntries;

    /**
     * Expects the answers to some requests.
     *
     * @param absenceIsAnswer whether ENOENT is no refusal, but an answer without entries
     */
    Answers(List<NetlinkRequest> requests, int firstSequence, int port, String namespace, boolean absenceIsAnswer) {
        this.requests = requests;
        this.firstSequence = firstSequence;
        this.port = port;
        this.namespace = namespace;
        this.absenceIsAnswer = absenceIsAnswer;
    }

    /** Whether each request has been acknowledged or refused, or the list is complete. */
    boolean complete() {
        return answered.cardinality() == requests.size();
    }

    /** Whether the request with this index has been acknowledged or refused. */
    boolean has(int index) {
        return answered.get(index);
    }

    /** Whether the list changed while the kernel wrote it. */
    boolean interrupted() {
        return interrupted;
    }

    /** Whether the kernel wrote the entries in several parts, between which they may have changed. */
    boolean inPieces() {
        return datagramsOfEntries > 1;
    }

    int size() {
        return entries.size();
    }

    List<NetlinkMessage> entries() {
        return List.copyOf(entries);
    }

    List<NetlinkException> refusals() {
        return List.copyOf(refusals);
    }

    /** Throws the first refusal if there is any, with the others suppressed. */
    static void check(List<NetlinkException> refusals) throws NetlinkException {
        if (!refusals.isEmpty()) {
            NetlinkException first = refusals.get(0);
            refusals.stream().skip(1).forEach(first::addSuppressed);
            throw first;
        }
    }

    /** Accepts a datagram, from 0 to its limit. Skips messages to other sockets, and answers to earlier requests that failed half-way. */
    void accept(ByteBuffer datagram) throws MalformedAnswerException, AnswerLostException {
        int before = entries.size();
        int at = 0;
        while (at + Nlmsghdr.STRUCT.size() <= datagram.limit()) {
            int length = Nlmsghdr.LENGTH.get(datagram, at);
            if (length < Nlmsghdr.STRUCT.size() || length > datagram.limit() - at) {
                throw new MalformedAnswerException(
                        requests.get(0).operation() + ": a message of the kernel's answer has a malformed length, " + length);
            }
            int index = Nlmsghdr.SEQUENCE.get(datagram, at) - firstSequence;
            if (Nlmsghdr.PORT.get(datagram, at) == port && index >= 0 && index < requests.size() && !answered.get(index)) {
                message(index, datagram, at, length);
            }
            at += Wire.align(length);
        }
        datagramsOfEntries += entries.size() > before ? 1 : 0;
    }

    private void message(int index, ByteBuffer datagram, int at, int length) throws MalformedAnswerException, AnswerLostException {
        int flags = Nlmsghdr.FLAGS.get(datagram, at);
        int type = Nlmsghdr.TYPE.get(datagram, at);
        interrupted |= (flags & Wire.DUMP_INTERRUPTED) != 0;
        switch (type) {
            case Wire.NOOP -> {}
            case Wire.OVERRUN -> throw new AnswerLostException(requests.get(index).operation() + ": the kernel reports that it lost data");
            case Wire.ERROR, Wire.DONE -> {
                int errno = errno(type, datagram, at, length);
                if (errno > 0 && !(errno == ENOENT && absenceIsAnswer)) {
                    refusals = refusals.isEmpty() ? new ArrayList<>() : refusals;
                    refusals.add(refusal(requests.get(index), errno, type, flags, payload(datagram, at, length)));
                }
                answered.set(index);
            }
            default -> {
                ByteBuffer copy = ByteBuffer.allocate(length - Nlmsghdr.STRUCT.size()).put(payload(datagram, at, length)).flip();
                entries = entries.isEmpty() ? new ArrayList<>() : entries;
                entries.add(new NetlinkMessage(type, flags, copy.asReadOnlyBuffer().order(ByteOrder.nativeOrder())));
            }
        }
    }

    /** A list ends with a count or a negative errno, which old kernels omit; an acknowledgement always has an errno. */
    private int errno(int type, ByteBuffer datagram, int at, int length) throws MalformedAnswerException {
        if (length >= Nlmsghdr.STRUCT.size() + Nlmsgerr.ERROR.size()) {
            return -Nlmsgerr.ERROR.get(datagram, at + Nlmsghdr.STRUCT.size());
        }
        if (type == Wire.DONE) {
            return 0;
        }
        throw new MalformedAnswerException(requests.get(0).operation() + ": an acknowledgement has only " + length + " bytes");
    }

    private static ByteBuffer payload(ByteBuffer datagram, int at, int length) {
        return datagram.slice(at + Nlmsghdr.STRUCT.size(), length - Nlmsghdr.STRUCT.size()).order(ByteOrder.nativeOrder());
    }

    private NetlinkException refusal(NetlinkRequest request, int errno, int type, int flags, ByteBuffer payload) {
        ExtendedAck ack = ExtendedAck.parse(type, flags, payload);
        return NetlinkException.of(request.operation(), request.subject() + " in " + namespace, errno, ack.text(), ack.offset());
    }
}
