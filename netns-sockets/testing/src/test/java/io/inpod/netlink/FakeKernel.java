package io.inpod.netlink;

import io.inpod.netns.internal.NetlinkStructs.Ifinfomsg;
import io.inpod.netns.internal.NetlinkStructs.Nlmsghdr;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Records requests, and sends the answers that a test chooses: by default it finds and lists links, acknowledges everything, and lists what
 * has been added.
 */
final class FakeKernel implements NetlinkTransport {
    static final int PORT = 4711;

    /** A request as it was sent. */
    record Sent(int type, int flags, int sequence, byte[] bytes) {}

    private final Map<String, Integer> links;
    private final List<Sent> added = new ArrayList<>();
    private final Deque<Object> answers = new ArrayDeque<>();
    final List<Sent> sent = new ArrayList<>();
    final List<Integer> batches = new ArrayList<>();
    Consumer<Sent> script = this::acknowledge;
    int receiveBytes = 1 << 20;

    FakeKernel(Map<String, Integer> links) {
        this.links = links;
    }

    NetlinkSocket socket() {
        return new NetlinkSocket(this, "the fake");
    }

    /** Answers with one datagram that consists of messages. */
    void answer(byte[]... messages) {
        ByteBuffer datagram = ByteBuffer.allocate(Arrays.stream(messages).mapToInt(message -> message.length).sum()).order(ByteOrder.nativeOrder());
        for (byte[] message : messages) {
            datagram.put(message);
        }
        answers.add(datagram.flip());
    }

    /** Makes the next answer get lost. */
    void lose() {
        answers.add(new AnswerLostException("lost"));
    }

    static byte[] message(int type, int flags, int sequence, int port, byte[] payload) {
        ByteBuffer message = ByteBuffer.allocate(Nlmsghdr.STRUCT.size() + Wire.align(payload.length)).order(ByteOrder.nativeOrder());
        Nlmsghdr.LENGTH.put(message, 0, Nlmsghdr.STRUCT.size() + payload.length);
        Nlmsghdr.TYPE.put(message, 0, type);
        Nlmsghdr.FLAGS.put(message, 0, flags);
        Nlmsghdr.SEQUENCE.put(message, 0, sequence);
        Nlmsghdr.PORT.put(message, 0, port);
        message.put(Nlmsghdr.STRUCT.size(), payload);
        return message.array();
    }

    /** An acknowledgement with an errno, 0 for success. */
    static byte[] ack(int sequence, int errno) {
        return message(Wire.ERROR, Wire.CAPPED, sequence, PORT, ByteBuffer.allocate(20).order(ByteOrder.nativeOrder()).putInt(0, -errno).array());
    }

    static byte[] done(int sequence, int flags) {
        return message(Wire.DONE, flags, sequence, PORT, new byte[4]);
    }

    static byte[] link(int sequence, int flags, int index, String name) {
        NetlinkRequest link = new NetlinkRequest("link", name, LinkMessages.NEW, 0)
                .struct(Ifinfomsg.STRUCT).set(Ifinfomsg.INDEX, index).string(LinkMessages.NAME, name);
        ByteBuffer bytes = ByteBuffer.allocate(link.bytes()).order(ByteOrder.nativeOrder());
        link.write(bytes, flags, sequence);
        Nlmsghdr.PORT.put(bytes, 0, PORT);
        return bytes.array();
    }

    void acknowledge(Sent request) {
        if ((request.flags() & Wire.DUMP) == Wire.DUMP) {
            list(request);
        } else if (request.type() == LinkMessages.GET) {
            NetlinkMessage message = new NetlinkMessage(LinkMessages.GET, 0, ByteBuffer.wrap(request.bytes()).order(ByteOrder.nativeOrder()));
            String name = String.valueOf(NetlinkMessage.string(message.attributes(Nlmsghdr.STRUCT.size() + Ifinfomsg.STRUCT.size()).get(LinkMessages.NAME)));
            answer(link(request.sequence(), 0, links.getOrDefault(name, 0), name), ack(request.sequence(), 0));
        } else {
            if ((request.flags() & NetlinkRequest.CREATE) != 0) {
                added.add(request);
            }
            answer(ack(request.sequence(), 0));
        }
    }

    private void list(Sent request) {
        int sequence = request.sequence();
        if (request.type() == LinkMessages.GET) {
            links.forEach((name, index) -> answer(link(sequence, 0, index, name)));
        }
        for (Sent object : added) {
            if (object.type() == request.type() - 2) { // RTM_NEW... and RTM_GET...
                byte[] payload = Arrays.copyOfRange(object.bytes(), Nlmsghdr.STRUCT.size(), object.bytes().length);
                answer(message(object.type(), 0, sequence, PORT, payload));
            }
        }
        answer(done(sequence, 0));
    }

    @Override
    public int port() {
        return PORT;
    }

    @Override
    public int receiveBytes() {
        return receiveBytes;
    }

    @Override
    public void send(ByteBuffer messages) {
        int before = sent.size();
        while (messages.hasRemaining()) {
            int at = messages.position();
            byte[] bytes = new byte[Nlmsghdr.LENGTH.get(messages, at)];
            messages.get(at, bytes);
            messages.position(at + Wire.align(bytes.length));
            sent.add(new Sent(Nlmsghdr.TYPE.get(messages, at), Nlmsghdr.FLAGS.get(messages, at), Nlmsghdr.SEQUENCE.get(messages, at), bytes));
        }
        batches.add(sent.size() - before);
        List.copyOf(sent.subList(before, sent.size())).forEach(script);
    }

    @Override
    public @Nullable ByteBuffer receive(int timeoutMillis) throws IOException {
        Object next = answers.poll();
        if (next instanceof IOException failure) {
            throw failure;
        }
        return (ByteBuffer) next;
    }

    @Override
    public void close() {
        answers.clear();
    }
}
