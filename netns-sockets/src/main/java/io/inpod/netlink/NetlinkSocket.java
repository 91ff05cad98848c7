package io.inpod.netlink;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.internal.Native;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A netlink socket of one network namespace, see netlink(7). Thread-safe: it processes one request, batch or list at a time while others
 * wait. Each call blocks until the kernel has answered, for 10 seconds at most. Closing the socket ends it with an
 * {@link io.inpod.netns.error.AlreadyClosedException}.
 */
public final class NetlinkSocket implements AutoCloseable {
    /** The routing family: links, addresses, routes, rules; see rtnetlink(7). */
    public static final int ROUTE = 0;

    /** The netfilter family: nf_tables, ipset and others; see {@link Nfnetlink}. */
    public static final int NETFILTER = 12;

    /** The lists of sockets, see {@link io.inpod.netlink.diag.SocketDiag}. */
    public static final int SOCK_DIAG = 4;

    private static final int EINTR = 4;
    private static final int ANSWER_MILLIS = 10_000;
    private static final int LEAST_DUMPS = 20;
    private static final int RECEIVE_BUFFER = 2 * 1024 * 1024;

    /** An upper bound for an unread acknowledgement in the receive buffer: 768 bytes, more with a long explanation. */
    private static final int ACK_BYTES = 2048;

    /** A longer batch is sent in several parts, so that the kernel needn't allocate much contiguous memory. */
    private static final int SEND_BYTES = 64 * 1024;

    private final NetlinkTransport transport;
    private final String namespace;
    private ByteBuffer sent = Native.buffer(1024);
    private int sequence;
    private boolean leftOver;

    NetlinkSocket(NetlinkTransport transport, String namespace) {
        this.transport = transport;
        this.namespace = namespace;
    }

    /**
     * Opens a socket.
     *
     * @param namespace the namespace that it acts on; may be closed afterwards
     * @param protocol {@link #ROUTE}, or another NETLINK_ number
     * @return the socket, to be closed by the caller
     * @throws IOException if the namespace can't be entered or the socket can't be created
     */
    public static NetlinkSocket open(NetworkNamespace namespace, int protocol) throws IOException {
        return new NetlinkSocket(NetlinkSockets.open(namespace, protocol, RECEIVE_BUFFER), namespace.toString());
    }

    /**
     * Opens a socket in the namespace that the calling thread is in. Unlike {@link #open} it doesn't switch the thread, and so it needs no
     * privilege.
     *
     * @param protocol as for {@link #open}
     * @return the socket, to be closed by the caller
     * @throws IOException if the socket can't be created
     */
    public static NetlinkSocket current(int protocol) throws IOException {
        try (NetworkNamespace namespace = NetworkNamespace.current()) {
            return new NetlinkSocket(KernelTransport.current(namespace.toString(), protocol, RECEIVE_BUFFER), namespace.toString());
        }
    }

    /**
     * Sends a request and waits for the kernel's acknowledgement.
     *
     * @param request the request
     * @throws NetlinkException if the kernel refuses it
     * @throws AnswerLostException if it has been either executed or refused, and it is unknown which
     * @throws IOException if the socket is closed or the kernel doesn't answer
     */
    public void execute(NetlinkRequest request) throws IOException {
        query(request);
    }

    /**
     * Sends a request and waits for the kernel's answers and its acknowledgement.
     *
     * @param request the request
     * @return the answers before the acknowledgement
     * @throws NetlinkException if the kernel refuses it
     * @throws IOException if the socket is closed or the kernel doesn't answer
     */
    public synchronized List<NetlinkMessage> query(NetlinkRequest request) throws IOException {
        return query(request, false);
    }

    /** Asks for an object that may not exist: then the list is empty. Much cheaper than the exception of {@link #query}. */
    synchronized List<NetlinkMessage> find(NetlinkRequest request) throws IOException {
        return query(request, true);
    }

    private List<NetlinkMessage> query(NetlinkRequest request, boolean absenceIsAnswer) throws IOException {
        Answers answers = exchange(send(List.of(request), Wire.REQUEST | Wire.ACK, -1, absenceIsAnswer), request);
        Answers.check(answers.refusals());
        return answers.entries();
    }

