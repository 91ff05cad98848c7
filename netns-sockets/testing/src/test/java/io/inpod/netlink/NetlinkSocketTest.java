package io.inpod.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The rare cases, which a fake kernel produces. */
class NetlinkSocketTest {
    private final FakeKernel kernel = new FakeKernel(Map.of("lo", 1));
    private final NetlinkSocket socket = kernel.socket();

    private static NetlinkRequest request(String subject) {
        return new NetlinkRequest("try", subject, 99, 0).u32(0);
    }

    private List<String> names() throws IOException {
        return new Rtnetlink(socket).links().list().stream().map(Link::name).toList();
    }

    @Test
    void answersToOtherSocketsAreSkipped() throws IOException {
        kernel.script = sent -> {
            kernel.answer(FakeKernel.ack(sent.sequence() - 1, 17), FakeKernel.ack(sent.sequence() + 1, 17));
            kernel.answer(FakeKernel.message(Wire.ERROR, 0, sent.sequence(), FakeKernel.PORT + 1, new byte[] {-17, -1, -1, -1}));
            kernel.answer(FakeKernel.message(Wire.NOOP, 0, sent.sequence(), FakeKernel.PORT, new byte[0]));
            kernel.answer(FakeKernel.ack(sent.sequence(), 0));
        };

        assertThatCode(() -> socket.execute(request("this"))).doesNotThrowAnyException();
    }

    @Test
    void aListThatChangedIsRequestedAgain() throws IOException {
        kernel.script = sent -> {
            int attempt = kernel.batches.size();
            kernel.answer(FakeKernel.link(sent.sequence(), attempt < 3 ? Wire.DUMP_INTERRUPTED : 0, attempt, "link" + attempt));
            kernel.answer(FakeKernel.done(sent.sequence(), 0));
        };

        assertThat(names()).containsExactly("link3");
    }

    @Test
    void aListThatChangedAtItsEndIsRequestedAgain() throws IOException {
        kernel.script = sent -> kernel.answer(FakeKernel.link(sent.sequence(), 0, 1, "link" + kernel.batches.size()),
                FakeKernel.done(sent.sequence(), kernel.batches.size() == 1 ? Wire.DUMP_INTERRUPTED : 0));

        assertThat(names()).containsExactly("link2");
    }

    @Test
    void aLostListIsRequestedAgainAfterItsRestHasBeenRead() throws IOException {
        kernel.script = sent -> {
            if (kernel.batches.size() == 1) {
                kernel.lose();
                kernel.answer(FakeKernel.link(sent.sequence(), 0, 1, "old"), FakeKernel.done(sent.sequence(), 0));
            } else if (kernel.batches.size() == 2) {
                kernel.answer(FakeKernel.message(Wire.OVERRUN, 0, sent.sequence(), FakeKernel.PORT, new byte[0]));
            } else {
                kernel.answer(FakeKernel.link(sent.sequence(), 0, 1, "new"), FakeKernel.done(sent.sequence(), 0));
            }
        };

        assertThat(names()).containsExactly("new");
    }

    @Test
    void aChangeWhoseAnswerWasLostIsNotRepeated() {
        kernel.script = sent -> kernel.lose();

        assertThatThrownBy(() -> socket.execute(request("this"))).isInstanceOf(AnswerLostException.class);
        assertThat(kernel.sent).hasSize(1);
    }

    @Test
    void aBatchIsSplitSoThatItsAnswersFit() throws IOException {
        kernel.receiveBytes = 100 * 2048;
        List<NetlinkRequest> requests = new ArrayList<>();
        for (int i = 0; i < 250; i++) {
            requests.add(request("number " + i));
        }

        socket.executeAll(requests);

        assertThat(kernel.batches).containsExactly(100, 100, 50);
    }

    @Test
    void aBatchIsSplitSoThatItCanBeSent() throws IOException {
        NetlinkRequest large = request("large").bytes(1, new byte[60_000]);

        socket.executeAll(List.of(request("small"), large, large, request("small"), request("small")));

        assertThat(kernel.batches).containsExactly(2, 3);
    }

    @Test
    void allOfABatchIsTriedAndEachRefusalReported() {
        kernel.receiveBytes = 2 * 2048;
        kernel.script = sent -> kernel.answer(FakeKernel.ack(sent.sequence(), sent.sequence() % 2 == 0 ? 17 : 0));

        assertThatThrownBy(() -> socket.executeAll(List.of(request("a"), request("b"), request("c"), request("d"))))
                .isInstanceOf(NetlinkException.class).hasMessageContaining("try on b in the fake failed").hasMessageContaining("EEXIST")
                .satisfies(e -> assertThat(e.getSuppressed()).singleElement().matches(s -> String.valueOf(s.getMessage()).startsWith("try on d")));
        assertThat(kernel.sent).hasSize(4);
    }

    @Test
    void anEmptyBatchSendsNothing() throws IOException {
        socket.executeAll(List.of());

        assertThat(kernel.sent).isEmpty();
    }

    @Test
    void silenceIsAnError() {
        kernel.script = sent -> { };

        assertThatThrownBy(() -> socket.execute(request("this"))).isInstanceOf(SocketTimeoutException.class).hasMessageContaining("try on this");
    }

    @Test
    void malformedAnswersAreErrors() {
        kernel.script = sent -> kernel.answer(FakeKernel.message(Wire.ERROR, 0, sent.sequence(), FakeKernel.PORT, new byte[3]));
        assertThatThrownBy(() -> socket.execute(request("this"))).isInstanceOf(MalformedAnswerException.class);

        kernel.script = sent -> {
            byte[] tooLong = FakeKernel.ack(sent.sequence(), 0);
            tooLong[0]++;
            kernel.answer(tooLong);
        };
        assertThatThrownBy(() -> socket.execute(request("this"))).isInstanceOf(MalformedAnswerException.class).hasMessageContaining("length");

        kernel.script = sent -> kernel.answer(FakeKernel.message(LinkMessages.NEW, 0, sent.sequence(), FakeKernel.PORT, new byte[15]),
                FakeKernel.done(sent.sequence(), 0));
        assertThatThrownBy(this::names).isInstanceOf(MalformedAnswerException.class).hasMessageContaining("ifinfomsg");
    }

    @Test
    void anAttributeThatIsTooLongIsRefused() {
        assertThatThrownBy(() -> request("this").bytes(1, new byte[65_532])).isInstanceOf(IllegalArgumentException.class);
        assertThatCode(() -> request("this").bytes(1, new byte[65_531])).doesNotThrowAnyException();
    }
}
