package io.inpod.netns.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import jnr.constants.Constant;
import jnr.constants.platform.AddressFamily;
import jnr.constants.platform.Errno;
import jnr.constants.platform.IP;
import jnr.constants.platform.IPProto;
import jnr.constants.platform.OpenFlags;
import jnr.constants.platform.Sock;
import jnr.constants.platform.SocketLevel;
import jnr.constants.platform.SocketOption;
import jnr.constants.platform.TCP;
import org.junit.jupiter.api.Test;

/** The oracle is jnr-constants, for this machine's architecture. */
class NumbersTest {
    private static final List<Constant> ORACLE = Stream.<Constant[]>of(AddressFamily.values(), Errno.values(), IP.values(), IPProto.values(), OpenFlags.values(),
            Sock.values(), SocketLevel.values(), SocketOption.values(), TCP.values()).flatMap(Stream::of).filter(Constant::defined).toList();

    @Test
    void numbersAreLinuxs() throws IllegalAccessException {
        List<String> compared = new ArrayList<>();
        for (Class<?> table : List.of(Constants.class, SocketNumbers.class)) {
            for (Field field : table.getFields()) {
                List<Constant> known = ORACLE.stream().filter(constant -> constant.name().equals(field.getName())).toList();
                for (Constant constant : known) {
                    assertThat(((Number) field.get(null)).longValue()).as(field.getName()).isEqualTo(constant.longValue());
                    compared.add(field.getName());
                }
            }
        }
        assertThat(compared).contains("O_NOFOLLOW", "AF_NETLINK", "SO_MARK", "IP_TRANSPARENT", "TCP_USER_TIMEOUT", "ENOBUFS").hasSizeGreaterThan(40);
    }

    @Test
    void errorsHaveTheirSymbolsAndWords() {
        for (int number = -1; number < 600; number++) {
            Errno known = number < 0 ? Errno.__UNKNOWN_CONSTANT__ : Errno.valueOf(number);
            if (known == Errno.__UNKNOWN_CONSTANT__) {
                assertThat(List.of(Errnos.symbol(number), Errnos.describe(number))).as("errno %s", number).isEqualTo(List.of("errno", "unknown error"));
            } else {
                assertThat(Errno.valueOf(Errnos.symbol(number)).intValue()).as("one of the names of errno %s", number).isEqualTo(number);
                assertThat(Errnos.describe(number)).as("errno %s", number).isEqualTo(known.description());
            }
        }
    }
}
