package io.inpod.examples.ztunnel.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

class LogLevelsTest {
    private final Logger access = LoggerFactory.getLogger("access");
    private final Logger other = LoggerFactory.getLogger("inpod.statemanager");

    @AfterEach
    void restore() {
        new LogLevels("debug").change("access=debug,inpod=debug");
    }

    @Test
    void directivesAreThoseOfIstio() {
        LogLevels levels = new LogLevels("warn, access=off ,ztunnel::inpod::statemanager=debug");
        assertThat(levels).hasToString("warn,access=off,inpod.statemanager=debug");
        assertThat(access.isErrorEnabled()).isFalse();
        assertThat(other.isDebugEnabled()).isTrue();
        assertThat(LoggerFactory.getLogger("proxy").isInfoEnabled()).isFalse();

        levels.change("access:INFO,proxy:info");
        assertThat(levels).hasToString("warn,access=info,inpod.statemanager=debug,proxy=info");
        assertThat(access.isInfoEnabled()).isTrue();
        assertThat(LoggerFactory.getLogger("proxy").isInfoEnabled()).isTrue();

        levels.reset();
        assertThat(levels).hasToString("warn,access=off,inpod.statemanager=debug");
        assertThat(access.isErrorEnabled()).isFalse();
        assertThat(LoggerFactory.getLogger("proxy").isInfoEnabled()).as("no level of its own any more").isFalse();
        assertThat(new LogLevels("access=debug")).hasToString("info,access=debug");
        assertThat(new LogLevels("")).hasToString("info");
    }

    @ParameterizedTest
    @ValueSource(strings = {"loud", "access=loud", "=info", "a b=info", "info[span]=debug", "access"})
    void whatIsNoDirectiveIsNamedAndChangesNothing(String directive) {
        LogLevels levels = new LogLevels("warn");
        assertThatThrownBy(() -> levels.change("error," + directive)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"" + directive.replaceAll("=(info|debug)$", ""));
        assertThat(levels).hasToString("warn");
    }
}