    /**
     * Sends many requests at once and waits for all acknowledgements. This isn't a transaction, but it is much faster than sending them one
     * by one. The kernel executes them in order and continues after it has refused one.
     *
     * @param requests any number of requests
     * @throws NetlinkException for the first request that the kernel refused; those for the others are suppressed in it
     * @throws AnswerLostException if it is unknown which requests have been executed; those at the end may not have been sent
     * @throws IOException if the socket is closed or the kernel doesn't answer
     */
    public synchronized void executeAll(List<NetlinkRequest> requests) throws IOException {
        List<NetlinkException> refusals = new ArrayList<>();
        int most = Math.max(1, transport.receiveBytes() / ACK_BYTES);
        for (int from = 0, to; from < requests.size(); from = to) {
            to = from + 1;
            for (int bytes = requests.get(from).bytes(); to < requests.size() && to - from < most; to++) {
                bytes += requests.get(to).bytes();
                if (bytes > SEND_BYTES) {
                    break;
                }
            }
            refusals.addAll(exchange(requests.subList(from, to), Wire.REQUEST | Wire.ACK).refusals());
        }
        Answers.check(refusals);
    }

    /**
     * Sends requests that the kernel executes all or not at all, framed by two requests that mark their beginning and end. Only the last
     * request is acknowledged: by then the kernel has tried the others, and has reported each refusal.
     *
     * @param begin opens the transaction; a failure of the transaction as a whole is reported for this request
     * @param requests the requests, at least one
     * @param end closes the transaction
     * @throws NetlinkException for the first request that the kernel refused; those for the others are suppressed in it; nothing has been
     *     changed
     * @throws IOException if the socket is closed or the kernel doesn't answer
     */
    synchronized void executeWhole(NetlinkRequest begin, List<NetlinkRequest> requests, NetlinkRequest end) throws IOException {
        List<NetlinkRequest> framed = new ArrayList<>(requests.size() + 2);
        framed.add(begin);
        framed.addAll(requests);
        framed.add(end);
        int last = requests.size();
        Answers answers = send(framed, Wire.REQUEST, last, false);
        AnswerLostException lost = null;
        while (!answers.has(last) && !answers.has(0)) {
            try {
                // The kernel has written every answer before send() returns: after a loss, no more answers arrive.
                if (!receive(answers, begin, lost == null ? ANSWER_MILLIS : 0)) {
                    break;
                }
            } catch (AnswerLostException e) {
                lost = e;
            }
        }
        leftOver(!answers.has(last));
        Answers.check(answers.refusals());
        if (lost != null) {
            throw lost;
        }
    }

    /**
     * Requests a list. If the list changes while the kernel writes it, or if it is lost, it is requested again, at least 20 times and for
     * at least 10 seconds.
     *
     * @param request the request for the list
     * @return the entries, in the kernel's order
     * @throws NetlinkException if the kernel refuses it, or (EINTR) the list kept changing
     * @throws IOException if the socket is closed or the kernel doesn't answer
     */
    public List<NetlinkMessage> dump(NetlinkRequest request) throws IOException {
        return dump(request, false, false);
    }

    /** Requests a list that may not exist: then it is empty. Much cheaper than the exception of {@link #dump(NetlinkRequest)}. */
    List<NetlinkMessage> dumpIfPresent(NetlinkRequest request) throws IOException {
        return dump(request, false, true);
    }

    /**
     * Requests a list as {@link #dump(NetlinkRequest)} does, for lists whose changes the kernel doesn't report although it counts entries
     * to continue where it stopped: a list of several parts is accepted once it has been received twice with the same entries.
     */
    List<NetlinkMessage> dumpWithoutSequence(NetlinkRequest request) throws IOException {
        return dump(request, true, false);
    }

    /**
     * Requests a list that somebody else can make as long as they like, and reads only its beginning. Changes while the kernel writes it
     * aren't detected.
     *
     * @param request the request for the list
     * @param most how many entries are returned at most; a few hundred more may be read
     * @return the first entries, in the kernel's order
     * @throws NetlinkException if the kernel refuses it
     * @throws IOException if the socket is closed or the kernel doesn't answer
     */
    public synchronized List<NetlinkMessage> beginningOfDump(NetlinkRequest request, int most) throws IOException {
        Answers answers = send(List.of(request), Wire.REQUEST | Wire.DUMP, -1, false);
        while (!answers.complete() && answers.size() < most) {
            receive(answers, request, ANSWER_MILLIS);
        }
        leftOver(!answers.complete());
        Answers.check(answers.refusals());
        return answers.entries().stream().limit(most).toList();
    }

