package io.inpod.examples.ztunnel.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.hbone.identity.SpiffeId;
import java.io.IOException;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AccessLogTest {
    @ParameterizedTest
    @CsvSource(quoteCharacter = '|', value = {
            "connection refused, connection refused",
            "connection refused: /10.0.0.1:80, connection refused: 10.0.0.1:80",
            "null: /10.0.0.1:80, no route to the host: 10.0.0.1:80",
            "no null here, no null here",
            "a \"quoted\" name, a 'quoted' name",
            "path a/1 of a  b, path a/1 of a b"})
    void anErrorIsOneLineThatCanStandInQuotes(String message, String words) {
        assertThat(AccessLog.words(new IOException(message))).isEqualTo(words);
    }

    @Test
    void noCharacterEndsTheLineOrControlsATerminal() {
        assertThat(AccessLog.words("a\nb\r\n c\td\u001b[31m\u007f")).isEqualTo("a b c d [31m ");
    }

    /** A client of SOCKS5 chooses the name; what follows stays readable. */
    @ParameterizedTest
    @CsvSource(quoteCharacter = '|', value = {
            "na me, \"na me:80\"",
            "a\" b=c, \"a' b=c:80\"",
            "a.example, a.example:80"})
    void aNameAndItsPortAreOneValue(String name, String shown) {
        assertThat(AccessLog.text(InetSocketAddress.createUnresolved(name, 80))).isEqualTo(shown);
    }

    /** What a peer shows is not an error's text: nothing is taken out of it. */
    @Test
    void anIdentityIsLoggedAsItIs() {
        AccessLog.End from = new AccessLog.End(new InetSocketAddress("10.0.0.1", 40000), SpiffeId.parse("spiffe://td/ns/a/sa/b"), null);
        AccessLog.End to = new AccessLog.End(new InetSocketAddress("10.0.0.2", 80), null, null);
        assertThat(new AccessLog.Connection("inbound", from, to, null, "null: /1.example")).hasToString(
                "src.addr=10.0.0.1:40000 src.identity=\"spiffe://td/ns/a/sa/b\" dst.addr=10.0.0.2:80 dst.service=\"null: /1.example\""
                        + " direction=\"inbound\"");
    }
}
