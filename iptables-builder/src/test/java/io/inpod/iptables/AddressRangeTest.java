package io.inpod.iptables;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.inpod.netns.IpFamily;
import java.net.InetAddress;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddressRangeTest {
    @ParameterizedTest
    @CsvSource({"10.0.0.1-10.0.0.9, 10.0.0.1/32 10.0.0.2/31 10.0.0.4/30 10.0.0.8/31", "10.0.0.0-10.255.255.255, 10.0.0.0/8", "1.2.3.4-1.2.3.4, 1.2.3.4/32",
        "0.0.0.0-255.255.255.255, 0.0.0.0/0", "255.255.255.254-255.255.255.255, 255.255.255.254/31", "127.255.255.255-128.0.0.0, 127.255.255.255/32 128.0.0.0/32",
        "fd00::-fd00::1:0, fd00::/112 fd00::1:0/128", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, ::/0", "::1-::2, ::1/128 ::2/128"})
    void consistsOfBlocks(String text, String blocks) {
        AddressRange range = AddressRange.parse(text);
        assertThat(range).hasToString(text);
        assertThat(range.prefixes()).extracting(IpPrefix::toString).containsExactly(blocks.split(" "));
        if (range.prefixes().size() == 1) {
            assertThat(AddressRange.of(range.prefixes().get(0))).isEqualTo(range);
        }
    }

    /** Counts the addresses one by one. */
    @Test
    void blocksContainExactlyTheRange() throws Exception {
        Random random = new Random(20261129);
        for (int round = 0; round < 300; round++) {
            int first = random.nextInt(1000);
            int last = first + random.nextInt(1000 - first);
            List<IpPrefix> blocks = new AddressRange(address(first), address(last)).prefixes();
            for (int i = 0; i < 1024; i++) {
                InetAddress address = address(i);
                assertThat(blocks.stream().filter(block -> block.contains(address)).count()).as(first + "-" + last + " " + i).isEqualTo(i < first || i > last ? 0 : 1);
            }
        }
        assertThat(AddressRange.parse("0.0.0.1-255.255.255.254").prefixes()).hasSize(62);
        assertThat(AddressRange.parse("::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe").prefixes()).hasSize(254);
    }

    private static InetAddress address(int number) throws Exception {
        return InetAddress.getByAddress(new byte[] {10, 0, (byte) (number >> 8), (byte) number});
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "10.0.0.1", "10.0.0.9-10.0.0.1", "10.0.0.1-", "-10.0.0.1", "10.0.0.1-10.0.0.2-10.0.0.3", "10.0.0.0/8-11.0.0.0", "10.0.0.1-fd00::1", "a-b"})
    void otherTextIsNoRange(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> AddressRange.parse(text));
    }

    @Test
    void blocksContainTheirAddressesOnly() {
        IpPrefix block = IpPrefix.parse("10.128.0.0/9");
        assertThat(block.contains(IpPrefix.parse("10.200.1.1").address())).isTrue();
        assertThat(block.contains(IpPrefix.parse("10.127.255.255").address())).isFalse();
        assertThat(block.contains(IpPrefix.parse("11.128.0.0").address())).isFalse();
        assertThat(block.contains(IpPrefix.parse("fd00::1").address())).isFalse();
        assertThat(IpPrefix.parse("::/0").contains(IpPrefix.parse("fd00::1").address())).isTrue();
        assertThat(IntStream.rangeClosed(0, 32).allMatch(length -> new IpPrefix(block.address(), length).contains(block.address()))).isTrue();
        assertThat(AddressSet.Element.of(AddressRange.of(IpPrefix.parse("0.0.0.0/0")), "all")).extracting(AddressSet.Element::toString).containsExactly("0.0.0.0/1", "128.0.0.0/1");
        assertThat(AddressRange.parse("::1-::2").family()).isEqualTo(IpFamily.V6);
    }
}