    private synchronized List<NetlinkMessage> dump(NetlinkRequest request, boolean compare, boolean absenceIsAnswer) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ANSWER_MILLIS);
        IOException reason = null;
        List<NetlinkMessage> before = List.of();
        for (int attempt = 0; attempt < LEAST_DUMPS || System.nanoTime() < deadline; attempt++) {
            try {
                Answers answers = exchange(send(List.of(request), Wire.REQUEST | Wire.DUMP, -1, absenceIsAnswer), request);
                Answers.check(answers.refusals());
                List<NetlinkMessage> entries = answers.entries();
                if (!answers.interrupted() && (!compare || !answers.inPieces() || entries.equals(before))) {
                    return entries;
                }
                before = entries;
            } catch (AnswerLostException e) {
                reason = e;
            }
        }
        NetlinkException failure =
                new NetlinkException(request.operation(), subject(request), EINTR, "EINTR",
                        "the list kept changing while the kernel wrote it");
        if (reason != null) {
            failure.initCause(reason);
        }
        throw failure;
    }

    /** Sends requests, then reads until the answer is complete. */
    private Answers exchange(List<NetlinkRequest> requests, int flags) throws IOException {
        return exchange(send(requests, flags, -1, false), requests.get(0));
    }

    private Answers exchange(Answers answers, NetlinkRequest first) throws IOException {
        while (!answers.complete()) {
            receive(answers, first, ANSWER_MILLIS);
        }
        leftOver(false);
        return answers;
    }

    /** Whether the kernel may still have something to say about an earlier request, which the next one would have to read first. */
    synchronized boolean hasLeftOver() {
        return leftOver;
    }

    private void leftOver(boolean some) {
        leftOver = some;
        if (!some) {
            transport.answered();
        }
    }

    /** Sends requests. The one with the given index, if any, is to be acknowledged. */
    private Answers send(List<NetlinkRequest> requests, int flags, int acknowledged, boolean absenceIsAnswer) throws IOException {
        if (leftOver) {
            discard();
        }
        int first = sequence + 1;
        write(requests, flags, first, acknowledged);
        sequence += requests.size();
        leftOver = true;
        transport.send(sent);
        return new Answers(requests, first, transport.port(), namespace, absenceIsAnswer);
    }

    /** Reads a datagram of an answer. Returns false if there is none and the timeout is 0. */
    private boolean receive(Answers answers, NetlinkRequest first, int timeoutMillis) throws IOException {
        ByteBuffer datagram = transport.receive(timeoutMillis);
        if (datagram == null) {
            if (timeoutMillis == 0) {
                return false;
            }
            throw new SocketTimeoutException(first.operation() + " on " + subject(first)
                    + ": the kernel didn't answer within " + ANSWER_MILLIS + " ms");
        }
        answers.accept(datagram);
        return true;
    }

    private void write(List<NetlinkRequest> requests, int flags, int first, int acknowledged) {
        int bytes = 0;
        for (NetlinkRequest request : requests) {
            bytes += request.bytes();
        }
        if (sent.capacity() < bytes) {
            sent = Native.buffer(Math.max(bytes, Math.min(2 * sent.capacity(), SEND_BYTES)));
        }
        sent.clear();
        for (int i = 0; i < requests.size(); i++) {
            requests.get(i).write(sent, i == acknowledged ? flags | Wire.ACK : flags, first + i);
        }
        sent.flip();
    }

    /** Discards the rest of an answer that failed half-way: the kernel begins no new list before the old one has been read. */
    private void discard() throws IOException {
        for (boolean more = true; more;) {
            try {
                more = transport.receive(0) != null;
            } catch (AnswerLostException e) {
                // it was to be discarded anyway
            }
        }
        leftOver(false);
    }

    /** The namespace, for messages. */
    String where() {
        return namespace;
    }

    private String subject(NetlinkRequest request) {
        return request.subject() + " in " + namespace;
    }

    /** Closes the socket and ends all waiting calls. Closing twice does nothing. */
    @Override
    public void close() {
        transport.close();
    }
}
