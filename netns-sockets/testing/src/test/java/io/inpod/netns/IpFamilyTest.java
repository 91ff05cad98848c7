package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import jnr.constants.platform.AddressFamily;
import org.junit.jupiter.api.Test;

/** The oracles are the JDK and the constants of jnr-constants. */
class IpFamilyTest {
    private static final byte[] MAPPED = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 10, 0, 0, 1};

    @Test
    void isTheFamilyOfTheAddress() throws IOException {
        assertThat(IpFamily.of(InetAddress.getByName("10.0.0.1"))).isEqualTo(IpFamily.V4);
        assertThat(IpFamily.of(InetAddress.getByName("fd00::1"))).isEqualTo(IpFamily.V6);
        assertThat(IpFamily.of(Inet6Address.getByAddress(null, MAPPED, -1))).as("mapped, still an Inet6Address").isEqualTo(IpFamily.V6);
        assertThat(IpFamily.of(InetAddress.getByAddress(MAPPED))).as("mapped, converted by the JDK").isEqualTo(IpFamily.V4);
    }

    @Test
    void hasTheNumbersOfLinux() {
        assertThat(IpFamily.V4.number()).isEqualTo(AddressFamily.AF_INET.intValue());
        assertThat(IpFamily.V6.number()).isEqualTo(AddressFamily.AF_INET6.intValue());
    }

    @Test
    void itsAddressesAreOfThatFamilyAndLength() {
        for (IpFamily family : IpFamily.values()) {
            assertThat(IpFamily.of(family.any())).isEqualTo(family);
            assertThat(family.any()).matches(InetAddress::isAnyLocalAddress);
            assertThat(family.any().getAddress()).hasSize(family.bits() / Byte.SIZE);
            assertThat(IpFamily.of(family.loopback())).isEqualTo(family);
            assertThat(family.loopback()).matches(InetAddress::isLoopbackAddress);
            assertThat(family.loopback().getAddress()).hasSize(family.bits() / Byte.SIZE);
        }
    }

    @Test
    void itsProtocolFamilyOpensSocketsOfThatFamily() throws IOException {
        for (IpFamily family : IpFamily.values()) {
            try (ServerSocketChannel listener = ServerSocketChannel.open(family.protocolFamily())) {
                listener.bind(new InetSocketAddress(family.loopback(), 0));
                assertThat(IpFamily.of(((InetSocketAddress) listener.getLocalAddress()).getAddress())).isEqualTo(family);
            }
        }
    }

    @Test
    void isNamedAsPeopleWriteIt() {
        assertThat(IpFamily.V4).hasToString("IPv4");
        assertThat(IpFamily.V6).hasToString("IPv6");
    }
}
